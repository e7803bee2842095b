#include "parsers/text_cluster.h"

#include "parsers/nested.h"
#include "parsers/text_level.h"
#include "parsers/text_parts.h"
#include "parsers/text_time.h"

enum { SECONDS = 10, DAY = 10 };

/* A word and the one blank behind it, which must be there. */
static struct slice take_word(struct slice *s)
{
    struct slice word = word_at(*s);
    if (!word.n || word.n + 1 >= s->n || s->p[word.n] != ' ')
        return SLICE_NONE;
    slice_skip(s, word.n + 1);
    return word;
}

/* Whose it is says no stranger's text. */
static void set_host(struct record *r, struct slice host)
{
    if (!r->host.n && !r->untrusted)
        r->host = host;
}

/* Unix seconds of this century or the end of the last; RECORD_NO_TIME: the word is something else. */
static int64_t seconds_of(struct slice word)
{
    uint64_t seconds;
    if (word.n != SECONDS || *word.p == '0' || !slice_u64(word, &seconds) || seconds > UINT32_MAX)
        return RECORD_NO_TIME;
    return (int64_t)seconds * STAMP_SECOND;
}

/* "2005.06.03", which is that day in some zone. */
static bool is_day_of(struct slice word, int64_t time_us)
{
    struct civil c = {.year = text_time_digits(word, 0, 4),
                      .month = text_time_digits(word, 5, 2),
                      .day = text_time_digits(word, 8, 2)};
    int64_t us;
    return word.n == DAY && word.p[4] == '.' && word.p[7] == '.' && stamp_civil(&c, &us) &&
           us < time_us + 86400 * STAMP_SECOND && us > time_us - 2 * 86400 * STAMP_SECOND;
}

static bool is_in_alert(char c)
{
    return ascii_capital(c) || ascii_digit(c) || c == '_' || c == '-';
}

static bool is_in_column(char c)
{
    return ascii_capital(c) || c == '_';
}

/* "RAS KERNEL INFO text" of Blue Gene: kind, component and level. */
static void blue_gene(struct slice *s, struct record *r)
{
    struct slice rest = *s, kind = take_word(&rest), component = take_word(&rest), word = take_word(&rest);
    enum level level = word.n > 3 ? level_from_word(word) : LEVEL_NONE;
    if (!kind.n || !component.n || slice_span(kind, is_in_column) != kind.n ||
        slice_span(component, is_in_column) != component.n || level == LEVEL_NONE ||
        text_level_spelling(word) != SPELT_UPPER)
        return;
    r->level = level;
    r->logger = component;
    *s = rest;
}

/* "2005-06-03-15.42.50.675872 R02-M1 " behind the host: the time with its fraction, and the host again. */
static void time_and_host_again(struct slice *s, struct record *r, struct slice host)
{
    const struct parse_ctx utc = {.last_us = RECORD_NO_TIME};
    struct slice rest = *s;
    int64_t us;
    if (!s->n || !ascii_digit(*s->p) || !text_time(&utc, &rest, &us) || us == RECORD_NO_TIME || !skip_spaces(&rest) ||
        !slice_eq(take_word(&rest), host))
        return;
    r->time_us += us % STAMP_SECOND;
    *s = rest;
    blue_gene(s, r);
}

/* "- 1131566461 2005.11.09 dn228 ", with the name of an alert in place of the dash where somebody has seen one. */
static bool day_and_host(struct slice *s, struct record *r, struct slice *host)
{
    struct slice rest = *s, alert = SLICE_NONE;
    if (!ascii_digit(*rest.p)) {
        alert = take_word(&rest);
        if (slice_span(alert, is_in_alert) != alert.n)
            return false;
    }
    int64_t time_us = seconds_of(take_word(&rest));
    if (time_us == RECORD_NO_TIME || !is_day_of(take_word(&rest), time_us))
        return false;
    *host = take_word(&rest);
    if (!host->n)
        return false;
    r->time_us = time_us;
    set_host(r, *host);
    if (alert.n > 1)
        record_add(r, SLICE("alert"), alert, FIELD_STRING);
    *s = rest;
    return true;
}

/* "dn228/dn228 ", "local@dn228 ": the host that the collector has named, with what relays write before it. */
static void skip_host(struct slice *s, struct slice host)
{
    struct slice rest = *s, word = take_word(&rest);
    size_t front = slice_ends(word, host) ? word.n - host.n : 0;
    if (slice_eq(word, host) || (front && (word.p[front - 1] == '/' || word.p[front - 1] == '@')))
        *s = rest;
}

/* A line of a syslog file: who has brought it knows the year and the zone. */
static bool syslog_line(struct parse_ctx *ctx, struct slice s, struct record *r, struct slice host)
{
    int64_t now_us = ctx->now_us, time_us = r->time_us, us;
    struct slice rest = s;
    bool zone;
    if (!ascii_alpha(*s.p) || !stamp_rfc3164(&rest, time_us, NULL, &us, &zone) || !skip_spaces(&rest) || ctx->depth)
        return false;
    struct slice behind = rest;
    skip_host(&behind, host);
    ctx->now_us = time_us;
    nested_syslog(ctx, r, behind.p != rest.p ? behind : s);
    ctx->now_us = now_us;
    r->time_us = time_us;
    r->message = r->message.n ? r->message : s;
    return true;
}

/* Behind it is text, or a line of syslog. */
static bool collected(struct parse_ctx *ctx, struct slice *s, struct record *r, bool *all)
{
    struct slice host;
    if (!day_and_host(s, r, &host))
        return false;
    *all = syslog_line(ctx, *s, r, host);
    if (!*all)
        time_and_host_again(s, r, host);
    return true;
}

static bool is_in_name(char c)
{
    return ascii_alnum(c) || c == '_' || c == '-' || c == '.';
}

static struct slice take_name(struct slice *s)
{
    struct slice word = take_word(s);
    return slice_span(word, is_in_name) == word.n ? word : SLICE_NONE;
}

static bool is_flag(struct slice word)
{
    struct slice digits = slice_from(word, word.n > 1 && *word.p == '-');
    return digits.n && digits.n < 3 && all_digits(digits);
}

/* "134681 node-246 unix.hw net.niff.up 1077804742 1 text": record, host, component, state, seconds, and a flag. */
static bool numbered(struct slice *s, struct record *r)
{
    struct slice rest = *s, number = take_word(&rest);
    if (!all_digits(number))
        return false;
    struct slice host = take_name(&rest), component = take_name(&rest), state = take_name(&rest);
    int64_t time_us = seconds_of(take_word(&rest));
    if (!host.n || !component.n || !ascii_alpha(*component.p) || !state.n || !ascii_alpha(*state.p) ||
        time_us == RECORD_NO_TIME || !is_flag(take_word(&rest)))
        return false;
    r->time_us = time_us;
    set_host(r, host);
    r->logger = component;
    record_add(r, SLICE("state"), state, FIELD_STRING);
    *s = rest;
    return true;
}

/* Asked for every line: the first bytes leave nearly all of them out. */
bool text_cluster(struct parse_ctx *ctx, struct slice *s, struct record *r, bool *all)
{
    enum { ALERT_MAX = 16, SHORTEST = 24 };
    *all = false;
    if (s->n < SHORTEST)
        return false;
    bool digit = ascii_digit(*s->p);
    size_t n = slice_span(slice_sub(*s, 0, ALERT_MAX), digit ? ascii_digit : is_in_alert);
    struct slice behind = slice_from(*s, n);
    if (!n || *behind.p != ' ')
        return false;
    if (digit)
        return collected(ctx, s, r, all) || numbered(s, r);
    return ascii_digit(behind.p[1]) && collected(ctx, s, r, all);
}
