/*
 * decode: a message becomes a record: its format is found, its parser takes it apart, and what is known of its sender
 * is added.
 *
 * Most lines of a log are of no interest to any rule, as their origin and one scan of the whole text show. Their record
 * stays `partial`: the parser has not even looked for where the message ends. A breadcrumb made of such a line does
 * that when it is needed. Pure.
 */
#ifndef CORE_DECODE_H
#define CORE_DECODE_H

#include "core/pipeline_parts.h"

/*
 * False: it is not in its stream's format, and *reason says why (static). The record's texts are in the message, the
 * stream or the arena of p. The stream learns from it: its format, its newest time, and whether its entries are to be
 * doubted. What was refused because its message is empty is in the record all the same (record.empty).
 */
bool decode(struct pipeline_parts *p, const struct message *m, struct record *r, const char **reason);
/* Of an empty line, or one that is not in its stream's format: plain text, and where it belongs as far as that can be
 * known. */
void decode_as_text(struct pipeline_parts *p, const struct message *m, struct record *r);

#endif
