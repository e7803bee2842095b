/*
 * packed: a record as one run of bytes, for keeping it while something is waited for, in memory and in the store.
 *
 * Members carry tags, so that one crumbd reads what another wrote: a member it does not know is passed over. Bounded by PACKED_MAX;
 * what does not fit is left out, fields first. Reading trusts nothing. Pure.
 */
#ifndef CORE_PACKED_H
#define CORE_PACKED_H

#include "parsers/record.h"

enum { PACKED_TEXT_MAX = 8192, PACKED_MAX = 16384 };

/* Replaces what is in `out`, whose maximum is at least PACKED_MAX. `source` is where the record came from, for people. */
void packed_write(const struct record *r, struct slice source, struct sbuf *out);
/* Slices of the record point into `bytes`, its container is in the arena. False: these are not such bytes. */
bool packed_read(struct slice bytes, struct arena *a, struct record *r, struct slice *source);

#endif
