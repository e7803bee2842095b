/*
 * threshold: rules that look back: the n-th match within a time. Remembers when each key was met lately.
 *
 * Bounded: the memory of THRESHOLD_TIMES_MAX times over all keys; the key met longest ago gives way. Pure, the present
 * is an argument. One thread.
 */
#ifndef CORE_THRESHOLD_H
#define CORE_THRESHOLD_H

#include <stdbool.h>
#include <stdint.h>

enum { THRESHOLD_TIMES_MAX = 1 << 18 };

struct threshold;

struct threshold *threshold_new(void);
void threshold_free(struct threshold *r);
/*
 * Notes that `key` was met now. True when that was the count-th time within within_us; then it begins anew, so that the
 * next true needs `count` more.
 */
bool threshold_reaches(struct threshold *r, uint64_t key, unsigned count, int64_t within_us, int64_t now_us);

#endif
