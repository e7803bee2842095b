#include "tests/unit/unit.h"

#include <stdio.h>

#include "text/stamp.h"

/* Reads `text` with one reader and checks time, zone and what is left; want "" means refused. */
enum reader { NGINX, CLF, ISO, BSD, EPOCH };

static int64_t now_us; /* for BSD; 2026-11-23 00:00:00 in each test */

static void ck_read(enum reader reader, const char *text, const char *want, bool want_zone, const char *want_rest)
{
    struct slice s = slice_str(text), before = s;
    int64_t us = 42;
    bool zone = false, ok = false;
    switch (reader) {
    case NGINX:
        ok = stamp_nginx(&s, &us);
        break;
    case CLF:
        ok = stamp_clf(&s, &us);
        zone = ok;
        break;
    case ISO:
        ok = stamp_rfc3339(&s, &us, &zone);
        break;
    case BSD:
        ok = stamp_rfc3164(&s, now_us, NULL, &us, &zone);
        break;
    case EPOCH:
        ok = stamp_epoch(&s, &us);
        zone = ok;
        break;
    }
    ck_assert_msg(ok == (*want != '\0'), "'%s': %s", text, ok ? "taken" : "refused");
    if (!ok) {
        ck_assert_msg(us == 42 && s.p == before.p && s.n == before.n, "'%s': outputs changed on failure", text);
        return;
    }
    for (int again = 0; reader == BSD && again < 2;
         again++) { /* the same second was there before, with and without what is behind it */
        struct stamp_memo memo = {0};
        struct slice first = again ? before : slice_sub(before, 0, 15), second = before;
        int64_t first_us, second_us = 0;
        bool first_zone, second_zone = !zone;
        stamp_rfc3164(&first, now_us, &memo, &first_us, &first_zone);
        ck_assert(stamp_rfc3164(&second, now_us, &memo, &second_us, &second_zone));
        ck_assert_msg(second_us == us && second_zone == zone && second.p == s.p, "'%s': not the same again", text);
    }
    char got[32];
    stamp_print(us, got);
    ck_assert_msg(strcmp(got, want) == 0, "'%s': got %s, want %s", text, got, want);
    ck_assert_msg(zone == want_zone, "'%s': zone %d", text, zone);
    ck_slice(s, want_rest);
}

static void setup(void)
{
    struct civil c = {2026, 11, 23, 0, 0, 0, 0};
    ck_assert(stamp_civil(&c, &now_us));
}

START_TEST(civil_against_a_count_of_days)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = -719162; /* 0001-01-01 */
    for (int y = 1; y <= 9999; y++)
        for (int m = 1; m <= 12; m++) {
            int n = days[m - 1] + (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
            struct civil c = {y, m, n, 23, 59, 58, 999999};
            int64_t us = 0, want_us = ((day + n - 1) * 86400 + 86398) * STAMP_SECOND + 999999;
            char text[32], want[32];
            bool ok = stamp_civil(&c, &us);
            stamp_print(us, text);
            snprintf(want, sizeof want, "%04d-%02d-%02dT23:59:58.999Z", y, m, n);
            c.day++;
            /* One assertion for many: each one costs a write to Check's parent process. */
            if (!ok || us != want_us || strcmp(text, want) != 0 || stamp_civil(&c, &us))
                ck_abort_msg("%s, want %s", text, want);
            day += n;
        }
    struct civil bad[] = {{0, 1, 1, 0, 0, 0, 0},     {2026, 0, 1, 0, 0, 0, 0},  {2026, 13, 1, 0, 0, 0, 0},
                          {2026, 1, 0, 0, 0, 0, 0},  {2026, 1, 1, 24, 0, 0, 0}, {2026, 1, 1, 0, 60, 0, 0},
                          {2026, 1, 1, 0, 0, 61, 0}, {2026, 1, 1, -1, 0, 0, 0}, {2026, 1, 1, 0, 0, 0, 1000000}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t us = 42;
        ck_assert(!stamp_civil(&bad[i], &us) && us == 42);
    }
    int64_t leap, last;
    ck_assert(stamp_civil(&(struct civil){2016, 12, 31, 23, 59, 60, 5}, &leap));
    ck_assert(stamp_civil(&(struct civil){2016, 12, 31, 23, 59, 59, 5}, &last));
    ck_assert_int_eq(leap, last);
}
END_TEST

START_TEST(print_takes_any_number)
{
    static const int64_t odd[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX};
    char text[32];
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        stamp_print(odd[i], text);
    stamp_print(-1, text);
    ck_assert_str_eq(text, "1969-12-31T23:59:59.999Z");
}
END_TEST

START_TEST(nginx_and_clf)
{
    ck_read(NGINX, "2026/11/23 02:30:09 [", "2026-11-23T02:30:09.000Z", false, " [");
    ck_read(NGINX, "2024/02/29 23:59:60", "2024-02-29T23:59:59.000Z", false, "");
    ck_read(NGINX, "2023/02/29 23:59:59", "", false, "");
    ck_read(NGINX, "2026-11-23 02:30:09", "", false, "");
    ck_read(NGINX, "2026/11/23T02:30:09", "", false, "");
    ck_read(NGINX, "2026/11/23 02:30:0", "", false, "");
    ck_read(NGINX, "2026/11/23 02:30:0x", "", false, "");
    ck_read(NGINX, "2026/11/23 2:30:009", "", false, "");
    ck_read(CLF, "23/Nov/2026:02:30:09 +0000] ", "2026-11-23T02:30:09.000Z", true, "] ");
    ck_read(CLF, "01/jan/2027:00:30:00 +0530", "2026-12-31T19:00:00.000Z", true, "");
    ck_read(CLF, "31/Dec/2026:23:30:00 -0330", "2027-01-01T03:00:00.000Z", true, "");
    ck_read(CLF, "31/Dez/2026:23:30:00 -0330", "", false, "");
    ck_read(CLF, "31/Dec/2026:23:30:00 03300", "", false, "");
    ck_read(CLF, "31/Dec/2026:23:30:00 +03:3", "", false, "");
    ck_read(CLF, "31/Dec/2026:23:30:00 +9900", "", false, "");
}
END_TEST

START_TEST(rfc3339)
{
    ck_read(ISO, "2026-11-23T02:30:09Z", "2026-11-23T02:30:09.000Z", true, "");
    ck_read(ISO, "2026-11-23t02:30:09.5z x", "2026-11-23T02:30:09.500Z", true, " x");
    ck_read(ISO, "2026-11-23 02:30:09,123 ERROR", "2026-11-23T02:30:09.123Z", false, " ERROR");
    ck_read(ISO, "2026-11-23T02:30:09.123456789+01:30", "2026-11-23T01:00:09.123Z", true, "");
    ck_read(ISO, "2026-11-23T02:30:09-0500]", "2026-11-23T07:30:09.000Z", true, "]");
    ck_read(ISO, "2026-11-23T02:30:09+02", "2026-11-23T00:30:09.000Z", true, "");
    ck_read(ISO, "2026-11-23 02:30:09 UTC [7]", "2026-11-23T02:30:09.000Z", true, " [7]");
    ck_read(ISO, "2026-11-23 02:30:09 +0100 x", "2026-11-23T01:30:09.000Z", true, " x");
    ck_read(ISO, "2026-11-23 02:30:09 -12 degrees", "2026-11-23T02:30:09.000Z", false, " -12 degrees");
    ck_read(ISO, "2026-11-23 02:30:09 UTCx", "2026-11-23T02:30:09.000Z", false, " UTCx");
    ck_read(ISO, "2026-11-23 02:30:09. End", "2026-11-23T02:30:09.000Z", false, ". End");
    ck_read(ISO, "2026-11-23 02:30:09Zebra", "2026-11-23T02:30:09.000Z", false, "Zebra");
    ck_read(ISO, "2026-11-23T02:30:09.15600000000Z", "2026-11-23T02:30:09.156Z", true, "");
    ck_read(ISO, "2026-11-23T02:30:091", "", false, "");
    ck_read(ISO, "2026-11-23T02:30", "", false, "");
    ck_read(ISO, "2026-02-30T02:30:09Z", "", false, "");
    ck_read(ISO, "2026-11-23_02:30:09Z", "", false, "");
}
END_TEST

START_TEST(rfc3164)
{
    ck_read(BSD, "Nov 23 02:30:09 host", "2026-11-23T02:30:09.000Z", false, " host");
    ck_read(BSD, "Nov  3 02:30:09 host", "2026-11-03T02:30:09.000Z", false, " host");
    ck_read(BSD, "nov 3 02:30:09.250: x", "2026-11-03T02:30:09.250Z", false, ": x");
    ck_read(BSD, "2024 May 06 07:08:09", "2024-05-06T07:08:09.000Z", false, "");
    ck_read(BSD, "May 06 2024 07:08:09 fw : %ASA", "2024-05-06T07:08:09.000Z", false, " fw : %ASA");
    ck_read(BSD, "May 06 07:08:09 2024 x", "2024-05-06T07:08:09.000Z", false, " x");
    ck_read(BSD, "May 06 07:08:09 2024: x", "2024-05-06T07:08:09.000Z", false, ": x");
    ck_read(BSD, "Mon May  6 07:08:09 UTC 2024", "2024-05-06T07:08:09.000Z", true, "");
    ck_read(BSD, "Mon May  6 07:08:09.123456 2024", "2024-05-06T07:08:09.123Z", false, "");
    ck_read(BSD, "*Oct 07 03:10:04.123 UTC: %SYS", "2026-10-07T03:10:04.123Z", true, ": %SYS");
    ck_read(BSD, "Oct 07 03:10:04 CEST: x", "2026-10-07T01:10:04.000Z", true, ": x");
    ck_read(BSD, "Oct 07 03:10:04 CST x", "2026-10-07T03:10:04.000Z", false, " x");
    ck_read(BSD, "Oct 07 03:10:04Z x", "2026-10-07T03:10:04.000Z", true, " x");
    ck_read(BSD, "Oct 07 03:10:04 UTCD x", "2026-10-07T03:10:04.000Z", false, " UTCD x");
    ck_read(BSD, "Oct 07 03:10:04 2024x", "2026-10-07T03:10:04.000Z", false, " 2024x");
    ck_read(BSD, "Oct 32 03:10:04", "", false, "");
    ck_read(BSD, "Okt 07 03:10:04", "", false, "");
    ck_read(BSD, "Oct 07 3:10:04 xx", "2026-10-07T03:10:04.000Z", false, " xx");
    ck_read(BSD, "Oct 07 3:10", "", false, "");
    ck_read(BSD, "Oct 07 3:10:0", "", false, "");
    ck_read(BSD, "Oct 7 3:10:04", "2026-10-07T03:10:04.000Z", false, "");
    ck_read(BSD, "Oct 07 03:10:04 +0200 x", "2026-10-07T01:10:04.000Z", true, " x");
    ck_read(BSD, "Oct 07 03:10:04-07:30: x", "2026-10-07T10:40:04.000Z", true, ": x");
    ck_read(BSD, "Oct 07 03:10:04 CST -06:00: x", "2026-10-07T09:10:04.000Z", true, ": x");
    ck_read(BSD, "Oct 07 03:10:04 +0200x", "2026-10-07T03:10:04.000Z", false, " +0200x");
    ck_read(BSD, "Oct 07 03:10:04 -- x", "2026-10-07T03:10:04.000Z", false, " -- x");
    ck_read(BSD, "Wed Oct 07 03:10:04 +0000 2020", "2020-10-07T03:10:04.000Z", true, "");
    ck_read(BSD, "Oct 07 1999 03:10:04 x", "1999-10-07T03:10:04.000Z", false, " x");
    ck_read(BSD, "Oct 07 03:10:04 1999 x", "2026-10-07T03:10:04.000Z", false, " 1999 x");
    ck_read(BSD, "Oct 07", "", false, "");
    ck_read(BSD, "Oct 07 03:10:044", "", false, "");
}
END_TEST

START_TEST(latest_year)
{
    ck_read(BSD, "Dec 31 23:59:59", "2025-12-31T23:59:59.000Z", false, "");
    ck_read(BSD, "Jan  1 00:00:01", "2026-01-01T00:00:01.000Z", false, "");
    struct civil c = {2027, 1, 1, 0, 10, 0, 0};
    ck_assert(stamp_civil(&c, &now_us));
    ck_read(BSD, "Dec 31 23:59:59", "2026-12-31T23:59:59.000Z", false, "");
    ck_read(BSD, "Jan  2 00:10:00", "2027-01-02T00:10:00.000Z", false, "");
    ck_read(BSD, "Jan  2 00:10:01", "2026-01-02T00:10:01.000Z", false, "");
    ck_read(BSD, "Jun 30 00:00:00", "2026-06-30T00:00:00.000Z", false, "");
    /* Only some years have a leap day. */
    ck_read(BSD, "Feb 29 00:00:00", "2024-02-29T00:00:00.000Z", false, "");
    c.year = 1903;
    ck_assert(stamp_civil(&c, &now_us));
    ck_read(BSD, "Feb 29 00:00:00", "1896-02-29T00:00:00.000Z", false, "");
}
END_TEST

START_TEST(epoch)
{
    ck_read(EPOCH, "1795400766", "2026-11-23T02:26:06.000Z", true, "");
    ck_read(EPOCH, "1795400766.5 x", "2026-11-23T02:26:06.500Z", true, " x");
    ck_read(EPOCH, "1795400766123", "2026-11-23T02:26:06.123Z", true, "");
    ck_read(EPOCH, "1795400766123456", "2026-11-23T02:26:06.123Z", true, "");
    ck_read(EPOCH, "1795400766123456789", "2026-11-23T02:26:06.123Z", true, "");
    ck_read(EPOCH, "0", "1970-01-01T00:00:00.000Z", true, "");
    ck_read(EPOCH, "1795400766.1234567890123456789012345678901234567890", "2026-11-23T02:26:06.123Z", true, "");
    ck_read(EPOCH, "", "", false, "");
    ck_read(EPOCH, "-5", "", false, "");
    ck_read(EPOCH, "10.0.0.1", "", false, "");
    ck_read(EPOCH, "17954x", "", false, "");
    ck_read(EPOCH, "99999999999999999999", "", false, "");
}
END_TEST

START_TEST(epoch_numbers)
{
    int64_t us = 42;
    ck_assert(stamp_epoch_number(1795400766.123456, &us));
    ck_assert_int_eq(us, INT64_C(1795400766123456));
    ck_assert(stamp_epoch_number(1795400766.9999999, &us));
    ck_assert_int_eq(us, INT64_C(1795400767000000));
    ck_assert(stamp_epoch_number(1795400766123.0, &us));
    ck_assert_int_eq(us, INT64_C(1795400766123000));
    us = 42;
    static const double zero = 0;
    ck_assert(!stamp_epoch_number(zero / zero, &us) && !stamp_epoch_number(1 / zero, &us));
    ck_assert(!stamp_epoch_number(-1, &us) && !stamp_epoch_number(1e300, &us));
    ck_assert_int_eq(us, 42);
}
END_TEST

/* Berlin, 2026 and 2027: summer time from the last Sunday of March to the last of October, at 01:00 UTC. */
static struct zone_row berlin_rows[] = {
    {INT64_MIN, 3600}, {1774746000, 7200}, {1792890000, 3600}, {1806195600, 7200}, {1824944400, 3600}};
static const struct zone berlin = {NULL, berlin_rows, 5};

/* A local time of 2026 with an offset of UTC, written as ISO; `last` likewise or NULL. */
static void ck_local(const struct zone *z, const char *local, const char *last, const char *want)
{
    struct slice s = slice_str(local);
    int64_t local_us, last_us = STAMP_NONE;
    bool zone;
    ck_assert(stamp_rfc3339(&s, &local_us, &zone));
    if (last) {
        s = slice_str(last);
        ck_assert(stamp_rfc3339(&s, &last_us, &zone));
    }
    char got[32];
    stamp_print(stamp_local(z, local_us, last_us), got);
    ck_assert_msg(strcmp(got, want) == 0, "%s after %s: got %s, want %s", local, last ? last : "nothing", got, want);
}

START_TEST(zones)
{
    ck_local(NULL, "2026-07-01T12:00:00", NULL, "2026-07-01T12:00:00.000Z");
    ck_local(&berlin, "2026-07-01T12:00:00", NULL, "2026-07-01T10:00:00.000Z");
    ck_local(&berlin, "2026-12-01T12:00:00.250", NULL, "2026-12-01T11:00:00.250Z");
    ck_local(&berlin, "1950-12-01T12:00:00", NULL, "1950-12-01T11:00:00.000Z");
    ck_local(&berlin, "2050-07-01T12:00:00", NULL, "2050-07-01T11:00:00.000Z");
    /* The edges of summer time. */
    ck_local(&berlin, "2026-03-29T01:59:59", NULL, "2026-03-29T00:59:59.000Z");
    ck_local(&berlin, "2026-03-29T03:00:00", NULL, "2026-03-29T01:00:00.000Z");
    ck_local(&berlin, "2026-10-25T01:59:59", NULL, "2026-10-24T23:59:59.000Z");
    ck_local(&berlin, "2026-10-25T03:00:00", NULL, "2026-10-25T02:00:00.000Z");
    /* The skipped hour moves forward by the gap. */
    ck_local(&berlin, "2026-03-29T02:30:00", NULL, "2026-03-29T01:30:00.000Z");
}
END_TEST

START_TEST(repeated_hour)
{
    ck_local(&berlin, "2026-10-25T02:30:00", NULL, "2026-10-25T00:30:00.000Z");
    ck_local(&berlin, "2026-10-25T02:30:00", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00.000Z");
    ck_local(&berlin, "2026-10-25T02:30:00", "2026-10-25T00:29:59Z", "2026-10-25T00:30:00.000Z");
    /* A worker that was held up does not end summer time. */
    ck_local(&berlin, "2026-10-25T02:30:00", "2026-10-25T00:30:02Z", "2026-10-25T00:30:00.000Z");
    /* The clock went back. */
    ck_local(&berlin, "2026-10-25T02:00:00", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00.000Z");
    ck_local(&berlin, "2026-10-25T02:10:00", "2026-10-25T00:30:00Z", "2026-10-25T01:10:00.000Z");
    ck_local(&berlin, "2026-10-25T02:59:59", "2026-10-25T01:30:00Z", "2026-10-25T01:59:59.000Z");
}
END_TEST

START_TEST(zones_round_trip)
{
    /* Every half hour of two years comes back, whatever the offset. */
    for (int64_t utc = 1767225600; utc < 1767225600 + 2 * 365 * 86400; utc += 1800) {
        unsigned row = 4;
        while (berlin_rows[row].from_utc_s > utc)
            row--;
        int64_t local = (utc + berlin_rows[row].offset_s) * STAMP_SECOND;
        int64_t got = stamp_local(&berlin, local, (utc - 1800) * STAMP_SECOND);
        if (got != utc * STAMP_SECOND)
            ck_assert_int_eq(got, utc * STAMP_SECOND);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stamp");
    TCase *t = tcase_create("stamp");
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, civil_against_a_count_of_days);
    tcase_add_test(t, print_takes_any_number);
    tcase_add_test(t, nginx_and_clf);
    tcase_add_test(t, rfc3339);
    tcase_add_test(t, rfc3164);
    tcase_add_test(t, latest_year);
    tcase_add_test(t, epoch);
    tcase_add_test(t, epoch_numbers);
    tcase_add_test(t, zones);
    tcase_add_test(t, repeated_hour);
    tcase_add_test(t, zones_round_trip);
    suite_add_tcase(s, t);
    return unit_run(s);
}
