/*
 * store_evict: what goes to make room: dead letters, and where nobody fetches them the oldest events, for store_limit;
 * dead letters and free pages for a full disk (store_room.c).
 */
#include "io/store_impl.h"

#include "base/log.h"

enum {
    EVICT_ROWS = 64, /* rows that one statement deletes, for store_limit */
    EVICT_STEP = 32, /* dead letters that are deleted at once, on a full disk */
    SHRINK_STEPS = 16,
};

/* ---- store_limit ---- */

bool store_over_limit(struct store *s)
{
    return s->limit_bytes && store_used(s) > s->limit_bytes;
}

/* Puts what Q_EVICT_READY deletes next into client reports: there may be a DSN one day. */
static bool report_ready(struct store *s)
{
    sqlite3_stmt *q = s->stmt[Q_EVICT_REPORT];
    bool ok = true;
    sqlite3_bind_int(q, 1, EVICT_ROWS);
    store_bind_text(q, 2, slice_str(count_rows[COUNT_store_overflow].reason));
    for (int kind = 0; ok && kind < ITEM_KINDS; kind++) {
        store_bind_text(q, 3, slice_str(item_traits[kind].category));
        sqlite3_bind_int(q, 4, kind);
        ok = store_run(s, Q_EVICT_REPORT);
    }
    return ok;
}

/* Deletes the oldest dead letters, or ready rows, until what is left is within the limit. Returns how many, -1 when
 * that failed. */
static int64_t evict_rows(struct store *s, enum query which)
{
    int64_t gone = 0;
    while (store_over_limit(s)) {
        sqlite3_bind_int(s->stmt[which], 1, EVICT_ROWS);
        if ((which == Q_EVICT_READY && !report_ready(s)) || !store_run(s, which))
            return -1;
        if (sqlite3_changes(s->db) == 0)
            break;
        gone += sqlite3_changes(s->db);
    }
    return gone;
}

bool store_evict(struct store *s, int64_t *overflow)
{
    int64_t dead = evict_rows(s, Q_EVICT);
    if (dead > 0)
        log_warn("dead letters dropped to stay within store_limit", log_c("path", s->path), log_i("rows", dead),
                 log_c("hint", "look at `crumbd queue ls` more often, or raise store_limit"));
    *overflow = dead >= 0 && s->keep_newest ? evict_rows(s, Q_EVICT_READY) : 0;
    if (*overflow > 0 && !s->counted.v[COUNT_store_overflow])
        log_warn("store_limit is reached, and there is no Sentry to send to: the oldest events make room from now on",
                 log_c("path", s->path), log_c("remedy", "set sentry.dsn, or raise store_limit"));
    return dead >= 0 && *overflow >= 0 && store_add_count(s, COUNT_store_overflow, (uint64_t)*overflow);
}

/* They make room for nobody before they are closed, so that reading would stop for good. */
bool store_may_exceed(struct store *s)
{
    int64_t open_bytes = 0;
    return s->keep_newest && store_number(s, Q_OPEN_BYTES, &open_bytes) && open_bytes > 0 &&
           store_used(s) <= s->limit_bytes + (uint64_t)open_bytes;
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
        store_failed(s, "make room");
        rows = 0;
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
    bool gave = evict_dead(s) > 0;
    for (int i = 0; i < SHRINK_STEPS && store_free_pages(s) > STORE_RESERVE_PAGES && shrink(s, Q_SHRINK_FULL); i++) {
        store_restart_wal(s);
        gave = true;
    }
    return gave;
}
