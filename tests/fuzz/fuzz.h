/*
 * fuzz: what every target shares. A target is one file, tests/fuzz/fuzz_NAME.c, with fuzz_target,
 * its seeds are in tests/fuzz/corpus/NAME, and its name is in FUZZ of Makefile.am. A plain build links it
 * with replay.c and runs the seeds in `make check`; --enable-fuzz (clang) links it with libFuzzer, and
 * tests/fuzz/run NAME SECONDS searches.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#undef NDEBUG
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/slice.h"

/* What libFuzzer and replay.c call. Always returns 0; a finding is an abort. The bytes belong to the caller.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
/* The target itself. Called through budget.c, which fails when its work is more than a multiple of n. */
int fuzz_target(const uint8_t *data, size_t n);
/* How many steps (steps.h) it may take for each byte, and besides; a target with other needs defines them. */
extern unsigned fuzz_steps_a_byte, fuzz_steps_once;

#endif
