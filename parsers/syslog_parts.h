/*
 * syslog_parts: what syslog.c (header, RFC 5424), syslog_legacy.c (RFC 3164 as met) and syslog_vendor.c
 * share. Not for other files.
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
/* A time stamp at the front of *s in any of its forms, the colon and the spaces behind it. Sets the time,
 * advances *s. */
bool syslog_stamp(struct parse_ctx *ctx, struct record *r, struct slice *s);
bool syslog_is_host(struct slice word);
/*
 * Cisco: what stands before the mnemonic: sequence number and host, each ended by a colon, in either order,
 * processor, stamp. Nothing is taken unless a stamp (behind a number, a processor or a bare colon) or a
 * mnemonic follows: "host: stamp text" may be a tag and its text.
 */
bool syslog_cisco(struct parse_ctx *ctx, struct record *r, struct slice *s);
/* FortiGate: no header, key=value from the first byte on; sets all of the record. */
bool syslog_fortigate(struct parse_ctx *ctx, struct record *r, struct slice s);
/* The level as Cisco's mnemonics and VMware's text have it. */
void syslog_vendor_level(struct parse_ctx *ctx, struct record *r);
/* Facility by its name in syslog.conf(5), or -1. */
int syslog_facility(struct slice name);

static inline void skip_spaces(struct slice *s)
{
    while (s->n && *s->p == ' ')
        *s = slice_from(*s, 1);
}

static inline struct slice first_word(struct slice s)
{
    return slice_split(&s, ' ');
}

#endif
