#include "app/worker.h"

#include <assert.h>
#include <event2/thread.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/xalloc.h"

enum order { ORDER_ANSWER, ORDER_STOP, ORDER_USE };

struct order_mail {
    struct mail mail;
    enum order order;
    struct shares *used;   /* ORDER_ANSWER only */
    struct snapshot *next; /* ORDER_USE only; held */
};

struct worker {
    struct event_base *base;
    struct input **inputs;
    unsigned n_inputs;
    struct input_sink sink;
    struct counts counts; /* what inputs count */
    struct counts told;   /* what checkpoints have carried */
    struct worker_setup setup;
    struct pipeline *pipeline;
    struct snapshot *snapshot; /* held */
    struct shares room; /* as the last answer had it, with what was promoted since */
    uint64_t *added;    /* to the checkpoint that is being filled, by each input */
    bool short_of_room; /* some input is */
    uint64_t *asked; /* of each rule by its handle, as the last checkpoint carried it */
    unsigned n_asked;
    struct mailbox *in, *to;
    const struct sandbox *sandbox;
    struct event *checkpoint_timer, *tick;
    int64_t tick_us; /* when the tick is set for, INT64_MAX: not at all */
    struct worker_checkpoint *next; /* being filled */
    int64_t clock_told_us;   /* pipeline_clock of the last checkpoint */
    int64_t start_us;
    unsigned under_way; /* checkpoints that have not been answered: one, and at the end the last one besides */
    bool caught_up, stopping, running;
    atomic_bool paused; /* set by its thread */
    pthread_t thread;
    atomic_uint turns; /* counted by its thread */
    struct turn_watch watch;
    struct input *turn_input; /* whose turn it is; NULL: none's */
};

static int64_t wall_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Of this thread: what others do meanwhile is no cost of a rule. */
static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- the checkpoint --- */

static struct worker_checkpoint *checkpoint_of(struct worker *w)
{
    if (!w->next)
        w->next = xcalloc(1, sizeof *w->next);
    return w->next;
}

void worker_checkpoint_free(struct worker_checkpoint *c)
{
    free(c->checkpoint.events);
    free(c->checkpoint.positions);
    free(c->checkpoint.limits);
    free(c->checkpoint.deadlines);
    free(c->checkpoint.reports);
    free(c->inputs);
    arena_free(&c->arena);
    free(c);
}

/* What was held back a summary tells the project's members; that and what was lost a client report tells its owner
   (sentry-protocol.md, 5.5). */
static void add_report(struct worker_checkpoint *c, struct slice project, enum item_kind kind, enum count why, uint64_t quantity)
{
    struct slice reason = slice_str(count_rows[why].reason), category = slice_str(item_traits[kind].category);
    for (unsigned i = 0; i < c->checkpoint.n_reports; i++)
        if (slice_eq(c->checkpoint.reports[i].project, project) && slice_eq(c->checkpoint.reports[i].reason, reason) &&
            slice_eq(c->checkpoint.reports[i].category, category)) {
            c->checkpoint.reports[i].quantity += quantity;
            return;
        }
    c->checkpoint.reports = xrealloc(c->checkpoint.reports, c->checkpoint.n_reports + 1, sizeof *c->checkpoint.reports);
    c->checkpoint.reports[c->checkpoint.n_reports++] = (struct store_report){
        .project = arena_dup(&c->arena, project), .reason = reason, .category = category, .quantity = quantity};
}

static struct store_event *new_event(struct worker_checkpoint *c, enum item_kind kind, const struct event_out *e)
{
    unsigned n = c->checkpoint.n_events;
    if ((n & (n - 1)) == 0)
        c->checkpoint.events = xrealloc(c->checkpoint.events, n ? n * 2 : 1, sizeof *c->checkpoint.events);
    struct store_event *out = &c->checkpoint.events[c->checkpoint.n_events++];
    *out = (struct store_event){.kind = kind,
                                .open = e->open,
                                .time_us = e->time_us,
                                .input = arena_dup(&c->arena, e->input),
                                .project = arena_dup(&c->arena, e->project),
                                .title = scrubbed_dup(&c->arena, e->title),
                                .level = arena_dup(&c->arena, e->level),
                                .payload = scrubbed_dup(&c->arena, e->payload)};
    memcpy(out->event_id, e->event_id, sizeof out->event_id);
    return out;
}

enum { ROW_BYTES = 512 }; /* as the store reckons */

/* The store has not taken the last one, and this one has grown to its bound. */
static bool is_behind(const struct worker *w)
{
    return w->under_way && w->next && w->next->arena.total_bytes > WORKER_UNSTORED_BYTES;
}

/* What no input sent and time has brought (summaries, what did not come, check-ins) cannot wait either. */
static bool overflows(struct worker *w, enum item_kind kind, const struct event_out *e)
{
    if (e->input.n || !is_behind(w))
        return false;
    w->counts.v[COUNT_checkpoint_overflow]++;
    add_report(w->next, e->project, kind, COUNT_checkpoint_overflow, 1);
    log_warn("summaries, events of absence and pair, and check-ins are dropped: the store takes nothing",
             log_s("project", e->project.n ? e->project : SLICE("default")), log_c("hint", "see the errors of the store before this line"));
    return true;
}

static void add_event(void *u, const struct event_out *e)
{
    struct worker *w = u;
    struct worker_checkpoint *c = checkpoint_of(u);
    if (e->suppressed)
        add_report(c, e->project, ITEM_EVENT, COUNT_suppressed, e->suppressed);
    if (overflows(w, ITEM_EVENT, e))
        return;
    new_event(c, ITEM_EVENT, e);
    int input = shares_find(&w->room, e->input);
    shares_take(&w->room, input, e->payload.text.n + ROW_BYTES);
    if (input >= 0)
        w->added[input] += e->payload.text.n + ROW_BYTES;
}

static void add_check_in(void *u, const struct event_out *e)
{
    if (!overflows(u, ITEM_CHECK_IN, e))
        new_event(checkpoint_of(u), ITEM_CHECK_IN, e);
}

static void add_deadline(void *u, const struct deadline_row *row)
{
    struct worker_checkpoint *c = checkpoint_of(u);
    unsigned n = c->checkpoint.n_deadlines;
    if ((n & (n - 1)) == 0)
        c->checkpoint.deadlines = xrealloc(c->checkpoint.deadlines, n ? n * 2 : 1, sizeof *c->checkpoint.deadlines);
    struct deadline_row *out = &c->checkpoint.deadlines[c->checkpoint.n_deadlines++];
    *out = *row;
    out->rule = arena_dup(&c->arena, row->rule);
    out->record = scrubbed_dup(&c->arena, row->record);
}

static void add_flood(void *u, const struct flood_row *row)
{
    struct worker_checkpoint *c = checkpoint_of(u);
    unsigned n = c->checkpoint.n_floods;
    if ((n & (n - 1)) == 0)
        c->checkpoint.limits = xrealloc(c->checkpoint.limits, n ? n * 2 : 1, sizeof *c->checkpoint.limits);
    struct flood_row *out = &c->checkpoint.limits[c->checkpoint.n_floods++];
    *out = *row;
    out->sample = NULL;
    out->top_values = NULL;
    if (row->top_values_text.text.p)
        out->top_values_text = scrubbed_dup(&c->arena, row->top_values_text);
    if (row->sample && row->sample_is_new) {
        struct flood_sample *sample = arena_alloc(&c->arena, sizeof *sample);
        *sample = (struct flood_sample){.project = arena_dup(&c->arena, row->sample->project),
                                        .title = scrubbed_dup(&c->arena, row->sample->title),
                                        .level = arena_dup(&c->arena, row->sample->level),
                                        .payload = scrubbed_dup(&c->arena, row->sample->payload)};
        out->sample = sample;
    }
}

static void add_position(void *u, const struct position *p)
{
    struct worker_checkpoint *c = u;
    unsigned n = c->checkpoint.n_positions;
    if ((n & (n - 1)) == 0)
        c->checkpoint.positions = xrealloc(c->checkpoint.positions, n ? n * 2 : 1, sizeof *c->checkpoint.positions);
    struct position *out = &c->checkpoint.positions[c->checkpoint.n_positions++];
    *out = *p;
    out->input = arena_dup(&c->arena, p->input);
    out->part = arena_dup(&c->arena, p->part);
    out->blob = arena_dup(&c->arena, p->blob);
}

static void add_positions(struct worker *w, struct worker_checkpoint *c)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        if (w->inputs[i]->type->positions)
            w->inputs[i]->type->positions(w->inputs[i], add_position, c);
}

void worker_inputs(const struct worker *w, struct input_state *out)
{
    for (unsigned i = 0; i < w->n_inputs; i++) {
        const struct input *in = w->inputs[i];
        out[in->index] = (struct input_state){.port = in->port,
                                              .kernel_drops = in->kernel_drops,
                                              .unreadable = in->unreadable,
                                              .lines = in->lines,
                                              .slow_turns = in->slow_turns,
                                              .overflow = in->overflow,
                                              .no_room = in->no_room};
    }
}

static void add_states(struct worker *w, struct worker_checkpoint *c)
{
    if (!w->n_inputs)
        return;
    c->inputs = xcalloc(w->setup.n_inputs, sizeof *c->inputs);
    worker_inputs(w, c->inputs);
}

static bool add_counts(struct worker *w, struct worker_checkpoint *c)
{
    struct counts total = w->counts;
    bool any = false;
    count_add(&total, pipeline_counts(w->pipeline));
    for (unsigned i = 0; i < COUNT_N; i++) {
        c->checkpoint.counts.v[i] = total.v[i] - w->told.v[i];
        any |= c->checkpoint.counts.v[i] != 0;
    }
    w->told = total;
    c->open = pipeline_open(w->pipeline);
    return any;
}

/* With every other change, and now and then without one, so that a crash does not turn it back far. */
static bool add_clock(struct worker *w, struct worker_checkpoint *c)
{
    int64_t clock_us = deadline_event_clock(pipeline_deadlines(w->pipeline));
    bool rows = c->checkpoint.n_deadlines > 0, due = clock_us >= 0 && clock_us - w->clock_told_us >= WORKER_CLOCK_S * INT64_C(1000000);
    if (!rows && !due && !c->last)
        return false;
    c->checkpoint.clock_us = w->clock_told_us = clock_us;
    return clock_us >= 0;
}

/* The judge's numbers are the worker's own; what has changed of them goes along. */
static void add_rules(struct worker *w, struct worker_checkpoint *c)
{
    const struct judge *j = pipeline_judge(w->pipeline);
    unsigned n = 0;
    c->issues = flood_gate_issues(pipeline_flood_gate(w->pipeline));
    for (unsigned h = 0; h < j->n_handles; h++)
        n += j->stats[h].asked != w->asked[h];
    c->rules = arena_calloc(&c->arena, n, sizeof *c->rules);
    c->n_rules = 0;
    for (unsigned h = 0; h < j->n_handles; h++) {
        if (j->stats[h].asked != w->asked[h])
            c->rules[c->n_rules++] = (struct worker_rule){h, j->stats[h]};
        w->asked[h] = j->stats[h].asked;
    }
}

/* Everything up to this moment, in one piece; NULL when there is nothing new, or the last one has not been answered. The very last does
   not wait for that: where the store takes nothing, what is lost with it is known all the same. */
static struct worker_checkpoint *take_checkpoint(struct worker *w)
{
    if (w->under_way && !w->stopping)
        return NULL;
    pipeline_checkpoint(w->pipeline);
    struct worker_checkpoint *c = checkpoint_of(w);
    add_positions(w, c);
    bool counted = add_counts(w, c), clocked = add_clock(w, c);
    if (!counted && !clocked && !c->checkpoint.n_events && !c->checkpoint.n_positions && !c->checkpoint.n_floods && !c->checkpoint.n_deadlines && !c->checkpoint.n_reports && !c->last && !w->short_of_room)
        return NULL;
    add_states(w, c);
    add_rules(w, c);
    w->next = NULL;
    memset(w->added, 0, w->setup.n_inputs * sizeof *w->added);
    w->under_way++;
    return c;
}

static void post_checkpoint(struct worker *w)
{
    struct worker_checkpoint *c = take_checkpoint(w);
    if (c)
        mailbox_post(w->to, &c->mail);
}

/* --- turns --- */

static void end_turn(struct worker *w)
{
    struct turn t;
    if (!turn_end(&w->watch, &t) || t.took_us < TURN_BUDGET_US)
        return;
    w->counts.v[COUNT_slow_turns]++;
    if (w->turn_input)
        w->turn_input->slow_turns++;
    turn_log(LOG_WARN, "one input held up the reading of all", &t, w->setup.inputs);
}

static void begin_turn(struct worker *w, struct input *in, struct slice who)
{
    end_turn(w);
    w->turn_input = in;
    turn_begin(&w->watch, in ? (int)in->index : TURN_NO_INPUT, who);
}

static void sink_turn(void *u, struct input *in, struct slice who)
{
    begin_turn(u, in, who);
}

/* --- flow --- */

/* What waits for the lines after it will be stored as well. Whose it is does not matter: it is little, and soon gone. */
static bool has_room(const struct worker *w, const struct input *in)
{
    size_t promised = in->type->never_waits ? 0 : pipeline_pending(w->pipeline)->bytes;
    return shares_left(&w->room, in->index) > promised;
}

static void say_room(const struct input *in, const char *input)
{
    if (in->no_room)
        log_warn("an input has used up its share of the store", log_c("input", input),
                 log_c("meanwhile", in->type->never_waits ? "its events are dropped and counted" : "it is not read"),
                 log_c("hint", "see why events do not leave with `crumbd queue ls`, or raise store_limit"));
    else
        log_info("the store has room again for an input", log_c("input", input));
}

/* Said when nothing is left, and taken back when there is more than the next event brings. */
static void tell_room(struct worker *w, struct input *in)
{
    uint64_t left = shares_left(&w->room, in->index);
    bool changes = in->no_room ? left > w->room.of[in->index].kept_bytes / 4 : left == 0;
    if (!changes)
        return;
    in->no_room = !in->no_room;
    say_room(in, w->setup.inputs[in->index].text);
}

static void pause_input(struct worker *w, struct input *in)
{
    bool full = !has_room(w, in), paused = w->paused || full;
    tell_room(w, in);
    w->short_of_room |= full || in->no_room;
    if (paused != in->paused)
        in->type->pause(in, paused);
    in->paused = paused;
}

static void check_pressure(struct worker *w)
{
    if (w->next && w->next->arena.total_bytes > WORKER_CHECKPOINT_BYTES)
        post_checkpoint(w);
    w->paused = is_behind(w);
    w->short_of_room = false;
    for (unsigned i = 0; i < w->n_inputs; i++)
        pause_input(w, w->inputs[i]);
}

/* Asked for an event that is ready to be stored. What can wait has been read already, and is not read further. */
static bool room_for_event(void *u, struct slice input)
{
    const struct worker *w = u;
    int i = shares_find(&w->room, input);
    if (i < 0 || !input_type_of(w->setup.inputs[i].kind, w->setup.inputs[i].transport)->never_waits)
        return true;
    return shares_left(&w->room, (unsigned)i) > 0 && !is_behind(w);
}

static void count_overflow(struct worker *w, struct slice input)
{
    int index = shares_find(&w->room, input);
    for (unsigned i = 0; i < w->n_inputs; i++)
        w->inputs[i]->overflow += (int)w->inputs[i]->index == index;
}

static void set_tick(struct worker *w, int64_t due_us)
{
    if (due_us >= w->tick_us)
        return;
    w->tick_us = due_us;
    int64_t in_us = due_us - wall_us();
    in_us = in_us < 1000 ? 1000 : in_us;
    struct timeval tv = {.tv_sec = in_us / 1000000, .tv_usec = in_us % 1000000};
    event_add(w->tick, &tv);
}

static void on_tick(evutil_socket_t fd, short what, void *u)
{
    struct worker *w = u;
    (void)fd;
    (void)what;
    begin_turn(w, NULL, SLICE_NONE);
    w->tick_us = INT64_MAX;
    set_tick(w, pipeline_tick(w->pipeline, wall_us()));
}

static int64_t sink_now(void *u)
{
    (void)u;
    return wall_us();
}

static void say_suspended(struct judge *j, const struct stream *s)
{
    if (!j->just_suspended)
        return;
    const struct err_place at = j->just_suspended->place;
    log_warn("a rule is not tried any more for a while with what this sender sends: its pattern backtracks without end",
             log_s("rule", j->just_suspended->id), log_c("file", at.file), log_i("line", at.line), log_s("source", s->source),
             log_peer(s->sender), log_i("seconds", j->suspended_for_us / 1000000),
             log_c("remedy", "make its pattern more exact; `crumbd check` says which text it fails on"));
    j->just_suspended = NULL;
}

static void sink_message(void *u, const struct message *m)
{
    struct worker *w = u;
    int64_t now_us = wall_us();
    pipeline_message(w->pipeline, m, now_us);
    set_tick(w, pipeline_tick(w->pipeline, now_us));
    say_suspended(pipeline_judge(w->pipeline), m->stream);
    bool full = w->turn_input && !w->turn_input->type->never_waits && !has_room(w, w->turn_input);
    if (full || (w->next && w->next->arena.total_bytes > WORKER_CHECKPOINT_BYTES))
        check_pressure(w);
}

/* A counter alone does not say who sends what crumbd cannot read. The text stays out: it may hold anything. */
static void on_outcome(void *u, const struct outcome *j)
{
    (void)u;
    if (j->fate != COUNT_refused || !j->stream)
        return;
    const struct log_tag tags[] = {log_s("input", j->stream->source), log_c("why", j->reason ? j->reason : "unknown"),
                                   log_peer(j->stream->sender)};
    log_write(LOG_WARN, "a message is not of its input's format and was refused", tags, 3);
}

static void on_notice(void *u, const struct notice *n)
{
    struct worker *w = u;
    const struct log_tag input = log_s("input", n->input), project = log_s("project", n->project.n ? n->project : SLICE("default"));
    const struct log_tag peer = log_peer(n->peer);
    switch (n->kind) {
    case NOTICE_NEW_ISSUES: {
        const struct log_tag tags[] = {input, project, peer, log_i("new_issues", w->snapshot->settings->options.limits.new_issues),
                                       log_c("hint", "raise limits.new_issues if these are kinds of errors of their own; a rule with a "
                                                     "fingerprint of its own groups them")};
        log_write(LOG_WARN, "limits.new_issues is used up: what is new becomes one issue for an hour", tags, 5);
        break;
    }
    case NOTICE_PROJECT: {
        const struct log_tag tags[] = {project, input, peer, log_c("hint", "name it under sentry.projects")};
        log_write(LOG_WARN, "a rule names a project that is not configured: its events go to the default one", tags, 4);
        break;
    }
    case NOTICE_LOST:
        add_report(checkpoint_of(w), n->project, ITEM_EVENT, n->cause, n->quantity);
        if (n->cause != COUNT_input_overflow)
            break;
        count_overflow(w, n->input);
        log_warn("events are dropped: the store has no room for what cannot wait", input,
                 log_c("hint", "see why events do not leave with `crumbd queue ls`, raise store_limit, or send by TCP, which waits"));
        break;
    }
}

static void stop_inputs(struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        w->inputs[i]->type->stop(w->inputs[i]);
    free(w->inputs);
    w->inputs = NULL;
    w->n_inputs = 0;
}

static void drain_inputs(struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        if (w->inputs[i]->type->drain)
            w->inputs[i]->type->drain(w->inputs[i]);
}

static void finish(struct worker *w)
{
    if (w->stopping)
        return;
    drain_inputs(w);
    w->stopping = true;
    struct worker_checkpoint *c = checkpoint_of(w);
    c->last = true;
    add_positions(w, c);
    stop_inputs(w);
    pipeline_flush(w->pipeline);
    post_checkpoint(w);
}

static bool all_drained(const struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        if (!w->inputs[i]->type->drained(w->inputs[i]))
            return false;
    return true;
}

/* What was written before the start may hold the very line that is waited for. */
static bool has_caught_up(const struct worker *w)
{
    if (w->caught_up || wall_us() - w->start_us > WORKER_CATCH_UP_S * INT64_C(1000000))
        return true;
    for (unsigned i = 0; i < w->n_inputs; i++) {
        struct input *in = w->inputs[i];
        if (in->type->behind && in->type->behind(in))
            return false;
    }
    return true;
}

/* Lets the pipeline's clock go on in small steps, as far as lines could come. */
static void hear(struct worker *w)
{
    w->caught_up = has_caught_up(w);
    deadline_event_stall(pipeline_deadlines(w->pipeline), w->paused || w->short_of_room || !w->caught_up);
    set_tick(w, pipeline_tick(w->pipeline, wall_us()));
}

static void on_checkpoint_timer(evutil_socket_t fd, short what, void *u)
{
    struct worker *w = u;
    (void)fd;
    (void)what;
    begin_turn(w, NULL, SLICE_NONE);
    atomic_fetch_add_explicit(&w->turns, 1, memory_order_relaxed);
    if (w->setup.drain && all_drained(w))
        finish(w);
    if (w->stopping)
        return;
    hear(w);
    post_checkpoint(w);
    check_pressure(w);
}

/* The answer knows nothing of what the next checkpoint already holds. */
static void take_room(struct worker *w, struct shares *used)
{
    shares_free(&w->room);
    w->room = *used;
    free(used);
    for (unsigned i = 0; i < w->setup.n_inputs; i++)
        shares_take(&w->room, (int)i, w->added[i]);
}

static void tell_stored(struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        if (w->inputs[i]->type->stored)
            w->inputs[i]->type->stored(w->inputs[i]);
}

/* A set that took the place of another has at least as many handles. */
static void make_room_for_rules(struct worker *w)
{
    unsigned n = w->snapshot->rules->n_handles;
    w->asked = xrealloc(w->asked, n, sizeof *w->asked);
    for (; w->n_asked < n; w->n_asked++)
        w->asked[w->n_asked] = 0;
}

static void use_snapshot(struct worker *w, struct snapshot *next)
{
    struct snapshot *before = w->snapshot;
    assert(next->settings == before->settings);
    w->snapshot = next;
    make_room_for_rules(w);
    pipeline_use(w->pipeline, next->rules);
    snapshot_unref(before);
    set_tick(w, pipeline_tick(w->pipeline, wall_us()));
}

static void on_answer(struct worker *w, struct shares *used)
{
    take_room(w, used);
    w->under_way--;
    tell_stored(w);
    if (!w->stopping)
        check_pressure(w);
    else if (!w->under_way)
        event_base_loopbreak(w->base); /* the last checkpoint is stored */
}

static void on_order(void *u, struct mail *m)
{
    struct worker *w = u;
    const struct order_mail o = *(struct order_mail *)m;
    free(m);
    begin_turn(w, NULL, SLICE_NONE);
    switch (o.order) {
    case ORDER_ANSWER:
        on_answer(w, o.used);
        break;
    case ORDER_STOP:
        finish(w);
        break;
    case ORDER_USE:
        use_snapshot(w, o.next);
        break;
    }
}

/* --- life --- */

static struct input *last_of_type(const struct worker *w, const struct input_type *type)
{
    for (unsigned i = w->n_inputs; i-- > 0;)
        if (w->inputs[i]->type == type)
            return w->inputs[i];
    return NULL;
}

static bool start_inputs(struct worker *w, struct diag *d)
{
    bool ok = true;
    w->inputs = xcalloc(w->setup.n_inputs, sizeof *w->inputs);
    for (unsigned i = 0; i < w->setup.n_inputs; i++) {
        const struct input_options *opt = &w->setup.inputs[i];
        const struct input_type *type = input_type_of(opt->kind, opt->transport);
        if (!type) {
            err_add(d, ERR_ERROR, opt->place, "this build cannot read \"%s\"", opt->text);
            ok = false;
            continue;
        }
        struct input *in = type->start(w->base, opt, &w->sink, d), *earlier = last_of_type(w, type);
        if (in) {
            in->index = i;
            w->inputs[w->n_inputs++] = in;
        }
        if (in && earlier && type->after)
            type->after(in, earlier);
        ok &= in != NULL || w->setup.tolerant;
    }
    return ok;
}

struct worker *worker_new(const struct worker_setup *setup, struct diag *d)
{
    struct worker *w = xcalloc(1, sizeof *w);
    evthread_use_pthreads();
    w->setup = *setup;
    w->tick_us = INT64_MAX;
    turn_watch_init(&w->watch);
    w->base = event_base_new();
    assert(w->base);
    w->sink = (struct input_sink){.u = w, .message = sink_message, .turn = sink_turn, .counts = &w->counts, .now_us = sink_now};
    w->in = mailbox_new(w->base, on_order, w);
    w->added = xcalloc(w->setup.n_inputs, sizeof *w->added);
    take_room(w, setup->used);
    if (start_inputs(w, d))
        return w;
    worker_join(w);
    return NULL;
}

static bool names_an_input(const struct worker *w, struct slice input)
{
    for (unsigned i = 0; i < w->setup.n_inputs; i++)
        if (input_is(&w->setup.inputs[i], input))
            return true;
    return false;
}

/* An input gets its own rows, and those of inputs that are no longer configured. */
void worker_restore(struct worker *w, const struct position *known, unsigned n)
{
    struct position *rows = xcalloc(n, sizeof *rows);
    for (unsigned i = 0; i < w->n_inputs; i++) {
        struct input *in = w->inputs[i];
        unsigned count = 0;
        if (!in->type->restore)
            continue;
        for (unsigned k = 0; k < n; k++)
            if (input_is(&w->setup.inputs[in->index], known[k].input) || !names_an_input(w, known[k].input))
                rows[count++] = known[k];
        in->type->restore(in, rows, count);
    }
    free(rows);
}

static void *run(void *u)
{
    struct worker *w = u;
    const struct timeval every = {.tv_usec = WORKER_CHECKPOINT_MS * 1000};
    pthread_setname_np(pthread_self(), "worker"); /* of another thread it is a file in /proc that the main thread may not write */
    confine_files(w->sandbox, SANDBOX_WORKER);
    confine_calls(w->sandbox, SANDBOX_WORKER);
    event_add(w->checkpoint_timer, &every);
    /* Step by step, so that a turn's end is known as well when nothing follows it. */
    do {
        if (event_base_loop(w->base, EVLOOP_ONCE) != 0)
            break;
        end_turn(w);
    } while (!event_base_got_break(w->base));
    return NULL;
}

void worker_prepare(struct worker *w, struct snapshot *now)
{
    w->snapshot = snapshot_ref(now);
    struct pipeline_setup setup = {.options = &now->settings->options,
                                   .rules = now->rules,
                                   .store_id = w->setup.store_id,
                                   .old_keys = w->setup.old_keys,
                                   .secret = w->setup.secret,
                                   .run_key = w->setup.run_key,
                                   .hooks = {.u = w,
                                             .notice = on_notice,
                                             .outcome = on_outcome,
                                             .room = room_for_event,
                                             .emit = add_event,
                                             .flood_row = add_flood,
                                             .deadline_row = add_deadline,
                                             .check_in = add_check_in}};
    w->pipeline = pipeline_new(&setup);
    deadline_event_stall(pipeline_deadlines(w->pipeline), true);
    w->start_us = wall_us();
    make_room_for_rules(w);
    pipeline_judge(w->pipeline)->clock_ns = cpu_ns;
    pipeline_judge(w->pipeline)->clock_every = WORKER_CLOCK_EVERY;
}

struct worker_checkpoint *worker_look(struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++) {
        if (w->inputs[i]->type->look)
            w->inputs[i]->type->look(w->inputs[i]);
    }
    return take_checkpoint(w);
}

void worker_start(struct worker *w, struct mailbox *to, const struct sandbox *sandbox)
{
    w->to = to;
    w->sandbox = sandbox;
    w->checkpoint_timer = event_new(w->base, -1, EV_PERSIST, on_checkpoint_timer, w);
    w->tick = event_new(w->base, -1, 0, on_tick, w);
    assert(w->checkpoint_timer && w->tick);
    /* Signals are the main thread's. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert(rc == 0);
    w->running = true;
}

unsigned worker_turns(struct worker *w)
{
    return atomic_load_explicit(&w->turns, memory_order_relaxed);
}

bool worker_turn(struct worker *w, struct turn *out)
{
    return turn_look(&w->watch, out);
}

bool worker_paused(const struct worker *w)
{
    return w->paused;
}

static void give_order(struct worker *w, struct order_mail order)
{
    struct order_mail *m = xmalloc(sizeof *m);
    *m = order;
    mailbox_post(w->in, &m->mail);
}

void worker_restore_flood(struct worker *w, const struct flood_row *row)
{
    flood_gate_restore(pipeline_flood_gate(w->pipeline), row);
}

void worker_restore_clock(struct worker *w, int64_t clock_us)
{
    w->clock_told_us = clock_us;
    deadline_event_restore_clock(pipeline_deadlines(w->pipeline), clock_us);
}

void worker_restore_deadline(struct worker *w, const struct deadline_row *row)
{
    deadline_event_restore(pipeline_deadlines(w->pipeline), row);
}

void worker_answer(struct worker *w, struct shares *used)
{
    give_order(w, (struct order_mail){.order = ORDER_ANSWER, .used = used});
}

void worker_use(struct worker *w, struct snapshot *next)
{
    give_order(w, (struct order_mail){.order = ORDER_USE, .next = snapshot_ref(next)});
}

void worker_stop(struct worker *w)
{
    give_order(w, (struct order_mail){.order = ORDER_STOP});
}

void worker_join(struct worker *w)
{
    if (w->running)
        pthread_join(w->thread, NULL);
    stop_inputs(w);
    mailbox_free(w->in);
    if (w->checkpoint_timer)
        event_free(w->checkpoint_timer);
    if (w->tick)
        event_free(w->tick);
    if (w->pipeline)
        pipeline_free(w->pipeline);
    snapshot_unref(w->snapshot);
    event_base_free(w->base);
    turn_watch_free(&w->watch);
    free(w->asked);
    free(w->added);
    shares_free(&w->room);
    free(w);
}
