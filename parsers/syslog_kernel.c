#include "parsers/syslog_kernel.h"

#include "parsers/syslog_parts.h"
#include "parsers/syslog_uptime.h"

enum { WORD_MAX = 64, MICROS = 6 };

/* "[Nov23 10:00] " of -H, where the minute is another one. */
static bool is_minute(struct slice s)
{
    return s.n > 13 && *s.p == '[' && stamp_month(slice_from(s, 1)) && ascii_digit(s.p[4]) && ascii_digit(s.p[5]) &&
           s.p[6] == ' ' && s.p[9] == ':' && s.p[12] == ']' && s.p[13] == ' ';
}

/* The same, or "[  +0.000010] ", the time since the line before; the text is all there is to know. */
static size_t human_at(struct slice s)
{
    enum { MINUTE = 14 };
    struct slice rest = slice_from(s, 1);
    if (is_minute(s))
        return MINUTE;
    skip_spaces(&rest);
    size_t digits = starts_with(rest, '+') ? slice_span(slice_from(rest, 1), ascii_digit) : 0;
    struct slice micros = slice_from(rest, digits + 2);
    bool delta = starts_with(s, '[') && digits && slice_span(micros, ascii_digit) == MICROS &&
                 slice_starts(slice_from(micros, MICROS), SLICE("] "));
    return delta ? s.n - micros.n + MICROS + 2 : 0;
}

/* What the kernel says under a date, and not what PHP's server or a CGI script says under the same one: "script.cgi:
 * text", an address, another bracket. */
static bool may_be_kernel(struct slice text)
{
    struct slice word = slice_sub(text, 0, WORD_MAX);
    word = slice_split(&word, ' ');
    const char *dot = slice_chr(word, '.');
    bool script = dot && dot + 1 < word.p + word.n && ascii_alpha(dot[1]);
    return word.n && !script && !ascii_digit(*word.p) && *word.p != '[' && !slice_is(word, "PHP");
}

/* What stands before the text. */
struct head {
    int facility, severity; /* -1: not said */
    struct slice seconds;
    int64_t us; /* of a date */
    bool dated, zoned;
};

/* "[Mon Nov 23 10:00:00 2026] " of -T. Apache begins its lines so as well: what is behind it is asked before the date.
 */
static size_t date_at(int64_t now_us, struct slice s, bool words, struct head *h)
{
    enum { DATE = 25 };
    struct slice rest = slice_from(s, 1);
    if (!starts_with(s, '[') || s.n < DATE + 2 || s.p[4] != ' ' || !stamp_month(slice_from(s, 5)) ||
        !(words || may_be_kernel(slice_from(s, DATE + 2))) || !stamp_rfc3164(&rest, now_us, NULL, &h->us, &h->zoned) ||
        s.n - rest.n != DATE || !slice_starts(rest, SLICE("] ")))
        return 0;
    h->dated = true;
    return DATE + 2;
}

/* "kern  :err   : " of -x, in columns. */
static bool take_words(struct slice *s, struct head *h)
{
    enum { FACILITY_END = 6, LEVEL_END = 13 };
    if (s->n < LEVEL_END + 2 || s->p[FACILITY_END] != ':' || s->p[LEVEL_END] != ':' || s->p[LEVEL_END + 1] != ' ')
        return false;
    h->facility = level_facility(slice_trim(slice_sub(*s, 0, FACILITY_END)));
    h->severity = level_severity(slice_trim(slice_sub(*s, FACILITY_END + 1, LEVEL_END)));
    if (h->facility < 0 || h->severity < 0)
        return false;
    *s = slice_from(*s, LEVEL_END + 2);
    return true;
}

static bool read_head(int64_t now_us, struct slice *s, struct head *h)
{
    struct slice rest = *s;
    if (!starts_with(rest, '[') && !(rest.n > 14 && rest.p[6] == ':')) /* asked for every line */
        return false;
    *h = (struct head){.facility = -1, .severity = -1};
    bool words = take_words(&rest, h);
    size_t n = syslog_uptime(rest, false, &h->seconds);
    n = n ? n : date_at(now_us, rest, words, h);
    n = n ? n : human_at(rest);
    *s = slice_from(rest, n);
    return n;
}

/* "web-1 sshd[7]: " behind the seconds: `journalctl -o short-monotonic` writes the lines of all programs so. */
static bool names_host_and_tag(struct slice s)
{
    struct slice host = slice_split(&s, ' '), tag = slice_split(&s, ' ');
    const char *bracket = slice_chr(tag, '[');
    struct slice pid = bracket ? slice_from(tag, (size_t)(bracket - tag.p) + 1) : SLICE_NONE;
    size_t digits = slice_span(pid, ascii_digit);
    bool process = digits && slice_is(slice_from(pid, digits), "]:");
    return syslog_is_host(host) && (process || slice_is(tag, "kernel:"));
}

bool syslog_kernel_monotonic(struct record *r, struct slice *s)
{
    struct slice seconds;
    size_t n = syslog_uptime(*s, false, &seconds);
    if (!n || !names_host_and_tag(slice_from(*s, n)))
        return false;
    record_add(r, SLICE("uptime"), seconds, FIELD_STRING);
    *s = slice_from(*s, n);
    r->host = slice_split(s, ' ');
    return true;
}

bool syslog_kernel_tells(struct slice line)
{
    struct head h;
    return read_head(0, &line, &h);
}

bool syslog_kernel(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    struct slice rest = *s;
    struct head h;
    if (!read_head(ctx->now_us, &rest, &h) || (h.seconds.n && names_host_and_tag(rest)))
        return false;
    if (h.seconds.n)
        record_add(r, SLICE("uptime"), h.seconds, FIELD_STRING);
    if (h.dated)
        r->time_us = h.zoned ? h.us : stamp_local(ctx->zone, h.us, ctx->last_us);
    if (h.severity >= 0) {
        r->severity = h.severity;
        r->level = level_from_severity(h.severity);
    }
    r->facility = h.facility >= 0 ? h.facility : 0;
    r->app = SLICE("kernel");
    *s = rest;
    return true;
}
