/*
 * token: the things a log writes that vary from line to line, recognised one at a time.
 *
 * Every function looks at the bytes [p, e) and returns how many of them, from p on, are one such thing; 0
 * when p does not begin one. Pure, hand-written scanners: each reads a byte a bounded number of times, so a
 * caller that goes on behind what was recognised is linear. ASCII only, independent of the locale, the same
 * answer on every host.
 */
#ifndef CORE_TOKEN_H
#define CORE_TOKEN_H

#include "base/slice.h"

enum token {
    TOKEN_NUM, /* decimal, signed or with a fraction; hexadecimal without 0x, which may look decimal */
    TOKEN_HEX, /* 0x1f */
    TOKEN_ID,  /* letters and digits mixed */
    TOKEN_UUID,
    TOKEN_ADDR, /* IP address or host name, with or without a port: a log has now one, now the other */
    TOKEN_MAC,  /* octets in pairs of digits: MAC address, key fingerprint */
    TOKEN_EMAIL,
    TOKEN_URL,
    TOKEN_PATH,
    TOKEN_TIME,     /* date, time of day, or both */
    TOKEN_DURATION, /* number with a unit of time */
    TOKEN_SIZE,     /* number with a unit of bytes */
    TOKEN_VERSION,  /* three or more numbers joined by dots */
    TOKEN_QUOTED,
    TOKEN_USER,
    TOKEN_BOOL,
    TOKEN_VALUE, /* what stands behind key= */
    TOKEN_N
};

/* `<num>`, `<hex>`, …: how a template shows it. */
struct slice token_name(enum token t);

/* Words by their first letter, lower-case, each list with a space around every word: so a look-up reads a
 * handful of bytes. */
struct word_set {
    const char *by_letter[26];
};

/* Whether the word is in the set, case-insensitively. */
bool word_set_has(const struct word_set *set, const char *p, size_t n);

/* A byte of a word: letter, digit, underscore, or part of a UTF-8 sequence. */
static inline bool token_word_byte(char c)
{
    return ascii_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* How many of the bytes from p on are decimal digits. */
static inline size_t token_digits(const char *p, const char *e)
{
    const char *s = p;
    while (p < e && ascii_digit(*p))
        p++;
    return (size_t)(p - s);
}

static inline size_t token_hexes(const char *p, const char *e)
{
    const char *s = p;
    while (p < e && ascii_hex(*p))
        p++;
    return (size_t)(p - s);
}

static inline size_t token_letters(const char *p, const char *e)
{
    const char *s = p;
    while (p < e && ascii_alpha(*p))
        p++;
    return (size_t)(p - s);
}

/* True when no word goes on at p. */
static inline bool token_ends(const char *p, const char *e)
{
    return p == e || !token_word_byte(*p);
}

/* The value of n <= 9 digits. */
static inline unsigned token_value(const char *p, size_t n)
{
    unsigned v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (unsigned)(p[i] - '0');
    return v;
}

size_t token_uuid(const char *p, const char *e);
/* IPv4 with optional :port and /prefix length. */
size_t token_ip4(const char *p, const char *e);
/* IPv6, also with an embedded IPv4 address, a %zone or a /prefix length. */
size_t token_ip6(const char *p, const char *e);
/* Six or more pairs of hexadecimal digits (four, when one has a letter) joined by ':' or by '-'. */
size_t token_mac(const char *p, const char *e);
/* A host name of at least two labels under a top level that is unlikely to end a name of code or of a file,
   with optional port. `e` is the end of the white-space-delimited piece. */
size_t token_host(const char *p, const char *e);
size_t token_email(const char *p, const char *e);
/* A date, a time of day or both, beginning with a digit. */
size_t token_time(const char *p, const char *e);
/* Whether the three bytes at p begin the name of a weekday or a month as dates have it: a quick no for most
 * words. */
bool token_time_word(const char *p);
/* As token_time, beginning with such a name. */
size_t token_time_words(const char *p, const char *e);
/* A number with its unit; p is at a digit or at the sign before one. `*type` is one of NUM, HEX, ID,
   DURATION, SIZE, VERSION; ID when letters follow that are no unit. */
size_t token_number(const char *p, const char *e, enum token *type);
/* The name of a Kubernetes pod of a deployment: NAME-HASH-SUFFIX. Returns the length of `HASH-SUFFIX` when
 * [p, e) ends so. */
size_t token_pod_suffix(const char *p, const char *e);

#endif
