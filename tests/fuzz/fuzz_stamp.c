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
           (stamp_rfc3339(&printed, &again, &zone) && zone && printed.n == 0 && us - again >= 0 && us - again < 1000));
    int64_t local = stamp_local(&berlin, us, us);
    assert(us - local == 3600 * STAMP_SECOND || us - local == 7200 * STAMP_SECOND);
}

/* Whatever second the memo has, a stamp is read as without it. */
static void check_again(struct slice in, size_t primed, int64_t now_us)
{
    struct stamp_memo memo = {0};
    struct slice first = slice_sub(in, 0, primed), a = in, b = in;
    int64_t us, a_us = 0, b_us = 0;
    bool zone, a_zone = false, b_zone = false;
    stamp_rfc3164(&first, now_us, &memo, &us, &zone);
    bool ok = stamp_rfc3164(&a, now_us + STAMP_SECOND, NULL, &a_us, &a_zone);
    assert(stamp_rfc3164(&b, now_us + STAMP_SECOND, &memo, &b_us, &b_zone) == ok);
    assert(a_us == b_us && a_zone == b_zone && a.p == b.p);
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
    CHECK(stamp_rfc3164(&s, NOW, NULL, &us, &zone));
    CHECK(stamp_epoch(&s, &us));
#undef CHECK
    check_again(in, 15, NOW);
    check_again(in, n, NOW);
    for (size_t i = 0; i < 12; i++) /* the year turns, and is another */
        check_again(in, 15, NOW + (int64_t)i * 31 * 86400 * STAMP_SECOND);
    double v;
    if (n == sizeof v) {
        memcpy(&v, data, n);
        us = STAMP_NONE;
        assert(stamp_epoch_number(v, &us) == (us != STAMP_NONE));
    }
    return 0;
}
