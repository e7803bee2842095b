/* net: a real event base, a sink that remembers, and sockets on loopback, for the tests of inputs. */
#ifndef TESTS_NET_H
#define TESTS_NET_H

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/clock.h"
#include "io/input.h"

enum { NET_KEPT = 4096, NET_DEADLINE_MS = 20000 };

struct net_msg {
    char *text;
    size_t n;
    char peer[64], sender[200];
    uint32_t pid;
    uint64_t truncated_bytes;
    unsigned lines;
    uint64_t ring, domain;
    bool remote, trusted;
};

/* One input under test and what it handed on; the first NET_KEPT messages are kept, all are counted. */
struct net {
    struct event_base *base;
    struct input_options opt;
    struct input_sink sink;
    struct input *in;
    struct counts counts;
    struct diag diag;
    int64_t clock_us; /* 0: the real one */
    struct net_msg msg[NET_KEPT];
    size_t n;
};

static inline int64_t net_real_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static inline int64_t net_now(void *u)
{
    struct net *t = u;
    return t->clock_us ? t->clock_us : net_real_us();
}

static inline void net_message(void *u, const struct message *m)
{
    struct net *t = u;
    const struct stream *s = m->stream;
    if (t->n < NET_KEPT) {
        struct net_msg *kept = &t->msg[t->n];
        *kept = (struct net_msg){slice_dup(m->text), m->text.n, "",        "",        s->peer_pid, m->truncated_bytes,
                                 m->lines,           s->ring,   s->domain, s->remote, s->trusted};
        snprintf(kept->peer, sizeof kept->peer, "%.*s", SLICE_ARG(s->peer));
        snprintf(kept->sender, sizeof kept->sender, "%.*s", SLICE_ARG(s->sender));
    }
    t->n++;
}

static inline struct net *net_new(enum input_kind kind, enum input_transport transport)
{
    struct net *t = xcalloc(1, sizeof *t);
    t->base = event_base_new();
    t->opt = (struct input_options){.kind = kind,
                                    .transport = transport,
                                    .text = xstrdup("the input under test"),
                                    .host = xstrdup("127.0.0.1"),
                                    .max_message_bytes = 65536,
                                    .max_connections = 64};
    t->sink = (struct input_sink){.u = t, .message = net_message, .counts = &t->counts, .now_us = net_now};
    return t;
}

static inline void net_start(struct net *t)
{
    const struct input_type *type = input_type_of(t->opt.kind, t->opt.transport);
    ck_assert_ptr_nonnull(type);
    t->in = type->start(t->base, &t->opt, &t->sink, &t->diag);
    if (!t->in)
        err_print(&t->diag, stderr);
    ck_assert_ptr_nonnull(t->in);
}

/* As at the end of a run, in more time than it takes. */
static inline void net_drain(struct net *t)
{
    t->in->type->drain(t->in, clock_mono_ms() + NET_DEADLINE_MS);
}

static inline void net_free(struct net *t)
{
    if (t->in)
        t->in->type->stop(t->in);
    event_base_free(t->base);
    for (size_t i = 0; i < t->n && i < NET_KEPT; i++)
        free(t->msg[i].text);
    err_done(&t->diag);
    free(t->opt.text);
    free(t->opt.host);
    free(t);
}

/* Turns the loop until cond holds; fails the test after NET_DEADLINE_MS. */
#define net_until(t, cond)                                                                                             \
    do {                                                                                                               \
        int64_t end_ = net_real_us() + NET_DEADLINE_MS * INT64_C(1000);                                                \
        while (!(cond)) {                                                                                              \
            ck_assert_msg(net_real_us() < end_, "waited too long for: " #cond);                                        \
            struct timeval tick_ = {.tv_usec = 2000};                                                                  \
            event_base_loopexit((t)->base, &tick_);                                                                    \
            event_base_loop((t)->base, EVLOOP_ONCE);                                                                   \
        }                                                                                                              \
    } while (0)

#define net_is(t, i, want)                                                                                             \
    do {                                                                                                               \
        ck_assert_uint_lt(i, (t)->n);                                                                                  \
        ck_slice(slice_of((t)->msg[i].text, (t)->msg[i].n), want);                                                     \
    } while (0)

/* A client's socket, connected to the input. type: SOCK_DGRAM or SOCK_STREAM. */
static inline int net_connect(struct net *t, int type)
{
    if (t->opt.transport == INPUT_UNIX || t->opt.transport == INPUT_UNIX_STREAM) {
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        snprintf(a.sun_path, sizeof a.sun_path, "%s", t->opt.host);
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
        return fd;
    }
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(t->in->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static inline void net_send(int fd, struct slice s)
{
    ck_assert_int_eq(send(fd, s.p, s.n, MSG_NOSIGNAL), (ssize_t)s.n);
}

/* True when the peer of fd has closed it (or reset it). */
static inline bool net_closed(int fd)
{
    char c;
    ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK);
    return n == 0 || (n < 0 && errno != EAGAIN);
}

/* The text of the first error, or "". */
static inline const char *net_error(const struct net *t)
{
    return t->diag.n ? t->diag.v[0].text : "";
}

#endif
