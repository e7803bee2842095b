/*
 * recognise: the things a log writes that vary from line to line, recognised one at a time.
 *
 * Every function looks at the bytes [p, e) and returns how many of them, from p on, are one such thing; 0
 * when p does not begin one. Pure, hand-written scanners: each reads a byte a bounded number of times, so a
 * caller that goes on behind what was recognised is linear. ASCII only, independent of the locale, the same
 * answer on every host.
 */
#ifndef CORE_RECOGNISE_H
#define CORE_RECOGNISE_H

#include "base/slice.h"

enum placeholder {
    PLACEHOLDER_NUM, /* decimal, signed or with a fraction; hexadecimal without 0x, which may look decimal */
    PLACEHOLDER_HEX, /* 0x1f */
    PLACEHOLDER_ID,  /* letters and digits mixed */
    PLACEHOLDER_UUID,
    PLACEHOLDER_ADDR, /* IP address or host name, with or without a port: a log has now one, now the other */
    PLACEHOLDER_MAC,  /* octets in pairs of digits: MAC address, key fingerprint */
    PLACEHOLDER_EMAIL,
    PLACEHOLDER_URL,
    PLACEHOLDER_PATH,
    PLACEHOLDER_TIME,     /* date, time of day, or both */
    PLACEHOLDER_DURATION, /* number with a unit of time */
    PLACEHOLDER_SIZE,     /* number with a unit of bytes */
    PLACEHOLDER_VERSION,  /* three or more numbers joined by dots */
    PLACEHOLDER_QUOTED,
    PLACEHOLDER_USER,
    PLACEHOLDER_BOOL,
    PLACEHOLDER_VALUE, /* what stands behind key= */
    PLACEHOLDER_OWN,   /* what a mask of the configuration takes out, which has a name of its own */
    PLACEHOLDER_N
};

/* `<num>`, `<hex>`, …: how a template shows it. */
struct slice recognise_name(enum placeholder t);

/* A byte of a word: letter, digit, underscore, or part of a UTF-8 sequence. */
static inline bool recognise_word_byte(char c)
{
    return ascii_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* How many of the bytes from p on are decimal digits. */
static inline size_t recognise_digits(const char *p, const char *e)
{
    const char *s = p;
    while (p < e && ascii_digit(*p))
        p++;
    return (size_t)(p - s);
}

static inline size_t recognise_hexes(const char *p, const char *e)
{
    const char *s = p;
    while (p < e && ascii_hex(*p))
        p++;
    return (size_t)(p - s);
}

static inline size_t recognise_letters(const char *p, const char *e)
{
    const char *s = p;
    while (p < e && ascii_alpha(*p))
        p++;
    return (size_t)(p - s);
}

/* True when no word goes on at p. */
static inline bool recognise_ends(const char *p, const char *e)
{
    return p == e || !recognise_word_byte(*p);
}

/* The value of n <= 9 digits. */
static inline unsigned recognise_value(const char *p, size_t n)
{
    unsigned v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (unsigned)(p[i] - '0');
    return v;
}

size_t recognise_uuid(const char *p, const char *e);
/* ":port" of one to five digits, behind an address or a name. */
size_t recognise_port(const char *p, const char *e);
/* IPv4 with optional :port and /prefix length. */
size_t recognise_ip4(const char *p, const char *e);
/* IPv6, also with an embedded IPv4 address, a %zone or a /prefix length. */
size_t recognise_ip6(const char *p, const char *e);
/* Six or more pairs of hexadecimal digits (four, when one has a letter) joined by ':' or by '-'. */
size_t recognise_mac(const char *p, const char *e);
/* A host name of at least two labels under a top level that is unlikely to end a name of code or of a file,
   with optional port. `e` is the end of the white-space-delimited piece. */
size_t recognise_host(const char *p, const char *e);
/* The same under any other top level, with a port that tells it from a name of code or of a file and a line number:
   well-known, or too large for one. */
size_t recognise_host_port(const char *p, const char *e);
size_t recognise_email(const char *p, const char *e);
/* A date, a time of day or both, beginning with a digit. */
size_t recognise_time(const char *p, const char *e);
/* Whether the three bytes at p begin the name of a weekday or a month as dates have it: a quick no for most
 * words. */
bool recognise_time_word(const char *p);
/* As recognise_time, beginning with such a name. */
size_t recognise_time_words(const char *p, const char *e);
/* A number with its unit; p is at a digit or at the sign before one. `*type` is one of NUM, HEX, ID,
   DURATION, SIZE, VERSION; ID when letters follow that are no unit. */
size_t recognise_number(const char *p, const char *e, enum placeholder *type);
/* The name of a Kubernetes pod of a deployment: NAME-HASH-SUFFIX. Returns the length of `HASH-SUFFIX` when
 * [p, e) ends so. */
size_t recognise_pod_suffix(const char *p, const char *e);

#endif
