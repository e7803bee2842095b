/* Texts that make a pattern work hard: they show what is known to backtrack without end, and do nothing to what does
 * not. */
#include "tests/unit/unit.h"

#include "core/rule_check.h"
#include "text/pump.h"
#include "text/regex.h"

enum { TEXT_BYTES = 16384 };

struct run {
    const struct regex *regex;
    struct regex_scratch *scratch;
    unsigned texts;
    bool endless;
};

static bool on_text(void *u, struct slice text, struct slice pumped)
{
    struct run *r = u;
    r->texts++;
    ck_assert_uint_le(text.n, TEXT_BYTES);
    ck_assert(pumped.n > 0 && slice_find(text, pumped) >= 0);
    r->endless = regex_match(r->regex, r->scratch, text, 0) == REGEX_LIMIT;
    return r->endless;
}

static struct run pump(const char *pattern)
{
    size_t at;
    char why[256];
    struct regex *regex = regex_compile(slice_str(pattern), false, &at, why);
    ck_assert_msg(regex != NULL, "%s: %s", pattern, why);
    struct run r = {.regex = regex, .scratch = regex_scratch_new()};
    pump_each(slice_str(pattern), TEXT_BYTES, on_text, &r);
    ck_assert_uint_le(r.texts, PUMPS_MAX);
    regex_scratch_free(r.scratch);
    regex_free(regex);
    return r;
}

START_TEST(what_backtracks_without_end_is_found)
{
    static const char *const patterns[] = {
        "(a+)+$",
        "^(a+)+$",
        "(\\w+\\s?)*:",
        "(.*,){20}x",
        "(x+x+)+y",
        "(a|a?)+b",
        "(?:a|b|ab)+$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@)",
        "\\s*\\s*\\s*\\s*\\s*x",
        ".*foo.*bar.*baz",
        "(\\d+)*-\\1$",
        "(.*)*x",
        "^prefix: (?<name>[[:alpha:]]+ ?)+ end$",
        "\\x41(?:[^\\x00-\\x1f]+)+\\x00z",
        "^pid=\\d+ (?:[^\\n]*?class=(?<c>[A-Z]\\w*) )?[^\\n]*?(?:WARN|ERROR): (?<type>[A-Z]\\w*Error): "};
    for (unsigned i = 0; i < sizeof patterns / sizeof *patterns; i++)
        ck_assert_msg(pump(patterns[i]).endless, "%s", patterns[i]);
}
END_TEST

START_TEST(what_does_not_is_left_alone)
{
    static const char *const patterns[] = {"connect\\(\\) failed \\((?<errno>\\d+): [^)]+\\)",
                                           "^[^,]*,[^,]*$",
                                           "(?:[^\"\\\\]|\\\\.)*\"",
                                           "ok \\d+$",
                                           "(a++)+$",
                                           "(?>a+)+$",
                                           "^(?:\\d{1,3}\\.){3}\\d{1,3}$",
                                           "",
                                           "|",
                                           "a{2,3}{",
                                           "^$"};
    for (unsigned i = 0; i < sizeof patterns / sizeof *patterns; i++)
        ck_assert_msg(!pump(patterns[i]).endless, "%s", patterns[i]);
}
END_TEST

static bool never(void *u, struct slice text, struct slice pumped)
{
    (void)u, (void)text, (void)pumped;
    return false;
}

/* Also what is no pattern, cut anywhere; what nests deep, or counts much, takes no longer. */
START_TEST(any_bytes_are_taken)
{
    static const char odd[] = "(?<n>(?'m'[^]\\]-a[:alpha:]\\d-z]{2,}+)*?|(?#c)(?i)(?-i:\\Q.*\\E\\x{41}\\p{L}\\k<n>\\g{"
                              "1}(?R)(?(1)a|b)(*SKIP)){,9}{3}[a-\\w]\\";
    char deep[400] = "";
    for (size_t n = 0; n < sizeof odd; n++) {
        char *own = malloc(n ? n : 1);
        ck_assert_ptr_nonnull(own);
        memcpy(own, odd, n);
        pump_each(slice_of(own, n), 512, never, NULL);
        free(own);
    }
    for (unsigned i = 0; i < 60; i++)
        strcat(deep, "(");
    for (unsigned i = 0; i < 30; i++)
        strcat(deep, "){99}");
    pump_each(slice_str(deep), 512, never, NULL);
    pump_each(SLICE("((((((((){99}){99}){99}){99}){99}){99}){99}){99}"), 512, never, NULL);
}
END_TEST

START_TEST(check_tells_the_place)
{
    static const char text[] = "pack: p\n"
                               "rules:\n"
                               "  - id: p.a\n"
                               "    match: 'fine'\n"
                               "    unless: '(b+)+$'\n"
                               "  - id: p.b\n"
                               "    match: 'also fine'\n"
                               "    when: {host: '(c+)+$'}\n"
                               "  - id: p.c\n"
                               "    match: '%{IPORHOST:client}'\n"
                               "    pair: {end: '(d+)+$', within: 1m}\n";
    struct diag d = {0};
    struct rule_set set = {0};
    struct conf_file *f = conf_parse("p.yaml", slice_str(text), &d);
    char *told = NULL;
    size_t n = 0;
    ck_assert(f && rule_set_load(&set, f, &d));
    rule_set_ready(&set, true);
    ck_assert_uint_eq(rule_check_patterns(&set, &d), 3);
    FILE *out = open_memstream(&told, &n);
    err_print(&d, out);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(told, "p.yaml:5:"));
    ck_assert_ptr_nonnull(strstr(told, "\"b\" comes again and again"));
    ck_assert_ptr_nonnull(strstr(told, "\"c\" comes again and again"));
    ck_assert_ptr_nonnull(strstr(told, "p.yaml:11:"));
    free(told);
    rule_set_done(&set);
    err_done(&d);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pump");
    TCase *t = tcase_create("pump");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, what_backtracks_without_end_is_found);
    tcase_add_test(t, what_does_not_is_left_alone);
    tcase_add_test(t, any_bytes_are_taken);
    tcase_add_test(t, check_tells_the_place);
    suite_add_tcase(s, t);
    return unit_run(s);
}
