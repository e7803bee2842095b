/*
 * shared_range: whether an event may pass, by the count that all members have of its issue.
 *
 * Of that count each member is given a range of its own: the occurrences since it last asked. An event passes when its
 * range holds one of those that a single limiter would let pass: 1 to burst, or burst*2^k. No two ranges overlap, so no
 * such occurrence lets two events pass. Pure.
 */
#ifndef CORE_SHARED_RANGE_H
#define CORE_SHARED_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* first..last, counted from 1; burst 0 counts as 1. An empty range (last before first) holds none. */
bool shared_range_passes(unsigned burst, uint64_t first, uint64_t last);

#endif
