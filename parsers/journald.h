/*
 * journald: an entry of the systemd journal to a record, from its fields or from one object of `journalctl -o
 * json`.
 *
 * Which members come from where is systemd.journal-fields(7). The message may have several lines; what is in
 * it of a format of its own is read further (nested.h). Times are microseconds, the sender's
 * (_SOURCE_REALTIME_TIMESTAMP) before the journal's.
 */
#ifndef PARSERS_JOURNALD_H
#define PARSERS_JOURNALD_H

#include "parsers/parser.h"

struct journald_field {
    struct slice name, value;
};

/* The record's format is SYSLOG: an entry has facility, severity, identifier and pid as a syslog message has.
   False: there is no message in it; ctx->reason is set. */
bool journald_fields(struct parse_ctx *ctx, struct record *r, const struct journald_field *fields, size_t n);
/* r->raw is the object. Values may be arrays of byte numbers (not printable) or of strings (the first
 * counts), or null (too large). */
bool journald_json(struct parse_ctx *ctx, struct record *r);

#endif
