/*
 * sbuf: a growing text buffer with a mandatory maximum.
 *
 * Write straight on and ask once at the end: an addition that would pass the maximum sets `over` and adds nothing, and
 * so does every later one, so a text is either whole or marked. Owns its bytes. One thread at a time.
 */
#ifndef BASE_SBUF_H
#define BASE_SBUF_H

#include <stdarg.h>

#include "base/slice.h"

struct sbuf {
    char *p;
    size_t n;
    size_t cap;
    size_t max;
    bool over;
};

/* max: the most bytes it will ever hold; no memory is taken before the first addition. */
void sbuf_init(struct sbuf *b, size_t max);
void sbuf_done(struct sbuf *b);
/* Empties it and clears the mark; keeps the memory. */
void sbuf_reset(struct sbuf *b);
void sbuf_add(struct sbuf *b, const void *p, size_t n);
void sbuf_addf(struct sbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sbuf_vaddf(struct sbuf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* The text with a NUL behind it that is not counted; valid until the next change. */
const char *sbuf_cstr(struct sbuf *b);
/* Room for at least n more bytes at b->p + b->n, so that a read can go straight in; the caller adds to b->n what it
   wrote. NULL, and the mark set, when that would pass the maximum. */
char *sbuf_room(struct sbuf *b, size_t n);

static inline void sbuf_adds(struct sbuf *b, struct slice s)
{
    sbuf_add(b, s.p, s.n);
}

static inline void sbuf_addc(struct sbuf *b, char c)
{
    if (!b->over && b->n < b->max && b->n + 1 < b->cap) /* mostly there is room */
        b->p[b->n++] = c;
    else
        sbuf_add(b, &c, 1);
}

static inline struct slice sbuf_slice(const struct sbuf *b)
{
    return (struct slice){b->p, b->n};
}

#endif
