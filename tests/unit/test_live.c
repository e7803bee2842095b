/* What a reader of the live stream asks for, and what a line looks like there. */
#include "app/live_filter.h"
#include "tests/unit/unit.h"

static const struct tap_line line = {.time_us = 1700000000000000,
                                     .issue = 0x0123456789abcdef,
                                     .format = FORMAT_NGINX_ERROR,
                                     .level = LEVEL_ERROR,
                                     .fate = COUNT_suppressed};

static struct live_line shown_line(void)
{
    struct live_line l = {.line = &line};
    const char *const texts[TAP_TEXTS] = {[TAP_INPUT] = "/var/log/nginx/*.log",
                                          [TAP_SOURCE] = "/var/log/nginx/a b.log",
                                          [TAP_HOST] = "web-1",
                                          [TAP_APP] = "Shop",
                                          [TAP_PROJECT] = "",
                                          [TAP_RULE] = "nginx.refused",
                                          [TAP_MESSAGE] = "connect() failed: Refused\nsecond \"line\""};
    for (unsigned i = 0; i < TAP_TEXTS; i++)
        l.texts[i] = scrubbed_vouch(slice_str(texts[i]));
    return l;
}

static bool holds(const char *query)
{
    char why[ISSUE_QUERY_WHY] = "";
    const struct live_line l = shown_line();
    struct live_filter *f = live_filter_new(slice_str(query), line.time_us, why);
    ck_assert_msg(f != NULL, "%s: %s", query, why);
    bool yes = live_filter_holds_line(f, &l);
    live_filter_free(f);
    return yes;
}

START_TEST(lines)
{
    static const struct {
        const char *query;
        bool holds;
    } cases[] = {{"", true},
                 {"  ", true},
                 {"refused", true},
                 {"REFUSED connect()", true},
                 {"refused other", false},
                 {"level:error", true},
                 {"level:fatal", false},
                 {"level:fatal level:error", true},
                 {"fate:suppressed", true},
                 {"FATE:Suppressed", true},
                 {"fate:event", false},
                 {"fate:event fate:supp*", true},
                 {"fate:event refused", false},
                 {"format:nginx-error", true},
                 {"format:nginx", false},
                 {"input:*nginx*", true},
                 {"source:\"/var/log/nginx/a b.log\"", true},
                 {"source:*/c.log", false},
                 {"app:shop host:web-* rule:nginx.refused", true},
                 {"app:other", false},
                 {"\"fate:event\"", false}, /* a word, which is not there */
                 {"failed: second", true},
                 {"project:default", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(holds(cases[i].query) == cases[i].holds, "%s", cases[i].query);
}
END_TEST

/* An issue has neither fate nor file. */
START_TEST(issues)
{
    char why[ISSUE_QUERY_WHY];
    const struct store_issue issue = {
        .key = 1,
        .first_us = line.time_us,
        .last_us = line.time_us,
        .about = {.text = {[ISSUE_TITLE] = SLICE("Refused"), [ISSUE_APP] = SLICE("shop")}}};
    static const char *const yes[] = {"", "fate:event", "refused fate:event", "app:SHOP input:none"},
                             *const no[] = {"other fate:event", "app:x"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        struct live_filter *f = live_filter_new(slice_str(yes[i]), line.time_us, why);
        ck_assert_msg(live_filter_holds_issue(f, &issue, line.time_us), "%s", yes[i]);
        live_filter_free(f);
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        struct live_filter *f = live_filter_new(slice_str(no[i]), line.time_us, why);
        ck_assert_msg(!live_filter_holds_issue(f, &issue, line.time_us), "%s", no[i]);
        live_filter_free(f);
    }
}
END_TEST

START_TEST(refused)
{
    static char text[ISSUE_QUERY_BYTES_MAX + 2];
    char why[ISSUE_QUERY_WHY] = "";
    memset(text, 'x', sizeof text - 1);
    ck_assert_ptr_null(live_filter_new(slice_str(text), 0, why));
    ck_assert_ptr_nonnull(strstr(why, "1024 bytes"));
    ck_assert_ptr_null(live_filter_new(SLICE("level:loud fate:event"), 0, why));
    ck_assert_ptr_nonnull(strstr(why, "level: is one of"));
}
END_TEST

START_TEST(as_json)
{
    struct sbuf out;
    const struct live_line l = shown_line();
    sbuf_init(&out, 4096);
    live_line_write(&l, &out);
    ck_slice(
        sbuf_slice(&out),
        "{\"time\":1700000000.000000,\"format\":\"nginx-error\",\"level\":\"error\",\"fate\":\"suppressed\","
        "\"input\":\"/var/log/nginx/*.log\",\"source\":\"/var/log/nginx/a b.log\",\"host\":\"web-1\",\"app\":\"Shop\","
        "\"rule\":\"nginx.refused\",\"message\":\"connect() failed: Refused\\nsecond \\\"line\\\"\","
        "\"issue\":\"0123456789abcdef\"}");
    sbuf_done(&out);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("live");
    TCase *c = tcase_create("live");
    tcase_add_test(c, lines);
    tcase_add_test(c, issues);
    tcase_add_test(c, refused);
    tcase_add_test(c, as_json);
    suite_add_tcase(s, c);
    return unit_run(s);
}
