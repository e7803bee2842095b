#include "base/sbuf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

void sbuf_init(struct sbuf *b, size_t max)
{
    assert(max > 0);
    *b = (struct sbuf){.max = max};
}

void sbuf_done(struct sbuf *b)
{
    free(b->p);
    *b = (struct sbuf){.max = b->max};
}

void sbuf_reset(struct sbuf *b)
{
    b->n = 0;
    b->over = false;
}

char *sbuf_room(struct sbuf *b, size_t n)
{
    assert(b->max > 0);
    if (b->over || n > b->max - b->n) {
        b->over = true;
        return NULL;
    }
    /* One byte more than asked, for the NUL of sbuf_cstr. */
    if (b->n + n + 1 > b->cap) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap < b->n + n + 1)
            cap *= 2;
        if (cap > b->max + 1)
            cap = b->max + 1;
        b->p = xrealloc(b->p, cap, 1);
        b->cap = cap;
    }
    return b->p + b->n;
}

void sbuf_add(struct sbuf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    char *at = sbuf_room(b, n);
    if (!at)
        return;
    memcpy(at, p, n);
    b->n += n;
}

void sbuf_vaddf(struct sbuf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n >= 0) {
        char *at = sbuf_room(b, (size_t)n);
        if (at) {
            vsnprintf(at, (size_t)n + 1, fmt, again);
            b->n += (size_t)n;
        }
    }
    va_end(again);
}

void sbuf_addf(struct sbuf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sbuf_vaddf(b, fmt, ap);
    va_end(ap);
}

const char *sbuf_cstr(struct sbuf *b)
{
    if (!b->p)
        return "";
    b->p[b->n] = '\0';
    return b->p;
}
