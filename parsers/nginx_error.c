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

/*
 * NGX_MAX_ERROR_STR less the line feed: an entry that long has lost its end. OpenResty doubles it.
 */
enum { ENTRY_MAX = 2047, ENTRY_MAX_OPENRESTY = 4095 };

/* In the order of severities. */
static const struct slice level_tags[8] = {{"[emerg] ", 8}, {"[alert] ", 8}, {"[crit] ", 7},
                                           {"[error] ", 8}, {"[warn] ", 7},  {"[notice] ", 9},
                                           {"[info] ", 7},  {"[debug] ", 8}};

struct head {
    int64_t local_us; /* STAMP_NONE on stderr */
    int severity;     /* -1 on stderr when there is none */
    struct slice pid, tid;
    struct slice text;
};

static void skip(struct slice *s, size_t n)
{
    *s = slice_from(*s, n);
}

static struct slice digits_from(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && n < 20 && ascii_digit(s->p[n]))
        n++;
    struct slice digits = slice_sub(*s, 0, n);
    skip(s, n);
    return digits;
}

static bool level_from(struct slice *s, int *severity)
{
    for (int i = 0; i < 8; i++)
        if (s->n > 2 && s->p[1] == level_tags[i].p[1] && slice_starts(*s, level_tags[i])) {
            *severity = i;
            skip(s, level_tags[i].n);
            return true;
        }
    return false;
}

static bool char_from(struct slice *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    skip(s, 1);
    return true;
}

static bool file_head(struct slice s, struct head *h)
{
    if (!stamp_nginx(&s, &h->local_us) || !char_from(&s, ' ') || !level_from(&s, &h->severity))
        return false;
    h->pid = digits_from(&s);
    if (!h->pid.n || !char_from(&s, '#'))
        return false;
    h->tid = digits_from(&s);
    if (!h->tid.n || !char_from(&s, ':'))
        return false;
    char_from(&s, ' ');
    h->text = s;
    return true;
}

static bool stderr_head(struct slice s, struct head *h)
{
    if (!slice_starts(s, SLICE("nginx: ")))
        return false;
    skip(&s, 7);
    *h = (struct head){.local_us = STAMP_NONE, .severity = -1};
    if (!level_from(&s, &h->severity) && !slice_starts(s, SLICE("configuration file ")) &&
        !slice_starts(s, SLICE("the configuration file ")))
        return false;
    h->text = s;
    return true;
}

static unsigned two_digits(const char *p)
{
    return (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
}

/* The shape of a head without its values: this is asked for every line, parse only for entries. */
static bool has_file_head(struct slice s)
{
    static const char shape[] = "0000/00/00 00:00:00 ";
    int severity;
    if (s.n < sizeof shape)
        return false;
    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (shape[i] == '0' ? !ascii_digit(s.p[i]) : s.p[i] != shape[i])
            return false;
    unsigned month = two_digits(s.p + 5), day = two_digits(s.p + 8);
    if (month < 1 || month > 12 || day < 1 || day > 31 || two_digits(s.p + 11) > 23 || two_digits(s.p + 14) > 59 ||
        two_digits(s.p + 17) > 60)
        return false;
    skip(&s, sizeof shape - 1);
    return level_from(&s, &severity) && digits_from(&s).n && char_from(&s, '#') && digits_from(&s).n && char_from(&s, ':');
}

static bool head(struct slice line)
{
    struct head h;
    return line.n && (line.p[0] == 'n' ? stderr_head(line, &h) : has_file_head(line));
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

static void add(struct record *r, const char *name, struct slice value, enum field_type type)
{
    if (value.p)
        record_add(r, slice_str(name), value, type);
}

/* What may stand at the end of a text is looked for there, not in the whole of it. */
static size_t tail_of(struct slice text)
{
    enum { TAIL_BYTES = 400 };
    return text.n > TAIL_BYTES ? text.n - TAIL_BYTES : 0;
}

/* Takes " on ADDR" off " while accepting new connection on ADDR" at the end (ngx_accept_log_error). */
static struct slice accepting_from(struct slice *s)
{
    static const struct slice mark = {" while accepting new connection on ", 35};
    size_t from = tail_of(*s);
    ptrdiff_t at = slice_rfind(slice_from(*s, from), mark);
    if (at < 0)
        return SLICE_NONE;
    size_t end = from + (size_t)at + mark.n;
    struct slice address = slice_from(*s, end);
    if (slice_chr(address, ' '))
        return SLICE_NONE;
    s->n = end - 4;
    return address;
}

/* Phase, errno and SSL text of a message, as far as its writer has finished it. */
static void add_message_parts(struct record *r, struct slice message)
{
    struct slice number, text, address = accepting_from(&message);
    add(r, "phase", phase_from(&message), FIELD_STRING);
    if (errno_from(&message, &number, &text)) {
        add(r, "errno", number, FIELD_NUMBER);
        add(r, "errstr", text, FIELD_STRING);
    }
    add(r, "ssl", ssl_of(message), FIELD_STRING);
    add(r, "server", address, FIELD_STRING); /* where it listens, as before a request exists */
}

/* N/N, bytes from/to upstream:N/N */
static void add_bytes(struct record *r, struct slice s)
{
    static const char *const names[4] = {"bytes_from_client", "bytes_to_client", "bytes_from_upstream",
                                         "bytes_to_upstream"};
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
    static const char *const names[] = {"client", "server",   "request", "subrequest",
                                        "login",  "upstream", "host",    "referrer"};
    for (int p = CONTEXT_CLIENT; p < CONTEXT_BYTES; p++)
        add(r, names[p], c->part[p], FIELD_STRING);
    add_bytes(r, c->part[CONTEXT_BYTES]);
    if (c->udp)
        add(r, "protocol", SLICE("udp"), FIELD_STRING);
}

/* Contexts of logs that no client stands behind, each a few bare words at the end of the text. */
struct tail {
    struct slice label; /* in front of the value */
    const char *phase;  /* what the text before it must end with */
    const char *field;
};
static const struct tail tails[] = {
    {{", resolver: ", 12}, " while resolving", "resolver"},                       /* ngx_resolver_log_error */
    {{", responder: ", 13}, " while requesting certificate status", "responder"}, /* ngx_ssl_ocsp_log_error */
    {{", server: ", 10}, " while logging to syslog", "server"},                   /* ngx_syslog_log_error */
};

/* The message without such a context, whose value becomes a field. */
static struct slice without_tail(struct record *r, struct slice text)
{
    size_t from = tail_of(text);
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
    static const size_t sizes[] = {ENTRY_MAX, ENTRY_MAX_OPENRESTY};
    for (int i = 0; i < 2; i++)
        if (raw.n == sizes[i] || (raw.n > sizes[i] && raw.p[sizes[i]] == '\n'))
            return sizes[i];
    return 0;
}

/* Reads the text behind the head; `foreign` are lines behind a cut entry. */
static void parse_text(struct parse_ctx *ctx, struct record *r, struct slice text, bool full,
                       struct slice foreign)
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
        r->message = r->truncated ? without_stub(text) : without_tail(r, text);
        add_message_parts(r, r->message);
    }
    if (foreign.n) {
        char *p = arena_alloc(ctx->arena, r->message.n + foreign.n);
        memcpy(p, r->message.p, r->message.n);
        memcpy(p + r->message.n, foreign.p, foreign.n);
        r->message = slice_of(p, r->message.n + foreign.n);
    }
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

static bool parse(struct parse_ctx *ctx, struct record *r)
{
    struct slice raw = r->raw, foreign = SLICE_NONE;
    size_t full = full_size(raw);
    if (full) {
        foreign = slice_from(raw, full);
        raw = slice_sub(raw, 0, full);
    }
    r->lines = count_lines(r->raw);
    struct head h;
    bool file = file_head(raw, &h);
    if (!file && !stderr_head(raw, &h)) {
        /* The rest of an entry whose beginning was not seen. */
        r->message = r->raw;
        return true;
    }
    if (raw.n && raw.p[raw.n - 1] == '\r' && h.text.n)
        h.text.n--;
    r->severity = h.severity;
    r->level = level_from_severity(h.severity);
    if (file) {
        r->time_us = stamp_local(ctx->zone, h.local_us, ctx->last_us);
        add(r, "pid", h.pid, FIELD_NUMBER);
        add(r, "tid", h.tid, FIELD_NUMBER);
        struct slice connection = connection_from(&h.text, h.severity);
        add(r, "connection", connection, FIELD_NUMBER);
    }
    parse_text(ctx, r, h.text, full != 0, foreign);
    return true;
}

const struct parser parser_nginx_error = {"nginx-error", FORMAT_NGINX_ERROR, head, parse};
