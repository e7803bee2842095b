/*
 * recent: rules that look back: the n-th match within a time. Remembers when each key was met lately.
 *
 * Bounded: the memory of RECENT_TIMES_MAX times over all keys; the key met longest ago gives way. Pure, the present is an argument. One thread.
 */
#ifndef CORE_RECENT_H
#define CORE_RECENT_H

#include <stdbool.h>
#include <stdint.h>

enum { RECENT_TIMES_MAX = 1 << 18 };

struct recent;

struct recent *recent_new(void);
void recent_free(struct recent *r);
/*
 * Notes that `key` was met now. True when that was the count-th time within within_us; then it begins anew, so that the next
 * true needs `count` more.
 */
bool recent_reaches(struct recent *r, uint64_t key, unsigned count, int64_t within_us, int64_t now_us);

#endif
