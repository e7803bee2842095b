#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/flood.h"
#include "core/top_values.h"
#include "text/json.h"

static size_t total;
static struct sbuf out;

static void set_up(void)
{
    total = 0;
    sbuf_init(&out, 1 << 20);
}

static void tear_down(void)
{
    sbuf_done(&out);
    ck_assert_uint_eq(total, 0);
}

static void add(struct top_values *v, const char *name, const char *value)
{
    top_values_add(v, slice_str(name), slice_str(value), slice_str(value));
}

static void one(struct top_values *v, const char *name, const char *value)
{
    if (top_values_begin(v))
        add(v, name, value);
}

static const char *shown(struct top_values *v)
{
    sbuf_reset(&out);
    return top_values_show(v, &out) ? sbuf_cstr(&out) : "";
}

START_TEST(few_values_are_exact)
{
    struct top_values *v = top_values_new(&total);
    for (unsigned i = 0; i < 900; i++) {
        ck_assert(top_values_begin(v));
        add(v, "upstream", i % 3 ? "10.0.0.1:80" : "10.0.0.2:80");
        add(v, "server", "shop");
        add(v, "upstream", "the second value of a name is none");
        if (i % 100 == 0)
            add(v, "errno", i ? "111" : "110");
    }
    ck_assert_str_eq(shown(v), "{\"upstream\":[\"600 \xc3\x97 10.0.0.1:80\",\"300 \xc3\x97 10.0.0.2:80\"],"
                               "\"errno\":[\"8 \xc3\x97 111\",\"1 \xc3\x97 110\"]}");
    top_values_free(v);
}
END_TEST

START_TEST(what_is_common_stays_exact_among_rare_ones)
{
    struct top_values *v = top_values_new(&total);
    char text[32];
    for (unsigned i = 0; i < 999; i++) {
        snprintf(text, sizeof text, "rare-%u", i);
        one(v, "client", i % 3 == 0 ? "often" : text);
    }
    ck_assert_str_eq(shown(v), "{\"client\":[\"333 \xc3\x97 often\",\"666 \xc3\x97 others\"]}");
    top_values_free(v);
    v = top_values_new(&total);
    for (unsigned i = 0; i < 999; i++) {
        snprintf(text, sizeof text, "id-%u", i);
        one(v, "id", text);
    }
    ck_assert_str_eq(shown(v), ""); /* all different: nothing to say */
    top_values_free(v);
}
END_TEST

/* Values that take turns must not walk in step with those that are looked at. */
START_TEST(a_flood_is_sampled)
{
    for (unsigned turns = 2; turns <= 16; turns *= 2) {
        struct top_values *v = top_values_new(&total);
        unsigned looked = 0;
        char text[32];
        for (unsigned i = 0; i < 200000; i++) {
            if (!top_values_begin(v))
                continue;
            looked++;
            snprintf(text, sizeof text, "%u", i % turns ? 1 : 0);
            add(v, "turn", text);
        }
        ck_assert_uint_lt(looked, 200000 / 12);
        const char *at = strstr(shown(v), "~");
        ck_assert_ptr_nonnull(at);
        /* the commonest first: its share is (turns - 1) of turns */
        double got = atof(at + 1), want = 200000.0 * (turns - 1) / turns;
        ck_assert_msg(got > want * 0.93 && got < want * 1.07, "%u turns: %g of %g", turns, got, want);
        top_values_free(v);
    }
}
END_TEST

START_TEST(long_values_are_others)
{
    struct top_values *v = top_values_new(&total);
    char text[TOP_VALUES_TEXT_MAX + 2];
    memset(text, 'x', sizeof text);
    text[TOP_VALUES_TEXT_MAX + 1] = '\0';
    one(v, "url", text);
    one(v, "url", "short");
    one(v, "a name of more than thirty-two btes", "a");
    one(v, "a name of more than thirty-two btes", "b");
    ck_assert_str_eq(shown(v), "{\"a name of more than thirty-two b\":[\"1 \xc3\x97 a\",\"1 \xc3\x97 b\"]}");
    one(v, "url", "short");
    for (unsigned i = 0; i < 20; i++)
        one(v, "url", "short");
    ck_assert_ptr_nonnull(strstr(shown(v), "\"url\":[\"22 \xc3\x97 short\",\"1 \xc3\x97 others\"]"));
    top_values_free(v);
}
END_TEST

START_TEST(memory_is_bounded)
{
    enum { N = 20000 };
    static struct top_values *v[N];
    char name[32], text[128];
    for (unsigned i = 0; i < N; i++) {
        v[i] = top_values_new(&total);
        for (unsigned k = 0; k < 40; k++) {
            top_values_begin(v[i]);
            for (unsigned f = 0; f < 20; f++) {
                snprintf(name, sizeof name, "name-%u", f);
                snprintf(text, sizeof text, "%0100u", k * f);
                add(v[i], name, text);
            }
        }
    }
    ck_assert_uint_lt(total, TOP_VALUES_BYTES_MAX + N * 200);
    for (unsigned i = 0; i < N; i++)
        top_values_free(v[i]);
}
END_TEST

START_TEST(secrets_are_taken_out)
{
    const struct options opt = {.scrub = {.defaults = true}};
    struct scrub *s = scrub_new(&opt);
    struct top_values *v = top_values_new(&total);
    for (unsigned i = 0; i < 4; i++) {
        one(v, "header", "Bearer 0123456789abcdef0123456789abcdef");
        one(v, "header", "none");
        top_values_scrub(v, s);
    }
    ck_assert_msg(!strstr(shown(v), "0123456789abcdef"), "%s", sbuf_cstr(&out));
    ck_assert_ptr_nonnull(strstr(shown(v), "4 \xc3\x97 Bearer [Filtered]"));
    sbuf_reset(&out);
    top_values_write(v, &out);
    ck_assert_ptr_null(strstr(sbuf_cstr(&out), "0123456789abcdef"));
    top_values_free(v);
    scrub_free(s);
}
END_TEST

START_TEST(it_comes_back_from_the_store)
{
    struct top_values *v = top_values_new(&total);
    char text[32];
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "\"%u\"\xff", i % 13);
        one(v, i % 2 ? "a" : "b", i % 3 ? "often" : text);
    }
    ck_assert(!top_values_told(v) && top_values_due(v));
    sbuf_reset(&out);
    top_values_write(v, &out);
    ck_assert(top_values_told(v) && !top_values_due(v));
    struct top_values *back = top_values_read(sbuf_slice(&out), &total);
    ck_assert_ptr_nonnull(back);
    ck_assert(top_values_told(back) && !top_values_due(back));
    char *want = strdup(shown(v));
    ck_assert_str_eq(shown(back), want);
    free(want);
    for (unsigned i = 0; i < 1000; i++)
        one(back, "a", "often");
    ck_assert(top_values_due(back));
    top_values_free(v);
    top_values_free(back);
}
END_TEST

START_TEST(a_damaged_form_is_survived)
{
    static const char *const texts[] = {"",
                                        "{}",
                                        "1",
                                        "[",
                                        "[]",
                                        "[1]",
                                        "[\"x\"]",
                                        "[1,[]]",
                                        "[1,[\"a\"]]",
                                        "[1,[\"\",1]]",
                                        "[1,[1,2]]",
                                        "[9,[\"a\",-1,[\"x\",1,2,3]]]",
                                        "[9,[\"a\",1,[\"x\",1,2,99],[\"y\"],[],[1],\"z\"]]",
                                        "[9,[\"a\",1],[\"a\",2]]",
                                        "[9,[\"a\",0,[\"x\",1,5,0],[\"y\",2,5,0]]]"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct top_values *v = top_values_read(slice_str(texts[i]), &total);
        if (v) {
            struct arena a = {0};
            one(v, "a", "new");
            ck_assert(!shown(v)[0] || json_tree(&a, sbuf_slice(&out)));
            arena_done(&a);
        }
        top_values_free(v);
    }
    struct top_values *v = top_values_read(SLICE("[9,[\"a\",0,[\"x\",1,5,0],[\"y\",2,5,0]]]"), &total);
    ck_assert_str_eq(shown(v), "{\"a\":[\"5 \xc3\x97 x\",\"5 \xc3\x97 y\"]}");
    top_values_free(v);
}
END_TEST

/* --- with flood control --- */

struct told {
    char summary[256], stored[256];
    unsigned cleared;
};

static void on_summary(void *u, const struct flood_row *row)
{
    struct told *t = u;
    struct sbuf b;
    sbuf_init(&b, sizeof t->summary - 1);
    top_values_show(row->top_values, &b);
    snprintf(t->summary, sizeof t->summary, "%s", sbuf_cstr(&b));
    sbuf_done(&b);
}

static void on_row(void *u, const struct flood_row *row)
{
    struct told *t = u;
    t->cleared += row->top_values_text.text.p && !row->top_values_text.text.n && !row->closed;
    if (!row->top_values)
        return;
    struct sbuf b;
    sbuf_init(&b, sizeof t->stored - 1);
    top_values_write(row->top_values, &b);
    snprintf(t->stored, sizeof t->stored, "%s", sbuf_cstr(&b));
    sbuf_done(&b);
}

static void occur(struct flood *l, const char *value)
{
    static const struct flood_budget plenty = {.per_minute = 1000000, .per_day = 1000000};
    const struct flood_issue issue = {.key = 1, .burst = 1, .period_us = 1000000};
    if (flood_admit(l, &issue, &plenty, 1) != FLOOD_PASS)
        one(flood_top_values(l), "v", value);
}

START_TEST(a_period_begins_anew_and_the_store_is_told)
{
    struct told t = {0};
    struct flood *l = flood_new(on_summary, &t, NULL);
    for (unsigned i = 0; i < 6; i++)
        occur(l, i % 2 ? "a" : "b"); /* 2, 4 and 5 are held back */
    flood_changed(l, on_row, &t);
    ck_assert_uint_eq(t.cleared, 0);
    flood_summarise(l);
    ck_assert_str_eq(t.summary, "{\"v\":[\"2 \xc3\x97 b\",\"1 \xc3\x97 a\"]}");
    flood_changed(l, on_row, &t);
    ck_assert_uint_eq(t.cleared, 1);
    occur(l, "c");
    flood_changed(l, on_row, &t);
    ck_assert_uint_eq(t.cleared, 1);
    flood_free(l);
    const struct flood_row row = {.key = 1,
                                  .period_us = 1000000,
                                  .burst = 1,
                                  .count = 9,
                                  .next_pass = 16,
                                  .suppressed = 1,
                                  .top_values_text = {slice_str(t.stored)}};
    l = flood_new(on_summary, &t, NULL);
    flood_restore(l, &row);
    occur(l, "d");
    flood_summarise(l);
    ck_assert_str_eq(t.summary, "{\"v\":[\"1 \xc3\x97 c\",\"1 \xc3\x97 d\"]}");
    flood_changed(l, on_row, &t);
    ck_assert_uint_eq(t.cleared, 2);
    flood_free(l);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("top_values");
    TCase *t = tcase_create("top_values");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, few_values_are_exact);
    tcase_add_test(t, what_is_common_stays_exact_among_rare_ones);
    tcase_add_test(t, a_flood_is_sampled);
    tcase_add_test(t, long_values_are_others);
    tcase_add_test(t, memory_is_bounded);
    tcase_add_test(t, secrets_are_taken_out);
    tcase_add_test(t, it_comes_back_from_the_store);
    tcase_add_test(t, a_damaged_form_is_survived);
    tcase_add_test(t, a_period_begins_anew_and_the_store_is_told);
    suite_add_tcase(s, t);
    return unit_run(s);
}
