/*
 * event_request: the HTTP request that an event is about. Pure.
 *
 * What a rule says of it counts first; then the request line that the record has, fields of its method and URL, as
 * loggers of applications and proxies name them, and the access line of the same request (access_join.h).
 */
#ifndef CORE_EVENT_REQUEST_H
#define CORE_EVENT_REQUEST_H

#include "core/event_writer.h"

/* Method and route of the request (origin.h). Empty: none is known. In the arena. */
struct slice event_request_route(struct event_writer *w);
/* Writes the member `request`, or nothing where none is known. */
void event_request_put(struct event_writer *w);

#endif
