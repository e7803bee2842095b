/*
 * tzif: zones read from their files and from rules, compared with what libc makes of the same, and files that are none.
 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/sbuf.h"
#include "base/xalloc.h"
#include "text/tzif.h"

#define ZONES "/usr/share/zoneinfo"
#define LAST_S INT64_C(4102444800) /* 2100-01-01 */

/* --- beside libc --- */

static int32_t libc_offset(int64_t s)
{
    time_t t = (time_t)s;
    struct tm tm;
    if (!localtime_r(&t, &tm))
        ck_abort_msg("libc does not know %lld", (long long)s);
    return (int32_t)tm.tm_gmtoff;
}

/* The first Unix time whose local time by libc this is; where the clock skips it, as far behind the gap as it is into
 * it. */
static int64_t libc_utc(int64_t local_s, int32_t before_s, int32_t after_s)
{
    int64_t of_before = local_s - before_s, of_after = local_s - after_s;
    bool is_before = libc_offset(of_before) == before_s, is_after = libc_offset(of_after) == after_s;
    return !is_after || (is_before && of_before < of_after) ? of_before : of_after;
}

static void ck_change(const struct zone *z, const char *name, int64_t at_s)
{
    int32_t before_s = libc_offset(at_s - 1), after_s = libc_offset(at_s);
    static const int around[] = {-3601, -3600, -1, 0, 1800, 3599, 3600};
    ck_assert_msg(before_s != after_s, "%s: nothing changes at %lld", name, (long long)at_s);
    for (unsigned i = 0; i < sizeof around / sizeof *around; i++) {
        int64_t local_s = at_s + before_s + around[i], want = libc_utc(local_s, before_s, after_s);
        int64_t got = stamp_local(z, local_s * STAMP_SECOND, STAMP_NONE) / STAMP_SECOND;
        if (got != want)
            ck_abort_msg("%s: local %lld is %lld, got %lld", name, (long long)local_s, (long long)want, (long long)got);
    }
}

/* By libc, which TZ has told the zone. */
static unsigned ck_zone(const struct zone *z, const char *name)
{
    enum { STEP_S = 29 * 86400, EACH = 9 };
    for (int64_t s = 0; s < LAST_S; s += STEP_S)
        if (stamp_offset(z, s) != libc_offset(s)) /* an assertion for each would take ten times as long as the zones */
            ck_abort_msg("%s: at %lld the offset is %d, got %d", name, (long long)s, libc_offset(s),
                         stamp_offset(z, s));
    ck_assert_int_eq(z->rows[0].from_utc_s, INT64_MIN);
    ck_assert_int_eq(z->rows[0].offset_s, libc_offset(0));
    for (unsigned i = 1; i < z->n; i++) {
        ck_assert_int_eq(z->rows[i].offset_s, libc_offset(z->rows[i].from_utc_s));
        if (i % EACH < 2) /* a spring and an autumn */
            ck_change(z, name, z->rows[i].from_utc_s);
    }
    return z->n - 1;
}

static void set_libc(const char *tz)
{
    setenv("TZ", tz, 1);
    tzset();
}

static bool read_bytes(const char *path, struct sbuf *out)
{
    FILE *f = fopen(path, "rb");
    char *room = sbuf_room(out, TZIF_BYTES_MAX);
    out->n = f ? fread(room, 1, TZIF_BYTES_MAX, f) : 0;
    if (f)
        fclose(f);
    return out->n > 4 && memcmp(sbuf_slice(out).p, "TZif", 4) == 0;
}

struct tally {
    unsigned zones, changes;
};

static void ck_file(const char *path, struct tally *t)
{
    struct sbuf bytes;
    sbuf_init(&bytes, 2 * TZIF_BYTES_MAX);
    if (read_bytes(path, &bytes)) {
        struct zone z = {0};
        char *tz = xasprintf(":%s", path);
        set_libc(tz);
        ck_assert_msg(tzif_read(sbuf_slice(&bytes), &z), "%s is refused", path);
        t->changes += ck_zone(&z, path);
        t->zones++;
        free(z.rows);
        free(tz);
    }
    sbuf_done(&bytes);
}

static void ck_folder(const char *path, struct tally *t)
{
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        struct stat st;
        char *full = xasprintf("%s/%s", path, e->d_name);
        bool is_there = e->d_name[0] != '.' && strcmp(e->d_name, "right") != 0 && strcmp(e->d_name, "posix") != 0 &&
                        lstat(full, &st) == 0;
        if (is_there && S_ISDIR(st.st_mode))
            ck_folder(full, t);
        else if (is_there && S_ISREG(st.st_mode))
            ck_file(full, t);
        free(full);
    }
    if (dir)
        closedir(dir);
}

START_TEST(zones_of_this_host)
{
    struct tally t = {0};
    ck_folder(ZONES, &t);
    ck_assert_uint_gt(t.zones, 200);
    ck_assert_uint_gt(t.changes, 10000);
}
END_TEST

static const char *const rules[] = {"UTC0",
                                    "CET-1CEST,M3.5.0,M10.5.0/3",
                                    "EST5EDT,M3.2.0,M11.1.0",
                                    "AEST-10AEDT,M10.1.0,M4.1.0/3",
                                    "<+0330>-3:30",
                                    "<-03>3",
                                    "IST-1GMT0,M10.5.0,M3.5.0/1",
                                    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                                    "NZST-12NZDT,M9.5.0,M4.1.0/3",
                                    "AAA-1:02:03BBB,J60,J300/0:30",
                                    "AAA2BBB1:30,59/1,364/22",
                                    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                                    "EET-2EEST,M4.5.5/0,M10.5.4/24",
                                    "AAA5BBB,M2.5.1/12,M12.5.6"};
enum { RULES = sizeof rules / sizeof *rules };

START_TEST(rules_of_posix)
{
    struct zone z = {0};
    set_libc(rules[_i]);
    ck_assert(tzif_rule(slice_str(rules[_i]), &z));
    unsigned changes = ck_zone(&z, rules[_i]);
    ck_assert_uint_eq(changes, strchr(rules[_i], ',') ? changes : 0);
    ck_assert(!strchr(rules[_i], ',') || changes > 200);
    free(z.rows);
}
END_TEST

START_TEST(summer_all_year)
{
    /* RFC 9636, 3.3.1: this is how a zone says that summer never ends. */
    struct zone z = {0};
    ck_assert(tzif_rule(SLICE("XXX3EDT4,0/0,J365/23"), &z));
    for (int64_t s = 0; s < LAST_S; s += 86400 / 2)
        ck_assert_int_eq(stamp_offset(&z, s), -4 * 3600);
    free(z.rows);
    /* Without dates they are those of the United States. */
    struct zone without = {0}, with = {0};
    ck_assert(tzif_rule(SLICE("EST5EDT"), &without) && tzif_rule(SLICE("EST5EDT,M3.2.0,M11.1.0"), &with));
    ck_assert_uint_eq(without.n, with.n);
    ck_assert_mem_eq(without.rows, with.rows, with.n * sizeof *with.rows);
    free(without.rows);
    free(with.rows);
}
END_TEST

static const char *const no_rules[] = {"",
                                       "C",
                                       "CE-1",
                                       "CET",
                                       "CET-",
                                       "CET-25",
                                       "CET-1:60",
                                       "CET-1:00:60",
                                       "CET-1:",
                                       "<CET-1",
                                       "CET-1CE",
                                       "CET-1CEST,",
                                       "CET-1CEST,M3.5.0",
                                       "CET-1CEST,M3.5.0,",
                                       "CET-1CEST,M13.5.0,M10.5.0",
                                       "CET-1CEST,M0.5.0,M10.5.0",
                                       "CET-1CEST,M3.6.0,M10.5.0",
                                       "CET-1CEST,M3.0.0,M10.5.0",
                                       "CET-1CEST,M3.5.7,M10.5.0",
                                       "CET-1CEST,M3.5,M10.5.0",
                                       "CET-1CEST,J0,J5",
                                       "CET-1CEST,J366,J5",
                                       "CET-1CEST,366,5",
                                       "CET-1CEST,M3.5.0/168,M10.5.0",
                                       "CET-1CEST,M3.5.0,M10.5.0 ",
                                       "CET-1CEST,M3.5.0,M10.5.0,M3.5.0",
                                       "CET-9999999999999999999999",
                                       "CET-1CEST,M3.5.0/,M10.5.0"};
enum { NO_RULES = sizeof no_rules / sizeof *no_rules };

START_TEST(no_rule)
{
    struct zone z = {0};
    ck_assert_msg(!tzif_rule(slice_str(no_rules[_i]), &z), "\"%s\" is taken", no_rules[_i]);
    ck_assert(!z.rows && z.n == 0);
}
END_TEST

/* --- files made by hand --- */

static void put_be(struct sbuf *b, int64_t v, unsigned bytes)
{
    while (bytes--)
        sbuf_addc(b, (char)((uint64_t)v >> 8 * bytes));
}

static void put_header(struct sbuf *b, char version, uint32_t changes, uint32_t types)
{
    sbuf_adds(b, SLICE("TZif"));
    sbuf_addc(b, version);
    for (unsigned i = 0; i < 15; i++)
        sbuf_addc(b, 0);
    const uint32_t counts[] = {0, 0, 0, changes, types, 4};
    for (unsigned i = 0; i < 6; i++)
        put_be(b, counts[i], 4);
}

/* Types are the offsets of UTC in seconds. */
static void put_block(struct sbuf *b, unsigned time_bytes, const int64_t *times, const char *indices, uint32_t n,
                      const int32_t *types, uint32_t n_types)
{
    for (uint32_t i = 0; i < n; i++)
        put_be(b, times[i], time_bytes);
    for (uint32_t i = 0; i < n; i++)
        sbuf_addc(b, indices[i]);
    for (uint32_t i = 0; i < n_types; i++) {
        put_be(b, types[i], 4);
        put_be(b, 0, 2);
    }
    put_be(b, 0, 4); /* a name */
}

static const int32_t two[] = {3600, 7200};
static const int64_t rising[] = {-1000, 1000, 2000};

static struct sbuf file_of(char version, const int64_t *times, const char *indices, const int32_t *types,
                           const char *footer)
{
    struct sbuf b;
    sbuf_init(&b, 1 << 20);
    put_header(&b, version, 3, 2);
    put_block(&b, 4, times, indices, 3, types, 2);
    if (version) {
        put_header(&b, version, 3, 2);
        put_block(&b, 8, times, indices, 3, types, 2);
        sbuf_adds(&b, slice_str(footer));
    }
    return b;
}

static void ck_rows(struct sbuf *file, const char *want)
{
    struct zone z = {0};
    char got[200] = "";
    if (tzif_read(sbuf_slice(file), &z))
        for (unsigned i = 0; i < z.n && i < 4; i++)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%s%lld:%d", i ? " " : "",
                     i ? (long long)z.rows[i].from_utc_s : 0, z.rows[i].offset_s);
    else
        ck_assert(!z.rows && z.n == 0);
    ck_assert_str_eq(got, want);
    free(z.rows);
    sbuf_done(file);
}

START_TEST(versions)
{
    static const char all[] = {'\0', '2', '3', '4'};
    for (unsigned i = 0; i < 4; i++) {
        struct sbuf f = file_of(all[i], rising, "\1\0\1", two, "\n\n");
        ck_rows(&f, "0:7200 1000:3600 2000:7200");
    }
    /* The second block counts, whatever is left of these in the 32 bits of the first. */
    static const int64_t far[] = {INT64_MIN, -1, INT64_C(1) << 40};
    struct sbuf f = file_of('2', far, "\1\0\1", two, "\n\n");
    ck_rows(&f, "0:3600 1099511627776:7200");
    f = file_of('2', rising, "\1\0\1", two, "\nCET-1\n");
    ck_rows(&f, "0:7200 1000:3600 2000:7200");
    f = file_of('3', rising, "\0\1\0", two, "\nCET-1CEST,M3.5.0/-167,M10.5.0/167\n");
    ck_rows(&f, "0:3600 1000:7200 2000:3600 6912000:7200");
}
END_TEST

START_TEST(no_file)
{
    static const int64_t falling[] = {1000, 1000, 2000};
    static const int32_t wild[] = {3600, 93600}, wilder[] = {3600, INT32_MIN};
    struct sbuf f = file_of('2', falling, "\0\1\0", two, "\n\n");
    ck_rows(&f, "");
    f = file_of('2', rising, "\0\2\0", two, "\n\n");
    ck_rows(&f, "");
    f = file_of('2', rising, "\0\1\0", wild, "\n\n");
    ck_rows(&f, "");
    f = file_of('\0', rising, "\0\1\0", wilder, "");
    ck_rows(&f, "");
    static const char *const footers[] = {"", "\n", "UTC0\n", "\nUTC0", "\nUTC\n", "\nUTC0\x01\n"};
    for (unsigned i = 0; i < sizeof footers / sizeof *footers; i++) {
        f = file_of('2', rising, "\0\1\0", two, footers[i]);
        ck_rows(&f, "");
    }
}
END_TEST

/* Wherever a file ends too soon, and whatever a byte of it says: no read outside, which the sanitizers see. */
START_TEST(broken_files)
{
    struct sbuf f = file_of('2', rising, "\0\1\0", two, "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    struct slice whole = sbuf_slice(&f);
    struct zone z = {0};
    for (size_t n = 0; n < whole.n; n++) {
        char *part = xmalloc(n + 1);
        memcpy(part, whole.p, n);
        part = xrealloc(part, n ? n : 1, 1);
        ck_assert_msg(!tzif_read(slice_of(part, n), &z), "%zu of %zu bytes are taken", n, whole.n);
        free(part);
    }
    unsigned taken = 0;
    char *copy = xmalloc(whole.n);
    for (size_t i = 0; i < whole.n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, whole.p, whole.n);
            copy[i] ^= (char)(1 << bit);
            if (!tzif_read(slice_of(copy, whole.n), &z))
                continue;
            taken++;
            stamp_local(&z, INT64_C(1795428000000000), STAMP_NONE);
            free(z.rows);
            z = (struct zone){0};
        }
    ck_assert_uint_gt(taken, 0);
    free(copy);
    sbuf_done(&f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tzif");
    TCase *t = tcase_create("tzif");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, zones_of_this_host);
    tcase_add_loop_test(t, rules_of_posix, 0, RULES);
    tcase_add_test(t, summer_all_year);
    tcase_add_loop_test(t, no_rule, 0, NO_RULES);
    tcase_add_test(t, versions);
    tcase_add_test(t, no_file);
    tcase_add_test(t, broken_files);
    suite_add_tcase(s, t);
    return unit_run(s);
}
