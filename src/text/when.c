#include "text/when.h"

#include <stdio.h>

#include "text/keys.h"

bool when_read(struct slice text, const struct zone *zone, int64_t now_us, int64_t *out_us)
{
    char day[sizeof "2026-11-20T00:00:00"];
    struct slice s = text;
    int64_t us = 0;
    bool has_zone = true;
    if (text.n == strlen("2026-11-20")) {
        snprintf(day, sizeof day, "%.*sT00:00:00", SLICE_ARG(text));
        s = slice_str(day);
    }
    if (stamp_rfc3339(&s, &us, &has_zone) && s.n == 0) {
        *out_us = has_zone || !zone ? us : stamp_local(zone, us, STAMP_NONE);
        return true;
    }
    if (!keys_duration(text, &us))
        return false;
    *out_us = now_us - us;
    return true;
}
