#include "io/store_fates.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/log.h"
#include "io/store_impl.h"
#include "io/tail_position.h"

/* ---- writing ---- */

static bool number_of(struct store *s, const char *text, uint64_t *out)
{
    int64_t v = 0;
    bool ok = store_pragma(s->db, text, &v);
    *out = (uint64_t)v;
    return ok;
}

static bool forget_all(struct store *s)
{
    bool ok = store_run(s, Q_BEGIN) && store_run(s, Q_FATES_NONE) && store_run(s, Q_FATE_FILES_NONE) &&
              store_run(s, Q_DEPARTED_NONE) && store_end(s, GIVES_ROOM);
    return ok || (store_failed(s, "forget what became of lines"), false);
}

uint64_t store_keep_fates(struct store *s, uint64_t limit_bytes)
{
    uint64_t share = s->limit_bytes / STORE_FATES_SHARE, number = 0;
    struct store_fates *f = &s->fates;
    f->limit_bytes = limit_bytes < share || !s->limit_bytes ? limit_bytes : share;
    if (!number_of(s, "SELECT ifnull(max(number),0) FROM fate", &number) ||
        !number_of(s, "SELECT ifnull(sum(length(bytes)+48),0) FROM fate", &f->kept.bytes) ||
        !number_of(s, "SELECT ifnull(sum(length(ids)+48),0) FROM departed", &f->kept.departed_bytes)) {
        store_failed(s, "read what became of lines");
        f->limit_bytes = 0;
        return 0;
    }
    if (limit_bytes)
        return number + 1;
    if (f->kept.bytes + f->kept.departed_bytes)
        forget_all(s);
    return 0;
}

bool store_put_fates(struct store *s, const struct fates_chunk *c)
{
    sqlite3_stmt *q = s->stmt[Q_FATE];
    if (!s->fates.limit_bytes)
        return true;
    sqlite3_bind_int64(q, 1, (sqlite3_int64)c->number);
    sqlite3_bind_int64(q, 2, (sqlite3_int64)c->file);
    sqlite3_bind_int64(q, 3, (sqlite3_int64)c->first);
    sqlite3_bind_int64(q, 4, (sqlite3_int64)c->end);
    sqlite3_bind_blob(q, 5, c->bytes.p, (int)c->bytes.n, SQLITE_STATIC);
    s->fates.now.bytes += c->told_bytes ? c->bytes.n - c->told_bytes : c->bytes.n + STORE_FATE_BYTES;
    return store_run(s, Q_FATE);
}

static bool run_for_file(struct store *s, enum query which, uint64_t file)
{
    sqlite3_bind_int64(s->stmt[which], 1, (sqlite3_int64)file);
    return store_run(s, which);
}

/* Its last place. An input that has given the file to another has none to tell. */
bool store_keep_fate_file(struct store *s, const struct position *p)
{
    uint64_t file;
    if (!s->fates.limit_bytes || !p->blob.n || !tail_position_hex(p->part, &file))
        return true;
    sqlite3_stmt *q = s->stmt[Q_FATE_FILE];
    sqlite3_bind_int64(q, 2, (sqlite3_int64)p->offset);
    sqlite3_bind_blob(q, 3, p->blob.p, (int)p->blob.n, SQLITE_STATIC);
    return run_for_file(s, Q_FATE_FILE, file);
}

/* The one begun longest ago. */
static bool forget_chunk(struct store *s)
{
    sqlite3_stmt *q = s->stmt[Q_FATE_FIRST];
    if (sqlite3_step(q) != SQLITE_ROW) {
        sqlite3_reset(q);
        s->fates.now.bytes = 0; /* as it is */
        return true;
    }
    int64_t number = sqlite3_column_int64(q, 0), file = sqlite3_column_int64(q, 1), end = sqlite3_column_int64(q, 2);
    uint64_t bytes = (uint64_t)sqlite3_column_int64(q, 3) + STORE_FATE_BYTES;
    sqlite3_reset(q);
    s->fates.now.bytes -= bytes < s->fates.now.bytes ? bytes : s->fates.now.bytes;
    sqlite3_bind_int64(s->stmt[Q_FATE_FORGET], 2, end);
    sqlite3_bind_int64(s->stmt[Q_FATE_GONE], 1, number);
    return run_for_file(s, Q_FATE_FORGET, (uint64_t)file) && store_run(s, Q_FATE_GONE) &&
           run_for_file(s, Q_FATE_FILE_GONE, (uint64_t)file);
}

bool store_fates_within_limit(struct store *s)
{
    bool ok = true;
    while (ok && s->fates.now.bytes && s->fates.now.bytes + s->fates.now.departed_bytes > s->fates.limit_bytes)
        ok = forget_chunk(s);
    return ok;
}

/* ---- reading ---- */

bool store_hold_moment(struct store *s)
{
    uint64_t any;
    return (store_exec(s, "BEGIN") && number_of(s, "SELECT ifnull(max(number),0) FROM fate", &any)) ||
           (store_failed(s, "read what became of lines"), false);
}

bool store_fates(struct store *s, uint64_t file, bool all, fates_chunk_f *each, void *u)
{
    enum query which = all ? Q_FATES_BYTES : Q_FATES;
    sqlite3_stmt *q = s->stmt[which];
    int rc;
    sqlite3_bind_int64(q, 1, (sqlite3_int64)file);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        const struct fates_chunk c = {.number = (uint64_t)sqlite3_column_int64(q, 0),
                                      .file = (uint64_t)sqlite3_column_int64(q, 1),
                                      .first = (uint64_t)sqlite3_column_int64(q, 2),
                                      .end = (uint64_t)sqlite3_column_int64(q, 3),
                                      .bytes = all ? store_column(q, 4) : SLICE_NONE};
        each(u, &c);
    }
    sqlite3_reset(q);
    return rc == SQLITE_DONE || (store_failed(s, "read what became of lines"), false);
}

struct slice store_fates_bytes(struct store *s, uint64_t number, struct arena *a)
{
    sqlite3_stmt *q = s->stmt[Q_FATE_BYTES];
    sqlite3_bind_int64(q, 1, (sqlite3_int64)number);
    struct slice bytes = sqlite3_step(q) == SQLITE_ROW ? arena_dup(a, store_column(q, 0)) : SLICE_NONE;
    sqlite3_reset(q);
    return bytes;
}

uint64_t store_fates_forgotten(struct store *s, uint64_t file)
{
    sqlite3_stmt *q = s->stmt[Q_FATE_FORGOTTEN];
    sqlite3_bind_int64(q, 1, (sqlite3_int64)file);
    uint64_t to = sqlite3_step(q) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(q, 0) : 0;
    sqlite3_reset(q);
    return to;
}

void store_fate_files(struct store *s, position_f *each, void *u)
{
    sqlite3_stmt *q = s->stmt[Q_FATE_FILES];
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        const struct position p = {.part = store_column(q, 0),
                                   .offset = (uint64_t)sqlite3_column_int64(q, 1),
                                   .blob = store_column(q, 2),
                                   .closed = true};
        each(u, &p);
    }
    sqlite3_reset(q);
    if (rc != SQLITE_DONE)
        store_failed(s, "read which files there were");
}

void store_departures(struct store *s, void (*each)(void *u, const struct store_departure *d), void *u)
{
    sqlite3_stmt *q = s->stmt[Q_DEPARTED_ALL];
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct store_departure d = {.at_us = sqlite3_column_int64(q, 0),
                                    .how = (enum store_departed)sqlite3_column_int(q, 1)};
        struct slice ids = store_column(q, 2);
        for (size_t i = 0; i + sizeof d.event_id <= ids.n; i += sizeof d.event_id) {
            memcpy(d.event_id, ids.p + i, sizeof d.event_id);
            each(u, &d);
        }
    }
    sqlite3_reset(q);
    if (rc != SQLITE_DONE)
        store_failed(s, "read what has left the outbox");
}
