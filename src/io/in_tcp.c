/*
 * in_tcp: messages that come over connections: GELF and syslog over TCP, TLS and unix stream sockets.
 *
 * A connection is an early stage (PROXY header, TLS handshake; it has TCP_HANDSHAKE_US) and then a
 * bufferevent whose bytes go into its framer. Bounds: max_connections connections, a framer and TCP_READ_MAX
 * bytes each, TCP_HELD_MAX bytes in all framers together. An address has its share of the connections (holders.h).
 * When a new one finds no place, the address that holds most gives one up, or the one that has said nothing for
 * longest makes room, so that a crowd of silent ones cannot keep a sender out. `allow`
 * is about the address that connects, also where a PROXY header names another. Under back-pressure, and above
 * per_sender, nothing is read and the sender waits. At the end nobody waits: what the kernel holds is read,
 * TCP_DRAIN_MAX bytes at most; what there is no time to judge is framed and counted, message by message, and as much
 * again at most.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/clock.h"
#include "io/descriptors.h"
#include "io/tcp_conn.h"

enum {
    ASKED_MAX = 64,
    TICK_US = 1000000,
    TICK_MIN_US = 50000,
    TCP_DRAIN_MAX = 64 << 20,
    DISCARD_MS = 1000,
    GRACE_STEPS = 4,
    GRACE_STEP_MS = 5
};

/* Returns the connection that has been silent longest. It asks a few whether what they sent has been read; NULL when
   none of these is idle. */
static struct conn *most_silent(struct in_tcp *in)
{
    struct conn *c;
    unsigned asked = 0;
    TAILQ_FOREACH (c, &in->conns, link) {
        if (c->proven)
            continue;
        if (!descriptor_readable(c->fd))
            return c;
        if (++asked == ASKED_MAX)
            break;
    }
    return NULL;
}

/* Makes room for one more connection. False: no address holds several, and every connection has proven itself. */
static bool make_room(struct in_tcp *in)
{
    if (in->input.connections < in->opt->max_connections)
        return true;
    ++*tcp_counter(in, COUNT_connections_over_cap);
    if (tcp_relieve(in))
        return true;
    struct conn *oldest = most_silent(in);
    log_at(LOG_WARN, "max_connections reached", log_c("input", in->opt->text),
           log_i("max_connections", in->opt->max_connections),
           log_c("closed", oldest ? "the one that has been silent longest" : "the new one"));
    if (oldest)
        conn_free(oldest);
    return oldest != NULL;
}

/* A peer that has vanished does not hold its place for ever: it is asked after a minute, and gone after three. */
static void keep_alive(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {{SOL_SOCKET, SO_KEEPALIVE, 1},
                   {IPPROTO_TCP, TCP_KEEPIDLE, 60},
                   {IPPROTO_TCP, TCP_KEEPINTVL, 20},
                   {IPPROTO_TCP, TCP_KEEPCNT, 6}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

static void tcp_on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *u)
{
    struct in_tcp *in = u;
    struct peer peer;
    (void)l, (void)len;
    peer_set(&peer, sa);
    ++*tcp_counter(in, COUNT_connections);
    if (!peer_allowed(&peer, in->opt)) {
        ++*tcp_counter(in, COUNT_not_allowed);
        log_at(LOG_WARN, "a connection from an address outside allow", log_c("input", in->opt->text),
               log_peer(peer_slice(&peer)));
        close(fd);
        return;
    }
    if (!make_room(in)) {
        close(fd);
        return;
    }
    if (!tcp_over_unix(in))
        keep_alive(fd);
    conn_open(in, fd, sa);
}

/* Most likely no descriptors are left: a level-triggered loop would spin until there are some. */
static void tcp_on_accept_error(struct evconnlistener *l, void *u)
{
    struct in_tcp *in = u;
    ++*tcp_counter(in, COUNT_input_errors);
    log_at(LOG_ERROR, "connection not accepted; raise LimitNOFILE if descriptors have run out",
           log_c("input", in->opt->text), log_c("error", strerror(errno)));
    input_trouble(&in->input, &in->sink, "connection not accepted: %s", strerror(errno));
    evconnlistener_disable(l);
    in->accept_failed = true;
}

static void tcp_on_sweep(evutil_socket_t fd, short what, void *u)
{
    struct in_tcp *in = u;
    struct conn *c, *next;
    (void)fd, (void)what;
    input_turn(&in->sink, &in->input, SLICE_NONE);
    in->tick++;
    if (in->accept_failed)
        evconnlistener_enable(in->acceptor);
    in->accept_failed = false;
    for (c = TAILQ_FIRST(&in->conns); c; c = next) {
        next = TAILQ_NEXT(c, link);
        conn_sweep(c);
    }
}

static void tcp_on_unpause(evutil_socket_t fd, short what, void *u)
{
    struct in_tcp *in = u;
    struct conn *c, *next;
    (void)fd, (void)what;
    for (c = TAILQ_FIRST(&in->conns); c; c = next) {
        next = TAILQ_NEXT(c, link);
        conn_go_on(c);
    }
    tcp_keep_budget(in);
}

/* May be called from within sink.message, so a connection is never run from here. */
static void tcp_pause(struct input *input, bool paused)
{
    struct in_tcp *in = (struct in_tcp *)input;
    struct conn *c;
    if (paused == in->paused)
        return;
    in->paused = paused;
    if (!paused) {
        event_active(in->unpause, EV_TIMEOUT, 0);
        return;
    }
    TAILQ_FOREACH (c, &in->conns, link) {
        if (c->ready)
            bufferevent_disable(c->bev, EV_READ);
    }
}

static bool tcp_drained(struct input *input)
{
    struct in_tcp *in = (struct in_tcp *)input;
    struct conn *c;
    if (descriptor_readable(in->listener.fd))
        return false;
    TAILQ_FOREACH (c, &in->conns, link) {
        if (!conn_drained(c))
            return false;
    }
    return true;
}

/* Accepts the connections that wait: their senders may have sent, and gone. The queue of a socket that systemd passed
   belongs to the next process. */
static void accept_waiting(struct in_tcp *in)
{
    for (unsigned n = 0; !in->listener.passed && n < in->opt->max_connections; n++) {
        struct sockaddr_storage from = {0};
        socklen_t len = sizeof from;
        int fd = accept4(in->listener.fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        tcp_on_accept(in->acceptor, fd, (struct sockaddr *)&from, (int)len, in);
    }
}

/* One read of each connection, so that a sender who goes on takes no other's time. False: nothing was read, or a bound
 * is reached. */
static bool drain_once(struct in_tcp *in, int64_t end_ms, size_t *left)
{
    size_t before = *left;
    struct conn *c;
    /* Each connection goes to the end of the list first, since a PROXY header may close any other, the next one too. */
    for (unsigned n = in->input.connections; n && *left && clock_mono_ms() < end_ms; n--) {
        if (!(c = TAILQ_FIRST(&in->conns)))
            break;
        TAILQ_REMOVE(&in->conns, c, link);
        TAILQ_INSERT_TAIL(&in->conns, c, link);
        size_t got = conn_drain(c);
        *left -= got < *left ? got : *left;
    }
    tcp_keep_budget(in);
    return *left < before && *left && clock_mono_ms() < end_ms;
}

/* What a sender's kernel has taken comes when there is room here: at once on this host, but not in the same moment. */
static bool more_comes(struct in_tcp *in)
{
    struct conn *c;
    for (unsigned i = 0; i < GRACE_STEPS; i++) {
        poll(NULL, 0, GRACE_STEP_MS);
        TAILQ_FOREACH (c, &in->conns, link) {
            if (conn_unread(c))
                return true;
        }
    }
    return false;
}

static bool is_futile(const struct in_tcp *in)
{
    return !in->discarding && in->sink.full && in->sink.full(in->sink.u);
}

static void drain_until(struct in_tcp *in, int64_t end_ms)
{
    size_t left = TCP_DRAIN_MAX, before;
    do {
        before = left;
        while (!is_futile(in) && drain_once(in, end_ms, &left))
            ;
    } while (!is_futile(in) && left < before && left && clock_mono_ms() < end_ms && more_comes(in));
}

/* Reads what the kernel has taken: as far as its sender knows, that was accepted. What there is no time to judge is
 * framed all the same, for its number. */
static void tcp_drain(struct input *input, int64_t end_ms)
{
    struct in_tcp *in = (struct in_tcp *)input;
    struct conn *c;
    in->draining = true;
    accept_waiting(in);
    drain_until(in, end_ms);
    in->discarding = true;
    drain_until(in, end_ms + DISCARD_MS);
    TAILQ_FOREACH (c, &in->conns, link)
        *tcp_counter(in, COUNT_unread) += conn_unread(c);
}

static void tcp_stop(struct input *input)
{
    struct in_tcp *in = (struct in_tcp *)input;
    while (!TAILQ_EMPTY(&in->conns))
        conn_free(TAILQ_FIRST(&in->conns));
    if (in->acceptor)
        evconnlistener_free(in->acceptor);
    if (in->sweep)
        event_free(in->sweep);
    if (in->unpause)
        event_free(in->unpause);
    listen_close(&in->listener);
    holders_done(&in->holders);
    tls_free(in->tls);
    rates_free(in->rates);
    free(in);
}

static bool open_events(struct in_tcp *in)
{
    int64_t idle_us = in->opt->idle_timeout_us;
    in->tick_us = idle_us && idle_us < TICK_US ? (idle_us < TICK_MIN_US ? TICK_MIN_US : idle_us) : TICK_US;
    struct timeval every = {.tv_sec = in->tick_us / 1000000, .tv_usec = in->tick_us % 1000000};
    in->sweep = event_new(in->base, -1, EV_PERSIST, tcp_on_sweep, in);
    in->unpause = evtimer_new(in->base, tcp_on_unpause, in);
    in->acceptor = evconnlistener_new(in->base, tcp_on_accept, in, LEV_OPT_CLOSE_ON_EXEC, 0, in->listener.fd);
    if (!in->sweep || !in->unpause || !in->acceptor || event_add(in->sweep, &every) != 0)
        return false;
    evconnlistener_set_error_cb(in->acceptor, tcp_on_accept_error);
    return true;
}

static struct input *tcp_start(struct event_base *base, const struct input_options *opt, const struct input_sink *sink,
                               struct diag *d)
{
    struct in_tcp *in = xcalloc(1, sizeof *in);
    in->input.type = &in_tcp;
    in->opt = opt;
    in->sink = *sink;
    in->base = base;
    in->listener.fd = -1;
    TAILQ_INIT(&in->conns);
    holders_init(&in->holders, opt->max_connections, opt->exempt, opt->n_exempt);
    if (tcp_over_unix(in) && gethostname(in->host, sizeof in->host - 1) != 0)
        in->host[0] = '\0';
    in->tls = opt->transport == INPUT_TLS ? tls_new(opt, d) : NULL;
    const struct listen_on on = listen_on_input(opt);
    if ((opt->transport == INPUT_TLS && !in->tls) || !listen_open(&in->listener, &on, SOCK_STREAM, d)) {
        tcp_stop(&in->input);
        return NULL;
    }
    in->input.port = in->listener.port;
    in->rates = rates_new(opt->per_sender);
    if (!open_events(in)) {
        err_add(d, ERR_ERROR, opt->place, "cannot read from %s: no memory or no event", opt->text);
        tcp_stop(&in->input);
        return NULL;
    }
    return &in->input;
}

/* INPUT_GELF or INPUT_SYSLOG. */
const struct input_type in_tcp = {
    .kind = INPUT_SYSLOG,
    .start = tcp_start,
    .pause = tcp_pause,
    .drained = tcp_drained,
    .drain = tcp_drain,
    .stop = tcp_stop,
};
