/* pipeline_verdict: what the rules say of a record, and what becomes of one that none decides. */
#include "core/pipeline_impl.h"

#include "core/join_line.h"
#include "core/recognise.h"

/* A head with no text and nothing else, or with the id of a request alone: Rails writes such a line before those that
 * say what was thrown. */
static bool says_nothing(const struct record *r)
{
    struct slice s = slice_trim(join_line_said(r));
    size_t id = s.n > 2 && *s.p == '[' ? recognise_uuid(s.p + 1, s.p + s.n) : 0;
    bool nothing = s.n == 0 || (id && id + 2 == s.n);
    return nothing && r->headed && !r->n_fields && !r->trace && !r->error_type.n;
}

/* What becomes of a record no rule decided. */
static void fall_back(struct pipeline *p, struct verdict *v)
{
    bool crash = p->record->trace && p->record->trace->crash && !p->record->forged;
    if (!crash &&
        (p->record->level < LEVEL_ERROR || p->parts.opt->fallback == FALLBACK_CRUMB || says_nothing(p->record)))
        return; /* it is a crumb already */
    if (crash || p->parts.opt->fallback == FALLBACK_EVENT)
        judge_fallback(&p->parts.judge, p->record, &p->parts.arena, v);
    else
        v->action = ACTION_DROP;
}

/* A message that has come several times counts so often, and makes one event at the most. */
static bool over_threshold(struct pipeline *p, const struct verdict *v)
{
    const struct rule_threshold *t = &v->rule->threshold;
    unsigned times = p->record->times ? p->record->times : 1;
    bool reached = !t->count;
    if (t->count)
        p->record->times = 0;
    for (unsigned i = 0; i < times && i < t->count; i++)
        reached |= threshold_reaches(p->threshold, v->key, t->count, t->within_us, p->parts.now_us);
    return reached;
}

void pipeline_decide(struct pipeline *p, const struct message *m, const struct correlation *keys, struct verdict *v)
{
    struct judge *judge = &p->parts.judge;
    struct record *r = p->record;
    if (r->partial) { /* of no interest to any rule */
        *v = verdict_none(r);
    } else {
        judge->sender = m->stream->ring; /* a sender's address, a file, a unit */
        judge->now_us = p->parts.now_us;
        judge_record(judge, r, &p->parts.arena, v, NULL, NULL);
    }
    if (v->rule && v->rule->no_trace && r->trace) {
        v->level = v->rule->event.level ? v->level : p->trace.said;
        pipeline_trace_drop(&p->trace, r);
    }
    deadline_event_end(&p->deadlines, m->stream, v->ends);
    if (!v->rule)
        fall_back(p, v);
    else if (rule_waits(v->rule) && !p->parts.setup.judged_only)
        deadline_event_wait(&p->deadlines, m, r, keys, v);
    else if (v->action == ACTION_EVENT && (v->skipped || !over_threshold(p, v)))
        v->action = ACTION_CRUMB;
    if (r->forged && r->torn && v->action == ACTION_EVENT)
        v->action = ACTION_CRUMB; /* a part of an entry is none */
}
