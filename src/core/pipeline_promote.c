/* pipeline_promote: a record becomes an event, waits for the lines after it, and goes out. */
#include "core/pipeline_impl.h"

#include <assert.h>

#include "core/access_join.h"
#include "core/pipeline_fates.h"

/* Events of one line beside its own, and the last argument of event_make_id for the first of them, behind those of
 * deadline_event.c. */
enum { EXTRA_MAX = 15, ORDINAL_EXTRA = 16 };

static struct pending *wait_for_lines(struct pipeline *p, const struct message *m, const struct correlation *keys,
                                      const struct verdict *v, unsigned nth);
static void wait_in_line(struct pipeline *p, struct pending *w, struct shared_asked *asked);
static void keep_pending_within_caps(struct pipeline *p);

static struct provenance provenance_of(const struct stream *s)
{
    return (struct provenance){.input = s->input.n ? s->input : s->source,
                               .peer = s->remote ? s->peer : s->sender,
                               .network = s->network,
                               .remote = s->remote,
                               .log = s->log_id ? s->file_key : 0};
}

/* Behind its number. */
static void let_later_go(struct pipeline *p, struct thin_issue *of)
{
    struct pending *later = pipeline_tell_number(p, of);
    if (later)
        wait_in_line(p, later, NULL);
}

void pipeline_tell_numbers(struct pipeline *p)
{
    table_each (&p->thin.issues, slot)
        let_later_go(p, slot->value);
}

enum count pipeline_promote(struct pipeline *p, const struct message *m, const struct correlation *keys,
                            struct verdict *v, unsigned nth)
{
    const struct event_source src = {.record = p->record,
                                     .trace = p->record->trace,
                                     .verdict = v,
                                     .source = m->stream->source,
                                     .received_us = p->parts.wall_us};
    const struct provenance from = provenance_of(m->stream);
    struct shared_asked *asked = NULL;
    struct thin_issue *thinned = NULL;
    enum thin_answer thin = THIN_WHOLE;
    if (!flood_gate_admit(&p->gate, &src, v, &from, &asked))
        return COUNT_suppressed;
    if (p->parts.forwards && !p->extra)
        thin = pipeline_thin(p, m, v, &thinned);
    if (thin == THIN_COUNTED) {
        if (thinned->full)
            let_later_go(p, thinned);
        return COUNT_counted;
    }
    pipeline_parts_texts(&p->parts, p->record, &p->parts.arena, v);
    struct pending *w = wait_for_lines(p, m, keys, v, nth);
    if (thin == THIN_LATER) {
        thinned->later = w;
        return COUNT_event;
    }
    if (thinned)
        let_later_go(p, thinned);
    wait_in_line(p, w, asked);
    return COUNT_event;
}

enum count pipeline_promote_extra(struct pipeline *p, const struct message *m, const struct correlation *keys,
                                  struct verdict *v, unsigned nth)
{
    const struct pipeline_hooks *hooks = &p->parts.setup.hooks;
    struct counts *counts = &p->parts.counts;
    struct outcome o = {.record = p->record, .verdict = v, .fate = COUNT_suppressed, .raw = m->text};
    if (p->extra < EXTRA_MAX) {
        p->extra++;
        o.fate = pipeline_promote(p, m, keys, v, nth);
    }
    counts->v[COUNT_extra_events]++;
    counts->v[COUNT_extra_suppressed] += o.fate == COUNT_suppressed;
    pipeline_fates_also(&p->parts, m, o.fate, v, ORDINAL_EXTRA + p->extra - 1);
    o.stream = m->stream;
    if (hooks->extra)
        hooks->extra(hooks->u, &o);
    return o.fate;
}

void pipeline_promote_rest(struct pipeline *p, const struct message *m, const struct correlation *keys,
                           const struct verdict *v)
{
    struct arena *a = &p->parts.arena;
    struct judge *judge = &p->parts.judge;
    for (unsigned nth = 1; pipeline_trace_next(&p->trace, p->record, a); nth++) {
        struct verdict more = verdict_none(p->record);
        if (!v->rule)
            judge_fallback(judge, p->record, a, &more);
        else if (!judge_past(judge, v->rule, p->record, a, &more))
            return;
        more.level = v->level;
        pipeline_promote_extra(p, m, keys, &more, nth);
    }
}

static const struct forwarded_limits *limits_of(struct pending *w, const struct message *m, const struct verdict *v)
{
    struct forwarded_limits *limits = arena_alloc(&w->arena, sizeof *limits);
    *limits = pipeline_parts_limits(v, m->stream->remote);
    limits->line = pipeline_parts_line(m);
    limits->project = arena_dup(&w->arena, limits->project);
    return limits;
}

/* Returns it, with the lines before it. */
static struct pending *wait_for_lines(struct pipeline *p, const struct message *m, const struct correlation *keys,
                                      const struct verdict *v, unsigned nth)
{
    struct pipeline_parts *parts = &p->parts;
    const struct options *opt = parts->opt;
    const struct record *r = p->record;
    int64_t time_us = event_time(r, parts->wall_us);
    struct pending *w = pending_new(r, v, opt->crumbs.before + opt->crumbs.after);
    if (r->trace && !v->fold)
        pipeline_trace_find(&p->trace, w->record, true, &w->arena);
    for (unsigned i = 0; i < nth && w->record->trace; i++)
        pipeline_trace_next(&p->trace, w->record, &w->arena);
    if (w->record->trace)
        parts->counts.v[COUNT_source_frames] += pipeline_trace_add_source(&p->trace, w->record, time_us, &w->arena);
    w->src.trace = w->record->trace;
    w->keys = *keys;
    access_join_error(m->stream, r, &parts->setup.secret, &w->keys);
    w->touched = parts->seq;
    w->src.received_us = parts->wall_us;
    w->src.source = arena_dup(&w->arena, m->stream->source);
    w->src.input = arena_dup(&w->arena, m->stream->input);
    w->src.forward = parts->forwards ? limits_of(w, m, v) : NULL;
    pipeline_parts_message_id(parts, w->src.event_id, m, p->extra ? ORDINAL_EXTRA + p->extra - 1 : 0);
    const struct breadcrumbs_want want = {.keys = &w->keys,
                                          .time_us = time_us,
                                          .oldest_us = time_us - opt->crumbs.max_age_us,
                                          .behind = p->behind,
                                          .after = opt->crumbs.after,
                                          .max = opt->crumbs.before,
                                          .others = opt->crumbs.others,
                                          .of_request = breadcrumbs_is_request(r->message)};
    w->n_crumbs = breadcrumbs_collect(p->breadcrumbs, &want, &w->arena, w->crumbs, &w->src.crumbs_seen, &w->after);
    w->log_key = m->stream->file_key;
    w->file_key = stream_file(m->stream);
    w->offset = m->offset;
    p->reach = p->extra ? p->reach : pipeline_fates_reach(m, w->crumbs, w->n_crumbs);
    access_join_crumbs(w, time_us, &parts->arena, parts->wall_us);
    access_join_client(w, p->failed, &parts->arena, parts->now_us);
    return w;
}

/* Those that wait are due in their order. */
static void wait_in_line(struct pipeline *p, struct pending *w, struct shared_asked *asked)
{
    int64_t wait_us = p->parts.opt->crumbs.wait_us;
    w->due_us = p->parts.now_us + wait_us;
    w->asked = asked;
    if (asked)
        shared_set_event(asked, w);
    pending_add(&p->pending, w);
    if (wait_us == 0 && !asked)
        pipeline_release(p, w);
    keep_pending_within_caps(p);
}

void pipeline_give_line(struct pipeline *p, const struct message *m, const struct correlation *keys,
                        const struct breadcrumbs_line *line)
{
    const struct pending_line given = {
        .opt = p->parts.opt, .number = p->parts.seq, .record = p->record, .line = line, .end = m->end};
    pending_give_line(&p->pending, keys, &given);
    keep_pending_within_caps(p);
}

/* The oldest go early. */
static void keep_pending_within_caps(struct pipeline *p)
{
    while (p->pending.n > PIPELINE_PENDING_MAX || p->pending.bytes > PIPELINE_PENDING_BYTES) {
        p->parts.counts.v[COUNT_early_events]++;
        pipeline_release(p, pending_oldest(&p->pending));
    }
    assert(p->pending.n <= PIPELINE_PENDING_MAX && p->pending.bytes <= PIPELINE_PENDING_BYTES);
}

/* --- it goes out --- */

bool pipeline_emit(struct pipeline *p, struct pending *w, bool open)
{
    breadcrumbs_order(w->crumbs, w->n_crumbs);
    w->src.crumbs = w->crumbs;
    w->src.n_crumbs = w->n_crumbs;
    return pipeline_parts_emit_event(&p->parts, &w->src, open);
}

enum count pipeline_no_room(const struct pipeline *p, const struct pending *w)
{
    const struct pipeline_hooks *hooks = &p->parts.setup.hooks;
    const struct room_asked asked = {w->src.input, w->verdict.project, w->verdict.first};
    return w->src.written_open || !hooks->room ? COUNT_N : hooks->room(hooks->u, &asked);
}

static void drop(struct pipeline *p, const struct pending *w, enum count cause)
{
    p->parts.counts.v[cause]++;
    pipeline_parts_lost(&p->parts, cause, 1, w->src.input, w->verdict.project);
}

/* It goes nowhere, and is counted among those that were held back. */
static void withhold(struct pipeline *p, struct pending *w, const struct flood_issue *issue)
{
    p->parts.counts.v[COUNT_shared_suppressed]++;
    flood_gate_withhold(&p->gate, &w->src, issue);
    pipeline_fates_left(&p->parts, w, FATE_LOSS_SHARED);
    pending_free(w);
}

void pipeline_on_decided(void *u, struct pending *w, const struct flood_issue *issue, bool pass)
{
    struct pipeline *p = u;
    w->asked = NULL;
    if (pass)
        return; /* it goes when it is due */
    pending_take(&p->pending, w);
    withhold(p, w, issue);
}

void pipeline_release(struct pipeline *p, struct pending *w)
{
    unsigned loss = 0;
    pending_take(&p->pending, w);
    struct flood_issue issue;
    if (w->asked && !shared_drop(&p->gate.shared, w->asked, &issue)) {
        withhold(p, w, &issue);
        return;
    }
    enum count cause = pipeline_no_room(p, w);
    if (cause != COUNT_N) {
        drop(p, w, cause);
        loss = cause == COUNT_project_overflow ? FATE_LOSS_PROJECT : FATE_LOSS_NO_ROOM;
    } else if (!pipeline_emit(p, w, false)) {
        loss = FATE_LOSS_TOO_LARGE;
    }
    pipeline_fates_left(&p->parts, w, loss);
    pending_free(w);
}
