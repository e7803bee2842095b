/*
 * The bytes choose a pattern from a grammar of PCRE2's syntax, and beside it a text that it often matches. Whatever
 * PCRE2 matches, the prefilter must let through: one of the literals found in the pattern stands in the text, and the
 * scan has the pattern's bit, both by its literals and, with a branch beside it that holds none, as a regular
 * expression of libhs.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/sbuf.h"
#include "text/literal.h"
#include "text/prefilter.h"
#include "text/regex.h"
#include "text/relax.h"

enum { PATTERN_MAX = 300, TEXT_MAX = 1500, DEPTH_MAX = 5, SPANS_MAX = 9 };

/* A piece of a pattern, and a text for it. */
struct piece {
    const char *pattern, *text;
};

#define N(a) (unsigned)(sizeof(a) / sizeof *(a))

static const struct piece starts[] = {
    {"", ""},         {"", ""},          {"", ""},
    {"", ""},         {"(?i)", ""},      {"(?x)", ""},
    {"(?xx)", ""},    {"(?s)", ""},      {"(?m)", ""},
    {"(?J)", ""},     {"(?n)", ""},      {"(?U)", ""},
    {"(?ims)", ""},   {"(*UTF)", ""},    {"(*UCP)", ""},
    {"(*CRLF)", ""},  {"(*ANY)", ""},    {"(*NO_JIT)", ""},
    {"(?#)(?i)", ""}, {"(?x) (?i)", ""}, {"(*NOTEMPTY)", ""},
};
static const struct piece words[] = {
    {"abc", "abc"},
    {"error", "error"},
    {"failed", "failed"},
    {"open\\(\\)", "open()"},
    {"x", "x"},
    {" ", " "},
    {"k", "k"},
    {"ab", "ab"},
    {"[13]", "3"},
    {"s", "s"},
    {"\xc3\xa9", "\xc3\xa9"},
    {"\n", "\n"},
    {"#", "#"},
    {"-", "-"},
};
static const struct piece escapes[] = {
    {"\\d", "7"},
    {"\\D", "-"},
    {"\\w", "q"},
    {"\\W", "-"},
    {"\\s", " "},
    {"\\s", "\v"},
    {"\\s", "\x85"},
    {"\\S", "z"},
    {"\\h", "\t"},
    {"\\h", "\xa0"},
    {"\\H", "z"},
    {"\\v", "\v"},
    {"\\v", "\x85"},
    {"\\V", "z"},
    {"\\N", "k"},
    {"\\R", "\r\n"},
    {"\\R", "\n"},
    {"\\R", "\x85"},
    {"\\X", "e"},
    {"\\X", "\r\n"},
    {"\\x41", "A"},
    {"\\x{41}", "A"},
    {"\\x{65}", "e"},
    {"\\x{99}", "\x99"},
    {"\\x{ 65 }", "e"},
    {"\\x4", "\4"},
    {"\\o{101}", "A"},
    {"\\101", "A"},
    {"\\81", "\0011"},
    {"\\cA", "\1"},
    {"\\e", "\033"},
    {"\\a", "\a"},
    {"\\f", "\f"},
    {"\\t", "\t"},
    {"\\.", "."},
    {"\\{", "{"},
    {"\\_", "_"},
    {"\\\xa9", "\xa9"},
    {"\\Qa.b\\E", "a.b"},
    {"\\Q{0}\\E", "{0}"},
    {"\\Q\\E", ""},
    {"\\E", ""},
    {"\\Q[\\E", "["},
    {"\\Q(|\\E", "(|"},
    {"\\b", ""},
    {"\\B", ""},
    {"\\A", ""},
    {"\\G", ""},
    {"\\K", ""},
    {"\\z", ""},
    {"\\Z", ""},
    {"\\Z", "\n"},
    {"\\K", ""},
    {"^", ""},
    {"^", "\n"},
    {"$", ""},
    {"$", "\n"},
    {"$\n", "\n"},
    {".", "m"},
    {".", "\r"},
    {".", "\n"},
    {"]", "]"},
    {"{", "{"},
    {"}", "}"},
    {"{,", "{,"},
    {"{a}", "{a}"},
    {"{1,a}", "{1,a}"},
    {"{}", "{}"},
    {"{,}", "{,}"},
    {"{,3}", "{,3}"},
    {"{ 2}", "{ 2}"},
    {"{\t0}", "{\t0}"},
    {"{2,3,4}", "{2,3,4}"},
    {"\\p{L}", "x"},
    {"\\pL", "x"},
    {"\\P{L}", "1"},
    {"\\p{^L}", "1"},
    {"\\p{Lu}", "X"},
    {"\\N{U+41}", "A"},
    {"\\ ", " "},
    {"\\#", "#"},
    {"#", ""},
    {"# [x\n", ""},
    {"# \\Q\n", ""},
    {"# ab){2}\n", ""},
    {"(?#x{65}[)", ""},
    {"(?#\\)", ""},
    {"(?i)", ""},
    {"(?-i)", ""},
    {"(?x)", ""},
    {"(?-x)", ""},
    {"(?xx)", ""},
    {"(?s)", ""},
    {"(?m)", ""},
    {"(?^)", ""},
    {"(?^i)", ""},
    {"(?U)", ""},
    {"(?i-s)", ""},
    {"(?n)", ""},
    {"(?J)", ""},
    {"(?C)", ""},
    {"(?C65)", ""},
    {"(?C{a{65}})", ""},
    {"(?C\"[\")", ""},
    {"(*ACCEPT)", ""},
    {"(*FAIL)", ""},
    {"(*F)", ""},
    {"(*COMMIT)", ""},
    {"(*PRUNE)", ""},
    {"(*SKIP)", ""},
    {"(*THEN)", ""},
    {"(*MARK:a|b)", ""},
    {"(*:x)", ""},
    {"(?R)?", ""},
    {"(?0)*", ""},
};
static const struct piece classes[] = {
    {"[abc]", "b"},        {"[^abc]", "x"},       {"[]x]", "]"},         {"[^]x]", "a"},        {"[[:alpha:]_]", "q"},
    {"[[:^digit:]]", "q"}, {"[[:space:]]", "\v"}, {"[^[:space:]]", "x"}, {"[[:word:]]", "_"},   {"[[:print:]]", " "},
    {"[[:punct:]]", "$"},  {"[[:graph:]]", "x"},  {"[[:cntrl:]]", "\1"}, {"[[:blank:]]", "\t"}, {"[[:xdigit:]]", "F"},
    {"[[:lower:]]", "L"},  {"[[:ascii:]]", "a"},  {"[[:]", "["},         {"[[:]", ":"},         {"[[:x]", "x"},
    {"[[:a|b:]", "|"},     {"[a-f0-9]", "e"},     {"[\\]x]", "]"},       {"[\\E]x]", "]"},      {"[^\\E]x]", "a"},
    {"[\\Q]\\Ex]", "]"},   {"[\\Q\\E]x]", "x"},   {"[a\\Qb]\\E]", "]"},  {"[\\c]x]", "x"},      {"[\\c]x]", "\035"},
    {"[\\d_]", "_"},       {"[^\\d]", "x"},       {"[\\x{65}]", "e"},    {"[\\x{5d}|]", "]"},   {"[\\o{135}|]", "]"},
    {"[\\135|]", "]"},     {"[a b]", " "},        {"[^a b]", " "},       {"[[.]", "."},         {"[[=x]", "="},
    {"[[:<:]]", ""},       {"[[:>:]]", ""},       {"[\\b]", "\b"},       {"[^\\n]", "x"},       {"[^x]", "\n"},
    {"[\\s]", "\v"},       {"[^\\s]", "\x85"},    {"[\\h]", "\xa0"},     {"[^\\h]", "x"},       {"[\\v]", "\v"},
    {"[^\\W]", "a"},       {"[{0,1}]", "{"},      {"[|(]", "|"},         {"[a\\-z]", "-"},      {"[\\w-z]", "-"},
    {"[--/]", "."},        {"[\\p{L}]", "a"},     {"[^\\p{L}]", "1"},    {"[\\N]", "x"},        {"[\\R]", "R"},
    {"[#]", "#"},          {"[\\#]", "#"},        {"[A-z]", "_"},        {"[^A-Z]", "a"},       {"[\xc3\xa9]", "\xa9"},
    {"[^\x80-\xff]", "a"},
};
static const char *const openers[] = {
    "(",         "(?:",
    "(?>",       "(?i:",
    "(?s:",      "(?m:",
    "(?x:",      "(?xx:",
    "(?-i:",     "(?^:",
    "(?i-s:",    "(?n:",
    "(?|",       "(?U:",
    "(?=",       "(?<=",
    "(?*",       "(?<*",
    "(*atomic:", "(*pla:",
    "(*plb:",    "(*napla:",
    "(*sr:",     "(*asr:",
    "(?P<",      "(?<",
    "(?'",       "(?(1)",
    "(?(?=",     "(?(R)",
    "(?(<A>)",   "(?((?#",
    "(?(-1)",    "(?(VERSION>=10)",
    "(?(+1)",
};
static const char *const refused[] = {"(?!", "(?<!", "(*nla:", "(*nlb:", "(?(DEFINE)", "(?(?!"};

static const struct {
    const char *text;
    unsigned min, max;
} quantifiers[] = {
    {"?", 0, 1},      {"*", 0, 3},      {"+", 1, 3},       {"{2}", 2, 2},       {"{0}", 0, 0},     {"{00}", 0, 0},
    {"{00,2}", 0, 2}, {"{000,}", 0, 2}, {"{01}", 1, 1},    {"{0,1}", 0, 1},     {"{1,}", 1, 3},    {"{2,3}", 2, 3},
    {"{02,3}", 2, 3}, {"{65}", 65, 65}, {"{3,70}", 3, 70}, {"{66,}", 66, 67},   {"{0,9}", 0, 9},   {"{,2}", 0, 2},
    {"{,0}", 0, 0},   {"{ 2}", 2, 2},   {"{0 }", 0, 0},    {"{0 , 2}", 0, 2},   {"{ , 2 }", 0, 2}, {"{\t0}", 0, 0},
    {"{2,}", 2, 3},   {"{1}", 1, 1},    {"{0,0}", 0, 0},   {"{10,70}", 10, 70},
};
static const char *const after[] = {"",    "",     "",   "",     "?",    "+",      "*",      "{2}",
                                    "{0}", "{00}", "?+", "{2}?", "{,1}", "{0,1}+", "{3,}{0}"};

struct gen {
    const uint8_t *p;
    size_t n;
    struct sbuf pattern, text;
    struct span {
        size_t from, to;
    } spans[SPANS_MAX];
    unsigned n_spans, names;
};

static unsigned pick(struct gen *g, unsigned n)
{
    if (!g->n)
        return 0;
    g->n--;
    return *g->p++ % n;
}

static void put(struct gen *g, const char *pattern, const char *text)
{
    sbuf_adds(&g->pattern, slice_str(pattern));
    sbuf_adds(&g->text, slice_str(text));
}

static void put_one(struct gen *g, const struct piece *pieces, unsigned n)
{
    const struct piece *piece = &pieces[pick(g, n)];
    put(g, piece->pattern, piece->text);
}

/* The text behind `from` as often as wanted; it is there once. */
static void repeat(struct gen *g, size_t from, unsigned times)
{
    size_t n = g->text.n - from;
    if (!times)
        g->text.n = from;
    while (times-- > 1 && n && g->text.n + n <= TEXT_MAX) {
        const char *room = sbuf_room(&g->text, n);
        if (room)
            sbuf_add(&g->text, g->text.p + from, n);
    }
}

static void put_quantifier(struct gen *g, size_t from)
{
    unsigned q = pick(g, 2 * N(quantifiers)) - 1;
    if (q >= N(quantifiers)) /* also where the bytes have run out */
        return;
    unsigned min = quantifiers[q].min, max = quantifiers[q].max, how = pick(g, 3);
    put(g, quantifiers[q].text, "");
    if (how == 2 && pick(g, 2)) /* where it is no quantifier */
        put(g, "", quantifiers[q].text);
    else
        repeat(g, from, how == 0 ? min : how == 1 ? max : min + (max - min) / 2);
    put(g, after[pick(g, N(after))], "");
}

static void alternatives(struct gen *g, unsigned depth);

static void put_name(struct gen *g)
{
    char name[3] = {(char)('A' + g->names++ % 26), pick(g, 8) ? '\0' : '_', '\0'};
    put(g, name, "");
}

static void put_group(struct gen *g, unsigned depth)
{
    size_t from = g->text.n;
    bool is_refused = pick(g, 4) == 3;
    const char *opener = is_refused ? refused[pick(g, N(refused))] : openers[pick(g, N(openers))];
    struct slice s = slice_str(opener);
    put(g, opener, "");
    if (s.p[s.n - 1] == '<' || s.p[s.n - 1] == '\'') {
        put_name(g);
        put(g, s.p[s.n - 1] == '<' ? ">" : "'", "");
    } else if (slice_is(s, "(?(?=") || slice_is(s, "(?(?!")) {
        alternatives(g, depth + 1);
        g->text.n = from;
        put(g, ")", "");
    } else if (slice_is(s, "(?((?#")) {
        put(g, "))", "");
    }
    alternatives(g, depth + 1);
    put(g, ")", "");
    if (s.n == 1 && g->n_spans < SPANS_MAX)
        g->spans[g->n_spans++] = (struct span){from, g->text.n};
    if (is_refused || ((slice_ends(s, SLICE("=")) || slice_ends(s, SLICE("pla:"))) && pick(g, 2)))
        g->text.n = from;
}

/* Back references, and calls of a group, in every spelling. */
static void put_reference(struct gen *g)
{
    static const char *const forms[][2] = {{"\\", ""},    {"\\g", ""},   {"\\g{", "}"}, {"\\g{-", "}"}, {"(?", ")"},
                                           {"\\g<", ">"}, {"\\g'", "'"}, {"(?-", ")"},  {"(?+", ")"},   {"\\", "0"}};
    static const char *const named[] = {"\\k<A>", "\\k'A'", "\\k{A}", "(?P=A)", "(?&A)", "(?P>A)", "\\g{A}", "\\g<A>"};
    unsigned number = pick(g, 3) + 1, form = pick(g, N(forms) + N(named));
    if (form < N(forms))
        sbuf_addf(&g->pattern, "%s%u%s", forms[form][0], number, forms[form][1]);
    else
        put(g, named[form - N(forms)], "");
    if (number <= g->n_spans && g->spans[number - 1].to <= g->text.n) {
        struct span span = g->spans[number - 1];
        if (sbuf_room(&g->text, span.to - span.from))
            sbuf_add(&g->text, g->text.p + span.from, span.to - span.from);
    }
}

static void put_atom(struct gen *g, unsigned depth)
{
    size_t from = g->text.n;
    unsigned kind = pick(g, 16);
    if (kind < 6)
        put_one(g, words, N(words));
    else if (kind < 9)
        put_one(g, escapes, N(escapes));
    else if (kind < 11)
        put_one(g, classes, N(classes));
    else if (kind == 11)
        put_reference(g);
    else if (depth < DEPTH_MAX)
        put_group(g, depth);
    from = kind < 6 && g->text.n > from && pick(g, 8) ? g->text.n - 1 : from; /* what it repeats is a character */
    put_quantifier(g, from);
}

static void sequence(struct gen *g, unsigned depth)
{
    for (unsigned n = 1 + pick(g, 5); n && g->n && g->pattern.n < PATTERN_MAX - 40; n--)
        put_atom(g, depth);
}

static void alternatives(struct gen *g, unsigned depth)
{
    size_t from = g->text.n;
    sequence(g, depth);
    for (unsigned n = pick(g, 6); n > 3 && g->n; n--) {
        put(g, "|", "");
        size_t kept = g->text.n;
        sequence(g, depth);
        if (pick(g, 2) && kept >= from) { /* the text of this branch instead of those before it */
            memmove(g->text.p + from, g->text.p + kept, g->text.n - kept);
            g->text.n -= kept - from;
        } else {
            g->text.n = kept;
        }
    }
}

/* As libhs would find it, but looked for with the C library. */
static bool stands_in(const struct literal *l, struct slice text)
{
    for (size_t i = 0; i + l->text.n <= text.n; i++) {
        struct slice there = slice_sub(text, i, i + l->text.n);
        if (l->ignore_case ? slice_ieq(there, l->text) : slice_eq(there, l->text))
            return true;
    }
    return false;
}

static void complain(struct slice pattern, bool ignore_case, struct slice text, const char *what)
{
    fprintf(stderr, "%s%s: pattern ", what, ignore_case ? ", ignoring case" : "");
    for (size_t i = 0; i < pattern.n; i++)
        fprintf(stderr, pattern.p[i] < ' ' || pattern.p[i] > '~' ? "\\x%02x" : "%c", (unsigned char)pattern.p[i]);
    fputs("\ntext ", stderr);
    for (size_t i = 0; i < text.n; i++)
        fprintf(stderr, text.p[i] < ' ' || text.p[i] > '~' ? "\\x%02x" : "%c", (unsigned char)text.p[i]);
    fputs("\n", stderr);
    abort();
}

static void check_literals(struct slice pattern, bool ignore_case, struct slice text)
{
    struct arena a = {0};
    struct literals found;
    bool any = false;
    literal_find(pattern, ignore_case, NULL, &a, &found);
    for (unsigned i = 0; i < found.n; i++)
        any |= stands_in(&found.v[i], text);
    if (found.n && !any)
        complain(pattern, ignore_case, text, "none of the literals is in what matches");
    arena_done(&a);
}

static void check_scan(struct slice pattern, bool ignore_case, struct slice text)
{
    static enum prefilter_code code;
    code = code ? code : prefilter_probe();
    /* Others beside it that have words of the grammar: which of its literals is looked for depends on theirs. */
    const struct prefilter_pattern set[] = {{.regex = pattern, .ignore_case = ignore_case},
                                            {.regex = SLICE("failed|error.*abcabc")},
                                            {.regex = SLICE("open\\(\\)error"), .ignore_case = true}};
    struct prefilter *scan = prefilter_compile(code, set, N(set));
    struct prefilter_scratch *x = prefilter_scratch_new();
    struct prefilter_hits hits = prefilter_hits_new(N(set));
    prefilter_scratch_fit(x, scan);
    prefilter_run(scan, x, text, &hits);
    if (!(hits.word[0] & 1) || (pattern.n && !prefilter_maybe(scan, x, text)))
        complain(pattern, ignore_case, text, "the scan misses");
    prefilter_hits_done(&hits);
    prefilter_scratch_free(x);
    prefilter_free(scan);
}

/* A text that holds this one must match as well, where that is said of the pattern. */
static void check_in_more(const struct regex *re, struct regex_scratch *s, struct slice pattern, bool ignore_case,
                          struct slice text)
{
    struct sbuf more;
    sbuf_init(&more, text.n + 64);
    sbuf_adds(&more, SLICE("open() abc"));
    sbuf_adds(&more, text);
    sbuf_adds(&more, SLICE("abc7, client: \"x\""));
    if (relax_holds_in_more(pattern) && regex_match(re, s, sbuf_slice(&more), 0) == REGEX_NO)
        complain(pattern, ignore_case, text, "what holds this text does not match");
    sbuf_done(&more);
}

static void check(struct slice pattern, bool ignore_case, struct slice text)
{
    char message[256];
    size_t offset;
    struct regex *re = regex_compile(pattern, ignore_case, &offset, message);
    if (!re)
        return;
    struct regex_scratch *s = regex_scratch_new();
    if (regex_match(re, s, text, 0) == REGEX_YES) {
        check_in_more(re, s, pattern, ignore_case, text);
        check_literals(pattern, ignore_case, text);
        check_scan(pattern, ignore_case, text);
    }
    regex_scratch_free(s);
    regex_free(re);
}

int fuzz_target(const uint8_t *data, size_t size)
{
    struct gen g = {.p = data, .n = size};
    sbuf_init(&g.pattern, 2 * PATTERN_MAX);
    sbuf_init(&g.text, 4 * TEXT_MAX);
    sbuf_room(&g.text, 1); /* pieces are moved about in it, also when they are empty */
    unsigned how = pick(&g, 8);
    put_one(&g, starts, N(starts));
    if (how & 1)
        put(&g, "", "- ");
    alternatives(&g, 0);
    if (how & 2)
        put(&g, "", " z\n");
    for (size_t i = 0; (how & 4) && i < g.text.n; i += 2)
        if (ascii_alpha(g.text.p[i]))
            g.text.p[i] ^= 'a' ^ 'A';
    bool ignore_case = how & 4 && pick(&g, 2);
    struct slice text = sbuf_slice(&g.text);
    sbuf_cstr(&g.pattern);
    check(sbuf_slice(&g.pattern), ignore_case, text);
    sbuf_adds(&g.pattern, SLICE("|\\x01[\\x02]"));
    sbuf_cstr(&g.pattern); /* libhs wants a NUL behind it */
    if (!g.pattern.over && !g.text.over)
        check(sbuf_slice(&g.pattern), ignore_case, text);
    sbuf_done(&g.pattern);
    sbuf_done(&g.text);
    return 0;
}
