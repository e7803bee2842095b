/*
 * clock: the clocks of the system, in the units that crumbd counts in. The rooms below io are told the time.
 *
 * WALL is Unix time, which may be set; MONO only goes on, from some start, and stands still while the host is
 * suspended. STEADY goes on with MONO from what WALL was when the process asked first: by it goes all that waits, also
 * what is stored of it, so that nothing waits longer or shorter because somebody set the clock.
 */
#ifndef IO_CLOCK_H
#define IO_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_of_ns(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline uint64_t clock_mono_ns(void)
{
    return (uint64_t)clock_of_ns(CLOCK_MONOTONIC);
}

/* Returns the time that this thread has worked, so that what others do meanwhile costs it nothing. */
static inline uint64_t clock_thread_ns(void)
{
    return (uint64_t)clock_of_ns(CLOCK_THREAD_CPUTIME_ID);
}

static inline int64_t clock_wall_us(void)
{
    return clock_of_ns(CLOCK_REALTIME) / 1000;
}

static inline int64_t clock_mono_us(void)
{
    return clock_of_ns(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_steady_us(void);

static inline int64_t clock_mono_ms(void)
{
    return clock_of_ns(CLOCK_MONOTONIC) / 1000000;
}

#endif
