/*
 * literal: the texts of which at least one must stand in whatever a PCRE2 pattern matches.
 *
 * Looking for literals is many times cheaper than looking for patterns, both to compile and to run, and most rules hold a good one.
 * Conservative: for syntax it does not know it finds nothing, which is always right. Pure.
 */
#ifndef TEXT_LITERAL_H
#define TEXT_LITERAL_H

#include "base/arena.h"

/* Shorter ones are in too many lines to be worth anything; more than these are not worth looking for. */
enum { LITERAL_LEN_MIN = 3, LITERALS_MAX = 32 };

struct literal {
    struct slice text;
    bool ignore_case;
};

struct literals {
    struct literal v[LITERALS_MAX];
    unsigned n; /* 0: nothing is known about what it matches */
};

void literal_find(struct slice pattern, bool ignore_case, struct arena *a, struct literals *out);

#endif
