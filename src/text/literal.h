/*
 * literal: the texts of which at least one must stand in whatever a PCRE2 pattern matches.
 *
 * Looking for literals is many times cheaper than looking for patterns, both to compile and to run, and most rules hold
 * a good one. Conservative: for syntax it does not know it finds nothing, which is always right. Pure.
 */
#ifndef TEXT_LITERAL_H
#define TEXT_LITERAL_H

#include "base/arena.h"
#include "base/table.h"

/* Shorter ones are in too many lines to be worth anything, but two marks in a row ('":'), which are rarer than two
 * letters; more than these are not worth looking for. */
enum { LITERAL_LEN_MIN = 3, LITERAL_MARKS_MIN = 2, LITERALS_MAX = 32 };

struct literal {
    struct slice text;
    bool ignore_case;
};

struct literals {
    struct literal v[LITERALS_MAX];
    unsigned n; /* 0: nothing is known about what it matches */
};

/*
 * Which literals several patterns of a set have: what lines of a log have in common, too. Of two literals of a pattern
 * the one that is its own alone is in fewer lines.
 */
struct literal_census {
    struct table owners; /* by the literal's hash */
};

/* `owner` is another number for each pattern of the set. */
void literal_count(struct literal_census *c, struct slice pattern, bool ignore_case, unsigned owner);
void literal_census_done(struct literal_census *c);
/* census may be NULL. */
void literal_find(struct slice pattern, bool ignore_case, const struct literal_census *census, struct arena *a,
                  struct literals *out);

#endif
