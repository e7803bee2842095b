/*
 * store_departed: which events have left the outbox, and how, for those who ask later (store_fates.h). Whoever deletes
 * a row says it before; the COMMIT of the transaction writes all that was said in it, many ids in a row, also those of
 * several transactions of a second.
 */
#include <string.h>

#include "io/store_impl.h"

enum {
    ID_BYTES = 16,
    LEAVING_BYTES_MAX = 256 << 10,
    ROW_BYTES_MAX = 1 << 10, /* to which a row grows, written anew each time */
    SECOND_US = 1000000,
};

void store_depart_id(struct store *s, const uint8_t event_id[16], enum store_departed how)
{
    struct sbuf *ids = &s->fates.leaving[how];
    if (!s->fates.limit_bytes && !s->tool)
        return;
    ids->max = LEAVING_BYTES_MAX; /* of more nothing is said */
    sbuf_add(ids, event_id, ID_BYTES);
}

void store_depart(struct store *s, enum query rows, enum store_departed how)
{
    sqlite3_stmt *q = s->stmt[rows];
    while (sqlite3_step(q) == SQLITE_ROW) {
        struct slice id = store_column(q, 0);
        if (id.n == ID_BYTES)
            store_depart_id(s, (const uint8_t *)id.p, how);
    }
    sqlite3_reset(q);
}

/* Those that left longest ago. */
static bool forget_some(struct store *s)
{
    sqlite3_stmt *q = s->stmt[Q_DEPARTED_FIRST];
    int rc = sqlite3_step(q);
    int64_t number = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    uint64_t bytes = STORE_FATE_BYTES + (rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(q, 1) : 0),
             *all = &s->fates.now.departed_bytes;
    sqlite3_reset(q);
    *all -= rc == SQLITE_ROW && bytes < *all ? bytes : *all;
    sqlite3_bind_int64(s->stmt[Q_DEPARTED_GONE], 1, number);
    return rc != SQLITE_ROW || store_run(s, Q_DEPARTED_GONE);
}

/* The last row, if these may go in with it: of the same kind and second, and small. 0: they may not. */
static int64_t row_with_room(struct store *s, size_t bytes, enum store_departed how, int64_t now_us)
{
    sqlite3_stmt *q = s->stmt[Q_DEPARTED_LAST];
    int64_t number = 0;
    if (sqlite3_step(q) == SQLITE_ROW && sqlite3_column_int(q, 1) == (int)how &&
        sqlite3_column_int64(q, 2) / SECOND_US == now_us / SECOND_US &&
        (uint64_t)sqlite3_column_int64(q, 3) + bytes <= ROW_BYTES_MAX)
        number = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    return number;
}

static bool add_to_row(struct store *s, int64_t number, struct slice ids)
{
    sqlite3_stmt *q = s->stmt[Q_DEPARTED_MORE];
    sqlite3_bind_int64(q, 1, number);
    sqlite3_bind_blob(q, 2, ids.p, (int)ids.n, SQLITE_STATIC);
    s->fates.now.departed_bytes += ids.n;
    return store_run(s, Q_DEPARTED_MORE);
}

static bool add_row(struct store *s, struct slice ids, enum store_departed how, int64_t now_us)
{
    sqlite3_stmt *q = s->stmt[Q_DEPARTED];
    sqlite3_bind_int64(q, 1, now_us);
    sqlite3_bind_int(q, 2, (int)how);
    sqlite3_bind_blob(q, 3, ids.p, (int)ids.n, SQLITE_STATIC);
    s->fates.now.departed_bytes += ids.n + STORE_FATE_BYTES;
    return store_run(s, Q_DEPARTED);
}

static bool put(struct store *s, struct slice ids, enum store_departed how)
{
    const uint64_t *all = &s->fates.now.departed_bytes;
    int64_t now_us = store_now_us();
    while (!s->tool && *all && *all + ids.n + STORE_FATE_BYTES > s->fates.limit_bytes / STORE_DEPARTED_PART)
        if (!forget_some(s))
            return false;
    int64_t number = row_with_room(s, ids.n, how, now_us);
    return number ? add_to_row(s, number, ids) : add_row(s, ids, how, now_us);
}

/* Where room is short it is the first thing to go without. */
bool store_put_departed(struct store *s)
{
    bool ok = true;
    for (unsigned how = 0; ok && how < STORE_DEPARTED_N && !s->disk_full; how++)
        ok = !s->fates.leaving[how].n || put(s, sbuf_slice(&s->fates.leaving[how]), (enum store_departed)how);
    return ok;
}
