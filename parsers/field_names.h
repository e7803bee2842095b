/*
 * field_names: what a field is for, told by its name. Loggers agree on what to write but not on how to call it;
 * names are compared without case, `_`, `-`, `.`, `@` and spaces, so requestId, request_id and request.id are
 * one.
 */
#ifndef PARSERS_FIELD_NAMES_H
#define PARSERS_FIELD_NAMES_H

#include "parsers/record.h"
#include "text/stamp.h"

enum role {
    ROLE_NONE,
    ROLE_MESSAGE,
    ROLE_LEVEL,
    ROLE_TIME,
    ROLE_SECONDS, /* a time in two numbers: the seconds … */
    ROLE_NANOS,   /* … and what is beyond them */
    ROLE_LOGGER,
    ROLE_APP,
    ROLE_HOST,
    ROLE_PID,
    ROLE_REQUEST,
    ROLE_TRACE,
    ROLE_SPAN,
    ROLE_TRACEPARENT, /* W3C Trace Context: version-trace-span-flags */
    ROLE_ERROR,       /* what went wrong in a few words, beside the message */
    ROLE_ERROR_TYPE,  /* its class */
    ROLE_STACK,
    ROLE_CONTAINER, /* the container, pod, namespace or image it runs in */
    ROLE_ORIGIN,    /* more that says whose it is: server, transaction_id, release, … */
    ROLE_FACT,      /* what crumbd itself says of every record */
    ROLE_N
};

/* *rank tells which of two names of one role is to be believed: the smaller. Dotted paths are looked up as a
 * whole. */
enum role field_names_role(struct slice name, unsigned *rank);
/* Level from a word or a number as loggers write it: syslog 0 to 7, bunyan and pino 10 to 60, Monolog 100 to
   600, logback 5000 to 40000. LEVEL_NONE if it is none of them. */
enum level field_names_level(struct slice text);
/* RFC 3339 or a relative, or Unix time in s, ms, us, ns told by magnitude. False when it is no such time, or
 * 0 or negative. */
bool field_names_time(struct slice text, const struct zone *zone, int64_t *us);
/* Sets the record's member for the roles LOGGER to TRACEPARENT unless it has one already. Ids that do not
   look like ids of their kind are passed over, and APP and HOST of a sender that is not trusted. */
void field_names_take(struct record *r, enum role role, struct slice value);
/* Sets class and text of an exception, as fields say them; a class that does not look like one is passed over. */
void field_names_error(struct record *r, struct slice type, struct slice value);

#endif
