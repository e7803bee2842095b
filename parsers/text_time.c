#include "parsers/text_time.h"

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

/* hh:mm:ss at the offset, a space for the first digit; sep NUL: hhmmss. The bytes it takes, or 0. */
static size_t clock_at(struct slice s, size_t at, char sep, struct civil *c)
{
    size_t step = sep ? 3 : 2;
    bool padded = at < s.n && s.p[at] == ' ';
    c->hour = digits_at(s, at + padded, 2 - padded);
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
    slice_skip(&rest, fraction_at(rest, &c.micro));
    if (!stamp_civil(&c, &us) || (rest.n && ascii_alnum(rest.p[0])))
        return false;
    bool utc = slice_starts(rest, SLICE(" UTC"));
    slice_skip(&rest, utc ? 4 : 0);
    *out = utc ? us : local(ctx, us);
    *s = rest;
    return true;
}

/* Where month and day stand behind a year of two digits, and what separates the numbers of the clock. */
static const struct short_form {
    size_t month, day;
    char sep;
} short_forms[] = {{2, 4, '\0'}, {3, 6, ':'}};

/* yy/mm/dd hh:mm:ss (log4j of Spark), yymmdd hhmmss (of HDFS) and yymmdd hh:mm:ss (old MySQL). */
static bool short_date(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    bool slash = s->n > 8 && s->p[2] == '/' && s->p[5] == '/';
    const struct short_form *form = &short_forms[slash];
    struct civil c = {
        .year = digits_at(*s, 0, 2), .month = digits_at(*s, form->month, 2), .day = digits_at(*s, form->day, 2)};
    size_t n = form->day + 2;
    if (c.year < 0 || c.month < 0 || c.day < 0 || s->n <= n || s->p[n] != ' ')
        return false;
    c.year += 2000;
    size_t clock = clock_at(*s, n + 1, form->sep, &c);
    return clock && finish(ctx, s, n + 1 + clock, c, out);
}

/* dd-Mon-yyyy hh:mm:ss (PHP), dd Mon yyyy hh:mm:ss (Redis) and dd/Mon/yyyy hh:mm:ss (Django). */
static bool day_first(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    struct civil c = {.day = digits_at(*s, 0, 2), .month = stamp_month(slice_from(*s, 3)), .year = digits_at(*s, 7, 4)};
    if (c.day < 0 || !c.month || c.year < 0 || s->n < 20 || s->p[2] != s->p[6] || !slice_chr(SLICE("- /"), s->p[2]) ||
        s->p[11] != ' ')
        return false;
    size_t clock = clock_at(*s, 12, ':', &c);
    return clock && finish(ctx, s, 12 + clock, c, out);
}

/* "h:mm:ss" or "h:mm", of 1 to 12 hours: the bytes it takes, or 0. */
static size_t twelve_hours_at(struct slice s, bool seconds, struct civil *c)
{
    size_t n = s.n > 1 && s.p[1] == ':' ? 1 : 2;
    c->hour = digits_at(s, 0, n);
    c->minute = digits_at(s, n + 1, 2);
    c->second = seconds ? digits_at(s, n + 4, 2) : 0;
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

/* "Nov 23, 2026 10:00:00 AM" of java.util.logging. */
static bool java_date(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    size_t n = s->n > 5 && s->p[5] == ',' ? 5 : 6;
    if (s->n < 20 || s->p[n] != ',' || s->p[3] != ' ')
        return false;
    struct civil c = {.month = stamp_month(*s), .day = digits_at(*s, 4, n - 4), .year = digits_at(*s, n + 2, 4)};
    if (!c.month || c.day < 0 || c.year < 0)
        return false;
    size_t clock = half_day_at(slice_from(*s, n + 7), true, &c);
    return clock && finish(ctx, s, n + 7 + clock, c, out);
}

/* yyyy.mm.dd, yyyy-mm-dd and yyyymmdd: the bytes it takes, or 0. */
static size_t year_first(struct slice s, struct civil *c)
{
    c->year = digits_at(s, 0, 4);
    if (c->year < 0)
        return 0;
    char sep = s.n > 10 ? s.p[4] : '\0';
    bool marked = (sep == '.' || sep == '-') && s.p[7] == sep;
    c->month = digits_at(s, marked ? 5 : 4, 2);
    c->day = digits_at(s, marked ? 8 : 6, 2);
    return marked ? 10 : 8;
}

/* dd.mm.yyyy and, told by what can be a month, dd/mm/yyyy or mm/dd/yyyy: the bytes it takes, or 0. */
static size_t year_last(struct slice s, struct civil *c)
{
    char sep = s.n > 10 ? s.p[2] : '\0';
    if ((sep != '.' && sep != '/') || s.p[5] != sep)
        return 0;
    int first = digits_at(s, 0, 2), second = digits_at(s, 3, 2);
    bool day_first = sep == '.' || first > 12;
    c->year = digits_at(s, 6, 4);
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

/* Dates of digits alone, but for ISO's, and hh:mm:ss behind them, of twelve hours too. */
static bool digits_date(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    struct civil c = {0};
    size_t n = year_first(*s, &c);
    if (!n && !(n = year_last(*s, &c)))
        return false;
    struct slice rest = slice_from(*s, n);
    size_t gap = gap_at(rest), clock = half_day_at(slice_from(rest, gap), true, &c);
    if (!clock)
        clock = clock_at(rest, gap, ':', &c);
    return clock && gap && c.year >= 1970 && finish(ctx, s, n + gap + clock, c, out);
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
    if (next != ']' && (next != ' ' || (n == 10 && rest.p == s->p + n)))
        return false;
    *out = us;
    *s = rest;
    return true;
}

/* hh:mm:ss with an optional fraction, or 10:00AM of zerolog: it says no day. */
static bool clock_only(struct slice *s, int64_t *out)
{
    struct civil c = {0};
    int32_t micro;
    size_t n = clock_at(*s, 0, ':', &c), half = n ? 0 : half_day_at(*s, false, &c);
    if (!(n || half) || c.hour > 23 || c.minute > 59 || c.second > 60)
        return false;
    n += half + fraction_at(slice_from(*s, n + half), &micro);
    if (n >= s->n || (s->p[n] != ' ' && s->p[n] != ']'))
        return false;
    *out = RECORD_NO_TIME;
    slice_skip(s, n);
    return true;
}

static bool month_first(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    int64_t us;
    bool zone = false;
    if (!stamp_rfc3164(s, ctx->now_us, ctx->memo, &us, &zone))
        return java_date(ctx, s, out);
    *out = zone ? us : local(ctx, us);
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
    slice_skip(s, fraction_at(*s, &twice));
    *out = zone ? us : local(ctx, us);
    return true;
}

/* nginx, and Go's log package, which may add microseconds. */
static bool slashed(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    int64_t us;
    int32_t micro;
    if (!stamp_nginx(s, &us))
        return false;
    slice_skip(s, fraction_at(*s, &micro));
    *out = local(ctx, us + micro);
    return true;
}

static bool stamp_from(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    if (!s->n)
        return false;
    if (!ascii_digit(s->p[0]))
        return month_first(ctx, s, out);
    return iso(ctx, s, out) || slashed(ctx, s, out) || stamp_clf(s, out) || day_first(ctx, s, out) ||
           short_date(ctx, s, out) || digits_date(ctx, s, out) || epoch(s, out) || clock_only(s, out);
}

static bool klog_civil(const struct parse_ctx *ctx, struct civil c, bool has_year, int64_t *us)
{
    return has_year ? c.year >= 1970 && stamp_civil(&c, us) : stamp_latest_year(c, ctx->now_us, us);
}

/* "1123 10:00:00.123456" at the offset, with a year in front where at is not 1. Without it the year is as
 * stamp_latest_year has it. */
static bool klog_time(const struct parse_ctx *ctx, struct slice s, size_t at, int64_t *out)
{
    bool has_year = at > 1;
    int64_t us;
    struct civil c = {
        .year = has_year ? digits_at(s, 1, 4) : 0, .month = digits_at(s, at, 2), .day = digits_at(s, at + 2, 2)};
    if (s.n < at + 21 || s.p[at + 4] != ' ' || !ascii_digit(s.p[at + 5]) || !clock_at(s, at + 5, ':', &c) ||
        s.p[at + 13] != '.')
        return false;
    c.micro = digits_at(s, at + 14, 6);
    if (c.micro < 0 || !klog_civil(ctx, c, has_year, &us))
        return false;
    *out = local(ctx, us);
    return true;
}

/* "E1123 10:00:00.123456    7 file.go:12] message" of glog and klog. Newer glog writes the year: "E20261123 …". */
static bool klog(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    if (!s->n || !slice_chr(SLICE("IWEF"), *s->p))
        return false;
    size_t at = digits_at(*s, 1, 8) >= 0 ? 5 : 1;
    int64_t us;
    if (!klog_time(ctx, *s, at, &us))
        return false;
    struct slice rest = slice_from(*s, at + 20);
    while (rest.n && *rest.p == ' ')
        slice_skip(&rest, 1);
    size_t n = slice_span(rest, ascii_digit);
    h->procid = slice_sub(rest, 0, n);
    const char *end = slice_chr(slice_sub(rest, 0, 200), ']');
    if (!end || n >= rest.n || rest.p[n] != ' ')
        return false;
    struct slice place = slice_sub(rest, n + 1, (size_t)(end - rest.p));
    h->logger = slice_split(&place, ':');
    h->time_us = us;
    h->level = level_from_word(slice_sub(*s, 0, 1));
    *s = slice_from(rest, (size_t)(end - rest.p) + 1);
    return true;
}

/* "7:M ", process and role, in front of a time: the digits of the process, or 0. */
static size_t redis_pid(struct slice s)
{
    size_t n = slice_span(slice_sub(s, 0, 10), ascii_digit);
    return n && s.n >= n + 30 && s.p[n] == ':' && strchr("MSCX", s.p[n + 1]) && s.p[n + 2] == ' ' ? n : 0;
}

/* "7:M 23 Nov 2026 10:00:00.123 # message" of Redis, whose levels are . - * and # */
static bool redis(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    static const enum level levels[] = {LEVEL_DEBUG, LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING};
    static const struct slice marks = {".-*#", 4};
    size_t n = redis_pid(*s);
    struct slice rest = slice_from(*s, n + 3);
    if (!n || !day_first(ctx, &rest, &h->time_us) || rest.n < 3 || rest.p[0] != ' ' || rest.p[2] != ' ')
        return false;
    const char *mark = slice_chr(marks, rest.p[1]);
    if (!mark)
        return false;
    h->level = levels[mark - marks.p];
    h->procid = slice_sub(*s, 0, n);
    *s = slice_from(rest, 2);
    return true;
}

/* "7:signal-handler (1795428000) message" of Redis. */
static bool redis_signal(struct slice *s, struct text_head *h)
{
    struct slice rest = *s, pid = slice_split(&rest, ':');
    uint64_t n;
    if (!slice_u64(pid, &n) || !slice_starts(rest, SLICE("signal-handler (")))
        return false;
    slice_skip(&rest, 16);
    if (!stamp_epoch(&rest, &h->time_us) || !slice_starts(rest, SLICE(") ")))
        return false;
    h->procid = pid;
    h->level = LEVEL_INFO;
    *s = slice_from(rest, 2);
    return true;
}

/* "ERRO[0012] message" of logrus on a terminal: seconds since the start, or the time in brackets. */
static bool logrus(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    struct slice rest = slice_from(*s, 5);
    if (s->n < 12 || s->p[4] != '[' || s->p[0] < 'A' || s->p[0] > 'Z' ||
        (h->level = level_from_word(slice_sub(*s, 0, 4))) == LEVEL_NONE)
        return false;
    h->time_us = RECORD_NO_TIME;
    if (digits_at(rest, 0, 4) >= 0 && rest.p[4] == ']')
        slice_skip(&rest, 4);
    else if (!stamp_from(ctx, &rest, &h->time_us))
        return false;
    if (!slice_starts(rest, SLICE("] ")))
        return false;
    *s = slice_from(rest, 2);
    return true;
}

/* "[Nest] 7  - 11/23/2026, 10:00:00 AM     LOG [Router] message" */
static bool nest(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    struct slice rest = slice_from(*s, 7);
    size_t n = 0;
    if (!slice_starts(*s, SLICE("[Nest] ")))
        return false;
    while (n < rest.n && ascii_digit(rest.p[n]))
        n++;
    h->procid = slice_sub(rest, 0, n);
    ptrdiff_t dash = slice_find(slice_sub(rest, 0, 20), SLICE(" - "));
    slice_skip(&rest, dash < 0 ? 0 : (size_t)dash + 3);
    if (dash < 0 || !stamp_from(ctx, &rest, &h->time_us))
        return false;
    *s = rest;
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
    slice_skip(&rest, ruby ? 3 : 0);
    if (!slice_starts(rest, SLICE("[")))
        return false;
    slice_skip(&rest, 1);
    if (!stamp_from(ctx, &rest, &h->time_us))
        return false;
    const char *end = slice_chr(slice_sub(rest, 0, 120), ']');
    if (!end)
        return false;
    bracket_rest(slice_sub(rest, 0, (size_t)(end - rest.p)), h);
    *s = slice_from(rest, (size_t)(end - rest.p) + 1);
    return true;
}

static bool known_head(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    return s->n && (nest(ctx, s, h) || bracketed(ctx, s, h) || klog(ctx, s, h) || redis(ctx, s, h) ||
                    redis_signal(s, h) || logrus(ctx, s, h) || stamp_from(ctx, s, &h->time_us));
}

/* Collectors and grep put the file's name before the line; Go's log package a prefix, with a colon by habit. */
static bool head_behind_name(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    struct slice rest = *s, name = slice_split(&rest, ' '), after = rest;
    bool file = slice_find(name, SLICE(".log")) >= 0, go = name.n > 1 && name.p[name.n - 1] == ':';
    if (name.n >= 120 || !(file || (go && stamp_nginx(&after, &(int64_t){0}))) || !stamp_from(ctx, &rest, &h->time_us))
        return false;
    if (go && !file)
        h->logger = slice_sub(name, 0, name.n - 1);
    *s = rest;
    return true;
}

bool text_head(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    static const struct text_head none = {.time_us = RECORD_NO_TIME};
    *h = none;
    if (known_head(ctx, s, h))
        return true;
    *h = none;
    if (head_behind_name(ctx, s, h))
        return true;
    *h = none;
    return false;
}
