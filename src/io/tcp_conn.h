/*
 * tcp_conn: one connection of a TCP, TLS or unix stream input, from accept to close. Private to in_tcp.c,
 * which says the bounds.
 */
#ifndef IO_TCP_CONN_H
#define IO_TCP_CONN_H

#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <sys/queue.h>

#include "io/holders.h"
#include "io/listen.h"
#include "io/request_line.h"
#include "io/tls.h"
#include "io/unix_peer.h"
#include "parsers/frame.h"

enum {
    TCP_READ_MAX = 64 << 10, /* taken from the kernel at once */
    TCP_STEP = 16 << 10,     /* given to the framer at once */
    TCP_HELD_MAX = 64 << 20, /* bytes in the framers of all connections of an input */
    TCP_HANDSHAKE_US = 10000000,
};

/* What the first bytes of a connection begin. */
enum opening { OPENING_MORE, OPENING_OURS, OPENING_TLS, OPENING_HTTP };

struct conn {
    TAILQ_ENTRY(conn) link;
    struct held held; /* counted for the address of its sender, once that is known */
    struct in_tcp *in;
    int fd;              /* the descriptor, until bev has it */
    struct event *early; /* reads the PROXY header */
    struct sbuf header;
    struct bufferevent *bev;
    struct event *resume; /* when per_sender lets it go on */
    struct peer peer;
    struct unix_peer process; /* the process that connected, on a unix socket */
    struct stream stream;
    struct framer framer;
    struct request_line request_line;
    size_t looked_at; /* bytes of bev that request_line has looked at */
    enum opening opening;
    size_t held_bytes;     /* its part of in->held_bytes */
    uint64_t wrong_counts; /* of octets, told so far */
    unsigned tick;         /* tick of its last bytes, or of the accept */
    bool ready;            /* the early stage is over */
    bool proven;           /* has sent a whole message */
    bool held_back;        /* its sender is above per_sender */
    bool ended;            /* nothing more will come */
};

TAILQ_HEAD(conns, conn);

struct in_tcp {
    struct input input;
    const struct input_options *opt;
    struct input_sink sink;
    struct event_base *base;
    struct listener listener;
    struct evconnlistener *acceptor;
    struct event *sweep, *unpause;
    struct tls *tls;
    struct rates *rates;
    struct conns conns; /* in the order of arrival */
    struct holders holders;
    size_t held_bytes;
    int64_t tick_us;
    unsigned tick;
    bool paused, accept_failed;
    bool draining;   /* the end has come: no sender waits any more, */
    bool discarding; /* nor is there time to judge what they sent: it is framed and counted */
    char host[256];
};

/* Takes fd over; the connection may be closed before this returns. */
void conn_open(struct in_tcp *in, int fd, const struct sockaddr *sa);
/* Hands on what was read and the message that it had begun, closes and frees. */
void conn_free(struct conn *c);
/* Closes the connection that has been idle longest of the address that holds most. False: none holds several, or all of
 * its are busy. */
bool tcp_relieve(struct in_tcp *in);
/* Goes on after a pause. May free c. */
void conn_go_on(struct conn *c);
/* Looks, once a tick, at time-outs, and at a connection that waits for a delimiter that does not come. May free c. */
void conn_sweep(struct conn *c);
/* True when nothing can be read from it now. */
bool conn_drained(const struct conn *c);
/* Reads once what the kernel holds of the connection and hands that on, whoever would have to wait; for an input that
   is draining. Returns how many bytes it read. May free c. */
size_t conn_drain(struct conn *c);
/* True when the kernel holds bytes of messages that nobody will read. */
bool conn_unread(const struct conn *c);
/* Closes the connections that hold most until all together hold no more than TCP_HELD_MAX. May free any. */
void tcp_keep_budget(struct in_tcp *in);

static inline uint64_t *tcp_counter(struct in_tcp *in, enum count c)
{
    return &in->sink.counts->v[c];
}

static inline bool tcp_over_unix(const struct in_tcp *in)
{
    return in->opt->transport == INPUT_UNIX_STREAM;
}

#endif
