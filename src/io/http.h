/*
 * http: the server of the status page and of the probes: GET, HEAD and POST, one answer for a request, which may go on
 * (http_stream), and the form that asks for the token; nothing else.
 *
 * Moves bytes only; what is answered is the caller's. The path is handed on as it was sent: nothing is
 * decoded and no file is ever opened, so there is no folder to leave. What is longer than a packet is
 * compressed for who accepts gzip. Every answer ends its connection and forbids a browser to run or load what is not of
 * this server, to embed it, and, but for what never changes, to keep it. A Host that is a foreign name is refused, so
 * that no web page can read the status of its visitor's network under a name of its own (http_names).
 *
 * Who may see everything: on a loopback address and a unix socket who can reach it; elsewhere who has the token
 * (http_token). The others get what `http_request.access` allows. A form that a page of another origin sends is refused
 * before it is looked at; of any other POST the caller is told whether it is deliberate.
 *
 * Bounds: HTTP_CONNECTIONS_MAX connections (http_track lets the oldest unfinished one go), request head and
 * body, a time limit, HTTP_ANSWER_MAX for an answer. Belongs to the thread of the base.
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include <event2/event.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "io/http_stream.h"

enum { HTTP_CONNECTIONS_MAX = 32 + HTTP_STREAMS_MAX, HTTP_ANSWER_MAX = 4 << 20 };

/* What the caller of an address may see; the last three see only what is for everyone. */
enum http_access {
    HTTP_ALL,
    HTTP_ASK,      /* would see all with the token */
    HTTP_WRONG,    /* gave a wrong one */
    HTTP_TOO_SOON, /* gave one right after a wrong one */
    HTTP_PROBES,   /* there is nothing more at this address */
};

struct http_request {
    struct slice path;  /* from '/', without the query */
    struct slice query; /* behind '?' */
    enum http_access access;
    bool post;       /* it would change something; else GET or HEAD */
    bool deliberate; /* of a post: it has the header X-Crumbd, which a page of another origin cannot set */
};

struct http_answer {
    int status;                         /* 200 unless it is set */
    const char *type;                   /* Content-Type; text/plain unless it is set */
    bool for_ever;                      /* what this address says never changes: a browser may keep it */
    const char *allow;                  /* of a 405; GET, HEAD unless it is set */
    struct sbuf body;                   /* over: the answer becomes a 500 that says so */
    const struct http_streamed *stream; /* not NULL: it goes on behind the headers, and has no body */
};

/* Fills an answer, on the loop. The request is valid during the call. */
typedef void http_answer_f(void *u, const struct http_request *req, struct http_answer *a);

struct http;

/* The texts outlive the server. */
struct http_setup {
    const char *host;          /* a name or address without brackets, or the path of a unix socket: "/…" */
    uint16_t port;             /* 0: a free one */
    const struct slice *names; /* by which it may be asked for beside its own */
    unsigned n_names;
    const char *token; /* NULL: beyond this host only what is for everyone is served */
    bool probes_only;
    http_answer_f *answer;
    void *u;
};

/* The path to which the form with the token is sent. */
#define HTTP_LOGIN "/login"

/* NULL, and an entry in d with the remedy, when it cannot be bound. */
struct http *http_new(struct event_base *base, const struct http_setup *setup, struct diag *d);
/* Whoever reaches it may see everything: a loopback address or a unix socket. */
bool http_is_local(const struct http *h);
/* Before the base; answers under way are cut off. NULL is allowed. */
void http_free(struct http *h);
/* http://HOST:PORT or unix:PATH, as the log names it. */
const char *http_text(const struct http *h);

#endif
