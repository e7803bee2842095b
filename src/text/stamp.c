#include "text/stamp.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400 };

/* Two clocks that write into one file disagree by this much before a step back is taken for the end of summer
   time: a worker that was held up stamps its line with the time its event loop last looked at. */
#define OVERLAP_SLACK_US (10 * STAMP_SECOND)

/* Days from 1970-01-01 of the Gregorian calendar, years 0 to 9999. Years are counted from March, so that the
   leap day is the last of its year and no month needs a table. */
static int64_t days_of(int year, int month, int day)
{
    int y = month > 2 ? year : year - 1;
    int m = month > 2 ? month - 3 : month + 9;
    return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* The other way round; any day number whose year fits an int. */
static void civil_of(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int doe = (int)(days - era * 146097);
    int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int m = (5 * doy + 2) / 153;
    *day = doy - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (int)(era * 400) + yoe + (*month <= 2);
}

static bool leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
    static const unsigned char days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && leap(year) ? 29 : days[month - 1];
}

bool stamp_civil(const struct civil *c, int64_t *utc_us)
{
    if (c->year < 1 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > month_days(c->year, c->month) || (unsigned)c->hour > 23 || (unsigned)c->minute > 59 ||
        (unsigned)c->second > 60 || (unsigned)c->micro > 999999)
        return false;
    int second = c->second == 60 ? 59 : c->second;
    int64_t s = days_of(c->year, c->month, c->day) * DAY_S + c->hour * 3600 + c->minute * 60 + second;
    *utc_us = s * STAMP_SECOND + c->micro;
    return true;
}

/* Division that rounds towards minus infinity. */
static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - (a % b < 0);
}

int64_t stamp_local(const struct zone *z, int64_t local_us, int64_t last_us)
{
    if (!z || z->n == 0)
        return local_us;
    /* The last row whose local times have begun. Rows are hours of offset but months of time apart, so their
       local beginnings ascend as well. */
    int64_t local_s = floor_div(local_us, STAMP_SECOND);
    unsigned lo = 0, hi = z->n;
    while (hi - lo > 1) {
        unsigned mid = lo + (hi - lo) / 2;
        if (z->rows[mid].from_utc_s <= local_s - z->rows[mid].offset_s)
            lo = mid;
        else
            hi = mid;
    }
    int64_t later = local_us - z->rows[lo].offset_s * STAMP_SECOND;
    if (lo == 0)
        return later;
    int64_t earlier_s = local_s - z->rows[lo - 1].offset_s;
    if (earlier_s >= z->rows[lo].from_utc_s)
        return later;
    int64_t earlier = local_us - z->rows[lo - 1].offset_s * STAMP_SECOND;
    return last_us == STAMP_NONE || earlier >= last_us - OVERLAP_SLACK_US ? earlier : later;
}

int32_t stamp_offset(const struct zone *z, int64_t utc_s)
{
    unsigned lo = 0, hi = z->n;
    while (hi - lo > 1) {
        unsigned mid = lo + (hi - lo) / 2;
        if (z->rows[mid].from_utc_s <= utc_s)
            lo = mid;
        else
            hi = mid;
    }
    return z->n ? z->rows[lo].offset_s : 0;
}

/* Digits at p; *bad collects whether any of them was none. */
static inline int two(const char *p, unsigned *bad)
{
    unsigned a = (unsigned)(unsigned char)p[0] - '0', b = (unsigned)(unsigned char)p[1] - '0';
    *bad |= (a > 9) | (b > 9);
    return (int)(a * 10 + b);
}

static inline int four(const char *p, unsigned *bad)
{
    return two(p, bad) * 100 + two(p + 2, bad);
}

/* hh:mm:ss at p, which has 8 bytes. */
static inline bool clock_at(const char *p, struct civil *c)
{
    unsigned bad = (p[2] != ':') | (p[5] != ':');
    c->hour = two(p, &bad);
    c->minute = two(p + 3, &bad);
    c->second = two(p + 6, &bad);
    return !bad;
}

/* yyyy?mm?dd at p, which has 10 bytes. */
static inline bool date_at(const char *p, char sep, struct civil *c)
{
    unsigned bad = (p[4] != sep) | (p[7] != sep);
    c->year = four(p, &bad);
    c->month = two(p + 5, &bad);
    c->day = two(p + 8, &bad);
    return !bad;
}

static void advance(struct slice *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

bool stamp_nginx(struct slice *s, int64_t *out)
{
    struct civil c = {0};
    if (s->n < 19 || s->p[10] != ' ' || !date_at(s->p, '/', &c) || !clock_at(s->p + 11, &c) || !stamp_civil(&c, out))
        return false;
    advance(s, 19);
    return true;
}

/* Three bytes as a number, to compare them at once. */
#define THREE(a, b, c) ((uint32_t)(unsigned char)(a) << 16 | (uint32_t)(unsigned char)(b) << 8 | (unsigned char)(c))

static uint32_t three_lower(struct slice s)
{
    return s.n < 3 ? 0 : THREE(ascii_lower(s.p[0]), ascii_lower(s.p[1]), ascii_lower(s.p[2]));
}

/* Most lines that are asked about begin with a digit. */
static bool begins_with_letter(struct slice s)
{
    return s.n && ascii_alpha(*s.p);
}

int stamp_month(struct slice s)
{
    static const uint32_t names[12] = {THREE('j', 'a', 'n'), THREE('f', 'e', 'b'), THREE('m', 'a', 'r'),
                                       THREE('a', 'p', 'r'), THREE('m', 'a', 'y'), THREE('j', 'u', 'n'),
                                       THREE('j', 'u', 'l'), THREE('a', 'u', 'g'), THREE('s', 'e', 'p'),
                                       THREE('o', 'c', 't'), THREE('n', 'o', 'v'), THREE('d', 'e', 'c')};
    uint32_t name = three_lower(s);
    for (int m = 0; begins_with_letter(s) && m < 12; m++)
        if (name == names[m])
            return m + 1;
    return 0;
}

static bool boundary(struct slice s, size_t at)
{
    return at >= s.n || !ascii_alnum(s.p[at]);
}

/* hh or :hh behind the hours of an offset: the bytes it takes, 0 when there is none. */
static size_t offset_minutes_at(struct slice s, int *minute)
{
    unsigned bad = 0;
    size_t at = s.n && s.p[0] == ':';
    if (s.n < at + 2 || !ascii_digit(s.p[at]) || !ascii_digit(s.p[at + 1]))
        return 0;
    *minute = two(s.p + at, &bad);
    return at + 2;
}

/* +hh:mm, +hhmm or (short_ok) +hh at the front, either sign; the bytes it takes, 0 when there is none. */
static size_t offset_at(struct slice s, bool short_ok, int32_t *offset_s)
{
    if (s.n < 3 || (s.p[0] != '+' && s.p[0] != '-'))
        return 0;
    unsigned bad = 0;
    int hour = two(s.p + 1, &bad), minute = 0;
    size_t minutes = offset_minutes_at(slice_from(s, 3), &minute), n = 3 + minutes;
    if (!minutes && !short_ok)
        return 0;
    if (bad || hour > 23 || minute > 59 || (n < s.n && ascii_digit(s.p[n])))
        return 0;
    *offset_s = (hour * 3600 + minute * 60) * (s.p[0] == '-' ? -1 : 1);
    return n;
}

enum { CLF_BYTES = 20 }; /* without the zone */

/* "23/Nov/2026" and, behind the mark, "10:00:00". */
static bool clf_civil(struct slice s, char mark, int64_t *us)
{
    struct civil c = {0};
    if (s.n < CLF_BYTES)
        return false;
    const char *p = s.p;
    unsigned bad = (p[2] != '/') | (p[6] != '/') | (p[11] != mark);
    c.day = two(p, &bad);
    c.month = stamp_month(slice_from(s, 3));
    c.year = four(p + 7, &bad);
    return !bad && clock_at(p + 12, &c) && stamp_civil(&c, us);
}

bool stamp_clf_local(struct slice *s, int64_t *out)
{
    int64_t us;
    if (!clf_civil(*s, ' ', &us))
        return false;
    *out = us;
    advance(s, CLF_BYTES);
    return true;
}

bool stamp_clf(struct slice *s, int64_t *out)
{
    int32_t offset_s;
    int64_t us;
    if (s->n < 26 || s->p[20] != ' ')
        return false;
    size_t zone = offset_at(slice_sub(*s, 21, 26), false, &offset_s);
    if (zone != 5 || !clf_civil(*s, ':', &us))
        return false;
    *out = us - offset_s * STAMP_SECOND;
    advance(s, 26);
    return true;
}

/* A fraction of a second behind . or , : the bytes it takes, 0 when there is none. Digits beyond the ninth
 * are read over. */
static size_t fraction_at(struct slice s, int32_t *micro)
{
    if (s.n < 2 || (s.p[0] != '.' && s.p[0] != ',') || !ascii_digit(s.p[1]))
        return 0;
    int32_t v = 0, unit = 100000;
    size_t i = 1;
    for (; i < s.n && ascii_digit(s.p[i]); i++, unit /= 10)
        v += (s.p[i] - '0') * unit;
    *micro = v;
    return i;
}

/* Abbreviations that say one offset wherever they are met; AMBIGUOUS ones are read over and leave the zone
 * open. */
enum { AMBIGUOUS = 100 };
static const struct {
    char name[5];
    signed char hours;
} zone_words[] = {{"UTC", 0},  {"GMT", 0},  {"Z", 0},           {"CET", 1},         {"CEST", 2},       {"MET", 1},
                  {"MEST", 2}, {"WET", 0},  {"WEST", 1},        {"EET", 2},         {"EEST", 3},       {"MSK", 3},
                  {"JST", 9},  {"EST", -5}, {"EDT", -4},        {"CDT", -5},        {"MST", -7},       {"MDT", -6},
                  {"PST", -8}, {"PDT", -7}, {"BST", AMBIGUOUS}, {"IST", AMBIGUOUS}, {"CST", AMBIGUOUS}};

/* A zone word behind one space (Z also without): the bytes it takes, 0 when there is none. */
static size_t word_zone_at(struct slice s, int32_t *offset_s, bool *known)
{
    enum { WORD_MAX = 4 };
    size_t space = s.n && s.p[0] == ' ', n = space;
    while (n < s.n && n <= space + WORD_MAX && ascii_capital(s.p[n]))
        n++;
    struct slice word = slice_sub(s, space, n);
    if (word.n == 0 || word.n > WORD_MAX || !boundary(s, n) || (!space && !slice_is(word, "Z")))
        return 0;
    for (size_t i = 0; i < sizeof zone_words / sizeof *zone_words; i++)
        if (*word.p == *zone_words[i].name && slice_is(word, zone_words[i].name)) {
            *known = zone_words[i].hours != AMBIGUOUS;
            *offset_s = *known ? zone_words[i].hours * 3600 : 0;
            return n;
        }
    return 0;
}

/* The zone of an ISO time behind a space, with which s begins. */
static size_t spaced_zone_at(struct slice s, bool words, int32_t *offset_s, bool *known)
{
    struct slice word = slice_from(s, 1);
    if ((slice_starts(word, SLICE("UTC")) || slice_starts(word, SLICE("GMT"))) && boundary(word, 3))
        return 4;
    size_t n = words ? word_zone_at(s, offset_s, known) : 0;
    if (n > 0)
        return n;
    /* Behind a space two digits with a sign may be anything: only the long forms count, but for PostgreSQL's
     * process in brackets behind it. */
    n = offset_at(word, words && slice_starts(slice_from(word, 3), SLICE(" [")), offset_s);
    return n && boundary(word, n) ? n + 1 : 0;
}

/* The zone behind an ISO time: the bytes it takes, 0 when there is none. `words`: abbreviations too. */
static size_t iso_zone_at(struct slice s, bool words, int32_t *offset_s, bool *known)
{
    *offset_s = 0;
    *known = true;
    if (s.n && (s.p[0] == 'Z' || s.p[0] == 'z') && boundary(s, 1))
        return 1;
    size_t n = offset_at(s, true, offset_s);
    return n || s.n < 2 || s.p[0] != ' ' ? n : spaced_zone_at(s, words, offset_s, known);
}

bool stamp_rfc3339(struct slice *s, int64_t *out, bool *has_zone)
{
    struct civil c = {0};
    if (s->n < 19 || (s->p[10] != 'T' && s->p[10] != ' ' && s->p[10] != 't') || !date_at(s->p, '-', &c) ||
        !clock_at(s->p + 11, &c))
        return false;
    struct slice rest = slice_from(*s, 19);
    if (rest.n && ascii_digit(rest.p[0]))
        return false;
    advance(&rest, fraction_at(rest, &c.micro));
    int64_t us;
    if (!stamp_civil(&c, &us))
        return false;
    int32_t offset_s;
    bool known;
    size_t n = iso_zone_at(rest, s->p[10] == ' ', &offset_s, &known);
    *has_zone = n > 0 && known;
    *out = us - offset_s * STAMP_SECOND;
    advance(&rest, n);
    *s = rest;
    return true;
}

/* Such an abbreviation or an offset, +0200 or +02:00, or both; an offset counts more. */
static void zone_from(struct slice *s, int32_t *offset_s, bool *known)
{
    advance(s, word_zone_at(*s, offset_s, known));
    size_t space = s->n && s->p[0] == ' ';
    int32_t exact_s;
    struct slice sign = slice_from(*s, space);
    size_t n = offset_at(sign, false, &exact_s);
    if (!n || !boundary(sign, n))
        return;
    *offset_s = exact_s;
    *known = true;
    advance(s, space + n);
}

/* A year from `first` to 2099 at the front, or 0. A digit or a letter behind it, also behind a colon, makes
 * it something else. */
static int year_at(struct slice s, int first)
{
    unsigned bad = 0;
    if (s.n < 4 || !boundary(s, 4) || (s.n > 4 && s.p[4] == ':' && !boundary(s, 5)))
        return 0;
    int year = four(s.p, &bad);
    return !bad && year >= first && year <= 2099 ? year : 0;
}

static bool weekday_at(struct slice s)
{
    static const uint32_t names[7] = {THREE('m', 'o', 'n'), THREE('t', 'u', 'e'), THREE('w', 'e', 'd'),
                                      THREE('t', 'h', 'u'), THREE('f', 'r', 'i'), THREE('s', 'a', 't'),
                                      THREE('s', 'u', 'n')};
    uint32_t name = three_lower(s);
    bool any = false;
    for (int i = 0; begins_with_letter(s) && i < 7; i++)
        any |= name == names[i];
    return any && s.n > 3 && (s.p[3] == ' ' || s.p[3] == ',');
}

/* Takes spaces from the front; at least one must be there. */
static bool spaces(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && n < 3 && s->p[n] == ' ')
        n++;
    advance(s, n);
    return n > 0;
}

static bool day_from(struct slice *s, int *day)
{
    size_t n = 0;
    *day = 0;
    for (; n < s->n && n < 2 && ascii_digit(s->p[n]); n++)
        *day = *day * 10 + (s->p[n] - '0');
    advance(s, n);
    return n > 0;
}

/* The day of the week, if one is there. False: no space is behind it. */
static bool weekday_from(struct slice *s)
{
    if (!weekday_at(*s))
        return true;
    advance(s, s->p[3] == ',' ? 4 : 3);
    return spaces(s);
}

/* The year, if one is there. False: no space is behind it. */
static bool year_from(struct slice *s, int *year)
{
    *year = year_at(*s, 1970);
    if (!*year)
        return true;
    advance(s, 4);
    return spaces(s);
}

/* Month, day and what may stand before them; a year found on the way is kept. */
static bool bsd_date_from(struct slice *s, struct civil *c)
{
    if (s->n && (s->p[0] == '*' || s->p[0] == '.')) /* Cisco: the clock is not synchronised */
        advance(s, 1);
    if (!weekday_from(s) || !year_from(s, &c->year))
        return false;
    if (!(c->month = stamp_month(*s)))
        return false;
    advance(s, 3);
    if (!spaces(s) || !day_from(s, &c->day) || !spaces(s))
        return false;
    return c->year || year_from(s, &c->year);
}

/* What a log says has happened: a day ahead at the most, since zones and clocks differ by less. */
static bool has_been(int64_t us, int64_t now_us)
{
    return us <= now_us + DAY_S * STAMP_SECOND;
}

/* No later year will do. */
static bool is_latest(int64_t us, int64_t now_us)
{
    return has_been(us, now_us) && now_us - us <= 364 * DAY_S * STAMP_SECOND;
}

bool stamp_latest_year(struct civil c, int64_t now_us, int64_t *out)
{
    enum { LEAP_YEARS_APART = 8 }; /* at the most, as from 1896 to 1904 */
    int year, month, day;
    civil_of(floor_div(now_us, DAY_S * STAMP_SECOND) + 1, &year, &month, &day);
    for (c.year = year; c.year >= year - LEAP_YEARS_APART; c.year--) {
        int64_t us;
        if (!stamp_civil(&c, &us) || !has_been(us, now_us))
            continue;
        *out = us;
        return true;
    }
    return false;
}

/* hh:mm:ss, also with one digit of the hour. */
static bool clock_from(struct slice *s, struct civil *c)
{
    char two_digits[8] = "0";
    bool one = s->n > 1 && s->p[1] == ':';
    if (s->n < (one ? 7 : 8))
        return false;
    memcpy(two_digits + one, s->p, sizeof two_digits - one);
    advance(s, sizeof two_digits - one);
    return clock_at(two_digits, c) && !(s->n && ascii_digit(s->p[0]));
}

/* A year behind the time. */
static int year_behind(struct slice *s)
{
    int year = s->n > 1 && s->p[0] == ' ' ? year_at(slice_from(*s, 1), 2000) : 0;
    advance(s, year ? 5 : 0);
    return year;
}

/* "Nov 29 19:27:01" and no more, whose year the memo knows. */
enum { BSD_BYTES = 15 };

static bool is_second_again(const struct stamp_memo *memo, struct slice s, int64_t now_us)
{
    return stamp_is_again(memo, s, BSD_BYTES) && (s.n == BSD_BYTES || !ascii_digit(s.p[BSD_BYTES])) &&
           is_latest(memo->us, now_us);
}

/* " PM" behind the time, as Cisco has it; only where there is a year in front, since a host may have that name. */
static size_t half_day_at(struct slice s, struct civil *c)
{
    bool pm = slice_starts(s, SLICE(" PM")), half = pm || slice_starts(s, SLICE(" AM"));
    if (!half || !c->year || c->hour < 1 || c->hour > 12)
        return 0;
    c->hour = c->hour % 12 + (pm ? 12 : 0);
    return 3 + (c->micro ? 0 : fraction_at(slice_from(s, 3), &c->micro));
}

bool stamp_rfc3164(struct slice *s, int64_t now_us, struct stamp_memo *memo, int64_t *out, bool *has_zone)
{
    struct civil c = {0};
    struct slice t = *s;
    bool again = is_second_again(memo, t, now_us);
    advance(&t, again ? BSD_BYTES : 0);
    if (!again && (t.n < 13 || !bsd_date_from(&t, &c) || !clock_from(&t, &c)))
        return false;
    bool whole = !again && !c.year && t.p == s->p + BSD_BYTES;
    advance(&t, fraction_at(t, &c.micro));
    advance(&t, half_day_at(t, &c));
    int32_t offset_s = 0;
    bool known = false;
    zone_from(&t, &offset_s, &known);
    if (!c.year && (c.year = year_behind(&t))) {
        if (again) /* without it the second was another */
            return stamp_rfc3164(s, now_us, NULL, out, has_zone);
        if (!offset_s && !known)
            zone_from(&t, &offset_s, &known);
        whole = false;
    }
    int64_t us = again ? memo->us + c.micro : 0;
    if (!again && !(c.year ? stamp_civil(&c, &us) : stamp_latest_year(c, now_us, &us)))
        return false;
    if (whole)
        stamp_keep(memo, slice_sub(*s, 0, BSD_BYTES), us - c.micro);
    *out = us - offset_s * STAMP_SECOND;
    *has_zone = known;
    *s = t;
    return true;
}

/* The last microsecond of the year 9999. */
#define STAMP_LAST INT64_C(253402300799999999)

/* A whole part and billionths of the unit told by magnitude. */
static bool epoch_of(uint64_t whole, uint32_t billionths, int64_t *out)
{
    uint64_t us;
    if (whole > UINT64_C(100000000000000000))
        us = whole / 1000;
    else if (whole > UINT64_C(100000000000000))
        us = whole;
    else if (whole > UINT64_C(100000000000))
        us = whole * 1000 + billionths / 1000000;
    else
        us = whole * 1000000 + billionths / 1000;
    if (us > (uint64_t)STAMP_LAST)
        return false;
    *out = (int64_t)us;
    return true;
}

/* A dot and a digit at i. */
static bool fraction_begins(struct slice s, size_t i)
{
    return i + 1 < s.n && s.p[i] == '.' && ascii_digit(s.p[i + 1]);
}

bool stamp_epoch(struct slice *s, int64_t *out)
{
    size_t n = 0;
    uint64_t whole = 0;
    while (n < s->n && n < 20 && ascii_digit(s->p[n]))
        n++;
    if (!slice_u64(slice_sub(*s, 0, n), &whole))
        return false;
    uint32_t billionths = 0;
    if (fraction_begins(*s, n)) {
        uint32_t unit = 100000000;
        for (n++; n < s->n && ascii_digit(s->p[n]); n++, unit /= 10)
            billionths += (uint32_t)(s->p[n] - '0') * unit;
        if (fraction_begins(*s, n)) /* an address or a version */
            return false;
    }
    if (!boundary(*s, n) || !epoch_of(whole, billionths, out))
        return false;
    advance(s, n);
    return true;
}

bool stamp_epoch_number(double v, int64_t *out)
{
    if (!(v >= 0) || v > 9e18)
        return false;
    uint64_t whole = (uint64_t)v;
    /* A double holds seconds of this century to a quarter of a microsecond: rounding gives back the digits
     * that were sent. */
    uint64_t billionths = (uint64_t)((v - (double)whole) * 1e6 + 0.5) * 1000;
    if (billionths >= 1000000000) {
        whole++;
        billionths = 0;
    }
    return epoch_of(whole, (uint32_t)billionths, out);
}

void stamp_print(int64_t us, char *buf)
{
    int64_t of_day = us % (DAY_S * STAMP_SECOND);
    int ms = (int)((of_day < 0 ? of_day + DAY_S * STAMP_SECOND : of_day) / 1000);
    int year, month, day;
    civil_of(floor_div(us, DAY_S * STAMP_SECOND), &year, &month, &day);
    int n = snprintf(buf, 32, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day, ms / 3600000, ms / 60000 % 60,
                     ms / 1000 % 60, ms % 1000);
    assert(n > 0 && n < 32);
}
