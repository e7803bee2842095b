/* backoff: how long to wait after so many failures in a row. */
#ifndef IO_BACKOFF_H
#define IO_BACKOFF_H

#include <stdint.h>

/* first_ms doubled n - 1 times, at most most_ms. */
int64_t backoff_doubled(int64_t first_ms, unsigned n, int64_t most_ms);
/* A delay with full jitter above first_ms, so that many crumbds do not come back at the same moment. *chance is the
   caller's state of chance. */
int64_t backoff_spread(int64_t first_ms, unsigned n, int64_t most_ms, uint64_t *chance);

/* A number from 0 to most - 1. */
int64_t backoff_chance(int64_t most, uint64_t *chance);

#endif
