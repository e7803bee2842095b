/*
 * budget: gives every fuzz target a bound of its work. fuzz.h calls the target's function fuzz_target; libFuzzer and
 * replay.c call this one, which fails when the steps are more than a multiple of the input's length.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#include "tests/fuzz/steps.h"

unsigned fuzz_steps_a_byte __attribute__((weak)) = 2000;
unsigned fuzz_steps_once __attribute__((weak)) = 400000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    steps_reset();
    int result = fuzz_target(data, n);
    uint64_t most = fuzz_steps_once + (uint64_t)fuzz_steps_a_byte * n;
    if (getenv("FUZZ_SHOW_STEPS"))
        fprintf(stderr, "steps: %llu for %zu bytes\n", (unsigned long long)steps_done(), n);
    if (steps_done() > most) {
        fprintf(stderr, "budget: %llu steps for %zu bytes, %llu are allowed: some loop is not linear\n",
                (unsigned long long)steps_done(), n, (unsigned long long)most);
        abort();
    }
    return result;
}
