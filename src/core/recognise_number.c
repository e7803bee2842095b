/* recognise_number: numbers with what belongs to them. See recognise.h. */
#include "core/recognise.h"
#include "core/word_set.h"

static bool unit_time(const char *p, size_t n)
{
    return word_set_has(WORD_SET_SHORT_TIMES, p, n);
}

static bool is_scale(char c)
{
    switch (c) {
    case 'k':
    case 'K':
    case 'M':
    case 'G':
    case 'T':
    case 'P':
        return true;
    default:
        return false;
    }
}

/* B, k, KB, Mb, MiB */
static bool unit_bytes(const char *p, size_t n)
{
    if (n == 1)
        return is_scale(*p) || *p == 'B';
    if (n < 2 || n > 3 || !is_scale(*p) || (n == 3 && p[1] != 'i'))
        return false;
    return p[n - 1] == 'B' || p[n - 1] == 'b';
}

/* 1h2m3.5s behind its first number: its end, or NULL. */
static const char *duration_end(const char *p, const char *e)
{
    size_t n = recognise_letters(p, e);
    while (n > 0 && unit_time(p, n)) {
        p += n;
        if (recognise_ends(p, e))
            return p;
        size_t d = recognise_digits(p, e);
        if (d > 0 && p + d < e && p[d] == '.')
            d += 1 + recognise_digits(p + d + 1, e);
        p += d;
        n = d > 0 ? recognise_letters(p, e) : 0;
    }
    return NULL;
}

/* 80x25 behind its first number: the length of the rest, or 0. */
static size_t second_side(const char *p, const char *e)
{
    size_t n = *p == 'x' ? recognise_digits(p + 1, e) : 0;
    return n > 0 && recognise_ends(p + 1 + n, e) ? 1 + n : 0;
}

/* Letters that follow a number without a space. Returns how many bytes belong to it. */
static size_t number_suffix(const char *p, const char *e, enum placeholder *type)
{
    size_t n = recognise_letters(p, e);
    if (n == 0)
        return 0;
    const char *end = duration_end(p, e);
    if (end) {
        *type = PLACEHOLDER_DURATION;
        return (size_t)(end - p);
    }
    bool ends = recognise_ends(p + n, e);
    if (ends && unit_bytes(p, n)) {
        *type = PLACEHOLDER_SIZE;
        return n;
    }
    if (ends && n == 2 && word_set_has(WORD_SET_ORDINALS, p, n))
        return n;
    return n == 1 ? second_side(p, e) : 0;
}

enum { UNIT_MAX = 12 };

/* "MB" or "bytes", not "k" alone. */
static bool unit_word_bytes(const char *p, size_t n)
{
    return (unit_bytes(p, n) && (n > 1 || *p == 'B')) || word_set_has(WORD_SET_LONG_BYTES, p, n);
}

/* A unit behind a space, which is part of the number: "1.5 KB" and "12 ms" come as "3 MB" and "1 minute" in
 * the next line. */
static size_t number_unit_word(const char *p, const char *e, enum placeholder *type)
{
    size_t n = e - p > 1 && *p == ' ' ? recognise_letters(p + 1, e) : 0;
    if (n == 0 || n > UNIT_MAX || !recognise_ends(p + 1 + n, e))
        return 0;
    if (word_set_has(WORD_SET_LONG_TIMES, p + 1, n))
        *type = PLACEHOLDER_DURATION;
    else if (unit_word_bytes(p + 1, n))
        *type = PLACEHOLDER_SIZE;
    else
        return 0;
    return n + 1;
}

/* "-1.358" at a sign, p when no number follows it. */
static const char *version_part_end(const char *p, const char *e)
{
    const char *q = p;
    while (q < e && *q == *p)
        q++;
    if (q == e || !ascii_digit(*q))
        return p;
    while (q < e && (ascii_alnum(*q) || (*q == '.' && q + 1 < e && ascii_alnum(q[1]))))
        q++;
    return q;
}

/* Behind a version: 2.6.5-1.358, 1.0.2k, 5.15.0-91-generic, 3.4.5--1 */
static const char *version_rest(const char *p, const char *e)
{
    while (p < e && ascii_alnum(*p))
        p++;
    while (p < e && (*p == '-' || *p == '+' || *p == '~')) {
        const char *end = version_part_end(p, e);
        if (end == p)
            break;
        p = end;
    }
    return p;
}

/* 0x1f: its length, or 0. */
static size_t prefixed_hex(const char *p, const char *e)
{
    size_t n = e - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X') ? recognise_hexes(p + 2, e) : 0;
    return n > 0 && recognise_ends(p + 2 + n, e) ? 2 + n : 0;
}

/* 4f1d: hexadecimal digits that go on behind the decimal ones, which end at `digits`: their end, or NULL. */
static const char *bare_hex_end(const char *p, const char *digits, const char *e)
{
    const char *end = p + recognise_hexes(p, e);
    return end - p >= 4 && end > digits && recognise_ends(end, e) ? end : NULL;
}

/* e-5 behind a number: its end, or NULL. */
static const char *exponent_end(const char *p, const char *e)
{
    if (e - p < 2 || (*p != 'e' && *p != 'E'))
        return NULL;
    const char *q = p + 1 + (p[1] == '-' || p[1] == '+');
    size_t n = recognise_digits(q, e);
    return n > 0 && recognise_ends(q + n, e) ? q + n : NULL;
}

/* What follows the digits of a number, the last of which is before p. *type is NUM, and becomes what it is. */
static const char *number_end(const char *p, const char *e, enum placeholder *type)
{
    const char *end = exponent_end(p, e);
    if (end)
        return end;
    if (recognise_ends(p, e))
        return p + number_unit_word(p, e, type);
    size_t n = number_suffix(p, e, type);
    if (n > 0)
        return p + n;
    n = recognise_letters(p, e);
    if (n > 0 && n <= 2 && recognise_ends(p + n, e))
        return p; /* 41C: the letters stay in the text */
    *type = PLACEHOLDER_ID;
    while (p < e && recognise_word_byte(*p))
        p++;
    return p;
}

size_t recognise_number(const char *p, const char *e, enum placeholder *type)
{
    const char *s = p;
    p += *p == '-' || *p == '+';
    size_t hex = prefixed_hex(p, e);
    *type = hex > 0 ? PLACEHOLDER_HEX : PLACEHOLDER_NUM;
    if (hex > 0)
        return (size_t)(p - s) + hex;
    const char *digits = p + recognise_digits(p, e), *end = bare_hex_end(p, digits, e);
    if (end)
        return (size_t)(end - s);
    unsigned parts = 1;
    for (p = digits; e - p > 1 && *p == '.' && ascii_digit(p[1]); parts++)
        p += 1 + recognise_digits(p + 1, e);
    if (parts >= 3)
        *type = PLACEHOLDER_VERSION;
    return (size_t)((parts >= 3 ? version_rest(p, e) : number_end(p, e, type)) - s);
}
