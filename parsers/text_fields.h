/*
 * text_fields: what loggers write behind the message of a line: key="value" of klog, an object of zap and winston, two
 * of Monolog. They become fields; the message stays whole for rules and for traces, and r->told is what it says without
 * them. Pure.
 */
#ifndef PARSERS_TEXT_FIELDS_H
#define PARSERS_TEXT_FIELDS_H

#include "parsers/parser.h"

void text_fields(struct parse_ctx *ctx, struct record *r);
/* Each of the bytes of `from` behind a backslash as the byte of `to` in its place; another backslash stays. In the
 * arena, or s itself. */
struct slice text_fields_unescape(struct arena *a, struct slice s, const char *from, const char *to);

#endif
