/* Texts made of patterns: PCRE2, which did not make them, matches them. */
#include "tests/unit/unit.h"

#include "text/pattern_text.h"
#include "text/regex.h"

/* The number of the first text that the pattern matches; -1: none of sixty-four is. */
static int first_match(const char *pattern)
{
    size_t at;
    char why[256];
    int found = -1;
    struct regex *re = regex_compile(slice_str(pattern), false, &at, why);
    struct regex_scratch *scratch = regex_scratch_new();
    ck_assert_msg(re != NULL, "%s: %s", pattern, why);
    for (int i = 0; i < 64 && found < 0; i++) {
        struct sbuf out;
        sbuf_init(&out, 1000);
        if (pattern_text(slice_str(pattern), (unsigned)i, &out) &&
            regex_match(re, scratch, sbuf_slice(&out), 0) == REGEX_YES)
            found = i;
        sbuf_done(&out);
    }
    regex_scratch_free(scratch);
    regex_free(re);
    return found;
}

START_TEST(pcre2_matches_them)
{
    static const char *const patterns[] = {
        "^Failed \\S+ for (?:invalid user )?(?<user>\\S+) from (?<client>[\\d.]+) port \\d{2,5}(?: ssh\\d)?$",
        "^[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}$",
        "^(?:ERROR|FATAL) \\[(?P<thread>[^]]+)\\] (?i)timeout after \\d+ ?ms\\.$",
        "^\\((?<a>[[:alpha:]]+)\\)\\x41?$",
        "^for (?<inv>invalid user )?(?:\\w+)(?(inv): no| yes)$",
        "^(?!ok)\\w{2} done\\b(?:.*)$",
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        ck_assert_msg(first_match(patterns[i]) >= 0, "%s", patterns[i]);
    ck_assert_int_eq(first_match("a(?=b)$"), -1);
    ck_assert_int_eq(first_match("a|b"), 0);
    ck_assert_int_eq(first_match(""), 0);
}
END_TEST

/* Nothing that is nested and counted costs more than the bound. */
START_TEST(work_is_bounded)
{
    static const char *const patterns[] = {
        "((((((((((((x{0}){60}){60}){60}){60}){60}){60}){60}){60}){60}){60}){60}){60}",
        "(((((((((((((x{60}){60}){60}){60}){60}){60}){60}){60}){60}){60}){60}){60}){60})",
        "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((a",
        "[",
        "(?",
        "(?(",
        "\\",
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        for (unsigned n = 0; n < 8; n++) {
            struct sbuf out;
            sbuf_init(&out, 1000);
            pattern_text(slice_str(patterns[i]), n, &out);
            ck_assert_uint_le(out.n, 1000);
            sbuf_done(&out);
        }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pattern_text");
    TCase *t = tcase_create("pattern_text");
    tcase_add_test(t, pcre2_matches_them);
    tcase_add_test(t, work_is_bounded);
    suite_add_tcase(s, t);
    return unit_run(s);
}
