#include "parsers/text_head.h"

static void skip(struct slice *s, size_t n)
{
    *s = slice_from(*s, n);
}

/* n digits at the offset `at`, or -1. */
static int digits_at(struct slice s, size_t at, size_t n)
{
    int v = 0;
    if (s.n < at + n)
        return -1;
    for (size_t i = at; i < at + n; i++) {
        if (!ascii_digit(s.p[i]))
            return -1;
        v = v * 10 + (s.p[i] - '0');
    }
    return v;
}

/* hh:mm:ss at the offset; sep NUL: hhmmss. The bytes it takes, or 0. */
static size_t clock_at(struct slice s, size_t at, char sep, struct civil *c)
{
    size_t step = sep ? 3 : 2;
    c->hour = digits_at(s, at, 2);
    c->minute = digits_at(s, at + step, 2);
    c->second = digits_at(s, at + 2 * step, 2);
    if (c->hour < 0 || c->minute < 0 || c->second < 0)
        return 0;
    if (sep && (s.p[at + 2] != sep || s.p[at + 5] != sep))
        return 0;
    return 2 * step + 2;
}

/* A fraction of a second at the front; the bytes it takes. */
static size_t fraction_at(struct slice s, int32_t *micro)
{
    *micro = 0;
    if (s.n < 2 || (s.p[0] != '.' && s.p[0] != ',') || !ascii_digit(s.p[1]))
        return 0;
    int32_t unit = 100000;
    size_t i = 1;
    for (; i < s.n && ascii_digit(s.p[i]); i++, unit /= 10)
        *micro += (s.p[i] - '0') * unit;
    return i;
}

/* 1 to 12, or 0. */
static int month_at(struct slice s, size_t at)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    struct slice word = slice_sub(s, at, at + 3);
    for (int m = 0; word.n == 3 && m < 12; m++)
        if (slice_ieq(word, slice_of(names + 3 * m, 3)))
            return m + 1;
    return 0;
}

/* Local time to UTC. */
static int64_t local(const struct parse_ctx *ctx, int64_t us)
{
    return stamp_local(ctx->zone, us, ctx->last_us);
}

/* Finishes a stamp of which n bytes and their civil time are known: fraction, zone word, boundary. */
static bool finish(const struct parse_ctx *ctx, struct slice *s, size_t n, struct civil c, int64_t *out)
{
    struct slice rest = slice_from(*s, n);
    int64_t us;
    skip(&rest, fraction_at(rest, &c.micro));
    if (!stamp_civil(&c, &us) || (rest.n && ascii_alnum(rest.p[0])))
        return false;
    bool utc = slice_starts(rest, SLICE(" UTC"));
    skip(&rest, utc ? 4 : 0);
    *out = utc ? us : local(ctx, us);
    *s = rest;
    return true;
}

/* yy/mm/dd hh:mm:ss (log4j of Spark) and yymmdd hhmmss (of HDFS). */
static bool short_date(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    size_t slash = s->n > 8 && s->p[2] == '/' && s->p[5] == '/', day = slash ? 6 : 4;
    struct civil c = {
        .year = digits_at(*s, 0, 2), .month = digits_at(*s, slash ? 3 : 2, 2), .day = digits_at(*s, day, 2)};
    size_t n = day + 2;
    if (c.year < 0 || c.month < 0 || c.day < 0 || s->n <= n || s->p[n] != ' ')
        return false;
    c.year += 2000;
    size_t clock = clock_at(*s, n + 1, slash ? ':' : '\0', &c);
    return clock && finish(ctx, s, n + 1 + clock, c, out);
}

/* dd-Mon-yyyy hh:mm:ss (PHP) and dd Mon yyyy hh:mm:ss (Redis). */
static bool day_first(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    struct civil c = {.day = digits_at(*s, 0, 2), .month = month_at(*s, 3), .year = digits_at(*s, 7, 4)};
    if (c.day < 0 || !c.month || c.year < 0 || s->n < 20 || s->p[2] != s->p[6] ||
        (s->p[2] != '-' && s->p[2] != ' ') || s->p[11] != ' ')
        return false;
    size_t clock = clock_at(*s, 12, ':', &c);
    return clock && finish(ctx, s, 12 + clock, c, out);
}

/* Unix milliseconds of thirteen digits, or seconds of ten, which are told from a plain number by a fraction
 * or brackets. */
static bool epoch(struct slice *s, int64_t *out)
{
    struct slice rest = *s;
    int64_t us;
    size_t n = 0;
    while (n < s->n && ascii_digit(s->p[n]))
        n++;
    if ((n != 10 && n != 13) || s->p[0] > '2' || !stamp_epoch(&rest, &us))
        return false;
    char next = rest.n ? rest.p[0] : ' ';
    if (next != ']' && (next != ' ' || (n == 10 && rest.p == s->p + n)))
        return false;
    *out = us;
    *s = rest;
    return true;
}

/* hh:mm:ss with an optional fraction: it says no day. */
static bool clock_only(struct slice *s, int64_t *out)
{
    struct civil c = {0};
    int32_t micro;
    size_t n = clock_at(*s, 0, ':', &c);
    if (!n || c.hour > 23 || c.minute > 59 || c.second > 60)
        return false;
    n += fraction_at(slice_from(*s, n), &micro);
    if (n >= s->n || (s->p[n] != ' ' && s->p[n] != ']'))
        return false;
    *out = RECORD_NO_TIME;
    skip(s, n);
    return true;
}

static bool stamp_from(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    int64_t us;
    bool zone = false;
    if (!s->n)
        return false;
    if (!ascii_digit(s->p[0])) {
        if (!stamp_rfc3164(s, ctx->now_us, &us, &zone))
            return false;
        *out = zone ? us : local(ctx, us);
        return true;
    }
    if (stamp_rfc3339(s, &us, &zone)) {
        *out = zone ? us : local(ctx, us);
        return true;
    }
    if (stamp_nginx(s, &us)) { /* also Go's log package, which may add microseconds */
        int32_t micro;
        skip(s, fraction_at(*s, &micro));
        *out = local(ctx, us + micro);
        return true;
    }
    if (stamp_clf(s, &us)) {
        *out = us;
        return true;
    }
    return day_first(ctx, s, out) || short_date(ctx, s, out) || epoch(s, out) || clock_only(s, out);
}

/* "E1123 10:00:00.123456    7 file.go:12] message" of glog and klog: the year is the one nearest to now. */
static bool klog(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    int month = digits_at(*s, 1, 2), day = digits_at(*s, 3, 2);
    if (s->n < 22 || !strchr("IWEF", s->p[0]) || s->p[0] == '\0' || month < 1 || month > 12 || day < 0 ||
        s->p[5] != ' ')
        return false;
    /* As the RFC 3164 stamp it is, but for its spelling. */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[32];
    size_t n = 0;
    struct slice clock = slice_sub(*s, 6, 21);
    memcpy(text, months + 3 * (month - 1), 3);
    text[3] = ' ';
    memcpy(text + 4, s->p + 3, 2);
    text[6] = ' ';
    memcpy(text + 7, clock.p, clock.n);
    struct slice stamp = slice_of(text, 7 + clock.n);
    int64_t us;
    bool zone;
    if (!stamp_rfc3164(&stamp, ctx->now_us, &us, &zone) || stamp.n)
        return false;
    struct slice rest = slice_from(*s, 21);
    while (n < rest.n && rest.p[n] == ' ')
        n++;
    skip(&rest, n);
    for (n = 0; n < rest.n && ascii_digit(rest.p[n]);)
        n++;
    h->procid = slice_sub(rest, 0, n);
    const char *end = slice_chr(slice_sub(rest, 0, 200), ']');
    if (!end || n >= rest.n || rest.p[n] != ' ')
        return false;
    struct slice place = slice_sub(rest, n + 1, (size_t)(end - rest.p));
    h->logger = slice_split(&place, ':');
    h->time_us = local(ctx, us);
    h->level = level_from_word(slice_sub(*s, 0, 1));
    *s = slice_from(rest, (size_t)(end - rest.p) + 1);
    return true;
}

/* "7:M 23 Nov 2026 10:00:00.123 # message" of Redis, whose levels are . - * and # */
static bool redis(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    size_t n = 0;
    while (n < s->n && n < 10 && ascii_digit(s->p[n]))
        n++;
    if (!n || s->n < n + 30 || s->p[n] != ':' || !strchr("MSCX", s->p[n + 1]) || s->p[n + 2] != ' ')
        return false;
    struct slice rest = slice_from(*s, n + 3);
    if (!day_first(ctx, &rest, &h->time_us) || rest.n < 3 || rest.p[0] != ' ' || rest.p[2] != ' ')
        return false;
    switch (rest.p[1]) {
    case '.':
    case '-':
        h->level = LEVEL_DEBUG;
        break;
    case '*':
        h->level = LEVEL_INFO;
        break;
    case '#':
        h->level = LEVEL_WARNING;
        break;
    default:
        return false;
    }
    h->procid = slice_sub(*s, 0, n);
    *s = slice_from(rest, 2);
    return true;
}

/* What stands behind the time in its brackets: "ERROR crate", ": ERROR/Process", "ERR", "#7", a zone's name.
 */
static void bracket_rest(struct slice text, struct text_head *h)
{
    while (text.n) {
        struct slice word = slice_split(&text, ' ');
        if (word.n > 1 && word.p[0] == '#')
            h->procid = slice_from(word, 1);
        struct slice process = word;
        enum level level = level_from_word(slice_split(&process, '/'));
        if (level == LEVEL_NONE || h->level != LEVEL_NONE)
            continue;
        h->level = level;
        h->logger = text;
    }
}

/* "[time]", "[time LEVEL name]", and Ruby's "E, [time #7] ERROR -- prog: ", which has its level behind the
 * time again. */
static bool bracketed(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    struct slice rest = *s;
    bool ruby = rest.n > 4 && ascii_alpha(rest.p[0]) && slice_starts(slice_from(rest, 1), SLICE(", ["));
    skip(&rest, ruby ? 3 : 0);
    if (!slice_starts(rest, SLICE("[")))
        return false;
    skip(&rest, 1);
    if (!stamp_from(ctx, &rest, &h->time_us))
        return false;
    const char *end = slice_chr(slice_sub(rest, 0, 120), ']');
    if (!end)
        return false;
    bracket_rest(slice_sub(rest, 0, (size_t)(end - rest.p)), h);
    *s = slice_from(rest, (size_t)(end - rest.p) + 1);
    return true;
}

bool text_head(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    static const struct text_head none = {.time_us = RECORD_NO_TIME};
    *h = none;
    if (s->n &&
        (bracketed(ctx, s, h) || klog(ctx, s, h) || redis(ctx, s, h) || stamp_from(ctx, s, &h->time_us)))
        return true;
    /* Collectors and grep put the file's name before the line. */
    struct slice rest = *s, name = slice_split(&rest, ' ');
    if (name.n < 120 && slice_find(name, SLICE(".log")) >= 0 && stamp_from(ctx, &rest, &h->time_us)) {
        *s = rest;
        return true;
    }
    *h = none;
    return false;
}
