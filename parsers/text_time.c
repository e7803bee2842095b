#include "parsers/text_time.h"

int text_time_digits(struct slice s, size_t at, size_t n)
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

size_t text_time_clock(struct slice s, size_t at, char sep, struct civil *c)
{
    size_t step = sep ? 3 : 2;
    bool padded = at < s.n && s.p[at] == ' ';
    c->hour = text_time_digits(s, at + padded, 2 - padded);
    c->minute = text_time_digits(s, at + step, 2);
    c->second = text_time_digits(s, at + 2 * step, 2);
    if (c->hour < 0 || c->minute < 0 || c->second < 0)
        return 0;
    if (sep && (s.p[at + 2] != sep || s.p[at + 5] != sep))
        return 0;
    return 2 * step + 2;
}

size_t text_time_fraction(struct slice s, int32_t *micro)
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

/* What may stand behind a time that ends in a number of any length. */
static bool ends_time(struct slice s)
{
    return !s.n || slice_chr(SLICE(" \t]|,;>)"), *s.p);
}

/* ":123", milliseconds behind a colon: the bytes they take, or 0. */
static size_t colon_millis(struct slice s, int32_t *micro)
{
    enum { BYTES = 4 };
    int milli = s.n && *s.p == ':' ? text_time_digits(s, 1, BYTES - 1) : -1;
    if (milli < 0 || !ends_time(slice_from(s, BYTES)))
        return 0;
    *micro = milli * 1000;
    return BYTES;
}

int64_t text_time_local(const struct parse_ctx *ctx, int64_t us)
{
    return stamp_local(ctx->zone, us, ctx->last_us);
}

/* " +0100": its bytes, and how far it is ahead of UTC; or 0. */
static size_t offset_at(struct slice s, int64_t *offset_us)
{
    enum { BYTES = 6, HOURS_MAX = 14 };
    int hours = text_time_digits(s, 2, 2), minutes = text_time_digits(s, 4, 2);
    if (s.n < BYTES || hours < 0 || hours > HOURS_MAX || minutes < 0 || (s.p[1] != '+' && s.p[1] != '-'))
        return 0;
    *offset_us = (hours * 60 + minutes) * 60 * (s.p[1] == '-' ? -STAMP_SECOND : STAMP_SECOND);
    return BYTES;
}

/* " UTC", " GMT" or " +0100" behind a time, and no more of a word: its bytes; or 0. */
static size_t zone_at(struct slice s, int64_t *offset_us)
{
    enum { WORD = 4 };
    *offset_us = 0;
    if (!s.n || *s.p != ' ')
        return 0;
    bool utc = slice_starts(s, SLICE(" UTC")) || slice_starts(s, SLICE(" GMT"));
    size_t n = utc ? WORD : offset_at(s, offset_us);
    return n && n < s.n && ascii_alnum(s.p[n]) ? 0 : n;
}

/* Finishes a stamp of which n bytes and their civil time are known: fraction, zone, boundary. */
static bool finish(const struct parse_ctx *ctx, struct slice *s, size_t n, struct civil c, int64_t *out)
{
    struct slice rest = slice_from(*s, n);
    int64_t us, offset_us;
    int32_t micro;
    size_t fraction = text_time_fraction(rest, &micro);
    fraction = fraction ? fraction : colon_millis(rest, &micro);
    c.micro = fraction ? micro : c.micro;
    slice_skip(&rest, fraction);
    if (!stamp_civil(&c, &us) || (rest.n && ascii_alnum(rest.p[0])))
        return false;
    size_t zone = zone_at(rest, &offset_us);
    slice_skip(&rest, zone);
    *out = zone ? us - offset_us : text_time_local(ctx, us);
    *s = rest;
    return true;
}

/* Where month and day stand behind a year of two digits. */
static const struct short_form {
    size_t month, day;
} short_forms[] = {{2, 4}, {3, 6}};

/* yy/mm/dd hh:mm:ss (log4j of Spark), yymmdd hhmmss (of HDFS) and yymmdd hh:mm:ss (old MySQL, with a blank for the
 * hour's zero). */
static bool short_date(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    bool slash = s->n > 8 && s->p[2] == '/' && s->p[5] == '/';
    const struct short_form *form = &short_forms[slash];
    struct civil c = {.year = text_time_digits(*s, 0, 2),
                      .month = text_time_digits(*s, form->month, 2),
                      .day = text_time_digits(*s, form->day, 2)};
    size_t n = form->day + 2;
    if (c.year < 0 || c.month < 0 || c.day < 0 || s->n <= n || s->p[n] != ' ')
        return false;
    c.year += 2000;
    size_t clock = text_time_clock(*s, n + 1, ':', &c);
    if (!clock && !slash)
        clock = text_time_clock(*s, n + 1, '\0', &c);
    return clock && finish(ctx, s, n + 1 + clock, c, out);
}

/* mm/dd/yy or mm/dd/yyyy, where days come first dd.mm.yy: the bytes it takes, or 0. */
static size_t local_date(struct slice s, struct civil *c)
{
    enum { YEAR = 6 };
    bool point = s.n > YEAR && s.p[2] == '.';
    if (s.n <= YEAR || s.p[5] != s.p[2] || (!point && s.p[2] != '/'))
        return 0;
    int first = text_time_digits(s, 0, 2), second = text_time_digits(s, 3, 2);
    size_t digits = text_time_digits(s, YEAR, 4) >= 0 ? 4 : 2;
    bool day_first = point || first > 12;
    c->year = text_time_digits(s, YEAR, digits);
    c->month = day_first ? second : first;
    c->day = day_first ? first : second;
    if (first < 0 || second < 0 || c->year < 0)
        return 0;
    c->year += digits == 2 ? 2000 : 0;
    return YEAR + digits;
}

/* A zone in letters, " CET", of which nobody knows where it is. */
static void skip_zone(struct slice *s)
{
    enum { ZONE_MAX = 6 };
    size_t zone = slice_span(slice_sub(slice_from(*s, 1), 0, ZONE_MAX), ascii_capital);
    slice_skip(s, s->n && *s->p == ' ' && zone > 2 ? 1 + zone : 0);
}

/* "11/23/26 10:00:00:123 CET" of WebSphere, with a comma behind the date or none. Told by the colon before the
 * milliseconds. */
static bool websphere(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    enum { CLOCK = 8, MILLIS = 4 };
    struct civil c = {0};
    size_t n = s->n > 20 ? local_date(*s, &c) : 0, at = n + 1 + (n && s->p[n] == ',');
    struct slice millis = slice_from(*s, at + CLOCK);
    if (!n || !text_time_clock(*s, at, ':', &c) || !millis.n || *millis.p != ':')
        return false;
    c.micro = text_time_digits(millis, 1, 3) * 1000;
    if (c.micro < 0 || !finish(ctx, s, at + CLOCK + MILLIS, c, out))
        return false;
    skip_zone(s);
    return true;
}

/* dd-Mon-yyyy hh:mm:ss (PHP), dd Mon yyyy hh:mm:ss (Redis), dd/Mon/yyyy hh:mm:ss (Django), dd/Mon/yyyy:hh:mm:ss
 * (CherryPy), and dd-Mon-yy or dd/Mon/yy hh:mm:ss (what Python's loggers are told to write). */
static bool day_first(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    enum { YEAR = 7, CLOCK = 8 };
    bool two = s->n > YEAR + 2 && s->p[2] != ' ' && s->p[YEAR + 2] == ' ';
    size_t n = YEAR + (two ? 2 : 4);
    struct civil c = {.day = text_time_digits(*s, 0, 2),
                      .month = stamp_month(slice_from(*s, 3)),
                      .year = text_time_digits(*s, YEAR, two ? 2 : 4)};
    if (c.day < 0 || !c.month || c.year < 0 || s->n <= n + CLOCK || s->p[2] != s->p[6] ||
        !slice_chr(SLICE("- /"), s->p[2]) || (s->p[n] != ' ' && (s->p[n] != ':' || s->p[2] != '/')))
        return false;
    c.year += two ? 2000 : 0;
    size_t clock = text_time_clock(*s, n + 1, ':', &c);
    return clock && finish(ctx, s, n + 1 + clock, c, out);
}

/* "h:mm:ss" or "h:mm", of 1 to 12 hours: the bytes it takes, or 0. */
static size_t twelve_hours_at(struct slice s, bool seconds, struct civil *c)
{
    size_t n = s.n > 1 && s.p[1] == ':' ? 1 : 2;
    c->hour = text_time_digits(s, 0, n);
    c->minute = text_time_digits(s, n + 1, 2);
    c->second = seconds ? text_time_digits(s, n + 4, 2) : 0;
    if (c->hour < 1 || c->hour > 12 || c->minute < 0 || c->second < 0 || s.p[n] != ':')
        return 0;
    return n + (seconds ? 6 : 3);
}

/* "h:mm:ss" or "h:mm" and AM or PM behind a space or none, in 24 hours; the bytes it takes, 0 when there is
 * none. */
static size_t half_day_at(struct slice s, bool seconds, struct civil *c)
{
    size_t end = twelve_hours_at(s, seconds, c);
    if (!end)
        return 0;
    end += end < s.n && s.p[end] == ' ';
    bool pm = slice_starts(slice_from(s, end), SLICE("PM"));
    if (!pm && !slice_starts(slice_from(s, end), SLICE("AM")))
        return 0;
    c->hour = c->hour % 12 + (pm ? 12 : 0);
    return end + 2;
}

/* "Nov 23, 2026 10:00:00 AM" of java.util.logging, also of 24 hours. */
static bool java_date(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    size_t n = s->n > 5 && s->p[5] == ',' ? 5 : 6;
    if (s->n < 20 || s->p[n] != ',' || s->p[3] != ' ')
        return false;
    struct civil c = {
        .month = stamp_month(*s), .day = text_time_digits(*s, 4, n - 4), .year = text_time_digits(*s, n + 2, 4)};
    if (!c.month || c.day < 0 || c.year < 0)
        return false;
    size_t clock = half_day_at(slice_from(*s, n + 7), true, &c);
    if (!clock)
        clock = text_time_clock(*s, n + 7, ':', &c);
    return clock && finish(ctx, s, n + 7 + clock, c, out);
}

/* yyyy.mm.dd, yyyy-mm-dd and yyyymmdd: the bytes it takes, or 0. */
static size_t year_first(struct slice s, struct civil *c)
{
    c->year = text_time_digits(s, 0, 4);
    if (c->year < 0)
        return 0;
    char sep = s.n > 10 ? s.p[4] : '\0';
    bool marked = (sep == '.' || sep == '-') && s.p[7] == sep;
    c->month = text_time_digits(s, marked ? 5 : 4, 2);
    c->day = text_time_digits(s, marked ? 8 : 6, 2);
    return marked ? 10 : 8;
}

/* dd.mm.yyyy and, told by what can be a month, dd/mm/yyyy or mm/dd/yyyy, also with dashes: the bytes it takes, or 0. */
static size_t year_last(struct slice s, struct civil *c)
{
    char sep = s.n > 10 ? s.p[2] : '\0';
    if ((sep != '.' && sep != '/' && sep != '-') || s.p[5] != sep)
        return 0;
    int first = text_time_digits(s, 0, 2), second = text_time_digits(s, 3, 2);
    bool day_first = sep == '.' || first > 12;
    c->year = text_time_digits(s, 6, 4);
    c->month = day_first ? second : first;
    c->day = day_first ? first : second;
    return 10;
}

/* What stands between date and time: ", " of Airflow, "_" of svlogd, and what all others write. */
static size_t gap_at(struct slice s)
{
    if (slice_starts(s, SLICE(", ")))
        return 2;
    return s.n && (*s.p == ' ' || *s.p == 'T' || *s.p == '-' || *s.p == '_');
}

/* A number of so many digits at the most, off the front; -1: there is none. */
static int number_from(struct slice *s, size_t digits)
{
    size_t n = slice_span(slice_sub(*s, 0, digits), ascii_digit);
    int value = n ? text_time_digits(*s, 0, n) : -1;
    slice_skip(s, n);
    return value;
}

/* "9:5:2" and, of milliseconds, "9:5:2:81": each number as long as it is. The bytes they take, or 0. */
static size_t unpadded_clock(struct slice s, struct civil *c)
{
    struct slice rest = s;
    int part[4] = {0};
    unsigned n = 0;
    for (; n < 4 && (!n || (rest.n && *rest.p == ':')); n++) {
        slice_skip(&rest, n > 0);
        part[n] = number_from(&rest, n < 3 ? 2 : 3);
        if (part[n] < 0)
            return 0;
    }
    if (n < 3 || !(ends_time(rest) || (n == 3 && *rest.p == '.')))
        return 0;
    c->hour = part[0];
    c->minute = part[1];
    c->second = part[2];
    c->micro = part[3] * 1000;
    return (size_t)(rest.p - s.p);
}

/* The time of day behind a date of digits and what stands between them, of twelve hours too; behind a dash also with
 * dots, as DB2 and Blue Gene write it. The bytes it takes, or 0. */
static size_t clock_behind_date(struct slice s, char gap, struct civil *c)
{
    struct civil strict = *c;
    size_t n = half_day_at(s, true, &strict);
    n = n ? n : text_time_clock(s, 0, ':', &strict);
    n = n || gap != '-' ? n : text_time_clock(s, 0, '.', &strict);
    if (n && !(n + 1 < s.n && s.p[n] == ':' && ascii_digit(s.p[n + 1]))) {
        *c = strict;
        return n;
    }
    size_t unpadded = unpadded_clock(s, c);
    if (!unpadded)
        *c = strict;
    return unpadded ? unpadded : n;
}

/* Dates of digits alone, but for ISO's, and the time of day behind them. */
static bool digits_date(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    struct civil c = {0};
    size_t n = year_first(*s, &c);
    if (!n && !(n = year_last(*s, &c)))
        return false;
    struct slice rest = slice_from(*s, n);
    size_t gap = gap_at(rest);
    if (!gap || c.year < 1970)
        return false;
    size_t clock = clock_behind_date(slice_from(rest, gap), *rest.p, &c);
    return clock && finish(ctx, s, n + gap + clock, c, out);
}

/* "03-17 16:13:38.811" of Android, "[10.30 16:49:06]", "10/30 16:49:06": month and day, or day and month. Which is
 * which, and the year, is told by the present: it is the later one of those that are past. */
static bool without_year(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    enum { CLOCK_AT = 6, BYTES = 14 };
    if (s->n < BYTES || s->p[5] != ' ' || !slice_chr(SLICE("-/."), s->p[2]))
        return false;
    struct civil c = {.month = text_time_digits(*s, 0, 2), .day = text_time_digits(*s, 3, 2)};
    if (c.month < 0 || c.day < 0 || !text_time_clock(*s, CLOCK_AT, ':', &c))
        return false;
    struct slice rest = slice_from(*s, BYTES);
    size_t fraction = text_time_fraction(rest, &c.micro);
    slice_skip(&rest, fraction ? fraction : colon_millis(rest, &c.micro));
    struct civil other = c;
    other.month = c.day;
    other.day = c.month;
    int64_t us, other_us;
    bool is = stamp_latest_year(c, ctx->now_us, &us), may_be = stamp_latest_year(other, ctx->now_us, &other_us);
    if (!(is || may_be) || (rest.n && ascii_alnum(*rest.p)))
        return false;
    *out = text_time_local(ctx, !is || (may_be && other_us > us) ? other_us : us);
    *s = rest;
    return true;
}

/* Unix milliseconds of thirteen digits, or seconds of ten, which are told from a plain number by a fraction
 * or brackets. */
static bool epoch(struct slice *s, int64_t *out)
{
    struct slice rest = *s;
    int64_t us;
    size_t n = slice_span(*s, ascii_digit);
    if ((n != 10 && n != 13) || s->p[0] > '2' || !stamp_epoch(&rest, &us))
        return false;
    char next = rest.n ? rest.p[0] : ' ';
    if (n == 10 && slice_starts(rest, SLICE(": "))) /* Mosquitto */
        next = ']';
    if (next != ']' && (next != ' ' || (n == 10 && rest.p == s->p + n)))
        return false;
    *out = us;
    *s = rest;
    return true;
}

/* "1.795428000123e+09" and a tab behind it: zap on a console. */
static bool float_epoch(struct slice *s, int64_t *out)
{
    enum { BEFORE_EXPONENT = 18, EXPONENT = 4 };
    size_t n = slice_span(slice_from(*s, 2), ascii_digit);
    struct slice digits = slice_sub(*s, 2, 2 + n), rest = slice_from(*s, 2 + n);
    uint64_t fraction;
    if (s->n < 2 || s->p[0] != '1' || s->p[1] != '.' || n < 9 || n > BEFORE_EXPONENT || !slice_u64(digits, &fraction) ||
        !slice_starts(rest, SLICE("e+09\t")))
        return false;
    for (; n < 15; n++)
        fraction *= 10;
    for (; n > 15; n--)
        fraction /= 10;
    *out = INT64_C(1000000000) * STAMP_SECOND + (int64_t)fraction;
    *s = slice_from(rest, EXPONENT);
    return true;
}

/* hh:mm:ss with an optional fraction, or 10:00AM of zerolog: it says no day. */
static bool clock_only(struct slice *s, int64_t *out)
{
    struct civil c = {0};
    int32_t micro;
    size_t n = text_time_clock(*s, 0, ':', &c), half = n ? 0 : half_day_at(*s, false, &c);
    if (!(n || half) || c.hour > 23 || c.minute > 59 || c.second > 60)
        return false;
    n += half + text_time_fraction(slice_from(*s, n + half), &micro);
    if (n >= s->n || (s->p[n] != ' ' && s->p[n] != ']'))
        return false;
    *out = RECORD_NO_TIME;
    slice_skip(s, n);
    return true;
}

/* "Mon, 23 Nov 2026 10:00:00 +0000" of mail and HTTP. */
static bool weekday_and_comma(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    struct slice rest = slice_from(*s, 5);
    if (s->n < 25 || s->p[3] != ',' || s->p[4] != ' ' || !day_first(ctx, &rest, out))
        return false;
    *s = rest;
    return true;
}

static bool month_first(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    int64_t us;
    bool zone = false;
    if (weekday_and_comma(ctx, s, out))
        return true;
    if (!stamp_rfc3164(s, ctx->now_us, ctx->memo, &us, &zone))
        return java_date(ctx, s, out);
    *out = zone ? us : text_time_local(ctx, us);
    return true;
}

/* RFC 3339, with the milliseconds that Python's "%(asctime)s,%(msecs)d" writes a second time. */
static bool iso(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    int64_t us;
    int32_t twice;
    bool zone = false;
    if (!stamp_rfc3339(s, &us, &zone))
        return false;
    size_t fraction = text_time_fraction(*s, &twice);
    slice_skip(s, fraction);
    if (!fraction && !zone && us % STAMP_SECOND == 0) {
        int32_t micro = 0;
        slice_skip(s, colon_millis(*s, &micro));
        us += micro;
    }
    *out = zone ? us : text_time_local(ctx, us);
    return true;
}

/* nginx, and Go's log package, which may add microseconds. */
static bool slashed(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    int64_t us;
    int32_t micro;
    if (!stamp_nginx(s, &us))
        return false;
    slice_skip(s, text_time_fraction(*s, &micro));
    *out = text_time_local(ctx, us + micro);
    return true;
}

bool text_time(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    if (!s->n)
        return false;
    if (!ascii_digit(s->p[0]))
        return month_first(ctx, s, out);
    return iso(ctx, s, out) || slashed(ctx, s, out) || stamp_clf(s, out) || day_first(ctx, s, out) ||
           websphere(ctx, s, out) || short_date(ctx, s, out) || digits_date(ctx, s, out) || epoch(s, out) ||
           clock_only(s, out) || float_epoch(s, out) || without_year(ctx, s, out);
}
