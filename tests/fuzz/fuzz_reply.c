/* The first bytes choose status and headers; deadlines never move nearer nor further than a day. */
#include <assert.h>

#include "io/reply.h"
#include "tests/fuzz/fuzz.h"

int fuzz_target(const uint8_t *data, size_t n)
{
    if (n < 3)
        return 0;
    struct slice text = slice_of((const char *)data + 3, n - 3);
    struct reply_answer a = {.status = (unsigned)data[0] << 8 | data[1],
                             .uploaded = data[2] & 2,
                             .has_rate_limits = data[2] & 1,
                             .now_ms = 1000000,
                             .now_s = 1700000000};
    a.rate_limits = slice_split(&text, '\n');
    a.retry_after = text;
    struct reply_limits limits = {{0}};
    for (int c = 0; c < REPLY_CATEGORIES; c++)
        limits.until_ms[c] = c * 1000000;
    struct reply_limits before = limits;
    enum reply_verdict v = reply_judge(&a, &limits);
    assert(v <= REPLY_DEAD && (a.status >= 200 && a.status < 300) == (v == REPLY_SENT));
    assert(reply_wait_ms(&a) >= 0 && reply_wait_ms(&a) <= 86400000 && reply_hint(a.status));
    for (int c = 0; c < REPLY_CATEGORIES; c++) {
        assert(limits.until_ms[c] >= before.until_ms[c]);
        assert(limits.until_ms[c] == before.until_ms[c] || limits.until_ms[c] <= a.now_ms + 86400000);
    }
    return 0;
}
