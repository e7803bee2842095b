/*
 * lockfile: one process at a time, by flock(2) on a file that holds the pid of who has it.
 *
 * The lock goes with the process, however it ends; the file stays, since removing it would let two processes lock two
 * files of the same name.
 */
#ifndef IO_LOCKFILE_H
#define IO_LOCKFILE_H

#include "base/err.h"

/* The descriptor that holds the lock (close it to give it back), or -1 and an entry in d. `what` is named in the
 * message. */
int lockfile_take(const char *path, const char *what, struct diag *d);
/* Whether a process holds the lock; *pid is what it has written, 0 if nothing. */
bool lockfile_is_held(const char *path, uint64_t *pid);
/* Makes the directories above `path` that are missing, mode 0750. False and an entry in d. */
bool lockfile_mkdirs(const char *path, struct diag *d);

#endif
