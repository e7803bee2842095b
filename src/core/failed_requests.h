/*
 * failed_requests: the access lines of requests that failed lately, by their client, for errors that know no more of
 * their request than the client (access_join.h).
 *
 * Such an error is often judged after the access line that was written behind it: its own lines may be held for those
 * of a stack trace. Holds FAILED_REQUESTS_MAX lines, the newest. Pure. One thread.
 */
#ifndef CORE_FAILED_REQUESTS_H
#define CORE_FAILED_REQUESTS_H

#include "core/breadcrumbs.h"

enum { FAILED_REQUESTS_MAX = 64 };
/* For so long a line is looked for: what holds an error, and the turn in which one log is read before another. */
#define FAILED_REQUESTS_WINDOW_US INT64_C(1000000)

struct failed_requests;

struct failed_requests *failed_requests_new(void);
void failed_requests_free(struct failed_requests *f);
/* The line is of a client with this key (correlation.client). */
void failed_requests_note(struct failed_requests *f, uint64_t client, const struct breadcrumbs_line *line,
                          int64_t now_us);
/* Calls back for each line of the client that came within the window, the newest first. */
typedef void failed_request_f(void *u, const struct breadcrumbs_line *line);
void failed_requests_of(const struct failed_requests *f, uint64_t client, int64_t now_us, failed_request_f *each,
                        void *u);

#endif
