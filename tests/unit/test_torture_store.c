/*
 * The store while what lies under it fails: the n-th read, write, sync, open or truncation of SQLite, or its n-th
 * allocation, for every n that the course below reaches, once each and from there on to the end. Whatever fails, a
 * checkpoint is there whole or not at all; one that was said to be stored is there, and an event that was said to be
 * sent does not come again.
 *
 * The faults are made below SQLite: by a VFS that stands before the real one, and by an allocator that stands before
 * malloc. What the store must hold afterwards is kept here, by what its calls answered.
 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/store.h"

enum {
    CHECKPOINTS = 3,
    EVENTS_EACH = 2,
    MEMORY_STEP = 17, /* of thousands of allocations each is too many for every run; TORTURE_ALL=1 in the environment
                         takes them all */
};

/* --- faults --- */

enum place { DISK, MEMORY };

static struct {
    enum place place;
    long left;     /* operations that still go well; negative: there are no faults */
    bool for_good; /* those after it fail as well */
    bool full;     /* writing fails for want of room, not by an error of the device */
    unsigned made;
} fault = {.left = -1};

static bool fails(enum place place)
{
    if (fault.left < 0 || fault.place != place)
        return false;
    if (fault.left > 0) {
        fault.left--;
        return false;
    }
    if (!fault.for_good)
        fault.left = -1;
    fault.made++;
    return true;
}

/* --- a VFS before the real one --- */

struct file {
    sqlite3_file base;
    sqlite3_file *real;
};

static sqlite3_vfs *disk, shim;

static sqlite3_file *real(sqlite3_file *f)
{
    return ((struct file *)f)->real;
}

static int file_close(sqlite3_file *f)
{
    int rc = real(f)->pMethods ? real(f)->pMethods->xClose(real(f)) : SQLITE_OK;
    sqlite3_free(real(f));
    return rc;
}

static int file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    return fails(DISK) ? SQLITE_IOERR_READ : real(f)->pMethods->xRead(real(f), to, n, at);
}

static int file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    if (!fails(DISK))
        return real(f)->pMethods->xWrite(real(f), from, n, at);
    real(f)->pMethods->xWrite(real(f), from, n / 2, at); /* a part may have got there */
    return fault.full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return fails(DISK) ? SQLITE_IOERR_TRUNCATE : real(f)->pMethods->xTruncate(real(f), size);
}

static int file_sync(sqlite3_file *f, int flags)
{
    (void)f;
    (void)flags;
    return fails(DISK) ? SQLITE_IOERR_FSYNC : SQLITE_OK; /* no power is lost here, and a real one takes its time */
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return fails(DISK) ? SQLITE_IOERR_FSTAT : real(f)->pMethods->xFileSize(real(f), size);
}

static int file_lock(sqlite3_file *f, int how)
{
    return real(f)->pMethods->xLock(real(f), how);
}

static int file_unlock(sqlite3_file *f, int how)
{
    return real(f)->pMethods->xUnlock(real(f), how);
}

static int file_reserved(sqlite3_file *f, int *out)
{
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int file_sector(sqlite3_file *f)
{
    return real(f)->pMethods->xSectorSize(real(f));
}

static int file_traits(sqlite3_file *f)
{
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return fails(DISK) ? SQLITE_IOERR_SHMMAP : real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return real(f)->pMethods->xShmLock(real(f), at, n, flags);
}

static void file_shm_barrier(sqlite3_file *f)
{
    real(f)->pMethods->xShmBarrier(real(f));
}

static int file_shm_unmap(sqlite3_file *f, int gone)
{
    return real(f)->pMethods->xShmUnmap(real(f), gone);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int disk_open(sqlite3_vfs *v, sqlite3_filename name, sqlite3_file *f, int flags, int *out)
{
    (void)v;
    struct file *own = (struct file *)f;
    own->base.pMethods = NULL;
    if (fails(DISK))
        return SQLITE_CANTOPEN;
    own->real = sqlite3_malloc(disk->szOsFile);
    if (!own->real)
        return SQLITE_NOMEM;
    memset(own->real, 0, (size_t)disk->szOsFile);
    int rc = disk->xOpen(disk, name, own->real, flags, out);
    if (rc == SQLITE_OK)
        own->base.pMethods = &methods;
    else
        sqlite3_free(own->real);
    return rc;
}

static int disk_delete(sqlite3_vfs *v, const char *name, int sync)
{
    (void)v;
    return fails(DISK) ? SQLITE_IOERR_DELETE : disk->xDelete(disk, name, sync);
}

static int disk_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    (void)v;
    return fails(DISK) ? SQLITE_IOERR_ACCESS : disk->xAccess(disk, name, flags, out);
}

/* --- an allocator before malloc --- */

static sqlite3_mem_methods memory;

static void *memory_new(int n)
{
    return fails(MEMORY) ? NULL : memory.xMalloc(n);
}

static void *memory_resize(void *p, int n)
{
    return fails(MEMORY) ? NULL : memory.xRealloc(p, n);
}

static void stand_before_memory(void)
{
    sqlite3_mem_methods ours;
    if (memory.xMalloc)
        return;
    sqlite3_shutdown();
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory), SQLITE_OK);
    ours = memory;
    ours.xMalloc = memory_new;
    ours.xRealloc = memory_resize;
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
}

static void stand_before_disk(void)
{
    if (disk)
        return;
    disk = sqlite3_vfs_find(NULL);
    shim = *disk;
    shim.zName = "torture";
    shim.szOsFile = sizeof(struct file);
    shim.xOpen = disk_open;
    shim.xDelete = disk_delete;
    shim.xAccess = disk_access;
    ck_assert_int_eq(sqlite3_vfs_register(&shim, 1), SQLITE_OK);
}

/* --- the course, and what it must leave --- */

static char folder[64], path[80];

static struct {
    bool said_ok[CHECKPOINTS];
    char taken[33]; /* the event that was marked as sent */
    bool sent;      /* and that was said to be written down */
} model;

static void event_id(char out[33], unsigned k, unsigned i)
{
    snprintf(out, 33, "%08x%08x4000800000000000", k + 1, i);
}

static enum store_result put(struct store *s, unsigned k)
{
    struct store_event events[EVENTS_EACH];
    char part[16];
    snprintf(part, sizeof part, "part-%u", k);
    for (unsigned i = 0; i < EVENTS_EACH; i++) {
        events[i] =
            (struct store_event){.time_us = 1700000000000000, .title = {SLICE("title")}, .level = SLICE("error")};
        event_id(events[i].event_id, k, i);
        events[i].payload.text = SLICE("{\"message\":\"one\"}");
    }
    struct position at = {.input = SLICE("in"), .part = slice_str(part), .offset = 100 * (k + 1), .blob = SLICE("b")};
    struct checkpoint c = {.events = events, .n_events = EVENTS_EACH, .positions = &at, .n_positions = 1};
    c.counts.v[COUNT_lines_in] = c.counts.v[COUNT_event] = EVENTS_EACH;
    return store_commit(s, &c);
}

static void deliver(struct store *s)
{
    struct store_row *row = store_next(s, SLICE(""), ITEM_EVENT, INT64_C(4000000000000000));
    if (!row)
        return;
    memcpy(model.taken, row->event.event_id, sizeof model.taken);
    store_sent(s, row->id);
    store_row_free(row);
    model.sent = store_flush(s) == STORE_OK;
}

/* As the daemon does it: what was refused is tried again, and given up at the end. */
static void course(void)
{
    struct diag d = {0};
    struct store *s = store_open(path, STORE_DAEMON, 0, &d);
    ck_assert_msg(s || d.errors, "it did not open, and does not say why");
    err_done(&d);
    if (!s)
        return;
    for (unsigned k = 0; k < CHECKPOINTS; k++) {
        model.said_ok[k] = put(s, k) == STORE_OK || put(s, k) == STORE_OK;
        if (k == 1)
            deliver(s);
    }
    store_close(s);
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q;
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    int64_t v = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : -1;
    sqlite3_finalize(q);
    return v;
}

static bool has_event(sqlite3 *db, const char *id)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM event WHERE event_id=x'%s'", id);
    return ask(db, sql) == 1;
}

static void look(long n)
{
    char sql[128], id[33];
    int64_t lines = 0;
    struct diag d = {0};
    struct store *s = store_open(path, STORE_DAEMON, 0, &d);
    ck_assert_msg(s != NULL, "fault %ld: it opens no more: %s", n, d.n ? d.v[0].text : "");
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(ask(db, "SELECT integrity_check='ok' FROM pragma_integrity_check") == 1, "fault %ld: damaged", n);
    for (unsigned k = 0; k < CHECKPOINTS; k++) {
        snprintf(sql, sizeof sql, "SELECT count(*) FROM position WHERE part='part-%u' AND offset=%u", k, 100 * (k + 1));
        bool there = ask(db, sql) == 1;
        ck_assert_msg(there || !model.said_ok[k], "fault %ld: checkpoint %u was stored, and is not there", n, k);
        lines += there ? EVENTS_EACH : 0;
        for (unsigned i = 0; i < EVENTS_EACH; i++) {
            event_id(id, k, i);
            bool taken = strcmp(id, model.taken) == 0;
            ck_assert_msg(has_event(db, id) == there || taken, "fault %ld: checkpoint %u is there in part", n, k);
            ck_assert_msg(!taken || !model.sent || !has_event(db, id), "fault %ld: what was sent would be sent again",
                          n);
        }
    }
    ck_assert_msg(ask(db, "SELECT coalesce((SELECT value FROM count WHERE name='lines_in'),0)") == lines,
                  "fault %ld: counts are others", n);
    sqlite3_close(db);
    store_close(s);
}

static void clear(void)
{
    char name[512];
    DIR *d = opendir(folder);
    ck_assert_ptr_nonnull(d);
    for (const struct dirent *e; (e = readdir(d));) {
        snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
        unlink(name);
    }
    closedir(d);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* In memory where there is such a folder: what fails is said above it, and thousands of stores need not wait for a
 * disk. */
static const char *parent(void)
{
    return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

/* How many faults there were: the course runs until it meets none. */
static long torture(enum place place, bool for_good, bool full)
{
    long n = 0, step = place == DISK || getenv("TORTURE_ALL") ? 1 : MEMORY_STEP;
    stand_before_memory();
    stand_before_disk();
    fault.place = place;
    for (;; n += step) {
        snprintf(folder, sizeof folder, "%s/crumbd-torture-XXXXXX", parent());
        ck_assert_ptr_nonnull(mkdtemp(folder));
        snprintf(path, sizeof path, "%s/crumbd.db", folder);
        memset(&model, 0, sizeof model);
        fault.left = n;
        fault.for_good = for_good;
        fault.full = full;
        fault.made = 0;
        course();
        fault.left = -1;
        look(n);
        clear();
        if (!fault.made)
            break;
    }
    return n;
}

START_TEST(the_disk_fails_once)
{
    ck_assert_int_gt(torture(DISK, false, false), 50);
}
END_TEST

START_TEST(the_disk_fails_for_good)
{
    ck_assert_int_gt(torture(DISK, true, false), 50);
}
END_TEST

START_TEST(the_disk_is_full)
{
    ck_assert_int_gt(torture(DISK, true, true), 50);
}
END_TEST

START_TEST(memory_fails_once)
{
    ck_assert_int_gt(torture(MEMORY, false, false), 200);
}
END_TEST

START_TEST(memory_fails_for_good)
{
    ck_assert_int_gt(torture(MEMORY, true, false), 200);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("torture of the store");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, the_disk_fails_once);
    tcase_add_test(c, the_disk_fails_for_good);
    tcase_add_test(c, the_disk_is_full);
    tcase_add_test(c, memory_fails_once);
    tcase_add_test(c, memory_fails_for_good);
    suite_add_tcase(s, c);
    return unit_run(s);
}
