#include "app/daemon_parts.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "app/command.h"
#include "app/confine.h"
#include "app/log_writer.h"
#include "app/notify.h"
#include "base/log.h"
#include "base/version.h"
#include "base/xalloc.h"
#include "io/listen.h"
#include "io/store_fates.h"
#include "io/store_issues.h"

enum {
    COMMIT_RETRY_MS = 1000, /* the disk is full or fails: try the same checkpoint again, */
    LAST_RETRY_MS = 100,    /* and more often the last one */
    EXIT_COMMIT_S = 5,      /* how long the last checkpoint may take at exit */
    EXIT_LAST_S = 1,        /* how long, after that or after a second signal, the worker has to tell its last numbers */
    EXIT_SEND_MS = 5000,    /* how long what waits may still be sent at exit; the rest stays in the store */
    EXIT_NOTIFY_MS = 3000,  /* and how long, after that, notifications */
    DRAIN_SEND_MS = 60000,  /* the same for `crumbd -`, whose end nobody has decided */
};

static struct timeval seconds(int s)
{
    return (struct timeval){.tv_sec = s};
}

/* A worker that has told its last numbers waits for answers alone. */
static void end_worker(struct daemon *dm)
{
    for (unsigned i = 0; i < dm->n_unstored; i++)
        worker_answer(dm->worker, shares_copy(&dm->shares), false);
    worker_join(dm->worker);
    dm->worker = NULL;
}

/* --- ledger --- */

static void log_ledger(struct daemon *dm)
{
    struct sbuf line;
    daemon_take_counted(dm);
    sbuf_init(&line, 16384);
    count_ledger(&dm->counts, &line);
    struct count_open waiting = daemon_waiting(dm);
    if (dm->open.lines || dm->open.events) /* as of the last checkpoint that the worker has told */
        sbuf_addf(&line, " open_lines=%" PRIu64 " open_events=%" PRIu64, dm->open.lines, dm->open.events);
    if (waiting.lines || waiting.events)
        sbuf_addf(&line, " waiting_lines=%" PRIu64 " waiting_events=%" PRIu64, waiting.lines, waiting.events);
    log_line(LOG_INFO, sbuf_slice(&line));
    sbuf_done(&line);
}

/* --- end --- */

static void end_loop(struct daemon *dm)
{
    event_base_loopbreak(dm->base);
}

static void daemon_on_all_notified(void *u)
{
    end_loop(u);
}

/* What is left waits for an answer, a retry or a limit. */
static void daemon_on_all_sent(void *u)
{
    struct daemon *dm = u;
    struct store_totals totals;
    store_totals(dm->store, &totals);
    dm->waits_for_all = dm->setup->send_all && !dm->told_to_stop && totals.ready > 0;
    if (!dm->waits_for_all && !notifications_flush(dm->notifications, EXIT_NOTIFY_MS, daemon_on_all_notified, dm))
        end_loop(dm);
}

/* The last checkpoint is stored: what waits has a little time to leave. */
static void send_rest(struct daemon *dm)
{
    worker_join(dm->worker);
    dm->worker = NULL;
    if (dm->giving_up) {
        end_loop(dm);
        return;
    }
    dm->sending_rest = true;
    bool patient = dm->setup->drain && !dm->told_to_stop;
    sender_flush(dm->sender, patient ? DRAIN_SEND_MS : EXIT_SEND_MS, daemon_on_all_sent, dm);
}

/* What is not stored yet stays so. The worker's last numbers name it, and come at once, unless it hangs. */
static void give_up(struct daemon *dm)
{
    const struct timeval limit = seconds(EXIT_LAST_S);
    dm->giving_up = true;
    if (daemon_has_last(dm))
        end_loop(dm);
    else
        event_add(dm->exit_timer, &limit);
}

/* No room will come for the last checkpoint: nothing is on its way whose answer would make some. */
static bool is_full_for_good(const struct daemon *dm)
{
    return dm->stopping && daemon_has_last(dm) && dm->stored == STORE_FULL && !sender_busy(dm->sender);
}

/* First what is not stored is given up, then the worker that does not say what that is. */
static void daemon_on_exit_timer(evutil_socket_t fd, short what, void *u)
{
    struct daemon *dm = u;
    (void)fd;
    (void)what;
    if (dm->sending_rest)
        return;
    if (!dm->giving_up) {
        give_up(dm);
        return;
    }
    struct turn t;
    if (dm->worker && worker_turn(dm->worker, &t))
        turn_log(LOG_ERROR, "the worker thread hangs in what one input has sent and is left behind", &t,
                 dm->input_list);
    end_loop(dm);
}

static void stop(struct daemon *dm)
{
    if (dm->waits_for_all)
        end_loop(dm);
    if (dm->stopping)
        return;
    dm->stopping = true;
    notify_send("STOPPING=1");
    const struct timeval limit = seconds(EXIT_COMMIT_S);
    event_add(dm->exit_timer, &limit);
    if (dm->worker && !dm->reload.applying)
        worker_stop(dm->worker);
}

/* --- checkpoints --- */

static void note_rules(struct daemon *dm, const struct worker_checkpoint *c)
{
    for (unsigned i = 0; i < c->n_rules; i++) {
        assert(c->rules[i].handle < dm->n_rule_stats);
        dm->rule_stats[c->rules[i].handle] = c->rules[i].stats;
    }
}

/* False: it is not stored. */
static bool commit(struct daemon *dm, struct worker_checkpoint *c)
{
    uint64_t log_dropped = log_writer_dropped();
    c->checkpoint.counts.v[COUNT_log_dropped] = log_dropped - dm->log_dropped;
    notifications_unstored(dm->notifications, &c->checkpoint.counts);
    enum store_result result = store_commit(dm->store, &c->checkpoint);
    if (result == STORE_FULL && daemon_make_room(dm, &c->checkpoint))
        result = store_commit(dm->store, &c->checkpoint);
    dm->stored = result;
    if (result != STORE_OK) {
        daemon_say_full(dm, result);
        return false;
    }
    dm->log_dropped = log_dropped;
    notifications_stored(dm->notifications, &c->checkpoint.counts);
    count_add(&dm->counts, &c->checkpoint.counts);
    notifications_events(dm->notifications, &c->checkpoint);
    dm->issues = c->issues;
    dm->shared = c->shared;
    dm->open = c->open;
    dm->newest_too_old_us = c->newest_too_old_us;
    dm->past_issues = c->past_issues;
    daemon_take_counted(dm);
    note_rules(dm, c);
    unsigned generation = c->generation;
    if (c->inputs && generation == dm->reload.generation)
        memcpy(dm->inputs, c->inputs, dm->n_inputs * sizeof *dm->inputs);
    daemon_say_room(dm);
    daemon_tell_live(dm, &c->checkpoint);
    bool last = c->last, events = c->checkpoint.n_events + c->checkpoint.n_numbers > 0;
    worker_checkpoint_free(c);
    worker_answer(dm->worker, daemon_measure(dm), true);
    daemon_reload_stored(dm, generation);
    if (events)
        sender_kick(dm->sender);
    if (last)
        send_rest(dm);
    return true;
}

static void commit_unstored(struct daemon *dm)
{
    if (dm->reload.applying)
        return;
    while (dm->n_unstored && commit(dm, dm->unstored[0])) {
        dm->unstored[0] = dm->unstored[1];
        dm->n_unstored--;
    }
    const struct timeval again = {.tv_sec = dm->stopping ? 0 : COMMIT_RETRY_MS / 1000,
                                  .tv_usec = dm->stopping ? LAST_RETRY_MS * 1000 : 0};
    if (is_full_for_good(dm))
        give_up(dm);
    else if (dm->n_unstored)
        event_add(dm->commit_retry, &again);
}

static void daemon_on_mail(void *u, struct mail *m)
{
    struct daemon *dm = u;
    assert(dm->n_unstored < sizeof dm->unstored / sizeof *dm->unstored);
    dm->unstored[dm->n_unstored++] = (struct worker_checkpoint *)m;
    if (dm->n_unstored == 1)
        commit_unstored(dm);
    if (dm->giving_up && daemon_has_last(dm))
        end_loop(dm);
}

static void daemon_on_commit_retry(evutil_socket_t fd, short what, void *u)
{
    (void)fd;
    (void)what;
    commit_unstored(u);
}

static void daemon_go_on(void *u)
{
    struct daemon *dm = u;
    if (dm->stopping && dm->worker)
        worker_stop(dm->worker);
    if (dm->n_unstored)
        commit_unstored(dm);
}

/* --- signals and time --- */

/* Asked twice. */
static void stop_at_once(struct daemon *dm)
{
    if (dm->sending_rest)
        end_loop(dm);
    else if (!dm->giving_up)
        give_up(dm);
}

static void daemon_on_signal(evutil_socket_t sig, short what, void *u)
{
    struct daemon *dm = u;
    (void)what;
    if (sig == SIGUSR1) {
        log_ledger(dm);
        return;
    }
    if (dm->setup->child) {
        /* A terminal sends SIGINT to the child as well. */
        if (sig != SIGINT)
            kill(dm->setup->child, (int)sig);
        return;
    }
    if (sig == SIGHUP) {
        daemon_reload(dm);
        return;
    }
    if (dm->stopping) {
        stop_at_once(dm);
        return;
    }
    log_info("stopping", log_c("signal", sig == SIGTERM ? "SIGTERM" : "SIGINT"));
    dm->told_to_stop = true;
    stop(dm);
}

/* Shows who started this what is going on. False: it is to end. */
static bool show(struct daemon *dm, bool over)
{
    struct store_totals totals;
    if (!dm->setup->look)
        return true;
    daemon_take_counted(dm);
    store_totals(dm->store, &totals);
    const struct daemon_view v = {.counts = &dm->counts,
                                  .inputs = dm->inputs,
                                  .waiting = totals.open + totals.ready,
                                  .dead = totals.dead,
                                  .issues = dm->past_issues,
                                  .newest_too_old_us = dm->newest_too_old_us,
                                  .over = over};
    if (dm->waits_for_all && !totals.ready)
        sender_flush(dm->sender, EXIT_SEND_MS, daemon_on_all_sent, dm);
    return dm->setup->look(dm->setup->u, &v);
}

/* This thread lives when it comes here; the worker, when its loop has turned since. */
static void daemon_on_pulse(evutil_socket_t fd, short what, void *u)
{
    struct daemon *dm = u;
    (void)fd;
    (void)what;
    if (dm->reload.applying)
        return;
#ifdef __GLIBC__
    if (!dm->trimmed)
        malloc_trim(0);
#endif
    dm->trimmed = true;
    if (dm->stored == STORE_OK)
        daemon_say_room(dm);
    if (health_pulse(&dm->health, dm->worker, dm->input_list) && dm->watchdog)
        notify_send("WATCHDOG=1");
    daemon_watch(dm);
    daemon_make_code(dm);
    if (!show(dm, false))
        stop(dm);
}

/* Answered by the loop, also those that come while rules compile: a supervisor that asks too early must not end the
 * daemon. */
static void take_signals(struct daemon *dm, const int *signals, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct event **e = &dm->signals[dm->n_signals++];
        *e = evsignal_new(dm->base, signals[i], daemon_on_signal, dm);
        event_add(*e, NULL);
    }
}

/* Until the loop turns, those that end crumbd end it at once, and the handler of `crumbd exec` has those of its
 * command. */
static void take_early_signals(struct daemon *dm)
{
    static const int signals[] = {SIGUSR1, SIGHUP};
    take_signals(dm, signals, dm->setup->child ? 1 : 2);
}

static void take_other_signals(struct daemon *dm)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP};
    take_signals(dm, signals, dm->setup->child ? 4 : 2);
}

static void add_events(struct daemon *dm)
{
    take_other_signals(dm);
    dm->commit_retry = evtimer_new(dm->base, daemon_on_commit_retry, dm);
    dm->exit_timer = evtimer_new(dm->base, daemon_on_exit_timer, dm);
    int64_t watchdog_us = notify_watchdog_us();
    dm->watchdog = watchdog_us > 0;
    health_init(&dm->health, watchdog_us);
    dm->pulse = event_new(dm->base, -1, EV_PERSIST, daemon_on_pulse, dm);
    const struct timeval every = {.tv_sec = dm->health.pulse_us / 1000000, .tv_usec = dm->health.pulse_us % 1000000};
    event_add(dm->pulse, &every);
}

static void free_signals(struct daemon *dm)
{
    while (dm->n_signals)
        event_free(dm->signals[--dm->n_signals]);
}

static void free_events(struct daemon *dm)
{
    event_free(dm->commit_retry);
    event_free(dm->exit_timer);
    event_free(dm->pulse);
}

/* --- start --- */

static uint64_t random_key(void)
{
    uint64_t key = 0;
    if (getrandom(&key, sizeof key, 0) != sizeof key)
        key = hash_mix((uint64_t)time(NULL), (uint64_t)clock());
    return key ? key : 1;
}

/* Those that are awaited stand behind the others, and say so when they come. */
static unsigned listed_inputs(const struct daemon *dm)
{
    unsigned n = dm->n_inputs;
    while (n && dm->input_list[n - 1].awaited)
        n--;
    return n;
}

static void say_start(const struct daemon *dm, bool jit)
{
    const struct settings *s = dm->setup->settings;
    log_info("crumbd is running", log_c("version", PACKAGE_VERSION), log_c("config", s->path ? s->path : "none"),
             log_c("store", dm->store_path), log_i("rules", dm->snapshot->rules->n),
             log_i("inputs", listed_inputs(dm)));
    for (unsigned i = 0; i < listed_inputs(dm); i++) {
        const struct log_tag tag = log_c(input_names[dm->input_list[i].kind], dm->input_list[i].text);
        log_listed(LOG_INFO, "input", &tag, 1);
    }
    listen_say_unclaimed();
    if (!s->dsn)
        log_warn("no DSN: events stay in the store", log_c("see", "crumbd queue ls"),
                 log_c("remedy", "set sentry.dsn or SENTRY_DSN"));
    if (!jit)
        log_warn("regular expressions run without JIT, which is slower",
                 log_c("hint", "MemoryDenyWriteExecute or seccomp takes it away"));
}

/* EXIT_WELL, EXIT_INPUT_WRONG when something written is wrong, or EXIT_CANNOT_RUN when it is this host. */
static int open_all(struct daemon *dm, struct diag *d)
{
    const struct settings *s = dm->setup->settings;
    /* The command of `crumbd exec` keeps its user, and another one could pass no signal on to it. */
    bool may_change = !dm->setup->child;
    if (!privileges_find(&dm->who, may_change ? s->user.user : NULL, may_change ? s->user.group : NULL, d))
        return EXIT_CANNOT_RUN;
    dm->who.keep_read = s->keep_read;
    dm->store = daemon_open_store(dm, d);
    if (!dm->store)
        return EXIT_CANNOT_RUN;
    if (!upstream_init(&dm->upstream, s, d))
        return EXIT_INPUT_WRONG;
    dm->upstream_of = settings_ref(dm->setup->settings);
    daemon_use_store(dm, s);
    store_keep_issues(dm->store, s->issues_bytes, s->issues_keep_us);
    daemon_room_init(dm);
    dm->tap = tap_new();
    const struct worker_setup setup = {.inputs = dm->input_list,
                                       .n_inputs = dm->n_inputs,
                                       .store_id = store_id(dm->store),
                                       .old_keys = store_has_old_keys(dm->store),
                                       .grouping = daemon_grouping(dm, s),
                                       .secret = {random_key(), random_key()},
                                       .run_key = random_key(),
                                       .keep_issues = s->issues_bytes > 0,
                                       .fates_number = store_keep_fates(dm->store, s->where_bytes),
                                       .used = daemon_measure(dm),
                                       .drain = dm->setup->drain,
                                       .shared = dm->setup->past.on || !s->shared.url ? NULL : &s->shared.at,
                                       .past = dm->setup->past,
                                       .pace_per_s = dm->setup->pace_per_s,
                                       .tap = dm->tap,
                                       .tolerant = s->inputs_found && !dm->setup->drain};
    dm->worker = worker_new(&setup, d); /* before the rules: what is sent meanwhile waits in the sockets */
    if (!dm->worker)
        return EXIT_CANNOT_RUN;
    const struct snapshot_rules rules = {.warn = true, .without_sources = true, .code_later = !dm->setup->drain};
    dm->snapshot = snapshot_load(dm->setup->settings, &rules, d);
    if (!dm->snapshot)
        return EXIT_INPUT_WRONG;
    daemon_open_live(dm);
    daemon_open_http(dm);
    return privileges_become(&dm->who, dm->setup->child != 0, d) ? EXIT_WELL : EXIT_CANNOT_RUN;
}

/* From here on this thread opens no more files than those of the settings; nor does any that it makes. */
static void fence(struct daemon *dm)
{
    const struct settings *s = dm->setup->settings;
    if (!s->sandbox) {
        confine_say(NULL);
        return;
    }
    confine_preload(dm->input_list, dm->n_inputs);
    dm->sandbox = confine_new(s, dm->input_list, dm->n_inputs, dm->store_path);
    sandbox_command(dm->sandbox, dm->setup->child);
    confine_files(dm->sandbox, SANDBOX_MAIN);
    confine_say(dm->sandbox);
}

/* What runs from here on: the threads and what they were given. */
static void start(struct daemon *dm, struct diag *d)
{
    fence(dm);
    log_writer_start(dm->sandbox);
    dm->mailbox = mailbox_new(dm->base, daemon_on_mail, dm);
    add_events(dm);
    daemon_make_room_for_rules(dm);
    worker_prepare(dm->worker, dm->snapshot, dm->sandbox);
    daemon_restore(dm);
    dm->inputs = xcalloc(dm->n_inputs, sizeof *dm->inputs);
    worker_inputs(dm->worker, dm->inputs);
    daemon_watch_renew(dm);
    if (!dm->setup->past.on)
        notifications_use(dm->notifications, dm->setup->settings);
    struct worker_checkpoint *first = worker_look(dm->worker);
    if (first)
        daemon_on_mail(dm, &first->mail);
    worker_start(dm->worker, dm->mailbox);
    if (!dm->setup->drain)
        dm->reload.loader = loader_new(dm->base, dm->sandbox);
    dm->reload.go_on = daemon_go_on;
    bool jit = regex_have_jit();              /* this thread may make no more code from here on */
    confine_calls(dm->sandbox, SANDBOX_MAIN); /* not before: the worker's filter is its own */
    log_writer_diag(d);                       /* warnings, and inputs left out */
    err_done(d);
#ifdef __GLIBC__
    malloc_trim(0); /* what compiling the rules took and gave back */
#endif
    say_start(dm, jit);
    notify_send("READY=1");
    sender_kick(dm->sender);
}

/* What of them waits is told the store's ledger, too. */
static void end_notifications(struct daemon *dm)
{
    struct checkpoint c = {0};
    notifications_give_up(dm->notifications);
    if (notifications_unstored(dm->notifications, &c.counts) && dm->stored == STORE_OK &&
        store_commit(dm->store, &c) == STORE_OK)
        notifications_stored(dm->notifications, &c.counts);
}

/* Returns the exit status. Where the store had no room at the end nothing has failed: what that means the ledger says.
 */
static int end(struct daemon *dm)
{
    store_flush_last(dm->store);
    int status = dm->worker && dm->stored != STORE_FULL ? EXIT_CANNOT_RUN : EXIT_WELL;
    bool hangs = dm->worker && !daemon_has_last(dm);
    if (dm->worker) {
        if (!hangs)
            end_worker(dm);
        daemon_give_up_unstored(dm);
    }
    end_notifications(dm);
    log_ledger(dm);
    if (hangs) { /* its thread must not outlive what it uses */
        log_writer_end();
        _exit(EXIT_CANNOT_RUN);
    }
    show(dm, true);
    loader_free(dm->reload.loader);
    daemon_make_code_end(dm);
    free(dm->reload.to_begin);
    free_events(dm);
    mailbox_free(dm->mailbox);
    return status;
}

int daemon_run(const struct daemon_setup *setup, struct diag *d)
{
    struct daemon dm = {.setup = setup,
                        .input_list = setup->inputs,
                        .n_inputs = setup->n_inputs,
                        .start_us = clock_wall_us(),
                        .newest_too_old_us = RECORD_NO_TIME};
    log_writer_open();
    dm.base = event_base_new();
    assert(dm.base);
    dm.notifications = notifications_new(dm.base);
    take_early_signals(&dm);
    int status = open_all(&dm, d);
    if (status == EXIT_WELL) {
        daemon_open_sender(&dm);
        start(&dm, d);
        event_base_dispatch(dm.base);
        status = end(&dm);
    } else if (dm.worker) {
        worker_join(dm.worker);
    }
    if (dm.store_is_own && dm.sender)
        daemon_leave_own_store(&dm);
    http_free(dm.http);
    http_free(dm.probes);
    live_free(dm.live);
    sender_free(dm.sender);
    notifications_free(dm.notifications);
    upstream_done(&dm.upstream);
    settings_unref(dm.upstream_of);
    privileges_done(&dm.who);
    sandbox_free(dm.sandbox);
    if (dm.store)
        store_close(dm.store);
    tap_free(dm.tap);
    free(dm.store_path);
    free(dm.inputs);
    daemon_watch_done(&dm);
    shares_done(&dm.shares);
    daemon_room_done(&dm);
    free(dm.rule_stats);
    snapshot_unref(dm.snapshot);
    free_signals(&dm);
    event_base_free(dm.base);
    log_writer_end();
    return status;
}
