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
 *  2. The WAL has WAL_BYTES from the start, enough for some deleted rows. What shrinks it later leaves more than that.
 *  3. Statement journals stay in memory (store_open), as there may be no room for such a file.
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
#include <unistd.h>

#include "base/xalloc.h"

enum {
    WAL_BYTES = 512 << 10,
    TRANSACTION_MOST = 64 << 20, /* bytes of pages that one adds, see PART_BYTES */
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

void store_restart_wal(struct store *s)
{
    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    store_hold_reserve(s);
}
