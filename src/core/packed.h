/*
 * packed: a record as one run of bytes, scrubbed, for keeping it while something is waited for, in memory and in the store.
 *
 * With it go the captures of its rule, since a scrubbed message may not match again. Members carry tags, so that one crumbd reads what
 * another wrote: a member it does not know is passed over. Bounded by PACKED_MAX; what does not fit is left out, captures last. Reading trusts
 * nothing. Pure.
 */
#ifndef CORE_PACKED_H
#define CORE_PACKED_H

#include "core/scrub.h"
#include "parsers/record.h"

enum { PACKED_TEXT_MAX = 8192, PACKED_MAX = 16384, PACKED_CAPTURES_MAX = 32, PACKED_CAPTURE_MAX = 256 };

/* What goes with a record: where it came from, for people, and how many captures there are. */
struct packed_extra {
    struct slice source;
    unsigned n_captures;
};

/* What came with it. */
struct packed {
    struct slice source, captures[PACKED_CAPTURES_MAX];
    unsigned n_captures;
    bool scrubbed; /* false: written by a crumbd that did not scrub */
};

/* Replaces what is in `out`, whose maximum is at least PACKED_MAX. captures: by the number of their group. */
void packed_write(const struct record *r, const struct packed_extra *extra, const struct slice *captures, struct scrub *s, struct sbuf *out);
/* Slices of the record point into `bytes`, its container is in the arena. False: these are not such bytes. */
bool packed_read(struct slice bytes, struct arena *a, struct record *r, struct packed *out);

#endif
