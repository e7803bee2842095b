#include "io/redis.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/hash.h"
#include "base/sbuf.h"
#include "base/xalloc.h"
#include "io/backoff.h"
#include "io/clock.h"

enum { REDIS_RETRY_LARGE = 1 };

/* Beside those of the user. */
static const uint64_t TAG_LOGIN = UINT64_MAX;

struct redis {
    struct redis_setup setup;
    struct evdns_base *names;
    SSL_CTX *tls;
    struct bufferevent *bev;
    struct redis_reader *reader;
    struct event *timer;
    enum { WAITS, CONNECTS, LOGS_IN, READY } state;
    struct unanswered {
        uint64_t tag;
        int64_t sent_ms;
    } * unanswered; /* a ring of REDIS_UNANSWERED_MAX */
    unsigned first, n;
    unsigned failures;
    uint64_t chance;
    struct sbuf out;
    char why[160]; /* what the answers of the connection have shown to be wrong with it; empty: nothing */
};

static void connect_now(struct redis *r);

static bool is_unix(const struct redis_address *at)
{
    return at->host[0] == '/';
}

static void set_timer(struct redis *r, int64_t ms)
{
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_add(r->timer, &tv);
}

static void hang_up(struct redis *r)
{
    if (r->bev)
        bufferevent_free(r->bev);
    redis_reader_free(r->reader);
    r->bev = NULL;
    r->reader = NULL;
    r->n = 0;
    r->why[0] = '\0';
    r->state = WAITS;
}

static void fail(struct redis *r, const char *why)
{
    char said[sizeof r->why];
    snprintf(said, sizeof said, "%s", why);
    hang_up(r);
    r->failures++;
    set_timer(r, backoff_spread(REDIS_RETRY_MS, r->failures, REDIS_RETRY_MOST_MS, &r->chance));
    r->setup.down(r->setup.u, said);
}

/* --- commands --- */

static void write_words(struct sbuf *out, const struct slice *words, unsigned n)
{
    sbuf_reset(out);
    sbuf_addf(out, "*%u\r\n", n);
    for (unsigned i = 0; i < n; i++) {
        sbuf_addf(out, "$%zu\r\n", words[i].n);
        sbuf_adds(out, words[i]);
        sbuf_adds(out, SLICE("\r\n"));
    }
}

static bool send_words(struct redis *r, uint64_t tag, const struct slice *words, unsigned n)
{
    if (r->n == REDIS_UNANSWERED_MAX || evbuffer_get_length(bufferevent_get_output(r->bev)) > REDIS_OUT_BYTES)
        return false;
    write_words(&r->out, words, n);
    if (r->out.over || bufferevent_write(r->bev, r->out.p, r->out.n) != 0)
        return false;
    if (!r->n && r->state == READY)
        set_timer(r, r->setup.silent_ms);
    r->unanswered[(r->first + r->n++) % REDIS_UNANSWERED_MAX] = (struct unanswered){tag, clock_mono_ms()};
    return true;
}

bool redis_send(struct redis *r, uint64_t tag, const struct slice *words, unsigned n)
{
    return r->state == READY && send_words(r, tag, words, n);
}

void redis_does_well(struct redis *r)
{
    r->failures = 0;
}

/* --- answers --- */

static void become_ready(struct redis *r)
{
    r->state = READY;
    event_del(r->timer);
    r->setup.ready(r->setup.u);
}

static bool take_login(struct redis *r, const struct redis_value *v)
{
    if (v->type == REDIS_ERROR) {
        snprintf(r->why, sizeof r->why, "%.*s", SLICE_ARG(slice_sub(v->text, 0, sizeof r->why - 1)));
        return false;
    }
    if (!r->n)
        become_ready(r);
    return true;
}

static bool redis_on_reply(void *u, const struct redis_value *v)
{
    struct redis *r = u;
    if (!r->n) {
        snprintf(r->why, sizeof r->why, "it answers what was not asked");
        return false;
    }
    uint64_t tag = r->unanswered[r->first].tag;
    r->first = (r->first + 1) % REDIS_UNANSWERED_MAX;
    r->n--;
    if (tag == TAG_LOGIN)
        return take_login(r, v);
    if (r->setup.reply(r->setup.u, tag, v))
        return true;
    if (v->type == REDIS_ERROR)
        snprintf(r->why, sizeof r->why, "%.*s", SLICE_ARG(slice_sub(v->text, 0, sizeof r->why - 1)));
    else
        snprintf(r->why, sizeof r->why, "an answer of another form than was asked for");
    return false;
}

/* While commands are unanswered, the timer goes by the oldest of them. */
static void watch_silence(struct redis *r)
{
    if (r->state != READY)
        return;
    if (!r->n) {
        event_del(r->timer);
        return;
    }
    int64_t left_ms = r->unanswered[r->first].sent_ms + r->setup.silent_ms - clock_mono_ms();
    set_timer(r, left_ms > 1 ? left_ms : 1);
}

static void redis_on_read(struct bufferevent *bev, void *u)
{
    struct redis *r = u;
    char bytes[16384];
    const char *wrong = NULL;
    int n;
    while (!wrong && (n = evbuffer_remove(bufferevent_get_input(bev), bytes, sizeof bytes)) > 0)
        wrong = redis_reader_feed(r->reader, slice_of(bytes, (size_t)n), redis_on_reply, r);
    if (r->reader && redis_reader_too_large(r->reader) && r->failures > REDIS_RETRY_LARGE)
        r->failures = REDIS_RETRY_LARGE; /* it is there, and less is asked for next */
    if (wrong)
        fail(r, r->why[0] ? r->why : wrong);
    else
        watch_silence(r);
}

/* --- a connection --- */

static void log_in(struct redis *r)
{
    const struct redis_address *at = r->setup.at;
    char database[16];
    snprintf(database, sizeof database, "%u", at->database);
    const struct slice user = slice_str(at->user ? at->user : ""),
                       password = slice_str(at->password ? at->password : "");
    const struct slice auth[] = {SLICE("AUTH"), at->user ? user : password, password};
    const struct slice select[] = {SLICE("SELECT"), slice_str(database)};
    r->state = LOGS_IN;
    if (at->password)
        send_words(r, TAG_LOGIN, auth, at->user ? 3 : 2);
    send_words(r, TAG_LOGIN, select, 2);
}

static const char *why_closed(struct redis *r, short what)
{
    unsigned long e = r->tls ? bufferevent_get_openssl_error(r->bev) : 0;
    int dns = bufferevent_socket_get_dns_error(r->bev), socket = EVUTIL_SOCKET_ERROR();
    const char *reason = e ? ERR_reason_error_string(e) : NULL;
    if (reason)
        return reason;
    if (dns)
        return evutil_gai_strerror(dns);
    return what & BEV_EVENT_ERROR && socket ? evutil_socket_error_to_string(socket) : "it closed the connection";
}

static void redis_on_event(struct bufferevent *bev, short what, void *u)
{
    struct redis *r = u;
    if (!(what & BEV_EVENT_CONNECTED)) {
        fail(r, why_closed(r, what));
        return;
    }
    int one = 1;
    if (!is_unix(r->setup.at))
        setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    log_in(r);
}

static void redis_on_timer(evutil_socket_t fd, short what, void *u)
{
    struct redis *r = u;
    (void)fd;
    (void)what;
    if (r->state == WAITS)
        connect_now(r);
    else
        fail(r, r->state == READY ? "it does not answer" : "it cannot be reached, or does not answer, in time");
}

static int dial_unix(struct redis *r)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    if (strlen(r->setup.at->host) >= sizeof sa.sun_path)
        return -1;
    memcpy(sa.sun_path, r->setup.at->host, strlen(r->setup.at->host));
    return bufferevent_socket_connect(r->bev, (struct sockaddr *)&sa, sizeof sa);
}

static struct bufferevent *new_bufferevent(struct redis *r)
{
    const int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
    if (!r->tls)
        return bufferevent_socket_new(r->setup.base, -1, options);
    SSL *ssl = SSL_new(r->tls);
    if (!ssl)
        return NULL;
    const char *host = r->setup.at->host;
    unsigned char address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
    } else {
        char *name = xstrdup(host); /* OpenSSL's macro takes no constant */
        SSL_set_tlsext_host_name(ssl, name);
        SSL_set1_host(ssl, name);
        free(name);
    }
    struct bufferevent *bev =
        bufferevent_openssl_socket_new(r->setup.base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, options);
    if (bev)
        bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

static void connect_now(struct redis *r)
{
    r->bev = new_bufferevent(r);
    r->reader = redis_reader_new(r->setup.most_bytes);
    if (!r->bev || !r->reader) {
        fail(r, "no memory for a connection");
        return;
    }
    r->state = CONNECTS;
    bufferevent_setcb(r->bev, redis_on_read, NULL, redis_on_event, r);
    bufferevent_enable(r->bev, EV_READ | EV_WRITE);
    int rc = is_unix(r->setup.at) ? dial_unix(r)
                                  : bufferevent_socket_connect_hostname(r->bev, r->names, AF_UNSPEC, r->setup.at->host,
                                                                        r->setup.at->port);
    if (rc != 0 && r->state == CONNECTS)
        fail(r, "it cannot be reached");
    else if (r->state == CONNECTS)
        set_timer(r, REDIS_CONNECT_MS);
}

static bool write_some(struct redis *r, const char *bytes, size_t n, int *wrote)
{
    SSL *ssl = r->tls ? bufferevent_openssl_get_ssl(r->bev) : NULL;
    *wrote = ssl ? SSL_write(ssl, bytes, n < INT32_MAX ? (int)n : INT32_MAX)
                 : (int)send(bufferevent_getfd(r->bev), bytes, n, MSG_NOSIGNAL);
    return *wrote > 0 || (!ssl && (errno == EAGAIN || errno == EINTR));
}

/* Closing a socket in which answers lie unread would take back what has been written: they are read, until the other
   side closes, too. */
static void await_close(evutil_socket_t fd, int64_t end_ms)
{
    char bytes[4096];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t left_ms;
    ssize_t n = 1;
    shutdown(fd, SHUT_WR);
    while (n != 0 && (left_ms = end_ms - clock_mono_ms()) > 0 && poll(&p, 1, (int)left_ms) > 0) {
        n = recv(fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return;
    }
}

/* evbuffer_copyout would give nothing: what a bufferevent sends is frozen. */
static char *unsent(struct evbuffer *out, size_t *n)
{
    int pieces = evbuffer_peek(out, -1, NULL, NULL, 0);
    struct evbuffer_iovec *v = xcalloc((size_t)pieces + 1, sizeof *v);
    char *bytes = xmalloc(evbuffer_get_length(out) + 1);
    pieces = evbuffer_peek(out, -1, NULL, v, pieces);
    for (int i = 0; i < pieces; i++) {
        memcpy(bytes + *n, v[i].iov_base, v[i].iov_len);
        *n += v[i].iov_len;
    }
    free(v);
    return bytes;
}

void redis_flush(struct redis *r, int ms)
{
    int64_t end_ms = clock_mono_ms() + ms, left_ms;
    if (r->state != READY)
        return;
    struct evbuffer *out = bufferevent_get_output(r->bev);
    size_t n = 0, at = 0;
    char *bytes = unsent(out, &n);
    int wrote = 0;
    while (at < n && (left_ms = end_ms - clock_mono_ms()) > 0 && write_some(r, bytes + at, n - at, &wrote)) {
        at += wrote > 0 ? (size_t)wrote : 0;
        struct pollfd p = {.fd = bufferevent_getfd(r->bev), .events = POLLOUT};
        if (at < n)
            poll(&p, 1, (int)left_ms);
    }
    free(bytes);
    await_close(bufferevent_getfd(r->bev), end_ms);
    hang_up(r); /* the same must not be sent again */
}

/* --- life --- */

static SSL_CTX *client_context(const struct redis_address *at, struct diag *d)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert(ctx);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    ERR_clear_error();
    if (at->ca_file ? SSL_CTX_load_verify_locations(ctx, at->ca_file, NULL) == 1
                    : SSL_CTX_set_default_verify_paths(ctx) == 1)
        return ctx;
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    err_plain(d, "ca_file %s of %s: %s", at->ca_file ? at->ca_file : "of the system", at->shown,
              reason ? reason : "not usable");
    ERR_clear_error();
    SSL_CTX_free(ctx);
    return NULL;
}

/* An address needs no resolver, whose sockets and memory are only for names. */
static bool is_name(const struct redis_address *at)
{
    unsigned char address[sizeof(struct in6_addr)];
    return !is_unix(at) && inet_pton(AF_INET, at->host, address) != 1 && inet_pton(AF_INET6, at->host, address) != 1;
}

struct redis *redis_new(const struct redis_setup *setup, struct diag *d)
{
    SSL_CTX *tls = setup->at->tls ? client_context(setup->at, d) : NULL;
    if (setup->at->tls && !tls)
        return NULL;
    struct redis *r = xcalloc(1, sizeof *r);
    r->setup = *setup;
    r->tls = tls;
    r->chance = clock_mono_ns();
    r->unanswered = xcalloc(REDIS_UNANSWERED_MAX, sizeof *r->unanswered);
    sbuf_init(&r->out, REDIS_OUT_BYTES);
    if (is_name(setup->at))
        r->names = evdns_base_new(setup->base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    r->timer = event_new(setup->base, -1, 0, redis_on_timer, r);
    assert(r->timer);
    set_timer(r, 0);
    return r;
}

void redis_free(struct redis *r)
{
    if (!r)
        return;
    hang_up(r);
    if (r->names)
        evdns_base_free(r->names, 0);
    event_free(r->timer);
    SSL_CTX_free(r->tls);
    sbuf_done(&r->out);
    free(r->unanswered);
    free(r);
}
