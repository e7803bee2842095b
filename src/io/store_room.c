/*
 * store_room: a full disk must not keep the store from giving room back.
 *
 * Deleting a delivered row writes, too: its pages go to the WAL, a checkpoint copies them into the database, and only
 * then the WAL begins anew. On a full disk each of these needs room that is there already. The invariant, whatever the
 * store does:
 *
 *  1. The database file has the blocks of all its pages before a COMMIT, so that a checkpoint always gets to the end. A
 * transaction that takes room must leave STORE_RESERVE_PAGES besides, free ones or blocks behind the end; one that
 * gives room may use them, for an index whose pages split. A checkpoint checkpoints the file where its pages end, so
 * they are taken again after each COMMIT.
 *  2. The WAL has WAL_BYTES from the start, enough for some deleted rows. What shrinks it later leaves more than that,
 * or takes as much anew: on a full disk it must not keep what a transaction that did not fit has made it grow to, since
 * then there is no room for the pages of the next.
 *  3. Statement journals stay in memory (store_open), as there may be no room for such a file.
 *
 *  4. A spare file has room of its own, for what the others do not cover: opening, which makes the WAL and its index
 * anew, a disk that was full before, a file system that writes a block anew to change it. It is removed when a
 * transaction that gives room is refused, and made again when the disk has room.
 *
 * So after a checkpoint a small transaction that gives room always goes in. Before one it may not: the WAL may end
 * where the disk does, as after kill -9. store_failed makes that checkpoint, so whoever is refused with STORE_FULL
 * tries once more before giving up. Every transaction ends with store_end. A file system without fallocate promises
 * nothing of that, nor does a disk that was full before the store was opened.
 */
#include "io/store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/clock.h"
#include "io/store_issues.h"

enum {
    WAL_BYTES = 512 << 10,
    WAL_MOST = 16 << 20,     /* bytes that the WAL keeps when it begins anew */
    WAL_SLACK = 64 << 10,    /* above WAL_BYTES that is not worth shrinking it */
    WAL_PARTS = 4,           /* a checkpoint of SQLite's, and a largest transaction, is one */
    FILES_BYTES = 320 << 10, /* of the WAL's index, of the second copy, and what invariant 1 holds */
    SPARE_MOST = 1 << 20,
    SPARE_TIMES = 4, /* how often the disk must have it for it to be taken */
    SPARE_AGAIN_US = 10000000,
    TRANSACTION_MOST = 64 << 20, /* bytes of pages that no transaction adds */
};

/* Gives the file blocks for so many bytes; its size stays. False: the disk is full. */
static bool take_room(int fd, uint64_t bytes)
{
    int rc;
    do
        rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes);
    while (rc != 0 && errno == EINTR);
    /* A file system that has no fallocate, or any other trouble, is no reason to refuse. */
    return rc == 0 || (errno != ENOSPC && errno != EDQUOT);
}

void store_take_wal_room(struct store *s)
{
    char *wal = xasprintf("%s-wal", s->path);
    int fd = open(wal, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    free(wal);
    if (fd < 0)
        return;
    take_room(fd, WAL_BYTES);
    close(fd); /* SQLite has no locks by this descriptor */
}

/* ---- what there is beside the pages in use, of a store_limit ---- */

/* The most that the WAL keeps, of a store_limit or 0. */
static uint64_t wal_most(uint64_t limit_bytes)
{
    uint64_t most = limit_bytes / 8;
    return !limit_bytes || most > WAL_MOST ? WAL_MOST : most < WAL_BYTES ? WAL_BYTES : most;
}

static uint64_t spare_bytes(uint64_t limit_bytes)
{
    uint64_t most = limit_bytes / 32;
    return !limit_bytes || most > SPARE_MOST ? SPARE_MOST : most;
}

uint64_t store_rows_limit(uint64_t limit_bytes)
{
    uint64_t beside = wal_most(limit_bytes) + spare_bytes(limit_bytes) + FILES_BYTES + limit_bytes / STORE_ISSUES_SHARE;
    return beside < limit_bytes / 2 ? limit_bytes - beside : limit_bytes / 2;
}

bool store_bound_wal(struct store *s)
{
    uint64_t most = wal_most(s->limit_bytes);
    char *sql = xasprintf("PRAGMA journal_size_limit=%llu; PRAGMA wal_autocheckpoint=%llu", (unsigned long long)most,
                          (unsigned long long)(most / WAL_PARTS / s->page_bytes));
    bool ok = store_exec(s, sql);
    free(sql);
    s->part_most_bytes = s->part_bytes = most / WAL_PARTS;
    return ok;
}

/* ---- the spare file ---- */

static char *spare_name(const struct store *s)
{
    return xasprintf("%s.spare", s->path);
}

/* Bytes that do not compress, where there is no fallocate. */
static bool write_spare(int fd, uint64_t bytes)
{
    uint64_t block[512], chance = 1;
    bool ok = true;
    for (uint64_t at = 0; ok && at < bytes; at += sizeof block) {
        for (unsigned i = 0; i < sizeof block / sizeof *block; i++)
            block[i] = chance = hash_mix(chance, i);
        ok = write(fd, block, sizeof block) == sizeof block;
    }
    return ok;
}

static bool make_spare(const char *name, uint64_t bytes)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    bool ok = fd >= 0 && (fallocate(fd, 0, 0, (off_t)bytes) == 0 || (errno == EOPNOTSUPP && write_spare(fd, bytes)));
    if (fd >= 0)
        close(fd);
    if (!ok)
        unlink(name);
    return ok;
}

void store_hold_spare(struct store *s)
{
    struct statvfs fs;
    if (s->has_spare || clock_mono_us() < s->spare_again_us)
        return;
    s->spare_again_us = clock_mono_us() + SPARE_AGAIN_US;
    char *name = spare_name(s);
    s->has_spare = access(name, F_OK) == 0;
    if (!s->has_spare && fstatvfs(s->file_fd, &fs) == 0 &&
        (uint64_t)fs.f_bavail * fs.f_frsize > SPARE_TIMES * spare_bytes(s->limit_bytes))
        s->has_spare = make_spare(name, spare_bytes(s->limit_bytes));
    free(name);
}

bool store_let_spare_go(struct store *s)
{
    char *name = spare_name(s);
    bool gone = unlink(name) == 0;
    free(name);
    s->has_spare = false;
    s->spare_again_us = clock_mono_us() + SPARE_AGAIN_US;
    return gone;
}

/* ---- the invariant ---- */

static uint64_t reserve_bytes(struct store *s)
{
    uint64_t free_pages = store_free_pages(s);
    return free_pages < STORE_RESERVE_PAGES ? (STORE_RESERVE_PAGES - free_pages) * s->page_bytes : 0;
}

void store_hold_reserve(struct store *s)
{
    take_room(s->file_fd, store_pages_bytes(s) + reserve_bytes(s));
}

/* Does what store_end does, before its statements are prepared. */
bool store_take_room_of_pages(struct store *s)
{
    int64_t pages, page_bytes;
    return store_pragma(s->db, "PRAGMA page_count", &pages) && store_pragma(s->db, "PRAGMA page_size", &page_bytes) &&
           take_room(s->file_fd, (uint64_t)pages * (uint64_t)page_bytes);
}

bool store_size_is_possible(struct store *s)
{
    struct stat db, wal = {0};
    char *path = xasprintf("%s-wal", s->path);
    bool known = fstat(s->file_fd, &db) == 0 && (stat(path, &wal) == 0 || errno == ENOENT);
    free(path);
    return !known || store_pages_bytes(s) <= (uint64_t)db.st_size + (uint64_t)wal.st_size + TRANSACTION_MOST;
}

bool store_end(struct store *s, enum store_effect effect)
{
    if (!store_put_departed(s))
        return false;
    uint64_t reserve = effect == TAKES_ROOM ? reserve_bytes(s) : 0;
    if (!s->tool && !store_size_is_possible(s)) {
        s->unusable = true;
        return false;
    }
    s->no_room = !take_room(s->file_fd, store_pages_bytes(s) + reserve);
    if (s->no_room)
        return false;
    if (!store_run(s, Q_COMMIT))
        return false;
    store_fates_end(s);
    store_hold_reserve(s);
    store_copy_commit(s);
    return true;
}

bool store_run_alone(struct store *s, enum query which, enum store_effect effect)
{
    if (!store_run(s, Q_BEGIN))
        return false;
    bool ok = store_run(s, which) && store_end(s, effect);
    s->no_room = false;
    if (!ok)
        store_run(s, Q_ROLLBACK);
    return ok;
}

/* Whether its file takes so much that others lack it. */
static bool wal_is_large(const struct store *s)
{
    struct stat st;
    char *path = xasprintf("%s-wal", s->path);
    bool large = stat(path, &st) == 0 && (uint64_t)st.st_blocks * 512 > WAL_BYTES + WAL_SLACK;
    free(path);
    return large;
}

/* With the file of the WAL as it is when the store is opened, on a full disk. Whoever reads meanwhile prevents that,
   and it is tried again the next time; whoever takes the room in between finds the spare file given up. */
void store_restart_wal(struct store *s)
{
    bool shrink = s->disk_full && !s->tool && wal_is_large(s);
    if (shrink) /* whoever reads is not waited for: the main loop would stand still, each time */
        sqlite3_busy_timeout(s->db, 0);
    sqlite3_wal_checkpoint_v2(s->db, NULL, shrink ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (shrink) {
        sqlite3_busy_timeout(s->db, DAEMON_BUSY_MS);
        store_take_wal_room(s);
    }
    store_hold_reserve(s);
}

void store_warn_of_small_disk(struct store *s)
{
    struct statvfs fs;
    struct stat st;
    if (!s->limit_bytes || fstatvfs(s->file_fd, &fs) != 0 || fstat(s->file_fd, &st) != 0)
        return;
    uint64_t has = (uint64_t)fs.f_bavail * fs.f_frsize + (uint64_t)st.st_blocks * 512;
    if (has < s->limit_bytes)
        log_warn("store_limit is more than the disk has left: it will be full before", log_c("path", s->path),
                 log_i("store_limit", (int64_t)s->limit_bytes), log_i("disk_has", (int64_t)has),
                 log_c("remedy", "set store_limit to what crumbd may take, or give it another disk"));
}
