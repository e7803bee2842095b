/* store_life: a store as memory, its database open or not; for store.c, and for the new one of store_renew.c. */
#include "io/store_impl.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/safe_open.h"

enum {
    TOOL_BUSY_MS = 10000,
    CACHE_KIB = 1024,
};

static bool check_schema(struct store *s, enum store_mode mode, struct diag *d)
{
    int64_t version, application, pages;
    if (!store_pragma(s->db, "PRAGMA user_version", &version) ||
        !store_pragma(s->db, "PRAGMA application_id", &application) ||
        !store_pragma(s->db, "PRAGMA page_count", &pages))
        return store_open_failed(s, d, "read");
    bool fresh = version == 0 && application == 0 && pages <= 1;
    /* Numbers that mean somebody else, where the copy knows that the store was ours, are damage. */
    bool other = !fresh && application != STORE_APPLICATION_ID;
    bool newer = version > STORE_SCHEMA_VERSION || version < 0; /* which only a newer one could give a meaning */
    s->unusable = (other || newer) && store_copy_exists(s);
    if (other)
        return err_plain(d, "%s is an SQLite database of some other program; give `store` another path", s->path);
    if (newer)
        return err_plain(d,
                         "the store %s was made by a newer crumbd (schema %lld, this one knows %d); run that one, "
                         "start with another store, "
                         "or put the copy in its place that was made before the upgrade (%s.schema-%d, if it is there)",
                         s->path, (long long)version, STORE_SCHEMA_VERSION, s->path, STORE_SCHEMA_VERSION);
    if (version == STORE_SCHEMA_VERSION)
        return true;
    if (mode == STORE_TOOL)
        return err_plain(d, "the store %s %s; start the daemon once to set it up", s->path,
                         fresh ? "is empty" : "is of an older crumbd");
    /* auto_vacuum can only be chosen before the first page is written. */
    if (fresh && !store_exec(s, "PRAGMA auto_vacuum=INCREMENTAL"))
        return store_open_failed(s, d, "set up");
    return store_exec(s, "PRAGMA journal_mode=WAL") ? store_upgrade(s, version, d) : store_open_failed(s, d, "set up");
}

/* What SQLite sorts or undoes on disk goes where the store is, and not to a /tmp that crumbd may not write. */
static void keep_temporary_files(const char *path)
{
    const char *slash = strrchr(path, '/');
    sqlite3_free(sqlite3_temp_directory);
    sqlite3_temp_directory =
        slash ? sqlite3_mprintf("%.*s", slash > path ? (int)(slash - path) : 1, path) : sqlite3_mprintf(".");
}

bool store_open_database(struct store *s, enum store_mode mode, struct diag *d)
{
    if (!s->tool)
        keep_temporary_files(s->path);
    if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return store_open_failed(s, d, "open");
    sqlite3_busy_timeout(s->db, mode == STORE_TOOL ? TOOL_BUSY_MS : DAEMON_BUSY_MS);
    /* A store that is refused stays as it is, its WAL too. */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (!check_schema(s, mode, d))
        return false;
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    /*
     * NORMAL syncs the WAL only at a checkpoint. Positions, events and counts are in one transaction, so what
     * a power loss takes is a number of whole last transactions: work resumes at an earlier consistent checkpoint,
     * reads the files again from there, and makes the same event ids. A crash of the process loses nothing.
     * FULL would cost an fsync every 200 ms for no promise.
     */
    /* recursive_triggers: REPLACE tells the trigger of the row that goes. The others: what the pages hold may be
     * anything. */
    char *tune = xasprintf("PRAGMA synchronous=NORMAL; PRAGMA cache_size=-%d;"
                           "PRAGMA recursive_triggers=ON; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;",
                           CACHE_KIB);
    bool ok = store_exec(s, tune);
    free(tune);
    int64_t page_bytes = 0;
    ok = ok && store_pragma(s->db, "PRAGMA page_size", &page_bytes);
    s->page_bytes = (uint64_t)page_bytes;
    ok = ok && (s->tool || store_bound_wal(s));
    for (int i = 0; ok && i < Q_N; i++)
        ok = sqlite3_prepare_v3(s->db, store_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[i], NULL) == SQLITE_OK;
    if (!ok)
        return store_open_failed(s, d, "prepare");
    if (!s->tool && store_size_is_possible(s)) {
        store_take_wal_room(s);
        store_hold_reserve(s);
        store_hold_spare(s);
    }
    return true;
}

bool store_read_id(struct store *s, struct diag *d)
{
    sqlite3_stmt *q = NULL;
    bool ok = sqlite3_prepare_v2(s->db, "SELECT value FROM meta WHERE name='store_id'", -1, &q, NULL) == SQLITE_OK &&
              sqlite3_step(q) == SQLITE_ROW && sqlite3_column_bytes(q, 0) == (int)sizeof s->id;
    if (ok)
        memcpy(s->id, sqlite3_column_blob(q, 0), sizeof s->id);
    sqlite3_finalize(q);
    int64_t keys = 0;
    ok = ok && store_pragma(s->db, "SELECT value FROM meta WHERE name='keys'", &keys);
    s->old_keys = keys == 1;
    int64_t grouping = 0;
    ok = ok && store_pragma(s->db, "SELECT value FROM meta WHERE name='grouping'", &grouping);
    s->grouping = (unsigned)grouping;
    s->identified = ok;
    s->unusable |= !ok && store_is_nonsense(s);
    return ok || store_open_failed(s, d, "read the id of");
}

struct store *store_new(const char *path, enum store_mode mode, uint64_t limit_bytes)
{
    static const struct options usual = {.scrub = {.defaults = true, .emails = true}};
    struct store *s = xcalloc(1, sizeof *s);
    s->scrub = scrub_new(&usual);
    s->path = xstrdup(path);
    safe_own(path);
    s->lock_fd = s->file_fd = -1;
    s->tool = mode == STORE_TOOL;
    s->limit_bytes = limit_bytes;
    s->pending = xcalloc(STORE_DELIVERIES_MAX, sizeof(struct delivery *));
    sbuf_init(&s->zipped, 2 * STORE_PAYLOAD_MAX);
    store_copy_init(s);
    return s;
}

void store_close_database(struct store *s)
{
    for (int i = 0; i < Q_N; i++) {
        sqlite3_finalize(s->stmt[i]);
        s->stmt[i] = NULL;
    }
    sqlite3_close(s->db);
    s->db = NULL;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    free(s->pending);
    store_close_database(s);
    if (s->file_fd >= 0) /* not before: closing any descriptor of a file gives up SQLite's locks on it, fcntl(2) */
        close(s->file_fd);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    store_copy_done(s);
    sbuf_done(&s->zipped);
    for (unsigned how = 0; how < STORE_DEPARTED_N; how++)
        sbuf_done(&s->fates.leaving[how]);
    safe_disown(s->path);
    scrub_free(s->scrub);
    free(s->path);
    free(s);
}
