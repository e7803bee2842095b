#include "io/clock.h"

#include <stdatomic.h>

/* What the wall clock had more than the monotonic one when it was first asked. 0: it has not been. */
static atomic_int_fast64_t begin_us;

int64_t clock_steady_us(void)
{
    int64_t mono_us = clock_mono_us(), from_us = atomic_load_explicit(&begin_us, memory_order_relaxed);
    if (!from_us) {
        int_fast64_t none = 0, first_us = clock_wall_us() - mono_us;
        from_us = atomic_compare_exchange_strong(&begin_us, &none, first_us) ? first_us : none;
    }
    return mono_us + from_us;
}
