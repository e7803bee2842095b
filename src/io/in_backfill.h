/*
 * in_backfill: old files, read once from their first byte to their last, as if they were written now.
 *
 * The file whose last record is the oldest by its own time is read next: files of one time tell one story, as they do
 * while they are followed, and those of a rotated set come in their order. A file is told by its first bytes and its
 * length, whatever its name, and plain or compressed: one that was read to its end in an earlier run is not read again,
 * one that has grown since is read from there, and one that a run was reading when it ended is read on.
 *
 * Bounds: one descriptor for each file from the start on; BACKFILL_OPEN_MAX of them are read beside one another, each
 * with its buffers (frame.h, old_file.h). Worker thread only, but for the start. What may be opened at all: safe_open.
 */
#ifndef IO_IN_BACKFILL_H
#define IO_IN_BACKFILL_H

#include "io/input.h"

enum {
    BACKFILL_OPEN_MAX = 32,          /* files of the same time */
    BACKFILL_TURN_BYTES = 256 << 10, /* of all before whoever else has to do something on this thread */
};

/* What became of a file. */
enum backfill_fate {
    BACKFILL_UNREAD,  /* not yet read to its end */
    BACKFILL_READ,    /* in this run, to its end */
    BACKFILL_KNOWN,   /* an earlier run, or another file of this one, had all of it */
    BACKFILL_REFUSED, /* it could not be opened */
    BACKFILL_DAMAGED, /* it could not be read to its end */
};

struct backfill_file {
    const char *path;
    struct input_options as; /* how its lines are understood; .text is the name of the input */
    enum backfill_fate fate; /* set by the input, */
    bool continued;          /* and this: an earlier run had read some of it */
};

/* Made by who starts the input, and outlives it. */
struct backfill {
    struct backfill_file *files;
    unsigned n;
    uint64_t total_bytes; /* on disk, of the files that are read; set by the input before its loop runs */
    bool again;           /* known files are read once more, and what they hold gets new event ids */
};

#endif
