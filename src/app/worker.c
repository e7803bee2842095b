#include "app/worker_parts.h"

#include <assert.h>
#include <event2/thread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/source_files.h"

enum order { ORDER_ANSWER, ORDER_STOP, ORDER_USE, ORDER_START_INPUT, ORDER_STOP_INPUT, ORDER_PARK };

struct order_mail {
    struct mail mail;
    enum order order;
    struct shares *used; /* ORDER_ANSWER only, like: */
    bool stored;
    struct snapshot *next; /* ORDER_USE only; held */
    char *input;           /* its name; START_INPUT and STOP_INPUT only; owned, like: */
    struct positions known;
};

#define LATE_US INT64_C(20000)
#define SET_US INT64_C(1000000) /* a step of the wall clock that is worth a line */

/* --- turns --- */

static void end_turn(struct worker *w)
{
    struct turn t;
    if (!turn_end(&w->watch, &t) || t.took_us < TURN_BUDGET_US)
        return;
    w->counts.v[COUNT_slow_turns]++;
    if (w->turn_input)
        w->slots[w->turn_input->index].state.slow_turns++;
    turn_log(LOG_WARN, "one input held up the reading of all", &t, w->setup.inputs);
}

/* Asked once a turn and not for each line, which are told the time by the clock that goes on. */
static void look_at_clock(struct worker *w)
{
    int64_t ahead_us = clock_steady_us() - clock_wall_us(), step_us = w->ahead_us - ahead_us;
    w->ahead_us = ahead_us;
    if (w->pipeline)
        pipeline_clock_is_set(w->pipeline, ahead_us);
    if (step_us >= SET_US || step_us <= -SET_US)
        log_info("the clock was set; what is waited for goes on as if it had not been",
                 log_i("by_s", step_us / 1000000));
}

static int64_t wall_us(const struct worker *w)
{
    return clock_steady_us() - w->ahead_us;
}

static void begin_turn(struct worker *w, struct input *in, struct slice who)
{
    end_turn(w);
    look_at_clock(w);
    w->turn_input = in;
    turn_begin(&w->watch, in ? (int)in->index : TURN_NO_INPUT, who);
}

static void worker_sink_turn(void *u, struct input *in, struct slice who)
{
    begin_turn(u, in, who);
}

/* Where records are the clock, no time passes without one. */
static void set_tick(struct worker *w, int64_t due_us)
{
    if (due_us >= w->tick_us || w->setup.past.on)
        return;
    w->tick_us = due_us;
    int64_t in_us = due_us - clock_steady_us();
    in_us = in_us < 1000 ? 1000 : in_us;
    struct timeval tv = {.tv_sec = in_us / 1000000, .tv_usec = in_us % 1000000};
    event_add(w->tick, &tv);
}

/* Where it is late, this thread has not run for a while, or somebody's turn was long: what has come meanwhile is looked
 * for once before it is said that nothing came. */
static void worker_on_tick(evutil_socket_t fd, short what, void *u)
{
    struct worker *w = u;
    (void)fd;
    (void)what;
    begin_turn(w, NULL, SLICE_NONE);
    int64_t now_us = clock_steady_us();
    bool late = !w->tick_was_late && now_us - w->tick_us > LATE_US;
    w->tick_was_late = late;
    w->tick_us = INT64_MAX;
    set_tick(w, late ? now_us : pipeline_tick(w->pipeline, now_us - w->ahead_us));
}

static void say_suspended(struct judge *j, const struct stream *s)
{
    if (!j->just_suspended)
        return;
    const struct err_place at = j->just_suspended->place;
    log_warn("a rule is not tried any more for a while with what this sender sends: its pattern backtracks without end",
             log_s("rule", j->just_suspended->id), log_c("file", at.file), log_i("line", at.line),
             log_s("source", s->source), log_peer(s->sender), log_i("seconds", j->suspended_for_us / 1000000),
             log_c("remedy", "make its pattern more exact; `crumbd check` says which text it fails on"));
    j->just_suspended = NULL;
}

static void worker_sink_message(void *u, const struct message *m)
{
    struct worker *w = u;
    int64_t now_us = wall_us(w);
    pipeline_message(w->pipeline, m, now_us);
    set_tick(w, pipeline_tick_between(w->pipeline, now_us));
    say_suspended(pipeline_judge(w->pipeline), m->stream);
    bool full = w->turn_input && !w->turn_input->type->never_waits && !worker_has_room(w, w->turn_input);
    if (full || worker_is_ahead(w) || (w->next && w->next->arena.total_bytes > WORKER_CHECKPOINT_BYTES))
        worker_check_pressure(w);
}

/* For the summary of `crumbd backfill`. */
static void note_past(struct worker *w, const struct outcome *j)
{
    enum { PAST_ISSUES_MAX = 100000 };
    if (j->fate == COUNT_too_old && j->stream->last_us > w->newest_too_old_us)
        w->newest_too_old_us = j->stream->last_us;
    if ((j->fate == COUNT_event || j->fate == COUNT_suppressed) && w->past_issues.n < PAST_ISSUES_MAX)
        table_put(&w->past_issues, j->verdict->fingerprint_hash, w);
}

/* A counter alone does not say who sends what crumbd cannot read. The text stays out: it may hold anything. */
static void worker_on_outcome(void *u, const struct outcome *j)
{
    struct worker *w = u;
    if (w->setup.past.on)
        note_past(w, j);
    if (tap_is_open(w->setup.tap))
        worker_tap_line(w, j);
    if (j->fate != COUNT_refused || !j->stream)
        return;
    const struct log_tag tags[] = {log_s("input", j->stream->source), log_c("why", j->reason ? j->reason : "unknown"),
                                   log_peer(j->stream->sender)};
    log_write(LOG_WARN, "a message is not of its input's format and was refused", tags, 3);
}

static void worker_on_notice(void *u, const struct notice *n)
{
    struct worker *w = u;
    const struct log_tag input = log_s("input", n->input),
                         project = log_s("project", n->project.n ? n->project : SLICE("default"));
    const struct log_tag peer = log_peer(n->peer);
    switch (n->kind) {
    case NOTICE_NEW_ISSUES: {
        const struct log_tag tags[] = {
            input, project, peer, log_i("new_issues", w->snapshot->settings->options.limits.new_issues),
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
        worker_report(worker_next(w), n->project, ITEM_EVENT, n->cause, n->quantity);
        worker_note_lost(w, n);
        break;
    }
}

static void finish(struct worker *w)
{
    if (w->stopping)
        return;
    w->stuck = worker_is_behind(w); /* before the drain, in which no answer is heard */
    worker_drain_inputs(w);
    w->stopping = true;
    struct worker_checkpoint *c = worker_next(w);
    c->last = true;
    pipeline_let_go(w->pipeline);
    worker_add_all_positions(w);
    worker_stop_inputs(w);
    pipeline_flush(w->pipeline);
    worker_post_checkpoint(w);
}

/* Lets the pipeline's clock go on in small steps, as far as lines could come. */
static void follow_stall(struct worker *w)
{
    w->caught_up = worker_has_caught_up(w);
    deadline_event_stall(pipeline_deadlines(w->pipeline), w->paused || w->short_of_room || !w->caught_up);
    set_tick(w, pipeline_tick_between(w->pipeline, wall_us(w)));
}

static void worker_on_checkpoint_timer(evutil_socket_t fd, short what, void *u)
{
    struct worker *w = u;
    (void)fd;
    (void)what;
    begin_turn(w, NULL, SLICE_NONE);
    atomic_fetch_add_explicit(&w->turns, 1, memory_order_relaxed);
    if (w->setup.drain && worker_is_drained(w))
        finish(w);
    if (w->stopping)
        return;
    follow_stall(w);
    worker_post_checkpoint(w);
    worker_check_pressure(w);
}

/* A set that took the place of another has at least as many handles. */
static void make_room_for_rules(struct worker *w)
{
    unsigned n = w->snapshot->rules->n_handles;
    w->asked = xrealloc(w->asked, n, sizeof *w->asked);
    for (; w->n_asked < n; w->n_asked++)
        w->asked[w->n_asked] = 0;
}

void worker_use_snapshot(struct worker *w, struct snapshot *next)
{
    struct snapshot *before = w->snapshot;
    w->snapshot = next;
    make_room_for_rules(w);
    pipeline_use(w->pipeline, &next->settings->options, next->rules);
    snapshot_unref(before);
    set_tick(w, pipeline_tick(w->pipeline, wall_us(w)));
}

static void on_answer(struct worker *w, struct shares *used, bool stored)
{
    worker_take_room(w, used);
    w->under_way--;
    if (stored)
        worker_tell_stored(w);
    worker_end_leaving(w, stored);
    if (!w->stopping)
        worker_check_pressure(w);
    else if (!w->under_way)
        event_base_loopbreak(w->base); /* the last checkpoint is stored */
}

static void change_input(struct worker *w, struct order_mail *o)
{
    if (!w->stopping && o->order == ORDER_START_INPUT)
        worker_start_named(w, slice_str(o->input), &o->known);
    else if (!w->stopping)
        worker_stop_named(w, slice_str(o->input));
    if (!w->stopping)
        worker_post_checkpoint(w); /* or, with one under way, the timer does */
    positions_done(&o->known);
    free(o->input);
}

static void stand_still(struct worker *w)
{
    pthread_mutex_lock(&w->park_lock);
    w->parked = true;
    pthread_cond_broadcast(&w->park_change);
    while (w->parked)
        pthread_cond_wait(&w->park_change, &w->park_lock);
    pthread_mutex_unlock(&w->park_lock);
}

static void worker_on_order(void *u, struct mail *m)
{
    struct worker *w = u;
    struct order_mail o = *(struct order_mail *)m;
    free(m);
    begin_turn(w, NULL, SLICE_NONE);
    switch (o.order) {
    case ORDER_ANSWER:
        on_answer(w, o.used, o.stored);
        break;
    case ORDER_STOP:
        finish(w);
        break;
    case ORDER_USE:
        worker_use_snapshot(w, o.next);
        break;
    case ORDER_PARK:
        stand_still(w);
        break;
    case ORDER_START_INPUT:
    case ORDER_STOP_INPUT:
        change_input(w, &o);
        break;
    }
}

/* --- members (limits.shared) --- */

static bool worker_ask(void *u, const struct shared_ask *ask)
{
    const struct worker *w = u;
    return shared_limits_ask(w->shared, ask);
}

/* What is decided now may be due, and a checkpoint may have waited for it. */
static void after_members(struct worker *w)
{
    set_tick(w, pipeline_tick_between(w->pipeline, wall_us(w)));
    if (w->undecided_us && !w->stopping && !pipeline_undecided(w->pipeline))
        worker_post_checkpoint(w);
}

static void worker_shared_up(void *u, bool up)
{
    struct worker *w = u;
    w->shared_changed = true;
    pipeline_shared_up(w->pipeline, up);
    after_members(w);
}

static void worker_shared_answer(void *u, const struct shared_answer *answer)
{
    struct worker *w = u;
    pipeline_shared_answer(w->pipeline, answer, wall_us(w));
    after_members(w);
}

static bool begin_shared(struct worker *w, struct diag *d)
{
    const struct shared_limits_setup setup = {
        .base = w->base, .at = w->setup.shared, .u = w, .up = worker_shared_up, .answer = worker_shared_answer};
    w->shared = w->setup.shared ? shared_limits_new(&setup, d) : NULL;
    return w->shared || !w->setup.shared;
}

/* --- life --- */

struct worker *worker_new(const struct worker_setup *setup, struct diag *d)
{
    struct worker *w = xcalloc(1, sizeof *w);
    evthread_use_pthreads();
    w->setup = *setup;
    w->tick_us = INT64_MAX;
    w->newest_too_old_us = RECORD_NO_TIME;
    turn_watch_init(&w->watch);
    pthread_mutex_init(&w->park_lock, NULL);
    pthread_cond_init(&w->park_change, NULL);
    w->base = event_base_new();
    assert(w->base);
    w->sink =
        (struct input_sink){.u = w, .message = worker_sink_message, .turn = worker_sink_turn, .counts = &w->counts};
    worker_answer_inputs(w);
    w->in = mailbox_new(w->base, worker_on_order, w);
    w->added = xcalloc(w->setup.n_inputs, sizeof *w->added);
    w->projects = xcalloc(setup->used->n_projects + 1, sizeof *w->projects);
    worker_take_room(w, setup->used);
    if (begin_shared(w, d) && worker_start_inputs(w, d))
        return w;
    worker_join(w);
    return NULL;
}

static void *worker_run(void *u)
{
    struct worker *w = u;
    const struct timeval every = {.tv_usec = WORKER_CHECKPOINT_MS * 1000};
    pthread_setname_np(pthread_self(),
                       "worker"); /* of another thread it is a file in /proc that the main thread may not write */
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

void worker_prepare(struct worker *w, struct snapshot *now, const struct sandbox *sandbox)
{
    w->snapshot = snapshot_ref(now);
    w->sandbox = sandbox;
    const struct options *opt = &now->settings->options;
    w->sources = source_files_new(opt->source_roots, opt->n_source_roots);
    struct pipeline_setup setup = {.options = opt,
                                   .rules = now->rules,
                                   .store_id = w->setup.store_id,
                                   .old_keys = w->setup.old_keys,
                                   .grouping = w->setup.grouping,
                                   .secret = w->setup.secret,
                                   .run_key = w->setup.run_key,
                                   .fates_number = w->setup.fates_number,
                                   .record_clock = w->setup.past.on,
                                   .past = w->setup.past,
                                   .source = source_files_source(w->sources),
                                   .hooks = {.u = w,
                                             .notice = worker_on_notice,
                                             .outcome = worker_on_outcome,
                                             .room = worker_room_for_event,
                                             .emit = worker_add_event,
                                             .flood_row = worker_add_flood,
                                             .issue = w->setup.keep_issues ? worker_add_issue : NULL,
                                             .deadline_row = worker_add_deadline,
                                             .held_row = worker_add_held,
                                             .fates = w->setup.fates_number ? worker_add_fates : NULL,
                                             .ask = w->shared ? worker_ask : NULL,
                                             .number = worker_add_number,
                                             .check_in = w->setup.past.on ? NULL : worker_add_check_in}};
    w->pipeline = pipeline_new(&setup);
    deadline_event_stall(pipeline_deadlines(w->pipeline), true);
    w->start_us = clock_steady_us();
    make_room_for_rules(w);
    pipeline_judge(w->pipeline)->clock_ns = clock_thread_ns;
    pipeline_judge(w->pipeline)->clock_every = WORKER_CLOCK_EVERY;
}

void worker_start(struct worker *w, struct mailbox *to)
{
    w->to = to;
    w->checkpoint_timer = event_new(w->base, -1, EV_PERSIST, worker_on_checkpoint_timer, w);
    w->tick = event_new(w->base, -1, 0, worker_on_tick, w);
    assert(w->checkpoint_timer && w->tick);
    /* Signals are the main thread's. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&w->thread, NULL, worker_run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert(rc == 0);
    w->running = true;
}

unsigned worker_turns(struct worker *w)
{
    return atomic_load_explicit(&w->turns, memory_order_relaxed);
}

void worker_judged(struct worker *w, struct count_open *out)
{
    out->lines = atomic_load_explicit(&w->judged_lines, memory_order_relaxed);
    out->events = atomic_load_explicit(&w->judged_events, memory_order_relaxed);
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
    struct flood_row began = *row;
    int64_t now_us = clock_steady_us();
    if (began.start_us > now_us) /* the clock was set back since: else its period would last until it is there again */
        began.start_us = now_us;
    flood_gate_restore(pipeline_flood_gate(w->pipeline), &began);
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

/* Its lines are read once more, from the store. */
void worker_restore_held(struct worker *w, const struct join_row *row)
{
    unsigned lines = pipeline_restore_held(w->pipeline, row, wall_us(w));
    w->counts.v[COUNT_lines_in] += lines;
    w->counts.v[COUNT_restored_lines] += lines;
    w->counts.v[COUNT_held_lost] += row->lines > lines ? row->lines - lines : 0;
    if (!lines)
        worker_add_held(w, &(struct join_row){.key = row->key, .closed = true});
}

void worker_answer(struct worker *w, struct shares *used, bool stored)
{
    give_order(w, (struct order_mail){.order = ORDER_ANSWER, .used = used, .stored = stored});
}

void worker_start_input(struct worker *w, struct slice name, struct positions *known)
{
    give_order(w, (struct order_mail){.order = ORDER_START_INPUT, .input = slice_dup(name), .known = *known});
    *known = (struct positions){0};
}

void worker_stop_input(struct worker *w, struct slice name)
{
    give_order(w, (struct order_mail){.order = ORDER_STOP_INPUT, .input = slice_dup(name)});
}

void worker_use(struct worker *w, struct snapshot *next)
{
    give_order(w, (struct order_mail){.order = ORDER_USE, .next = snapshot_ref(next)});
}

void worker_park(struct worker *w)
{
    give_order(w, (struct order_mail){.order = ORDER_PARK});
    pthread_mutex_lock(&w->park_lock);
    while (!w->parked)
        pthread_cond_wait(&w->park_change, &w->park_lock);
    pthread_mutex_unlock(&w->park_lock);
}

void worker_go_on(struct worker *w)
{
    pthread_mutex_lock(&w->park_lock);
    w->parked = false;
    pthread_cond_broadcast(&w->park_change);
    pthread_mutex_unlock(&w->park_lock);
}

void worker_stop(struct worker *w)
{
    give_order(w, (struct order_mail){.order = ORDER_STOP});
}

void worker_join(struct worker *w)
{
    if (w->running)
        pthread_join(w->thread, NULL);
    worker_stop_inputs(w);
    worker_end_leaving(w, false);
    free(w->leaving);
    shared_limits_free(w->shared);
    mailbox_free(w->in);
    if (w->checkpoint_timer)
        event_free(w->checkpoint_timer);
    if (w->tick)
        event_free(w->tick);
    if (w->pipeline)
        pipeline_free(w->pipeline);
    source_files_free(w->sources);
    snapshot_unref(w->snapshot);
    event_base_loop(w->base, EVLOOP_NONBLOCK); /* what libevent has put off holds connections that were let go */
    event_base_free(w->base);
    turn_watch_done(&w->watch);
    table_done(&w->past_issues);
    pthread_mutex_destroy(&w->park_lock);
    pthread_cond_destroy(&w->park_change);
    for (unsigned i = 0; w->slots && i < w->setup.n_inputs; i++)
        settings_unref(w->slots[i].of);
    free(w->asked);
    free(w->slots);
    free(w->added);
    free(w->projects);
    shares_done(&w->room);
    free(w);
}
