/*
 * slice: a borrowed run of bytes, passed by value.
 *
 * Owns nothing; valid as long as the bytes it points into. Never NUL-terminated by contract. An absent value is
 * {NULL, 0}; an empty one has n == 0. All functions are pure and take any bytes.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *p;
    size_t n;
};

#define SLICE_NONE ((struct slice){NULL, 0})
/* A string literal as a slice, without strlen. */
#define SLICE(lit) ((struct slice){"" lit, sizeof(lit) - 1})
/* For printf("%.*s"). Only for text known to hold no NUL. */
#define SLICE_ARG(s) (int)((s).n > 0x7fffffff ? 0x7fffffff : (s).n), (s).p ? (s).p : ""

static inline struct slice slice_of(const char *p, size_t n)
{
    return (struct slice){p, n};
}

static inline struct slice slice_str(const char *s)
{
    return (struct slice){s, s ? strlen(s) : 0};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_is(struct slice a, const char *s)
{
    return slice_eq(a, slice_str(s));
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool slice_ends(struct slice s, struct slice suffix)
{
    return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* The bytes [from, to); both are clamped to the slice. */
static inline struct slice slice_sub(struct slice s, size_t from, size_t to)
{
    to = to > s.n ? s.n : to;
    from = from > to ? to : from;
    return (struct slice){s.p ? s.p + from : NULL, to - from};
}

static inline struct slice slice_from(struct slice s, size_t from)
{
    return slice_sub(s, from, s.n);
}

/* Without its first n bytes. */
static inline void slice_skip(struct slice *s, size_t n)
{
    *s = slice_from(*s, n);
}

static inline const char *slice_chr(struct slice s, char c)
{
    return s.n ? memchr(s.p, c, s.n) : NULL;
}

/* ASCII only; independent of the locale. */
static inline bool ascii_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_alnum(char c)
{
    return ascii_alpha(c) || ascii_digit(c);
}

static inline bool ascii_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static inline bool ascii_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static inline bool ascii_hex(char c)
{
    return ascii_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* 0 to 15, or -1. */
static inline int ascii_hex_value(char c)
{
    return ascii_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static inline bool ascii_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* How many bytes at the front are of this kind. */
static inline size_t slice_span(struct slice s, bool (*is)(char c))
{
    size_t n = 0;
    while (n < s.n && is(s.p[n]))
        n++;
    return n;
}

/* Position of the first or last occurrence of needle, or -1. */
ptrdiff_t slice_find(struct slice s, struct slice needle);
ptrdiff_t slice_rfind(struct slice s, struct slice needle);
/* As slice_find, where the needle is of one to four bytes that the compiler knows, and stands where its first byte is
   found first. */
static inline ptrdiff_t slice_find_near(struct slice s, struct slice needle)
{
    const char *at = needle.n - 1 < 4 && needle.n <= s.n ? memchr(s.p, needle.p[0], s.n - needle.n + 1) : NULL;
    for (size_t i = 1; at && i < needle.n && i < 4; i++)
        if (at[i] != needle.p[i])
            at = NULL;
    return at ? at - s.p : slice_find(s, needle);
}
/* Byte by byte as unsigned numbers, a shorter one before what begins with it: below, at or above 0. */
int slice_compare(struct slice a, struct slice b);
/* ASCII case-insensitive comparison. */
bool slice_ieq(struct slice a, struct slice b);
bool slice_istarts(struct slice s, struct slice prefix);
/* Without white space at both ends. */
struct slice slice_trim(struct slice s);
/* Splits at the first c: returns what is before it and leaves in *s what is after it ({NULL,0} when c is absent). */
struct slice slice_split(struct slice *s, char c);
/* The whole slice as a decimal number. False, *out untouched: empty, a non-digit, or beyond 2^64-1. */
bool slice_u64(struct slice s, uint64_t *out);
/* Hex digits and nothing else, at least one. */
bool slice_is_hex(struct slice s);
/* Where the text in double quotes at the front of s ends: the offset of the closing quote, or s.n or more when there is
   none. A backslash keeps the byte behind it inside. */
size_t slice_quote_end(struct slice s);
/* A copy with a final NUL, malloc'd; the caller frees it. */
char *slice_dup(struct slice s);

/* 1 to 7 bytes as a number, little end first on every host that crumbd runs on. */
static inline uint64_t slice_word(struct slice s)
{
    uint32_t low, high;
    if (s.n < 4) /* first, middle and last byte, which may be the same */
        return (uint64_t)(unsigned char)s.p[0] | (uint64_t)(unsigned char)s.p[s.n / 2] << (s.n / 2 * 8) |
               (uint64_t)(unsigned char)s.p[s.n - 1] << ((s.n - 1) * 8);
    memcpy(&low, s.p, 4);
    memcpy(&high, s.p + s.n - 4, 4);
    return low | (uint64_t)high << ((s.n - 4) * 8);
}

/*
 * A 64-bit hash of bytes: stable over runs and hosts for the same seed. For what stores made by older versions hold,
 * and for texts that nobody outside chooses: a word of 0xd6e8feb86659fd93 makes all states equal. For the rest there is
 * base/hash.h.
 */
uint64_t slice_hash(struct slice s, uint64_t seed);
/* Stirs one number into such a hash: 64x64 -> 128 bits, both halves folded together. */
static inline uint64_t hash_mix(uint64_t h, uint64_t v)
{
    unsigned __int128 m = (unsigned __int128)(h ^ 0x9e3779b97f4a7c15u) * (v ^ 0xd6e8feb86659fd93u);
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

#endif
