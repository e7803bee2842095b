/* QUERY: what is found, what is refused, and that neither long nor odd ones do harm. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/issue_query.h"

/* 2026-11-23 10:00:30 UTC */
static const int64_t now = INT64_C(1795428030000000), HOUR = INT64_C(3600000000);

static struct issue_about about;
static struct issue_facts facts;

static void set_up(void)
{
    static const char *const texts[ISSUE_TEXTS] = {[ISSUE_TITLE] = "Refused: the payment backend refuses",
                                                   [ISSUE_TYPE] = "Refused",
                                                   [ISSUE_VALUE] = "the payment backend refuses",
                                                   [ISSUE_LEVEL] = "error",
                                                   [ISSUE_RULE] = "shop.payment-refused",
                                                   [ISSUE_HOST] = "web-1",
                                                   [ISSUE_APP] = "Shop",
                                                   [ISSUE_TRANSACTION] = "POST /pay",
                                                   [ISSUE_TAGS] =
                                                       "errno\t111\nupstream\t127.0.0.1:9000\nurl\thttp://x/a?b\n"};
    for (unsigned i = 0; i < ISSUE_TEXTS; i++)
        about.text[i] = slice_str(texts[i]);
    facts = (struct issue_facts){
        .key = UINT64_C(0x0123456789abcdef), .first_us = now - 5 * HOUR, .last_us = now - HOUR / 2, .about = &about};
}

/* 1: found, 0: not, -1: refused. */
static int ask(struct slice text)
{
    struct arena a = {0};
    struct issue_query q;
    char why[ISSUE_QUERY_WHY] = "";
    int result = -1;
    if (issue_query_read(text, now, &a, &q, why))
        result = issue_query_match(&q, &facts);
    ck_assert_int_eq(result == -1, *why != '\0');
    issue_query_done(&q);
    arena_done(&a);
    return result;
}

static const struct {
    const char *query;
    int found;
} asked[] = {{"", 1},
             {"  \t\n ", 1},
             {"payment", 1},
             {"PAYMENT refused", 1},
             {"payment nothing", 0},
             {"\"payment backend\"", 1},
             {"\"backend payment\"", 0},
             {"\"payment backend", 1}, /* as it is typed */
             {"refuses\n", 1},
             {"refusesRefused", 0}, /* no word reaches over two texts */
             {"shop.payment", 1},
             {"9000", 1},
             {"0123", 1},
             {"123", 0},
             {"http://x", 1},
             {"Refused:", 1},
             {"level:error", 1},
             {"level:ERROR", 1},
             {"level:fatal", 0},
             {"level:fatal level:error", 1},
             {"level:error host:web-2", 0},
             {"host:web-*", 1},
             {"host:*", 1},
             {"host:*-*1", 1},
             {"host:web", 0},
             {"host:**1", 1},
             {"host:web-1*1", 0},
             {"app:shop", 1},
             {"rule:shop.*", 1},
             {"rule:*refused", 1},
             {"rule:*refuse", 0},
             {"project:default", 1},
             {"project:billing", 0},
             {"tag.errno:111", 1},
             {"TAG.Errno:111", 1},
             {"tag.errno:112", 0},
             {"tag.errno:112 tag.errno:111", 1},
             {"tag.errno:112 tag.upstream:127.0.0.1:9000", 0},
             {"tag.url:\"http://x/a?b\"", 1},
             {"tag.nosuch:*", 0},
             {"since:1h", 1},
             {"since:10m", 0},
             {"before:4h", 1},
             {"before:6h", 0},
             {"since:2026-11-23T09:00:00Z", 1},
             {"since:2026-11-24", 0},
             {"is:ongoing", 1},
             {"is:new", 0},
             {"is:new is:ongoing", 1},
             {"is:quiet", 0},
             {"is:old", -1},
             {"level:erro", -1},
             {"since:yesterday", -1},
             {"since:", -1},
             {"lvel:error", -1},
             {"\"lvel:error\"", 0},
             {"exception:x", 0},
             {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", 0},
             {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", -1}};

START_TEST(what_is_found)
{
    int found = ask(slice_str(asked[_i].query));
    ck_assert_msg(found == asked[_i].found, "%s: %d", asked[_i].query, found);
}
END_TEST

START_TEST(states_go_by_the_hour)
{
    ck_assert_int_eq(issue_state_of(now, now, now), ISSUE_STATE_NEW);
    ck_assert_int_eq(issue_state_of(now - HOUR + 1, now, now), ISSUE_STATE_NEW);
    ck_assert_int_eq(issue_state_of(now - HOUR, now - HOUR + 1, now), ISSUE_STATE_ONGOING);
    ck_assert_int_eq(issue_state_of(now - HOUR, now - HOUR, now), ISSUE_STATE_QUIET);
}
END_TEST

START_TEST(long_ones_are_refused)
{
    static char text[ISSUE_QUERY_BYTES_MAX + 1];
    memset(text, 'a', sizeof text);
    ck_assert_int_eq(ask(slice_of(text, sizeof text)), -1);
    ck_assert_int_eq(ask(slice_of(text, sizeof text - 1)), 0);
    memset(text, '"', sizeof text);
    ck_assert_int_eq(ask(slice_of(text, sizeof text - 1)), 1);
    memset(text, ':', sizeof text);
    ck_assert_int_eq(ask(slice_of(text, sizeof text - 1)), 0);
    memcpy(text, "host:", 5);
    memset(text + 5, '*', sizeof text - 5);
    ck_assert_int_eq(ask(slice_of(text, sizeof text - 1)), 1);
    ck_assert_int_eq(ask(slice_of("pay\0ment", 8)), 0);
}
END_TEST

START_TEST(long_texts_are_searched)
{
    static char text[200000];
    memset(text, 'x', sizeof text);
    memcpy(text + 4000, "needle", 6);
    about.text[ISSUE_VALUE] = slice_of(text, sizeof text);
    ck_assert_int_eq(ask(SLICE("needle")), 1);
    ck_assert_int_eq(ask(SLICE("shop")), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("issue_query");
    TCase *t = tcase_create("issue_query");
    tcase_add_checked_fixture(t, set_up, NULL);
    tcase_add_loop_test(t, what_is_found, 0, sizeof asked / sizeof *asked);
    tcase_add_test(t, states_go_by_the_hour);
    tcase_add_test(t, long_ones_are_refused);
    tcase_add_test(t, long_texts_are_searched);
    suite_add_tcase(s, t);
    return unit_run(s);
}
