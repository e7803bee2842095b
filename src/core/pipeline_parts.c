#include "core/pipeline_parts.h"

#include "base/utf8.h"
#include "core/fold.h"

static void set_options(struct pipeline_parts *p, const struct options *opt)
{
    p->opt = p->setup.options = opt;
    p->forwards = opt->forward.on && p->setup.hooks.number;
    log_template_use(p->judge.log_template, opt->grouping ? opt->grouping : p->setup.grouping, &opt->masks);
}

void pipeline_parts_init(struct pipeline_parts *p, const struct pipeline_setup *setup)
{
    p->setup = *setup;
    judge_init(&p->judge, setup->rules);
    p->judge.secret = setup->secret;
    p->judge.old_keys = setup->old_keys;
    set_options(p, setup->options);
    p->scrub = scrub_new(p->opt);
    sbuf_init(&p->payload, EVENT_BYTES_MAX);
    p->keeps_fates = setup->hooks.fates != NULL;
    fates_init(&p->fates, setup->fates_number, setup->hooks.fates, setup->hooks.u);
}

void pipeline_parts_use(struct pipeline_parts *p, const struct options *opt)
{
    set_options(p, opt);
    scrub_use(p->scrub, opt);
}

void pipeline_parts_done(struct pipeline_parts *p)
{
    fates_done(&p->fates);
    judge_done(&p->judge);
    scrub_free(p->scrub);
    sbuf_done(&p->payload);
    arena_done(&p->arena);
}

void pipeline_parts_make_id(const struct pipeline_parts *p, char out[33], uint64_t key, uint64_t offset,
                            uint64_t ordinal)
{
    (p->setup.old_keys ? event_make_old_id : event_make_id)(out, p->setup.store_id, key, offset, ordinal);
}

uint64_t pipeline_parts_message_key(const struct pipeline_parts *p, const struct message *m)
{
    const struct stream *s = m->stream;
    return s->file_key ? s->file_key : s->run_key ? s->run_key : p->setup.run_key;
}

/* A log that others read may be made anew under its name: the time tells the old message of an offset from the new. */
void pipeline_parts_message_id(const struct pipeline_parts *p, char out[33], const struct message *m, uint64_t ordinal)
{
    const struct stream *s = m->stream;
    uint64_t key = hash_mix(s->file_key, (uint64_t)m->received_us);
    if (s->log_id)
        event_make_id(out, s->log_id, m->nth ? hash_mix(key, m->nth) : key, m->offset, ordinal);
    else
        pipeline_parts_make_id(p, out, pipeline_parts_message_key(p, m), m->offset, ordinal);
}

uint64_t pipeline_parts_stored_key(const struct pipeline_parts *p, struct slice text, uint64_t old_seed)
{
    return p->setup.old_keys ? slice_hash(text, old_seed) : hash128_low(HASH128_START, text);
}

struct scrubbed pipeline_parts_payload(const struct pipeline_parts *p)
{
    return scrubbed_vouch(sbuf_slice(&p->payload));
}

void pipeline_parts_notice(struct pipeline_parts *p, enum notice_kind kind, const struct provenance *from,
                           struct slice project)
{
    const struct notice n = {.kind = kind, .input = from->input, .project = project, .peer = from->peer};
    if (p->setup.hooks.notice)
        p->setup.hooks.notice(p->setup.hooks.u, &n);
}

void pipeline_parts_lost(struct pipeline_parts *p, enum count cause, uint64_t quantity, struct slice input,
                         struct slice project)
{
    const struct notice n = {.kind = NOTICE_LOST,
                             .input = input,
                             .project = pipeline_parts_row_project(p, project),
                             .cause = cause,
                             .quantity = quantity};
    if (p->setup.hooks.notice)
        p->setup.hooks.notice(p->setup.hooks.u, &n);
}

struct slice pipeline_parts_known_project(struct pipeline_parts *p, struct slice name, const struct provenance *from)
{
    unsigned i = 0;
    if (!name.n || !p->opt->projects || p->forwards)
        return utf8_cut(name, FORWARDED_PROJECT_MAX);
    while (i < p->opt->n_projects && !slice_eq(p->opt->projects[i].name, name))
        i++;
    if (i < p->opt->n_projects)
        return name;
    p->counts.v[COUNT_unknown_project]++;
    pipeline_parts_notice(p, NOTICE_PROJECT, from, name);
    return SLICE_NONE;
}

struct line_run pipeline_parts_line(const struct message *m)
{
    const struct stream *s = m->stream;
    int64_t at_us = m->received_us > 0 ? m->received_us : 0;
    if (!s->log_id)
        return (struct line_run){0};
    /* Records of one message are lines of as many logs. */
    return (struct line_run){
        .log = hash_mix(s->file_key, m->nth) | 1, .first = m->offset, .n = 1, .from_us = at_us, .to_us = at_us};
}

struct forwarded_limits pipeline_parts_limits(const struct verdict *v, bool remote)
{
    const struct rule *rule = v->rule;
    return (struct forwarded_limits){.project = v->project,
                                     .burst = rule ? rule->burst : 0,
                                     .period_us = rule ? rule->period_us : 0,
                                     .constant = rule && rule->constant && v->n_fingerprint,
                                     .remote = remote};
}

struct slice pipeline_parts_row_project(const struct pipeline_parts *p, struct slice project)
{
    return p->forwards ? SLICE_NONE : project;
}

void pipeline_parts_texts(struct pipeline_parts *p, const struct record *r, struct arena *a, struct verdict *v)
{
    event_name_clients(r, p->scrub);
    struct shown shown = shown_of(p->scrub, r, a);
    judge_show(&p->judge, &shown, r, a, v);
    const struct template_source from = judge_source(&p->judge, r, a);
    verdict_complete(v, &from);
    if (options_everywhere(p->opt, v->project))
        verdict_fill_everywhere(v, &from);
    p->judge.shown = NULL;
    if (v->fold)
        fold_texts(v, a);
}

bool pipeline_parts_emit_event(struct pipeline_parts *p, const struct event_source *src, bool open)
{
    const struct verdict *v = src->verdict;
    sbuf_reset(&p->payload);
    if (!event_write(src, p->opt, p->scrub, &p->payload)) {
        if (open)
            return false;
        p->counts.v[COUNT_event_too_large]++;
        pipeline_parts_lost(p, COUNT_event_too_large, 1, src->input, v->project);
        return false;
    }
    struct event_out e = {.open = open,
                          .written_open = src->written_open,
                          .time_us = event_time(src->record, src->received_us),
                          .input = src->input,
                          .project = pipeline_parts_row_project(p, v->project),
                          .issue = v->issue,
                          .news = v->news,
                          .title = scrub_clean(p->scrub, v->texts->title, &p->arena),
                          .level = slice_str(level_name(v->level)),
                          .payload = pipeline_parts_payload(p),
                          .verdict = v};
    memcpy(e.event_id, src->event_id, sizeof e.event_id);
    return p->setup.hooks.emit(p->setup.hooks.u, &e);
}
