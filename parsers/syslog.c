/*
 * syslog: RFC 5424, RFC 3164 as it is met (syslog_legacy.c), and lines of syslog files, which have no PRI.
 *
 * A message that announces itself as RFC 5424 (a version, then `-` or a date) is read by its header and
 * structured data, with the departures real senders make: 7 to 9 digits of a second, lower-case t and z, no
 * offset, a space for the T, values without quotes, over-long names (Docker writes its tag, of any length, as
 * APP-NAME and MSGID: cut as syslog-ng does), no structured data at all (Logplex). Of any other the part that
 * is wrong is left out, and the message kept: a parser for logs must not lose the odd one. Refused is only what
 * ends before its text.
 *
 * nginx: when what follows the tag is an entry of nginx's error log or a line of its access log, the record
 * becomes one of that format (so that rules for nginx see it), with host, app, facility and severity from the
 * header. JSON bodies, also behind `@cee:`, are read as the json format reads them. A kernel line's uptime
 * goes to field `uptime`.
 */
#include "parsers/parsers.h"
#include "parsers/syslog_kernel.h"
#include "parsers/syslog_legacy.h"
#include "parsers/syslog_parts.h"

enum { PRI_MAX = 191, APP_MAX = 48, PROCID_MAX = 128, MSGID_MAX = 32 };

static bool refuse(struct parse_ctx *ctx, const char *reason)
{
    ctx->reason = reason;
    return false;
}

static size_t count_digits(struct slice s, size_t most)
{
    size_t n = 0;
    while (n < s.n && n < most && ascii_digit(s.p[n]))
        n++;
    return n;
}

/*
 * 6.2.1, and Graylog's test for it: one to three digits and a space. A number may also begin a message of the
 * old form, so what follows must be what RFC 5424 has there: nothing, `-`, a date, or a last word that may be
 * a date cut short.
 */
static bool announces_5424(struct slice s)
{
    size_t version = count_digits(s, 4);
    if (version == 0 || version > 3 || !starts_with(slice_from(s, version), ' '))
        return false;
    s = slice_from(s, version + 1);
    if (!s.n || slice_is(s, "-") || slice_starts(s, SLICE("- ")))
        return true;
    size_t year = count_digits(s, 4);
    return year && (!slice_chr(s, ' ') || (year == 4 && starts_with(slice_from(s, year), '-')));
}

/*
 * Takes one field of the header, of at most `max` bytes, and the space behind it. One that holds what no header may, or
 * is longer, is left out. False: the message ends in it.
 */
static bool take_field(struct parse_ctx *ctx, struct slice *s, size_t max, struct slice *field)
{
    struct slice rest = *s;
    skip_spaces(&rest);
    const char *end = slice_chr(rest, ' ');
    if (!end)
        return false;
    *field = slice_of(rest.p, (size_t)(end - rest.p));
    bool well = field->n <= max && slice_span(*field, syslog_printable) == field->n;
    if (!well || rest.p != s->p)
        ctx->bad_part = "header";
    *s = slice_from(rest, field->n + 1);
    if (!well || slice_is(*field, "-"))
        *field = SLICE_NONE;
    return true;
}

static void take_stamp(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    int64_t us;
    bool zoned;
    struct slice rest = *s;
    if (stamp_rfc3339(&rest, &us, &zoned) && starts_with(rest, ' ')) {
        r->time_us = zoned ? us : stamp_local(ctx->zone, us, ctx->last_us);
        *s = slice_from(rest, 1);
        return;
    }
    struct slice word = slice_split(s, ' ');
    if (!slice_is(word, "-"))
        ctx->bad_part = "time";
}

/* The fields behind the version. False: there is no text, since the message ends in them. */
static bool take_header(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    take_stamp(ctx, r, s);
    if (!take_field(ctx, s, SYSLOG_HOST_MAX, &r->host) || !take_field(ctx, s, s->n, &r->app))
        return false;
    struct slice behind_app = *s;
    r->app = slice_sub(r->app, 0, APP_MAX);
    if (take_field(ctx, s, s->n, &r->procid) && take_field(ctx, s, s->n, &r->msgid)) {
        r->procid = slice_sub(r->procid, 0, PROCID_MAX);
        r->msgid = slice_sub(r->msgid, 0, MSGID_MAX);
        return true;
    }
    /* Some senders leave fields out: these words are the text. */
    r->procid = r->msgid = SLICE_NONE;
    ctx->bad_part = "header";
    *s = behind_app;
    return slice_trim(*s).n > 0;
}

/* Structured data without its brackets, as HAProxy writes a log-format-sd that lacks them: "=LOG=", or an id of its
 * own, "x@1 a="b"". Anything else is the text, of a sender that leaves structured data out. */
static void skip_bare_sd(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    struct slice rest = *s, word = slice_split(&rest, ' ');
    const char *at = slice_chr(word, '@');
    bool id = at && at > word.p && slice_u64(slice_from(word, (size_t)(at - word.p) + 1), &(uint64_t){0});
    if (!id && !starts_with(word, '='))
        return;
    for (struct slice next = rest, pair; id && (pair = slice_split(&next, ' ')).n > 3; rest = next)
        if (slice_find(pair, SLICE("=\"")) <= 0 || pair.p[pair.n - 1] != '"')
            break;
    ctx->bad_part = "structured data";
    record_put(r, SLICE("sd"), slice_trim(slice_sub(*s, 0, s->n - rest.n)), FIELD_STRING);
    *s = rest;
}

/* The bytes of "app[7]: " in front of a text whose header says the same, as OpenWrt's logread has it. */
static size_t own_tag(const struct record *r, struct slice s)
{
    struct slice pid = slice_from(s, r->app.n + 1), end = slice_from(pid, r->procid.n);
    bool same = r->app.n && r->procid.n && slice_starts(s, r->app) && s.n > r->app.n && s.p[r->app.n] == '[' &&
                slice_starts(pid, r->procid) && slice_starts(end, SLICE("]: "));
    return same ? r->app.n + r->procid.n + 4 : 0;
}

/* NXLog: the type of a Windows event, where the PRI is that of all. */
static void take_event_type(struct record *r)
{
    if (!r->n_fields || !slice_starts(r->fields[0].name, SLICE("NXLOG@14506.")))
        return;
    enum level level = level_from_word(record_value(r, "NXLOG@14506.EventType"));
    if (level > r->level)
        r->level = level;
}

static bool parse_5424(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    slice_split(&s, ' ');
    if (!take_header(ctx, r, &s) || !s.n)
        return refuse(ctx, "RFC 5424: cut off in the header");
    struct slice from = s;
    if (slice_is(s, "-") || slice_starts(s, SLICE("- "))) {
        s = slice_from(s, 1);
    } else if (*s.p == ']') {
        ctx->bad_part = "structured data";
    } else if (!syslog_sd_any(ctx, r, &s)) {
        skip_bare_sd(ctx, r, &s);
        syslog_body(ctx, r, s.n ? s : from);
        return true;
    }
    if (ctx->bad_part && slice_trim(s).n == 0) /* nothing else is there to be shown */
        s = from;
    s = slice_from(s, starts_with(s, ' '));
    syslog_body(ctx, r, slice_from(s, own_tag(r, s)));
    take_event_type(r);
    return true;
}

/* As parse_5424 of what is that throughout; leaves r as it was when the message is something else. */
static bool try_5424(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    struct record before;
    record_copy_head(&before, r);
    if (parse_5424(ctx, r, s) && !ctx->bad_part)
        return true;
    ctx->bad_part = NULL;
    record_copy_head(r, &before);
    return false;
}

static void set_pri(struct record *r, uint64_t pri)
{
    r->facility = (int)(pri / 8);
    r->severity = (int)(pri % 8);
    r->level = level_from_severity(r->severity);
}

/* A stamp is at the front, or, behind the end of a PRI, another kind of stamp or a version. */
static bool is_header(struct parse_ctx *ctx, struct slice s, bool closed)
{
    struct slice stamp = s;
    int64_t us;
    bool zoned;
    return stamp_rfc3164(&stamp, ctx->now_us, ctx->memo, &us, &zoned) ||
           (closed && (stamp_rfc3339(&stamp, &us, &zoned) || announces_5424(s)));
}

/* A PRI that has lost its first or its last byte, "13>Nov 23 …" or "<13Nov 23 …": one only where a header
 * follows. */
static void take_torn_pri(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    bool open = starts_with(*s, '<');
    struct slice digits = slice_from(*s, open), rest = slice_from(digits, slice_span(digits, ascii_digit));
    uint64_t pri;
    digits = slice_sub(digits, 0, digits.n - rest.n);
    bool close = starts_with(rest, '>');
    rest = slice_from(rest, close);
    if (open == close || digits.n > 3 || !slice_u64(digits, &pri) || pri > PRI_MAX || !is_header(ctx, rest, close))
        return;
    set_pri(r, pri);
    *s = rest;
}

/* 6.2.1: `<`, 0 to 191 without leading zeros, `>`. Another number says nothing of the message behind it. Text that only
 * begins with `<` has no PRI. */
static bool take_pri(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    enum { PRI_DIGITS = 3 };
    bool open = starts_with(*s, '<');
    size_t i = 1 + slice_span(slice_from(*s, 1), ascii_digit);
    if (!open || i == s->n || s->p[i] != '>') {
        if (open && i == s->n && i <= PRI_DIGITS + 1)
            return refuse(ctx, "cut off inside the PRI");
        take_torn_pri(ctx, r, s);
        return true;
    }
    struct slice digits = slice_sub(*s, 1, i);
    uint64_t pri;
    if (!slice_u64(digits, &pri) || digits.n > PRI_DIGITS) {
        ctx->bad_part = digits.n ? "PRI" : NULL;
        return true;
    }
    if (pri > PRI_MAX || (digits.n > 1 && *digits.p == '0'))
        ctx->bad_part = "PRI";
    if (pri <= PRI_MAX)
        set_pri(r, pri);
    *s = slice_from(*s, i + 1);
    return true;
}

/* Nothing but what the version of RFC 5424 may begin with: a header that was cut off there. */
static bool only_a_version(struct slice s)
{
    enum { VERSION_DIGITS = 8 };
    s = slice_trim(s);
    return s.n && slice_span(s, ascii_alnum) == s.n && s.n <= VERSION_DIGITS && ascii_digit(*s.p);
}

/* White space, NULs, the mark of UTF-8: what may be left of the message before, or what a program writes first. */
static size_t lead_at(struct slice s)
{
    return slice_starts(s, SLICE("\xef\xbb\xbf")) ? 3 : s.n && (ascii_space(*s.p) || !*s.p);
}

static bool has_pri(struct slice s)
{
    size_t i = 1;
    while (i < s.n && i < 5 && ascii_digit(s.p[i]))
        i++;
    return i > 1 && i < s.n && s.p[i] == '>';
}

/* "136 " before a PRI: an octet count, in a datagram or a file, where it counts nothing. */
static size_t count_at(struct slice s)
{
    enum { COUNT_DIGITS = 5 };
    size_t n = count_digits(s, COUNT_DIGITS);
    struct slice rest = slice_from(s, n + 1);
    return n && n < s.n && s.p[n] == ' ' && starts_with(rest, '<') && has_pri(rest) ? n + 1 : 0;
}

/*
 * Without what stands around it: RFC 5426, 3.1 and habits have a final LF or CR of line-wise senders and the NUL of C
 * strings sent whole; and a PRI is where the message begins, whatever is in front of it.
 */
static struct slice message_of(struct slice s)
{
    size_t lead = 0, n;
    while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r' || s.p[s.n - 1] == '\0'))
        s.n--;
    while ((n = lead_at(slice_from(s, lead))))
        lead += n;
    lead += count_at(slice_from(s, lead));
    bool pri = lead + 1 < s.n && s.p[lead] == '<' && ascii_digit(s.p[lead + 1]);
    return slice_from(s, pri ? lead : 0);
}

static bool parse_behind_pri(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    bool c_string = r->raw.p[r->raw.n - 1] == '\0'; /* sent whole, as Python does */
    if (announces_5424(s))
        return parse_5424(ctx, r, s);
    if (!s.n)
        return refuse(ctx, "nothing behind the PRI");
    if (!c_string && only_a_version(s))
        return refuse(ctx, "RFC 5424: cut off behind the version");
    syslog_legacy(ctx, r, s);
    return true;
}

static bool syslog_parse(struct parse_ctx *ctx, struct record *r)
{
    struct slice s = message_of(r->raw);
    const char *from = s.p;
    if (!s.n)
        return refuse(ctx, "empty message");
    if (!take_pri(ctx, r, &s))
        return false;
    if (r->severity >= 0 || s.p != from)
        return parse_behind_pri(ctx, r, s);
    if (!slice_starts(s, SLICE("1 ")) || !try_5424(ctx, r, s))
        syslog_legacy(ctx, r, s);
    return true;
}

/* ---- detection ---- */

static bool take_file_stamp(struct slice *s)
{
    /* Any year will do that has a 29th of February. */
    static const int64_t leap_year_us = INT64_C(951782400) * STAMP_SECOND;
    int64_t us;
    bool zoned = false;
    if (s->n > 10 && s->p[10] == 'T' && stamp_rfc3339(s, &us, &zoned))
        return zoned;
    if (s->n && (ascii_digit(*s->p) ? syslog_epoch(s, &us) : syslog_journal_stamp(s, &us, &zoned)))
        return true;
    /* A weekday is not written there: OpenVPN begins so. */
    return s->n >= 5 && !ascii_alpha(s->p[4]) && stamp_rfc3164(s, leap_year_us, NULL, &us, &zoned);
}

/* As a line of a syslog file begins: not each has a tag that ends in a colon. */
static bool syslog_may_be(struct slice line)
{
    struct slice s = parser_front(line);
    return take_file_stamp(&s) && starts_with(s, ' ');
}

/* "app[web.1]: " or "heroku[router]: " behind the time: `heroku logs` names no host. */
static bool heroku(struct slice s)
{
    bool named = slice_starts(s, SLICE("app[")) || slice_starts(s, SLICE("heroku["));
    return named && slice_ends(first_word(s), SLICE("]:"));
}

/* "dnsmasq[7]:" at the front: who writes a syslog file of its own often leaves the host out of it. */
static bool is_tag_with_pid(struct slice s)
{
    struct slice pid = first_word(s), name = slice_split(&pid, '[');
    bool closed = name.n && ascii_alpha(*name.p) && slice_ends(pid, SLICE("]:"));
    return closed && slice_u64(slice_sub(pid, 0, pid.n - 2), &(uint64_t){0});
}

/* The form of syslog files: a stamp, a host that is no level, and a tag that a colon ends. */
static bool syslog_file(struct slice s)
{
    bool month = s.n && ascii_alpha(*s.p);
    if (!take_file_stamp(&s) || !starts_with(s, ' '))
        return false;
    s = slice_from(s, 1);
    if (heroku(s) || (month && is_tag_with_pid(s)))
        return true;
    struct slice host = slice_split(&s, ' '), tag = slice_split(&s, ' ');
    if (!host.n || !ascii_alnum(host.p[host.n - 1]) || level_from_word(host) != LEVEL_NONE)
        return false;
    bool path = starts_with(tag, '/') && slice_ends(tag, SLICE("]:")); /* the program as it was called */
    return tag.n > 1 && (ascii_alnum(*tag.p) || path) && tag.p[tag.n - 1] == ':';
}

/* sd-daemon(3): what a program prints begins with <3>. The same PRI is the kernel's, whose lines have a
 * header or the seconds since boot. */
static bool has_sd_prefix(struct slice s)
{
    struct slice rest = slice_from(s, 3);
    return s.n > 3 && s.p[1] <= '7' && s.p[2] == '>' && *rest.p != '[' && !slice_starts(rest, SLICE("1 ")) &&
           !slice_starts(rest, SLICE("kernel: ")) && !syslog_file(rest);
}

static const char *syslog_detect(struct slice line)
{
    struct slice s = parser_front(line);
    if (*s.p == '<' && has_pri(s) && !has_sd_prefix(s))
        return "a PRI in front";
    if (count_at(s))
        return "an octet count and a PRI in front";
    if (syslog_kernel_tells(s))
        return "the kernel's seconds since boot, or dmesg's date, in front";
    return syslog_file(s) ? "a time, a host and a tag with its colon in front" : NULL;
}

/* A time as many programs write it, and two words, of which no process shows that they are a host and a tag. */
static bool syslog_may_be_text(struct slice line)
{
    struct slice s = parser_front(line);
    if (!s.n || !ascii_digit(*s.p) || !take_file_stamp(&s))
        return false;
    slice_split(&s, ' ');
    slice_split(&s, ' ');
    return !slice_ends(slice_split(&s, ' '), SLICE("]:"));
}

/* Structured data that IANA has registered (a sender's own has an `@` in its name), and what a body of pairs says
 * twice. */
static bool syslog_tells_nothing_apart(const struct record *r, struct slice name)
{
    static const char *const names[] = {
        "meta.sequenceId", "meta.sysUpTime", "sequence", "uptime", "date", "time", "msg"};
    (void)r;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_is(name, names[i]))
            return true;
    return slice_starts(name, SLICE("timeQuality.")) || slice_starts(name, SLICE("origin."));
}

const struct format_traits format_syslog = {
    .tells_nothing_apart = syslog_tells_nothing_apart, .says_process = true, .shortens = true};

const struct parser parser_syslog = {.nesting = PARSER_NESTED,
                                     .detect = syslog_detect,
                                     .may_be = syslog_may_be,
                                     .may_be_text = syslog_may_be_text,
                                     .parse = syslog_parse};
