#include "io/http.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/xalloc.h"
#include "io/http_track.h"
#include "io/listen.h"

enum {
    HEAD_MAX = 16 << 10,
    BODY_MAX = 4 << 10, /* of a request that has no business with one */
    TIMEOUT_S = 20,
    NONCE_BYTES = 16,
};

struct http {
    http_answer_f *answer;
    void *u;
    struct input_options where;
    struct listener listener;
    struct evhttp *evhttp;
    struct track *track;
    struct counts unseen; /* who looks at the ledger is not in it */
    unsigned connections;
    bool loopback;
};

struct status_name {
    int status;
    const char *name;
};

static const char *name_of(int status)
{
    static const struct status_name names[] = {{200, "OK"},
                                               {400, "Bad Request"},
                                               {404, "Not Found"},
                                               {405, "Method Not Allowed"},
                                               {421, "Misdirected Request"},
                                               {503, "Service Unavailable"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].status == status)
            return names[i].name;
    return "Internal Server Error";
}

static void make_nonce(char out[2 * NONCE_BYTES + 1])
{
    unsigned char bytes[NONCE_BYTES] = {0};
    if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != sizeof bytes)
        memset(bytes, 0, sizeof bytes); /* there is no script a guessed one could help */
    for (int i = 0; i < NONCE_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void put_headers(struct evhttp_request *req, const struct http_answer *a, const char *nonce)
{
    struct evkeyvalq *h = evhttp_request_get_output_headers(req);
    char text[256];
    snprintf(text, sizeof text,
             "default-src 'none'; style-src 'nonce-%s'; base-uri 'none'; form-action 'none'; frame-ancestors "
             "'none'",
             nonce);
    evhttp_add_header(h, "Content-Security-Policy", text);
    evhttp_add_header(h, "X-Content-Type-Options", "nosniff");
    evhttp_add_header(h, "X-Frame-Options", "DENY");
    evhttp_add_header(h, "Referrer-Policy", "no-referrer");
    evhttp_add_header(h, "Cross-Origin-Resource-Policy", "same-origin");
    evhttp_add_header(h, "Cache-Control", "no-store");
    evhttp_add_header(h, "Connection", "close");
    evhttp_add_header(h, "Content-Type", a->type ? a->type : "text/plain; charset=utf-8");
    if (a->status == 405)
        evhttp_add_header(h, "Allow", "GET, HEAD");
    /* evhttp would send the body of an answer to HEAD, and without one it would name no length. */
    snprintf(text, sizeof text, "%zu", a->body.n);
    evhttp_add_header(h, "Content-Length", text);
}

static void refuse(struct http_answer *a, int status, const char *why)
{
    a->status = status;
    a->type = NULL;
    sbuf_reset(&a->body);
    sbuf_addf(&a->body, "%s\n", why);
}

/* A name that only its owner's name server answers for can be made to mean this machine; an address cannot.
 */
static bool host_is_ours(const char *host)
{
    struct slice h = slice_str(host);
    return h.n == 0 || h.p[0] == '[' || slice_ieq(h, SLICE("localhost")) || strspn(h.p, "0123456789.") == h.n;
}

static void answer(struct http *h, struct evhttp_request *req, const char *nonce, struct http_answer *a)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL, *query = uri ? evhttp_uri_get_query(uri) : NULL;
    const struct http_request request = {
        .path = slice_str(path && *path ? path : "/"), .query = slice_str(query), .nonce = nonce};
    enum evhttp_cmd_type method = evhttp_request_get_command(req);
    if (h->loopback && !host_is_ours(evhttp_request_get_host(req)))
        refuse(a, 421,
               "this address is to be asked for as localhost or by number; a proxy in front of it must not "
               "pass its own Host on");
    else if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD)
        refuse(a, 405, "only GET and HEAD");
    else if (!uri)
        refuse(a, 400, "this is no address");
    else
        h->answer(h->u, &request, a);
    if (a->body.over)
        refuse(a, 500, "this is longer than an answer may be");
}

static void on_request(struct evhttp_request *req, void *u)
{
    struct http *h = u;
    struct http_answer a = {.status = 200};
    char nonce[2 * NONCE_BYTES + 1];
    track_request(h->track, evhttp_request_get_connection(req));
    make_nonce(nonce);
    sbuf_init(&a.body, HTTP_ANSWER_MAX);
    answer(h, req, nonce, &a);
    put_headers(req, &a, nonce);
    struct evbuffer *body = evhttp_request_get_command(req) == EVHTTP_REQ_HEAD ? NULL : evbuffer_new();
    if (body)
        evbuffer_add(body, a.body.p, a.body.n);
    evhttp_send_reply(req, a.status, name_of(a.status), body);
    if (body)
        evbuffer_free(body);
    sbuf_free(&a.body);
}

static bool is_loopback(int fd)
{
    union {
        struct sockaddr sa;
        struct sockaddr_storage storage;
    } at = {0};
    struct peer p;
    socklen_t len = sizeof at;
    if (getsockname(fd, &at.sa, &len) != 0)
        return false;
    peer_set(&p, &at.sa);
    return slice_starts(peer_slice(&p), SLICE("127.")) || slice_is(peer_slice(&p), "::1");
}

static bool serve(struct http *h, struct event_base *base)
{
    static const struct timeval limit = {.tv_sec = TIMEOUT_S};
    h->evhttp = evhttp_new(base);
    struct evconnlistener *l =
        h->evhttp ? evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, h->listener.fd) : NULL;
    if (!l || !evhttp_bind_listener(h->evhttp, l)) {
        if (l)
            evconnlistener_free(l);
        return false;
    }
    h->track =
        track_new(base, h->evhttp, l, HTTP_CONNECTIONS_MAX, &h->unseen, &h->connections, h->where.text);
    evhttp_set_gencb(h->evhttp, on_request, h);
    evhttp_set_allowed_methods(h->evhttp, UINT16_MAX); /* so that a wrong one gets our 405 */
    evhttp_set_max_headers_size(h->evhttp, HEAD_MAX);
    evhttp_set_max_body_size(h->evhttp, BODY_MAX);
    evhttp_set_timeout_tv(h->evhttp, &limit);
    return h->track != NULL;
}

struct http *http_new(struct event_base *base, const char *host, uint16_t port, http_answer_f *answer_f,
                      void *u, struct diag *d)
{
    struct http *h = xcalloc(1, sizeof *h);
    *h = (struct http){.answer = answer_f, .u = u, .listener = {.fd = -1}};
    h->where = (struct input_options){
        .kind = INPUT_GELF,
        .transport = INPUT_HTTP,
        .host = xstrdup(host),
        .port = port,
        .text = xasprintf(strchr(host, ':') ? "http://[%s]:%u" : "http://%s:%u", host, (unsigned)port)};
    if (listen_open(&h->listener, &h->where, SOCK_STREAM, d)) {
        h->loopback = is_loopback(h->listener.fd);
        if (serve(h, base))
            return h;
        err_plain(d, "cannot serve %s: no memory or no event", h->where.text);
    }
    http_free(h);
    return NULL;
}

void http_free(struct http *h)
{
    if (!h)
        return;
    if (h->evhttp)
        evhttp_free(h->evhttp);
    track_free(h->track);
    listen_close(&h->listener);
    free(h->where.host);
    free(h->where.text);
    free(h);
}

uint16_t http_port(const struct http *h)
{
    return h->listener.port;
}
