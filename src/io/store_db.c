/* store_db: the ground of the store's files: statements bound and run, numbers asked of the database. No transaction is
 * begun here. */
#include "io/store_impl.h"

#include <errno.h>

#include "io/clock.h"

int64_t store_now_us(void)
{
    return clock_steady_us();
}

const char *store_version(void)
{
    return sqlite3_libversion();
}

const char *store_error(const struct store *s)
{
    return s->error;
}

void store_bind_text(sqlite3_stmt *q, int i, struct slice v)
{
    sqlite3_bind_text(q, i, v.p ? v.p : "", (int)v.n, SQLITE_STATIC);
}

bool store_run(struct store *s, enum query which)
{
    if (which == Q_BEGIN)
        store_fates_begin(s);
    int rc;
    errno = 0;
    if (which == Q_BEGIN)
        store_copy_begin(s);
    while ((rc = sqlite3_step(s->stmt[which])) == SQLITE_ROW)
        ;
    /* sqlite3_system_errno knows nothing of a COMMIT that could not be written. */
    s->os_error = errno;
    sqlite3_reset(s->stmt[which]);
    return rc == SQLITE_DONE;
}

bool store_number(struct store *s, enum query which, int64_t *out)
{
    bool ok = sqlite3_step(s->stmt[which]) == SQLITE_ROW;
    if (ok)
        *out = sqlite3_column_int64(s->stmt[which], 0);
    sqlite3_reset(s->stmt[which]);
    return ok;
}

static int64_t number(struct store *s, enum query which)
{
    int64_t v;
    return store_number(s, which, &v) ? v : -1;
}

bool store_pragma(sqlite3 *db, const char *text, int64_t *out)
{
    sqlite3_stmt *q = NULL;
    bool ok = sqlite3_prepare_v2(db, text, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW;
    if (ok)
        *out = sqlite3_column_int64(q, 0);
    return sqlite3_finalize(q) == SQLITE_OK && ok;
}

bool store_exec(struct store *s, const char *text)
{
    return sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK;
}

struct slice store_column(sqlite3_stmt *q, int i)
{
    const void *p =
        sqlite3_column_blob(q, i); /* the blob is asked for first, so that the length is that of what it points to */
    return slice_of(p, (size_t)sqlite3_column_bytes(q, i));
}

bool store_add_count(struct store *s, enum count which, uint64_t v)
{
    if (v == 0)
        return true;
    store_bind_text(s->stmt[Q_COUNT], 1, slice_str(count_rows[which].name));
    sqlite3_bind_int64(s->stmt[Q_COUNT], 2, (int64_t)v);
    store_copy_count(s, count_rows[which].name, v);
    return store_run(s, Q_COUNT);
}

bool store_read_counts(struct store *s, enum query which, struct counts *out, int64_t *unnamed)
{
    sqlite3_stmt *q = s->stmt[which];
    int rc;
    *out = (struct counts){0};
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct slice name = store_column(q, 0);
        if (!name.p)
            *unnamed = sqlite3_column_int64(q, 1);
        for (int i = 0; i < COUNT_N; i++)
            if (slice_is(name, count_rows[i].name))
                out->v[i] = (uint64_t)sqlite3_column_int64(q, 1);
    }
    sqlite3_reset(q);
    return rc == SQLITE_DONE;
}

uint64_t store_pages_bytes(struct store *s)
{
    int64_t pages = number(s, Q_PAGES);
    return pages > 0 ? (uint64_t)pages * s->page_bytes : 0;
}

uint64_t store_free_pages(struct store *s)
{
    int64_t pages = number(s, Q_FREE_PAGES);
    return pages > 0 ? (uint64_t)pages : 0;
}

uint64_t store_rows_used(struct store *s)
{
    uint64_t used = store_used(s), issues = s->issues.now_bytes;
    return used > issues ? used - issues : 0;
}

uint64_t store_used(struct store *s)
{
    int64_t pages = number(s, Q_PAGES), free_pages = number(s, Q_FREE_PAGES);
    return pages > free_pages && free_pages >= 0 ? (uint64_t)(pages - free_pages) * s->page_bytes : 0;
}

bool store_is_nonsense(struct store *s)
{
    switch (sqlite3_errcode(s->db) & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
    case SQLITE_ERROR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
        return true;
    default:
        return false;
    }
}

bool store_open_failed(struct store *s, struct diag *d, const char *doing)
{
    int rc = sqlite3_extended_errcode(s->db), os = sqlite3_system_errno(s->db);
    s->unusable |= store_is_nonsense(s);
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
        return err_plain(d,
                         "the store %s is damaged or no database (%s). Move it aside together with its -wal "
                         "and -shm files and "
                         "start again; `sqlite3 FILE .recover` can get events out of the old one",
                         s->path, sqlite3_errmsg(s->db));
    return err_plain(d, "cannot %s the store %s: %s%s%s%s", doing, s->path, sqlite3_errmsg(s->db), os ? ", " : "",
                     os ? strerror(os) : "",
                     os == EACCES ? "; root may open it, and the user crumbd runs as, to whom it must belong" : "");
}
