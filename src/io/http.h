/*
 * http: the server of the status page: GET and HEAD, one answer for a request, nothing else.
 *
 * Moves bytes only; what is answered is the caller's. The path is handed on as it was sent: nothing is
 * decoded and no file is ever opened, so there is no folder to leave. Every answer ends its connection and
 * forbids a browser to run, load, embed or keep anything. On a loopback address a Host that is a foreign name
 * is refused, so that no web page can read the status of its visitor's machine under a name of its own (DNS
 * rebinding).
 *
 * Bounds: HTTP_CONNECTIONS_MAX connections (http_track lets the oldest unfinished one go), request head and
 * body, a time limit, HTTP_ANSWER_MAX for an answer. Belongs to the thread of the base.
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include <event2/event.h>

#include "base/err.h"
#include "base/sbuf.h"

enum { HTTP_CONNECTIONS_MAX = 16, HTTP_ANSWER_MAX = 4 << 20 };

struct http_request {
    struct slice path;  /* from '/', without the query */
    struct slice query; /* behind '?' */
    const char *nonce;  /* of this answer: the one style element allowed has it as its attribute */
};

struct http_answer {
    int status;       /* 200 unless it is set */
    const char *type; /* Content-Type; text/plain unless it is set */
    struct sbuf body; /* over: the answer becomes a 500 that says so */
};

/* Fills an answer, on the loop. The request is valid during the call. */
typedef void http_answer_f(void *u, const struct http_request *req, struct http_answer *a);

struct http;

/* host: a name or address without brackets; port 0: a free one. NULL, and an entry in d with the remedy, when
   it cannot be bound. */
struct http *http_new(struct event_base *base, const char *host, uint16_t port, http_answer_f *answer,
                      void *u, struct diag *d);
/* Before the base; answers under way are cut off. NULL is allowed. */
void http_free(struct http *h);
uint16_t http_port(const struct http *h);

#endif
