/* What one crumbd tells another: its form, whatever stands in it, which messages are known, and payloads written anew.
 */
#include "tests/unit/unit.h"

#include "core/forwarded.h"
#include "core/taken_ids.h"
#include "core/taken_lines.h"
#include "core/taken_payload.h"

static const int64_t S = 1000000, START_US = INT64_C(1795428000000000);

/* ---- the form ---- */

static struct forwarded an_event(void)
{
    struct forwarded f = {
        .kind = FORWARDED_EVENT,
        .event_id = "0123456789abcdef0123456789abcdef",
        .from = UINT64_C(0xfedcba9876543210),
        .issue = 7,
        .time_us = START_US,
        .level = SLICE("error"),
        .title = SLICE("it \"broke\"\n"),
        .payload = SLICE("{\"event_id\":\"0123456789abcdef0123456789abcdef\",\"tags\":{\"peer\":\"192.0.2.1\"},"
                         "\"contexts\":{\"crumbd\":{\"forward\":{\"project\":\"shop\",\"burst\":3,"
                         "\"period\":60000000,\"constant\":true,\"remote\":true}}}}")};
    return f;
}

static struct sbuf written(const struct forwarded *f)
{
    struct sbuf text;
    sbuf_init(&text, FORWARDED_BYTES_MAX);
    ck_assert(forwarded_write(f, &text));
    return text;
}

START_TEST(what_is_written_is_read)
{
    struct forwarded f = an_event(), got;
    struct arena a = {0};
    struct sbuf text = written(&f), again = written(&f);
    const char *why = NULL;
    ck_assert(slice_eq(sbuf_slice(&text), sbuf_slice(&again)));
    ck_assert_msg(forwarded_read(sbuf_slice(&text), &a, &got, &why), "%s", why);
    ck_assert_int_eq(got.kind, FORWARDED_EVENT);
    ck_assert_str_eq(got.event_id, f.event_id);
    ck_assert_uint_eq(got.from, f.from);
    ck_assert_uint_eq(got.issue, 7);
    ck_assert_int_eq(got.time_us, START_US);
    ck_assert(slice_is(got.level, "error") && slice_is(got.title, "it \"broke\"\n"));
    ck_assert(slice_eq(got.payload, f.payload) && slice_is(got.peer, "192.0.2.1"));
    ck_assert(slice_is(got.limits.project, "shop") && got.limits.constant && got.limits.remote);
    ck_assert_uint_eq(got.limits.burst, 3);
    ck_assert_int_eq(got.limits.period_us, 60 * S);
    sbuf_addc(&text, '\n');
    ck_assert(forwarded_read(sbuf_slice(&text), &a, &got, &why));
    sbuf_done(&text);
    sbuf_done(&again);
    arena_done(&a);
}
END_TEST

START_TEST(a_count_is_read)
{
    struct forwarded f = an_event(), got;
    struct arena a = {0};
    struct sbuf payload;
    const char *why = NULL;
    sbuf_init(&payload, 4096);
    f.kind = FORWARDED_COUNT;
    f.n = 12345;
    f.first_us = START_US - 5;
    f.last_us = START_US + 5;
    f.limits = (struct forwarded_limits){.project = SLICE("shop"), .burst = 4};
    forwarded_write_count(&f, &payload);
    f.payload = sbuf_slice(&payload);
    struct sbuf text = written(&f);
    ck_assert_msg(forwarded_read(sbuf_slice(&text), &a, &got, &why), "%s", why);
    ck_assert_uint_eq(got.n, 12345);
    ck_assert_int_eq(got.first_us, START_US - 5);
    ck_assert_int_eq(got.last_us, START_US + 5);
    ck_assert(slice_is(got.limits.project, "shop") && !got.limits.remote);
    ck_assert_uint_eq(got.limits.burst, 4);
    sbuf_done(&text);
    sbuf_done(&payload);
    arena_done(&a);
}
END_TEST

static void ck_refused(struct slice text)
{
    struct arena a = {0};
    struct forwarded f;
    const char *why = NULL;
    ck_assert_msg(!forwarded_read(text, &a, &f, &why), "taken: %.*s", SLICE_ARG(text));
    ck_assert_ptr_nonnull(why);
    arena_done(&a);
}

START_TEST(half_a_message_is_refused)
{
    struct forwarded f = an_event();
    struct sbuf text = written(&f);
    for (size_t n = 0; n < text.n; n++)
        ck_refused(slice_sub(sbuf_slice(&text), 0, n));
    sbuf_done(&text);
}
END_TEST

#define HEAD                                                                                                           \
    "{\"event_id\":\"0123456789abcdef0123456789abcdef\",\"crumbd\":{\"v\":1,\"from\":\"0123456789abcdef\",\"time\":1,"
#define ISSUE "\"issue\":\"0123456789abcdef\"}}\n"

static const char *const strange[] = {
    "",
    "\n\n\n",
    "not JSON\n{}\n{}",
    "[]\n{\"type\":\"event\",\"length\":2}\n{}",
    "{}\n{\"type\":\"event\",\"length\":2}\n{}",
    /* a Sentry SDK's */
    "{\"event_id\":\"0123456789abcdef0123456789abcdef\"}\n{\"type\":\"event\",\"length\":2}\n{}",
    HEAD "\"issue\":\"0123456789abcdeg\"}}\n{\"type\":\"event\",\"length\":2}\n{}",
    HEAD "\"issue\":\"0123456789abcdef0\"}}\n{\"type\":\"event\",\"length\":2}\n{}",
    HEAD "\"issue\":7}}\n{\"type\":\"event\",\"length\":2}\n{}",
    HEAD "\"issue\":\"0000000000000000\"}}\n{\"type\":\"event\",\"length\":2}\n{}",
    HEAD ISSUE "{\"type\":\"event\"}\n{}",
    HEAD ISSUE "{\"type\":\"event\",\"length\":3}\n{}",
    HEAD ISSUE "{\"type\":\"event\",\"length\":1}\n{}",
    HEAD ISSUE "{\"type\":\"event\",\"length\":-2}\n{}",
    HEAD ISSUE "{\"type\":\"event\",\"length\":18446744073709551615}\n{}",
    HEAD ISSUE "{\"type\":\"attachment\",\"length\":2}\n{}",
    HEAD ISSUE "{\"type\":\"event\",\"length\":2}\n[]",
    HEAD ISSUE "{\"type\":\"event\",\"length\":4}\n{}{}",
    /* the id of another event */
    HEAD ISSUE "{\"type\":\"event\",\"length\":18}\n{\"event_id\":\"0123\"}",
    HEAD ISSUE "{\"type\":\"crumbd.count\",\"length\":2}\n{}",
    HEAD ISSUE "{\"type\":\"crumbd.count\",\"length\":7}\n{\"n\":0}",
    HEAD ISSUE "{\"type\":\"crumbd.count\",\"length\":9}\n{\"n\":1.5}",
    HEAD ISSUE "{\"type\":\"crumbd.count\",\"length\":26}\n{\"n\":18446744073709551615}",
    HEAD ISSUE "{\"type\":\"crumbd.count\",\"length\":17}\n{\"n\":1,\"first\":-1}",
    /* more lines than it counts */
    HEAD ISSUE "{\"type\":\"crumbd.count\",\"length\":42}\n{\"n\":1,\"lines\":\"0123456789abcdef 1 2 3+2\"}",
    HEAD ISSUE "{\"type\":\"crumbd.count\",\"length\":19}\n{\"n\":1,\"lines\":\"7\"}",
    HEAD ISSUE "{\"type\":\"crumbd.count\",\"length\":17}\n{\"n\":1,\"lines\":7}",
};

START_TEST(strange_messages_are_refused)
{
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
        ck_refused(slice_str(strange[i]));
    /* their frame is sound */
    struct arena a = {0};
    struct forwarded f;
    const char *why = NULL;
    ck_assert(forwarded_read(SLICE(HEAD ISSUE "{\"type\":\"event\",\"length\":2}\n{}"), &a, &f, &why));
    ck_assert(forwarded_read(SLICE(HEAD ISSUE "{\"type\":\"crumbd.count\",\"length\":7}\n{\"n\":1}"), &a, &f, &why));
    ck_assert(forwarded_read(
        SLICE(HEAD ISSUE "{\"type\":\"crumbd.count\",\"length\":42}\n{\"n\":1,\"lines\":\"0123456789abcdef 1 2 3+1\"}"),
        &a, &f, &why));
    ck_assert(f.n_lines == 1 && f.lines->first == 3 && f.lines->n == 1);
    arena_done(&a);
}
END_TEST

/* ---- repeats ---- */

START_TEST(repeats_are_known)
{
    struct taken_ids t;
    taken_ids_init(&t);
    for (uint64_t i = 1; i <= TAKEN_EACH_MAX; i++)
        ck_assert(taken_ids_take(&t, 1, i));
    for (uint64_t i = 1; i <= TAKEN_EACH_MAX; i++)
        ck_assert(!taken_ids_take(&t, 1, i));
    ck_assert(!taken_ids_take(&t, 2, 1)); /* another tells the same: it is the same event */
    ck_assert(taken_ids_take(&t, 1, TAKEN_EACH_MAX + 1));
    ck_assert(taken_ids_take(&t, 1, 1)); /* the oldest of them had to go */
    /* Others, however many they are, do not drive out who is heard. */
    for (uint64_t from = 10; from < 10 + 2 * TAKEN_FROM_MAX; from++) {
        ck_assert(taken_ids_take(&t, from, from << 32));
        ck_assert(!taken_ids_take(&t, 1, TAKEN_EACH_MAX));
    }
    ck_assert_uint_le(t.ids.n, TAKEN_MAX);
    ck_assert_uint_le(t.from.n, TAKEN_FROM_MAX);
    for (uint64_t from = 1000; from < 1100; from++)
        for (uint64_t i = 0; i < TAKEN_EACH_MAX; i++)
            taken_ids_take(&t, from, from << 32 | i);
    ck_assert_uint_le(t.ids.n, TAKEN_MAX);
    ck_assert(!taken_ids_take(&t, 1099, UINT64_C(1099) << 32));
    taken_ids_done(&t);
}
END_TEST

/* ---- lines that others read as well ---- */

static const char *const no_lines[] = {
    "7",
    "0123456789abcdef",
    "0123456789abcdef 1 2",
    "0123456789abcdef 1 2 3",
    "0123456789abcdef 1 2 3+",
    "0123456789abcdef 1 2 3+0",
    "0123456789abcdef 1 2 +1",
    "0123456789abcdef 2 1 3+1",
    "0123456789abcdef -1 1 3+1",
    "0123456789abcdef 1 2 3+1 ;x",
    "0123456789abcdeg 1 2 3+1",
    "0000000000000000 1 2 3+1",
    "0123456789abcdef 1 2 9223372036854775808+1",
    "0123456789abcdef 1 2 1+9223372036854775808",
    "0123456789abcdef 1 2 3+9223372036854775807 3+9223372036854775807 3+2",
    ";",
};

START_TEST(lines_are_written_and_read)
{
    struct line_runs l = {0};
    struct arena a = {0};
    struct sbuf text;
    struct line_run *v;
    unsigned n;
    uint64_t lines;
    sbuf_init(&text, 65536);
    /* Two logs take turns; of one a line is left out. */
    for (uint64_t i = 10; i < 20; i++)
        for (uint64_t log = 2; log > 0; log--)
            if (i != 15 || log == 1)
                line_runs_add(&l, &(struct line_run){log, i, 1, (int64_t)(i * log), (int64_t)(i * log)});
    ck_assert_uint_eq(l.n, 3);
    line_runs_sort(&l);
    line_runs_write(l.v, l.n, &text);
    ck_assert_str_eq(sbuf_cstr(&text), "0000000000000001 10 19 10+10;0000000000000002 20 38 10+5 16+4");
    ck_assert(line_runs_read(sbuf_slice(&text), &a, &v, &n, &lines));
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_eq(lines, 19);
    ck_assert(v[2].log == 2 && v[2].first == 16 && v[2].n == 4 && v[2].from_us == 20 && v[2].to_us == 38);
    line_runs_done(&l);
    for (size_t i = 0; i < sizeof no_lines / sizeof *no_lines; i++)
        ck_assert_msg(!line_runs_read(slice_str(no_lines[i]), &a, &v, &n, &lines), "%s", no_lines[i]);
    sbuf_reset(&text);
    sbuf_adds(&text, SLICE("0123456789abcdef 1 2"));
    for (unsigned i = 0; i < LINE_RUNS_MAX; i++)
        sbuf_addf(&text, " %u+1", 2 * i);
    ck_assert(!text.over && line_runs_read(sbuf_slice(&text), &a, &v, &n, &lines) && n == LINE_RUNS_MAX);
    sbuf_adds(&text, SLICE(" 9999+1"));
    ck_assert(!text.over && !line_runs_read(sbuf_slice(&text), &a, &v, &n, &lines));
    sbuf_done(&text);
    arena_done(&a);
}
END_TEST

START_TEST(lines_count_once)
{
    enum { LINES = 3000 };
    static bool had[LINES];
    struct taken_lines t;
    uint32_t dice = 7;
    taken_lines_init(&t);
    for (unsigned i = 0; i < 4000; i++) {
        uint64_t fresh = 0;
        dice = dice * 1664525 + 1013904223;
        unsigned first = (dice >> 8) % (LINES - 20), n = 1 + (dice >> 24) % 20;
        for (unsigned k = first; k < first + n; k++) {
            fresh += !had[k];
            had[k] = true;
        }
        ck_assert_uint_eq(taken_lines_take(&t, 5, &(struct line_run){9, first, n, 100, 200}), fresh);
    }
    /* Another issue, another log; then the log is made anew, which its times tell. */
    ck_assert_uint_eq(taken_lines_take(&t, 6, &(struct line_run){9, 0, LINES, 100, 200}), LINES);
    ck_assert_uint_eq(taken_lines_take(&t, 5, &(struct line_run){8, 0, LINES, 100, 200}), LINES);
    ck_assert_uint_eq(taken_lines_take(&t, 5, &(struct line_run){9, 100, 50, 201, 300}), 50);
    ck_assert_uint_eq(taken_lines_take(&t, 5, &(struct line_run){9, 90, 50, 250, 300}), 10);
    /* However many there are, they are bounded, and the last are known. */
    for (uint64_t i = 0; i < 2 * TAKEN_SPANS_EACH_MAX; i++)
        ck_assert_uint_eq(taken_lines_take(&t, 7, &(struct line_run){9, 2 * i, 1, 1, 1}), 1);
    ck_assert_uint_eq(taken_lines_take(&t, 7, &(struct line_run){9, 2 * (2 * TAKEN_SPANS_EACH_MAX - 1), 1, 1, 1}), 0);
    ck_assert_uint_le(t.n, TAKEN_SPANS_EACH_MAX + 100);
    for (uint64_t i = 0; i < 2 * TAKEN_SPANS_MAX; i++)
        ck_assert_uint_eq(taken_lines_take(&t, i << 32, &(struct line_run){9, 2, 1, 1, 1}), 1);
    ck_assert_uint_le(t.n, TAKEN_SPANS_MAX);
    ck_assert_uint_le(t.logs.n, TAKEN_SPANS_MAX);
    ck_assert_uint_eq(
        taken_lines_take(&t, (UINT64_C(2) * TAKEN_SPANS_MAX - 1) << 32, &(struct line_run){9, 2, 1, 1, 1}), 0);
    taken_lines_done(&t);
}
END_TEST

/* ---- payloads ---- */

START_TEST(payloads_keep_what_is_theirs)
{
    struct sbuf out;
    sbuf_init(&out, 4096);
    ck_assert(taken_payload_sample(
        SLICE("{\"breadcrumbs\":[1],\"tags\":{\"breadcrumbs\":\"x\"},\"contexts\":{\"log\":{},\"crumbd\":{\"a\":1}},"
              "\"contexts\":{\"crumbd\":{}},\"n\":null}"),
        &out));
    ck_assert_str_eq(sbuf_cstr(&out),
                     "{\"tags\":{\"breadcrumbs\":\"x\"},\"contexts\":{\"log\":{},\"crumbd\":{\"summary\":true,"
                     "\"suppressed\":1,\"first\":0.000000,\"last\":0.000000}},\"n\":null}");
    sbuf_reset(&out);
    ck_assert(!taken_payload_sample(SLICE("[]"), &out));
    sbuf_done(&out);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("forwarded");
    TCase *t = tcase_create("all");
    tcase_add_test(t, what_is_written_is_read);
    tcase_add_test(t, a_count_is_read);
    tcase_add_test(t, half_a_message_is_refused);
    tcase_add_test(t, strange_messages_are_refused);
    tcase_add_test(t, repeats_are_known);
    tcase_add_test(t, lines_are_written_and_read);
    tcase_add_test(t, lines_count_once);
    tcase_add_test(t, payloads_keep_what_is_theirs);
    suite_add_tcase(s, t);
    return unit_run(s);
}
