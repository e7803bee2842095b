/*
 * Readers of stamps on any bytes: a failure changes nothing; a success advances within the text, gives a time
 * that can be printed and read again, and a zone moves it by no more than a day.
 */
#include "tests/fuzz/fuzz.h"

#include "text/stamp.h"

#define NOW INT64_C(1795428000000000)

static struct zone_row rows[] = {{INT64_MIN, 3600}, {1774746000, 7200}, {1792890000, 3600}};
static const struct zone berlin = {NULL, rows, 3};

static void check(struct slice in, struct slice rest, bool ok, int64_t us)
{
    if (!ok) {
        assert(rest.p == in.p && rest.n == in.n && us == STAMP_NONE);
        return;
    }
    assert(rest.n < in.n && (rest.n == 0 || rest.p + rest.n == in.p + in.n));
    char text[32];
    stamp_print(us, text);
    struct slice printed = slice_str(text);
    int64_t again;
    bool zone;
    assert(us < -62135596800 * STAMP_SECOND || us > 253402300799 * STAMP_SECOND ||
           (stamp_rfc3339(&printed, &again, &zone) && zone && printed.n == 0 && us - again >= 0 &&
            us - again < 1000));
    int64_t local = stamp_local(&berlin, us, us);
    assert(us - local == 3600 * STAMP_SECOND || us - local == 7200 * STAMP_SECOND);
}

int fuzz_target(const uint8_t *data, size_t n)
{
    struct slice in = {(const char *)data, n}, s;
    bool zone;
    int64_t us;
    bool ok;
#define CHECK(call) (s = in, us = STAMP_NONE, ok = (call), check(in, s, ok, us))
    CHECK(stamp_nginx(&s, &us));
    CHECK(stamp_clf(&s, &us));
    CHECK(stamp_rfc3339(&s, &us, &zone));
    CHECK(stamp_rfc3164(&s, NOW, &us, &zone));
    CHECK(stamp_epoch(&s, &us));
#undef CHECK
    double v;
    if (n == sizeof v) {
        memcpy(&v, data, n);
        us = STAMP_NONE;
        assert(stamp_epoch_number(v, &us) == (us != STAMP_NONE));
    }
    return 0;
}
