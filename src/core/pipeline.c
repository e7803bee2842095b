#include "core/pipeline_impl.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/access_join.h"
#include "core/decode.h"
#include "core/entry_messages.h"
#include "core/join_line.h"
#include "core/past.h"
#include "core/pipeline_fates.h"
#include "core/program.h"

static enum count dispose(struct pipeline *p, const struct message *m, struct verdict *v, bool extra);

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

static struct outcome outcome_of(const struct message *m, enum count fate)
{
    return (struct outcome){.raw = m->text, .fate = fate, .stream = m->stream, .offset = m->offset};
}

static void refuse(struct pipeline *p, const struct message *m, const char *reason)
{
    struct outcome o = outcome_of(m, COUNT_refused);
    o.reason = reason;
    tell_fate(p, m, &o);
}

/* The first of its messages has its fate, the others are judged as their own. */
static void settle_messages(struct pipeline *p, const struct message *m, struct record *r, bool has_trace)
{
    struct outcome o = outcome_of(m, COUNT_N);
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
    struct outcome o = outcome_of(m, COUNT_blank);
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
    judge_look_recall(&parts->judge, l->record, l->message.stream->file_key, l->message.offset);
    parts->wall_us = l->received_us;
    p->behind = l->behind;
    parts->seq++;
    if (l->alien)
        refuse(p, &l->message, "not in this format");
    else
        settle_line(p, l);
    parts->seq++;
    p->behind = 0;
    parts->wall_us = wall_us;
    judge_look_return(&parts->judge);
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
    struct join_line l = {.record = &p->decoded,
                          .message = *m,
                          .received_us = parts->wall_us,
                          .behind = parts->seq + 1,
                          .blank = blank,
                          .alien = alien};
    bool waits = join_waits_for(p->join, m->stream);
    if ((blank || alien) && !waits)
        return false;
    if (blank || (alien && !p->decoded.empty))
        decode_as_text(parts, m, &p->decoded);
    if (!join_feed(p->join, &l, parts->now_us)) {
        *trace = l.trace;
        return false;
    }
    judge_look_keep(&parts->judge, &p->decoded, m->stream->file_key, m->offset);
    return true;
}

/* A line of long ago. True: it is left out, and that has been told. */
static bool leave_out_past(struct pipeline *p, const struct message *m)
{
    p->parts.wall_us = past_received(&p->parts.setup.past, m, p->parts.wall_us);
    const struct outcome o = outcome_of(m, past_left_out(&p->parts.setup.past, m));
    if (o.fate == COUNT_N)
        return false;
    tell_fate(p, m, &o);
    return true;
}

/* It had its fate. Of a log whose reader may be another one every time, it is what breadcrumbs are made of. */
static void pass_over(struct pipeline *p, const struct message *m, bool blank)
{
    p->parts.counts.v[COUNT_read_twice]++;
    if (blank || !m->stream->log_id)
        return;
    p->record = &p->decoded;
    dispose(p, m, NULL, false);
}

static void take_up(struct pipeline *p, const struct message *m)
{
    struct verdict v = {0};
    struct outcome o = outcome_of(m, COUNT_N);
    if (pipeline_take_up(p, m, &o, &v))
        tell_fate(p, m, &o);
    else
        p->parts.counts.v[COUNT_read_twice]++;
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
        pass_over(p, m, blank);
    else
        settle(p, m, blank ? NULL : &p->decoded, trace);
}

void pipeline_message(struct pipeline *p, const struct message *m, int64_t now_us)
{
    struct pipeline_parts *parts = &p->parts;
    struct message numbered;
    assert(m->stream && m->lines >= 1);
    set_clock(parts, now_us);
    if (m->received_us)
        parts->wall_us = m->received_us;
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
    if (format_traits(m->stream->format)->made)
        take_up(p, m);
    else
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
                                     .log = (uint32_t)s->file_key,
                                     .offset = m->offset,
                                     .came = p->behind ? p->behind - 1 : p->parts.seq,
                                     .app = program.name,
                                     .text = access_join_text(s, r, &p->parts.arena)};
}

/* What the verdict makes of it, as the ledger names it. */
static enum count become(struct pipeline *p, const struct message *m, const struct correlation *keys,
                         const struct breadcrumbs_line *line, struct verdict *v, bool extra)
{
    if (p->pending.n)
        pipeline_give_line(p, m, keys, line);
    if (keys->client)
        failed_requests_note(p->failed, keys->client, line, p->parts.now_us);
    enum count fate = v->action == ACTION_LOG ? COUNT_log : COUNT_crumb;
    if (v->action == ACTION_EVENT)
        fate = extra ? pipeline_promote_extra(p, m, keys, v, 0) : pipeline_promote(p, m, keys, v, 0);
    if (v->action == ACTION_EVENT && p->record->trace)
        pipeline_promote_rest(p, m, keys, v);
    if (format_traits(m->stream->format)->shortens || format_traits(p->record->format)->shortens)
        repeats_note(&p->repeats, m, p->record, v);
    return fate;
}

/* The verdict alone (pipeline_setup.judged_only), and what it says of the lines after it. */
static enum count judge_alone(struct pipeline *p, const struct message *m, struct verdict *v)
{
    static const struct correlation no_keys;
    const struct record *r = p->record;
    pipeline_decide(p, m, &no_keys, v);
    if (v->action == ACTION_DROP)
        return COUNT_drop;
    if (format_traits(m->stream->format)->shortens || format_traits(r->format)->shortens)
        repeats_note(&p->repeats, m, r, v);
    return COUNT_crumb;
}

/* The record's fate. extra: it is a further message of an entry, whose fate is told. v NULL: it had its fate, and is
   only what breadcrumbs are made of. */
static enum count dispose(struct pipeline *p, const struct message *m, struct verdict *v, bool extra)
{
    struct correlation keys;
    if (v && p->parts.setup.judged_only)
        return judge_alone(p, m, v);
    correlation_of(m->stream, p->record, &p->parts.setup.secret, &keys);
    breadcrumbs_expect(p->breadcrumbs, &keys);
    if (v) {
        pipeline_decide(p, m, &keys, v);
        p->parts.counts.v[COUNT_regex_limit] = p->parts.judge.limit_hits;
        if (v->action == ACTION_DROP)
            return COUNT_drop;
    }
    const struct breadcrumbs_line line = line_of(p, m);
    if (is_blank(line.text) && (!v || (v->action == ACTION_CRUMB && !v->rule)))
        return v ? COUNT_blank
                 : COUNT_read_twice; /* a container's empty line: it would take the place of one that speaks */
    enum count fate = v ? become(p, m, &keys, &line, v, extra) : COUNT_read_twice;
    /* Last, so that no event finds its own line among the lines before it. */
    breadcrumbs_push(p->breadcrumbs, &keys, &line);
    return fate;
}

/* --- time passes --- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Where no lines are waited for, members are. */
static bool is_undecided(const struct pipeline *p, const struct pending *w)
{
    return w->asked && p->parts.opt->crumbs.wait_us < SHARED_WAIT_US;
}

/* All but what is held, which is due then. looked: see shared_tick. */
static int64_t tick_rest(struct pipeline *p, int64_t joined_us, bool looked)
{
    struct pipeline_parts *parts = &p->parts;
    struct pending *oldest;
    int64_t shared_us = shared_tick(&p->gate.shared, parts->now_us, looked);
    while ((oldest = pending_oldest(&p->pending)) && oldest->due_us <= parts->now_us && !is_undecided(p, oldest))
        pipeline_release(p, oldest);
    int64_t due_us = earlier(joined_us, flood_tick(p->gate.flood, parts->now_us));
    due_us = earlier(due_us, shared_us);
    due_us = earlier(due_us, deadline_event_tick(&p->deadlines));
    if (!parts->setup.hooks.flood_row)
        flood_gate_tell(&p->gate);
    return oldest && !is_undecided(p, oldest) ? earlier(oldest->due_us, due_us) : due_us;
}

int64_t pipeline_tick(struct pipeline *p, int64_t now_us)
{
    set_clock(&p->parts, now_us);
    return tick_rest(p, join_tick(p->join, p->parts.now_us), true);
}

int64_t pipeline_tick_between(struct pipeline *p, int64_t now_us)
{
    set_clock(&p->parts, now_us);
    return tick_rest(p, join_due(p->join), false);
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

static struct pending *first_of(const struct pending_list *l, uint64_t file_key)
{
    struct pending *w;
    TAILQ_FOREACH (w, &l->by_age, by_age)
        if (w->log_key == file_key)
            break;
    return w;
}

void pipeline_leave(struct pipeline *p, uint64_t file_key)
{
    join_leave(p->join, file_key);
    pipeline_tell_numbers(p);
    for (struct pending *w; (w = first_of(&p->pending, file_key));)
        pipeline_release(p, w);
    flood_leave(p->gate.flood, file_key);
}

void pipeline_forget(struct pipeline *p, uint64_t file_key)
{
    breadcrumbs_forget(p->breadcrumbs, (uint32_t)file_key);
}

unsigned pipeline_restore_held(struct pipeline *p, const struct join_row *row, int64_t now_us)
{
    set_clock(&p->parts, now_us);
    return join_restore(p->join, row, p->parts.now_us);
}

void pipeline_flush(struct pipeline *p)
{
    pipeline_let_go(p);
    pipeline_tell_numbers(p);
    for (struct pending *w; (w = pending_oldest(&p->pending));)
        pipeline_release(p, w);
    flood_summarise(p->gate.flood);
}

void pipeline_checkpoint(struct pipeline *p)
{
    struct pending *w;
    join_checkpoint(p->join);
    shared_decide(&p->gate.shared);
    pipeline_tell_numbers(p);
    forward_thin_renew(&p->thin, p->parts.now_us);
    TAILQ_FOREACH (w, &p->pending.by_age, by_age) {
        if (w->tried_open || pipeline_no_room(p, w) != COUNT_N)
            continue;
        w->tried_open = true;
        w->src.written_open = pipeline_emit(p, w, true);
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
    taken_ids_init(&p->taken);
    taken_lines_init(&p->taken_lines);
    flood_gate_init(&p->gate, &p->parts, pipeline_on_decided, p);
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
    pipeline_forward_done(p);
    taken_ids_done(&p->taken);
    taken_lines_done(&p->taken_lines);
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

void pipeline_shared_answer(struct pipeline *p, const struct shared_answer *answer, int64_t now_us)
{
    set_clock(&p->parts, now_us);
    shared_answered(&p->gate.shared, answer, p->parts.now_us);
    arena_reset(&p->parts.arena);
}

void pipeline_shared_up(struct pipeline *p, bool up)
{
    shared_set_up(&p->gate.shared, up);
    arena_reset(&p->parts.arena);
}

bool pipeline_undecided(const struct pipeline *p)
{
    return p->gate.shared.undecided > 0;
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
    return (struct count_open){.lines = p->open_lines + join_open(p->join), .events = p->pending.n + p->n_later};
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
