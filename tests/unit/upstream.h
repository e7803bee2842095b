/*
 * upstream: a tiny HTTP/1.1 server inside the test, on the test's own loop, that answers as it is told and
 * misbehaves as it is told. It keeps every request.
 */
#ifndef TESTS_UPSTREAM_H
#define TESTS_UPSTREAM_H

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sbuf.h"
#include "base/xalloc.h"
#include "tests/unit/unit.h"
#include "text/zip.h"

/* What to do with a request that has been read whole. */
struct action {
    unsigned status;     /* 0: 200 */
    const char *headers; /* more lines, each with CR LF */
    const char *body;    /* NULL: {} */
    const char *raw;     /* instead of all this, these bytes, then close */
    bool close;          /* instead of an answer: close */
    bool close_reused;   /* the same, but only on a connection that has had an answer before; else 200 */
    bool stall;          /* read, and never answer */
    unsigned delay_ms;   /* before the answer */
    size_t body_bytes;   /* instead of body: so many x */
};

struct request {
    char *head;             /* request line and headers, with their CR LF */
    struct sbuf wire, body; /* as it came, and without gzip */
    unsigned connection;    /* number of the connection, from 1 */
};

enum { UPSTREAM_REQUESTS_MAX = 4096, UPSTREAM_CONNECTIONS_MAX = 160 };

struct upstream {
    struct event_base *base;
    struct evconnlistener *listener;
    SSL_CTX *tls;
    unsigned port, connections, in_progress, most_in_progress;
    struct request requests[UPSTREAM_REQUESTS_MAX];
    unsigned n_requests;
    /* The answer to the n-th request, from 0. */
    struct action (*script)(void *u, unsigned n, const struct request *r);
    void *script_u;
    struct bufferevent *open[UPSTREAM_CONNECTIONS_MAX];
};

struct upstream_conn {
    struct upstream *up;
    struct bufferevent *bev;
    unsigned number, answered;
    struct event *delay; /* of the answer below */
    struct action delayed;
};

static inline void upstream_close(struct upstream_conn *c)
{
    for (unsigned i = 0; i < UPSTREAM_CONNECTIONS_MAX; i++)
        if (c->up->open[i] == c->bev)
            c->up->open[i] = NULL;
    if (c->delay)
        event_free(c->delay);
    bufferevent_free(c->bev);
    free(c);
}

static inline void upstream_answer(struct upstream_conn *c, const struct action *a)
{
    struct evbuffer *out = bufferevent_get_output(c->bev);
    size_t n = a->body_bytes ? a->body_bytes : strlen(a->body ? a->body : "{}");
    evbuffer_add_printf(out, "HTTP/1.1 %u Whatever\r\nContent-Length: %zu\r\n%s\r\n", a->status ? a->status : 200, n,
                        a->headers ? a->headers : "");
    if (!a->body_bytes)
        evbuffer_add(out, a->body ? a->body : "{}", n);
    for (size_t i = 0; i < a->body_bytes; i++)
        evbuffer_add(out, "x", 1);
    c->answered++;
}

static inline void upstream_delayed(evutil_socket_t fd, short what, void *u)
{
    (void)fd;
    (void)what;
    struct upstream_conn *c = u;
    event_free(c->delay);
    c->delay = NULL;
    c->up->in_progress--;
    upstream_answer(c, &c->delayed);
}

/* True when the connection is gone. */
static inline bool upstream_act(struct upstream_conn *c, const struct action *a)
{
    if (a->close || (a->close_reused && c->answered)) {
        upstream_close(c);
        return true;
    }
    if (a->raw) {
        int fd = bufferevent_getfd(c->bev);
        ck_assert_int_eq(write(fd, a->raw, strlen(a->raw)), (ssize_t)strlen(a->raw));
        upstream_close(c);
        return true;
    }
    if (a->delay_ms) {
        struct timeval tv = {.tv_usec = a->delay_ms * 1000};
        c->delayed = *a;
        c->delay = evtimer_new(c->up->base, upstream_delayed, c);
        evtimer_add(c->delay, &tv);
        if (++c->up->in_progress > c->up->most_in_progress)
            c->up->most_in_progress = c->up->in_progress;
    } else if (!a->stall) {
        upstream_answer(c, a);
    }
    return false;
}

static inline void upstream_keep(struct upstream_conn *c, struct slice head, struct slice wire, struct request *r)
{
    r->head = slice_dup(head);
    r->connection = c->number;
    sbuf_init(&r->wire, 4 << 20);
    sbuf_init(&r->body, 4 << 20);
    sbuf_adds(&r->wire, wire);
    if (zip_inflate(wire, &r->body) != ZIP_OK)
        sbuf_adds(&r->body, wire);
}

/* The value of a header, or {NULL, 0}. */
static inline struct slice request_header(const struct request *r, const char *name)
{
    struct slice rest = slice_str(r->head);
    while (rest.n) {
        struct slice value = slice_trim(slice_split(&rest, '\n')), key = slice_split(&value, ':');
        if (value.p && slice_ieq(key, slice_str(name)))
            return slice_trim(value);
    }
    return SLICE_NONE;
}

static inline void upstream_read(struct bufferevent *bev, void *u)
{
    struct upstream_conn *c = u;
    struct upstream *up = c->up;
    struct evbuffer *in = bufferevent_get_input(bev);
    for (;;) {
        struct slice all = slice_of((const char *)evbuffer_pullup(in, -1), evbuffer_get_length(in));
        ptrdiff_t end = slice_find(all, SLICE("\r\n\r\n"));
        if (end < 0)
            return;
        struct request r = {.head = slice_dup(slice_sub(all, 0, (size_t)end + 2))};
        uint64_t length = 0;
        slice_u64(request_header(&r, "Content-Length"), &length);
        free(r.head);
        if (all.n < (size_t)end + 4 + length)
            return;
        ck_assert_uint_lt(up->n_requests, UPSTREAM_REQUESTS_MAX);
        struct request *kept = &up->requests[up->n_requests];
        upstream_keep(c, slice_sub(all, 0, (size_t)end + 2), slice_sub(all, (size_t)end + 4, (size_t)end + 4 + length),
                      kept);
        evbuffer_drain(in, (size_t)end + 4 + length);
        struct action a = up->script ? up->script(up->script_u, up->n_requests, kept) : (struct action){0};
        up->n_requests++;
        if (upstream_act(c, &a))
            return;
    }
}

static inline void upstream_event(struct bufferevent *bev, short what, void *u)
{
    (void)bev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        upstream_close(u);
}

static inline void upstream_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int n, void *u)
{
    (void)l;
    (void)sa;
    (void)n;
    struct upstream *up = u;
    struct upstream_conn *c = xcalloc(1, sizeof *c);
    c->up = up;
    c->number = ++up->connections;
    c->bev = up->tls ? bufferevent_openssl_socket_new(up->base, fd, SSL_new(up->tls), BUFFEREVENT_SSL_ACCEPTING,
                                                      BEV_OPT_CLOSE_ON_FREE)
                     : bufferevent_socket_new(up->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(c->bev, upstream_read, NULL, upstream_event, c);
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    unsigned i = 0;
    while (up->open[i])
        i++;
    ck_assert_uint_lt(i, UPSTREAM_CONNECTIONS_MAX);
    up->open[i] = c->bev;
}

static inline void upstream_start(struct upstream *up, struct event_base *base)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof sa;
    up->base = base;
    up->listener = evconnlistener_new_bind(base, upstream_accept, up, LEV_OPT_CLOSE_ON_FREE, 64, (struct sockaddr *)&sa,
                                           sizeof sa);
    ck_assert_ptr_nonnull(up->listener);
    getsockname(evconnlistener_get_fd(up->listener), (struct sockaddr *)&sa, &n);
    up->port = ntohs(sa.sin_port);
}

static inline void upstream_stop(struct upstream *up)
{
    evconnlistener_free(up->listener);
    for (unsigned i = 0; i < UPSTREAM_CONNECTIONS_MAX; i++)
        if (up->open[i]) {
            void *c = NULL;
            bufferevent_getcb(up->open[i], NULL, NULL, NULL, &c);
            upstream_close(c);
        }
    for (unsigned i = 0; i < up->n_requests; i++) {
        free(up->requests[i].head);
        sbuf_done(&up->requests[i].wire);
        sbuf_done(&up->requests[i].body);
    }
}

#endif
