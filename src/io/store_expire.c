/* store_expire: rows that have waited for so long that Sentry would not take them for what they are. */
#include "io/store_impl.h"

enum { EXPIRE_ROWS = 256 }; /* that go in one transaction, while everything else waits */

/* 2026: a host whose clock is before it has not been told the time. */
#define CLOCK_KNOWN_US (INT64_C(1767225600) * 1000000)

struct expired {
    int64_t id[EXPIRE_ROWS];
    enum item_kind kind[EXPIRE_ROWS];
    unsigned n;
};

/* Rows that are on their way stay: they may arrive. */
static bool find_expired(struct store *s, struct slice project, int64_t before_us, struct expired *out)
{
    sqlite3_stmt *q = s->stmt[Q_EXPIRED];
    int rc = SQLITE_DONE;
    store_bind_text(q, 1, project);
    sqlite3_bind_int64(q, 2, before_us);
    while (out->n < EXPIRE_ROWS && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        int64_t kind = sqlite3_column_int64(q, 1);
        if (table_get(&s->taken, (uint64_t)sqlite3_column_int64(q, 0)))
            continue;
        out->id[out->n] = sqlite3_column_int64(q, 0);
        out->kind[out->n++] = kind > 0 && kind < ITEM_KINDS ? (enum item_kind)kind : ITEM_EVENT;
    }
    sqlite3_reset(q);
    return rc == SQLITE_DONE || rc == SQLITE_ROW;
}

static bool delete_expired(struct store *s, struct slice project, const struct expired *rows)
{
    bool ok = store_run(s, Q_BEGIN);
    for (unsigned i = 0; ok && i < rows->n; i++) {
        const struct store_report r = {.project = project,
                                       .reason = slice_str(count_rows[COUNT_expired].reason),
                                       .category = slice_str(item_traits[rows->kind[i]].category),
                                       .quantity = 1};
        sqlite3_bind_int64(s->stmt[Q_EVENT_ID], 1, rows->id[i]);
        store_depart(s, Q_EVENT_ID, STORE_DEPARTED_EXPIRED);
        sqlite3_bind_int64(s->stmt[Q_SENT], 1, rows->id[i]);
        ok = store_run(s, Q_SENT) && store_put_report(s, &r);
    }
    return ok && store_add_count(s, COUNT_expired, rows->n) && store_end(s, GIVES_ROOM);
}

/* A row that came while the clock was wrong has come now: by a clock that was ahead it would stay until that time and
   longer, by one that did not know the time yet it would go at once. What is ahead by less than it may wait keeps its
   time, lest a clock that is behind make it old. */
static bool mend_times(struct store *s, struct slice project, int64_t before_us, bool *more)
{
    sqlite3_stmt *q = s->stmt[Q_CAME_NOW];
    int64_t now_us = store_now_us();
    *more = false;
    if (now_us < CLOCK_KNOWN_US)
        return true;
    store_bind_text(q, 1, project);
    sqlite3_bind_int64(q, 2, now_us);
    sqlite3_bind_int64(q, 3, now_us + (now_us - before_us));
    sqlite3_bind_int64(q, 4, CLOCK_KNOWN_US);
    sqlite3_bind_int(q, 5, EXPIRE_ROWS);
    bool ok = store_run(s, Q_BEGIN) && store_run(s, Q_CAME_NOW);
    *more = ok && sqlite3_changes(s->db) == EXPIRE_ROWS;
    return ok && store_end(s, GIVES_ROOM);
}

unsigned store_expire(struct store *s, struct slice project, int64_t before_us, bool *more)
{
    struct expired rows = {.n = 0};
    bool ok = mend_times(s, project, before_us, more);
    if (ok && *more)
        return 0;
    ok = ok && find_expired(s, project, before_us, &rows) && (!rows.n || delete_expired(s, project, &rows));
    *more = ok && rows.n == EXPIRE_ROWS;
    if (!ok) {
        store_failed(s, "give up events that have waited too long");
        return 0;
    }
    s->counted.v[COUNT_expired] += rows.n;
    return rows.n;
}
