/*
 * when: a time as people give it to a command or in a search. Pure.
 */
#ifndef TEXT_WHEN_H
#define TEXT_WHEN_H

#include "text/stamp.h"

/* Reads RFC 3339, of which all but the day may be missing, in the zone's time where it names none (NULL: UTC); or how
   long ago, as 7d. False, *out untouched: it is neither. */
bool when_read(struct slice text, const struct zone *zone, int64_t now_us, int64_t *out_us);

#endif
