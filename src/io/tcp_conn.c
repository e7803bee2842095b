#include "io/tcp_conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/descriptors.h"
#include "io/proxy.h"

static void log_conn(enum log_level level, const char *msg, const struct conn *c, const char *error)
{
    const struct log_tag tags[] = {log_c("input", c->in->opt->text), log_peer(c->stream.sender), log_c("error", error)};
    log_write(level, msg, tags, *error ? 3 : 2);
}

/* ---- the end of a connection ---- */

static void account(struct conn *c)
{
    size_t now = framer_memory_bytes(&c->framer);
    c->in->held_bytes += now - c->held_bytes;
    c->held_bytes = now;
}

static void deliver(struct conn *c, struct message *m)
{
    m->stream = &c->stream;
    if (c->in->discarding)
        *tcp_counter(c->in, COUNT_unread) += m->lines;
    else
        input_message(&c->in->sink, &c->in->input, m);
}

/* Fills the framer. False when nothing is left of what was read. */
static bool fill_framer(struct conn *c)
{
    struct evbuffer *in = c->bev ? bufferevent_get_input(c->bev) : NULL;
    if (!in || evbuffer_get_length(in) == 0)
        return false;
    int got = evbuffer_remove(in, framer_room(&c->framer, TCP_STEP), TCP_STEP);
    framer_fill(&c->framer, got > 0 ? (size_t)got : 0);
    return got > 0;
}

/* The warning names the sender once for a connection. */
static void note_wrong_counts(struct conn *c)
{
    uint64_t now = framer_wrong_counts(&c->framer);
    if (now == c->wrong_counts)
        return;
    if (!c->wrong_counts)
        log_conn(LOG_WARN,
                 "a sender counts the bytes of its messages wrong, each is read up to the next header; mend its octet "
                 "counting (RFC 6587), or let it end messages with a line feed",
                 c, "");
    *tcp_counter(c->in, COUNT_wrong_octet_counts) += now - c->wrong_counts;
    c->wrong_counts = now;
}

/* At the end of a connection. What was read, about TCP_READ_MAX bytes at most, may have waited for per_sender or the
   store; and bytes that did not tell yet what they begin are a message's all the same. */
static void hand_on_rest(struct conn *c)
{
    struct message m;
    bool ours = c->opening == OPENING_OURS || c->opening == OPENING_MORE;
    do {
        while (framer_next(&c->framer, &m))
            deliver(c, &m);
    } while (ours && fill_framer(c));
    note_wrong_counts(c);
    while (framer_flush(&c->framer, FRAME_END, &m) || framer_next(&c->framer, &m))
        deliver(c, &m);
}

void conn_free(struct conn *c)
{
    struct in_tcp *in = c->in;
    hand_on_rest(c);
    TAILQ_REMOVE(&in->conns, c, link);
    holders_remove(&in->holders, &c->held);
    in->input.connections--;
    framer_done(&c->framer);
    account(c);
    if (c->early)
        event_free(c->early);
    if (c->resume)
        event_free(c->resume);
    if (c->bev)
        bufferevent_free(c->bev);
    else
        close(c->fd);
    sbuf_done(&c->header);
    free(c);
}

/* Returns the connection whose unfinished messages take the most memory. */
static struct conn *heaviest(struct in_tcp *in)
{
    struct conn *c, *most = NULL;
    TAILQ_FOREACH (c, &in->conns, link) {
        if (!most || c->held_bytes > most->held_bytes)
            most = c;
    }
    return most;
}

void tcp_keep_budget(struct in_tcp *in)
{
    while (in->held_bytes > TCP_HELD_MAX) {
        struct conn *c = heaviest(in);
        ++*tcp_counter(in, COUNT_connections_memory);
        log_conn(LOG_WARN, "unfinished messages hold too much memory, the largest sender is cut off", c, "");
        conn_free(c);
    }
}

/* ---- shares ---- */

static struct conn *conn_of(const struct held *held)
{
    return (struct conn *)((uintptr_t)held - offsetof(struct conn, held));
}

/* Whether the connection is idle: what it sent may not have been read yet, or may have to wait. */
static bool tcp_conn_is_idle(const struct held *held)
{
    const struct conn *c = conn_of(held);
    return !c->held_back && !descriptor_readable(c->fd);
}

bool tcp_relieve(struct in_tcp *in)
{
    struct held *most = holders_idlest(&in->holders, NULL, tcp_conn_is_idle);
    if (!most)
        return false;
    log_conn(LOG_WARN,
             "max_connections reached: the address that holds most gives one up; raise max_connections, or name it in "
             "exempt if it speaks for many",
             conn_of(most), "");
    conn_free(conn_of(most));
    return true;
}

/* Counts the connection for its address, which is known now. False: the address holds more than its share, all of them
   busy, and this connection has been closed. */
static bool claim_share(struct conn *c)
{
    struct in_tcp *in = c->in;
    holders_add(&in->holders, &c->held, &c->peer);
    if (!holders_over(&in->holders, &c->held))
        return true;
    struct held *idlest = holders_idlest(&in->holders, &c->held, tcp_conn_is_idle);
    ++*tcp_counter(in, COUNT_connections_over_share);
    log_conn(LOG_WARN,
             "an address holds more than an eighth of max_connections, the connection that has been idle longest is "
             "closed; name the "
             "address in exempt if it speaks for many",
             c, "");
    conn_free(idlest ? conn_of(idlest) : c);
    return idlest != NULL;
}

/* ---- bytes to messages ---- */

static void tcp_conn_on_resume(evutil_socket_t fd, short what, void *u);

/* True when the sender has to wait; reading goes on by itself. */
static bool over_rate(struct conn *c)
{
    struct in_tcp *in = c->in;
    int64_t wait_us = in->rates && !tcp_over_unix(in) && !in->draining
                          ? rates_wait(in->rates, &c->peer, in->sink.now_us(in->sink.u))
                          : 0;
    if (wait_us == 0)
        return false;
    if (!c->resume)
        c->resume = evtimer_new(in->base, tcp_conn_on_resume, c);
    struct timeval wait = {.tv_sec = wait_us / 1000000, .tv_usec = wait_us % 1000000};
    c->held_back = c->resume && event_add(c->resume, &wait) == 0;
    if (c->held_back) {
        ++*tcp_counter(in, COUNT_rate_waits);
        log_conn(LOG_WARN, "a sender is above per_sender and has to wait", c, "");
    }
    return c->held_back;
}

static bool stopped(const struct conn *c)
{
    return !c->in->draining && (c->in->paused || c->held_back);
}

static void run_messages(struct conn *c)
{
    struct message m;
    while (!stopped(c) && !over_rate(c) && framer_next(&c->framer, &m)) {
        rates_take(c->in->rates, &c->peer, c->in->sink.now_us(c->in->sink.u));
        c->proven = true;
        deliver(c, &m);
    }
    note_wrong_counts(c);
}

/* ---- who speaks something else ---- */

static enum opening tls_opening(struct conn *c, struct evbuffer *in)
{
    unsigned char head[2];
    ssize_t n = c->in->tls ? 0 : evbuffer_copyout(in, head, sizeof head);
    /* A TLS record of a handshake, version 3.x: RFC 8446, 5.1. */
    if (n < 1 || head[0] != 0x16)
        return OPENING_OURS;
    return n < 2 ? OPENING_MORE : head[1] == 0x03 ? OPENING_TLS : OPENING_OURS;
}

static enum opening http_opening(struct conn *c, struct evbuffer *in)
{
    char bytes[1024];
    struct evbuffer_ptr from;
    enum request_line_is is = REQUEST_LINE_MORE;
    while (is == REQUEST_LINE_MORE && evbuffer_ptr_set(in, &from, c->looked_at, EVBUFFER_PTR_SET) == 0) {
        ssize_t n = evbuffer_copyout_from(in, &from, bytes, sizeof bytes);
        if (n <= 0)
            break;
        c->looked_at += (size_t)n;
        is = request_line_feed(&c->request_line, slice_of(bytes, (size_t)n));
    }
    return is == REQUEST_LINE_YES ? OPENING_HTTP : is == REQUEST_LINE_NO ? OPENING_OURS : OPENING_MORE;
}

static enum opening tell_opening(struct conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    enum opening o = tls_opening(c, in);
    if (o == OPENING_OURS)
        o = http_opening(c, in);
    if (o == OPENING_MORE && c->ended)
        o = request_line_whole(&c->request_line) ? OPENING_HTTP : OPENING_OURS;
    return o;
}

/* True when the connection speaks what the input reads, as far as its first bytes tell; else it waits or is closed. */
static bool speaks_ours(struct conn *c)
{
    static const struct {
        enum count counter;
        const char *msg;
    } others[] = {
        [OPENING_TLS] = {COUNT_tls_on_plain,
                         "a TLS client called a port without TLS; make the input tls:// or turn TLS off at the sender"},
        [OPENING_HTTP] = {COUNT_http_on_tcp,
                          "an HTTP client, a web page perhaps, called a port that does not speak HTTP; GELF by "
                          "HTTP needs an http:// input"}};
    if (c->opening == OPENING_MORE)
        c->opening = tell_opening(c);
    if (c->opening == OPENING_OURS || c->opening == OPENING_MORE)
        return c->opening == OPENING_OURS;
    ++*tcp_counter(c->in, others[c->opening].counter);
    log_conn(LOG_WARN, others[c->opening].msg, c, "");
    conn_free(c);
    return false;
}

/* Handles everything that was read, as far as the sender may go. Frees c when it has ended. */
static void conn_run(struct conn *c)
{
    input_turn(&c->in->sink, &c->in->input, c->stream.peer);
    if (!speaks_ours(c))
        return;
    run_messages(c);
    while (!stopped(c) && fill_framer(c))
        run_messages(c);
    account(c);
    if (stopped(c))
        bufferevent_disable(c->bev, EV_READ);
    else if (c->ended)
        conn_free(c);
}

void conn_go_on(struct conn *c)
{
    if (!c->ready || stopped(c))
        return;
    bufferevent_enable(c->bev, EV_READ);
    conn_run(c);
}

static void tcp_conn_on_resume(evutil_socket_t fd, short what, void *u)
{
    struct conn *c = u;
    struct in_tcp *in = c->in;
    (void)fd, (void)what;
    c->held_back = false;
    conn_go_on(c);
    tcp_keep_budget(in);
}

static void tcp_conn_on_read(struct bufferevent *bev, void *u)
{
    struct conn *c = u;
    struct in_tcp *in = c->in;
    (void)bev;
    holders_touch(&c->held);
    c->tick = in->tick;
    conn_run(c);
    tcp_keep_budget(in);
}

static void tls_failed(struct conn *c)
{
    unsigned long e;
    const char *reason = NULL;
    /* The newest error comes first; among OpenSSL's errors libevent puts other codes, which have no reason. */
    while (!reason && (e = bufferevent_get_openssl_error(c->bev)) != 0)
        reason = ERR_reason_error_string(e);
    if (!reason || tls_gone(e)) /* the peer was a port scan or a balancer's health check */
        return;
    ++*tcp_counter(c->in, COUNT_tls_errors);
    long verdict = SSL_get_verify_result(bufferevent_openssl_get_ssl(c->bev));
    if (ERR_GET_REASON(e) == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK)
        reason = X509_verify_cert_error_string(verdict); /* such a text as "certificate has expired" says more */
    if (tls_not_tls(e))
        log_conn(LOG_WARN, "a sender without TLS called a TLS port; turn TLS on at the sender or make the input tcp://",
                 c, reason);
    else
        log_conn(LOG_WARN, "TLS handshake failed", c, reason);
}

static void tcp_conn_on_event(struct bufferevent *bev, short what, void *u)
{
    struct conn *c = u;
    struct in_tcp *in = c->in;
    (void)bev;
    c->tick = in->tick;
    if (what & BEV_EVENT_CONNECTED) {
        c->ready = true;
        if (in->paused)
            bufferevent_disable(c->bev, EV_READ);
        return;
    }
    if (!c->ready) {
        tls_failed(c);
        conn_free(c);
        return;
    }
    c->ended = true;
    conn_run(c);
    tcp_keep_budget(in);
}

/* ---- the early stage ---- */

/* Begins with the messages, or with TLS: everything before them is done. */
static void attach(struct conn *c)
{
    struct in_tcp *in = c->in;
    SSL *ssl = in->tls ? tls_accept(in->tls, in->sink.now_us(in->sink.u)) : NULL;
    int flags = BEV_OPT_CLOSE_ON_FREE;
    if (in->tls)
        c->bev = ssl ? bufferevent_openssl_socket_new(in->base, c->fd, ssl, BUFFEREVENT_SSL_ACCEPTING, flags) : NULL;
    else
        c->bev = bufferevent_socket_new(in->base, c->fd, flags);
    if (!c->bev) {
        SSL_free(ssl);
        ++*tcp_counter(in, COUNT_input_errors);
        conn_free(c);
        return;
    }
    if (in->tls)
        /* Many senders just close; the frame decides whether something is missing. */
        bufferevent_openssl_set_allow_dirty_shutdown(c->bev, 1);
    c->ready = !in->tls;
    bufferevent_setcb(c->bev, tcp_conn_on_read, NULL, tcp_conn_on_event, c);
    bufferevent_setwatermark(c->bev, EV_READ, 0, TCP_READ_MAX);
    bufferevent_set_max_single_read(c->bev, TCP_READ_MAX);
    if (!in->paused || in->tls)
        bufferevent_enable(c->bev, EV_READ | (in->tls ? EV_WRITE : 0));
}

static void set_peer(struct conn *c, const struct sockaddr *sa)
{
    peer_set(&c->peer, sa);
    peer_to_stream(&c->peer, c->in->opt, &c->stream);
}

/* Sets the client that a PROXY header names. From another host, a loopback address is one of that host, not of ours. */
static void set_client(struct conn *c, const struct sockaddr *sa)
{
    struct peer client;
    peer_set(&client, sa);
    if (client.n > 0 && (peer_is_local(&c->peer) || !peer_is_local(&client)))
        set_peer(c, sa);
}

static void proxy_failed(struct conn *c)
{
    ++*tcp_counter(c->in, COUNT_proxy_errors);
    log_conn(LOG_WARN, "no PROXY header; turn it on at the balancer or proxy_protocol off here", c, "");
    conn_free(c);
}

/* Reads the PROXY header and no byte beyond it: what follows may be for OpenSSL. */
static void tcp_conn_on_proxy(evutil_socket_t fd, short what, void *u)
{
    struct conn *c = u;
    struct sockaddr_storage from;
    size_t want = 0;
    (void)what;
    for (;;) {
        enum proxy_result r = proxy_read(sbuf_slice(&c->header), &from, &want);
        if (r == PROXY_BAD) {
            proxy_failed(c);
            return;
        }
        if (r == PROXY_DONE)
            break;
        ssize_t n = recv(fd, sbuf_room(&c->header, want), want, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n == 0 && c->header.n == 0) { /* a health check */
            conn_free(c);
            return;
        }
        if (n <= 0) {
            proxy_failed(c);
            return;
        }
        c->header.n += (size_t)n;
    }
    event_free(c->early);
    c->early = NULL;
    sbuf_done(&c->header);
    set_client(c, (struct sockaddr *)&from);
    /* A balancer that speaks for itself has no share: its connection is one that is asked for. */
    if (from.ss_family == AF_UNSPEC || claim_share(c))
        attach(c);
}

static void begin(struct conn *c)
{
    if (!c->in->opt->proxy_protocol || tcp_over_unix(c->in)) {
        if (claim_share(c))
            attach(c);
        return;
    }
    c->early = event_new(c->in->base, c->fd, EV_READ | EV_PERSIST, tcp_conn_on_proxy, c);
    if (!c->early || event_add(c->early, NULL) != 0) {
        ++*tcp_counter(c->in, COUNT_input_errors);
        conn_free(c);
    }
}

void conn_open(struct in_tcp *in, int fd, const struct sockaddr *sa)
{
    const struct input_options *opt = in->opt;
    struct conn *c = xcalloc(1, sizeof *c);
    c->in = in;
    c->fd = fd;
    c->tick = in->tick;
    c->stream = (struct stream){.format = input_format(opt),
                                .zone = opt->zone,
                                .log_format = slice_str(opt->log_format),
                                .source = slice_str(opt->text),
                                .last_us = RECORD_NO_TIME};
    sbuf_init(&c->header, PROXY_HEADER_MAX);
    framer_init(&c->framer, input_traits[opt->kind].framing, opt->max_message_bytes, 0);
    set_peer(c, sa);
    if (tcp_over_unix(in)) {
        c->stream.peer = slice_str(in->host);
        struct ucred cred;
        bool known = unix_peer_of_socket(fd, &cred);
        unix_peer_to_stream(&c->process, known ? &cred : NULL, in->sink.now_us(in->sink.u), &c->stream);
    }
    TAILQ_INSERT_TAIL(&in->conns, c, link);
    in->input.connections++;
    begin(c);
}

/* ---- time ---- */

static unsigned ticks(const struct in_tcp *in, int64_t us)
{
    return (unsigned)((us + in->tick_us - 1) / in->tick_us) + 1;
}

/* A sender on this host, or one with a certificate, is nobody who takes places away from others. */
static int64_t idle_timeout(const struct conn *c)
{
    const struct input_options *opt = c->in->opt;
    bool known = tcp_over_unix(c->in) || peer_is_local(&c->peer) || opt->tls.client_ca;
    return known && !opt->idle_for_all ? 0 : opt->idle_timeout_us;
}

void conn_sweep(struct conn *c)
{
    struct in_tcp *in = c->in;
    int64_t idle_us = in->opt->idle_timeout_us;
    unsigned age = in->tick - c->tick;
    if (!c->ready) {
        if (age < ticks(in, idle_us && idle_us < TCP_HANDSHAKE_US ? idle_us : TCP_HANDSHAKE_US))
            return;
        ++*tcp_counter(in, COUNT_connections_idle);
        log_conn(LOG_WARN, in->tls ? "TLS handshake not finished in time" : "PROXY header not sent in time", c, "");
        conn_free(c);
        return;
    }
    if (stopped(c))
        return;
    struct message m;
    while (age >= 1 && framer_waiting(&c->framer) && framer_flush(&c->framer, FRAME_IDLE, &m)) {
        c->proven = true;
        deliver(c, &m);
    }
    if (age >= 1) {
        framer_trim(&c->framer);
        account(c);
    }
    idle_us = idle_timeout(c);
    if (idle_us && age >= ticks(in, idle_us)) {
        ++*tcp_counter(in, COUNT_connections_idle);
        conn_free(c);
    }
}

static SSL *ssl_of(const struct conn *c)
{
    return c->in->tls && c->bev ? bufferevent_openssl_get_ssl(c->bev) : NULL;
}

bool conn_drained(const struct conn *c)
{
    if (!c->ready)
        return true;
    SSL *ssl = ssl_of(c);
    return !c->held_back && evbuffer_get_length(bufferevent_get_input(c->bev)) == 0 && !(ssl && SSL_pending(ssl)) &&
           !descriptor_readable(c->fd);
}

/* ---- the end of the input ---- */

/* Reads past the bufferevent, which reads only when the loop turns. Over TLS, a handshake of which the client has done
   its part ends here. */
static size_t read_now(struct conn *c, char *to, size_t room)
{
    SSL *ssl = ssl_of(c);
    if (ssl) {
        int got = SSL_read(ssl, to, (int)room);
        ERR_clear_error();
        return got > 0 ? (size_t)got : 0;
    }
    ssize_t got = recv(c->fd, to, room, MSG_DONTWAIT);
    c->ended |= got == 0;
    return got > 0 ? (size_t)got : 0;
}

size_t conn_drain(struct conn *c)
{
    char bytes[TCP_STEP];
    if (c->early && descriptor_readable(c->fd)) {
        tcp_conn_on_proxy(c->fd, EV_READ, c); /* may free c; what is behind the header comes with the next call */
        return 1;
    }
    if (!c->bev)
        return 0;
    struct evbuffer *in = bufferevent_get_input(c->bev);
    size_t n = read_now(c, bytes, sizeof bytes);
    /* A bufferevent lets nobody else add to its input. */
    evbuffer_unfreeze(in, 0);
    evbuffer_add(in, bytes, n);
    conn_run(c);
    return n;
}

bool conn_unread(const struct conn *c)
{
    char byte;
    SSL *ssl = ssl_of(c);
    if (!c->bev || (ssl && !SSL_is_init_finished(ssl)))
        return false;
    return (ssl && SSL_pending(ssl) > 0) || recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}
