/*
 * position: where an input goes on reading after a restart, as the store keeps it: one row for each of its sources.
 * What a source needs beside an offset stands in `blob`, in a form of the input's own that begins with a name and a
 * version.
 */
#ifndef IO_POSITION_H
#define IO_POSITION_H

#include "base/slice.h"

struct position {
    struct slice input; /* the input's name */
    struct slice part;  /* which of its sources; empty: the input itself */
    uint64_t offset;    /* everything before it has been judged */
    struct slice blob;
    bool closed; /* the source is no more: its row is deleted */
};

/* What p points to is valid during the call only. */
typedef void position_f(void *u, const struct position *p);

#endif
