/*
 * cut_line: lines of containers that a carrier has cut without saying so (record.piece): what comes next of the
 * container is the rest, if it says neither time nor level itself and comes at once, and no issue of its own.
 *
 * A table of fixed size. Pure. One thread.
 */
#ifndef CORE_CUT_LINE_H
#define CORE_CUT_LINE_H

#include "core/stream.h"

enum { CUT_LINE_SLOTS = 64 };

struct cut_line {
    unsigned n; /* slots that are taken */
    struct cut_line_slot {
        uint64_t key; /* 0: free */
        int64_t time_us;
    } slots[CUT_LINE_SLOTS];
};

/* Takes the level of r when it is the rest of a line. */
void cut_line_next(struct cut_line *t, const struct stream *s, struct record *r);

#endif
