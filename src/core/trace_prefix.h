/*
 * trace_prefix: what stands before every line of a trace, learnt from one of them: the time of a collector, a logger's
 * head. A time in it may differ from line to line, all else may not; and of a line that has less of it, what is there
 * up to a blank is taken for it. Part of trace. Pure.
 */
#ifndef CORE_TRACE_PREFIX_H
#define CORE_TRACE_PREFIX_H

#include "base/slice.h"

enum { TRACE_PREFIX_MAX = 192, TRACE_PREFIX_TIME = 1 };

struct trace_prefix {
    uint8_t n;                /* 0: there is none, or it is too long */
    char v[TRACE_PREFIX_MAX]; /* a time in it is one byte TRACE_PREFIX_TIME */
};

/* How far a line goes along with a prefix. */
struct trace_along {
    size_t n, at;           /* bytes of the prefix, and of the line */
    size_t word_n, word_at; /* the last place behind a blank */
};

/* All of text. */
void trace_prefix_learn(struct trace_prefix *prefix, struct slice text);
struct trace_along trace_prefix_along(const struct trace_prefix *prefix, struct slice line);
/* The bytes of a time at p, where no word that began at s or behind it goes on before it; or 0. */
size_t trace_prefix_time(const char *s, const char *p, const char *e);

static inline struct slice trace_prefix_text(const struct trace_prefix *prefix)
{
    return slice_of(prefix->v, prefix->n);
}

#endif
