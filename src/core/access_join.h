/*
 * access_join: an error that a web server logged and the access line of the same request, which stands in another log.
 *
 * The error knows its connection, client and request line; the access line knows the request's id, its status and the
 * user agent. An access line that does not know its connection is found by client and request line, within
 * BREADCRUMBS_WEAK_WINDOW_US. An error that knows no request, as Apache's are, is joined with a request of its client
 * that failed while the event waited or just before, if there was one and no other. One that knows neither is joined
 * with a request whose path it names, of the same worker, container or file. Pure.
 */
#ifndef CORE_ACCESS_JOIN_H
#define CORE_ACCESS_JOIN_H

#include "core/failed_requests.h"
#include "core/pending.h"
#include "core/stream.h"

/* Gives an error the keys by which it finds the access line of its request also where that does not know its
   connection: weak, or client. */
void access_join_error(const struct stream *s, const struct record *r, const struct hash_secret *secret,
                       struct correlation *keys);
/* Returns the text that breadcrumbs remember of a record. It may live in the arena. */
struct slice access_join_text(const struct stream *s, const struct record *r, struct arena *a);
/* Copies what a line that came later says into the event that waits, if it is the access line of the event's own
   request: a keep-alive connection has many requests. True: it is. */
bool access_join_line(struct pending *w, const struct record *line, int64_t time_us);
/* Does the same with the lines that are among the event's breadcrumbs already: the access log may have been read before
   the error log although it was written after. `a` is for the time of the call. */
void access_join_crumbs(struct pending *w, int64_t time_us, struct arena *a, int64_t now_us);

/* Does the same for an error that knows its client alone, with requests that failed lately. */
void access_join_client(struct pending *w, const struct failed_requests *failed, struct arena *a, int64_t now_us);

#endif
