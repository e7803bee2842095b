/* The daemon's store: opening it as the right user, what inputs use of it, and what the last run left there. */
#include "app/daemon_parts.h"

#include <stdlib.h>
#include <string.h>

#include "app/log_writer.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "io/store_beside.h"

/* As the user who has to work with it later. A folder that is not there yet may be root's to make. */
static struct store *open_store_of_user(struct daemon *dm, const char *path, struct diag *d)
{
    const char *slash = strrchr(path, '/');
    char *folder =
        slash && slash > path ? slice_dup(slice_of(path, (size_t)(slash - path))) : xstrdup(slash ? "/" : ".");
    struct store *store = NULL;
    if (privileges_make_folder(&dm->who, folder, d)) {
        privileges_borrow(&dm->who);
        store = store_open(path, STORE_DAEMON, dm->setup->settings->store_limit_bytes, d);
        privileges_return(&dm->who);
    }
    if (!store && dm->who.name)
        err_plain(d,
                  "crumbd becomes %s, who must own the store and may write in its folder. If it was made by another "
                  "user: chown -R %s %s",
                  dm->who.name, dm->who.name, folder);
    free(folder);
    return store;
}

static struct store *open_beside_of_user(struct daemon *dm, struct diag *d)
{
    const struct settings *s = dm->setup->settings;
    privileges_borrow(&dm->who);
    struct store *store = store_beside_open(s->store, s->store_limit_bytes, &dm->store_path, d);
    privileges_return(&dm->who);
    dm->store_is_own = store != NULL;
    if (store)
        log_info("the store is in use, so this run has one of its own beside it", log_c("store", dm->store_path));
    return store;
}

/* What is piped into crumbd, and a wrapped command, must run also beside a daemon, or another of them, that has the
 * store. */
struct store *daemon_open_store(struct daemon *dm, struct diag *d)
{
    const struct settings *s = dm->setup->settings;
    struct diag refused = {0};
    struct store *store = open_store_of_user(dm, s->store, dm->setup->own_store ? &refused : d);
    if (!store && dm->setup->own_store) {
        store = open_beside_of_user(dm, d);
    } else {
        dm->store_path = xstrdup(s->store);
        privileges_borrow(&dm->who);
        if (store)
            store_beside_take_up(store, s->store);
        privileges_return(&dm->who);
    }
    err_done(&refused);
    return store;
}

/* That of the store which another process has: what it brings together, this one does. */
static unsigned grouping_of(const char *path)
{
    struct diag refused = {0};
    struct store *beside = store_open(path, STORE_TOOL, 0, &refused);
    unsigned grouping = beside ? store_grouping(beside) : 0;
    store_close(beside);
    err_done(&refused);
    return grouping;
}

unsigned daemon_grouping(struct daemon *dm, const struct settings *s)
{
    unsigned wanted = s->options.grouping, has = store_grouping(dm->store);
    if (!wanted && dm->store_is_own)
        wanted = grouping_of(dm->setup->settings->store);
    if (!wanted && dm->setup->groups_as)
        wanted = grouping_of(dm->setup->groups_as);
    if (!wanted || wanted == has)
        return has;
    if (!store_use_grouping(dm->store, wanted))
        log_warn("the number of the grouping cannot be written to the store: it holds for this run",
                 log_c("store", dm->store_path), log_i("grouping", wanted), log_c("why", store_error(dm->store)));
    else if (!dm->store_is_own)
        log_info("messages without a rule are grouped in another way from here on, as the configuration says",
                 log_c("store", dm->store_path), log_i("grouping_before", has), log_i("grouping", wanted));
    return wanted;
}

/* What could not be sent stays in it, until somebody takes it up. */
void daemon_leave_own_store(struct daemon *dm)
{
    struct store_totals totals;
    store_totals(dm->store, &totals);
    bool empty = totals.open + totals.ready + totals.dead == 0;
    sender_free(dm->sender);
    dm->sender = NULL;
    if (empty) {
        store_discard(dm->store);
    } else {
        store_close(dm->store);
        log_warn("events that could not be sent yet are kept", log_c("store", dm->store_path),
                 log_c("remedy", "the next start of crumbd with the store beside it takes them up"));
    }
    dm->store = NULL;
}

/* About what the pages of a store without rows take. */
enum { EMPTY_BYTES = 116 << 10 };

/* Dead letters make room for others and do not count. */
struct measure {
    struct shares *shares;
    uint64_t seen_bytes;
};

static void daemon_store_add_share(void *u, const struct store_share *of)
{
    struct measure *m = u;
    m->seen_bytes += of->bytes;
    if (!of->dead) {
        shares_take(m->shares, shares_find(m->shares, of->input), of->bytes);
        shares_take_project(m->shares, shares_find_project(m->shares, of->project), of->bytes);
    }
}

/* What rows use now; what pages take beyond them is of no input: a payload that is a little larger than a page takes
 * two. Caller frees. */
static struct shares *measure(struct daemon *dm, const struct shares *empty, uint64_t limit_bytes)
{
    struct measure m = {.shares = shares_copy(empty)};
    if (limit_bytes) {
        store_shares(dm->store, daemon_store_add_share, &m);
        uint64_t used_bytes = store_rows_used(dm->store);
        uint64_t beyond_bytes = used_bytes > m.seen_bytes ? used_bytes - m.seen_bytes : 0;
        shares_take(m.shares, SHARES_NOBODY, beyond_bytes);
        shares_spread(m.shares, beyond_bytes > EMPTY_BYTES ? beyond_bytes - EMPTY_BYTES : 0, m.seen_bytes);
    }
    return m.shares;
}

struct shares *daemon_measure(struct daemon *dm)
{
    struct shares *used = measure(dm, &dm->shares, dm->store_limit_bytes);
    daemon_share_room(dm, used);
    return used;
}

/* Without a DSN the oldest events make room, and no input has to wait. */
static bool is_bounded(const struct settings *s)
{
    return s->dsn || s->sentry.n_projects;
}

/* In the order in which the sender has them. */
static void add_projects(struct shares *shares, const struct settings *s)
{
    if (s->dsn)
        shares_add_project(shares, SLICE(""));
    for (unsigned i = 0; i < s->sentry.n_projects; i++)
        shares_add_project(shares, s->sentry.projects[i].name);
}

/* Until the first answer, projects are taken for those that deliver, and nothing makes room. */
struct shares *daemon_measure_for(struct daemon *dm, const struct settings *s)
{
    struct shares empty;
    uint64_t limit_bytes = is_bounded(s) ? store_rows_limit(s->store_limit_bytes) : 0;
    shares_init(&empty, s->inputs, s->n_inputs + s->n_awaited, limit_bytes);
    add_projects(&empty, s);
    struct shares *used = measure(dm, &empty, limit_bytes);
    for (unsigned i = 0; i < used->n_projects; i++)
        used->projects[i].delivers = true;
    shares_judge_projects(used);
    shares_let_firsts_in(used);
    shares_done(&empty);
    return used;
}

void daemon_use_store(struct daemon *dm, const struct settings *s)
{
    store_scrub_by(dm->store, &s->options);
    store_bound(dm->store, s->store_limit_bytes);
    store_keep_newest(dm->store, !is_bounded(s));
    dm->store_limit_bytes = is_bounded(s) ? store_rows_limit(s->store_limit_bytes) : 0;
    shares_done(&dm->shares);
    shares_init(&dm->shares, dm->input_list, dm->n_inputs, dm->store_limit_bytes);
    add_projects(&dm->shares, s);
}

struct count_open daemon_waiting(const struct daemon *dm)
{
    struct count_open judged, waiting = {0};
    struct count_balance stored[COUNT_BALANCES];
    if (!dm->worker)
        return waiting;
    worker_judged(dm->worker, &judged);
    count_balance(&dm->counts, &waiting, stored);
    waiting.lines = judged.lines > stored[0].in ? judged.lines - stored[0].in : 0;
    uint64_t events = stored[1].in - dm->counts.v[COUNT_own_events]; /* those are not the worker's */
    waiting.events = judged.events > events ? judged.events - events : 0;
    return waiting;
}

static void daemon_store_restore_flood(void *u, const struct flood_row *row)
{
    worker_restore_flood(u, row);
}

static void daemon_store_restore_deadline(void *u, const struct deadline_row *row)
{
    worker_restore_deadline(u, row);
}

static void daemon_store_restore_held(void *u, const struct join_row *row)
{
    worker_restore_held(u, row);
}

void daemon_restore(struct daemon *dm)
{
    struct positions known = {0};
    unsigned left = store_close_open(dm->store);
    if (left)
        log_info("events that waited when the last run ended are sent as they are", log_i("events", left));
    store_positions(dm->store, positions_add, &known);
    worker_restore(dm->worker, &known);
    store_floods(dm->store, daemon_store_restore_flood, dm->worker);
    worker_restore_clock(dm->worker, store_clock(dm->store));
    store_deadlines(dm->store, daemon_store_restore_deadline, dm->worker);
    store_held(dm->store, daemon_store_restore_held, dm->worker);
    positions_done(&known);
}

void daemon_take_counted(struct daemon *dm)
{
    const struct counts *counted = store_counted(dm->store);
    for (unsigned i = 0; i < COUNT_N; i++)
        if (counted->v[i])
            dm->counts.v[i] = counted->v[i];
    dm->counts.v[COUNT_log_dropped] = log_writer_dropped();
    notifications_take_counted(dm->notifications, &dm->counts);
}

/* --- what goes by the settings in force --- */

void daemon_open_sender(struct daemon *dm)
{
    const struct sender_options options = {.projects = dm->upstream.projects,
                                           .n_projects = dm->upstream.n,
                                           .http = dm->upstream.http,
                                           .counts = &dm->counts};
    dm->sender = sender_new(dm->base, dm->store, &options);
}

/* A set of rules that took the place of another has at least as many handles. */
void daemon_make_room_for_rules(struct daemon *dm)
{
    unsigned n = dm->snapshot->rules->n_handles;
    dm->rule_stats = xrealloc(dm->rule_stats, n, sizeof *dm->rule_stats);
    for (; dm->n_rule_stats < n; dm->n_rule_stats++)
        dm->rule_stats[dm->n_rule_stats] = (struct rule_stats){0};
}
