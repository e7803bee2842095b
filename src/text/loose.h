/*
 * loose: a pattern that matches at least what another one matches, and that libhs compiles quickly.
 *
 * libhs unrolls what is counted, so that a few nested {1,62} cost it minutes and gigabytes. For a prefilter most counts do not matter:
 * a counted group may come any number of times, a character or class more often than it is counted unless the count is small or, as
 * that of an id, exact. Pure.
 */
#ifndef TEXT_LOOSE_H
#define TEXT_LOOSE_H

#include "base/arena.h"

enum { LOOSE_COUNT_MAX = 64, LOOSE_RANGE_MAX = 8 };

struct slice loose_pattern(struct slice pattern, struct arena *a);
/* Length of the character class, quoted text, comment or escape that s begins with; 1 for any other character. s is not empty. */
size_t loose_token(struct slice s);

#endif
