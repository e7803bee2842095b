/*
 * store_room: what a full disk must not do: hold the last room with what could be given back.
 *
 * New pages wait in the WAL until a checkpoint copies them. Had the database no room for them then, the WAL could never begin
 * anew, and with it nothing could be written any more, not even that events have been delivered and their rows may go. So the
 * room is taken before a checkpoint is committed, and on a full disk the WAL is emptied into it.
 */
#include "io/store_impl.h"

#include <errno.h>
#include <fcntl.h>

bool store_keep_room(struct store *s)
{
    int rc;
    /* Each time: a checkpoint checkpoints the file where its pages end, and with that gives back what had been taken beyond. */
    do
        rc = fallocate(s->file_fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)store_pages_bytes(s));
    while (rc != 0 && errno == EINTR);
    /* A file system that cannot do it, or any other trouble, is no reason to refuse. */
    s->no_room = rc != 0 && (errno == ENOSPC || errno == EDQUOT);
    return !s->no_room;
}

void store_make_room(struct store *s)
{
    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}
