/*
 * post: envelopes over HTTP, the one door to libcurl: its multi interface on a libevent loop, and one blocking request.
 *
 * Owns connections (kept alive, reused), the bodies on their way, and of each answer the status, two headers and the first bytes
 * of the body. Bounds: 15 s to connect, 60 s in all, 64 KiB of headers, 8 KiB of body. Redirects are not followed: the body would
 * not follow them. A connection that the server closed while it was idle is replaced and the request sent again, by libcurl.
 * Main thread only.
 */
#ifndef IO_POST_H
#define IO_POST_H

#include <event2/event.h>

#include "base/sbuf.h"
#include "io/dsn.h"

struct post_options {
    const char *ca_file; /* PEM; NULL: the system's */
    const char *proxy;   /* URL; NULL: as http_proxy, https_proxy and no_proxy in the environment say */
};

/* Everything that is the same for each request to one project. */
struct post_target;

struct post_target *post_target_new(const struct dsn *dsn, const struct post_options *opt);
void post_target_free(struct post_target *t);

/* Slices are valid during the callback. */
struct post_answer {
    unsigned status;          /* 0: there was no answer, `error` says why */
    bool uploaded;            /* no answer, but the request or some of it had gone out */
    bool has_rate_limits;
    struct slice rate_limits; /* X-Sentry-Rate-Limits, several joined by commas */
    struct slice retry_after;
    struct slice body;        /* its first bytes */
    const char *error;        /* for people; "" when there is a status */
};

struct post;
typedef void post_done(void *u, const struct post_answer *a);

struct post *post_new(struct event_base *base);
/* Requests still on their way are dropped, without a callback. */
void post_free(struct post *p);
/* Takes the bytes of `body`, which is gzip, and leaves it empty. `done` is called once, never from inside this call. */
void post_send(struct post *p, const struct post_target *t, struct sbuf *body, post_done *done, void *u);
/* The same, and waits for the answer; calls `done` before it returns. */
void post_once(const struct post_target *t, struct sbuf *body, post_done *done, void *u);
/* libcurl's version and TLS library. */
const char *post_version(void);

#endif
