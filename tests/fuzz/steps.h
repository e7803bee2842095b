/*
 * steps: how much work the pure rooms have done since steps_reset, whatever the machine: one for each basic block that
 * ran and one for each byte that a function of libc looked at. A loop over outside bytes that is not linear cannot hide
 * from it.
 *
 * The rooms are compiled a second time for it, with -fsanitize-coverage=trace-pc (libcounted.a), and the functions of
 * libc are wrapped by the linker (STEPS_LDFLAGS). What other libraries do is not counted.
 */
#ifndef TESTS_STEPS_H
#define TESTS_STEPS_H

#include <stdint.h>

void steps_reset(void);
uint64_t steps_done(void);

#endif
