/*
 * store_evict: what goes to make room: dead letters, repeats of issues that the store has an older event of, and where
 * nobody fetches them the oldest events, for store_limit; dead letters, issues and free pages for a full disk
 * (store_room.c).
 */
#include "io/store_impl.h"

#include "base/arena.h"
#include "base/log.h"

enum {
    EVICT_ROWS = 64,   /* rows that go at once, for store_limit */
    EVICT_INPUTS = 64, /* that are looked at for rows that may go */
    EVICT_STEP = 32,   /* dead letters that are deleted at once, on a full disk */
    SHRINK_STEPS = 16,
};

/* ---- store_limit ---- */

bool store_over_limit(struct store *s)
{
    return s->limit_bytes && store_rows_used(s) > store_rows_limit(s->limit_bytes);
}

/* Deletes the oldest dead letters until what is left is within the limit. Returns how many, -1 when that failed. */
static int64_t evict_dead_letters(struct store *s)
{
    int64_t gone = 0;
    while (store_over_limit(s)) {
        sqlite3_bind_int(s->stmt[Q_EVICT_IDS], 1, EVICT_ROWS);
        store_depart(s, Q_EVICT_IDS, STORE_DEPARTED_OVERFLOW);
        sqlite3_bind_int(s->stmt[Q_EVICT], 1, EVICT_ROWS);
        if (!store_run(s, Q_EVICT))
            return -1;
        if (sqlite3_changes(s->db) == 0)
            break;
        gone += sqlite3_changes(s->db);
    }
    return gone;
}

/* Rows that were found and may go. */
struct victims {
    struct victim {
        int64_t id;
        uint64_t bytes;
        enum item_kind kind;
        struct slice project; /* in the arena */
    } v[EVICT_ROWS];
    unsigned n;
    struct arena arena;
};

/* Finds some by a statement that takes an input and a number. Rows that are on their way stay: they may arrive. */
static bool find_victims(struct store *s, enum query which, struct slice input, struct victims *out)
{
    sqlite3_stmt *q = s->stmt[which];
    int rc;
    *out = (struct victims){.n = 0};
    store_bind_text(q, 1, input);
    sqlite3_bind_int(q, 2, EVICT_ROWS);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        int64_t kind = sqlite3_column_int64(q, 2);
        if (table_get(&s->taken, (uint64_t)sqlite3_column_int64(q, 0)))
            continue;
        out->v[out->n++] = (struct victim){.id = sqlite3_column_int64(q, 0),
                                           .bytes = (uint64_t)sqlite3_column_int64(q, 3),
                                           .kind = kind > 0 && kind < ITEM_KINDS ? (enum item_kind)kind : ITEM_EVENT,
                                           .project = arena_dup(&out->arena, store_column(q, 1))};
    }
    sqlite3_reset(q);
    return rc == SQLITE_DONE;
}

/* Also where there is no DSN: there may be one when its project is told. */
static bool delete_victim(struct store *s, const struct victim *v)
{
    const struct store_report r = {.project = v->project,
                                   .reason = slice_str(count_rows[COUNT_store_overflow].reason),
                                   .category = slice_str(item_traits[v->kind].category),
                                   .quantity = 1};
    sqlite3_bind_int64(s->stmt[Q_EVENT_ID], 1, v->id);
    store_depart(s, Q_EVENT_ID, STORE_DEPARTED_OVERFLOW);
    sqlite3_bind_int64(s->stmt[Q_SENT], 1, v->id);
    return store_run(s, Q_SENT) && store_put_report(s, &r);
}

/* Deletes rows that a statement finds, until so many bytes are free. Returns how many, -1 when that failed. */
static int64_t delete_rows(struct store *s, enum query which, struct slice input, uint64_t bytes, uint64_t *freed)
{
    struct victims found;
    bool ok = find_victims(s, which, input, &found);
    unsigned gone = 0;
    for (; ok && gone < found.n && *freed < bytes; gone++) {
        ok = delete_victim(s, &found.v[gone]);
        *freed += found.v[gone].bytes;
    }
    arena_done(&found.arena);
    return ok ? (int64_t)gone : -1;
}

/* The inputs that use the store, those that use most first; their texts are in the arena. */
static unsigned list_inputs(struct store *s, struct slice *out, struct arena *a)
{
    sqlite3_stmt *q = s->stmt[Q_INPUTS];
    unsigned n = 0;
    sqlite3_bind_int(q, 1, EVICT_INPUTS);
    while (n < EVICT_INPUTS && sqlite3_step(q) == SQLITE_ROW)
        out[n++] = arena_dup(a, store_column(q, 0));
    sqlite3_reset(q);
    return n;
}

/* Some of what goes first, where nobody fetches any: repeats of the input that uses most, of the next, and so on; when
 * there are none, the oldest of the input that uses most. */
static int64_t delete_some(struct store *s, uint64_t bytes)
{
    struct slice inputs[EVICT_INPUTS];
    struct arena a = {0};
    unsigned n = list_inputs(s, inputs, &a);
    uint64_t freed = 0;
    int64_t gone = 0;
    for (unsigned i = 0; i < n && !gone; i++)
        gone = delete_rows(s, Q_REPEATS, inputs[i], bytes, &freed);
    if (n && !gone)
        gone = delete_rows(s, Q_OLDEST, inputs[0], bytes, &freed);
    arena_done(&a);
    return gone;
}

static int64_t evict_living(struct store *s)
{
    int64_t gone = 0, more = 1;
    while (more > 0 && store_over_limit(s)) {
        more = delete_some(s, store_rows_used(s) - store_rows_limit(s->limit_bytes));
        gone += more;
    }
    return more < 0 ? -1 : gone;
}

bool store_evict(struct store *s, int64_t *overflow)
{
    int64_t dead = evict_dead_letters(s);
    if (dead > 0)
        log_warn("dead letters dropped to stay within store_limit", log_c("path", s->path), log_i("rows", dead),
                 log_c("hint", "look at `crumbd queue ls` more often, or raise store_limit"));
    *overflow = dead >= 0 && s->keep_newest ? evict_living(s) : 0;
    if (*overflow > 0 && !s->counted.v[COUNT_store_overflow])
        log_warn(
            "store_limit is reached, and there is no Sentry to send to: events make room from now on, repeats first",
            log_c("path", s->path), log_c("remedy", "set sentry.dsn, or raise store_limit"));
    return dead >= 0 && *overflow >= 0 && store_add_count(s, COUNT_store_overflow, (uint64_t)*overflow);
}

/* Returns how many went, -1 when that failed. */
static int64_t evict_step(struct store *s, struct slice input, uint64_t bytes, uint64_t *freed)
{
    uint64_t now = 0;
    bool ok = store_run(s, Q_BEGIN);
    int64_t gone = ok ? delete_rows(s, Q_REPEATS, input, bytes, &now) : -1;
    ok = gone >= 0 && store_add_count(s, COUNT_store_overflow, (uint64_t)gone) && store_end(s, GIVES_ROOM);
    if (!ok) {
        store_failed(s, "make room");
        return -1;
    }
    s->counted.v[COUNT_store_overflow] += (uint64_t)gone;
    *freed += now;
    return gone;
}

uint64_t store_evict_repeats(struct store *s, struct slice input, uint64_t bytes, uint64_t *rows)
{
    uint64_t freed = 0;
    int64_t gone = 1;
    while (freed < bytes && gone > 0) {
        gone = evict_step(s, input, bytes - freed, &freed);
        *rows += gone > 0 ? (uint64_t)gone : 0;
    }
    return freed;
}

/* They make room for nobody before they are closed, so that reading would stop for good. */
bool store_may_exceed(struct store *s)
{
    int64_t open_bytes = 0;
    return s->keep_newest && store_number(s, Q_OPEN_BYTES, &open_bytes) && open_bytes > 0 &&
           store_rows_used(s) <= store_rows_limit(s->limit_bytes) + (uint64_t)open_bytes;
}

/* ---- the disk ---- */

static bool shrink(struct store *s, enum query how)
{
    if (store_run(s, Q_BEGIN) && store_run(s, how) && store_end(s, GIVES_ROOM))
        return true;
    store_failed(s, "shrink the database");
    return false;
}

void store_shrink(struct store *s)
{
    enum { SLACK_PAGES = 2048 }; /* free pages that are kept for the next burst */
    if (store_free_pages(s) > SLACK_PAGES)
        shrink(s, Q_SHRINK);
}

/* Deletes dead letters, which nobody may ever ask for: they must not keep the living out. Returns how many. */
static int evict_dead(struct store *s)
{
    sqlite3_bind_int(s->stmt[Q_EVICT], 1, EVICT_STEP);
    bool ok = store_run(s, Q_BEGIN) && store_run(s, Q_EVICT);
    int rows = ok ? sqlite3_changes(s->db) : 0;
    if (!ok || !store_end(s, GIVES_ROOM)) {
        rows = 0;
        if (store_failed(s, "make room") == STORE_FULL)
            store_let_spare_go(s);
    }
    if (rows)
        log_warn("dead letters dropped as the disk is full", log_c("path", s->path), log_i("rows", rows),
                 log_c("hint", "look at `crumbd queue ls` more often, or make room"));
    store_restart_wal(s);
    return rows;
}

/* The WAL may want room that free pages of the database have: a checkpoint that is larger than the WAL would never fit
 * otherwise. */
bool store_make_room(struct store *s)
{
    bool gave = evict_dead(s) > 0 || store_issues_make_room(s) > 0;
    for (int i = 0; i < SHRINK_STEPS && store_free_pages(s) > STORE_RESERVE_PAGES && shrink(s, Q_SHRINK_FULL); i++) {
        store_restart_wal(s);
        gave = true;
    }
    return gave;
}
