/* recognise_time: dates and times of day, in the forms that logs write. See recognise.h. */
#include "core/recognise.h"

static const struct word_set months = {{
    ['a' - 'a'] = "apr aug april august ",
    ['d' - 'a'] = "dec december ",
    ['f' - 'a'] = "feb february ",
    ['j' - 'a'] = "jan jun jul january june july ",
    ['m' - 'a'] = "mar may march ",
    ['n' - 'a'] = "nov november ",
    ['o' - 'a'] = "oct october ",
    ['s' - 'a'] = "sep sept september ",
}};

static const struct word_set weekdays = {{
    ['f' - 'a'] = "fri friday ",
    ['m' - 'a'] = "mon monday ",
    ['s' - 'a'] = "sat sun saturday sunday ",
    ['t' - 'a'] = "tue thu tuesday thursday ",
    ['w' - 'a'] = "wed wednesday ",
}};

static const struct word_set zones = {{
    ['a' - 'a'] = "aest ",
    ['b' - 'a'] = "bst ",
    ['c' - 'a'] = "cst cdt cet cest ",
    ['e' - 'a'] = "est edt eet eest ",
    ['g' - 'a'] = "gmt ",
    ['h' - 'a'] = "hkt ",
    ['i' - 'a'] = "ist ",
    ['j' - 'a'] = "jst ",
    ['k' - 'a'] = "kst ",
    ['m' - 'a'] = "mst mdt msk ",
    ['p' - 'a'] = "pst pdt ",
    ['s' - 'a'] = "sgt ",
    ['u' - 'a'] = "utc ",
    ['w' - 'a'] = "wet west ",
    ['z' - 'a'] = "z ",
}};

static size_t month(const char *p, const char *e)
{
    size_t n = recognise_letters(p, e);
    return word_set_has(&months, p, n) ? n : 0;
}

/* hh:mm[:ss[.fraction]], with an optional half of the day and zone behind it. */
static size_t hours(const char *p, const char *e)
{
    const char *s = p;
    size_t n = recognise_digits(p, e);
    if (n < 1 || n > 2 || e - p < (ptrdiff_t)n + 3 || p[n] != ':' || recognise_digits(p + n + 1, e) != 2 ||
        p[n + 1] > '5')
        return 0;
    p += n + 3;
    if (e - p >= 3 && *p == ':' && recognise_digits(p + 1, e) == 2 && p[1] <= '6') {
        p += 3;
        size_t f = e - p > 1 && (*p == '.' || *p == ',') ? recognise_digits(p + 1, e) : 0;
        p += f > 0 ? f + 1 : 0;
    }
    if (e - p > 1 && *p == ':' && ascii_alnum(p[1]))
        return 0;
    const char *q = p < e && *p == ' ' ? p + 1 : p;
    if (e - q >= 2 && (*q == 'a' || *q == 'p' || *q == 'A' || *q == 'P') && ascii_lower(q[1]) == 'm' &&
        recognise_ends(q + 2, e)) {
        p = q + 2;
        q = p < e && *p == ' ' ? p + 1 : p;
    }
    if (q < e && (*q == '+' || *q == '-')) {
        size_t z = recognise_digits(q + 1, e);
        if (z == 4 && recognise_ends(q + 5, e))
            p = q + 5;
        else if (z == 2 && e - q >= 6 && q[3] == ':' && recognise_digits(q + 4, e) == 2)
            p = q + 6;
    } else if (q < e) {
        size_t z = recognise_letters(q, e);
        if (recognise_ends(q + z, e) && *q >= 'A' && *q <= 'Z' && word_set_has(&zones, q, z))
            p = q + z;
    }
    return recognise_ends(p, e) ? (size_t)(p - s) : 0;
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

/* 2024-05-06, 2024/5/6, 2024.05.06 and the same from the day on: the end, or NULL. */
static const char *date_numbers(const char *p, const char *e, bool *sure)
{
    unsigned v[3];
    size_t n[3];
    char sep = 0;
    for (int i = 0; i < 3; i++) {
        n[i] = recognise_digits(p, e);
        if (n[i] == 0 || n[i] > 4 || n[i] == 3)
            return NULL;
        v[i] = recognise_value(p, n[i]);
        p += n[i];
        if (i < 2) {
            if (p == e || (*p != '-' && *p != '/' && *p != '.') || (sep && *p != sep))
                return NULL;
            sep = *p++;
        }
    }
    bool first = n[0] == 4 && n[1] <= 2 && n[2] <= 2 && v[1] >= 1 && v[1] <= 12 && v[2] >= 1 && v[2] <= 31 &&
                 v[0] >= 1900 && v[0] < 2200;
    bool last = n[0] <= 2 && n[1] <= 2 && n[2] == 4 && v[0] >= 1 && v[1] >= 1 && v[0] <= 31 && v[1] <= 31 &&
                v[2] >= 1900 && v[2] < 2200;
    bool shrt = sep == '/' && n[0] == 2 && n[1] == 2 && n[2] == 2;
    *sure = first || last;
    return first || last || shrt ? p : NULL;
}

size_t recognise_time(const char *p, const char *e)
{
    const char *s = p;
    size_t n = recognise_digits(p, e);
    if (n == 0 || n > 8 || (n == 8 && !(e - p > 14 && p[8] == 'T')))
        return 0;
    if (n == 8) { /* 20240506T070809Z */
        p += 15;
        p += p < e && *p == 'Z';
        return recognise_digits(s + 9, e) == 6 && recognise_ends(p, e) ? (size_t)(p - s) : 0;
    }
    if (n <= 2 && (n = hours(p, e)) > 0)
        return n;
    n = recognise_digits(p, e);
    if (p + n == e)
        return 0;
    bool sure = false;
    const char *d = date_numbers(p, e, &sure);
    if (d) {
        const char *q = date_clock(d, e);
        return q > d || (sure && recognise_ends(d, e)) ? (size_t)(q - s) : 0;
    }
    /* 06/May/2024:07:08:09 +0000, 06-May-2024, 6 May 2024 */
    char sep = p[n];
    if (n <= 2 && (sep == '/' || sep == '-' || sep == ' ')) {
        size_t m = month(p + n + 1, e);
        p += n + 1 + m;
        if (m > 0 && p < e && *p == sep && year(p + 1, e))
            return (size_t)(date_clock(p + 5, e) - s);
    }
    return 0;
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

size_t recognise_time_words(const char *p, const char *e)
{
    const char *s = p;
    size_t n = recognise_letters(p, e);
    if (n >= 3 && word_set_has(&weekdays, p, n)) {
        p += n;
        p += p < e && *p == ',';
        if (p == e || *p != ' ')
            return 0;
        p++;
        if (p < e && ascii_digit(*p)) {
            n = recognise_time(p, e);
            return n > 0 ? (size_t)(p - s) + n : 0;
        }
    }
    n = month(p, e);
    if (n == 0 || p + n == e || p[n] != ' ')
        return 0;
    for (p += n; p < e && *p == ' ' && p - s < 16;)
        p++;
    n = recognise_digits(p, e);
    if (n < 1 || n > 2 || !recognise_ends(p + n, e))
        return 0;
    p += n;
    if (e - p > 5 && *p == ',' && p[1] == ' ' && year(p + 2, e))
        p += 6;
    else if (e - p >= 5 && *p == ' ' && year(p + 1, e))
        p += 5;
    const char *q = date_clock(p, e);
    if (q > p && e - q >= 5 && *q == ' ' && year(q + 1, e))
        q += 5;
    return (size_t)(q - s);
}
