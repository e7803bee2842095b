#include "text/relax.h"

#include "base/sbuf.h"

/* Length of the character class at the start of s. */
static size_t class_length(struct slice s)
{
    size_t i = 1;
    i += i < s.n && s.p[i] == '^';
    i += i < s.n && s.p[i] == ']';
    while (i < s.n && s.p[i] != ']') {
        struct slice rest = slice_from(s, i);
        ptrdiff_t end = slice_starts(rest, SLICE("[:")) ? slice_find(rest, SLICE(":]")) : -1;
        if (end < 0 && slice_starts(rest, SLICE("\\Q")))
            end = slice_find(rest, SLICE("\\E"));
        i += end > 0 ? (size_t)end + 2 : s.p[i] == '\\' ? 2 : 1;
    }
    return i + 1;
}

static size_t to_behind(struct slice s, struct slice end)
{
    ptrdiff_t at = slice_find(s, end);
    return at < 0 ? s.n : (size_t)at + end.n;
}

size_t relax_token(struct slice s)
{
    size_t n = 1;
    if (slice_starts(s, SLICE("\\Q")))
        n = to_behind(s, SLICE("\\E"));
    else if (s.p[0] == '\\' && s.n > 2 && s.p[2] == '{' && strchr("xogkpP", s.p[1]) && s.p[1])
        n = to_behind(s, SLICE("}"));
    else if (s.p[0] == '\\')
        n = 2;
    else if (s.p[0] == '[')
        n = class_length(s);
    else if (slice_starts(s, SLICE("(?#")))
        n = to_behind(s, SLICE(")"));
    return n < s.n ? n : s.n;
}

/* Reads {n}, {n,} or {n,m}; returns its length, 0 when there is none. *max is UINT64_MAX without an end. */
static size_t counts(struct slice s, uint64_t *min, uint64_t *max)
{
    const char *close = slice_chr(s, '}');
    if (s.p[0] != '{' || !close)
        return 0;
    struct slice high = slice_sub(s, 1, (size_t)(close - s.p)), low = slice_split(&high, ',');
    if (!slice_u64(low, min))
        return 0;
    *max = high.p ? UINT64_MAX : *min;
    return !high.n || slice_u64(high, max) ? (size_t)(close - s.p) + 1 : 0;
}

static void put_counts(struct sbuf *out, struct slice text, bool group, uint64_t min, uint64_t max)
{
    bool exact = min == max || max == UINT64_MAX || max <= RELAX_RANGE_MAX;
    if (group)
        sbuf_addc(out, min ? '+' : '*');
    else if (exact && min <= RELAX_COUNT_MAX)
        sbuf_adds(out, text);
    else
        sbuf_addf(out, "{%u,}", (unsigned)(min < RELAX_COUNT_MAX ? min : RELAX_COUNT_MAX));
}

/* (?xx), which ignores blanks in classes: to libhs it is (?x). */
static bool sets_xx(struct slice s)
{
    size_t n = 2;
    while (slice_starts(s, SLICE("(?")) && n < s.n && (ascii_alpha(s.p[n]) || s.p[n] == '^' || s.p[n] == '-'))
        n++;
    return slice_find(slice_sub(s, 2, n), SLICE("xx")) >= 0;
}

/* {,n} and blanks among counts: they are counts to PCRE2 from 10.43 on, and plain text before it and to libhs. */
static bool is_counts_of_some(struct slice s)
{
    size_t n = 1;
    bool odd = false;
    for (; s.p[0] == '{' && n < s.n && s.p[n] != '}'; n++) {
        odd |= s.p[n] == ' ' || s.p[n] == '\t' || (s.p[n] == ',' && n == 1);
        if (!ascii_digit(s.p[n]) && s.p[n] != ' ' && s.p[n] != '\t' && s.p[n] != ',')
            return false;
    }
    return odd;
}

struct slice relax_pattern(struct slice pattern, struct arena *a)
{
    struct sbuf out;
    bool group = false;
    sbuf_init(&out, pattern.n + 16 + pattern.n / 2); /* {65} becomes {64,} */
    for (size_t i = 0, n; i < pattern.n; i += n) {
        struct slice rest = slice_from(pattern, i);
        uint64_t min, max;
        if (sets_xx(rest) || is_counts_of_some(rest)) {
            sbuf_done(&out);
            return SLICE_NONE;
        }
        n = counts(rest, &min, &max);
        if (n) {
            put_counts(&out, slice_sub(rest, 0, n), group, min, max);
        } else {
            n = relax_token(rest);
            sbuf_adds(&out, slice_sub(rest, 0, n));
        }
        group = rest.p[0] == ')';
    }
    struct slice text = arena_dup(a, sbuf_slice(&out));
    sbuf_done(&out);
    return text;
}

static bool is_plain_group(struct slice s)
{
    struct slice kind = slice_from(s, 2);
    if (!slice_starts(s, SLICE("(?")))
        return !slice_starts(s, SLICE("(*"));
    return slice_starts(kind, SLICE(":")) || slice_starts(kind, SLICE("i)")) || slice_starts(kind, SLICE("i:")) ||
           (slice_starts(kind, SLICE("<")) && kind.n > 1 && (ascii_alpha(kind.p[1]) || kind.p[1] == '_'));
}

/* One token, by its first character. */
static bool asks_for_more(struct slice token, struct slice rest)
{
    switch (token.p[0]) {
    case '^':
    case '$':
        return true;
    case '(':
        return !is_plain_group(rest);
    case '[': /* [[:<:]] is a boundary */
        return slice_find(token, SLICE(":<:]")) >= 0 || slice_find(token, SLICE(":>:]")) >= 0;
    case '\\':
        return token.n < 2 || (ascii_alnum(token.p[1]) && !strchr("dDwWsShHvVNntrfeax", token.p[1]));
    default:
        return false;
    }
}

bool relax_holds_in_more(struct slice pattern)
{
    bool repeated = false;
    for (size_t i = 0, n; i < pattern.n; i += n) {
        struct slice rest = slice_from(pattern, i);
        n = relax_token(rest);
        struct slice token = slice_sub(rest, 0, n);
        if (asks_for_more(token, rest) || (repeated && token.p[0] == '+'))
            return false;
        repeated = token.n == 1 && strchr("?*+}", token.p[0]) && token.p[0];
    }
    return true;
}
