/* scrub_extent: quotes, and where a value ends. Part of scrub. */
#include "core/scrub_impl.h"

/* --- quotes --- */

/* U+2018 to U+201B single, U+201C to U+201F double, U+2039 and U+203A, by the last byte of three. */
static struct quote print_quote(unsigned char last)
{
    if (last >= 0x98 && last <= 0x9f)
        return (struct quote){.n = 3, .c = last <= 0x9b ? 0x98 : 0x9c};
    return last == 0xb9 || last == 0xba ? (struct quote){.n = 3, .c = 0xb9} : (struct quote){0};
}

/* The quotes of print, in UTF-8. Which of a pair opens is another one in each language, so any of its kind closes. */
static struct quote typographic_at(struct slice t, size_t i)
{
    const unsigned char *p = (const unsigned char *)t.p + i;
    if (t.n - i >= 2 && p[0] == 0xc2 && (p[1] == 0xab || p[1] == 0xbb)) /* U+00AB, U+00BB */
        return (struct quote){.n = 2, .c = 0xab};
    return t.n - i >= 3 && p[0] == 0xe2 && p[1] == 0x80 ? print_quote(p[2]) : (struct quote){0};
}

bool value_quote_is_before(struct slice t, size_t i)
{
    return (i >= 3 && typographic_at(t, i - 3).n == 3) || (i >= 2 && typographic_at(t, i - 2).n == 2);
}

/* A quote that nothing closes: its text goes to the end of the line. */
static size_t unclosed_end(struct slice t, size_t from, size_t *behind)
{
    const char *line = memchr(t.p + from, '\n', t.n - from);
    *behind = line ? (size_t)(line - t.p) : t.n;
    return *behind;
}

/* One inside a word is an apostrophe. */
static size_t typographic_end(struct slice t, size_t from, struct quote q, size_t *behind)
{
    for (size_t i = from; i < t.n && t.p[i] != '\n'; i++) {
        struct quote close = (unsigned char)t.p[i] >= 0xc2 ? typographic_at(t, i) : (struct quote){0};
        bool apostrophe = q.c == 0x98 && i + close.n < t.n && ascii_alnum(t.p[i + close.n]);
        if (close.n && close.c == q.c && !apostrophe) {
            *behind = i + close.n;
            return i;
        }
    }
    return unclosed_end(t, from, behind);
}

struct quote value_quote_at(struct slice t, size_t i)
{
    struct quote q = {0};
    struct unit u = unit_at(t, i);
    size_t at = i;
    while (u.n == 1 && u.c == '\\' && q.slashes < 63) {
        q.slashes++;
        u = unit_at(t, ++at);
    }
    if (u.c >= 0x80 && at == i)
        return typographic_at(t, i);
    if (!u.n || (u.c != '"' && u.c != '\'' && u.c != '`'))
        return (struct quote){0};
    q.c = u.c;
    q.layer = u.layer;
    q.n = at + u.n - i;
    return q;
}

/* A quote twice is one of the text's own, as SQL and CSV write it. */
static bool is_doubled(struct slice t, size_t from, size_t i, struct quote q)
{
    return q.slashes == 0 && q.layer == 0 && i > from && i + 1 < t.n && (unsigned char)t.p[i + 1] == q.c;
}

/*
 * Each time text is put in quotes, a backslash before each quote and each backslash is added: with k backslashes before
 * the opening quote, the closing one has k more than a multiple of 2(k+1), and a quote that is part of the text 2k+1
 * more. Fewer than k close what is around.
 */
size_t value_quoted_end(struct slice t, size_t from, struct quote q, size_t *behind)
{
    size_t slashes = 0, period = 2 * ((size_t)q.slashes + 1);
    if (q.c >= 0x80)
        return typographic_end(t, from, q, behind);
    for (size_t i = from; i < t.n;) {
        struct unit u = unit_at(t, i);
        if (u.c == '\\' && u.n == 1) {
            slashes++;
            i++;
            continue;
        }
        bool same = u.c == q.c && u.layer <= q.layer;
        if (same && slashes < q.slashes) {
            *behind = i - slashes;
            return *behind;
        }
        if (same && slashes % period == q.slashes) {
            if (!is_doubled(t, from, i, q)) {
                *behind = i + u.n;
                return i - q.slashes;
            }
            i++;
        }
        slashes = 0;
        i += u.n;
    }
    return unclosed_end(t, from, behind);
}
/* --- where a value ends --- */

/* first: it is all there is of a value, as in <*>. */
static bool begins_tag(char next, bool first)
{
    return next == '/' || next == '!' || ascii_alpha(next) || ascii_space(next) || (first && next == '*');
}

/* Whether the sign at i, which may end a value or be part of it, ends it. */
static bool sign_ends(const struct scrub_walk *w, size_t from, size_t i, bool query)
{
    char c = w->t.p[i], next = i + 1 < w->t.n ? w->t.p[i + 1] : ' ';
    switch (c) {
    case '&':
    case ',':
    case ';':
        return query || ascii_space(next) || (c != '&' && one_of(next, "\"'\\}])")) || value_pair_at(w->t, i + 1);
    case ')':
    case ']':
    case '}':
        return !ascii_alnum(next) && !one_of(next, "!@#$%^&*-_");
    case '"':
    case '\'':
    case '`':
        return i == from || !ascii_alnum(next);
    case '<':
        return begins_tag(next, i == from);
    case '>':
        return !ascii_alnum(next);
    case '|':
        return ascii_space(next);
    case '#':
        return query;
    default:
        return false;
    }
}

static bool is_escaped_break(struct slice t, size_t i)
{
    return i + 1 < t.n && t.p[i] == '\\' && one_of(t.p[i + 1], "nrt");
}

/* A value without quotes, as far as it has been read. */
struct bare {
    size_t from;
    unsigned layer, open; /* of the separator; brackets */
    bool query;
};

/* Whether the byte at i, which is no escape, ends it. */
static bool byte_ends(const struct scrub_walk *w, struct bare *b, size_t i)
{
    char c = w->t.p[i];
    if (b->layer && (c == '&' || c == '"' || c == '\''))
        return true;
    switch (c) {
    case '\\':
        return is_escaped_break(w->t, i) || value_quote_at(w->t, i).n;
    case '(':
    case '[':
    case '{':
        b->open++;
        return false;
    case ')':
    case ']':
    case '}':
        if (!b->open)
            return sign_ends(w, b->from, i, b->query);
        b->open--;
        return false;
    default:
        return sign_ends(w, b->from, i, b->query);
    }
}

static bool unit_ends(const struct scrub_walk *w, struct bare *b, size_t i, struct unit u)
{
    if (ascii_space((char)u.c) && u.layer <= b->layer)
        return true;
    return u.layer ? u.layer <= b->layer && one_of((char)u.c, "&;,\"'<>") : byte_ends(w, b, i);
}

size_t value_bare_end(const struct scrub_walk *w, size_t from, unsigned layer, bool query)
{
    struct slice t = w->t;
    struct bare b = {.from = from, .layer = layer, .query = query};
    size_t i = from;
    while (i < t.n) {
        struct unit u = unit_at(t, i);
        if (unit_ends(w, &b, i, u))
            break;
        i += u.n;
    }
    if (query || (i < t.n && !ascii_space(t.p[i])))
        return i;
    if (i > from + 1 && one_of(t.p[i - 1], ".!:,;"))
        i--; /* the end of a sentence */
    return i;
}

/* How much deeper it is behind such a byte. */
static int bracket_step(unsigned char c)
{
    switch (c) {
    case '{':
    case '[':
    case '(':
        return 1;
    case '}':
    case ']':
    case ')':
        return -1;
    default:
        return 0;
    }
}

/* A list or an object, to its end; all of the text where it has none. */
size_t value_structure_end(struct slice t, size_t from)
{
    unsigned depth = 0;
    for (size_t i = from; i < t.n;) {
        struct quote q = value_quote_at(t, i);
        struct unit u = unit_at(t, i);
        if (q.n && q.c == '"') {
            value_quoted_end(t, i + q.n, q, &i);
            continue;
        }
        depth += (unsigned)bracket_step(u.c);
        i += u.n;
        if (!depth)
            return i;
    }
    return t.n;
}

/* Whether the byte at i ends the rest of a line: the line's end, also as an escape, or what closes the text around. */
static bool ends_line(const struct scrub_walk *w, size_t from, size_t i)
{
    switch (w->t.p[i]) {
    case '\n':
    case '\r':
        return true;
    case '\\':
        return is_escaped_break(w->t, i) || value_quote_at(w->t, i).n;
    case '"':
    case '\'':
    case '}':
    case ']':
        return sign_ends(w, from, i, false);
    default:
        return false;
    }
}

/* The rest of a line, or of the quoted text around it, with escapes of a line's end. */
static size_t line_end(const struct scrub_walk *w, size_t from)
{
    size_t i = from;
    while (i < w->t.n && !ends_line(w, from, i))
        i++;
    while (i > from && ascii_space(w->t.p[i - 1]))
        i--;
    return i;
}

/* The end of the pair name=value at i. */
static size_t pair_end(const struct scrub_walk *w, size_t i)
{
    size_t behind;
    while (w->t.p[i] != '=')
        i++;
    struct quote q = value_quote_at(w->t, ++i);
    if (!q.n)
        return value_bare_end(w, i, 0, false);
    value_quoted_end(w->t, i + q.n, q, &behind);
    return behind;
}

/* More pairs of an Authorization header: Digest username="x", nonce="y". */
static size_t pairs_end(const struct scrub_walk *w, size_t at)
{
    for (bool first = true;; first = false) {
        size_t i = at;
        while (i < w->t.n && (w->t.p[i] == ' ' || w->t.p[i] == ','))
            i++;
        if (i == at || !(first || w->t.p[at] == ',') || !value_pair_at(w->t, i))
            return at;
        at = pair_end(w, i);
    }
}

static bool is_cookie(const struct scrub_walk *w, size_t name)
{
    return name < w->t.n && (w->t.p[name] == 'c' || w->t.p[name] == 'C') && w->t.n - name >= 6;
}

/* Authorization: scheme and credentials, one word where there is no scheme. Cookie: the line. */
size_t value_header_end(const struct scrub_walk *w, size_t at, size_t name)
{
    if (is_cookie(w, name))
        return line_end(w, at);
    size_t end = value_bare_end(w, at, 0, false);
    struct slice word = value_first_word(slice_sub(w->t, at, end));
    if (word.n == end - at && end + 1 < w->t.n && w->t.p[end] == ' ' && names_roles(&w->s->names, word) & WORD_SCHEME) {
        end = value_pair_at(w->t, end + 1) ? pairs_end(w, end) : value_bare_end(w, end + 1, 0, false);
    } else if (end - at > 4 && slice_starts(slice_from(w->t, at), SLICE("AWS4-"))) {
        end = pairs_end(w, end);
    }
    return end;
}

/* Words up to the end of the line or of the sentence's part. */
size_t value_phrase_end(const struct scrub_walk *w, size_t at)
{
    size_t end = value_bare_end(w, at, 0, false);
    while (end + 1 < w->t.n && w->t.p[end] == ' ' && ascii_alpha(w->t.p[end + 1]) && !value_pair_at(w->t, end + 1)) {
        size_t more = value_bare_end(w, end + 1, 0, false);
        if (more == end + 1)
            break;
        end = more;
    }
    return end;
}
