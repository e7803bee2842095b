#include "parsers/nginx_context.h"

/* How far a reading can be trusted; see nginx_context. */
enum grade { GRADE_NONE, GRADE_PARSES, GRADE_EVEN, GRADE_SURE };

struct label {
    struct slice text;
    enum context_part part;
    bool quoted;
};

/* ngx_http_log_error_handler, ngx_stream_proxy_log_error and ngx_mail_log_error, in the order of their
 * fields. */
static const struct label labels[] = {
    {{", request: \"", 12}, CONTEXT_REQUEST, true},   {{", subrequest: \"", 15}, CONTEXT_SUBREQUEST, true},
    {{", login: \"", 10}, CONTEXT_LOGIN, true},       {{", upstream: \"", 13}, CONTEXT_UPSTREAM, true},
    {{", upstream: ", 12}, CONTEXT_UPSTREAM, false},  {{", host: \"", 9}, CONTEXT_HOST, true},
    {{", referrer: \"", 13}, CONTEXT_REFERRER, true}, {{", bytes from/to client:", 23}, CONTEXT_BYTES, false},
};

enum { LABELS = sizeof labels / sizeof *labels };

/* The label at the front of s that may follow `after`, or NULL. With cut, one that the end of s cuts short
 * also counts. */
static const struct label *label_at(struct slice s, enum context_part after, bool truncated)
{
    if (s.n < 2 ? !truncated : s.p[0] != ',' || s.p[1] != ' ')
        return NULL;
    for (const struct label *l = labels; l < labels + LABELS; l++)
        if (l->part > after && (s.n < 3 || s.p[2] == l->text.p[2]) &&
            (slice_starts(s, l->text) || (truncated && slice_starts(l->text, s))))
            return l;
    return NULL;
}

/* An address without port, IPv6 without brackets, or unix:. */
static bool is_address(struct slice s)
{
    if (slice_starts(s, SLICE("unix:")))
        return !slice_chr(s, '"');
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_hex(s.p[i]) && s.p[i] != '.' && s.p[i] != ':')
            return false;
    return s.n > 0;
}

/* METHOD target HTTP/x.y, with a space nowhere else. */
static bool is_request(struct slice s)
{
    struct slice method = slice_split(&s, ' '), target = slice_split(&s, ' ');
    return method.n && target.n && s.n == 8 && slice_starts(s, SLICE("HTTP/")) && s.p[6] == '.';
}

/*
 * The length of a quoted value at the front of s, n when only the end of s ends it and the closing quote is
 * missing. A quote ends the value when nothing or a later label follows it. The first such quote counts, but
 * a request line is preferred to end where it has its whole shape.
 */
static size_t quoted_length(struct slice s, enum context_part part, bool truncated)
{
    size_t first = s.n;
    for (size_t from = 0; from < s.n;) {
        const char *quote = memchr(s.p + from, '"', s.n - from);
        if (!quote)
            break;
        size_t at = (size_t)(quote - s.p);
        from = at + 1;
        if (from < s.n && !label_at(slice_from(s, from), part, truncated))
            continue;
        if (part != CONTEXT_REQUEST || is_request(slice_sub(s, 0, at)))
            return at;
        if (first == s.n)
            first = at;
    }
    return first;
}

/* The length of a value without quotes at the front of s: up to a later label. */
static size_t bare_length(struct slice s, enum context_part part, bool truncated)
{
    for (size_t from = 0; from < s.n;) {
        const char *comma = memchr(s.p + from, ',', s.n - from);
        if (!comma)
            break;
        size_t at = (size_t)(comma - s.p);
        if (label_at(slice_from(s, at), part, truncated))
            return at;
        from = at + 1;
    }
    return s.n;
}

static struct slice take_client(struct slice *s)
{
    const char *comma = slice_chr(*s, ',');
    struct slice client = slice_sub(*s, 0, comma ? (size_t)(comma - s->p) : s->n);
    slice_skip(s, client.n);
    if (slice_ends(client, SLICE(" using starttls")))
        client.n -= 15;
    return client;
}

static bool read_server(struct slice *s, bool truncated, struct nginx_context *c)
{
    size_t n = bare_length(*s, CONTEXT_SERVER, truncated);
    struct slice server = slice_sub(*s, 0, n);
    /* Text that an application has logged, up to the real context. */
    if (slice_chr(server, '"') || slice_chr(server, '\n') || slice_find(server, SLICE(", client: ")) >= 0)
        return false;
    if (n < s->n || !truncated)
        c->part[CONTEXT_SERVER] = server;
    slice_skip(s, n);
    return true;
}

/* `, client: ADDR[ using starttls], server: ` and the server's name; *s is left at the first label. */
static bool read_ends(struct slice *s, bool truncated, struct nginx_context *c)
{
    static const struct slice label = {", server: ", 10};
    c->udp = slice_starts(*s, SLICE(", udp "));
    slice_skip(s, c->udp ? 14 : 10);
    struct slice client = take_client(s);
    if (truncated && slice_starts(label, *s) && (client.n == 0 || is_address(client))) {
        /* An address that the cut may have shortened is another client's. */
        if (s->n)
            c->part[CONTEXT_CLIENT] = client;
        *s = SLICE_NONE;
        return true;
    }
    if (!is_address(client) || !slice_starts(*s, label))
        return false;
    c->part[CONTEXT_CLIENT] = client;
    slice_skip(s, label.n);
    return read_server(s, truncated, c);
}

/* Of values that the cut has shortened, those are kept that still say something true. */
static bool useful_when_truncated(const struct label *l, struct slice v)
{
    if (l->part == CONTEXT_UPSTREAM) {
        ptrdiff_t scheme = slice_find(v, SLICE("://"));
        return scheme >= 0 && slice_chr(slice_from(v, (size_t)scheme + 3), '/');
    }
    return l->part == CONTEXT_REQUEST || l->part == CONTEXT_SUBREQUEST || l->part == CONTEXT_REFERRER;
}

/* The value behind a label. False: it has no end, and nothing was cut. */
static bool read_part(struct slice *s, const struct label *l, bool truncated, struct nginx_context *c)
{
    size_t n = l->quoted ? quoted_length(*s, l->part, truncated) : bare_length(*s, l->part, truncated);
    bool open = n == s->n && (l->quoted || truncated);
    if (open && !truncated)
        return false;
    struct slice value = slice_sub(*s, 0, n);
    if (!open || useful_when_truncated(l, value))
        c->part[l->part] = value;
    slice_skip(s, n + l->quoted);
    return true;
}

/* Reads a context that begins at the front of s and must reach its end. */
static bool read_context(struct slice s, bool truncated, struct nginx_context *c)
{
    *c = (struct nginx_context){0};
    if (!read_ends(&s, truncated, c))
        return false;
    enum context_part last = CONTEXT_SERVER;
    while (s.n) {
        const struct label *l = label_at(s, last, truncated);
        if (!l)
            return false;
        if (!slice_starts(s, l->text)) /* the label itself is cut */
            return true;
        slice_skip(&s, l->text.n);
        if (!read_part(&s, l, truncated, c))
            return false;
        last = l->part;
    }
    return true;
}

static enum grade grade_of_stderr(const struct nginx_context *c, bool truncated)
{
    for (int p = CONTEXT_REQUEST; p < CONTEXT_REFERRER; p++)
        if (slice_find(c->part[p], SLICE("\" while ")) >= 0)
            return GRADE_PARSES;
    return c->part[CONTEXT_UPSTREAM].p || truncated ? GRADE_SURE : GRADE_EVEN;
}

/*
 * How sure a reading is. Client data stands between quotes, so with an even number of quotes before it the
 * context is outside of them, unless the data has quotes of its own; without any quote before it there is no
 * doubt. A request line of the usual shape speaks for a reading, a second context in a host name against it.
 * What a program wrote to stderr is quoted as it is and ends with `" while `: inside a value this shows that
 * the context was part of that text; and the real context of stderr text names the upstream it came from.
 */
static enum grade grade_of(const struct nginx_context *c, struct slice text, size_t quotes, bool truncated)
{
    if (quotes == 0)
        return GRADE_SURE;
    if (quotes % 2)
        return GRADE_PARSES;
    struct slice request = c->part[CONTEXT_REQUEST];
    if (request.p && !is_request(request) && !truncated)
        return GRADE_EVEN;
    if (slice_find(c->part[CONTEXT_HOST], SLICE(", client: ")) >= 0)
        return GRADE_PARSES;
    return slice_starts(text, SLICE("FastCGI sent in stderr: \"")) ? grade_of_stderr(c, truncated) : GRADE_SURE;
}

/* Offset of the next `, client: ` or `, udp client: ` from `from` on, or -1. Commas are rare, and memchr is
 * fast. */
static ptrdiff_t next_candidate(struct slice text, size_t from)
{
    while (from < text.n) {
        const char *comma = memchr(text.p + from, ',', text.n - from);
        if (!comma)
            break;
        from = (size_t)(comma - text.p);
        struct slice at = slice_from(text, from);
        if (slice_starts(at, SLICE(", client: ")) || slice_starts(at, SLICE(", udp client: ")))
            return (ptrdiff_t)from;
        from++;
    }
    return -1;
}

static ptrdiff_t previous_candidate(struct slice text)
{
    ptrdiff_t tcp = slice_rfind(text, SLICE(", client: ")), udp = slice_rfind(text, SLICE(", udp client: "));
    return tcp > udp ? tcp : udp;
}

static size_t count_quotes(struct slice s)
{
    size_t n = 0;
    for (const char *quote; (quote = slice_chr(s, '"')); n++)
        s = slice_from(s, (size_t)(quote - s.p) + 1);
    return n;
}

/* The last reading, whatever it is worth. */
static bool find_last(struct slice text, bool truncated, struct nginx_context *found)
{
    struct slice rest = text;
    struct nginx_context c;
    ptrdiff_t at;
    for (int tries = 0; tries < CONTEXT_TRIES && (at = previous_candidate(rest)) >= 0; tries++) {
        if (read_context(slice_from(text, (size_t)at), truncated, &c)) {
            c.at = (size_t)at;
            *found = c;
            return true;
        }
        rest = slice_sub(text, 0, (size_t)at);
    }
    return false;
}

/* The reading of a text whose context, if it has one, reaches its end. */
static bool find_context(struct slice text, bool truncated, struct nginx_context *found)
{
    enum grade best = GRADE_NONE;
    size_t quotes = 0, counted = 0;
    struct nginx_context c;
    ptrdiff_t at = next_candidate(text, 0);
    for (int tries = 0; at >= 0 && tries < CONTEXT_TRIES; tries++) {
        quotes += count_quotes(slice_sub(text, counted, (size_t)at));
        counted = (size_t)at;
        if (read_context(slice_from(text, (size_t)at), truncated, &c)) {
            enum grade g = grade_of(&c, text, quotes, truncated);
            /* The first of the better ones; the last of the worst, found from the other end below. */
            if (g > best && g > GRADE_PARSES) {
                best = g;
                c.at = (size_t)at;
                *found = c;
            }
            if (g == GRADE_SURE)
                return true;
        }
        at = next_candidate(text, (size_t)at + 10);
    }
    return best != GRADE_NONE || find_last(text, truncated, found);
}

bool nginx_context(struct slice text, bool truncated, struct nginx_context *c)
{
    struct slice window = slice_sub(text, 0, CONTEXT_WINDOW);
    if (window.n == text.n && find_context(text, truncated, c)) {
        c->end = text.n;
        return true;
    }
    /* Lines that something else wrote into the file may follow the entry: its context then ends with one of
     * its lines. */
    size_t begin = 0;
    for (int tries = 0; tries < CONTEXT_TRIES;) {
        const char *lf = slice_chr(slice_from(window, begin), '\n');
        if (!lf)
            return false;
        size_t end = (size_t)(lf - window.p);
        bool candidate = next_candidate(slice_sub(window, begin, end), 0) >= 0;
        tries += candidate;
        if (candidate && find_context(slice_sub(window, 0, end), false, c)) {
            c->end = end;
            return true;
        }
        begin = end + 1;
    }
    return false;
}
