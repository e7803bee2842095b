#include "parsers/syslog_parts.h"

#include "parsers/nested.h"
#include "parsers/syslog_pairs.h"
#include "parsers/syslog_uptime.h"

enum { SD_NAME_MAX = 255, FAR_DIGITS = 10, FACILITY_USER = 1, FACILITY_DAEMON = 3 };

/* ---- words and stamps ---- */

/* Meraki: ten digits of seconds, with a fraction or without; or thirteen of milliseconds, sixteen of microseconds. */
bool syslog_epoch(struct slice *s, int64_t *us)
{
    size_t digits = 0;
    while (digits < s->n && ascii_digit(s->p[digits]))
        digits++;
    return (digits == FAR_DIGITS || digits == FAR_DIGITS + 3 || digits == FAR_DIGITS + 6) && stamp_epoch(s, us);
}

static bool in_zone(char c)
{
    static const bool in_names[256] = {['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['+'] = true,
                                       ['-'] = true,         ['_'] = true,         ['/'] = true,         [':'] = true};
    return in_names[(unsigned char)c];
}

/* The hours of "GMT+1" behind a zone that stamp knows. */
static int64_t extra_hours_us(struct slice word)
{
    bool sign = word.n && (*word.p == '+' || *word.p == '-');
    uint64_t hours;
    if (!sign || word.n > 3 || !slice_u64(slice_from(word, 1), &hours))
        return 0;
    return (*word.p == '-' ? -1 : 1) * (int64_t)hours * 3600 * STAMP_SECOND;
}

/* A word that a colon and a mnemonic follow, or SLICE_NONE. */
static struct slice zone_word(struct slice s)
{
    enum { ZONE_MAX = 40 };
    size_t n = slice_span(slice_sub(s, 0, ZONE_MAX), in_zone);
    bool ends = n > 1 && s.p[n - 1] == ':' && slice_starts(slice_from(s, n), SLICE(" %"));
    return ends ? slice_sub(s, 0, n - 1) : SLICE_NONE;
}

static bool is_zone_name(struct slice word, bool cisco)
{
    bool letters = slice_span(word, ascii_alpha) == word.n;
    return cisco ? ascii_alpha(*word.p) : letters && word.n >= 3 && word.n <= 5;
}

/*
 * Cisco: the zone is a name that the administrator has made up, " NewYork: %SYS-…", or one with its hours, " GMT+1:
 * %…", of which stamp has taken what it knows. It is that only before a mnemonic: else it may be a host or a tag. And
 * where no sequence or host has shown that the head is Cisco's, a word of other than three to five letters is the host.
 */
static void take_zone_word(struct slice *s, bool cisco, int64_t *us, bool *zoned)
{
    bool space = starts_with(*s, ' ');
    struct slice word = zone_word(slice_from(*s, space));
    if (!word.n || (space && !is_zone_name(word, cisco)))
        return;
    *us -= *zoned && !space ? extra_hours_us(word) : 0;
    *zoned = *zoned || slice_ieq(word, SLICE("utc")) || slice_ieq(word, SLICE("gmt"));
    *s = slice_from(*s, space + word.n);
}

/* "Mon 2026-11-23 10:00:00 CET" of `journalctl -o short-full`: of zones only UTC is one for all. */
bool syslog_journal_stamp(struct slice *s, int64_t *us, bool *zoned)
{
    enum { ZONE_MAX = 6 };
    if (s->n < 24 || s->p[8] != '-' || s->p[3] != ' ' || !ascii_capital(*s->p)) /* asked for every line */
        return false;
    struct slice rest = slice_from(*s, 4);
    if (!stamp_rfc3339(&rest, us, zoned))
        return false;
    struct slice zone = slice_sub(slice_from(rest, 1), 0, ZONE_MAX);
    size_t letters = slice_span(zone, ascii_capital);
    bool word = !*zoned && starts_with(rest, ' ') && letters > 1 && starts_with(slice_from(zone, letters), ' ');
    *s = slice_from(rest, word ? 1 + letters : 0);
    return true;
}

/* In rsyslog's order: RFC 3339, then the old form. */
bool syslog_stamp(struct parse_ctx *ctx, struct record *r, struct slice *s, bool cisco)
{
    struct slice rest = *s;
    int64_t us;
    bool zoned = true;
    skip_spaces(&rest);
    if (!syslog_epoch(&rest, &us) && !stamp_rfc3339(&rest, &us, &zoned) && !syslog_journal_stamp(&rest, &us, &zoned) &&
        !stamp_rfc3164(&rest, ctx->now_us, ctx->memo, &us, &zoned))
        return false;
    take_zone_word(&rest, cisco, &us, &zoned);
    if (rest.n && *rest.p == ':')
        rest = slice_from(rest, 1);
    if (rest.n && *rest.p != ' ')
        return false;
    r->time_us = zoned ? us : stamp_local(ctx->zone, us, ctx->last_us);
    skip_spaces(&rest);
    *s = rest;
    return true;
}

/* Also with a zone, fe80::1%eth0. */
static bool is_ipv6(struct slice s)
{
    unsigned colons = 0;
    const char *zone = slice_chr(s, '%');
    s = slice_sub(s, 0, zone && zone + 1 < s.p + s.n ? (size_t)(zone - s.p) : s.n);
    for (size_t i = 0; i < s.n; i++) {
        colons += s.p[i] == ':';
        if (s.p[i] != ':' && s.p[i] != '.' && !ascii_hex(s.p[i]))
            return false;
    }
    return colons >= 2;
}

static bool host_char(char c)
{
    return ascii_alnum(c) || c == '.' || c == '_' || c == '-' || c == '@' || c == '/';
}

/* rsyslog: letters, digits, `.`, `_`, `-`, ending in a letter or digit; here also addresses and relays (a/b,
 * a@b). */
bool syslog_is_host(struct slice s)
{
    if (!s.n || s.n > SYSLOG_HOST_MAX)
        return false;
    if (s.n > 2 && *s.p == '[' && s.p[s.n - 1] == ']')
        return is_ipv6(slice_sub(s, 1, s.n - 1));
    size_t i = 0;
    while (i < s.n && host_char(s.p[i]))
        i++;
    return i == s.n ? ascii_alnum(s.p[s.n - 1]) && *s.p != '/' : is_ipv6(s);
}

/* ---- structured data ---- */

/* 6.3.3, SD-NAME: what is printable, but for `=`, `]` and `"`. */
static bool sd_name_char(char c)
{
    static const bool in_names[256] = {['!'] = true, ['#' ... '<'] = true, ['>' ... '\\'] = true, ['^' ... '~'] = true};
    return in_names[(unsigned char)c];
}

static struct slice take_sd_name(struct slice *s)
{
    size_t n = slice_span(*s, sd_name_char);
    struct slice name = slice_sub(*s, 0, n);
    *s = slice_from(*s, n);
    return n <= SD_NAME_MAX ? name : SLICE_NONE;
}

static bool is_escape(struct slice v, size_t i)
{
    return v.p[i] == '\\' && i + 1 < v.n && (v.p[i + 1] == '"' || v.p[i + 1] == '\\' || v.p[i + 1] == ']');
}

/* 6.3.3: `\` escapes `"`, `\` and `]`; before any other character it stands for itself. */
static struct slice unescape(struct arena *a, struct slice v)
{
    if (!slice_chr(v, '\\'))
        return v;
    char *p = arena_alloc(a, v.n);
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (is_escape(v, i))
            i++;
        p[n++] = v.p[i];
    }
    return slice_of(p, n);
}

static bool take_quoted(struct slice *s, struct slice *value)
{
    size_t i = 1;
    while (i < s->n && s->p[i] != '"' && s->p[i] != ']')
        i += is_escape(*s, i) ? 2 : 1;
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

static bool take_value(struct slice *s, bool quoted, struct slice *value)
{
    if (starts_with(*s, '"'))
        return take_quoted(s, value);
    return !quoted && take_bare(s, value);
}

static bool take_byte(struct slice *s, char c)
{
    if (!starts_with(*s, c))
        return false;
    *s = slice_from(*s, 1);
    return true;
}

static bool take_element(struct parse_ctx *ctx, struct record *r, struct slice *s, bool quoted)
{
    *s = slice_from(*s, 1);
    struct slice id = take_sd_name(s), value = SLICE_NONE;
    unsigned params = 0;
    if (!id.n)
        return false;
    for (; starts_with(*s, ' '); params++) {
        skip_spaces(s);
        if (starts_with(*s, ']') && params)
            break;
        struct slice name = take_sd_name(s);
        if (!name.n || !take_byte(s, '=') || !take_value(s, quoted, &value))
            return false;
        record_add(r, joined(ctx->arena, id, name), unescape(ctx->arena, value), FIELD_STRING);
    }
    return (params || !quoted) && take_byte(s, ']');
}

/* The same, but leaves r as it was when the element is not well formed. */
static bool try_element(struct parse_ctx *ctx, struct record *r, struct slice *s, bool quoted)
{
    struct slice rest = *s;
    unsigned n = r->n_fields;
    bool lost = r->fields_lost;
    if (take_element(ctx, r, &rest, quoted)) {
        *s = rest;
        return true;
    }
    r->n_fields = n;
    r->fields_lost = lost;
    return false;
}

bool syslog_sd(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    struct slice rest = *s;
    unsigned n = r->n_fields;
    bool lost = r->fields_lost, ok;
    do {
        ok = starts_with(rest, '[') && try_element(ctx, r, &rest, true);
    } while (ok && starts_with(rest, '['));
    if (ok) {
        *s = rest;
    } else {
        r->n_fields = n;
        r->fields_lost = lost;
    }
    return ok;
}

/* Where an element ends that is not well formed: at the first `]` outside of quotes, or, when a quote has no end, at
 * the first of all. 0: nowhere. */
static size_t broken_element(struct slice s, bool *open)
{
    size_t end = 0;
    *open = false;
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == ']' && !end)
            end = i + 1;
        if (s.p[i] == ']' && !*open)
            return i + 1;
        *open ^= s.p[i] == '"';
        i += *open && is_escape(s, i);
    }
    return end;
}

bool syslog_sd_any(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    bool open = false, any = false;
    while (starts_with(*s, '[') && !open) { /* behind a quote without an end nothing is told any more */
        any = true;
        if (try_element(ctx, r, s, false))
            continue;
        size_t n = broken_element(*s, &open);
        ctx->bad_part = "structured data";
        if (!n)
            return true;
        record_put(r, SLICE("sd"), slice_sub(*s, 0, n), FIELD_STRING);
        *s = slice_from(*s, n);
    }
    return any;
}

/* ---- the text ---- */

/* "[12345.678901] text", as the kernel's ring buffer stamps its lines since boot. */
static struct slice strip_uptime(struct record *r, struct slice text)
{
    struct slice seconds;
    size_t n = syslog_uptime(text, true, &seconds);
    if (n)
        record_add(r, SLICE("uptime"), seconds, FIELD_STRING);
    return slice_from(text, n);
}

/*
 * rsyslog writes control bytes of a message as `#` and three octal digits, so a trace arrives as one line. A number
 * that somebody has written looks the same, "ticket #011 is closed": a tab has something behind it, an escape its
 * bracket, a CR nothing or the LF. Returns the byte, or -1.
 */
static int escaped_byte(struct slice s, bool lines)
{
    char next = s.n > 4 ? s.p[4] : ' ';
    if (!slice_starts(s, SLICE("#0")))
        return -1;
    if (slice_starts(s, SLICE("#011")))
        return lines || ascii_alnum(next) || strchr("#\"-(", next) ? '\t' : -1;
    if (slice_starts(s, SLICE("#012")))
        return lines ? '\n' : -1;
    if (slice_starts(s, SLICE("#015")))
        return s.n == 4 || slice_starts(s, SLICE("#015#012")) ? '\r' : -1;
    return slice_starts(s, SLICE("#033[")) ? 0x1b : -1;
}

/* Each is decoded once: what comes of it is none. */
static struct slice decode_octal(struct arena *a, struct slice s, bool lines)
{
    char *p = arena_alloc(a, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        int byte = s.p[i] == '#' ? escaped_byte(slice_from(s, i), lines) : -1;
        p[n++] = byte < 0 ? s.p[i] : (char)byte;
        i += byte < 0 ? 0 : 3;
    }
    return slice_of(p, n);
}

struct slice syslog_unescape(struct arena *a, struct slice s)
{
    return slice_find(s, SLICE("#0")) < 0 ? s : decode_octal(a, s, false);
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
    enum level level = level_from_word(slice_sub(s, 0, i));
    return level < LEVEL_WARNING ? LEVEL_NONE : level; /* "Note that", "Config: x" begin sentences */
}

/* Where an object would begin, also behind `@cee:`. */
static struct slice json_of(struct slice text)
{
    skip_spaces(&text);
    if (slice_starts(text, SLICE("@cee:"))) {
        text = slice_from(text, 5);
        skip_spaces(&text);
    }
    return text;
}

/* Seconds since boot stand in front of them, and what reads like a level there is a part of the message. */
static bool is_kernels(const struct record *r)
{
    return r->facility <= 0 && (slice_is(r->app, "kernel") || (r->facility == 0 && !r->app.n));
}

bool syslog_is_common(int facility)
{
    return facility == FACILITY_USER || facility == FACILITY_DAEMON;
}

static void read_text(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    struct slice object = json_of(text);
    bool said = r->severity >= 0 && !syslog_is_common(r->facility);
    nested_any(ctx, r, starts_with(object, '{') ? object : text, said ? NESTED_SAID : NESTED_PRINTED);
}

/* A number of times that is not 0, and what stands behind it. */
static bool take_times(struct slice *s, struct slice behind, unsigned *times)
{
    enum { TIMES_DIGITS = 9 };
    size_t n = slice_span(*s, ascii_digit);
    uint64_t value;
    if (n > TIMES_DIGITS || !slice_u64(slice_sub(*s, 0, n), &value) || !value ||
        !slice_starts(slice_from(*s, n), behind))
        return false;
    *times = (unsigned)value;
    *s = slice_from(*s, n + behind.n);
    return true;
}

/* "message repeated 3 times: [ text]", as rsyslog shortens a run: the text, which has come so often. */
static struct slice unwrap_repeat(struct record *r, struct slice text)
{
    static const struct slice begin = {"message repeated ", 17};
    struct slice rest = slice_from(text, begin.n);
    if (!slice_starts(text, begin) || !take_times(&rest, SLICE(" times: ["), &r->times))
        return text;
    rest = slice_from(rest, starts_with(rest, ' '));
    return slice_ends(rest, SLICE("]")) ? slice_sub(rest, 0, rest.n - 1) : rest; /* it may have been cut */
}

bool syslog_repeat(struct slice s, unsigned *times)
{
    bool dashes = slice_starts(s, SLICE("--- ")) && slice_ends(s, SLICE(" ---"));
    s = dashes ? slice_sub(s, 4, s.n - 4) : s;
    if (slice_starts(s, SLICE("last message repeated "))) {
        s = slice_from(s, 22);
        return take_times(&s, SLICE(" time"), times) && (!s.n || slice_is(s, "s"));
    }
    /* syslog-ng quotes the first bytes of it. */
    ptrdiff_t at = slice_starts(s, SLICE("Last message '")) ? slice_find(s, SLICE("' repeated ")) : -1;
    s = slice_from(s, (size_t)(at + 11));
    return at >= 0 && take_times(&s, SLICE(" times, suppressed by syslog-ng on "), times);
}

void syslog_body(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    text = unwrap_repeat(r, frame_skip_lead(text));
    bool escapes = slice_chr(text, '#'), lines = escapes && slice_find(text, SLICE("#012")) >= 0;
    /* With lines it is decoded beside the message, not in it: `#012` may also be meant. */
    if (escapes && !lines)
        text = syslog_unescape(ctx->arena, text);
    if (escapes && slice_ends(text, SLICE("\r")))
        text.n--;
    if (syslog_fortinet(ctx, r, text))
        return;
    if (is_kernels(r))
        r->message = strip_uptime(r, text);
    else
        read_text(ctx, r, text);
    if (r->format != FORMAT_SYSLOG)
        return;
    if (!r->full_message.n && lines)
        r->full_message = decode_octal(ctx->arena, text, true);
    if (r->level == LEVEL_NONE)
        r->level = leading_level(text);
}
