/*
 * relax: a pattern that matches at least what another one matches, and that libhs compiles quickly.
 *
 * libhs unrolls what is counted, so that a few nested {1,62} cost it minutes and gigabytes. For a prefilter most counts
 * do not matter: a counted group may come any number of times, a character or class more often than it is counted
 * unless the count is small or, as that of an id, exact. What libhs is known to read in another way than PCRE2 has no
 * such pattern. Pure.
 */
#ifndef TEXT_RELAX_H
#define TEXT_RELAX_H

#include "base/arena.h"

enum { RELAX_COUNT_MAX = 64, RELAX_RANGE_MAX = 8 };

/* SLICE_NONE: only PCRE2 may be asked. */
struct slice relax_pattern(struct slice pattern, struct arena *a);
/*
 * What the pattern matches in a part of a text, it matches in the whole text: it has no anchor, boundary, lookaround,
 * atomic group or possessive quantifier. False also for syntax that is not known.
 */
bool relax_holds_in_more(struct slice pattern);
/* Length of the character class, quoted text, comment or escape that s begins with, with its braces; 1 for any other
 * character. s is not empty. */
size_t relax_token(struct slice s);

#endif
