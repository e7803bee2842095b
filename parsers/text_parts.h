/*
 * text_parts: what text.c (time and level) and text_name.c (what stands between level and message) share. Not
 * for other files.
 */
#ifndef PARSERS_TEXT_PARTS_H
#define PARSERS_TEXT_PARTS_H

#include <string.h>

#include "parsers/parser.h"

enum { NAME_MAX = 120, BRACKETS_MAX = 400 };

/* Takes logger, thread and separators between the level and the message off the front of *s. */
void text_name(struct slice *s, struct record *r);

static inline void skip(struct slice *s, size_t n)
{
    *s = slice_from(*s, n);
}

static inline bool skip_spaces(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && (s->p[n] == ' ' || s->p[n] == '\t'))
        n++;
    skip(s, n);
    return n > 0;
}

static inline bool starts(struct slice s, const char *text)
{
    return slice_starts(s, slice_str(text));
}

static inline bool all_digits(struct slice s)
{
    uint64_t v;
    return s.n < 20 && slice_u64(s, &v);
}

/* The word up to white space. */
static inline struct slice word_at(struct slice s)
{
    size_t n = 0;
    while (n < s.n && n < NAME_MAX && !ascii_space(s.p[n]))
        n++;
    return slice_sub(s, 0, n);
}

/* A pair of brackets of this kind at the front, with pairs inside; *inside is what is between them. 0 when
 * there is none. */
static inline size_t pair_at(struct slice s, char open, char close, struct slice *inside)
{
    unsigned depth = 0;
    if (!s.n || s.p[0] != open)
        return 0;
    for (size_t i = 0; i < s.n && i < BRACKETS_MAX && s.p[i] != '\n'; i++) {
        depth += s.p[i] == open;
        depth -= s.p[i] == close;
        if (depth == 0) {
            *inside = slice_sub(s, 1, i);
            return i + 1;
        }
    }
    return 0;
}

#endif
