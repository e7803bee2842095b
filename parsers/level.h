/*
 * level: how bad a record is, by the words and the numbers that programs say it with.
 */
#ifndef PARSERS_LEVEL_H
#define PARSERS_LEVEL_H

#include "base/slice.h"

/* Sentry's five levels, least to most severe; NONE is unknown. */
enum level { LEVEL_NONE, LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR, LEVEL_FATAL };

/* By enum level; ends with NULL. */
extern const char *const level_names[];
const char *level_name(enum level l); /* "" for LEVEL_NONE */
/* One of Sentry's five names; LEVEL_NONE when it is none of them. */
enum level level_by_name(struct slice name);
/* Any word loggers use (emerg, crit, err, warn, notice, trace, SEVERE, E, …), case-insensitive; LEVEL_NONE if unknown.
 */
enum level level_from_word(struct slice word);
/* syslog's facility of the name in syslog.conf(5), or -1. */
int level_facility(struct slice name);
/* syslog's 0 to 7 of the name in syslog.conf(5), "warning" as well; or -1. */
int level_severity(struct slice name);
/* syslog 0..7 (RFC 5424, table 2) to Sentry's level: 0 to 2 fatal, 3 error, 4 warning, 5 and 6 info, 7 debug. */
enum level level_from_severity(int severity);

#endif
