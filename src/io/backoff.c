#include "io/backoff.h"

#include "base/hash.h"
#include "io/clock.h"

int64_t backoff_doubled(int64_t first_ms, unsigned n, int64_t most_ms)
{
    for (; n > 1 && first_ms < most_ms; n--)
        first_ms *= 2;
    return first_ms < most_ms ? first_ms : most_ms;
}

int64_t backoff_chance(int64_t most, uint64_t *chance)
{
    *chance = hash_mix(*chance, (uint64_t)clock_mono_us());
    return (int64_t)(*chance % (uint64_t)most);
}

int64_t backoff_spread(int64_t first_ms, unsigned n, int64_t most_ms, uint64_t *chance)
{
    int64_t spread = backoff_doubled(2 * first_ms, n, most_ms) - first_ms;
    return first_ms + (spread > 0 ? backoff_chance(spread, chance) : 0);
}
