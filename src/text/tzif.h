/*
 * tzif: a time zone, from the bytes of its file (TZif, RFC 9636, versions 1 to 4) or from a rule as POSIX writes it in
 * TZ.
 *
 * Either becomes the table of offsets that text/stamp.h reads: a row for each change of offset, from 1970 to the end of
 * TZIF_LAST_YEAR. A file's own changes come first, its footer's rule gives those after them. Before 1970 what held then
 * holds. Leap seconds are read over: they move a change by seconds, and only in the zones of "right/".
 *
 * Pure. The bytes are hostile: what is not of the form is refused, memory is a row for a change and two for a year, and
 * work is linear.
 */
#ifndef TEXT_TZIF_H
#define TEXT_TZIF_H

#include "text/stamp.h"

enum { TZIF_BYTES_MAX = 1 << 18, TZIF_LAST_YEAR = 2099 };

/* Fills in the rows, which the caller frees. False: these are not the bytes of a zone, and z is untouched. */
bool tzif_read(struct slice file, struct zone *z);
/* The same of a rule: "CET-1CEST,M3.5.0,M10.5.0/3". Where summer time has no dates, they are those of the United
 * States. */
bool tzif_rule(struct slice rule, struct zone *z);

#endif
