/*
 * store_room: a full disk must not keep the store from giving room back.
 *
 * Deleting a delivered row writes, too: its pages go to the WAL, a checkpoint copies them into the database, and only then the WAL
 * begins anew. On a full disk each of these needs room that is there already. The invariant, whatever the store does:
 *
 *  1. The database file has the blocks of all its pages before a COMMIT, so that a checkpoint always gets to the end. A transaction
 *     that takes room must leave RESERVE_PAGES besides, free ones or blocks behind the end; one that gives room may use them, for an
 *     index whose pages split. A checkpoint checkpoints the file where its pages end, so they are taken again after each COMMIT.
 *  2. The WAL has WAL_BYTES from the start, enough for some deleted rows. What shrinks it later leaves more than that.
 *  3. Statement journals stay in memory (store_open), as there may be no room for such a file.
 *
 * So after a checkpoint a small transaction that gives room always goes in. Before one it may not: the WAL may end where the disk does,
 * as after kill -9. store_failed makes that checkpoint, so whoever is refused with STORE_FULL tries once more before giving up. Every
 * transaction ends with store_end. A file system without fallocate promises nothing of that, nor does a disk that was full before the
 * store was opened.
 */
#include "io/store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"

enum {
    RESERVE_PAGES = 32,
    WAL_BYTES = 512 << 10,
    EVICT_STEP = 32, /* dead letters */
    SHRINK_STEPS = 16,
};

bool store_take_room(int fd, uint64_t bytes)
{
    int rc;
    do
        rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes);
    while (rc != 0 && errno == EINTR);
    /* A file system that cannot do it, or any other trouble, is no reason to refuse. */
    return rc == 0 || (errno != ENOSPC && errno != EDQUOT);
}

void store_take_wal_room(struct store *s)
{
    char *wal = xasprintf("%s-wal", s->path);
    int fd = open(wal, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    free(wal);
    if (fd < 0)
        return;
    store_take_room(fd, WAL_BYTES);
    close(fd); /* SQLite has no locks on this one */
}

static uint64_t reserve_bytes(struct store *s)
{
    uint64_t free_pages = store_free_pages(s);
    return free_pages < RESERVE_PAGES ? (RESERVE_PAGES - free_pages) * s->page_bytes : 0;
}

void store_hold_reserve(struct store *s)
{
    store_take_room(s->file_fd, store_pages_bytes(s) + reserve_bytes(s));
}

bool store_end(struct store *s, enum room room)
{
    uint64_t reserve = room == TAKES_ROOM ? reserve_bytes(s) : 0;
    s->no_room = !store_take_room(s->file_fd, store_pages_bytes(s) + reserve);
    if (s->no_room)
        return false;
    if (!store_run(s, Q_COMMIT))
        return false;
    store_hold_reserve(s);
    return true;
}

void store_restart_wal(struct store *s)
{
    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    store_hold_reserve(s);
}

static bool shrink(struct store *s, enum query how)
{
    if (store_run(s, Q_BEGIN) && store_run(s, how) && store_end(s, GIVES_ROOM))
        return true;
    store_failed(s, "shrink the database");
    return false;
}

void store_shrink(struct store *s)
{
    enum { SLACK_PAGES = 2048 }; /* kept for the next burst */
    if (store_free_pages(s) > SLACK_PAGES)
        shrink(s, Q_SHRINK);
}

/* Dead letters, which nobody may ever ask for, must not keep the living out. */
static void evict_dead(struct store *s)
{
    sqlite3_bind_int(s->stmt[Q_EVICT], 1, EVICT_STEP);
    bool ok = store_run(s, Q_BEGIN) && store_run(s, Q_EVICT);
    int rows = ok ? sqlite3_changes(s->db) : 0;
    if (!ok || !store_end(s, GIVES_ROOM))
        store_failed(s, "make room");
    else if (rows)
        log_warn("dead letters dropped as the disk is full", log_c("path", s->path), log_i("rows", rows),
                 log_c("hint", "look at `crumbd queue ls` more often, or make room"));
    store_restart_wal(s);
}

/* The WAL may want room that free pages of the database have: a checkpoint that is larger than the WAL would never fit otherwise. */
void store_make_room(struct store *s)
{
    evict_dead(s);
    for (int i = 0; i < SHRINK_STEPS && store_free_pages(s) > RESERVE_PAGES && shrink(s, Q_SHRINK_FULL); i++)
        store_restart_wal(s);
}
