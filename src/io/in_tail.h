/*
 * in_tail: files that grow, found by a pattern, read once and to their last byte.
 *
 * inotify says when to look, a poll once a second finds what inotify cannot (network file systems, a full
 * queue). A file is told by device, inode and a hash of its head; the random key it gets at first sight stays
 * with its bytes: through a rename, through copytruncate (the rest is read from the copy), through a restart.
 * After a crash reading resumes at the last positions that were committed, so each line is judged once.
 *
 * Bounds: TAIL_TURN_BYTES per turn of the loop, shared fairly; a buffer only for files that have something
 * unfinished (frame.h); for all inputs together half of the descriptors a process may have, and beyond that files
 * are read in turn (tail_share); of these TAIL_ROTATED_MAX for rotated files that are read to their end and may
 * still grow; one line of log per file that cannot be read, and a retry with every poll. One input has one
 * inotify instance. Worker thread only. What may be opened at all: safe_open.
 *
 * Lines of containers are joined of their pieces, but not over a rotation between two of them.
 *
 * What cannot be seen: a file truncated and written past the old position with the same first 1024 bytes
 * between two looks; lines written and taken away again between two looks, by a truncation without a copy, by
 * deletion, or by compression with something else than gzip; what is written between the copy and the truncation of
 * copytruncate.
 */
#ifndef IO_IN_TAIL_H
#define IO_IN_TAIL_H

#include "io/input.h"

enum {
    TAIL_HEAD_MAX = 1024,           /* bytes of the head that tell a file */
    TAIL_READ_BYTES = 64 << 10,     /* of one file before the next has its turn */
    TAIL_TURN_BYTES = 256 << 10,    /* of all files before other inputs have theirs */
    TAIL_ROTATED_MAX = 64,          /* rotated files kept open although they are read to their end */
    TAIL_ROTATED_QUIET_MS = 300000, /* so long, where it cannot be known whether someone still writes to it */
    TAIL_POLL_MS = 1000,
    TAIL_IDLE_MS = 300,   /* an entry that no head follows is complete after this */
    TAIL_HALF_MS = 10000, /* and a line that has no end after this */
};

/*
 * Told of the tail before it: a file to which both lead is read once. By its name it belongs to the first, by its inode
 * to the one that has it already. Of what the store knows under no configured name it takes over the files its pattern
 * leads to. One row of no part says that this input has been there, so that `from` is not asked again.
 */
extern const struct input_type in_tail;

/* Whether a pattern leads to such a file now. */
bool tail_finds_any(const char *pattern);
/*
 * What a start would find of this input, without reading any of it. False, and an error in d: it would be refused. That
 * nothing is there, or that this user may not read it, is a warning.
 */
bool tail_check(const struct input_options *opt, struct diag *d);
/* For tests: other times, and no inotify, as on a network file system. Before the loop runs. 0: the default.
 */
struct tail_tuning {
    unsigned poll_ms, idle_ms, half_ms, await_ms;
    bool no_inotify;
};
void tail_tune(struct input *in, const struct tail_tuning *tuning);

#endif
