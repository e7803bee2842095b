/*
 * record_codec: a record as one run of bytes, scrubbed, for keeping it while something is waited for, in memory and in
 * the store.
 *
 * With it go the captures of its rule, since a scrubbed message may not match again. Members carry tags, so that one
 * crumbd reads what another wrote: a member it does not know is passed over. Bounded by RECORD_CODEC_MAX; what does not
 * fit is left out, captures last. Reading trusts nothing. Pure.
 */
#ifndef CORE_RECORD_CODEC_H
#define CORE_RECORD_CODEC_H

#include "core/scrub.h"
#include "parsers/record.h"

enum {
    RECORD_CODEC_TEXT_MAX = 8192,
    RECORD_CODEC_MAX = 16384,
    RECORD_CODEC_CAPTURES_MAX = 32,
    RECORD_CODEC_CAPTURE_MAX = 256
};

/* What goes with a record: where it came from, for people, and how many captures there are. */
struct record_codec_extra {
    struct slice source;
    unsigned n_captures;
};

/* What was read with a record. */
struct record_codec {
    struct slice source, captures[RECORD_CODEC_CAPTURES_MAX];
    unsigned n_captures;
    bool scrubbed; /* false: a crumbd that did not scrub wrote it */
};

/* Replaces what is in `out`, whose maximum is at least RECORD_CODEC_MAX. captures: by the number of their group. */
void record_codec_write(const struct record *r, const struct record_codec_extra *extra, const struct slice *captures,
                        struct scrub *s, struct sbuf *out);
/* Slices of the record point into `bytes`, its container is in the arena. False: these are not such bytes. */
bool record_codec_read(struct slice bytes, struct arena *a, struct record *r, struct record_codec *out);

#endif
