/* log_template_quote: quoted texts, and values behind a key. See log_template_piece.h. */
#include "core/log_template_piece.h"
#include "core/word_set.h"

/* A double quote that closes; a backslash before it makes it part of the text. */
static const char *closing_double(const char *p, const char *e)
{
    const char *q = p;
    while ((q = memchr(q + 1, '"', (size_t)(e - q - 1))))
        if (q[-1] != '\\' || (q - p > 2 && q[-2] == '\\'))
            return q;
    return NULL;
}

/* A single quote that closes. *opens: another one opens before any closes. */
static const char *closing_single(const char *p, const char *e, bool *opens)
{
    *opens = false;
    for (const char *q = p + 1; q < e; q++) {
        if (*q != '\'' && *q != '`')
            continue;
        if (q + 1 == e || !recognise_word_byte(q[1]))
            return q;
        *opens = *q == '`' || !recognise_word_byte(q[-1]);
        if (*opens)
            return NULL;
    }
    return NULL;
}

/* The closing quote that belongs to the one at p, or NULL. That there is none ahead is kept, so that no text is
 * searched twice. */
static const char *closing(struct log_template_work *w, const char *p)
{
    bool single = *p != '"', opens = false;
    if (w->no_quote[single])
        return NULL;
    const char *q = single ? closing_single(p, w->e, &opens) : closing_double(p, w->e);
    w->no_quote[single] = !q && !opens;
    return q;
}

/* How many backslashes stand before the quote at p; more than LOG_TEMPLATE_ESCAPES_MAX are not told apart. */
static unsigned escapes(const struct log_template_work *w, const char *p)
{
    unsigned n = 0;
    while (n <= LOG_TEMPLATE_ESCAPES_MAX && p - w->s > n && p[-1 - (ptrdiff_t)n] == '\\')
        n++;
    return n;
}

/* The quote behind as many backslashes as stand before the one at p, in the same text in quotes; or NULL. */
static const char *closing_inner(struct log_template_work *w, const char *p, unsigned depth)
{
    const char *q = p;
    if (depth > LOG_TEMPLATE_ESCAPES_MAX || w->no_inner[depth])
        return NULL;
    while ((q = memchr(q + 1, '"', (size_t)(w->e - q - 1)))) {
        unsigned n = escapes(w, q);
        if (n == depth && q - p > (ptrdiff_t)n)
            return q;
        if (n < depth)
            return NULL; /* the text that it stands in ends */
    }
    w->no_inner[depth] = true;
    return NULL;
}

/* "GET /x HTTP/1.1": the method tells messages apart, the rest does not. Returns the length of method and space. */
static size_t request_line(struct slice s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= 'A' && s.p[n] <= 'Z')
        n++;
    if (n < 3 || n > 9 || s.n <= n + 1 || s.p[n] != ' ')
        return 0;
    return s.p[n + 1] == '/' || slice_starts(slice_from(s, n + 1), SLICE("http")) ? n + 1 : 0;
}

static bool json_key(struct slice s, const char *close, const char *e)
{
    if (e - close < 2 || close[1] != ':' || s.n > 40)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alpha(s.p[i]) && s.p[i] != '_' && s.p[i] != '-' && s.p[i] != '.')
            return false;
    return true;
}

static bool begins_json_value(const char *v, const char *e)
{
    v += v < e && *v == ' ';
    if (v == e)
        return false;
    if (ascii_digit(*v) || memchr("\"'{[-\\", *v, 6))
        return true;
    return slice_starts(slice_of(v, (size_t)(e - v)), SLICE("true")) ||
           slice_starts(slice_of(v, (size_t)(e - v)), SLICE("false")) ||
           slice_starts(slice_of(v, (size_t)(e - v)), SLICE("null")) ||
           slice_starts(slice_of(v, (size_t)(e - v)), SLICE("True")) ||
           slice_starts(slice_of(v, (size_t)(e - v)), SLICE("False")) ||
           slice_starts(slice_of(v, (size_t)(e - v)), SLICE("None"));
}

/* A name whose quote opens at p and closes at `close` is a member of an object, and not just followed by a colon as in
 * pod "web-1": not found. */
static bool is_member(const struct log_template_work *w, const char *p, const char *close)
{
    if (!log_template_since(w, 2))
        return true;
    while (p > w->s && (p[-1] == ' ' || p[-1] == '\\'))
        p--;
    bool first = p == w->s && w->e - close > 2 && close[2] == '"';
    bool in_object = p > w->s && (p[-1] == '{' || p[-1] == ',');
    return first || (in_object && begins_json_value(close + 2, w->e));
}

/* Its value is masked piece by piece, not as a whole. */
static bool speaking_key(struct slice key)
{
    return word_set_has(WORD_SET_SPEAKING_KEYS, key.p, key.n);
}

enum { SPEAKS_MAX = 300 };

/* "connection reset by peer": a quoted text that tells faults apart, and so is masked piece by piece. */
static bool speaks(struct slice in)
{
    const char *p = in.p, *e = in.p + in.n;
    if (in.n > SPEAKS_MAX || !slice_chr(in, ' '))
        return false;
    while (p < e) {
        size_t n = recognise_letters(p, e);
        if (n > 1 && log_template_is_fault(p, n))
            return true;
        for (p += n; p < e && !ascii_alpha(*p);)
            p++;
    }
    return false;
}

/* "key": at the quote before p, which the key's ends; its text too where it is the message. Returns where to go on. */
static const char *json_value(struct log_template_work *w, struct slice key, const char *close)
{
    const char *v = close + 2 + (w->e - close > 2 && close[2] == ' ');
    if (v == w->e || *v != '"' || !speaking_key(key))
        return close + 1;
    w->literal_quote = closing(w, v);
    return v + 1;
}

enum { NAME_OF_GROUP_MAX = 16, RULE_ID_MAX = 9 };

/* The name in front of the quotes from p to q in one of several groups as ModSecurity has them: [id "930110"] [msg
 * "SQL injection"]. In grouping 1 none has one. */
static struct slice group_name(const struct log_template_work *w, const char *p, const char *q)
{
    const char *name = p - 1;
    if (!log_template_since(w, 2) || w->e - q < 2 || q[1] != ']' || p - w->s < 3 || *name != ' ')
        return SLICE_NONE;
    while (name > w->s + 1 && ascii_alpha(name[-1]) && p - name < NAME_OF_GROUP_MAX)
        name--;
    if (name[-1] != '[')
        return SLICE_NONE;
    bool before = name - w->s > 3 && !memcmp(name - 4, "\"] [", 4), behind = w->e - q > 3 && !memcmp(q + 1, "] [", 3);
    return before || behind ? slice_of(name, (size_t)(p - 1 - name)) : SLICE_NONE;
}

/* The id of a rule is what tells its faults from others. */
static bool is_rule_id(struct slice group, struct slice in)
{
    for (size_t i = 0; i < in.n; i++)
        if (!ascii_digit(in.p[i]))
            return false;
    return slice_is(group, "id") && in.n <= RULE_ID_MAX;
}

/* The text between a quote at p and the one at q, which has at least a byte. Returns where to go on. */
static const char *quoted_text(struct log_template_work *w, const char *p, const char *q)
{
    struct slice in = slice_of(p + 1, (size_t)(q - p - 1)), group = group_name(w, p, q);
    bool whole = p == w->s && q + 1 == w->e;
    if (is_rule_id(group, in))
        return q + 1;
    if (slice_is(group, "msg")) {
        w->literal_quote = q;
        return p + 1;
    }
    if (!whole && json_key(in, q, w->e) && is_member(w, p, q))
        return json_value(w, in, q);
    if (whole || speaks(in)) {
        w->literal_quote = q;
        return p + 1;
    }
    size_t method = request_line(in);
    log_template_emit(w, method ? PLACEHOLDER_PATH : PLACEHOLDER_QUOTED, in.p + method, q);
    return q + 1;
}

/* \" at p, in a text in quotes that speaks: a name in it. Returns where to go on. */
static const char *inner_text(struct log_template_work *w, const char *p, unsigned depth)
{
    const char *q = closing_inner(w, p, depth);
    if (!q)
        return p + 1;
    struct slice in = slice_of(p + 1, (size_t)(q - depth - p - 1));
    if (json_key(in, q, w->e) && is_member(w, p, q))
        return q + 1;
    if (speaks(in)) {
        w->literal_inner = q;
        return p + 1;
    }
    if (in.n)
        log_template_emit(w, PLACEHOLDER_QUOTED, in.p, in.p + in.n);
    return q + 1;
}

const char *log_template_quoted(struct log_template_work *w, const char *p)
{
    if (p == w->literal_quote || p == w->literal_inner || (p > w->s && log_template_word_at(p - 1)))
        return p + 1;
    unsigned depth = *p == '"' && log_template_since(w, 2) ? escapes(w, p) : 0;
    if (depth)
        return inner_text(w, p, depth);
    const char *q = closing(w, p);
    if (!q)
        return p + 1;
    return q == p + 1 ? q + 1 : quoted_text(w, p, q);
}

/* --- key=value --- */

enum { BRACKETED_MAX = 64, NESTED_MAX = 256, KEY_MAX = 24, CODE_MAX = 8 };

/* The end of <bob> or <a@b.example> at v, or v. */
static const char *angle_end(const char *v, const char *e)
{
    const char *p = v + 1;
    while (p < e && *p != '>' && *p != '<' && (unsigned char)*p > ' ' && p - v < BRACKETED_MAX)
        p++;
    return p < e && *p == '>' ? p + 1 : v;
}

/* What closes the bracket c, 0 when it is none. */
static char closing_bracket(char c)
{
    return c == '(' ? ')' : c == '[' ? ']' : c == '{' ? '}' : 0;
}

/* The bracket that closes one at p; NULL when it is too far or on another line. */
static const char *bracket_end(const char *p, const char *e, char shut)
{
    const char *q = p;
    while (q < e && *q != shut && (unsigned char)*q >= ' ' && q - p < BRACKETED_MAX)
        q++;
    return q < e && *q == shut ? q : NULL;
}

/* The same of brackets with others of their kind in them. */
static const char *nested_end(const char *p, const char *e, char shut)
{
    char open = *p;
    unsigned depth = 0;
    const char *q = p;
    for (; q < e && (unsigned char)*q >= ' ' && q - p < NESTED_MAX; q++) {
        depth += *q == open;
        depth -= *q == shut;
        if (depth == 0)
            return q;
    }
    return NULL;
}

static bool ends_value(char c)
{
    return c == '&' || (c != '=' && log_template_class_of(c) & LOG_TEMPLATE_END);
}

/* The end of a value without quotes; v when it begins with a bracket, or opens one that it does not close. */
static const char *bare_value_end(const struct log_template_work *w, const char *v, const char *e)
{
    bool nested = log_template_since(w, 2);
    const char *p = v;
    for (; p < e; p++) {
        char shut = closing_bracket(*p);
        if (shut) {
            p = p == v ? NULL : nested ? nested_end(p, e, shut) : bracket_end(p, e, shut);
            if (!p)
                return v;
        } else if (ends_value(*p)) {
            break;
        }
    }
    while (p > v + 1 && (p[-1] == '.' || p[-1] == ':'))
        p--;
    return p;
}

/* The quote of \" at v, or NULL. */
static const char *inner_quote(const struct log_template_work *w, const char *v)
{
    if (!log_template_since(w, 2) || *v != '\\')
        return NULL;
    const char *q = v;
    while (q < w->e && *q == '\\' && q - v <= LOG_TEMPLATE_ESCAPES_MAX)
        q++;
    return q < w->e && *q == '"' ? q : NULL;
}

/* The end of the value that begins at v; v when it is not to be masked as a whole. */
static const char *value_end(struct log_template_work *w, const char *v)
{
    const char *inner = inner_quote(w, v);
    if (inner) {
        const char *q = closing_inner(w, inner, (unsigned)(inner - v));
        return q && !speaks(slice_of(inner + 1, (size_t)(q - inner - 1))) ? q + 1 : v;
    }
    if (*v == '"' || (*v == '\'' && w->e - v > 1)) {
        const char *q = closing(w, v);
        return q && !speaks(slice_of(v + 1, (size_t)(q - v - 1))) ? q + 1 : v;
    }
    return *v == '<' ? angle_end(v, w->e) : bare_value_end(w, v, w->e);
}

/* The identifier that ends at p. */
static struct slice key_before(const struct log_template_work *w, const char *p)
{
    const char *k = p;
    while (k > w->s && p - k < KEY_MAX && (log_template_word_at(k - 1) || k[-1] == '-' || k[-1] == '.'))
        k--;
    return slice_of(k, (size_t)(p - k));
}

/* What follows a '=' that is a sign of a program's text, or nothing. */
static bool is_no_value(const char *v, const char *e)
{
    return v == e || (unsigned char)*v <= ' ' || *v == '=' || *v == '>' || *v == '~';
}

/* code=EPIPE: it tells messages apart, and stays. */
static bool is_code(struct slice key, const char *v, const char *end)
{
    return *v >= 'A' && *v <= 'Z' && end - v <= CODE_MAX && word_set_has(WORD_SET_CODE_KEYS, key.p, key.n);
}

const char *log_template_pair(struct log_template_work *w, const char *p)
{
    const char *v = p + 1;
    struct slice key = key_before(w, p);
    if (!key.n || is_no_value(v, w->e))
        return v;
    if (speaking_key(key)) {
        const char *inner = inner_quote(w, v);
        if (inner) {
            w->literal_inner = closing_inner(w, inner, (unsigned)(inner - v));
            return inner + 1;
        }
        if (*v != '"')
            return v;
        w->literal_quote = closing(w, v);
        return v + 1;
    }
    const char *end = value_end(w, v);
    size_t time = end > v && ascii_digit(*v) ? recognise_time(v, w->e) : 0;
    end = time > (size_t)(end - v) ? v + time : end;
    return end == v || is_code(key, v, end) ? end : log_template_emit(w, PLACEHOLDER_VALUE, v, end);
}
