/*
 * syslog: RFC 5424, RFC 3164 as it is met (syslog_legacy.c), and lines of syslog files, which have no PRI.
 *
 * A message that announces itself as RFC 5424 (a version, then `-` or a date) is held to its header and
 * structured data, with the departures real senders make: 7 to 9 digits of a second, lower-case t and z, no
 * offset, a space for the T, values without quotes, over-long names (Docker writes its tag, of any length, as
 * APP-NAME and MSGID: cut as syslog-ng does), no structured data at all (Logplex). Everything else is a
 * message: a parser for logs must not lose the odd one.
 *
 * nginx: when what follows the tag is an entry of nginx's error log or a line of its access log, the record
 * becomes one of that format (so that rules for nginx see it), with host, app, facility and severity from the
 * header. JSON bodies, also behind `@cee:`, are read as the json format reads them. A kernel line's uptime
 * goes to field `uptime`.
 */
#include "parsers/syslog_parts.h"

#include "parsers/field_names.h"
#include "parsers/nested.h"

enum { PRI_MAX = 191, HOST_MAX = 255, SD_NAME_MAX = 255, APP_MAX = 48, PROCID_MAX = 128, MSGID_MAX = 32 };

static bool refuse(struct parse_ctx *ctx, const char *reason)
{
    ctx->reason = reason;
    return false;
}

/* RFC 5424, 6: PRINTUSASCII, the bytes of header fields. */
static bool printable(char c)
{
    return c > 32 && c < 127;
}

static bool sd_name_char(char c)
{
    return printable(c) && c != '=' && c != ']' && c != '"';
}

static struct slice take_sd_name(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && sd_name_char(s->p[n]))
        n++;
    struct slice name = slice_sub(*s, 0, n);
    *s = slice_from(*s, n);
    return n <= SD_NAME_MAX ? name : SLICE_NONE;
}

/* 6.3.3: `\` escapes `"`, `\` and `]`; before any other character it stands for itself. */
static struct slice unescape(struct arena *a, struct slice v)
{
    if (!slice_chr(v, '\\'))
        return v;
    char *p = arena_alloc(a, v.n);
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '\\' && i + 1 < v.n && (v.p[i + 1] == '"' || v.p[i + 1] == '\\' || v.p[i + 1] == ']'))
            i++;
        p[n++] = v.p[i];
    }
    return slice_of(p, n);
}

static bool take_quoted(struct slice *s, struct slice *value)
{
    size_t i = 1;
    while (i < s->n && s->p[i] != '"' && s->p[i] != ']')
        i += s->p[i] == '\\' && i + 1 < s->n &&
                     (s->p[i + 1] == '"' || s->p[i + 1] == '\\' || s->p[i + 1] == ']')
                 ? 2
                 : 1;
    if (i >= s->n || s->p[i] != '"')
        return false;
    *value = slice_sub(*s, 1, i);
    *s = slice_from(*s, i + 1);
    return s->n && (*s->p == ' ' || *s->p == ']');
}

static bool take_bare(struct slice *s, struct slice *value)
{
    size_t i = 0;
    while (i < s->n && s->p[i] != ' ' && s->p[i] != ']' && s->p[i] != '"')
        i++;
    if (i == s->n || s->p[i] == '"')
        return false;
    *value = slice_sub(*s, 0, i);
    *s = slice_from(*s, i);
    return true;
}

static struct slice joined(struct arena *a, struct slice id, struct slice name)
{
    char *p = arena_alloc(a, id.n + 1 + name.n);
    memcpy(p, id.p, id.n);
    p[id.n] = '.';
    memcpy(p + id.n + 1, name.p, name.n);
    return slice_of(p, id.n + 1 + name.n);
}

/*
 * A parameter without `=`: Vector keeps such messages without the element, so does this; what it said becomes
 * the field `sd`. `from` is where the element began. False: it has no clear end.
 */
static bool set_aside(struct record *r, struct slice from, struct slice *s)
{
    const char *end = slice_chr(*s, ']');
    size_t n = end ? (size_t)(end - from.p) + 1 : 0;
    if (!end || slice_chr(slice_of(s->p, (size_t)(end - s->p)), '"'))
        return false;
    record_put(r, SLICE("sd"), slice_sub(from, 0, n), FIELD_STRING);
    *s = slice_from(from, n);
    return true;
}

static bool take_element(struct parse_ctx *ctx, struct record *r, struct slice *s, bool quoted)
{
    struct slice from = *s;
    *s = slice_from(*s, 1);
    struct slice id = take_sd_name(s);
    unsigned params = 0;
    if (!id.n)
        return false;
    for (;;) {
        if (s->n && *s->p == ']') {
            *s = slice_from(*s, 1);
            return !quoted || params;
        }
        if (!s->n || *s->p != ' ')
            return false;
        skip_spaces(s);
        if (s->n && *s->p == ']' && params)
            continue;
        struct slice name = take_sd_name(s), value;
        if (!name.n || !s->n || *s->p != '=')
            return name.n && !quoted && set_aside(r, from, s);
        *s = slice_from(*s, 1);
        if (s->n && *s->p == '"') {
            if (!take_quoted(s, &value))
                return false;
        } else if (quoted || !take_bare(s, &value)) {
            return false;
        }
        record_add(r, joined(ctx->arena, id, name), unescape(ctx->arena, value), FIELD_STRING);
        params++;
    }
}

bool syslog_sd(struct parse_ctx *ctx, struct record *r, struct slice *s, bool quoted)
{
    struct slice rest = *s;
    unsigned n = r->n_fields;
    bool lost = r->fields_lost;
    do {
        if (!rest.n || *rest.p != '[' || !take_element(ctx, r, &rest, quoted)) {
            r->n_fields = n;
            r->fields_lost = lost;
            return false;
        }
    } while (rest.n && *rest.p == '[');
    *s = rest;
    return true;
}

/* "[12345.678901] text", as the kernel's ring buffer stamps its lines since boot. */
static struct slice strip_uptime(struct record *r, struct slice text)
{
    struct slice s = text;
    if (!s.n || *s.p != '[')
        return text;
    s = slice_from(s, 1);
    skip_spaces(&s);
    size_t i = 0;
    while (i < s.n && (ascii_digit(s.p[i]) || s.p[i] == '.'))
        i++;
    if (i < 3 || i + 1 >= s.n || s.p[i] != ']' || s.p[i + 1] != ' ' || !memchr(s.p, '.', i))
        return text;
    record_add(r, SLICE("uptime"), slice_sub(s, 0, i), FIELD_STRING);
    return slice_from(s, i + 2);
}

/*
 * rsyslog writes control bytes of a message as `#` and three octal digits, so a trace arrives as one line.
 * Decoded beside the message, not in it: `#012` may also be meant.
 */
static struct slice decode_octal(struct arena *a, struct slice s)
{
    if (!slice_chr(s, '#') || slice_find(s, SLICE("#012")) < 0)
        return SLICE_NONE;
    char *p = arena_alloc(a, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '#' && s.n - i >= 4 && s.p[i + 1] == '0' && s.p[i + 2] == '1' &&
            (s.p[i + 3] == '1' || s.p[i + 3] == '2')) {
            p[n++] = s.p[i + 3] == '1' ? '\t' : '\n';
            i += 3;
        } else {
            p[n++] = s.p[i];
        }
    }
    return slice_of(p, n);
}

/* Lines of files have no PRI; some begin with a word for the level: "error: x", "[warn] x", "FATAL x". */
static enum level leading_level(struct slice s)
{
    size_t i = 0;
    bool bracket = s.n && *s.p == '[';
    s = slice_from(s, bracket);
    while (i < s.n && ascii_alpha(s.p[i]))
        i++;
    if (i < 3 || i == s.n || !(bracket ? s.p[i] == ']' : s.p[i] == ':' || (s.p[i] == ' ' && s.p[0] < 'a')))
        return LEVEL_NONE;
    return level_from_word(slice_sub(s, 0, i));
}

/* dockerd and its like write pairs under one PRI for all; the message stays whole, the worse level counts. */
static void read_pair_level(struct record *r, struct slice text)
{
    ptrdiff_t at = slice_starts(text, SLICE("level=")) ? 0 : slice_find(text, SLICE(" level=")) + 1;
    struct slice value = slice_from(text, (size_t)at + 6);
    enum level level = slice_starts(slice_from(text, (size_t)at), SLICE("level="))
                           ? field_names_level(slice_split(&value, ' '))
                           : LEVEL_NONE;
    if (level > r->level)
        r->level = level;
}

void syslog_body(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    if (slice_starts(text, SLICE("\xef\xbb\xbf")))
        text = slice_from(text, 3);
    r->message = text;
    struct slice json = text;
    skip_spaces(&json);
    if (slice_starts(json, SLICE("@cee:"))) {
        json = slice_from(json, 5);
        skip_spaces(&json);
    }
    enum format f = parser_detect(text);
    if (nested_nginx(ctx, r, text, f) || nested_json(ctx, r, json))
        return;
    if (f == FORMAT_LOGFMT)
        read_pair_level(r, text);
    if (r->facility <= 0 && (slice_is(r->app, "kernel") || (r->facility == 0 && !r->app.n)))
        r->message = strip_uptime(r, text);
    r->full_message = decode_octal(ctx->arena, text);
    if (r->level == LEVEL_NONE)
        r->level = leading_level(text);
}

/*
 * 6.2.1, and Graylog's test for it: one to three digits and a space. A number may also begin a message of the
 * old form, so what follows must be what RFC 5424 has there: nothing, `-`, a date, or a last word that may be
 * a date cut short.
 */
static bool announces_5424(struct slice s)
{
    size_t i = 0;
    while (i < s.n && i < 4 && ascii_digit(s.p[i]))
        i++;
    if (i == 0 || i > 3 || i == s.n || s.p[i] != ' ')
        return false;
    s = slice_from(s, i + 1);
    if (s.n == 0 || (*s.p == '-' && (s.n == 1 || s.p[1] == ' ')))
        return true;
    if (!ascii_digit(*s.p))
        return false;
    for (i = 0; i < s.n && i < 4 && ascii_digit(s.p[i]);)
        i++;
    return !slice_chr(s, ' ') || (i == 4 && s.p[4] == '-');
}

/* Takes one field of the header and the space behind it. */
static bool take_field(struct slice *s, struct slice *field)
{
    size_t i = 0;
    while (i < s->n && printable(s->p[i]))
        i++;
    if (i == 0 || i == s->n || s->p[i] != ' ')
        return false;
    *field = slice_sub(*s, 0, i);
    *s = slice_from(*s, i + 1);
    if (slice_is(*field, "-"))
        *field = SLICE_NONE;
    return true;
}

static bool take_stamp(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    if (slice_starts(*s, SLICE("- "))) {
        *s = slice_from(*s, 2);
        return true;
    }
    int64_t us;
    bool zoned;
    struct slice rest = *s;
    if (!stamp_rfc3339(&rest, &us, &zoned) || !rest.n || *rest.p != ' ')
        return false;
    r->time_us = zoned ? us : stamp_local(ctx->zone, us, ctx->last_us);
    *s = slice_from(rest, 1);
    return true;
}

static bool parse_5424(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    slice_split(&s, ' ');
    if (!take_stamp(ctx, r, &s))
        return refuse(ctx, "RFC 5424: no time stamp");
    if (!take_field(&s, &r->host) || r->host.n > HOST_MAX)
        return refuse(ctx, "RFC 5424: bad host name");
    if (!take_field(&s, &r->app))
        return refuse(ctx, "RFC 5424: bad application name");
    if (!take_field(&s, &r->procid))
        return refuse(ctx, "RFC 5424: bad process id");
    if (!take_field(&s, &r->msgid))
        return refuse(ctx, "RFC 5424: bad message id");
    r->app = slice_sub(r->app, 0, APP_MAX);
    r->procid = slice_sub(r->procid, 0, PROCID_MAX);
    r->msgid = slice_sub(r->msgid, 0, MSGID_MAX);
    if (!s.n)
        return refuse(ctx, "RFC 5424: no structured data");
    if (slice_is(s, "-") || slice_starts(s, SLICE("- "))) {
        s = slice_from(s, 1);
    } else if (*s.p == '[' || *s.p == ']') {
        if (!syslog_sd(ctx, r, &s, false) || (s.n < 2 && record_field(r, SLICE("sd"))))
            return refuse(ctx, "RFC 5424: bad structured data");
    } else {
        syslog_body(ctx, r, s);
        return true;
    }
    syslog_body(ctx, r, slice_from(s, s.n && *s.p == ' '));
    return true;
}

/* As parse_5424, but leaves r as it was when the message is something else. */
static bool try_5424(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    struct record before;
    record_copy_head(&before, r);
    if (parse_5424(ctx, r, s))
        return true;
    record_copy_head(r, &before);
    return false;
}

static void set_pri(struct record *r, uint64_t pri)
{
    r->facility = (int)(pri / 8);
    r->severity = (int)(pri % 8);
    r->level = level_from_severity(r->severity);
}

/* A PRI that has lost its first or its last byte, "13>Nov 23 …" or "<13Nov 23 …": one only where a header
 * follows. */
static void take_torn_pri(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    bool open = s->n && *s->p == '<', zoned;
    struct slice digits = slice_from(*s, open), rest = digits, stamp;
    int64_t us;
    uint64_t pri;
    while (rest.n && ascii_digit(*rest.p))
        rest = slice_from(rest, 1);
    digits = slice_sub(digits, 0, digits.n - rest.n);
    bool close = rest.n && *rest.p == '>';
    rest = slice_from(rest, close);
    stamp = rest;
    if (open != close && digits.n <= 3 && slice_u64(digits, &pri) && pri <= PRI_MAX &&
        (stamp_rfc3164(&stamp, ctx->now_us, &us, &zoned) ||
         (close && (stamp_rfc3339(&stamp, &us, &zoned) || announces_5424(rest))))) {
        set_pri(r, pri);
        *s = rest;
    }
}

/* 6.2.1: `<`, 0 to 191 without leading zeros, `>`. Text that only begins with `<` has no PRI. */
static bool take_pri(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    size_t i = 1;
    while (i < s->n && ascii_digit(s->p[i]))
        i++;
    if (!s->n || *s->p != '<' || i == s->n || s->p[i] != '>') {
        if (i == s->n && i <= 4 && *s->p == '<')
            return refuse(ctx, "cut off inside the PRI");
        take_torn_pri(ctx, r, s);
        return true;
    }
    uint64_t pri;
    if (!slice_u64(slice_sub(*s, 1, i), &pri) || pri > PRI_MAX || (i > 2 && s->p[1] == '0'))
        return refuse(ctx, "PRI is not a number from 0 to 191");
    set_pri(r, pri);
    *s = slice_from(*s, i + 1);
    return true;
}

/* Nothing but what the version of RFC 5424 may begin with: a header that was cut off there. */
static bool only_a_version(struct slice s)
{
    enum { CUT_MAX = 8 };
    size_t i = 0;
    s = slice_trim(s);
    while (i < s.n && ascii_alnum(s.p[i]))
        i++;
    return s.n && i == s.n && s.n <= CUT_MAX && ascii_digit(*s.p);
}

static bool parse(struct parse_ctx *ctx, struct record *r)
{
    struct slice s = r->raw;
    /* RFC 5426, 3.1 and habits: a final LF or CR of line-wise senders, the NUL of C strings sent whole. */
    while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r' || s.p[s.n - 1] == '\0'))
        s.n--;
    if (!s.n)
        return refuse(ctx, "empty message");
    /* A PRI is where the message begins, also behind white space that is left of the message before. */
    size_t lead = 0;
    while (lead < s.n && ascii_space(s.p[lead]))
        lead++;
    if (lead + 1 < s.n && s.p[lead] == '<' && ascii_digit(s.p[lead + 1]))
        s = slice_from(s, lead);
    if (!take_pri(ctx, r, &s))
        return false;
    if (r->severity >= 0 && announces_5424(s))
        return parse_5424(ctx, r, s);
    bool c_string = r->raw.p[r->raw.n - 1] == '\0'; /* sent whole, as Python does */
    if (r->severity >= 0 && (!s.n || (!c_string && only_a_version(s))))
        return refuse(ctx, s.n ? "RFC 5424: cut off behind the version" : "nothing behind the PRI");
    if (r->severity >= 0 || !slice_starts(s, SLICE("1 ")) || !try_5424(ctx, r, s))
        syslog_legacy(ctx, r, s);
    return true;
}

const struct parser parser_syslog = {.name = "syslog", .format = FORMAT_SYSLOG, .head = NULL, .parse = parse};
