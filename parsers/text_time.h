/*
 * text_time: the time in front of a plain line, in the forms loggers write, and the pieces that times are read of.
 * Pure.
 */
#ifndef PARSERS_TEXT_TIME_H
#define PARSERS_TEXT_TIME_H

#include "parsers/parser.h"

/* Takes a time off *s; *out is RECORD_NO_TIME where it is one of the day only. False: none there, *s untouched. */
bool text_time(const struct parse_ctx *ctx, struct slice *s, int64_t *out);

/* n digits at the offset `at`, or -1. */
int text_time_digits(struct slice s, size_t at, size_t n);
/* hh:mm:ss at the offset, a space for the first digit; sep NUL: hhmmss. The bytes it takes, or 0. */
size_t text_time_clock(struct slice s, size_t at, char sep, struct civil *c);
/* A fraction of a second at the front; the bytes it takes. */
size_t text_time_fraction(struct slice s, int32_t *micro);
/* Local time to UTC. */
int64_t text_time_local(const struct parse_ctx *ctx, int64_t us);

#endif
