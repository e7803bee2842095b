/*
 * store_renew: a store that SQLite finds damaged, or that somebody has removed, must not stop reading for good.
 *
 * Its files are set aside under its name and the date (crumbd.db.damaged-20261130T081500Z), and a new one takes its
 * place: with the id, positions and counts that the small second copy has (store_copy.c), so that nothing is read twice
 * or skipped, and with all rows that can still be read in the old one, under their ids. What cannot is counted:
 * store_lost. If that fails the old one is put back, as it was, and it is tried again with the next checkpoint; if the
 * process ends meanwhile, at the next start (crumbd.db.renewing is the old one until then).
 *
 * A file is set aside only if it was a store of ours: the copy says so, or its own header. At most ASIDE_MOST stay.
 */
#include "io/store_impl.h"
#include "io/store_issues.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"

enum {
    ASIDE_MOST = 3,
    ROWS_EACH = 512,       /* rows of one transaction */
    PROBES_MOST = 1000000, /* ids that are looked for in what cannot be read in order */
};

/* An id beyond it was never given. */
#define ID_MOST (INT64_C(1) << 60)

static const char *const ends[] = {"", "-wal", "-shm"};

/* ---- is it to be replaced, and ours ---- */

/* The name of the format and the application's number stand in the first hundred bytes, sqlite.org/fileformat2.html. */
static bool has_our_header(const struct store *s)
{
    unsigned char head[72];
    return pread(s->file_fd, head, sizeof head, 0) == sizeof head && memcmp(head, "SQLite format 3", 16) == 0 &&
           ((unsigned)head[68] << 24 | (unsigned)head[69] << 16 | (unsigned)head[70] << 8 | head[71]) ==
               STORE_APPLICATION_ID;
}

bool store_may_be_renewed(const struct store *s)
{
    return s->unusable && !s->tool && store_copy_schema(s) <= STORE_SCHEMA_VERSION &&
           (store_copy_exists(s) || has_our_header(s));
}

bool store_was_emptied(const struct store *s)
{
    struct stat st;
    return fstat(s->file_fd, &st) == 0 && st.st_size == 0 && store_copy_exists(s);
}

/* The rows of events are looked at when their turn comes; they may be hundreds of megabytes. */
bool store_is_sound(struct store *s)
{
    static const char *const tables[] = {"meta", "position", "count", "share", "flood", "overdue", "held", "report"};
    bool sound = true;
    for (size_t i = 0; sound && i < sizeof tables / sizeof *tables; i++) {
        char sql[64];
        int64_t well = 0;
        snprintf(sql, sizeof sql, "SELECT quick_check='ok' FROM pragma_quick_check('%s')", tables[i]);
        sound = store_pragma(s->db, sql, &well) ? well : !store_is_nonsense(s);
    }
    return sound;
}

static bool is_file(const char *path, const struct stat *as)
{
    struct stat st;
    return stat(path, &st) == 0 && (!as || (st.st_dev == as->st_dev && st.st_ino == as->st_ino));
}

bool store_is_gone(const struct store *s)
{
    struct stat own;
    char *wal = xasprintf("%s-wal", s->path);
    bool gone = fstat(s->file_fd, &own) == 0 && (!is_file(s->path, &own) || !is_file(wal, NULL));
    free(wal);
    return gone;
}

/* ---- setting aside ---- */

static char *aside_name(const struct store *s)
{
    char date[32];
    time_t now = (time_t)(store_now_us() / 1000000);
    struct tm tm;
    strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
    char *name = xasprintf("%s.damaged-%s", s->path, date);
    for (unsigned i = 2; is_file(name, NULL) && i < 1000; i++) {
        free(name);
        name = xasprintf("%s.damaged-%s.%u", s->path, date, i);
    }
    return name;
}

/* Gives the files of one store the names of another. False: one of those that are there could not be moved. */
static bool move_files(const char *from, const char *to)
{
    bool ok = true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char *old = xasprintf("%s%s", from, ends[i]), *new = xasprintf("%s%s", to, ends[i]);
        ok = ok && (rename(old, new) == 0 || errno == ENOENT);
        free(old);
        free(new);
    }
    return ok;
}

static void remove_files(const char *path)
{
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char *name = xasprintf("%s%s", path, ends[i]);
        unlink(name);
        free(name);
    }
}

static char *name_meanwhile(const struct store *s)
{
    return xasprintf("%s.renewing", s->path);
}

/* As long as the old one has that name, the new one may lack some of its rows. Before all of the old one's files have
   been moved there is no new one. */
void store_undo_renewal(const struct store *s)
{
    char *meanwhile = name_meanwhile(s);
    if (is_file(meanwhile, NULL)) {
        log_warn("the last run ended while it went on with a new store: that begins once more", log_c("path", s->path));
        if (is_file(s->path, NULL))
            remove_files(s->path);
        move_files(meanwhile, s->path);
    }
    free(meanwhile);
}

/* What has no database is of no use to anybody. */
static void forget_empty(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || st.st_size == 0)
        remove_files(path);
}

static bool is_database(const char *path)
{
    return !slice_ends(slice_str(path), SLICE("-wal")) && !slice_ends(slice_str(path), SLICE("-shm"));
}

/* A disk that damages each store must not fill with them. */
static void keep_few(const struct store *s)
{
    char *pattern = xasprintf("%s.damaged-*", s->path);
    glob_t g;
    int e = glob(pattern, 0, NULL, &g); /* in the order of their dates */
    for (size_t i = e == 0 ? g.gl_pathc : 0, n = 0; i-- > 0;) {
        n += is_database(g.gl_pathv[i]);
        if (!is_database(g.gl_pathv[i]) || n <= ASIDE_MOST)
            continue;
        log_warn("an older damaged store is removed, as there are newer ones", log_c("path", g.gl_pathv[i]));
        remove_files(g.gl_pathv[i]);
    }
    if (e == 0)
        globfree(&g);
    free(pattern);
}

/* ---- what the copy has ---- */

struct restore {
    struct store *to;
    bool identity, ok;
};

static void take_identity(struct store *s, const struct copy_item *item)
{
    memcpy(s->id, item->id.p, sizeof s->id);
    s->old_keys = item->old_keys != 0;
    s->grouping = (unsigned)item->grouping;
}

static bool restore_count(struct store *s, const struct copy_item *item)
{
    store_bind_text(s->stmt[Q_COUNT], 1, item->name);
    sqlite3_bind_int64(s->stmt[Q_COUNT], 2, (int64_t)item->number);
    return store_run(s, Q_COUNT);
}

static bool store_restore_item(void *u, const struct copy_item *item)
{
    struct restore *r = u;
    if (item->kind == COPY_IDENTITY) {
        take_identity(r->to, item);
        r->identity = true;
    } else {
        r->ok = item->kind == COPY_COUNT ? restore_count(r->to, item) : store_put_position(r->to, &item->position);
    }
    return r->ok;
}

static bool write_identity(struct store *s)
{
    char hex[33];
    for (unsigned i = 0; i < sizeof s->id; i++)
        snprintf(hex + 2 * i, 3, "%02x", s->id[i]);
    char *sql = sqlite3_mprintf("UPDATE meta SET value=x'%s' WHERE name='store_id';"
                                "UPDATE meta SET value=%d WHERE name='keys';"
                                "UPDATE meta SET value=%u WHERE name='grouping'",
                                hex, s->old_keys ? 1 : 2, s->grouping);
    bool ok = sql && store_exec(s, sql);
    sqlite3_free(sql);
    return ok;
}

/* ---- what the old one still has ---- */

/* What can be read; what cannot, or does not fit here, is left out. */
static const struct salvage {
    const char *table, *rows;
} salvaged[] = {
    {"flood", "SELECT * FROM flood"},       {"overdue", "SELECT * FROM overdue"},
    {"held", "SELECT * FROM held"},         {"report", "SELECT * FROM report"},
    {"fate", "SELECT * FROM fate"},         {"fate_file", "SELECT * FROM fate_file"},
    {"departed", "SELECT * FROM departed"}, {"meta", "SELECT name,value FROM meta WHERE name='clock_us'"},
    {"issue", "SELECT * FROM issue"},       {"kept", "SELECT * FROM kept"},
};

static const struct salvage salvaged_without_copy[] = {
    {"position", "SELECT * FROM position"},
    {"count", "SELECT * FROM count"},
    {"meta", "SELECT name,value FROM meta WHERE name IN('store_id','keys','grouping')"},
};

static const struct salvage salvaged_event = {
    "event", "SELECT * FROM event WHERE id>?1 AND id<?2 AND state IN(0,1,2) ORDER BY id LIMIT 1"};

struct copying {
    sqlite3_stmt *from, *to;
};

/* The old one may be of an older schema, with fewer columns. */
static char *insert_of(sqlite3_stmt *from, const char *table)
{
    char *names = sqlite3_mprintf(""), *marks = sqlite3_mprintf("");
    for (int i = 0; i < sqlite3_column_count(from); i++) {
        names = sqlite3_mprintf("%z%s\"%w\"", names, i ? "," : "", sqlite3_column_name(from, i));
        marks = sqlite3_mprintf("%z%s?%d", marks, i ? "," : "", i + 1);
    }
    return sqlite3_mprintf("INSERT OR REPLACE INTO %s(%z) VALUES(%z)", table, names, marks);
}

static bool copying_begin(struct copying *c, sqlite3 *from, sqlite3 *to, const struct salvage *what)
{
    *c = (struct copying){0};
    if (sqlite3_prepare_v2(from, what->rows, -1, &c->from, NULL) != SQLITE_OK)
        return false;
    char *insert = insert_of(c->from, what->table);
    bool ok = insert && sqlite3_prepare_v2(to, insert, -1, &c->to, NULL) == SQLITE_OK;
    sqlite3_free(insert);
    return ok;
}

static void copying_end(struct copying *c)
{
    sqlite3_finalize(c->from);
    sqlite3_finalize(c->to);
}

/* Puts the row that the one statement stands on where the other one puts rows. */
static bool copy_row(const struct copying *c)
{
    for (int i = 0; i < sqlite3_column_count(c->from); i++)
        sqlite3_bind_value(c->to, i + 1, sqlite3_column_value(c->from, i));
    bool ok = sqlite3_step(c->to) == SQLITE_DONE;
    sqlite3_reset(c->to);
    sqlite3_clear_bindings(c->to);
    return ok;
}

static void salvage_rows(sqlite3 *from, struct store *to, const struct salvage *what, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct copying c;
        bool ok = copying_begin(&c, from, to->db, &what[i]);
        while (ok && sqlite3_step(c.from) == SQLITE_ROW)
            copy_row(&c);
        copying_end(&c);
    }
}

/* The last id that was given: a table of SQLite's own has it, which may be damaged as well. */
static int64_t last_id(sqlite3 *from)
{
    int64_t given = 0, there = 0;
    store_pragma(from, "SELECT seq FROM sqlite_sequence WHERE name='event'", &given);
    store_pragma(from, "SELECT max(id) FROM event", &there);
    given = given < ID_MOST ? given : 0;
    there = there < ID_MOST ? there : ID_MOST;
    return given > there ? given : there;
}

/* Copies the row that follows the id, and moves the id on: to it, or by one where the page cannot be read. False: there
   is none any more. */
static bool salvage_event(const struct copying *c, int64_t *id, unsigned *probes, bool *full)
{
    sqlite3_bind_int64(c->from, 1, *id);
    sqlite3_bind_int64(c->from, 2, ID_MOST);
    int rc = sqlite3_step(c->from);
    if (rc == SQLITE_ROW) {
        *id = sqlite3_column_int64(c->from, 0);
        copy_row(c);
        *full = (sqlite3_errcode(sqlite3_db_handle(c->to)) & 0xff) == SQLITE_FULL;
    } else {
        ++*id;
    }
    sqlite3_reset(c->from);
    return rc == SQLITE_ROW ? !*full : rc != SQLITE_DONE && ++*probes < PROBES_MOST;
}

/* Some rows from `id` on, as a transaction. False: there are no more, or there is no room for them. */
static bool salvage_some(const struct copying *c, struct store *to, int64_t last, int64_t *id, unsigned *probes)
{
    bool more = store_run(to, Q_BEGIN), full = false;
    for (unsigned n = 0; more && n < ROWS_EACH && *id < last; n++)
        more = salvage_event(c, id, probes, &full);
    if (!full && store_end(to, TAKES_ROOM))
        return more && *id < last;
    store_failed(to, "save the events of a damaged store");
    return false;
}

/* What has no room here stays where it is, and is counted as lost. */
static void salvage_events(sqlite3 *from, struct store *to, int64_t last)
{
    struct copying c;
    unsigned probes = 0;
    int64_t id = 0;
    bool more = copying_begin(&c, from, to->db, &salvaged_event);
    while (more)
        more = salvage_some(&c, to, last, &id, &probes);
    copying_end(&c);
}

/* An id never comes back, so that an answer still on its way cannot hit another row. */
static bool go_on_after(struct store *s, int64_t last)
{
    char *sql = sqlite3_mprintf("DELETE FROM sqlite_sequence WHERE name='event';"
                                "INSERT INTO sqlite_sequence VALUES('event',%lld)",
                                (long long)last);
    bool ok = sql && store_exec(s, sql);
    sqlite3_free(sql);
    return ok;
}

/* ---- the new one ---- */

static int64_t last_taken(const struct store *s)
{
    int64_t last = 0;
    table_each (&s->taken, slot) {
        const struct delivery *o = slot->value;
        last = o->id > last ? o->id : last;
    }
    return last;
}

/* Counts the rows that were to be sent by the counts of all runs, and are not there; what a checkpoint had stored ahead
   of its rest, which is stored as a whole now; and that it happened. */
static bool count_renewal(struct store *fresh, struct store *old)
{
    int64_t more = 0;
    uint64_t ahead = count_sum(&old->ahead, COUNT_BECAME);
    if (!store_unnamed_rows(fresh, &more))
        return false;
    fresh->counted.v[COUNT_store_lost] = more < 0 ? (uint64_t)-more : 0;
    fresh->counted.v[COUNT_stored_ahead] = ahead;
    fresh->counted.v[COUNT_stores_renewed] = 1;
    fresh->unnamed_rows = more > 0 ? more : 0;
    return store_run(fresh, Q_RENEWED) &&
           store_add_count(fresh, COUNT_store_lost, fresh->counted.v[COUNT_store_lost]) &&
           store_add_count(fresh, COUNT_stored_ahead, ahead) && store_add_count(fresh, COUNT_stores_renewed, 1);
}

/* The id of a store that runs is in use. */
static bool set_identity(struct store *fresh, const struct store *old, bool restored, struct diag *d)
{
    if (old->identified) {
        memcpy(fresh->id, old->id, sizeof fresh->id);
        fresh->old_keys = old->old_keys;
        fresh->grouping = old->grouping;
    }
    return (!(restored || old->identified) || write_identity(fresh)) && store_read_id(fresh, d);
}

/* All but the events. */
static bool fill_small(struct store *fresh, struct store *old, struct diag *d)
{
    enum { TABLES = sizeof salvaged / sizeof *salvaged, OTHERS = sizeof salvaged_without_copy / sizeof *salvaged };
    struct restore r = {.to = fresh, .ok = true};
    bool ok = store_run(fresh, Q_BEGIN);
    store_copy_read(old, store_restore_item, &r);
    if (r.ok && old->db)
        salvage_rows(old->db, fresh, salvaged, TABLES);
    if (r.ok && old->db && !r.identity)
        salvage_rows(old->db, fresh, salvaged_without_copy, OTHERS);
    return ok && r.ok && set_identity(fresh, old, r.identity, d) && store_end(fresh, TAKES_ROOM);
}

static bool fill(struct store *fresh, struct store *old, struct diag *d)
{
    int64_t taken = last_taken(old), given = old->db ? last_id(old->db) : 0;
    bool ok = fill_small(fresh, old, d);
    if (ok && old->db)
        salvage_events(old->db, fresh, given);
    ok = ok && store_run(fresh, Q_BEGIN) && go_on_after(fresh, given > taken ? given : taken) &&
         count_renewal(fresh, old) && store_end(fresh, GIVES_ROOM);
    if (!ok)
        store_failed(fresh, "go on with a new store");
    return ok;
}

static struct store *make_fresh(struct store *s, struct diag *d)
{
    struct store *fresh = store_new(s->path, STORE_DAEMON, s->limit_bytes);
    fresh->file_fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    bool ok = fresh->file_fd >= 0 || err_plain(d, "cannot make %s: %s", s->path, strerror(errno));
    if (ok && store_open_database(fresh, STORE_DAEMON, d) && fill(fresh, s, d))
        return fresh;
    store_free(fresh);
    return NULL;
}

/* Takes the database of the new one, and leaves the old one's to it. */
static void swap(struct store *s, struct store *fresh)
{
    sqlite3 *db = s->db;
    int fd = s->file_fd;
    s->db = fresh->db;
    s->file_fd = fresh->file_fd;
    fresh->db = db;
    fresh->file_fd = fd;
    for (int i = 0; i < Q_N; i++) {
        sqlite3_stmt *q = s->stmt[i];
        s->stmt[i] = fresh->stmt[i];
        fresh->stmt[i] = q;
    }
    s->page_bytes = fresh->page_bytes;
    s->part_bytes = s->part_most_bytes = fresh->part_most_bytes;
    memcpy(s->id, fresh->id, sizeof s->id);
    s->old_keys = fresh->old_keys;
    s->grouping = fresh->grouping;
    s->unnamed_rows = fresh->unnamed_rows;
    count_add(&s->counted, &s->ahead);
    count_add(&s->counted, &fresh->counted);
    s->ahead = (struct counts){0};
}

static void say_renewed(struct store *s, const char *why, const char *aside)
{
    struct store_totals t;
    store_totals(s, &t);
    log_error("the store cannot be used any more: a new one goes on where it was", log_c("path", s->path),
              log_c("why", why), log_c("set_aside", is_file(aside, NULL) ? aside : "nothing was left of it"),
              log_i("rows_kept", (int64_t)(t.open + t.ready + t.dead)),
              log_i("events_lost", (int64_t)s->counted.v[COUNT_store_lost]),
              log_c("hint", "look for what damages or removes files there; `sqlite3 FILE .recover` may get more out of "
                            "the one set aside"));
}

/* So that it neither copies its WAL into what is damaged, nor removes the new one's WAL as its own. */
static void let_go(struct store *s)
{
    for (int i = 0; i < Q_N; i++)
        sqlite3_reset(s->stmt[i]);
    if (!s->db)
        return;
    if (!sqlite3_get_autocommit(s->db))
        store_exec(s, "ROLLBACK");
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

bool store_renew(struct store *s, const char *why)
{
    struct diag d = {0};
    char *aside = aside_name(s), *meanwhile = name_meanwhile(s);
    let_go(s);
    bool moved = move_files(s->path, meanwhile);
    struct store *fresh = moved ? make_fresh(s, &d) : NULL;
    if (fresh) {
        move_files(meanwhile, aside);
        swap(s, fresh);
        store_free(fresh);
        s->unusable = false;
        s->renewals++;
        if (s->fates.limit_bytes)
            store_keep_fates(s, s->fates.limit_bytes);
        if (s->issues.limit_bytes)
            store_keep_issues(s, s->issues.limit_bytes, s->issues.keep_us);
        store_copy_write(s);
        forget_empty(aside);
        say_renewed(s, why, aside);
        keep_few(s);
    } else {
        log_error("the store cannot be used, and no new one can take its place", log_c("path", s->path),
                  log_c("why", why), log_c("error", d.n ? d.v[0].text : strerror(errno)),
                  log_c("hint", "make room, and see that crumbd's user may write in the folder; it is tried again"));
        if (moved)
            remove_files(s->path);
        move_files(meanwhile, s->path);
    }
    err_done(&d);
    free(aside);
    free(meanwhile);
    return fresh != NULL;
}
