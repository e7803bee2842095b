#include "io/http.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/clock.h"
#include "io/http_names.h"
#include "io/http_token.h"
#include "io/http_track.h"
#include "io/listen.h"
#include "text/zip.h"

enum {
    HEAD_MAX = 16 << 10,
    BODY_MAX = 4 << 10, /* for a form with a token; no other request needs a body */
    TOKEN_MAX = 512,
    TIMEOUT_S = 20,
    COMPRESS_MIN = 1024,
};

struct http {
    struct http_setup setup;
    struct http_token *token; /* NULL: nobody is asked for one */
    char *text;               /* its address, for people */
    struct listener listener;
    struct evhttp *evhttp;
    struct track *track;
    struct http_streams streams;
    struct counts unseen; /* counts of this server, which are not in the ledger */
    unsigned connections;
    bool local;
};

struct status_name {
    int status;
    const char *name;
};

static const char *name_of(int status)
{
    static const struct status_name names[] = {{200, "OK"},
                                               {303, "See Other"},
                                               {400, "Bad Request"},
                                               {401, "Unauthorized"},
                                               {403, "Forbidden"},
                                               {404, "Not Found"},
                                               {405, "Method Not Allowed"},
                                               {421, "Misdirected Request"},
                                               {429, "Too Many Requests"},
                                               {503, "Service Unavailable"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].status == status)
            return names[i].name;
    return "Internal Server Error";
}

/*
 * Of this server alone, and nothing that stands in a document: no script, style or handler in markup, and no way from a
 * text to markup (Trusted Types), so that what a log says stays text even where the page would err.
 */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

static void put_headers(struct evhttp_request *req, const struct http_answer *a)
{
    struct evkeyvalq *h = evhttp_request_get_output_headers(req);
    char text[32];
    evhttp_add_header(h, "Content-Security-Policy", policy);
    evhttp_add_header(h, "X-Content-Type-Options", "nosniff");
    evhttp_add_header(h, "X-Frame-Options", "DENY");
    /* no-referrer would also take the Origin away from our own form */
    evhttp_add_header(h, "Referrer-Policy", "same-origin");
    evhttp_add_header(h, "Cross-Origin-Resource-Policy", "same-origin");
    evhttp_add_header(h, "Cache-Control", a->for_ever ? "private, max-age=31536000, immutable" : "no-store");
    evhttp_add_header(h, "Connection", "close");
    evhttp_add_header(h, "Content-Type", a->type ? a->type : "text/plain; charset=utf-8");
    if (a->status == 405)
        evhttp_add_header(h, "Allow", a->allow ? a->allow : "GET, HEAD");
    if (a->status == 401)
        evhttp_add_header(h, "WWW-Authenticate", "Bearer realm=\"crumbd\"");
    if (a->stream)
        return;
    /* evhttp would send the body of an answer to HEAD, and without one it would name no length. */
    snprintf(text, sizeof text, "%zu", a->body.n);
    evhttp_add_header(h, "Content-Length", text);
}

static void refuse(struct http_answer *a, int status, const char *why)
{
    a->status = status;
    a->type = NULL;
    a->for_ever = false;
    sbuf_reset(&a->body);
    sbuf_addf(&a->body, "%s\n", why);
}

/* ---- who asks ---- */

static struct slice header(struct evhttp_request *req, const char *name)
{
    return slice_str(evhttp_find_header(evhttp_request_get_input_headers(req), name));
}

static struct peer peer_of(struct evhttp_request *req)
{
    const struct sockaddr *sa = evhttp_connection_get_addr(evhttp_request_get_connection(req));
    struct peer p = peer_none();
    if (sa)
        peer_set(&p, sa);
    return p;
}

static enum http_access access_for(enum http_token_is is, const struct peer *from, const struct http *h)
{
    static const enum http_access access[] = {[HTTP_TOKEN_NONE] = HTTP_ASK,
                                              [HTTP_TOKEN_RIGHT] = HTTP_ALL,
                                              [HTTP_TOKEN_WRONG] = HTTP_WRONG,
                                              [HTTP_TOKEN_TOO_SOON] = HTTP_TOO_SOON};
    if (is == HTTP_TOKEN_WRONG)
        log_at(LOG_WARN, "the status page was asked with a wrong token", log_c("http", h->text),
               log_peer(peer_slice(from)));
    return access[is];
}

static enum http_access access_of(struct http *h, struct evhttp_request *req)
{
    if (h->setup.probes_only || (!h->local && !h->token))
        return HTTP_PROBES;
    if (h->local)
        return HTTP_ALL;
    struct peer from = peer_of(req);
    return access_for(
        http_token_of(h->token, header(req, "Authorization"), header(req, "Cookie"), &from, clock_wall_us()), &from, h);
}

/*
 * A page of another origin sends this. Browsers that say where a request comes from (Fetch Metadata; only over a
 * connection they trust) are believed, of others the Origin must be the host that was asked; a script sends neither.
 */
static bool from_elsewhere(struct evhttp_request *req)
{
    struct slice site = header(req, "Sec-Fetch-Site"), origin = header(req, "Origin");
    if (site.p)
        return !slice_is(site, "same-origin") && !slice_is(site, "none");
    ptrdiff_t at = slice_find(origin, SLICE("://"));
    return origin.p && (at < 0 || !slice_ieq(slice_from(origin, (size_t)at + 3), header(req, "Host")));
}

/* Reads the form with the token. */
static enum http_access log_in(struct http *h, struct evhttp_request *req)
{
    char token[TOKEN_MAX];
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    size_t n = evbuffer_get_length(in);
    struct slice form = {(const char *)evbuffer_pullup(in, -1), n};
    struct peer from = peer_of(req);
    if (!http_form_value(form, "token", token, sizeof token))
        return HTTP_WRONG;
    return access_for(http_token_check(h->token, slice_trim(slice_str(token)), &from, clock_wall_us()), &from, h);
}

static void welcome(struct http *h, struct evhttp_request *req, struct http_answer *a)
{
    struct evkeyvalq *out = evhttp_request_get_output_headers(req);
    char cookie[HTTP_COOKIE_MAX];
    http_token_cookie(h->token, clock_wall_us(), cookie);
    evhttp_add_header(out, "Set-Cookie", cookie);
    evhttp_add_header(out, "Location", "/");
    refuse(a, 303, "go to /");
}

static void answer_form(struct http *h, struct evhttp_request *req, struct http_request *request, struct http_answer *a)
{
    if (from_elsewhere(req)) {
        refuse(a, 403, "a page of another origin may not send this");
        return;
    }
    request->access = log_in(h, req);
    if (request->access == HTTP_ALL)
        welcome(h, req, a);
    else
        h->setup.answer(h->setup.u, request, a);
}

/* ---- answers ---- */

static bool may_log_in(const struct http *h, const struct http_request *req)
{
    return h->token && !h->local && !h->setup.probes_only && slice_is(req->path, HTTP_LOGIN);
}

/* A stream is no answer to HEAD, and there may be only so many. */
static void admit_stream(struct http *h, bool head, struct http_answer *a)
{
    bool room = head || http_streams_room(&h->streams);
    if (head || !room)
        a->stream = NULL;
    if (!room)
        refuse(a, 503, "as many live streams are open as there may be");
}

/* What the caller of the server says. */
static void ask(struct http *h, struct evhttp_request *req, struct http_request *request, struct http_answer *a)
{
    request->access = access_of(h, req);
    request->post = evhttp_request_get_command(req) == EVHTTP_REQ_POST;
    request->deliberate = header(req, "X-Crumbd").n && !from_elsewhere(req);
    h->setup.answer(h->setup.u, request, a);
    if (a->stream)
        admit_stream(h, evhttp_request_get_command(req) == EVHTTP_REQ_HEAD, a);
}

static void answer(struct http *h, struct evhttp_request *req, struct http_answer *a)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL, *query = uri ? evhttp_uri_get_query(uri) : NULL;
    struct http_request request = {.path = slice_str(path && *path ? path : "/"), .query = slice_str(query)};
    enum evhttp_cmd_type method = evhttp_request_get_command(req);
    if (!http_names_hold(h->setup.names, h->setup.n_names, evhttp_request_get_host(req))) {
        refuse(
            a, 421,
            "this host is not known by that name: ask for its address, localhost or its own name, or add the name to "
            "http_names in crumbd's configuration");
    } else if (method == EVHTTP_REQ_POST && may_log_in(h, &request)) {
        answer_form(h, req, &request, a);
    } else if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD && method != EVHTTP_REQ_POST) {
        refuse(a, 405, "only GET and HEAD");
    } else if (!uri) {
        refuse(a, 400, "this is no address");
    } else {
        ask(h, req, &request, a);
    }
    if (a->body.over)
        refuse(a, 500, "this is longer than an answer may be");
}

/* ---- how they travel ---- */

/* A weight of 0: "q=0", "q=0.000". */
static bool is_nothing(struct slice weight)
{
    struct slice digits = slice_from(weight, 2);
    for (size_t i = 0; i < digits.n; i++)
        if (digits.p[i] != '0' && digits.p[i] != '.')
            return false;
    return slice_istarts(weight, SLICE("q="));
}

/* A coding of Accept-Encoding (RFC 9110, 12.5.3). */
static bool accepts_gzip(struct slice accepted)
{
    while (accepted.n) {
        struct slice weight = slice_split(&accepted, ','), name = slice_trim(slice_split(&weight, ';'));
        if (slice_ieq(name, SLICE("gzip")))
            return !is_nothing(slice_trim(weight));
    }
    return false;
}

/* Compresses what is worth it, for who asks for it. */
static void compress(struct evhttp_request *req, struct http_answer *a)
{
    struct evkeyvalq *h = evhttp_request_get_output_headers(req);
    struct sbuf out;
    if (a->stream || a->body.n < COMPRESS_MIN)
        return;
    evhttp_add_header(h, "Vary", "Accept-Encoding");
    if (!accepts_gzip(header(req, "Accept-Encoding")))
        return;
    sbuf_init(&out, 2 * HTTP_ANSWER_MAX);
    if (!zip_gzip(sbuf_slice(&a->body), &out)) {
        sbuf_done(&out);
        return;
    }
    sbuf_done(&a->body);
    a->body = out;
    evhttp_add_header(h, "Content-Encoding", "gzip");
}

static void send_whole(struct evhttp_request *req, const struct http_answer *a)
{
    struct evbuffer *body = evhttp_request_get_command(req) == EVHTTP_REQ_HEAD ? NULL : evbuffer_new();
    if (body)
        evbuffer_add(body, a->body.p, a->body.n);
    evhttp_send_reply(req, a->status, name_of(a->status), body);
    if (body)
        evbuffer_free(body);
}

static void http_on_request(struct evhttp_request *req, void *u)
{
    struct http *h = u;
    struct http_answer a = {.status = 200};
    track_request(h->track, evhttp_request_get_connection(req));
    sbuf_init(&a.body, HTTP_ANSWER_MAX);
    answer(h, req, &a);
    compress(req, &a);
    put_headers(req, &a);
    if (a.stream)
        http_stream_begin(&h->streams, req, a.stream);
    else
        send_whole(req, &a);
    sbuf_done(&a.body);
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
    h->track = track_new(base, h->evhttp, l,
                         &(struct track_setup){.name = h->text,
                                               .max = HTTP_CONNECTIONS_MAX,
                                               .fixed = true,
                                               .counts = &h->unseen,
                                               .open = &h->connections});
    evhttp_set_gencb(h->evhttp, http_on_request, h);
    evhttp_set_allowed_methods(h->evhttp, UINT16_MAX); /* so that a wrong one gets our 405 */
    evhttp_set_max_headers_size(h->evhttp, HEAD_MAX);
    evhttp_set_max_body_size(h->evhttp, BODY_MAX);
    evhttp_set_timeout_tv(h->evhttp, &limit);
    return h->track != NULL;
}

static char *address_text(const struct http_setup *setup)
{
    if (setup->host[0] == '/')
        return xasprintf("unix:%s", setup->host);
    if (strchr(setup->host, ':'))
        return xasprintf("http://[%s]:%u", setup->host, (unsigned)setup->port);
    return xasprintf("http://%s:%u", setup->host, (unsigned)setup->port);
}

struct http *http_new(struct event_base *base, const struct http_setup *setup, struct diag *d)
{
    struct http *h = xcalloc(1, sizeof *h);
    *h = (struct http){.setup = *setup, .text = address_text(setup), .listener = {.fd = -1}};
    const struct listen_on on = {.text = h->text,
                                 .host = setup->host,
                                 .port = setup->port,
                                 .over_unix = setup->host[0] == '/',
                                 .socket_mode = 0660};
    http_streams_init(&h->streams, base);
    if (listen_open(&h->listener, &on, SOCK_STREAM, d)) {
        h->local = listener_is_loopback(&h->listener);
        h->token = setup->token ? http_token_new(setup->token, h->listener.port) : NULL;
        if (serve(h, base))
            return h;
        err_plain(d, "cannot serve %s: no memory or no event", h->text);
    }
    http_free(h);
    return NULL;
}

bool http_is_local(const struct http *h)
{
    return h->local;
}

const char *http_text(const struct http *h)
{
    return h->text;
}

void http_free(struct http *h)
{
    if (!h)
        return;
    if (h->evhttp)
        evhttp_free(h->evhttp);
    http_streams_done(&h->streams);
    track_free(h->track);
    listen_close(&h->listener);
    http_token_free(h->token);
    free(h->text);
    free(h);
}
