/*
 * logfmt: key=value pairs, as Go's slog and logfmt, logrus, Heroku and many others write them; values in
 * double quotes may hold spaces and the escapes \" \\ \n \r \t. A key alone is true.
 *
 * Names are understood as in json_line. A line without msg keeps its whole text as message; one that is not
 * of this form at all is JSON or plain text.
 */
#include "parsers/parsers.h"
#include "parsers/field_map.h"

static bool key_char(char c)
{
    return ascii_alnum(c) || c == '_' || c == '.' || c == '-' || c == '/' || c == '@' || (unsigned char)c >= 0x80;
}

static struct slice decode(struct arena *a, struct slice v)
{
    if (!slice_chr(v, '\\'))
        return v;
    char *p = arena_alloc(a, v.n);
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        static const char from[] = "\"\\nrt", to[] = "\"\\\n\r\t";
        const char *e = v.p[i] == '\\' && i + 1 < v.n && v.p[i + 1] ? strchr(from, v.p[i + 1]) : NULL;
        p[n++] = e ? to[e - from] : v.p[i];
        i += e != NULL;
    }
    return slice_of(p, n);
}

/* A value in quotes, with a space or nothing behind it. */
static bool take_quoted(struct slice *s, struct slice *value)
{
    size_t end = slice_quote_end(*s);
    if (end >= s->n || (end + 1 < s->n && s->p[end + 1] != ' '))
        return false;
    *value = slice_sub(*s, 1, end);
    slice_skip(s, end + 1);
    return true;
}

static struct slice take_bare(struct slice *s)
{
    const char *end = slice_chr(*s, ' ');
    struct slice value = slice_sub(*s, 0, end ? (size_t)(end - s->p) : s->n);
    slice_skip(s, value.n);
    return value;
}

/* Takes one pair from the front; value.p is NULL for a key alone. False: what stands there is no pair, and *s is
 * somewhere in it. */
static bool take_pair(struct slice *s, struct slice *key, struct slice *value, bool *quoted)
{
    size_t n = slice_span(*s, key_char);
    char next = n < s->n ? s->p[n] : ' ';
    if (n == 0 || (next != '=' && next != ' '))
        return false;
    *key = slice_sub(*s, 0, n);
    *value = SLICE_NONE;
    *quoted = false;
    slice_skip(s, n);
    if (next == ' ')
        return true;
    slice_skip(s, 1);
    *quoted = s->n && *s->p == '"';
    if (*quoted)
        return take_quoted(s, value);
    *value = take_bare(s);
    /* "a=b; level=error": pairs of another kind, with marks between them. */
    return !s->n || !value->n || (value->p[value->n - 1] != ';' && value->p[value->n - 1] != ',');
}

static void add(struct field_map *w, struct slice key, struct slice value, bool quoted)
{
    enum field_type type = FIELD_STRING;
    if (!value.p) {
        value = SLICE("true");
        type = FIELD_BOOL;
    } else if (quoted) {
        value = decode(w->ctx->arena, value);
    } else if (json_number_ok(value)) {
        type = FIELD_NUMBER;
    } else if (slice_is(value, "true") || slice_is(value, "false")) {
        type = FIELD_BOOL;
    }
    if (value.n)
        field_map_offer(w, key, value, type, 0, field_map_put(w, key, value, type));
    else
        field_map_empty(w, key);
}

/* The pairs of the whole line, or false when it is something else. */
static bool read_pairs(struct field_map *w, struct slice s)
{
    unsigned pairs = 0, alone = 0;
    while (s.n) {
        struct slice key, value;
        bool quoted;
        if (!take_pair(&s, &key, &value, &quoted))
            return false;
        add(w, key, value, quoted);
        pairs += value.p != NULL;
        alone += value.p == NULL;
        while (s.n && *s.p == ' ')
            s = slice_from(s, 1);
    }
    return pairs > alone;
}

static bool logfmt_parse(struct parse_ctx *ctx, struct record *r)
{
    struct slice s = slice_trim(r->raw);
    struct field_map w;
    unsigned n = r->n_fields;
    if (!s.n) {
        ctx->reason = "empty message";
        return false;
    }
    field_map_start(&w, ctx, r);
    if (read_pairs(&w, s)) {
        field_map_finish(&w);
        r->headed = r->level != LEVEL_NONE;
        return true;
    }
    r->n_fields = n;
    r->format = *s.p == '{' ? FORMAT_JSON : FORMAT_TEXT;
    return ctx->formats->parsers[r->format]->parse(ctx, r);
}

static bool plain_key_char(char c)
{
    return ascii_alnum(c) || c == '_' || c == '.' || c == '-';
}

/* Pairs from the first byte on, and one of the names loggers always write. */
static bool is_logfmt(struct slice s)
{
    static const struct slice names[] = {{"level=", 6}, {"msg=", 4}, {"lvl=", 4}, {"ts=", 3}, {"time=", 5}};
    size_t n = slice_span(s, plain_key_char);
    if (n == 0 || n == s.n || s.p[n] != '=')
        return false;
    if (slice_starts(s, SLICE("type=")) && slice_find(s, SLICE(" msg=audit(")) >= 0)
        return false; /* the kernel's audit: its msg is a number, and the pairs behind it are what it says */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_starts(s, names[i]))
            return slice_chr(s, ' ') != NULL;
    return slice_find(s, SLICE(" level=")) >= 0 || slice_find(s, SLICE(" msg=")) >= 0;
}

static const char *logfmt_detect(struct slice line)
{
    return is_logfmt(parser_front(line)) ? "pairs from the first byte on, level or msg or a time among them" : NULL;
}

/* Not each line of a logger has one of these names. */
static bool logfmt_may_be(struct slice line)
{
    struct slice s = parser_front(line);
    size_t n = slice_span(s, plain_key_char);
    return n && n < s.n && s.p[n] == '=';
}

const struct format_traits format_logfmt = {0};
const struct parser parser_logfmt = {
    .nesting = PARSER_NESTED, .detect = logfmt_detect, .may_be = logfmt_may_be, .parse = logfmt_parse};
