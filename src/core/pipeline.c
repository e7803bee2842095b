#include "core/pipeline.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/access_join.h"
#include "core/correlation.h"
#include "core/decode.h"
#include "core/entry_messages.h"
#include "core/join.h"
#include "core/join_line.h"
#include "core/past.h"
#include "core/pipeline_fates.h"
#include "core/pipeline_trace.h"
#include "core/program.h"
#include "core/recognise.h"
#include "core/repeats.h"
#include "core/threshold.h"

/* Events of one line beside its own, and the last argument of event_make_id for the first of them, behind those of
 * deadline_event.c. */
enum { EXTRA_MAX = 15, ORDINAL_EXTRA = 16 };

struct pipeline {
    struct pipeline_parts parts;
    struct flood_gate gate;
    struct deadline_events deadlines;
    struct breadcrumbs *breadcrumbs;
    struct failed_requests *failed;
    struct threshold *threshold;
    struct pending_list pending;
    struct repeats repeats;
    struct pipeline_trace trace;
    struct join *join;
    struct record decoded; /* the message that is worked on, as a record; */
    struct record *record; /* that, or one that was held */
    unsigned extra;        /* events of that message beside its own */
    uint64_t reach;        /* of its own event: pipeline_fates_reach */
    uint64_t open_lines;   /* without a fate yet; beside those that are held */
};

static enum count dispose(struct pipeline *p, const struct message *m, struct verdict *v, bool extra);
static void decide(struct pipeline *p, const struct message *m, const struct correlation *keys, struct verdict *v);
static enum count promote(struct pipeline *p, const struct message *m, const struct correlation *keys,
                          struct verdict *v, unsigned nth);
static enum count promote_extra(struct pipeline *p, const struct message *m, const struct correlation *keys,
                                struct verdict *v, unsigned nth);
static void promote_rest(struct pipeline *p, const struct message *m, const struct correlation *keys,
                         const struct verdict *v);
static void wait_for_lines(struct pipeline *p, const struct message *m, const struct correlation *keys,
                           const struct verdict *v, unsigned nth);
static void give_to_pending(struct pipeline *p, const struct message *m, const struct correlation *keys,
                            const struct breadcrumbs_line *line);
static void keep_pending_within_caps(struct pipeline *p);
static void release(struct pipeline *p, struct pending *w);

/* --- one message --- */

static void set_clock(struct pipeline_parts *parts, int64_t now_us)
{
    parts->wall_us = now_us;
    if (!parts->setup.record_clock)
        parts->now_us = now_us + parts->ahead_us;
}

void pipeline_clock_is_set(struct pipeline *p, int64_t ahead_us)
{
    p->parts.ahead_us = ahead_us;
}

/* For files read after the fact: the present is the newest time a record had. What was held goes when it was due, not
 * after the hours that may lie between two records. */
static void advance_record_clock(struct pipeline *p, const struct message *m)
{
    struct pipeline_parts *parts = &p->parts;
    const struct record *r = &p->decoded;
    int64_t to_us = r->carried_us != RECORD_NO_TIME ? r->carried_us : r->time_us, due_us;
    if (!parts->setup.record_clock)
        return;
    if (to_us == RECORD_NO_TIME && parts->setup.past.on)
        to_us = m->stream->last_us;
    if (to_us == RECORD_NO_TIME || to_us <= parts->now_us)
        return; /* it is as late as it was, and what waits waits for later */
    while ((due_us = join_tick(p->join, parts->now_us)) < to_us && due_us > parts->now_us)
        parts->now_us = due_us;
    parts->now_us = to_us;
    pipeline_tick(p, parts->wall_us);
}

static void count_in(struct counts *counts, const struct message *m)
{
    counts->v[COUNT_joined] += m->lines - 1;
    counts->v[COUNT_cut_messages] += m->truncated_bytes > 0;
    counts->v[COUNT_cut_bytes] += m->truncated_bytes;
    counts->v[COUNT_nul_bytes] += m->nul_bytes;
}

static bool is_blank(struct slice s)
{
    return (!s.n || *s.p <= ' ') && slice_trim(s).n == 0;
}

static void tell_fate(struct pipeline *p, const struct message *m, const struct outcome *o)
{
    const struct pipeline_hooks *hooks = &p->parts.setup.hooks;
    p->parts.counts.v[o->fate]++;
    pipeline_fates_add(&p->parts, m, o->fate, o->verdict, p->reach);
    if (hooks->outcome)
        hooks->outcome(hooks->u, o);
}

static void refuse(struct pipeline *p, const struct message *m, const char *reason)
{
    const struct outcome o = {.raw = m->text, .fate = COUNT_refused, .reason = reason, .stream = m->stream};
    tell_fate(p, m, &o);
}

/* The first of its messages has its fate, the others are judged as their own. */
static void settle_messages(struct pipeline *p, const struct message *m, struct record *r, bool has_trace)
{
    struct outcome o = {.raw = m->text, .stream = m->stream};
    struct entry_messages messages;
    struct verdict v;
    entry_messages_init(&messages, &p->trace, r, has_trace, &p->parts.arena);
    while (entry_messages_next(&messages)) {
        if (messages.several)
            p->parts.judge.scanned = NULL; /* what was found was of all of them */
        o.fate = dispose(p, m, &v, messages.n > 1);
        o.record = r;
        o.verdict = &v;
        if (messages.n == 1)
            tell_fate(p, m, &o);
    }
}

/* It is disposed of, and told. */
static void settle(struct pipeline *p, const struct message *m, struct record *r, bool has_trace)
{
    struct outcome o = {.raw = m->text, .fate = COUNT_blank, .stream = m->stream};
    struct verdict v;
    p->extra = 0;
    if (r) {
        p->record = r;
        if (pipeline_trace_may_quote(r) && !judge_has_no_trace(&p->parts.judge, r)) {
            settle_messages(p, m, r, has_trace);
            return;
        }
        pipeline_trace_find(&p->trace, r, has_trace, &p->parts.arena);
        o.fate = dispose(p, m, &v, false);
        o.record = r;
        o.verdict = &v;
    }
    tell_fate(p, m, &o);
}

static void settle_line(struct pipeline *p, const struct join_line *l)
{
    settle(p, &l->message, l->blank ? NULL : l->record, l->trace);
}

/* It was held: what it says is of then, its place among the lines is now. */
static void pipeline_on_release(void *u, const struct join_line *l)
{
    struct pipeline *p = u;
    struct pipeline_parts *parts = &p->parts;
    int64_t wall_us = parts->wall_us;
    parts->judge.scanned = NULL; /* what was found when it came was of its first line */
    parts->wall_us = l->received_us;
    parts->seq++;
    if (l->alien)
        refuse(p, &l->message, "not in this format");
    else
        settle_line(p, l);
    parts->seq++;
    parts->wall_us = wall_us;
    p->record = &p->decoded;
    if (!p->open_lines) /* else the line that is worked on is in it */
        arena_reset(&parts->arena);
}

/* One scan tells it, and which rules may match. */
static bool pipeline_may_open(void *u, const struct join_line *l)
{
    struct pipeline *p = u;
    const struct trace_engine *engine = &p->trace.engine;
    enum judge_trace maybe = judge_trace_maybe(&p->parts.judge, l->record);
    return maybe == JUDGE_TRACE_UNKNOWN
               ? trace_may_open(engine->set, engine->scratch, l->record->message, l->message.ahead)
               : maybe == JUDGE_TRACE_MAYBE;
}

static void pipeline_on_joined(void *u, const struct message *m, uint64_t file_key, uint64_t offset)
{
    struct pipeline *p = u;
    pipeline_fates_joined(&p->parts, m, file_key, offset);
}

static void pipeline_on_held_row(void *u, const struct join_row *row)
{
    const struct pipeline *p = u;
    p->parts.setup.hooks.held_row(p->parts.setup.hooks.u, row);
}

/* Each line of its format is a record, or the framer has joined its lines, and nothing waits: most lines of nginx's.
 * Asked when it has been decoded. */
static bool is_whole(const struct pipeline *p, const struct message *m)
{
    const struct format_traits *traits = format_traits(m->stream->seen.last);
    return (traits->whole || traits->access) && m->stream->file_key && m->read == MESSAGE_NEW &&
           !join_waits_for(p->join, m->stream);
}

/* It is part of what waits, or waits itself; else *trace says whether one is in it. What it says is in p->decoded. */
static bool is_joined(struct pipeline *p, const struct message *m, bool blank, bool alien, bool *trace)
{
    struct pipeline_parts *parts = &p->parts;
    struct join_line l = {
        .record = &p->decoded, .message = *m, .received_us = parts->wall_us, .blank = blank, .alien = alien};
    bool waits = join_waits_for(p->join, m->stream);
    if ((blank || alien) && !waits)
        return false;
    if (blank || (alien && !p->decoded.empty))
        decode_as_text(parts, m, &p->decoded);
    if (!join_feed(p->join, &l, parts->now_us)) {
        *trace = l.trace;
        return false;
    }
    parts->judge.scanned = NULL; /* it is judged later */
    return true;
}

/* A line of long ago. True: it is left out, and that has been told. */
static bool leave_out_past(struct pipeline *p, const struct message *m)
{
    p->parts.wall_us = past_received(&p->parts.setup.past, m, p->parts.wall_us);
    const struct outcome o = {.raw = m->text, .fate = past_left_out(&p->parts.setup.past, m), .stream = m->stream};
    if (o.fate == COUNT_N)
        return false;
    tell_fate(p, m, &o);
    return true;
}

static void take(struct pipeline *p, const struct message *m)
{
    struct message last;
    const char *reason = NULL;
    bool blank = is_blank(m->text), trace = false;
    bool alien = !blank && !decode(&p->parts, m, &p->decoded, &reason);
    if (!blank && !alien && p->decoded.again) {
        last = *m;
        repeats_decode(&p->repeats, &p->parts, &last, &p->decoded);
        m = &last;
    }
    if (p->parts.setup.past.on && leave_out_past(p, m))
        return;
    if (!blank && !alien)
        advance_record_clock(p, m);
    if (!is_whole(p, m) && is_joined(p, m, blank, alien, &trace))
        return;
    if (alien)
        refuse(p, m, reason);
    else if (m->read == MESSAGE_AGAIN)
        p->parts.counts.v[COUNT_read_twice]++;
    else
        settle(p, m, blank ? NULL : &p->decoded, trace);
}

void pipeline_message(struct pipeline *p, const struct message *m, int64_t now_us)
{
    struct pipeline_parts *parts = &p->parts;
    struct message numbered;
    assert(m->stream && m->lines >= 1);
    set_clock(parts, now_us);
    parts->judge.ahead.ahead = m->ahead;
    parts->judge.scanned = NULL; /* what stood there before may be gone */
    parts->seq++;
    p->open_lines++; /* the others are joined to it */
    count_in(&parts->counts, m);
    if (!m->stream->file_key) {
        numbered = *m;
        numbered.offset = parts->seq;
        m = &numbered;
    }
    take(p, m);
    p->open_lines--;
    parts->judge.ahead.ahead = NULL;
    arena_reset(&parts->arena);
}

static struct breadcrumbs_line line_of(struct pipeline *p, const struct message *m)
{
    struct stream *s = m->stream;
    const struct record *r = p->record;
    const struct program program = program_of(s, r);
    return (struct breadcrumbs_line){.time_us = event_time(r, p->parts.wall_us),
                                     .format = r->format,
                                     .level = r->level,
                                     .partial = r->partial,
                                     .by_file = program.by_file,
                                     .file = pipeline_fates_file(s),
                                     .offset = m->offset,
                                     .app = program.name,
                                     .text = r->trace && r->trace->n_exceptions
                                                 ? pipeline_trace_brief(r, &p->parts.arena)
                                                 : access_join_text(s, r, &p->parts.arena)};
}

/* The record's fate, as the ledger names it. extra: it is a further message of an entry, whose fate is told. */
static enum count dispose(struct pipeline *p, const struct message *m, struct verdict *v, bool extra)
{
    struct correlation keys;
    correlation_of(m->stream, p->record, &p->parts.setup.secret, &keys);
    decide(p, m, &keys, v);
    p->parts.counts.v[COUNT_regex_limit] = p->parts.judge.limit_hits;
    if (v->action == ACTION_DROP)
        return COUNT_drop;
    const struct breadcrumbs_line line = line_of(p, m);
    if (p->pending.n)
        give_to_pending(p, m, &keys, &line);
    if (keys.client)
        failed_requests_note(p->failed, keys.client, &line, p->parts.now_us);
    enum count fate = v->action == ACTION_LOG ? COUNT_log : COUNT_crumb;
    if (v->action == ACTION_EVENT)
        fate = extra ? promote_extra(p, m, &keys, v, 0) : promote(p, m, &keys, v, 0);
    if (v->action == ACTION_EVENT && p->record->trace)
        promote_rest(p, m, &keys, v);
    if (format_traits(m->stream->format)->shortens || format_traits(p->record->format)->shortens)
        repeats_note(&p->repeats, m, p->record, v);
    /* Last, so that no event finds its own line among the lines before it. */
    breadcrumbs_push(p->breadcrumbs, &keys, &line);
    return fate;
}

/* --- its verdict --- */

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

static void decide(struct pipeline *p, const struct message *m, const struct correlation *keys, struct verdict *v)
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
    else if (rule_waits(v->rule))
        deadline_event_wait(&p->deadlines, m, r, keys, v);
    else if (v->action == ACTION_EVENT && (v->skipped || !over_threshold(p, v)))
        v->action = ACTION_CRUMB;
    if (r->forged && r->torn && v->action == ACTION_EVENT)
        v->action = ACTION_CRUMB; /* a part of an entry is none */
}

/* --- it becomes an event --- */

static struct provenance provenance_of(const struct stream *s)
{
    return (struct provenance){.input = s->input.n ? s->input : s->source,
                               .peer = s->remote ? s->peer : s->sender,
                               .network = s->network,
                               .remote = s->remote};
}

/* nth: of the traces that its text holds. */
static enum count promote(struct pipeline *p, const struct message *m, const struct correlation *keys,
                          struct verdict *v, unsigned nth)
{
    const struct event_source src = {.record = p->record,
                                     .trace = p->record->trace,
                                     .verdict = v,
                                     .source = m->stream->source,
                                     .received_us = p->parts.wall_us};
    const struct provenance from = provenance_of(m->stream);
    if (!flood_gate_admit(&p->gate, &src, v, &from))
        return COUNT_suppressed;
    pipeline_parts_texts(&p->parts, p->record, &p->parts.arena, v);
    wait_for_lines(p, m, keys, v, nth);
    return COUNT_event;
}

/* An event of the message beside its own. Those above EXTRA_MAX are held back. */
static enum count promote_extra(struct pipeline *p, const struct message *m, const struct correlation *keys,
                                struct verdict *v, unsigned nth)
{
    const struct pipeline_hooks *hooks = &p->parts.setup.hooks;
    struct counts *counts = &p->parts.counts;
    struct outcome o = {.record = p->record, .verdict = v, .fate = COUNT_suppressed, .raw = m->text};
    if (p->extra < EXTRA_MAX) {
        p->extra++;
        o.fate = promote(p, m, keys, v, nth);
    }
    counts->v[COUNT_extra_events]++;
    counts->v[COUNT_extra_suppressed] += o.fate == COUNT_suppressed;
    pipeline_fates_also(&p->parts, m, o.fate, v, ORDINAL_EXTRA + p->extra - 1);
    o.stream = m->stream;
    if (hooks->extra)
        hooks->extra(hooks->u, &o);
    return o.fate;
}

/* The other traces of its text: what the rule decided, or none, holds for each, which has an issue of its own. */
static void promote_rest(struct pipeline *p, const struct message *m, const struct correlation *keys,
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
        promote_extra(p, m, keys, &more, nth);
    }
}

/* With the lines before it. */
static void wait_for_lines(struct pipeline *p, const struct message *m, const struct correlation *keys,
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
    pipeline_parts_make_id(parts, w->src.event_id, pipeline_parts_message_key(parts, m), m->offset,
                           p->extra ? ORDINAL_EXTRA + p->extra - 1 : 0);
    const struct breadcrumbs_want want = {.keys = &w->keys,
                                          .time_us = time_us,
                                          .oldest_us = time_us - opt->crumbs.max_age_us,
                                          .max = opt->crumbs.before,
                                          .others = opt->crumbs.others,
                                          .of_request = breadcrumbs_is_request(r->message)};
    w->n_crumbs = breadcrumbs_collect(p->breadcrumbs, &want, &w->arena, w->crumbs, &w->src.crumbs_seen);
    w->file_key = m->stream->file_key;
    w->offset = m->offset;
    p->reach = p->extra ? p->reach : pipeline_fates_reach(m, w->crumbs, w->n_crumbs);
    access_join_crumbs(w, time_us, &parts->arena, parts->wall_us);
    access_join_client(w, p->failed, &parts->arena, parts->now_us);
    w->due_us = parts->now_us + opt->crumbs.wait_us;
    pending_add(&p->pending, w);
    if (opt->crumbs.wait_us == 0)
        release(p, w);
    keep_pending_within_caps(p);
}

static void give_to_pending(struct pipeline *p, const struct message *m, const struct correlation *keys,
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
        release(p, pending_oldest(&p->pending));
    }
    assert(p->pending.n <= PIPELINE_PENDING_MAX && p->pending.bytes <= PIPELINE_PENDING_BYTES);
}

/* --- it goes out --- */

static bool emit(struct pipeline *p, struct pending *w, bool open)
{
    breadcrumbs_order(w->crumbs, w->n_crumbs);
    w->src.crumbs = w->crumbs;
    w->src.n_crumbs = w->n_crumbs;
    return pipeline_parts_emit_event(&p->parts, &w->src, open);
}

/* COUNT_N: there is room; else why it is dropped. */
static enum count no_room(const struct pipeline *p, const struct pending *w)
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

static void release(struct pipeline *p, struct pending *w)
{
    unsigned loss = 0;
    pending_take(&p->pending, w);
    enum count cause = no_room(p, w);
    if (cause != COUNT_N) {
        drop(p, w, cause);
        loss = cause == COUNT_project_overflow ? FATE_LOSS_PROJECT : FATE_LOSS_NO_ROOM;
    } else if (!emit(p, w, false)) {
        loss = FATE_LOSS_TOO_LARGE;
    }
    pipeline_fates_left(&p->parts, w, loss);
    pending_free(w);
}

/* --- time passes --- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* All but what is held, which is due then. */
static int64_t tick_rest(struct pipeline *p, int64_t joined_us)
{
    struct pipeline_parts *parts = &p->parts;
    struct pending *oldest;
    while ((oldest = pending_oldest(&p->pending)) && oldest->due_us <= parts->now_us)
        release(p, oldest);
    int64_t due_us = earlier(joined_us, flood_tick(p->gate.flood, parts->now_us));
    due_us = earlier(due_us, deadline_event_tick(&p->deadlines));
    if (!parts->setup.hooks.flood_row)
        flood_gate_tell(&p->gate);
    return oldest ? earlier(oldest->due_us, due_us) : due_us;
}

int64_t pipeline_tick(struct pipeline *p, int64_t now_us)
{
    set_clock(&p->parts, now_us);
    return tick_rest(p, join_tick(p->join, p->parts.now_us));
}

int64_t pipeline_tick_between(struct pipeline *p, int64_t now_us)
{
    set_clock(&p->parts, now_us);
    return tick_rest(p, join_due(p->join));
}

void pipeline_elapse(struct pipeline *p, int64_t us)
{
    struct pipeline_parts *parts = &p->parts;
    assert(parts->setup.record_clock);
    parts->now_us = parts->now_us ? parts->now_us : 1; /* no record had a time */
    pipeline_tick(p, parts->wall_us);
    parts->now_us += us;
    pipeline_tick(p, parts->wall_us);
}

void pipeline_let_go(struct pipeline *p)
{
    join_flush(p->join);
}

unsigned pipeline_restore_held(struct pipeline *p, const struct join_row *row, int64_t now_us)
{
    set_clock(&p->parts, now_us);
    return join_restore(p->join, row, p->parts.now_us);
}

void pipeline_flush(struct pipeline *p)
{
    pipeline_let_go(p);
    for (struct pending *w; (w = pending_oldest(&p->pending));)
        release(p, w);
    flood_summarise(p->gate.flood);
}

void pipeline_checkpoint(struct pipeline *p)
{
    struct pending *w;
    join_checkpoint(p->join);
    TAILQ_FOREACH (w, &p->pending.by_age, by_age) {
        if (w->tried_open || no_room(p, w) != COUNT_N)
            continue;
        w->tried_open = true;
        w->src.written_open = emit(p, w, true);
        if (w->src.written_open)
            pipeline_fates_left(&p->parts, w, 0);
    }
    flood_gate_tell(&p->gate);
    deadline_event_tell(&p->deadlines);
    fates_checkpoint(&p->parts.fates);
}

/* --- its life --- */

struct pipeline *pipeline_new(const struct pipeline_setup *setup)
{
    struct pipeline *p = xcalloc(1, sizeof *p);
    pipeline_parts_init(&p->parts, setup);
    p->breadcrumbs = breadcrumbs_new(p->parts.opt->crumbs.memory_bytes);
    p->failed = failed_requests_new();
    p->threshold = threshold_new();
    pending_list_init(&p->pending);
    flood_gate_init(&p->gate, &p->parts);
    deadline_event_init(&p->deadlines, &p->parts, &p->gate, p->breadcrumbs);
    p->record = &p->decoded;
    p->repeats.secret = setup->secret;
    pipeline_trace_init(&p->trace, setup->rules->traces, setup->options, &setup->source);
    struct join_setup join = {.counts = &p->parts.counts,
                              .run_key = setup->run_key,
                              .scrub = p->parts.scrub,
                              .record_clock = setup->record_clock,
                              .u = p,
                              .may_open = pipeline_may_open,
                              .release = pipeline_on_release,
                              .joined = pipeline_on_joined,
                              .row = setup->hooks.held_row ? pipeline_on_held_row : NULL};
    memcpy(&join.secret, setup->store_id, sizeof join.secret); /* what is held is found by its key after a restart */
    p->join = join_new(&join, &p->trace.engine);
    return p;
}

void pipeline_free(struct pipeline *p)
{
    join_free(p->join);
    pipeline_trace_done(&p->trace);
    pending_list_done(&p->pending);
    deadline_event_done(&p->deadlines);
    flood_gate_done(&p->gate);
    threshold_free(p->threshold);
    repeats_done(&p->repeats);
    breadcrumbs_free(p->breadcrumbs);
    failed_requests_free(p->failed);
    pipeline_parts_done(&p->parts);
    free(p);
}

struct flood_gate *pipeline_flood_gate(struct pipeline *p)
{
    return &p->gate;
}

void pipeline_use(struct pipeline *p, const struct options *opt, const struct rule_set *rules)
{
    if (rules->traces != p->trace.engine.set) {
        pipeline_let_go(p); /* it is of those before */
        pipeline_trace_use(&p->trace, rules->traces);
    }
    p->parts.setup.rules = rules;
    p->trace.opt = opt;
    pipeline_parts_use(&p->parts, opt);
    breadcrumbs_bound(p->breadcrumbs, opt->crumbs.memory_bytes);
    judge_use(&p->parts.judge, rules);
    deadline_event_use(&p->deadlines, rules);
}

struct deadline_events *pipeline_deadlines(struct pipeline *p)
{
    return &p->deadlines;
}

const struct pending_list *pipeline_pending(const struct pipeline *p)
{
    return &p->pending;
}

struct counts *pipeline_counts(struct pipeline *p)
{
    return &p->parts.counts;
}

struct count_open pipeline_open(const struct pipeline *p)
{
    return (struct count_open){.lines = p->open_lines + join_open(p->join), .events = p->pending.n};
}

void pipeline_unread(struct pipeline *p, uint64_t file_key, bool unread)
{
    join_unread(p->join, file_key, unread);
}

void pipeline_stall(struct pipeline *p, bool stalled)
{
    join_stall(p->join, stalled);
}

unsigned pipeline_held(const struct pipeline *p, uint64_t file_key, uint64_t *offsets, unsigned max)
{
    return join_held(p->join, file_key, offsets, max);
}

struct judge *pipeline_judge(struct pipeline *p)
{
    return &p->parts.judge;
}
