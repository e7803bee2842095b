#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/literal.h"
#include "text/prefilter.h"
#include "text/regex.h"

static const struct {
    const char *regex, *text;
} values[] = {
    {"x", "x"},
    {"x\\d", "x3"},
    {"[x-z]1", "y1"},
    {"x.*y", "xzy"},
    {"(x|y)z", "yz"},
    {"a[bc]d", "acd"},
    {"(a+)+", "aa"},
    {"\\d+", "34"},
    {"[a-z]{3}", "abc"},
    {"failed|error", "error"},
    {"(?i)fatal", "FATAL"},
    {"\\bno .* left", "-no b left"},
    {"q$|err\\w+", "errno"},
    {"connect\\(\\) failed", "connect() failed"},
};
enum { N_VALUES = sizeof values / sizeof *values };

/* Has the scan of n patterns the bit of one, wherever its text stands? */
static void ck_found(const struct prefilter *scan, unsigned n, unsigned bit, const char *value)
{
    static const size_t lengths[] = {20, 31, 32, 33, 63, 64, 65, 66, 70, 96, 127, 128, 129, 150, 200, 300};
    struct prefilter_scratch *x = prefilter_scratch_new();
    struct prefilter_hits hits = prefilter_hits_new(n);
    prefilter_scratch_fit(x, scan);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t at = 0; at + strlen(value) <= lengths[i]; at++) {
            char *text = malloc(lengths[i]);
            memset(text, '_', lengths[i]);
            memcpy(text + at, value, strlen(value));
            prefilter_run(scan, x, slice_of(text, lengths[i]), &hits);
            ck_assert_msg(hits.word[0] >> bit & 1, "%s at %zu of %zu", value, at, lengths[i]);
            ck_assert_msg(prefilter_maybe(scan, x, slice_of(text, lengths[i])), "%s at %zu of %zu", value, at,
                          lengths[i]);
            free(text);
        }
    prefilter_hits_done(&hits);
    prefilter_scratch_free(x);
}

START_TEST(a_pattern_alone_is_found_anywhere)
{
    for (unsigned i = 0; i < N_VALUES; i++) {
        struct prefilter *scan =
            prefilter_compile(prefilter_probe(), &(struct prefilter_pattern){.regex = slice_str(values[i].regex)}, 1);
        ck_found(scan, 1, 0, values[i].text);
        prefilter_free(scan);
    }
}
END_TEST

START_TEST(patterns_together_are_found_anywhere)
{
    for (unsigned n = 2; n <= N_VALUES; n++) {
        struct prefilter_pattern patterns[N_VALUES];
        for (unsigned i = 0; i < n; i++)
            patterns[i] = (struct prefilter_pattern){.regex = slice_str(values[N_VALUES - n + i].regex)};
        struct prefilter *scan = prefilter_compile(prefilter_probe(), patterns, n);
        for (unsigned i = 0; i < n; i++)
            ck_found(scan, n, i, values[N_VALUES - n + i].text);
        prefilter_free(scan);
    }
}
END_TEST

/* A part reports what it has under its own bits, and nothing of the rest. */
START_TEST(a_part_finds_its_own)
{
    struct prefilter_pattern patterns[N_VALUES + 1] = {0};
    unsigned bits[N_VALUES + 1], n = 0;
    for (unsigned i = 0; i < N_VALUES; i++) {
        patterns[i].regex = slice_str(values[i].regex);
        bits[i] = i % 3 ? n++ : PREFILTER_NO_BIT;
    }
    bits[N_VALUES] = n++; /* an empty one */
    struct prefilter *whole = prefilter_compile(prefilter_probe(), patterns, N_VALUES + 1);
    struct prefilter *part = prefilter_part(whole, bits, n);
    struct prefilter_scratch *x = prefilter_scratch_new();
    struct prefilter_hits hits = prefilter_hits_new(n);
    prefilter_scratch_fit(x, part);
    for (unsigned i = 0; i < N_VALUES; i++) {
        struct prefilter_hits all = prefilter_hits_new(N_VALUES + 1);
        prefilter_run(whole, x, slice_str(values[i].text), &all);
        prefilter_run(part, x, slice_str(values[i].text), &hits);
        uint64_t want = 0;
        for (unsigned k = 0; k <= N_VALUES; k++)
            if (bits[k] != PREFILTER_NO_BIT)
                want |= (all.word[0] >> k & 1) << bits[k];
        ck_assert_uint_eq(hits.word[0], want);
        if (bits[i] != PREFILTER_NO_BIT)
            ck_found(part, n, bits[i], values[i].text);
        prefilter_hits_done(&all);
    }
    prefilter_hits_done(&hits);
    prefilter_scratch_free(x);
    prefilter_free(part);
    prefilter_free(whole);
}
END_TEST

/* Of patterns known by their literals alone a part of a whole that has others is so, too. */
START_TEST(a_part_may_be_literal)
{
    const struct prefilter_pattern patterns[] = {{.regex = SLICE("failed")}, {.regex = SLICE("\\d+")}};
    const unsigned first[] = {0, PREFILTER_NO_BIT}, second[] = {PREFILTER_NO_BIT, 0};
    struct prefilter *whole = prefilter_compile(prefilter_probe(), patterns, 2);
    struct prefilter *one = prefilter_part(whole, first, 1), *other = prefilter_part(whole, second, 1);
    if (prefilter_always(whole) == 0) {
        ck_assert(prefilter_is_literal(one));
        ck_assert(!prefilter_is_literal(other));
    }
    ck_found(other, 1, 0, "34");
    prefilter_free(one);
    prefilter_free(other);
    prefilter_free(whole);
}
END_TEST

START_TEST(what_must_stand_there)
{
    static const struct {
        const char *regex, *literal;
    } rows[] = {
        {"^(?=[^]]*source/)[^]]*: ", "source/"},
        {"(?<=source/)\\d+", "source/"},
        {"(?=.*(?:one|six)$)[a-z]+", "one"},
        {"(?>abc)", "abc"},
        {"^(?>.*?\\Kabc)\\d", "abc"},
        {"(?=one)(?=three)x", "three"},
        {"(?!source/)\\d+", NULL},
        {"(?<!source/)\\d+", NULL},
        {"(?=abc)?\\d+", NULL},
        {"(?=one|\\d)x", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a = {0};
        struct literals found;
        literal_find(slice_str(rows[i].regex), false, NULL, &a, &found);
        ck_assert_msg((found.n > 0) == (rows[i].literal != NULL), "%s", rows[i].regex);
        if (found.n)
            ck_slice(found.v[0].text, rows[i].literal);
        arena_done(&a);
    }
}
END_TEST

START_TEST(what_a_pattern_has_alone_tells_more)
{
    static const char *const set[] = {"open\\(\\) \"([^\"]+)\" failed", "open\\(\\) \"([^\"]+)\" is locked",
                                      "open\\(\\) \"([^\"]+)\" is", "(?:open\\(\\) \"|close\\(\\) \")x failed"};
    static const char *const literals[] = {"\" failed", "\" is locked", "open() \"", "x failed"};
    struct literal_census census = {0};
    struct arena a = {0};
    for (unsigned i = 0; i < 4; i++)
        literal_count(&census, slice_str(set[i]), false, i);
    for (unsigned i = 0; i < 4; i++) {
        struct literals found;
        literal_find(slice_str(set[i]), false, &census, &a, &found);
        ck_assert_uint_eq(found.n, 1);
        ck_slice(found.v[0].text, literals[i]);
    }
    literal_census_done(&census);
    arena_done(&a);
}
END_TEST

/* Found by fuzz_literal, or close to what it found. */
START_TEST(what_pcre2_matches_is_let_through)
{
    static const struct {
        const char *regex, *text;
    } rows[] = {
        {"abc{00,2}", "ab"},          {"abc{00}", "ab"},          {"(abc){000,}x", "x"},
        {"abc{0,0}", "ab"},           {"abc{01}d", "abcd"},       {"ab(cde){2}{0}", "ab"},
        {"abc{2}{0,1}", "ab"},        {"ab\\b{0}", "ab"},         {"^{0}abc", "abc"},
        {"[\\c]x]abc", "xabc"},       {"[\\E]x]yzz", "]yzz"},     {"[^\\E]x]yzz", "ayzz"},
        {"[[:]|abc:]def", ":"},       {"[\\Q]\\E|x]abc", "|abc"}, {"(?<*a)b|c(>def)", "ab"},
        {"(?xx)[^a b]{3}", "  z"},    {"\\x{65}[r]{2}", "err"},   {"\\o{101}[b]{70,}?|a", "a"},
        {"a{,2}b|[c]", "a{,2}b"},     {"x{ 2}|[c]", "x{ 2}"},     {"(a){65}{0}[b]", "b"},
        {"(?:abc|\\Q|\\E)[x]", "|x"}, {"(?#abc)[x]", "x"},        {"(?x) abc # def \n [x]", "abcx"},
        {"(?<abc>[x])", "x"},
    };
    unsigned matched = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t offset;
        char message[256];
        struct regex *re = regex_compile(slice_str(rows[i].regex), false, &offset, message);
        struct regex_scratch *s = regex_scratch_new();
        struct prefilter *scan =
            prefilter_compile(prefilter_probe(), &(struct prefilter_pattern){.regex = slice_str(rows[i].regex)}, 1);
        if (re &&
            regex_match(re, s, slice_str(rows[i].text), 0) == REGEX_YES) { /* PCRE2's versions differ in some of them */
            ck_found(scan, 1, 0, rows[i].text);
            matched++;
        }
        prefilter_free(scan);
        regex_scratch_free(s);
        regex_free(re);
    }
    ck_assert_uint_ge(matched, 18);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("scan");
    TCase *t = tcase_create("scan");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_pattern_alone_is_found_anywhere);
    tcase_add_test(t, patterns_together_are_found_anywhere);
    tcase_add_test(t, a_part_finds_its_own);
    tcase_add_test(t, a_part_may_be_literal);
    tcase_add_test(t, what_must_stand_there);
    tcase_add_test(t, what_pcre2_matches_is_let_through);
    tcase_add_test(t, what_a_pattern_has_alone_tells_more);
    suite_add_tcase(s, t);
    return unit_run(s);
}
