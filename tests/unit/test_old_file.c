/* Logs that are read after the fact: any place of them, plain and gzip, and what is no log. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/past.h"
#include "io/old_file.h"

enum { LINES = 20000 };

static char path[64];

static void write_file(struct slice bytes, int64_t age_s)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    ck_assert_int_eq(fclose(f), 0);
    const struct timespec then[2] = {{.tv_sec = time(NULL) - age_s}, {.tv_sec = time(NULL) - age_s}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, then, 0), 0);
}

static void setup(void)
{
    snprintf(path, sizeof path, "/tmp/crumbd-old-file-%d", (int)getpid());
}

static void teardown(void)
{
    unlink(path);
}

/* Numbered lines, so that each byte tells where it stands. */
static void fill(struct sbuf *text)
{
    sbuf_init(text, 1 << 20);
    for (unsigned i = 0; i < LINES; i++)
        sbuf_addf(text, "line %07u of the log\n", i);
}

/* In members of so many bytes, with zeros behind them. */
static void compress(struct slice text, size_t member, size_t zeros, struct sbuf *out)
{
    sbuf_init(out, 1 << 20);
    for (size_t at = 0; at < text.n; at += member)
        ck_assert(zip_gzip(slice_sub(text, at, at + member), out));
    for (size_t i = 0; i < zeros; i++)
        sbuf_addc(out, '\0');
}

/* All that comes from here to the end. */
static void read_rest(struct old_file *f, size_t step, struct sbuf *out)
{
    char piece[8192];
    ssize_t n;
    sbuf_reset(out);
    while (old_file_skip(f))
        ;
    while ((n = old_file_read(f, piece, step)) > 0)
        sbuf_adds(out, slice_of(piece, (size_t)n));
    ck_assert_int_eq(n, 0);
}

static void check_places(struct slice text, bool gzip)
{
    static const size_t places[] = {0, 1, 270000, 100, 99, 300001, 5};
    static const size_t steps[] = {8192, 7, 1024};
    struct old_file f;
    char *why = NULL;
    struct sbuf rest;
    sbuf_init(&rest, 1 << 20);
    ck_assert(old_file_open(&f, path, &why));
    ck_assert_int_eq(f.is_gzip, gzip);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        old_file_go_to(&f, places[i]);
        read_rest(&f, steps[i % 3], &rest);
        ck_assert(!f.damaged);
        ck_assert(slice_eq(sbuf_slice(&rest), slice_from(text, places[i])));
        ck_assert_uint_eq(f.at, text.n);
        ck_assert_uint_eq(f.disk_at, f.disk_bytes);
    }
    old_file_close(&f);
    sbuf_done(&rest);
}

START_TEST(any_place_is_found)
{
    struct sbuf text, packed;
    static const size_t members[] = {1 << 20, 100000, 1000}, zeros[] = {0, 1, 70000};
    fill(&text);
    write_file(sbuf_slice(&text), 60);
    check_places(sbuf_slice(&text), false);
    for (size_t i = 0; i < 3; i++) {
        compress(sbuf_slice(&text), members[i], zeros[i], &packed);
        write_file(sbuf_slice(&packed), 60);
        check_places(sbuf_slice(&text), true);
        sbuf_done(&packed);
    }
    sbuf_done(&text);
}
END_TEST

/* What came before is the log's, to the last byte that can be known. */
START_TEST(damage_is_said)
{
    struct sbuf text, packed, rest;
    struct old_file f;
    char *why = NULL;
    fill(&text);
    sbuf_init(&rest, 1 << 20);
    compress(sbuf_slice(&text), 1 << 20, 0, &packed);
    for (unsigned way = 0; way < 3; way++) {
        struct slice bytes = sbuf_slice(&packed);
        if (way == 1) /* in the middle something else was written */
            memset(packed.p + packed.n / 2, 'x', 64);
        write_file(way == 0 ? slice_sub(bytes, 0, bytes.n / 2) : way == 2 ? slice_sub(bytes, 0, 5) : bytes, 60);
        ck_assert(old_file_open(&f, path, &why));
        read_rest(&f, 4096, &rest);
        ck_assert(f.damaged);
        ck_assert(way == 2 ? rest.n == 0 : rest.n > 1000);
        /* Bytes that are other ones may pass for a while: the checksum stands at the end. */
        ck_assert(way == 1 || slice_starts(sbuf_slice(&text), sbuf_slice(&rest)));
        old_file_close(&f);
    }
    sbuf_done(&text);
    sbuf_done(&packed);
    sbuf_done(&rest);
}
END_TEST

START_TEST(a_line_that_is_being_written_is_left)
{
    struct old_file f;
    char *why = NULL;
    for (int64_t age_s = 0; age_s <= 60; age_s += 60) {
        write_file(SLICE("one\ntwo\nhal"), age_s);
        ck_assert(old_file_open(&f, path, &why));
        ck_assert_uint_eq(f.disk_bytes, age_s ? 11 : 8);
        ck_assert_uint_eq(old_file_log_bytes(&f), f.disk_bytes);
        old_file_close(&f);
    }
}
END_TEST

START_TEST(others_are_refused_with_a_remedy)
{
    static const struct {
        struct slice bytes;
        const char *word;
    } cases[] = {{{"\xfd"
                   "7zXZ\0 ",
                   7},
                  "xzcat"},
                 {{"BZh91AY", 7}, "bzcat"},
                 {{"\x28\xb5\x2f\xfd ", 5}, "zstdcat"}};
    struct old_file f;
    char *why = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file(cases[i].bytes, 60);
        ck_assert(!old_file_open(&f, path, &why));
        ck_assert(slice_find(slice_str(why), slice_str(cases[i].word)) >= 0);
        ck_assert_int_eq(f.fd, -1);
        free(why);
    }
    unlink(path);
    ck_assert(!old_file_open(&f, path, &why));
    ck_assert_str_eq(why, "No such file or directory");
    free(why);
    ck_assert(!old_file_open(&f, "/tmp", &why));
    free(why);
}
END_TEST

/* --- lines of long ago --- */

START_TEST(what_is_left_out)
{
    const struct past p = {.on = true, .oldest_us = 100, .since_us = 200, .before_us = 300}, off = {0};
    static const struct {
        int64_t us;
        enum count want;
    } cases[] = {{99, COUNT_too_old}, {100, COUNT_unasked}, {199, COUNT_unasked},     {200, COUNT_N},
                 {299, COUNT_N},      {300, COUNT_unasked}, {RECORD_NO_TIME, COUNT_N}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stream s = {.last_us = cases[i].us};
        struct message m = {.stream = &s};
        ck_assert_int_eq(past_left_out(&p, &m), cases[i].want);
        ck_assert_int_eq(past_left_out(&off, &m), COUNT_N);
        ck_assert_int_eq(past_received(&p, &m, 250),
                         cases[i].us == RECORD_NO_TIME || cases[i].us > 250 ? 250 : cases[i].us);
        ck_assert_int_eq(past_received(&off, &m, 250), 250);
        m.read = MESSAGE_AGAIN;
        ck_assert_int_eq(past_left_out(&p, &m), COUNT_N);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("old_file");
    TCase *t = tcase_create("old_file");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, any_place_is_found);
    tcase_add_test(t, damage_is_said);
    tcase_add_test(t, a_line_that_is_being_written_is_left);
    tcase_add_test(t, others_are_refused_with_a_remedy);
    tcase_add_test(t, what_is_left_out);
    suite_add_tcase(s, t);
    return unit_run(s);
}
