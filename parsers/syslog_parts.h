/*
 * syslog_parts: what syslog.c (header, RFC 5424) and syslog_legacy.c (RFC 3164 as met) share. Not for other
 * files.
 */
#ifndef PARSERS_SYSLOG_PARTS_H
#define PARSERS_SYSLOG_PARTS_H

#include "parsers/parser.h"

/*
 * RFC 5424, 6.3: one or more elements `[id name="value" …]` at the front of *s, no space between them. Adds
 * each parameter as field `id.name`, escapes decoded, and advances *s. Values without quotes (VMware) end at
 * a space or `]`, unless `quoted` asks for the standard's form and at least one parameter. False: not well
 * formed; r and *s are as they were.
 */
bool syslog_sd(struct parse_ctx *ctx, struct record *r, struct slice *s, bool quoted);
/* The text behind the header: BOM, nginx entries, JSON and @cee bodies, kernel uptime. Sets the message and
 * what it tells. */
void syslog_body(struct parse_ctx *ctx, struct record *r, struct slice text);
/* Everything that is not RFC 5424, from behind the PRI on. Takes any text. */
void syslog_legacy(struct parse_ctx *ctx, struct record *r, struct slice s);
/* Facility by its name in syslog.conf(5), or -1. */
int syslog_facility(struct slice name);

static inline void skip_spaces(struct slice *s)
{
    while (s->n && *s->p == ' ')
        *s = slice_from(*s, 1);
}

#endif
