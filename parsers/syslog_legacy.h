/*
 * syslog_legacy: a message of RFC 3164 as it is met, for syslog.c. Pure.
 */
#ifndef PARSERS_SYSLOG_LEGACY_H
#define PARSERS_SYSLOG_LEGACY_H

#include "parsers/parser.h"

/* Everything that is not RFC 5424, from behind the PRI on. Takes any text. */
void syslog_legacy(struct parse_ctx *ctx, struct record *r, struct slice s);

#endif
