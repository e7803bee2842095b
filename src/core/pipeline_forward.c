/* pipeline_forward: what goes to the crumbd behind this one (options.forward): of a hot issue whole events and numbers.
 */
#include "core/pipeline_impl.h"

/* Behind those of pipeline_promote.c. */
enum { ORDINAL_NUMBER = 64 };

/* id: its own; made anew otherwise. */
static void tell_number(struct pipeline *p, struct thin_issue *of, const char *id)
{
    struct pipeline_parts *parts = &p->parts;
    const struct pipeline_hooks *hooks = &parts->setup.hooks;
    line_runs_sort(&of->lines);
    const struct forwarded count = {.n = of->n,
                                    .first_us = of->first_us,
                                    .last_us = of->last_us,
                                    .limits = of->limits,
                                    .lines = of->lines.v,
                                    .n_lines = of->lines.n};
    struct event_out e = {.time_us = of->last_us, .issue = of->issue, .level = of->level, .input = of->input};
    struct arena a = {0};
    struct sbuf title;
    sbuf_init(&title, 64);
    sbuf_addf(&title, "%llu occurrences", (unsigned long long)of->n);
    if (id)
        memcpy(e.event_id, id, sizeof e.event_id);
    else
        pipeline_parts_make_id(parts, e.event_id, hash_mix(parts->setup.run_key, of->issue), ++p->n_numbers,
                               ORDINAL_NUMBER);
    sbuf_reset(&parts->payload);
    forwarded_write_count(&count, &parts->payload);
    e.title = scrub_clean(parts->scrub, sbuf_slice(&title), &a);
    e.payload = pipeline_parts_payload(parts);
    forward_thin_told(&p->thin, of);
    parts->counts.v[COUNT_counts]++;
    hooks->number(hooks->u, &e);
    sbuf_done(&title);
    arena_done(&a);
}

struct pending *pipeline_tell_number(struct pipeline *p, struct thin_issue *of)
{
    struct pending *later = of->later;
    if (of->n)
        tell_number(p, of, NULL);
    of->later = NULL;
    p->n_later -= later != NULL;
    return later;
}

enum thin_answer pipeline_thin(struct pipeline *p, const struct message *m, const struct verdict *v,
                               struct thin_issue **of)
{
    const struct forwarded_limits limits = pipeline_parts_limits(v, m->stream->remote);
    int64_t at_us = event_time(p->record, p->parts.wall_us);
    struct thin_issue alone = {
        .issue = v->issue, .limits = limits, .level = slice_str(level_name(v->level)), .input = m->stream->input};
    struct line_run line = pipeline_parts_line(m);
    unsigned times = p->record->times;
    enum thin_answer answer = forward_thin_admit(&p->thin, v->issue, &limits, alone.level, alone.input,
                                                 p->parts.opt->forward.whole, at_us, p->parts.now_us, of);
    if (answer == THIN_COUNTED && line.log)
        forward_thin_note(&p->thin, *of, &line);
    if (times > 1) {
        forward_thin_add(*of && !line.log ? *of : &alone, times - 1, at_us);
        p->parts.counts.v[COUNT_repeats_counted] += times - 1;
    }
    if (alone.n) { /* who reads the same line as well makes the same of it */
        char id[33];
        pipeline_parts_message_id(&p->parts, id, m, ORDINAL_NUMBER);
        tell_number(p, &alone, line.log ? id : NULL);
    }
    if (answer == THIN_LATER && p->n_later >= THIN_LATER_MAX)
        answer = THIN_WHOLE;
    p->n_later += answer == THIN_LATER;
    return answer;
}

void pipeline_forward_done(struct pipeline *p)
{
    table_each (&p->thin.issues, slot) {
        struct thin_issue *of = slot->value;
        if (of->later)
            pending_free(of->later);
        of->later = NULL;
    }
    forward_thin_done(&p->thin);
}
