/*
 * record_keep: a copy of a record that outlives its message. Everything it points to is in the arena. Pure.
 */
#ifndef PARSERS_RECORD_KEEP_H
#define PARSERS_RECORD_KEEP_H

#include "base/arena.h"
#include "parsers/record.h"

/* It has room for no more fields than there are; the raw text and the trace are not kept. */
struct record *record_keep(struct arena *a, const struct record *r);

#endif
