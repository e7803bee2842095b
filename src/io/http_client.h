/*
 * http_client: items over HTTP, the one door to libcurl: its multi interface on a libevent loop, and one blocking
 * request.
 *
 * Owns connections (kept alive, reused), the bodies on their way, and of each answer the status, two headers and the
 * first bytes of the body. Bounds: 15 s to connect, 60 s in all, 64 KiB of headers, 8 KiB of body. Redirects are not
 * followed: the body would not follow them. A connection that the server closed while it was idle is replaced and the
 * request sent again, by libcurl. Main thread only, but for http_client_once.
 */
#ifndef IO_HTTP_CLIENT_H
#define IO_HTTP_CLIENT_H

#include <event2/event.h>

#include "base/sbuf.h"

struct http_client_options {
    const char *ca_file; /* PEM; NULL: the system's */
    const char *proxy;   /* URL; NULL: as http_proxy, https_proxy and no_proxy in the environment say */
    const char *method;  /* a literal; NULL: POST */
    size_t answer_bytes; /* kept of the body; 0: 8 KiB */
    unsigned total_s;    /* that a request may take; 0: 60 */
    /* Asked about once a second while a request is on its way: whether nobody waits for it any more. NULL: never. */
    bool (*gave_up)(void *u);
    void *gave_up_u;
};

/* Everything that is the same for each request to one project. */
struct http_client_target;

/* headers: lines of its own, the last NULL. What it needs it copies. */
struct http_client_target *http_client_target_new(const char *url, const char *const *headers,
                                                  const struct http_client_options *opt);
void http_client_target_free(struct http_client_target *t);

/* What came back, or why nothing did. Slices are valid during the callback. */
struct http_client_answer {
    unsigned status; /* 0: there was no answer, `error` says why */
    bool uploaded;   /* there was no answer, but the request or some of it had gone out */
    int64_t took_us; /* from the request on a connection to the first byte of its answer */
    bool has_rate_limits;
    struct slice rate_limits; /* X-Sentry-Rate-Limits, several joined by commas */
    struct slice retry_after;
    struct slice body; /* its first bytes */
    const char *error; /* for people; "" when there is a status */
};

struct http_client;
typedef void http_client_answer_f(void *u, const struct http_client_answer *a);

struct http_client *http_client_new(struct event_base *base);
/* Requests still on their way are dropped, without a callback. */
void http_client_free(struct http_client *p);
/* Takes the bytes of `body` and leaves it empty. `done` is called once, never from inside this call. */
void http_client_send(struct http_client *p, const struct http_client_target *t, struct sbuf *body,
                      http_client_answer_f *done, void *u);
/* Closes the connections that are kept, of which libcurl does not notice when the server closes them. There must be no
   request on its way, and it is not called from a callback. */
void http_client_close_kept(struct http_client *p);
/* Does the same as http_client_send with a request of its own and waits for the answer; calls `done` before it returns.
   From any thread that may connect. */
void http_client_once(const struct http_client_target *t, struct sbuf *body, http_client_answer_f *done, void *u);
/* libcurl's version and TLS library. */
const char *http_client_version(void);

#endif
