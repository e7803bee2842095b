/*
 * nginx_error: entries of nginx's error log (ngx_log_error_core), also as nginx -t and a start from a
 * terminal print them on stderr, without date and process.
 *
 *   yyyy/mm/dd hh:mm:ss [level] pid#tid: [*connection ]text[ (errno: strerror)][ while phase][, client: …]
 *
 * Everything behind the colon is whatever bytes a client or an application has sent: see nginx_context.h.
 * Fields are slices of the entry; only an entry with foreign lines behind its context has its message copied
 * to the arena.
 */
#include "parsers/parsers.h"

#include "parsers/nginx_context.h"
#include "parsers/nginx_entry.h"
#include "parsers/nginx_head.h"

/* n is at most s->n. */
static inline void skip(struct slice *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

static inline struct slice digits_from(struct slice *s)
{
    const char *from = s->p;
    size_t n = 0, most = s->n < 20 ? s->n : 20;
    while (n < most && (unsigned char)(from[n] - '0') < 10)
        n++;
    if (n) /* of nothing there may be no pointer */
        skip(s, n);
    return slice_of(from, n);
}

static inline bool char_from(struct slice *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    skip(s, 1);
    return true;
}

/* Takes " while PHASE" off the end: PHASE is letters, digits, / and spaces, else the word belongs to the
 * text. */
static struct slice phase_from(struct slice *s)
{
    static const struct slice mark = {" while ", 7};
    for (size_t i = s->n; i-- > 0;) {
        char c = s->p[i];
        if (c == ' ' && s->n - i > mark.n && memcmp(s->p + i, mark.p, mark.n) == 0) {
            struct slice phase = slice_from(*s, i + mark.n);
            s->n = i;
            return phase;
        }
        if (!ascii_alnum(c) && c != ' ' && c != '/')
            break;
    }
    return SLICE_NONE;
}

/* Takes " (N: strerror)" off the end. */
static bool errno_from(struct slice *s, struct slice *number, struct slice *text)
{
    if (s->n == 0 || s->p[s->n - 1] != ')')
        return false;
    const char *open = memrchr(s->p, '(', s->n);
    if (!open || open == s->p || open[-1] != ' ')
        return false;
    struct slice inside = slice_sub(*s, (size_t)(open - s->p) + 1, s->n - 1);
    *number = digits_from(&inside);
    if (!number->n || inside.n < 3 || inside.p[0] != ':' || inside.p[1] != ' ')
        return false;
    *text = slice_from(inside, 2);
    s->n = (size_t)(open - s->p) - 1;
    return true;
}

/* " (SSL: …)" at the end: OpenSSL's own error queue. */
static struct slice ssl_of(struct slice s)
{
    if (s.n == 0 || s.p[s.n - 1] != ')')
        return SLICE_NONE;
    ptrdiff_t at = slice_find(s, SLICE(" (SSL: "));
    return at < 0 ? SLICE_NONE : slice_sub(s, (size_t)at + 7, s.n - 1);
}

static inline void add(struct record *r, struct slice name, struct slice value, enum field_type type)
{
    if (value.p)
        record_add(r, name, value, type);
}

/* Takes " on ADDR" off " while accepting new connection on ADDR" at the end (ngx_accept_log_error). */
static struct slice accepting_from(struct slice *s)
{
    const char *space = s->n ? memrchr(s->p, ' ', s->n) : NULL;
    struct slice before = slice_sub(*s, 0, space ? (size_t)(space - s->p) : 0);
    if (!slice_ends(before, SLICE(" while accepting new connection on")))
        return SLICE_NONE;
    struct slice address = slice_from(*s, before.n + 1);
    s->n = before.n - 3;
    return address;
}

/* Phase, errno and SSL text of a message, as far as its writer has finished it. */
static void add_message_parts(struct record *r, struct slice message)
{
    struct slice number, text;
    add(r, SLICE("phase"), phase_from(&message), FIELD_STRING);
    if (errno_from(&message, &number, &text)) {
        add(r, SLICE("errno"), number, FIELD_NUMBER);
        add(r, SLICE("errstr"), text, FIELD_STRING);
    }
    add(r, SLICE("ssl"), ssl_of(message), FIELD_STRING);
}

/* N/N, bytes from/to upstream:N/N */
static void add_bytes(struct record *r, struct slice s)
{
    static const struct slice names[4] = {
        {"bytes_from_client", 17}, {"bytes_to_client", 15}, {"bytes_from_upstream", 19}, {"bytes_to_upstream", 17}};
    static const char *const between[4] = {"/", ", bytes from/to upstream:", "/", ""};
    for (int i = 0; i < 4; i++) {
        struct slice number = digits_from(&s);
        if (!number.n)
            return;
        add(r, names[i], number, FIELD_NUMBER);
        if (!slice_starts(s, slice_str(between[i])))
            return;
        skip(&s, strlen(between[i]));
    }
}

static void add_context(struct record *r, const struct nginx_context *c)
{
    static const struct slice names[] = {{"client", 6}, {"server", 6},   {"request", 7}, {"subrequest", 10},
                                         {"login", 5},  {"upstream", 8}, {"host", 4},    {"referrer", 8}};
    for (int p = CONTEXT_CLIENT; p < CONTEXT_BYTES; p++)
        add(r, names[p], c->part[p], FIELD_STRING);
    add_bytes(r, c->part[CONTEXT_BYTES]);
    if (c->udp)
        add(r, SLICE("protocol"), SLICE("udp"), FIELD_STRING);
}

/* Contexts of logs that no client stands behind, each a few bare words at the end of the text. */
struct tail {
    struct slice label; /* in front of the value */
    const char *phase;  /* what the text before it must end with */
    struct slice field;
};
static const struct tail tails[] = {
    {{", resolver: ", 12}, " while resolving", {"resolver", 8}},                       /* ngx_resolver_log_error */
    {{", responder: ", 13}, " while requesting certificate status", {"responder", 9}}, /* ngx_ssl_ocsp_log_error */
    {{", server: ", 10}, " while logging to syslog", {"server", 6}},                   /* ngx_syslog_log_error */
};

/* What may stand at the end of a text is looked for there, not in the whole of it. */
static size_t tail_of(struct slice text)
{
    enum { TAIL_BYTES = 400 };
    return text.n > TAIL_BYTES ? text.n - TAIL_BYTES : 0;
}

/* The message without such a context, whose value becomes a field. */
static struct slice without_tail(struct record *r, struct slice text)
{
    size_t from = tail_of(text);
    if (!slice_chr(slice_from(text, from), ','))
        return text;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        ptrdiff_t at = slice_rfind(slice_from(text, from), tails[i].label);
        struct slice before = slice_sub(text, 0, at < 0 ? 0 : from + (size_t)at);
        if (at < 0 || !slice_ends(before, slice_str(tails[i].phase)))
            continue;
        struct slice value = slice_from(text, before.n + tails[i].label.n);
        ptrdiff_t more = slice_find(value, SLICE(", ")); /* peer and certificate of a responder */
        add(r, tails[i].field, slice_sub(value, 0, more < 0 ? value.n : (size_t)more), FIELD_STRING);
        return before;
    }
    return text;
}

/* The message without the beginning of a context that the cut has left a few letters of. */
static struct slice without_stub(struct slice text)
{
    static const struct slice label = {", client: ", 10};
    for (size_t n = label.n; n-- > 1;)
        if (slice_ends(text, slice_sub(label, 0, n)))
            return slice_sub(text, 0, text.n - n);
    return text;
}

/* The entry's own bytes when it has the length at which nginx cuts, also when foreign lines follow; else 0.
 */
static size_t full_size(struct slice raw)
{
    static const size_t sizes[] = {NGINX_ENTRY_MAX, NGINX_ENTRY_MAX_OPENRESTY};
    for (int i = 0; i < 2; i++)
        if (raw.n == sizes[i] || (raw.n > sizes[i] && raw.p[sizes[i]] == '\n'))
            return sizes[i];
    return 0;
}

/* A line of it but the first looks like a head: bytes that a client chose, or nginx_entry.h would have ended the entry
 * there. */
static bool has_head_inside(struct slice s)
{
    for (const char *lf; (lf = slice_chr(s, '\n'));) {
        s = slice_from(s, (size_t)(lf - s.p) + 1);
        if (nginx_head(s))
            return true;
    }
    return false;
}

static struct slice joined(struct arena *a, struct slice s, struct slice more)
{
    char *p = arena_alloc(a, s.n + more.n);
    memcpy(p, s.p, s.n);
    memcpy(p + s.n, more.p, more.n);
    return slice_of(p, s.n + more.n);
}

static void parse_without_context(struct record *r, struct slice text)
{
    r->message = r->truncated ? without_stub(text) : without_tail(r, text);
    text = r->message;
    /* Where it listens is the server, as in a context before a request exists. */
    add(r, SLICE("server"), accepting_from(&text), FIELD_STRING);
    add_message_parts(r, text);
    r->torn = nginx_entry_torn(r->raw);
    r->torn_program = r->torn && slice_starts(text, SLICE("FastCGI sent in stderr: "));
}

/* Reads the text behind the head; `foreign` are lines behind a cut entry. */
static void parse_text(struct parse_ctx *ctx, struct record *r, struct slice text, bool full, struct slice foreign)
{
    struct nginx_context c;
    bool found = nginx_context(text, false, &c);
    /* Nothing but a quote shows that the last value of a full entry is whole. */
    if (full && !(found && text.p[text.n - 1] == '"')) {
        r->truncated = true;
        found = nginx_context(text, true, &c);
    }
    if (found) {
        r->message = slice_sub(text, 0, c.at);
        if (c.end < text.n)
            foreign = slice_from(text, c.end);
        add_message_parts(r, r->message);
        add_context(r, &c);
    } else {
        parse_without_context(r, text);
    }
    if (has_head_inside(r->raw) || nginx_entry_forges(record_value(r, "request")))
        record_suspect(r);
    if (foreign.n)
        r->message = joined(ctx->arena, r->message, foreign);
}

static unsigned count_lines(struct slice s)
{
    unsigned n = 1;
    for (const char *lf; (lf = slice_chr(s, '\n')); n++)
        s = slice_from(s, (size_t)(lf - s.p) + 1);
    return n;
}

static struct slice connection_from(struct slice *text, int severity)
{
    struct slice s = *text;
    if (!char_from(&s, '*'))
        return SLICE_NONE;
    struct slice number = digits_from(&s);
    /* "*3 open socket #12 left in connection 4": ngx_worker_process_cycle writes this star itself. */
    if (!number.n || !char_from(&s, ' ') || (severity == 1 && slice_starts(s, SLICE("open socket #"))))
        return SLICE_NONE;
    *text = s;
    return number;
}

/* The log's clock has seconds, so a busy log has the same stamp many times in a row. */
static int64_t time_of(const struct parse_ctx *ctx, struct slice entry)
{
    enum { STAMP_BYTES = 19 };
    int64_t us;
    if (stamp_is_again(ctx->memo, entry, STAMP_BYTES))
        return ctx->memo->us;
    struct slice stamp = entry;
    if (!stamp_nginx(&stamp, &us))
        return RECORD_NO_TIME;
    us = stamp_local(ctx->zone, us, ctx->last_us);
    stamp_keep(ctx->memo, slice_sub(entry, 0, STAMP_BYTES), us);
    return us;
}

static bool nginx_error_begin(struct parse_ctx *ctx, struct record *r)
{
    struct slice raw = r->raw, foreign = SLICE_NONE;
    size_t full = full_size(raw);
    if (full) {
        foreign = slice_from(raw, full);
        raw = slice_sub(raw, 0, full);
    }
    struct nginx_head h;
    bool file = nginx_head_file(raw, &h);
    if (!file && !nginx_head_stderr(raw, &h)) {
        /* The rest of an entry whose beginning was not seen. */
        r->message = r->raw;
        return true;
    }
    if (raw.n && raw.p[raw.n - 1] == '\r' && h.text.n)
        h.text.n--;
    r->severity = h.severity;
    r->level = level_from_severity(h.severity);
    if (file) {
        r->time_us = time_of(ctx, raw);
        add(r, SLICE("pid"), h.pid, FIELD_NUMBER);
        add(r, SLICE("tid"), h.tid, FIELD_NUMBER);
        struct slice connection = connection_from(&h.text, h.severity);
        add(r, SLICE("connection"), connection, FIELD_NUMBER);
    }
    if (full)
        parse_text(ctx, r, h.text, true, foreign);
    else
        r->message = h.text;
    r->partial = !full;
    return true;
}

static void nginx_error_finish(struct parse_ctx *ctx, struct record *r)
{
    r->partial = false;
    parse_text(ctx, r, r->message, false, SLICE_NONE);
}

static bool nginx_error_parse(struct parse_ctx *ctx, struct record *r)
{
    r->lines = count_lines(r->raw);
    nginx_error_begin(ctx, r);
    if (r->partial)
        nginx_error_finish(ctx, r);
    return true;
}

static const char *nginx_error_detect(struct slice line)
{
    return nginx_head(line) ? "date, time, [level] and pid#tid in front" : NULL;
}

const struct parser parser_nginx_error = {.nesting = PARSER_NESTED,
                                          .detect = nginx_error_detect,
                                          .head = nginx_head,
                                          .rule = &nginx_entry_rule,
                                          .parse = nginx_error_parse,
                                          .begin = nginx_error_begin,
                                          .finish = nginx_error_finish,
                                          .settled = record_names_of_origin};
