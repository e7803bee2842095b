#include "parsers/text_head.h"

#include "parsers/text_parts.h"
#include "parsers/text_time.h"

enum { CENTURY = 2000, PLACE_MAX = 200, BRACKET_MAX = 120 };

/* --- letter and date: glog, klog, CockroachDB --- */

/* The year of that many digits behind the letter; 0: none is written. */
static int klog_year(struct slice s, size_t digits)
{
    int year = digits ? text_time_digits(s, 1, digits) : 0;
    return digits == 2 ? year + CENTURY : year;
}

static bool klog_civil(const struct parse_ctx *ctx, struct civil c, int64_t *us)
{
    return c.year ? c.year >= 1970 && stamp_civil(&c, us) : stamp_latest_year(c, ctx->now_us, us);
}

/* "1123 10:00:00.123456" at the offset, with a year of none, two or four digits in front. Without it the year is the
 * one nearest to now. */
static bool klog_time(const struct parse_ctx *ctx, struct slice s, size_t at, int64_t *out)
{
    int64_t us;
    struct civil c = {
        .year = klog_year(s, at - 1), .month = text_time_digits(s, at, 2), .day = text_time_digits(s, at + 2, 2)};
    if (s.n < at + 21 || s.p[at + 4] != ' ' || !ascii_digit(s.p[at + 5]) || !text_time_clock(s, at + 5, ':', &c) ||
        s.p[at + 13] != '.')
        return false;
    c.micro = text_time_digits(s, at + 14, 6);
    if (c.micro < 0 || !klog_civil(ctx, c, &us))
        return false;
    *out = text_time_local(ctx, us);
    return true;
}

/* "file.go:12] " or, of CockroachDB, "1@file.go:12 ⋮ ": the file, and what is behind. */
static bool klog_place(struct slice *s, struct slice *file)
{
    struct slice front = slice_sub(*s, 0, PLACE_MAX);
    const char *end = slice_chr(front, ']'), *blank = slice_chr(front, ' ');
    if (!end && !blank)
        return false;
    bool marked =
        blank && (!end || blank < end) && slice_starts(slice_of(blank, (size_t)(s->p + s->n - blank)), SLICE(" ⋮ "));
    if (!end && !marked)
        return false;
    struct slice place = slice_of(s->p, (size_t)((marked ? blank : end) - s->p));
    *s = slice_from(*s, place.n + (marked ? sizeof " ⋮" - 1 : 1));
    *file = slice_split(&place, ':');
    return true;
}

/* "E1123 10:00:00.123456    7 file.go:12] message" of glog and klog. Newer glog writes the year: "E20261123 …",
 * CockroachDB two digits of it. */
static bool klog(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    if (!s->n || !slice_chr(SLICE("IWEF"), *s->p))
        return false;
    size_t at = text_time_digits(*s, 1, 8) >= 0 ? 5 : text_time_digits(*s, 1, 6) >= 0 ? 3 : 1;
    int64_t us;
    if (!klog_time(ctx, *s, at, &us))
        return false;
    struct slice rest = slice_from(*s, at + 20);
    while (rest.n && *rest.p == ' ')
        slice_skip(&rest, 1);
    size_t n = slice_span(rest, ascii_digit);
    h->procid = slice_sub(rest, 0, n);
    if (n >= rest.n || rest.p[n] != ' ')
        return false;
    slice_skip(&rest, n + 1);
    if (!klog_place(&rest, &h->logger))
        return false;
    h->time_us = us;
    h->level = level_from_word(slice_sub(*s, 0, 1));
    *s = rest;
    return true;
}

/* --- Redis --- */

/* " # " behind the time, whose marks are . - * and # */
static bool redis_mark(struct slice *s, struct text_head *h)
{
    static const enum level levels[] = {LEVEL_DEBUG, LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING};
    static const struct slice marks = {".-*#", 4};
    if (s->n < 3 || s->p[0] != ' ' || s->p[2] != ' ')
        return false;
    const char *mark = slice_chr(marks, s->p[1]);
    if (!mark)
        return false;
    h->level = levels[mark - marks.p];
    slice_skip(s, 2);
    return true;
}

/* "7:M ", process and role, in front of a time: the digits of the process, or 0. */
static size_t redis_pid(struct slice s)
{
    size_t n = slice_span(slice_sub(s, 0, 10), ascii_digit);
    return n && s.n >= n + 20 && s.p[n] == ':' && strchr("MSCX", s.p[n + 1]) && s.p[n + 2] == ' ' ? n : 0;
}

/* "23 Nov 10:00:00.123": the year is the one nearest to now. */
static bool redis_old_time(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    struct civil c = {.day = text_time_digits(*s, 0, 2), .month = stamp_month(slice_from(*s, 3))};
    int64_t us;
    if (c.day < 0 || !c.month || s->n < 15 || s->p[2] != ' ' || s->p[6] != ' ' || !text_time_clock(*s, 7, ':', &c))
        return false;
    struct slice rest = slice_from(*s, 15);
    slice_skip(&rest, text_time_fraction(rest, &c.micro));
    if (!stamp_latest_year(c, ctx->now_us, &us))
        return false;
    *out = text_time_local(ctx, us);
    *s = rest;
    return true;
}

/* "7:M 23 Nov 2026 10:00:00.123 # message"; before 5.0 there was no year. */
static bool redis(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    size_t n = redis_pid(*s);
    struct slice rest = slice_from(*s, n + 3);
    if (!n || !(redis_old_time(ctx, &rest, &h->time_us) || text_time(ctx, &rest, &h->time_us)) || !redis_mark(&rest, h))
        return false;
    h->procid = slice_sub(*s, 0, n);
    *s = rest;
    return true;
}

/* To 2.8: "[7] 23 Nov 10:00:00.123 # message". */
static bool redis_old(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    struct slice rest = slice_from(*s, 1), pid = slice_sub(rest, 0, slice_span(slice_sub(rest, 0, 10), ascii_digit));
    slice_skip(&rest, pid.n);
    if (*s->p != '[' || !pid.n || !slice_starts(rest, SLICE("] ")))
        return false;
    slice_skip(&rest, 2);
    if (!redis_old_time(ctx, &rest, &h->time_us) || !redis_mark(&rest, h))
        return false;
    h->procid = pid;
    *s = rest;
    return true;
}

/* "7:signal-handler (1795428000) message", to 2.8 "[7 | signal handler] (1795428000) message". */
static bool redis_signal(struct slice *s, struct text_head *h)
{
    bool old = *s->p == '[';
    struct slice rest = slice_from(*s, old), pid = slice_sub(rest, 0, slice_span(slice_sub(rest, 0, 10), ascii_digit));
    struct slice words = old ? SLICE(" | signal handler] (") : SLICE(":signal-handler (");
    slice_skip(&rest, pid.n);
    if (!pid.n || !slice_starts(rest, words))
        return false;
    slice_skip(&rest, words.n);
    if (!stamp_epoch(&rest, &h->time_us) || !slice_starts(rest, SLICE(") ")))
        return false;
    h->procid = pid;
    h->level = LEVEL_INFO;
    *s = slice_from(rest, 2);
    return true;
}

/* --- OpenLDAP --- */

/* Eight digits at the offset; -1: they are others. */
static int64_t hex_word(struct slice s, size_t at)
{
    enum { DIGITS = 8 };
    int64_t value = 0;
    for (size_t i = at; i < at + DIGITS; i++) {
        int digit = i < s.n ? ascii_hex_value(s.p[i]) : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* "6b0d9b7c.0e86abe2 0x7fc4042ce200 message" of slapd's own log since 2.5: seconds, nanoseconds, the thread. */
static bool openldap(struct slice *s, struct text_head *h)
{
    enum { THREAD_AT = 18 };
    if (s->n <= THREAD_AT || s->p[8] != '.' || !slice_starts(slice_from(*s, THREAD_AT - 1), SLICE(" 0x")))
        return false;
    int64_t seconds = hex_word(*s, 0), nano = hex_word(*s, 9);
    struct slice rest = slice_from(*s, THREAD_AT), thread = slice_split(&rest, ' ');
    if (seconds < 0 || nano < 0 || nano >= 1000000000 || !rest.p)
        return false;
    h->time_us = seconds * 1000000 + nano / 1000;
    h->procid = thread;
    *s = rest;
    return true;
}

/* --- Zabbix --- */

/* "812:20261123:100000.123 message": the process, then date and time without marks. */
static bool zabbix(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    enum { PID_MAX = 10, STAMP = 19 };
    size_t n = slice_span(slice_sub(*s, 0, PID_MAX), ascii_digit), at = n + 1;
    if (s->n <= at + STAMP || s->p[n] != ':' || s->p[at + 8] != ':' || s->p[at + 15] != '.' || s->p[at + STAMP] != ' ')
        return false;
    struct civil c = {.year = text_time_digits(*s, at, 4),
                      .month = text_time_digits(*s, at + 4, 2),
                      .day = text_time_digits(*s, at + 6, 2),
                      .hour = text_time_digits(*s, at + 9, 2),
                      .minute = text_time_digits(*s, at + 11, 2),
                      .second = text_time_digits(*s, at + 13, 2)};
    int milli = text_time_digits(*s, at + 16, 3);
    int64_t us;
    if (c.year < 1970 || c.hour < 0 || c.minute < 0 || c.second < 0 || milli < 0 || !stamp_civil(&c, &us))
        return false;
    h->time_us = text_time_local(ctx, us + milli * 1000);
    h->procid = slice_sub(*s, 0, n);
    *s = slice_from(*s, at + STAMP + 1);
    return true;
}

/* --- a level and a time in brackets behind it --- */

/* "11-23|10:00:00.123" of log15: the year is the one nearest to now. */
static bool log15_time(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    struct civil c = {.month = text_time_digits(*s, 0, 2), .day = text_time_digits(*s, 3, 2)};
    int64_t us;
    if (c.month < 0 || c.day < 0 || s->n < 14 || s->p[2] != '-' || s->p[5] != '|' || !text_time_clock(*s, 6, ':', &c))
        return false;
    struct slice rest = slice_from(*s, 14);
    slice_skip(&rest, text_time_fraction(rest, &c.micro));
    if (!stamp_latest_year(c, ctx->now_us, &us))
        return false;
    *out = text_time_local(ctx, us);
    *s = rest;
    return true;
}

/* The word in capitals at the front and the bracket behind it, also with a blank between them. */
static size_t level_and_bracket(struct slice s, enum level *level)
{
    size_t n = slice_span(slice_sub(s, 0, 6), ascii_capital), bracket = n + (n < s.n && s.p[n] == ' ');
    if (n < 4 || n > 5 || bracket >= s.n || s.p[bracket] != '[')
        return 0;
    *level = level_from_word(slice_sub(s, 0, n));
    return *level == LEVEL_NONE ? 0 : bracket + 1;
}

/* "ERRO[0012] message" of logrus on a terminal: seconds since the start, or the time in brackets; and log15's
 * "EROR[11-23|10:00:00] message". */
static bool logrus(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    size_t n = ascii_capital(*s->p) && s->n > 11 ? level_and_bracket(*s, &h->level) : 0;
    struct slice rest = slice_from(*s, n);
    if (!n)
        return false;
    h->time_us = RECORD_NO_TIME;
    if (text_time_digits(rest, 0, 4) >= 0 && slice_starts(slice_from(rest, 4), SLICE("]")))
        slice_skip(&rest, 4);
    else if (!log15_time(ctx, &rest, &h->time_us) && !text_time(ctx, &rest, &h->time_us))
        return false;
    if (!slice_starts(rest, SLICE("] ")))
        return false;
    *s = slice_from(rest, 2);
    return true;
}

/* --- a time in brackets --- */

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
    if (dash < 0 || !text_time(ctx, &rest, &h->time_us))
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

/* "  0], "  5, pid=812, effective(0, 0), class=auth]" of Samba behind the time and a comma: the debug level, as it
 * tells syslog, and then a place in its source, and the message in lines of their own. */
static bool samba_rest(struct slice text, struct text_head *h)
{
    enum { INDENT = 2, WARNINGS = 1, NOTICES = 9 };
    uint64_t number;
    if (!starts(text, ", "))
        return false;
    slice_skip(&text, 1);
    skip_spaces(&text);
    struct slice digits = slice_split(&text, ',');
    if (digits.n > 3 || !slice_u64(digits, &number))
        return false;
    h->level = number == 0          ? LEVEL_ERROR
               : number <= WARNINGS ? LEVEL_WARNING
               : number <= NOTICES  ? LEVEL_INFO
                                    : LEVEL_DEBUG;
    h->indent = INDENT;
    if (starts(text, " pid="))
        h->procid = slice_sub(text, strlen(" pid="),
                              strlen(" pid=") + slice_span(slice_from(text, strlen(" pid=")), ascii_digit));
    return true;
}

/* CUPS has letters of its own: X is an emergency, A an alert. */
static enum level level_of_letter(char letter)
{
    return strchr("XA", letter) ? LEVEL_FATAL : level_from_word(slice_of(&letter, 1));
}

/* A letter and a blank, which is the level, also behind a blank: "[E 10:00:00 app] ", "[ E 2026-…" of Passenger. */
static void letter_in_front(struct slice *s, struct text_head *h)
{
    struct slice rest = *s;
    skip_spaces(&rest);
    if (rest.n < 3 || !slice_chr(SLICE("EWIDCF"), *rest.p) || rest.p[1] != ' ')
        return;
    h->level = level_of_letter(*rest.p);
    *s = slice_from(rest, 2);
}

/* What stands before the bracket: "E, " of Ruby, which says the level again behind the time, "E " of CUPS, WebLogic's
 * "####". */
static void skip_before_bracket(struct slice *s, struct text_head *h)
{
    if (s->n < 4)
        return;
    if (ascii_alpha(*s->p) && slice_starts(slice_from(*s, 1), SLICE(", ["))) {
        slice_skip(s, 3);
    } else if (slice_chr(SLICE("XACEWNIDd"), *s->p) && slice_starts(slice_from(*s, 1), SLICE(" ["))) {
        h->level = level_of_letter(*s->p);
        slice_skip(s, 2);
    } else if (slice_starts(*s, SLICE("####<"))) {
        slice_skip(s, 4);
    }
}

/* "[time]", "[time LEVEL name]", Ruby's "E, [time #7] ERROR -- prog: ", "<time>" and "[#|time|" of Java's servers and
 * of PostgreSQL. */
static bool bracketed(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    struct slice rest = *s;
    skip_before_bracket(&rest, h);
    char open = *rest.p;
    if (open != '[' && open != '<')
        return false;
    bool bars = slice_starts(rest, SLICE("[#|"));
    slice_skip(&rest, bars ? 3 : 1);
    letter_in_front(&rest, h);
    skip_spaces(&rest);
    if (!text_time(ctx, &rest, &h->time_us))
        return false;
    const char *end = slice_chr(slice_sub(rest, 0, BRACKET_MAX), bars ? '|' : open == '[' ? ']' : '>');
    if (!end)
        return false;
    struct slice behind = slice_sub(rest, 0, (size_t)(end - rest.p));
    if (open == '[' && !samba_rest(behind, h))
        bracket_rest(behind, h);
    *s = slice_from(rest, (size_t)(end - rest.p) + !bars);
    return true;
}

/* --- a head alone, the message in the lines behind it --- */

/* "3-Nov-2026::10:00:00.123456" of Erlang. */
static bool erlang_time(const struct parse_ctx *ctx, struct slice *s, int64_t *out)
{
    size_t n = s->n > 1 && s->p[1] == '-' ? 1 : 2;
    struct civil c = {.day = text_time_digits(*s, 0, n),
                      .month = stamp_month(slice_from(*s, n + 1)),
                      .year = text_time_digits(*s, n + 5, 4)};
    int64_t us;
    if (c.day < 0 || !c.month || c.year < 1970 || !slice_starts(slice_from(*s, n + 9), SLICE("::")) ||
        !text_time_clock(*s, n + 11, ':', &c))
        return false;
    struct slice rest = slice_from(*s, n + 19);
    slice_skip(&rest, text_time_fraction(rest, &c.micro));
    if (!stamp_civil(&c, &us))
        return false;
    *out = text_time_local(ctx, us);
    *s = rest;
    return true;
}

/* "=ERROR REPORT==== 23-Nov-2026::10:00:00 ===" of Erlang to 20, and so of RabbitMQ to 3.6; what crashed and what
 * supervisors say has a grammar of its own. */
static bool erlang_report(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    struct slice rest = slice_from(*s, 1), word = slice_split(&rest, ' ');
    bool report = slice_is(word, "ERROR") || slice_is(word, "WARNING") || slice_is(word, "INFO");
    if (*s->p != '=' || !report || !slice_starts(rest, SLICE("REPORT==== ")))
        return false;
    slice_skip(&rest, sizeof "REPORT==== " - 1);
    if (!erlang_time(ctx, &rest, &h->time_us) || !slice_is(slice_trim(rest), "==="))
        return false;
    h->level = level_from_word(word);
    h->paragraph = true;
    *s = slice_from(*s, s->n);
    return true;
}

/* --- something before the time --- */

/* Collectors and grep put the file's name before the line; Go's log package a prefix, with a colon by habit. */
static bool behind_name(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    struct slice rest = *s, name = slice_split(&rest, ' '), after = rest;
    bool file = slice_find(name, SLICE(".log")) >= 0, go = name.n > 1 && name.p[name.n - 1] == ':';
    if (name.n >= BRACKET_MAX || !(file || (go && stamp_nginx(&after, &(int64_t){0}))) ||
        !text_time(ctx, &rest, &h->time_us))
        return false;
    name = slice_sub(name, 0, name.n - go);
    h->level = go && !file && name.n > 2 ? level_from_word(name) : LEVEL_NONE;
    if (go && !file && h->level == LEVEL_NONE)
        h->logger = name;
    *s = rest;
    return true;
}

/* "[7] 2026/11/23 10:00:00 " of NATS, with a name in the brackets of Syncthing; a level there is looked for elsewhere.
 */
static bool behind_bracket(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    enum { NAME_IN_BRACKET_MAX = 40 };
    struct slice inside, rest = *s;
    size_t n = pair_at(slice_sub(rest, 0, NAME_IN_BRACKET_MAX), '[', ']', &inside);
    slice_skip(&rest, n + 1);
    bool named = n && inside.n && s->n > n && s->p[n] == ' ' && !slice_chr(inside, ' ');
    if (!named || level_from_word(inside) != LEVEL_NONE || !text_time(ctx, &rest, &h->time_us) ||
        h->time_us == RECORD_NO_TIME)
        return false;
    h->procid = all_digits(inside) ? inside : SLICE_NONE;
    *s = rest;
    return true;
}

typedef bool head_f(const struct parse_ctx *ctx, struct slice *s, struct text_head *h);

/* What the first two bytes leave: most lines begin with a digit, and so with a time, or are text. */
static head_f *head_of(struct slice s)
{
    char next = s.n > 1 ? s.p[1] : ' ';
    if (ascii_digit(*s.p))
        return redis;
    if (*s.p == '=')
        return erlang_report;
    if (*s.p == '<' || *s.p == '#' || (ascii_alpha(*s.p) && (next == ',' || next == ' ')))
        return bracketed;
    if (!ascii_capital(*s.p))
        return NULL;
    return ascii_digit(next) ? klog : ascii_capital(next) ? logrus : NULL;
}

/* A head that is known by more than its time. */
static bool known_head(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    static const struct text_head none = {.time_us = RECORD_NO_TIME};
    static head_f *const brackets[] = {nest, bracketed, redis_old, behind_bracket};
    bool bracket = *s->p == '[';
    head_f *one = bracket ? NULL : head_of(*s);
    for (size_t i = 0; bracket && i < sizeof brackets / sizeof *brackets; i++, *h = none)
        if (brackets[i](ctx, s, h))
            return true;
    if (one && one(ctx, s, h))
        return true;
    return (bracket || one == redis) && redis_signal(s, h);
}

bool text_head(const struct parse_ctx *ctx, struct slice *s, struct text_head *h)
{
    static const struct text_head none = {.time_us = RECORD_NO_TIME};
    *h = none;
    if (!s->n)
        return false;
    if (known_head(ctx, s, h))
        return true;
    *h = none;
    if (text_time(ctx, s, &h->time_us))
        return true;
    *h = none;
    if (ascii_digit(*s->p) && (openldap(s, h) || zabbix(ctx, s, h)))
        return true;
    if (behind_name(ctx, s, h))
        return true;
    *h = none;
    return false;
}
