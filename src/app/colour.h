/*
 * colour: text for a terminal stands out; nowhere else, and not where NO_COLOR (no-color.org) asks for none.
 */
#ifndef APP_COLOUR_H
#define APP_COLOUR_H

#include <stdbool.h>
#include <stdio.h>

#include "base/slice.h"

/* Whether standard output is to have any. */
bool colour_wanted(void);
/* How many characters a line of standard output has; 0: it is no terminal, or does not say. */
unsigned colour_columns(void);
enum colour { COLOUR_PLAIN, COLOUR_DIM, COLOUR_BOLD, COLOUR_RED, COLOUR_YELLOW, COLOUR_GREEN, COLOUR_BLUE };
/* What begins it, "" without `on`; COLOUR_PLAIN ends it. */
const char *colour(bool on, enum colour which);
/* That of a level's name. */
enum colour colour_of_level(struct slice level);

#endif
