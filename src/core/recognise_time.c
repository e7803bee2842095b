/* recognise_time: dates and times of day, in the forms that logs write. See recognise.h. */
#include "core/recognise.h"
#include "core/word_set.h"

static size_t month(const char *p, const char *e)
{
    size_t n = recognise_letters(p, e);
    return word_set_has(WORD_SET_MONTHS, p, n) ? n : 0;
}

/* :ss[.fraction] at p; its end, p where there is none. */
static const char *seconds_end(const char *p, const char *e)
{
    if (e - p < 3 || *p != ':' || recognise_digits(p + 1, e) != 2 || p[1] > '6')
        return p;
    p += 3;
    size_t fraction = e - p > 1 && (*p == '.' || *p == ',') ? recognise_digits(p + 1, e) : 0;
    return fraction > 0 ? p + 1 + fraction : p;
}

/* hh:mm[:ss[.fraction]] at p; its end, or NULL. */
static const char *clock_end(const char *p, const char *e)
{
    size_t n = recognise_digits(p, e);
    if (n < 1 || n > 2 || e - p < (ptrdiff_t)n + 3 || p[n] != ':' || recognise_digits(p + n + 1, e) != 2 ||
        p[n + 1] > '5')
        return NULL;
    p = seconds_end(p + n + 3, e);
    return e - p > 1 && *p == ':' && ascii_alnum(p[1]) ? NULL : p;
}

static const char *behind_space(const char *p, const char *e)
{
    return p < e && *p == ' ' ? p + 1 : p;
}

/* The half of the day, with a space before it or without; p where there is none. */
static const char *half_of_day_end(const char *p, const char *e)
{
    const char *q = behind_space(p, e);
    bool half = e - q >= 2 && (ascii_lower(*q) == 'a' || ascii_lower(*q) == 'p') && ascii_lower(q[1]) == 'm';
    return half && recognise_ends(q + 2, e) ? q + 2 : p;
}

/* +0200 or +02:00 at p: its length, or 0. */
static size_t offset_length(const char *p, const char *e)
{
    size_t n = recognise_digits(p + 1, e);
    if (n == 4)
        return recognise_ends(p + 5, e) ? 5 : 0;
    return n == 2 && e - p >= 6 && p[3] == ':' && recognise_digits(p + 4, e) == 2 ? 6 : 0;
}

static size_t zone_name_length(const char *p, const char *e)
{
    size_t n = *p >= 'A' && *p <= 'Z' ? recognise_letters(p, e) : 0;
    return n > 0 && recognise_ends(p + n, e) && word_set_has(WORD_SET_ZONES, p, n) ? n : 0;
}

/* The zone, with a space before it or without; p where there is none. */
static const char *zone_end(const char *p, const char *e)
{
    const char *q = behind_space(p, e);
    if (q == e)
        return p;
    size_t n = *q == '+' || *q == '-' ? offset_length(q, e) : zone_name_length(q, e);
    return n > 0 ? q + n : p;
}

/* hh:mm[:ss[.fraction]], with an optional half of the day and zone behind it. */
static size_t hours(const char *p, const char *e)
{
    const char *end = clock_end(p, e);
    if (!end)
        return 0;
    end = zone_end(half_of_day_end(end, e), e);
    return recognise_ends(end, e) ? (size_t)(end - p) : 0;
}

/* A clock behind a date, with what may stand between them. */
static const char *date_clock(const char *p, const char *e)
{
    if (e - p > 5 && (*p == ' ' || *p == 'T' || *p == 't' || *p == ':' || *p == '_' || *p == ',')) {
        const char *q = p + 1 + (p[0] == ',' && p[1] == ' ');
        size_t n = hours(q, e);
        return n > 0 ? q + n : p;
    }
    return p;
}

static bool year(const char *p, const char *e)
{
    return e - p >= 4 && recognise_digits(p, e) == 4 &&
           ((p[0] == '1' && p[1] == '9') || (p[0] == '2' && p[1] == '0')) && recognise_ends(p + 4, e);
}

/* Three numbers with one sign between them. */
struct numbers {
    unsigned value[3];
    size_t digits[3];
    char sign;
};

/* One number of a date, of one, two or four digits; its end, or NULL. */
static const char *number_end(const char *p, const char *e, struct numbers *d, int i)
{
    size_t n = recognise_digits(p, e);
    if (n == 0 || n > 4 || n == 3)
        return NULL;
    d->digits[i] = n;
    d->value[i] = recognise_value(p, n);
    return p + n;
}

static const char *numbers_end(const char *p, const char *e, struct numbers *d)
{
    p = number_end(p, e, d, 0);
    if (!p || p == e || (*p != '-' && *p != '/' && *p != '.'))
        return NULL;
    d->sign = *p;
    p = number_end(p + 1, e, d, 1);
    return p && p < e && *p == d->sign ? number_end(p + 1, e, d, 2) : NULL;
}

static bool is_year(const struct numbers *d, int i)
{
    return d->digits[i] == 4 && d->value[i] >= 1900 && d->value[i] < 2200;
}

static bool is_part(const struct numbers *d, int i, unsigned most)
{
    return d->digits[i] <= 2 && d->value[i] >= 1 && d->value[i] <= most;
}

/* 24/05/06 */
static bool is_brief(const struct numbers *d)
{
    return d->sign == '/' && d->digits[0] == 2 && d->digits[1] == 2 && d->digits[2] == 2;
}

/* 2024-05-06, 2024/5/6, 2024.05.06 and the same from the day on: the end, or NULL. 24/05/06 is one when a time of day
 * follows. */
static const char *date_numbers(const char *p, const char *e, bool *sure)
{
    struct numbers d;
    const char *end = numbers_end(p, e, &d);
    if (!end)
        return NULL;
    *sure = is_year(&d, 0) ? is_part(&d, 1, 12) && is_part(&d, 2, 31)
                           : is_year(&d, 2) && is_part(&d, 0, 31) && is_part(&d, 1, 31);
    return *sure || is_brief(&d) ? end : NULL;
}

/* 20240506T070809Z */
static size_t compact_time(const char *p, const char *e)
{
    if (e - p < 15 || p[8] != 'T')
        return 0;
    const char *end = p + 15;
    end += end < e && *end == 'Z';
    return recognise_digits(p + 9, e) == 6 && recognise_ends(end, e) ? (size_t)(end - p) : 0;
}

/* 06/May/2024:07:08:09 +0000, 06-May-2024, 6 May 2024: n digits, then a month's name. */
static size_t day_month_year(const char *p, const char *e, size_t n)
{
    char sign = p[n];
    if (n > 2 || (sign != '/' && sign != '-' && sign != ' '))
        return 0;
    size_t m = month(p + n + 1, e);
    const char *q = p + n + 1 + m;
    return m > 0 && q < e && *q == sign && year(q + 1, e) ? (size_t)(date_clock(q + 5, e) - p) : 0;
}

size_t recognise_time(const char *p, const char *e)
{
    size_t n = recognise_digits(p, e);
    if (n == 8)
        return compact_time(p, e);
    if (n == 0 || n > 8)
        return 0;
    size_t clock = n <= 2 ? hours(p, e) : 0;
    if (clock > 0 || p + n == e)
        return clock;
    bool sure = false;
    const char *date = date_numbers(p, e, &sure);
    if (!date)
        return day_month_year(p, e, n);
    const char *end = date_clock(date, e);
    return end > date || (sure && recognise_ends(date, e)) ? (size_t)(end - p) : 0;
}

#define KEY3(a, b, c) ((unsigned)(a) << 16 | (unsigned)(b) << 8 | (unsigned)(c))

bool recognise_time_word(const char *p)
{
    switch (KEY3(p[0], ascii_lower(p[1]), ascii_lower(p[2])) & 0xffffff) {
    case KEY3('M', 'o', 'n'):
    case KEY3('T', 'u', 'e'):
    case KEY3('W', 'e', 'd'):
    case KEY3('T', 'h', 'u'):
    case KEY3('F', 'r', 'i'):
    case KEY3('S', 'a', 't'):
    case KEY3('S', 'u', 'n'):
    case KEY3('J', 'a', 'n'):
    case KEY3('F', 'e', 'b'):
    case KEY3('M', 'a', 'r'):
    case KEY3('A', 'p', 'r'):
    case KEY3('M', 'a', 'y'):
    case KEY3('J', 'u', 'n'):
    case KEY3('J', 'u', 'l'):
    case KEY3('A', 'u', 'g'):
    case KEY3('S', 'e', 'p'):
    case KEY3('O', 'c', 't'):
    case KEY3('N', 'o', 'v'):
    case KEY3('D', 'e', 'c'):
        return true;
    default:
        return false;
    }
}

/* "Mon, " or "Mon " at p; its length, or 0 when what follows the name is no space. *is: there is such a name. */
static size_t weekday(const char *p, const char *e, bool *is)
{
    size_t n = recognise_letters(p, e);
    *is = n >= 3 && word_set_has(WORD_SET_WEEKDAYS, p, n);
    if (!*is)
        return 0;
    n += p + n < e && p[n] == ',';
    return p + n < e && p[n] == ' ' ? n + 1 : 0;
}

enum { MONTH_AND_SPACES_MAX = 16 };

/* The month and the day of it at p, counted from s; their end, or NULL. */
static const char *month_day_end(const char *s, const char *p, const char *e)
{
    size_t n = month(p, e);
    if (n == 0 || p + n == e || p[n] != ' ')
        return NULL;
    for (p += n; p < e && *p == ' ' && p - s < MONTH_AND_SPACES_MAX;)
        p++;
    n = recognise_digits(p, e);
    return n >= 1 && n <= 2 && recognise_ends(p + n, e) ? p + n : NULL;
}

/* " 2024" or ", 2024" behind a day; p where there is none. */
static const char *year_end(const char *p, const char *e)
{
    if (e - p > 5 && *p == ',' && p[1] == ' ' && year(p + 2, e))
        return p + 6;
    return e - p >= 5 && *p == ' ' && year(p + 1, e) ? p + 5 : p;
}

/* The year behind a day, the time, and the year behind that. */
static const char *year_and_clock_end(const char *p, const char *e)
{
    p = year_end(p, e);
    const char *clock = date_clock(p, e);
    bool behind = clock > p && e - clock >= 5 && *clock == ' ' && year(clock + 1, e);
    return behind ? clock + 5 : clock;
}

size_t recognise_time_words(const char *p, const char *e)
{
    bool named;
    size_t n = weekday(p, e, &named);
    if (named && n == 0)
        return 0;
    const char *day = p + n;
    if (named && day < e && ascii_digit(*day)) {
        size_t date = recognise_time(day, e);
        return date > 0 ? n + date : 0;
    }
    const char *end = month_day_end(p, day, e);
    return end ? (size_t)(year_and_clock_end(end, e) - p) : 0;
}
