/* syslog_pairs: texts of syslog that are lists of pairs or of columns, by the vendors who write them. Pure. */
#ifndef PARSERS_SYSLOG_PAIRS_H
#define PARSERS_SYSLOG_PAIRS_H

#include "parsers/parser.h"

/* Pairs as Fortinet's and Sophos's devices write them: time, host, level and message of these, and all as fields. */
bool syslog_fortinet(struct parse_ctx *ctx, struct record *r, struct slice text);
/* The columns behind MSWinEventLog. */
bool syslog_snare(struct record *r, struct slice text);

#endif
