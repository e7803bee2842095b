#include "core/shared_range.h"

bool shared_range_passes(unsigned burst, uint64_t first, uint64_t last)
{
    uint64_t pass = burst ? burst : 1;
    if (last < first || !first)
        return false;
    if (first <= pass)
        return true;
    while (pass < first && pass <= UINT64_MAX / 2)
        pass *= 2;
    return pass >= first && pass <= last;
}
