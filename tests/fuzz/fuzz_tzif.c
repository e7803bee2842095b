/*
 * Zones of any bytes, as a file and as a rule: rows ascend, one follows only where something changes, each within a day
 * or so of UTC, no more of them than changes can be; and a local time finds its way there and, outside of gaps, back.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "text/tzif.h"

enum { DAY_S = 86400, YEARS_ROWS = 2 * (TZIF_LAST_YEAR - 1969 + 1) };

static void check(struct zone *z, size_t bytes)
{
    assert(z->n > 0 && z->n <= 1 + bytes / 5 + YEARS_ROWS && z->rows[0].from_utc_s == INT64_MIN);
    for (unsigned i = 0; i < z->n; i++) {
        int32_t offset_s = z->rows[i].offset_s;
        assert(offset_s > -26 * 3600 && offset_s < 26 * 3600);
        assert(i == 0 || (z->rows[i].from_utc_s > 0 && z->rows[i].from_utc_s > z->rows[i - 1].from_utc_s &&
                          offset_s != z->rows[i - 1].offset_s));
    }
    for (int64_t s = -DAY_S; s < INT64_C(4102444800); s += 37 * DAY_S) {
        int64_t back_us = stamp_local(z, (s + stamp_offset(z, s)) * STAMP_SECOND, STAMP_NONE) - s * STAMP_SECOND;
        assert(back_us > -3 * DAY_S * STAMP_SECOND && back_us < 3 * DAY_S * STAMP_SECOND);
    }
    free(z->rows);
}

int fuzz_target(const uint8_t *data, size_t n)
{
    struct slice in = {(const char *)data, n};
    struct zone z = {0};
    if (tzif_read(in, &z))
        check(&z, n);
    z = (struct zone){0};
    if (tzif_rule(in, &z))
        check(&z, 0);
    return 0;
}
