/*
 * http_track: the connections of an evhttp, counted and bounded, for in_http.c and http.c.
 *
 * libevent 2.1 tells nobody when a connection comes or goes. But it asks for the bufferevent of each
 * (evhttp_set_bevcb), and when it lets go of one, the callbacks are gone; so each is held by one more
 * reference until that has been seen. Bounds: max connections, and TRACK_BYTES_MAX in all unfinished requests
 * together. An address has its share of the connections (holders.h), and when all are taken the address that holds
 * most gives one up, or the one that has not finished a request for longest is closed; when requests are too much, the
 * one whose request is largest. One thread.
 */
#ifndef IO_HTTP_TRACK_H
#define IO_HTTP_TRACK_H

#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "base/count.h"
#include "io/input.h"

enum { TRACK_BYTES_MAX = 64 << 20 };

struct track;

/* What it points to outlives it. */
struct track_setup {
    const char *name;                /* of the server, in the log */
    unsigned max;                    /* connections */
    bool fixed;                      /* no key of the configuration sets that */
    const struct input_cidr *exempt; /* from the share that one address may have */
    unsigned n_exempt;
    struct counts *counts;
    unsigned *open; /* is kept up to date with the number of connections */
};

/* l: http's listener, bound already, which outlives it. */
struct track *track_new(struct event_base *base, struct evhttp *http, struct evconnlistener *l,
                        const struct track_setup *setup);
/* After evhttp_free. */
void track_free(struct track *t);
/* A whole request has come by this connection, or an answer of ours is under way. */
void track_request(struct track *t, struct evhttp_connection *c);
/* True when no connection is in the middle of a request. */
bool track_idle(const struct track *t);

#endif
