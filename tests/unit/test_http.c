#include "tests/unit/net.h"

#include <ifaddrs.h>

#include "text/zip.h"

static struct net *http_new(void)
{
    struct net *t = net_new(INPUT_GELF, INPUT_HTTP);
    t->opt.idle_timeout_us = 10000000;
    return t;
}

/* What the server has answered so far. */
struct reply {
    int status;
    char text[8192];
    size_t n;
};

static bool reply_whole(struct reply *r)
{
    char *head = strstr(r->text, "\r\n\r\n"), *length = strcasestr(r->text, "content-length:");
    if (!head)
        return false;
    r->status = atoi(r->text + 9);
    return r->n >= (size_t)(head + 4 - r->text) + (length && length < head ? strtoul(length + 15, NULL, 10) : 0);
}

/* Reads one answer; false when the connection was closed before. */
static bool read_reply(struct net *t, int fd, struct reply *r)
{
    *r = (struct reply){0};
    bool closed = false;
    for (;;) {
        ssize_t n = 0;
        net_until(t, (n = recv(fd, r->text + r->n, sizeof r->text - 1 - r->n, MSG_DONTWAIT)) >= 0 ||
                         (closed = errno != EAGAIN));
        if (closed || n == 0)
            return false;
        r->n += (size_t)n;
        r->text[r->n] = '\0';
        if (reply_whole(r))
            return true;
    }
}

static struct reply ask_raw(struct net *t, int fd, struct slice request)
{
    struct reply r;
    net_send(fd, request);
    ck_assert(read_reply(t, fd, &r));
    return r;
}

static struct reply ask(struct net *t, int fd, const char *line, const char *headers, struct slice body)
{
    struct sbuf b;
    sbuf_init(&b, 64 << 20);
    sbuf_addf(&b, "%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n%s\r\n", line, body.n, headers);
    sbuf_adds(&b, body);
    struct reply r = ask_raw(t, fd, sbuf_slice(&b));
    sbuf_done(&b);
    return r;
}

#define POST(t, fd, body) ask(t, fd, "POST /gelf", "", SLICE(body)).status

START_TEST(messages)
{
    struct net *t = http_new();
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    ck_assert_int_eq(POST(t, fd, "{\"host\":\"h\",\"short_message\":\"one\"}"), 202);
    ck_assert_int_eq(POST(t, fd, "{\"short_message\":\"two\"}\n{\"short_message\":\"three\"}\r\n"), 202);
    ck_assert_int_eq(POST(t, fd, " [{\"short_message\":\"four\"} ,\n{\"short_message\":\"fi]ve\"}]"), 202);
    ck_assert_int_eq(POST(t, fd, "{\"short_message\":\"a\nb\",}"), 202);
    ck_assert_uint_eq(t->n, 6);
    net_is(t, 0, "{\"host\":\"h\",\"short_message\":\"one\"}");
    net_is(t, 2, "{\"short_message\":\"three\"}");
    net_is(t, 4, "{\"short_message\":\"fi]ve\"}");
    ck_assert_str_eq(t->msg[0].peer, "127.0.0.1");
    ck_assert_uint_eq(t->in->connections, 1);
    ck_assert_uint_eq(t->counts.v[COUNT_connections], 1);
    /* One good message among bad ones: all are handed on, so that the bad ones are counted as refused. */
    ck_assert_int_eq(POST(t, fd, "{\"short_message\":\"x\"}\nnonsense\n{\"a\":"), 202);
    ck_assert_uint_eq(t->n, 9);
    /* In chunks, and in two pipelined requests. */
    struct reply r = ask_raw(t, fd,
                             SLICE("POST /gelf HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "10\r\n{\"short_message\"\r\n5\r\n:\"c\"}\r\n0\r\n\r\n"));
    ck_assert_int_eq(r.status, 202);
    net_is(t, 9, "{\"short_message\":\"c\"}");
    close(fd);
    net_until(t, t->in->connections == 0);
    net_free(t);
}
END_TEST

/* Broken messages are counted as refused up to HTTP_BROKEN_MAX; the rest of the request is counted under a name. */
START_TEST(too_many_broken)
{
    struct net *t = http_new();
    struct sbuf body;
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    sbuf_init(&body, 1 << 20);
    sbuf_adds(&body, SLICE("{\"short_message\":\"before\"}\n"));
    for (unsigned i = 0; i < 100; i++)
        sbuf_adds(&body, SLICE("{\n"));
    struct reply r = ask(t, fd, "POST /gelf", "", sbuf_slice(&body));
    ck_assert_int_eq(r.status, 202); /* nothing is left behind them */
    ck_assert_uint_eq(t->n, 101);
    sbuf_adds(&body, SLICE("{\n{\"short_message\":\"after\"}\n"));
    r = ask(t, fd, "POST /gelf", "", sbuf_slice(&body));
    ck_assert_int_eq(r.status, 400);
    ck_assert_ptr_nonnull(strstr(r.text, "after 100 broken messages"));
    ck_assert_ptr_nonnull(strstr(r.text, "messages taken: 1, not looked at: 2"));
    ck_assert_uint_eq(t->n, 202);
    net_is(t, 101, "{\"short_message\":\"before\"}");
    ck_assert_uint_eq(t->counts.v[COUNT_http_given_up], 2);
    ck_assert_uint_eq(t->counts.v[COUNT_http_bad_request], 1);
    /* Without a good one they are refused just so. */
    sbuf_reset(&body);
    for (unsigned i = 0; i < 300; i++)
        sbuf_adds(&body, SLICE("{\n"));
    r = ask(t, fd, "POST /gelf", "", sbuf_slice(&body));
    ck_assert_int_eq(r.status, 400);
    ck_assert_ptr_nonnull(strstr(r.text, "messages taken: 0, not looked at: 200"));
    ck_assert_uint_eq(t->n, 302);
    ck_assert_uint_eq(t->counts.v[COUNT_http_given_up], 202);
    sbuf_done(&body);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(refusals)
{
    struct net *t = http_new();
    t->opt.max_message_bytes = 1000;
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    struct slice good = SLICE("{\"short_message\":\"x\"}");
    ck_assert_int_eq(POST(t, fd, ""), 400);
    ck_assert_int_eq(POST(t, fd, "nonsense"), 400);
    ck_assert_int_eq(POST(t, fd, "{\"short_message\":"), 400);
    struct reply r = ask(t, fd, "POST /gelf", "", SLICE("{\"no\":\"message\"}"));
    ck_assert_int_eq(r.status, 400);
    ck_assert_ptr_nonnull(strstr(r.text, "{\"error\":\"GELF: no short_message\"}"));
    ck_assert_uint_eq(t->counts.v[COUNT_http_bad_request], 4);
    ck_assert_int_eq(ask(t, fd, "POST /other", "", good).status, 404);
    ck_assert_int_eq(ask(t, fd, "POST /gelf?x=1", "", good).status, 404);
    ck_assert_int_eq(ask(t, fd, "POST /gelf/", "", good).status, 404);
    ck_assert_uint_eq(t->counts.v[COUNT_http_not_found], 3);
    r = ask(t, fd, "GET /gelf", "", SLICE_NONE);
    ck_assert_int_eq(r.status, 405);
    ck_assert_ptr_nonnull(strstr(r.text, "Allow: POST, OPTIONS"));
    ck_assert_int_eq(ask(t, fd, "DELETE /gelf", "", SLICE_NONE).status, 405);
    ck_assert_int_eq(ask(t, fd, "PUT /gelf", "", good).status, 405);
    ck_assert_uint_eq(t->counts.v[COUNT_http_bad_method], 3);
    ck_assert_int_eq(ask(t, fd, "OPTIONS /gelf", "", SLICE_NONE).status, 200);
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "Content-Encoding: br\r\n", good).status, 415);
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "Content-Encoding: gzip, br\r\n", good).status, 415);
    char *long_one = xmalloc(1200);
    memset(long_one, ' ', 1200);
    memcpy(long_one, "{\"short_message\":\"x\"", 20);
    long_one[1199] = '}';
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "", slice_of(long_one, 1200)).status, 413);
    free(long_one);
    ck_assert_uint_eq(t->n, 0);
    t->in->type->pause(t->in, true);
    r = ask(t, fd, "POST /gelf", "", good);
    ck_assert_int_eq(r.status, 503);
    ck_assert_ptr_nonnull(strstr(r.text, "Retry-After: "));
    t->in->type->pause(t->in, false);
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "", good).status, 202);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(web_pages)
{
    static struct slice own[] = {{"https://shop.example", 20}}, any[] = {{"*", 1}};
    struct slice good = SLICE("{\"short_message\":\"x\"}");
    struct net *t = http_new();
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    /* Whatever a browser does without asking first: a simple request of text. */
    ck_assert_int_eq(
        ask(t, fd, "POST /gelf", "Origin: https://evil.example\r\nContent-Type: text/plain\r\n", good).status, 403);
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "Origin: null\r\n", good).status, 403);
    struct reply r = ask(t, fd, "OPTIONS /gelf",
                         "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n", SLICE_NONE);
    ck_assert_int_eq(r.status, 403);
    ck_assert_ptr_null(strcasestr(r.text, "access-control-allow"));
    ck_assert_uint_eq(t->counts.v[COUNT_http_origin], 3);
    ck_assert_uint_eq(t->n, 0);
    r = ask(t, fd, "POST /gelf", "", good);
    ck_assert_int_eq(r.status, 202);
    ck_assert_ptr_null(strcasestr(r.text, "access-control-allow"));
    t->opt.cors = own;
    t->opt.n_cors = 1;
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "Origin: https://evil.example\r\n", good).status, 403);
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "Origin: https://shop.example.evil.example\r\n", good).status, 403);
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "Origin: http://shop.example\r\n", good).status, 403);
    r = ask(t, fd, "OPTIONS /gelf", "Origin: https://shop.example\r\nAccess-Control-Request-Private-Network: true\r\n",
            SLICE_NONE);
    ck_assert_int_eq(r.status, 200);
    ck_assert_ptr_nonnull(strstr(r.text, "Access-Control-Allow-Origin: https://shop.example\r\n"));
    ck_assert_ptr_nonnull(strstr(r.text, "Access-Control-Allow-Methods: POST, OPTIONS\r\n"));
    ck_assert_ptr_nonnull(strstr(r.text, "Access-Control-Allow-Private-Network: true\r\n"));
    ck_assert_ptr_nonnull(strstr(r.text, "Vary: Origin\r\n"));
    r = ask(t, fd, "POST /gelf", "Origin: https://shop.example\r\n", good);
    ck_assert_int_eq(r.status, 202);
    ck_assert_ptr_nonnull(strstr(r.text, "Access-Control-Allow-Origin: https://shop.example\r\n"));
    /* A page is told what was wrong with what it sent. */
    r = ask(t, fd, "POST /gelf", "Origin: https://shop.example\r\n", SLICE("nonsense"));
    ck_assert_int_eq(r.status, 400);
    ck_assert_ptr_nonnull(strstr(r.text, "Access-Control-Allow-Origin: https://shop.example\r\n"));
    t->opt.cors = any;
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "Origin: https://evil.example\r\n", good).status, 202);
    ck_assert_uint_eq(t->n, 3);
    close(fd);
    net_free(t);
}
END_TEST

static int status_for_host(struct net *t, int fd, const char *host)
{
    struct sbuf b;
    sbuf_init(&b, 4096);
    sbuf_addf(&b, "POST /gelf HTTP/1.1\r\nHost: %s\r\nContent-Length: 21\r\n\r\n{\"short_message\":\"x\"}", host);
    int status = ask_raw(t, fd, sbuf_slice(&b)).status;
    sbuf_done(&b);
    return status;
}

START_TEST(foreign_names)
{
    static const struct slice names[] = {{"Logs.example", 12}};
    static const char *const ours[] = {"localhost",   "LOCALHOST:12202", "localhost.",   "127.0.0.1:12202", "10.1.2.3",
                                       "[::1]:12202", "[FE80::1]",       "logs.example", "logs.EXAMPLE.:80"};
    static const char *const foreign[] = {"evil.example",
                                          "localhost.evil.example",
                                          "127.0.0.1.evil.example",
                                          "logs.example.evil.example",
                                          "x",
                                          "[::1]evil.example",
                                          "[evil]",
                                          "[]",
                                          "1.2.3.4evil"};
    char own[256] = "";
    struct net *t = http_new();
    t->opt.http_names = names;
    t->opt.n_http_names = 1;
    net_start(t);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        int fd = net_connect(t, SOCK_STREAM);
        ck_assert_msg(status_for_host(t, fd, ours[i]) == 202, "%s", ours[i]);
        close(fd);
    }
    ck_assert_int_eq(gethostname(own, sizeof own - 1), 0);
    int fd = net_connect(t, SOCK_STREAM);
    ck_assert_int_eq(status_for_host(t, fd, own), 202);
    close(fd);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        fd = net_connect(t, SOCK_STREAM);
        ck_assert_msg(status_for_host(t, fd, foreign[i]) == 421, "%s", foreign[i]);
        close(fd);
    }
    ck_assert_uint_eq(t->counts.v[COUNT_http_host], sizeof foreign / sizeof *foreign);
    net_free(t);
    /* Beyond loopback senders use any name that a name server has. */
    t = http_new();
    free(t->opt.host);
    t->opt.host = xstrdup("0.0.0.0");
    net_start(t);
    fd = net_connect(t, SOCK_STREAM);
    ck_assert_int_eq(status_for_host(t, fd, "crumbd.internal.example"), 202);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(compressed)
{
    struct net *t = http_new();
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    struct sbuf zip, bomb;
    sbuf_init(&zip, 4096);
    ck_assert(zip_gzip(SLICE("{\"short_message\":\"zipped\"}"), &zip));
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "Content-Encoding: gzip\r\n", sbuf_slice(&zip)).status, 202);
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "", sbuf_slice(&zip)).status, 202);
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "Content-Encoding: gzip,deflate\r\n", sbuf_slice(&zip)).status, 202);
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "Content-Encoding: identity, GZIP,\r\n", sbuf_slice(&zip)).status, 202);
    net_is(t, 3, "{\"short_message\":\"zipped\"}");
    zip.p[zip.n / 2] ^= 0x55;
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "Content-Encoding: gzip\r\n", sbuf_slice(&zip)).status, 400);
    char *zeros = xcalloc(1, 32 << 20);
    sbuf_init(&bomb, 64 << 20);
    ck_assert(zip_gzip(slice_of(zeros, 32 << 20), &bomb));
    ck_assert_int_eq(ask(t, fd, "POST /gelf", "", sbuf_slice(&bomb)).status, 413);
    free(zeros);
    sbuf_done(&zip);
    sbuf_done(&bomb);
    ck_assert_uint_eq(t->n, 4);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(too_large)
{
    struct net *t = http_new();
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    size_t n = (8 << 20) + 1;
    char *body = xmalloc(n);
    memset(body, ' ', n);
    /* Sent as the server reads it. */
    char head[] = "POST /gelf HTTP/1.1\r\nContent-Length: 8388609\r\n\r\n";
    net_send(fd, slice_of(head, sizeof head - 1));
    size_t sent = 0;
    while (sent < n) {
        ssize_t got = 0;
        net_until(t, (got = send(fd, body + sent, n - sent, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0);
        sent += (size_t)got;
    }
    struct reply r;
    ck_assert(read_reply(t, fd, &r));
    ck_assert_int_eq(r.status, 413);
    ck_assert_ptr_nonnull(strstr(r.text, "{\"error\":"));
    close(fd);
    free(body);
    /* What is announced beyond all measure is not even read. */
    fd = net_connect(t, SOCK_STREAM);
    ck_assert_int_eq(ask_raw(t, fd, SLICE("POST /gelf HTTP/1.1\r\nContent-Length: 10000000000\r\n\r\nx")).status, 413);
    close(fd);
    fd = net_connect(t, SOCK_STREAM);
    ck_assert_int_eq(
        ask_raw(t, fd, SLICE("POST /gelf HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\nx")).status, 413);
    close(fd);
    ck_assert_uint_eq(t->n, 0);
    net_free(t);
}
END_TEST

START_TEST(random_bytes)
{
    struct net *t = http_new();
    net_start(t);
    int good = net_connect(t, SOCK_STREAM);
    uint64_t rnd = 3;
    for (int i = 0; i < 100; i++) {
        char junk[2000];
        int fd = net_connect(t, SOCK_STREAM);
        for (size_t n = 0; n < sizeof junk; n++)
            junk[n] = (char)(rnd = hash_mix(rnd, n));
        memcpy(junk + 500, "\r\n\r\n", 4);
        net_send(fd, slice_of(junk, sizeof junk));
        if (i % 2)
            shutdown(fd, SHUT_WR);
        ck_assert_int_eq(POST(t, good, "{\"short_message\":\"good\"}"), 202);
        net_until(t, net_closed(fd) || recv(fd, junk, sizeof junk, MSG_DONTWAIT) > 0);
        close(fd);
    }
    ck_assert_uint_eq(t->n, 100);
    ck_assert_uint_gt(t->counts.v[COUNT_http_malformed], 10);
    net_until(t, t->in->connections == 1);
    close(good);
    net_free(t);
}
END_TEST

START_TEST(a_crowd_that_says_nothing)
{
    enum { CROWD = 200, CAP = 10 };
    struct net *t = http_new();
    t->opt.max_connections = CAP;
    net_start(t);
    int good = net_connect(t, SOCK_STREAM), crowd[CROWD];
    ck_assert_int_eq(POST(t, good, "{\"short_message\":\"before\"}"), 202);
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = net_connect(t, SOCK_STREAM);
        if (i % 20 == 0)
            net_until(t, t->counts.v[COUNT_connections] == (uint64_t)i + 2);
        ck_assert_uint_le(t->in->connections, CAP + 1);
    }
    net_until(t, t->counts.v[COUNT_connections] == CROWD + 1);
    ck_assert_int_eq(POST(t, good, "{\"short_message\":\"after\"}"), 202);
    int late = net_connect(t, SOCK_STREAM);
    ck_assert_int_eq(POST(t, late, "{\"short_message\":\"late\"}"), 202);
    ck_assert_uint_eq(t->counts.v[COUNT_connections_over_cap], CROWD + 2 - CAP);
    for (int i = 0; i < CROWD; i++)
        close(crowd[i]);
    net_until(t, t->in->connections == 2);
    /* All have proven themselves: the newcomer goes. */
    int more[CAP];
    for (int i = 0; i < CAP - 2; i++) {
        more[i] = net_connect(t, SOCK_STREAM);
        ck_assert_int_eq(POST(t, more[i], "{\"short_message\":\"x\"}"), 202);
    }
    more[CAP - 2] = net_connect(t, SOCK_STREAM);
    net_until(t, net_closed(more[CAP - 2]));
    for (int i = 0; i < CAP - 1; i++)
        close(more[i]);
    close(good);
    close(late);
    net_free(t);
}
END_TEST

START_TEST(unfinished_requests_have_a_budget)
{
    enum { HOGS = 12 };
    struct net *t = http_new();
    net_start(t);
    int good = net_connect(t, SOCK_STREAM), hog[HOGS];
    char *chunk = xcalloc(1, 1 << 20);
    for (int i = 0; i < HOGS; i++) {
        hog[i] = net_connect(t, SOCK_STREAM);
        net_send(hog[i], SLICE("POST /gelf HTTP/1.1\r\nContent-Length: 8000000\r\n\r\n"));
    }
    for (int round = 0; round < 200 && t->counts.v[COUNT_connections_memory] == 0; round++)
        for (int i = 0; i < HOGS; i++) {
            (void)!send(hog[i], chunk, 1 << 20, MSG_NOSIGNAL | MSG_DONTWAIT);
            event_base_loop(t->base, EVLOOP_NONBLOCK);
        }
    ck_assert_uint_gt(t->counts.v[COUNT_connections_memory], 0);
    ck_assert_int_eq(POST(t, good, "{\"short_message\":\"x\"}"), 202);
    for (int i = 0; i < HOGS; i++)
        close(hog[i]);
    close(good);
    free(chunk);
    net_free(t);
}
END_TEST

START_TEST(guards)
{
    struct net *t = http_new();
    struct input_cidr ten = {{[10] = 0xff, 0xff, 10}, 104};
    t->opt.allow = &ten;
    t->opt.n_allow = 1;
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    ck_assert_int_eq(POST(t, fd, "{\"short_message\":\"x\"}"), 403);
    ck_assert_uint_eq(t->counts.v[COUNT_not_allowed], 1);
    close(fd);
    net_free(t);

    t = http_new();
    t->opt.per_sender = 2;
    t->clock_us = 1700000000000000;
    net_start(t);
    fd = net_connect(t, SOCK_STREAM);
    ck_assert_int_eq(POST(t, fd, "{\"short_message\":\"x\"}"), 202);
    ck_assert_int_eq(POST(t, fd, "{\"short_message\":\"x\"}"), 202);
    ck_assert_int_eq(POST(t, fd, "{\"short_message\":\"x\"}"), 429);
    ck_assert_uint_eq(t->n, 2);
    close(fd);
    net_free(t);

    t = http_new();
    t->opt.idle_timeout_us = 200000;
    net_start(t);
    fd = net_connect(t, SOCK_STREAM);
    net_send(fd, SLICE("POST /gelf HTTP/1.1\r\nContent-Le"));
    net_until(t, net_closed(fd) && t->in->connections == 0);
    close(fd);
    net_free(t);
}
END_TEST

/* An address of this host that is not loopback, so that a connection over it is a foreign one. False: there is none. */
static bool own_address(struct in_addr *out)
{
    struct ifaddrs *all, *a;
    bool found = false;
    if (getifaddrs(&all) != 0)
        return false;
    for (a = all; a && !found; a = a->ifa_next) {
        struct sockaddr_in in;
        if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET)
            continue;
        memcpy(&in, a->ifa_addr, sizeof in);
        found = ntohl(in.sin_addr.s_addr) >> 24 != 127;
        *out = in.sin_addr;
    }
    freeifaddrs(all);
    return found;
}

static int connect_over(struct net *t, struct in_addr address)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(t->in->port), .sin_addr = address};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

START_TEST(an_address_has_its_share_of_connections)
{
    enum { MAX = 40, EACH = 5 };
    struct in_addr address;
    struct net *t = http_new();
    t->opt.max_connections = MAX;
    free(t->opt.host);
    t->opt.host = xstrdup("0.0.0.0");
    net_start(t);
    int far[EACH + 1], near[2 * EACH];
    for (unsigned i = 0; i < 2 * EACH; i++) {
        near[i] = net_connect(t, SOCK_STREAM);
        ck_assert_int_eq(POST(t, near[i], "{\"short_message\":\"near\"}"), 202);
    }
    ck_assert_uint_eq(t->counts.v[COUNT_connections_over_share], 0);
    if (!own_address(&address)) {
        fprintf(stderr, "skipped: this host has no address but loopback\n");
        net_free(t);
        return;
    }
    for (unsigned i = 0; i < EACH; i++) {
        far[i] = connect_over(t, address);
        ck_assert_int_eq(POST(t, far[i], "{\"short_message\":\"far\"}"), 202);
    }
    ck_assert_int_eq(POST(t, far[0], "{\"short_message\":\"again\"}"), 202);
    far[EACH] = connect_over(t, address);
    ck_assert_int_eq(POST(t, far[EACH], "{\"short_message\":\"one more\"}"), 202);
    net_until(t, net_closed(far[1]));
    ck_assert(!net_closed(far[0]) && !net_closed(far[2]) && !net_closed(far[EACH]));
    ck_assert_uint_eq(t->counts.v[COUNT_connections_over_share], 1);
    for (unsigned i = 0; i < 2 * EACH; i++)
        ck_assert(!net_closed(near[i]));
    net_free(t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("http");
    TCase *c = tcase_create("http");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, messages);
    tcase_add_test(c, too_many_broken);
    tcase_add_test(c, refusals);
    tcase_add_test(c, web_pages);
    tcase_add_test(c, foreign_names);
    tcase_add_test(c, compressed);
    tcase_add_test(c, too_large);
    tcase_add_test(c, random_bytes);
    tcase_add_test(c, a_crowd_that_says_nothing);
    tcase_add_test(c, an_address_has_its_share_of_connections);
    tcase_add_test(c, unfinished_requests_have_a_budget);
    tcase_add_test(c, guards);
    suite_add_tcase(s, c);
    return unit_run(s);
}
