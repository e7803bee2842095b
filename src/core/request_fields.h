/*
 * request_fields: the HTTP request that fields of a record name, as loggers of applications and proxies write them.
 * Pure.
 */
#ifndef CORE_REQUEST_FIELDS_H
#define CORE_REQUEST_FIELDS_H

#include "base/arena.h"
#include "parsers/record.h"

struct request_fields {
    struct slice method, url, host, agent;
};

/* False: they do not say both a method and where to. */
bool request_fields_find(const struct record *r, struct arena *a, struct request_fields *out);
/* The same of objects alone, such as pino's and bunyan's `req`, which most records have not. */
bool request_fields_of_object(const struct record *r, struct arena *a, struct request_fields *out);
/* Whether these are a method and a target. */
bool request_fields_are(struct slice method, struct slice url);

#endif
