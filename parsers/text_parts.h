/*
 * text_parts: what text.c (time and level) and text_logger.c (what stands between level and message) share. Not
 * for other files.
 */
#ifndef PARSERS_TEXT_PARTS_H
#define PARSERS_TEXT_PARTS_H

#include <string.h>

#include "parsers/parser.h"

enum { NAME_MAX = 120, BRACKETS_MAX = 400 };

/* Takes logger, thread and separators between the level and the message off the front of *s. */
void text_logger(struct slice *s, struct record *r);

static inline bool skip_spaces(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && (s->p[n] == ' ' || s->p[n] == '\t'))
        n++;
    slice_skip(s, n);
    return n > 0;
}

#define starts(s, literal) slice_starts((s), SLICE(literal))

static inline bool all_digits(struct slice s)
{
    uint64_t v;
    return s.n < 20 && slice_u64(s, &v);
}

/* The word up to white space. */
static inline struct slice word_at(struct slice s)
{
    if (!s.n)
        return s;
    const char *p = s.p, *end = p + (s.n < NAME_MAX ? s.n : NAME_MAX);
    while (p < end && !ascii_space(*p))
        p++;
    return slice_of(s.p, (size_t)(p - s.p));
}

/* A pair of brackets of this kind at the front, with pairs inside; *inside is what is between them. 0 when
 * there is none. */
static inline size_t pair_at(struct slice s, char open, char close, struct slice *inside)
{
    unsigned depth = 0;
    if (!s.n || s.p[0] != open)
        return 0;
    const char *p = s.p, *end = p + (s.n < BRACKETS_MAX ? s.n : BRACKETS_MAX);
    const char *first = memchr(p, close, (size_t)(end - p));
    if (!first)
        return 0;
    size_t n = (size_t)(first - p);
    if (!memchr(p + 1, open, n - 1) && !memchr(p, '\n', n)) { /* most */
        *inside = slice_of(p + 1, n - 1);
        return n + 1;
    }
    for (; p < end && *p != '\n'; p++) {
        depth += *p == open;
        if (*p == close && --depth == 0) {
            *inside = slice_of(s.p + 1, (size_t)(p - s.p) - 1);
            return (size_t)(p - s.p) + 1;
        }
    }
    return 0;
}

#endif
