/*
 * in_http: GELF by POST /gelf, through libevent's HTTP server.
 *
 * A body is one message, or several: objects on lines of their own or behind one another, or an array. It may
 * be gzip or zlib, said by Content-Encoding or told by its first bytes. 202 when at least one message was
 * taken; what is not acceptable beside it is handed on to be counted as refused. After HTTP_BROKEN_MAX of those
 * the rest of the body is counted and not looked at, those are refused whether one was taken or not, and the answer is
 * a 400 that says how many were taken. Everything else is a 4xx or 503 with a JSON body that says why. Bounds:
 * HTTP_BODY_MAX, or max_message when that is more, for a body as sent and inflated; http_track for connections.
 */
#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/descriptors.h"
#include "io/http_names.h"
#include "io/http_track.h"
#include "io/listen.h"
#include "io/peer.h"
#include "parsers/gelf.h"
#include "parsers/parser.h"
#include "text/json.h"

enum {
    HTTP_BODY_MAX = 8 << 20,
    HTTP_HEADERS_MAX = 16 << 10,
    HTTP_TIMEOUT_S = 60,
    RETRY_AFTER_S = 5,
    HTTP_BROKEN_MAX = 100, /* broken messages of one request, after which it is given up */
};

struct in_http {
    struct input input;
    const struct input_options *opt;
    struct input_sink sink;
    struct listener listener;
    struct evhttp *http;
    struct track *track;
    struct rates *rates;
    struct stream stream;
    struct peer peer;   /* of the request in hand */
    struct arena arena; /* for looking at one message */
    size_t body_max;
    bool loopback; /* the address it listens on */
    bool paused;
};

/* ---- answers ---- */

static void put_header(struct evhttp_request *req, const char *name, const char *value)
{
    evhttp_add_header(evhttp_request_get_output_headers(req), name, value);
}

/* Sends an error with a body such as {"error":"…"}; why NULL: without a body. */
static void answer(struct evhttp_request *req, int status, const char *reason, const char *why)
{
    struct evbuffer *body = why ? evbuffer_new() : NULL;
    if (body) {
        struct sbuf text;
        struct json j;
        sbuf_init(&text, 4096);
        json_start(&j, &text);
        json_map(&j);
        json_key(&j, "error");
        json_str(&j, slice_str(why));
        json_map_end(&j);
        json_end(&j);
        sbuf_addc(&text, '\n');
        evbuffer_add(body, text.p, text.n);
        sbuf_done(&text);
        put_header(req, "Content-Type", "application/json");
    }
    evhttp_send_reply(req, status, reason, body);
    if (body)
        evbuffer_free(body);
}

static void refuse(struct in_http *in, struct evhttp_request *req, enum count counter, int status, const char *reason,
                   const char *why)
{
    in->sink.counts->v[counter]++;
    log_at(LOG_WARN, "HTTP request refused", log_c("input", in->opt->text), log_peer(in->stream.sender),
           log_i("status", status), log_c("why", why));
    answer(req, status, reason, why);
}

static void retry_later(struct in_http *in, struct evhttp_request *req, enum count counter, int status,
                        const char *reason, int64_t after_s, const char *why)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)after_s);
    put_header(req, "Retry-After", text);
    refuse(in, req, counter, status, reason, why);
}

/* ---- web pages (the Fetch standard, CORS) ---- */

static const char *header(struct evhttp_request *req, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(req), name);
}

/* Whether the origin may send. Browsers name the origin of the page with every POST and with every question before
   it. */
static bool origin_allowed(const struct in_http *in, const char *origin)
{
    for (unsigned i = 0; origin && i < in->opt->n_cors; i++)
        if (slice_is(in->opt->cors[i], "*") || slice_ieq(in->opt->cors[i], slice_str(origin)))
            return true;
    return origin == NULL;
}

/* Lets the page's script read the answer. Nothing lies behind an answer, so credentials are never asked for. */
static void put_cors(struct evhttp_request *req)
{
    const char *origin = header(req, "Origin");
    if (!origin)
        return;
    put_header(req, "Access-Control-Allow-Origin", origin);
    put_header(req, "Vary", "Origin");
    if (header(req, "Access-Control-Request-Private-Network"))
        put_header(req, "Access-Control-Allow-Private-Network", "true");
}

static void answer_options(struct evhttp_request *req)
{
    put_header(req, "Allow", "POST, OPTIONS");
    if (header(req, "Origin")) {
        put_header(req, "Access-Control-Allow-Methods", "POST, OPTIONS");
        put_header(req, "Access-Control-Allow-Headers", "Content-Type, Content-Encoding, Authorization");
        put_header(req, "Access-Control-Max-Age", "600");
    }
    answer(req, 200, "OK", NULL);
}

/* Refuses a request behind which stands a browser, or a name that is not ours. True: it has been answered. */
static bool refuse_web_page(struct in_http *in, struct evhttp_request *req)
{
    const struct input_options *opt = in->opt;
    if (in->loopback && !http_names_hold(opt->http_names, opt->n_http_names, evhttp_request_get_host(req))) {
        refuse(in, req, COUNT_http_host, 421, "Misdirected Request",
               "this host is not known by that name: send to 127.0.0.1, localhost or its own name, or add the name to "
               "http_names");
    } else if (!origin_allowed(in, header(req, "Origin"))) {
        refuse(in, req, COUNT_http_origin, 403, "Forbidden",
               "a web page sent this; name its origin in cors of this input if it may");
    } else {
        put_cors(req);
        return false;
    }
    return true;
}

/* ---- bodies ---- */

static const char too_long[] = "a message is longer than max_message";

/* Returns why the parser would refuse this message, or NULL. */
static const char *fault_of(struct in_http *in, struct slice message)
{
    struct record r;
    struct parse_ctx ctx = {.arena = &in->arena,
                            .now_us = in->sink.now_us(in->sink.u),
                            .last_us = RECORD_NO_TIME,
                            .reason = "not acceptable"};
    if (message.n > in->opt->max_message_bytes)
        return too_long;
    record_init(&r, in->stream.format, message);
    const char *fault = !parser_of(in->stream.format) || parser_parse(in->stream.format, &ctx, &r) ? NULL : ctx.reason;
    arena_reset(&in->arena);
    return fault;
}

/* What became of the messages of one request. */
struct bulk {
    uint64_t taken, left; /* left: not looked at, because too many before them were broken */
    unsigned n_broken;
    const char *fault; /* of the first broken one; NULL: there is none */
    struct slice broken[HTTP_BROKEN_MAX];
};

static void hand_on(struct in_http *in, struct slice one, bool first)
{
    size_t max = in->opt->max_message_bytes;
    /* The request has paid for its first message. A bulk is taken whole and leaves its sender in debt for no longer
       than a burst. */
    if (!first)
        rates_take(in->rates, &in->peer, in->sink.now_us(in->sink.u));
    const struct message m = {.stream = &in->stream,
                              .text = slice_sub(one, 0, max),
                              .lines = 1,
                              .truncated_bytes = one.n > max ? one.n - max : 0};
    input_message(&in->sink, &in->input, &m);
}

/* Good messages are handed on where they stand. Broken ones wait until it is known that a good one is beside
 * them, or that the rest is given up, and are handed on then, to be counted as refused. */
static void read_bulk(struct in_http *in, struct slice bytes, struct bulk *b)
{
    struct gelf_body body;
    struct slice one;
    *b = (struct bulk){0};
    gelf_body_open(&body, bytes);
    while (gelf_next(&body, &one)) {
        const char *fault = b->n_broken < HTTP_BROKEN_MAX ? fault_of(in, one) : NULL;
        if (b->n_broken == HTTP_BROKEN_MAX) {
            b->left++;
        } else if (fault) {
            b->fault = b->fault ? b->fault : fault;
            b->broken[b->n_broken++] = one;
        } else {
            hand_on(in, one, b->taken++ == 0);
        }
    }
    for (unsigned i = 0; i < b->n_broken && (b->taken || b->left); i++)
        hand_on(in, b->broken[i], i == 0 && !b->taken);
    in->sink.counts->v[COUNT_http_given_up] += b->left;
}

/* Whether each coding of the list (RFC 9110, 8.4) is one that the first bytes tell. Clients name the codings
 * they know rather than the one they used (pygelf: "gzip,deflate" over zlib), so the order says nothing. */
static bool encoding_known(struct evhttp_request *req)
{
    static const char *const known[] = {"identity", "gzip", "x-gzip", "deflate"};
    struct slice list = slice_str(evhttp_find_header(evhttp_request_get_input_headers(req), "Content-Encoding"));
    while (list.n) {
        struct slice v = slice_trim(slice_split(&list, ','));
        bool found = v.n == 0;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found = found || slice_ieq(v, slice_str(known[i]));
        if (!found)
            return false;
    }
    return true;
}

static void refuse_rest(struct in_http *in, struct evhttp_request *req, const struct bulk *b)
{
    char why[256];
    snprintf(why, sizeof why,
             "given up after %u broken messages, the first: %s; messages taken: %llu, not looked at: %llu", b->n_broken,
             b->fault, (unsigned long long)b->taken, (unsigned long long)b->left);
    refuse(in, req, COUNT_http_bad_request, 400, "Bad Request", why);
}

static void take_json(struct in_http *in, struct evhttp_request *req, struct slice body)
{
    struct bulk b;
    read_bulk(in, body, &b);
    if (b.left)
        refuse_rest(in, req, &b);
    else if (b.taken)
        answer(req, 202, "Accepted", NULL);
    else if (b.fault == too_long)
        refuse(in, req, COUNT_http_too_large, 413, "Payload Too Large", b.fault);
    else
        refuse(in, req, COUNT_http_bad_request, 400, "Bad Request", b.fault ? b.fault : "the body is empty");
}

static void take_body(struct in_http *in, struct evhttp_request *req)
{
    struct evbuffer *buf = evhttp_request_get_input_buffer(req);
    size_t n = evbuffer_get_length(buf);
    if (n > in->body_max) {
        refuse(in, req, COUNT_http_too_large, 413, "Payload Too Large", "the body is too long");
        return;
    }
    struct slice payload = {(const char *)evbuffer_pullup(buf, -1), n}, json;
    struct sbuf room;
    sbuf_init(&room, in->body_max);
    switch (gelf_open_payload(payload, &room, &json)) {
    case GELF_PLAIN:
    case GELF_INFLATED:
        take_json(in, req, json);
        break;
    case GELF_TOO_LARGE:
        refuse(in, req, COUNT_http_too_large, 413, "Payload Too Large", "the body inflates to too much");
        break;
    case GELF_BAD_ZIP:
        refuse(in, req, COUNT_http_bad_request, 400, "Bad Request", "the body is not what its compression says");
        break;
    case GELF_SHORT:
    case GELF_UNKNOWN:
        refuse(in, req, COUNT_http_bad_request, 400, "Bad Request",
               "the body is no GELF: neither JSON nor gzip nor zlib");
        break;
    }
    sbuf_done(&room);
}

/* ---- requests ---- */

static void set_peer(struct in_http *in, struct evhttp_request *req)
{
    const struct sockaddr *sa = evhttp_connection_get_addr(evhttp_request_get_connection(req));
    in->peer = (struct peer){0};
    if (sa)
        peer_set(&in->peer, sa);
    peer_to_stream(&in->peer, in->opt, &in->stream);
}

static void judge(struct in_http *in, struct evhttp_request *req)
{
    int64_t wait_us;
    if (!peer_allowed(&in->peer, in->opt)) {
        refuse(in, req, COUNT_not_allowed, 403, "Forbidden", "your address is not in this input's allow list");
    } else if (refuse_web_page(in, req)) {
        return;
    } else if (strcmp(evhttp_request_get_uri(req), "/gelf") != 0) {
        refuse(in, req, COUNT_http_not_found, 404, "Not Found", "there is nothing but POST /gelf here");
    } else if (evhttp_request_get_command(req) == EVHTTP_REQ_OPTIONS) {
        answer_options(req);
    } else if (evhttp_request_get_command(req) != EVHTTP_REQ_POST) {
        put_header(req, "Allow", "POST, OPTIONS");
        refuse(in, req, COUNT_http_bad_method, 405, "Method Not Allowed", "send messages with POST");
    } else if (!encoding_known(req)) {
        refuse(in, req, COUNT_http_bad_request, 415, "Unsupported Media Type",
               "Content-Encoding must be gzip or deflate");
    } else if (in->paused) {
        retry_later(in, req, COUNT_http_unavailable, 503, "Service Unavailable", RETRY_AFTER_S,
                    "the store is behind; send it again");
    } else if ((wait_us = rates_take(in->rates, &in->peer, in->sink.now_us(in->sink.u))) > 0) {
        retry_later(in, req, COUNT_rate_limited, 429, "Too Many Requests", wait_us / 1000000 + 1,
                    "more than per_sender allows");
    } else {
        take_body(in, req);
    }
}

static void http_on_request(struct evhttp_request *req, void *u)
{
    struct in_http *in = u;
    track_request(in->track, evhttp_request_get_connection(req));
    set_peer(in, req);
    input_turn(&in->sink, &in->input, in->stream.peer);
    judge(in, req);
}

/* ---- the input ---- */

static void http_stop(struct input *input)
{
    struct in_http *in = (struct in_http *)input;
    if (in->http)
        evhttp_free(in->http);
    track_free(in->track);
    listen_close(&in->listener);
    rates_free(in->rates);
    arena_done(&in->arena);
    free(in);
}

static bool open_http(struct in_http *in, struct event_base *base)
{
    const struct input_options *opt = in->opt;
    in->http = evhttp_new(base);
    if (!in->http)
        return false;
    struct evconnlistener *l = evconnlistener_new(base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, in->listener.fd);
    if (!l || !evhttp_bind_listener(in->http, l)) {
        if (l)
            evconnlistener_free(l);
        return false;
    }
    in->track = track_new(base, in->http, l,
                          &(struct track_setup){.name = opt->text,
                                                .max = opt->max_connections,
                                                .exempt = opt->exempt,
                                                .n_exempt = opt->n_exempt,
                                                .counts = in->sink.counts,
                                                .open = &in->input.connections});
    if (!in->track)
        return false;
    evhttp_set_gencb(in->http, http_on_request, in);
    /* Every method reaches on_request, for an answer that says what is expected. */
    evhttp_set_allowed_methods(in->http, UINT16_MAX);
    evhttp_set_max_headers_size(in->http, HTTP_HEADERS_MAX);
    /* Up to twice the cap the answer is ours, with its reason; beyond, evhttp refuses before it reads. */
    evhttp_set_max_body_size(in->http, (ev_ssize_t)in->body_max * 2);
    evhttp_set_default_content_type(in->http, NULL);
    int64_t idle_us = opt->idle_timeout_us;
    struct timeval idle = {.tv_sec = HTTP_TIMEOUT_S};
    if (idle_us && idle_us < HTTP_TIMEOUT_S * INT64_C(1000000))
        idle = (struct timeval){.tv_sec = idle_us / 1000000, .tv_usec = idle_us % 1000000};
    evhttp_set_timeout_tv(in->http, &idle);
    return true;
}

static struct input *http_start(struct event_base *base, const struct input_options *opt, const struct input_sink *sink,
                                struct diag *d)
{
    struct in_http *in = xcalloc(1, sizeof *in);
    *in = (struct in_http){.input = {.type = &in_http}, .opt = opt, .sink = *sink, .listener = {.fd = -1}};
    in->body_max = opt->max_message_bytes > HTTP_BODY_MAX ? opt->max_message_bytes : HTTP_BODY_MAX;
    in->stream = (struct stream){
        .format = input_format(opt), .zone = opt->zone, .source = slice_str(opt->text), .last_us = RECORD_NO_TIME};
    const struct listen_on on = listen_on_input(opt);
    if (opt->proxy_protocol)
        err_add(d, ERR_ERROR, opt->place, "%s: proxy_protocol is for tcp:// and tls://, not for http://", opt->text);
    else if (listen_open(&in->listener, &on, SOCK_STREAM, d)) {
        in->input.port = in->listener.port;
        in->loopback = listener_is_loopback(&in->listener);
        in->rates = rates_new(opt->per_sender);
        if (open_http(in, base))
            return &in->input;
        err_add(d, ERR_ERROR, opt->place, "cannot read from %s: no memory or no event", opt->text);
    }
    http_stop(&in->input);
    return NULL;
}

static void http_pause(struct input *input, bool paused)
{
    ((struct in_http *)input)->paused = paused;
}

static bool http_drained(struct input *input)
{
    struct in_http *in = (struct in_http *)input;
    return track_idle(in->track) && !descriptor_readable(in->listener.fd);
}

const struct input_type in_http = {
    .kind = INPUT_GELF,
    .start = http_start,
    .pause = http_pause,
    .drained = http_drained,
    .stop = http_stop,
};
