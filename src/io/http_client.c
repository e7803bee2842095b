#include "io/http_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/version.h"
#include "base/xalloc.h"

enum {
    CONNECT_TIMEOUT_S = 15,
    TOTAL_TIMEOUT_S = 60,
    HEADER_BYTES_MAX = 64 << 10,
    BODY_BYTES_KEPT = 8 << 10,
    RATE_LIMITS_BYTES = 4 << 10,
    RETRY_AFTER_BYTES = 128,
    CONNECTIONS_KEPT = 256, /* of all targets; libcurl's own bound follows the requests on their way, and would close
                              them whenever these become fewer */
    UNACKNOWLEDGED_MS = 30000,
};

#define CLIENT CRUMBD_SDK_NAME "/" CRUMBD_SDK_VERSION

struct http_client_target {
    char *url, *ca_file, *proxy;
    struct http_client_options opt; /* without its texts, which are above */
    struct curl_slist *headers;
};

/* One request. */
struct transfer {
    struct transfer *next, **link; /* link in the list of transfers on their way */
    CURL *easy;
    struct sbuf body; /* body of the request: libcurl reads it in place, twice if it has to send it again */
    http_client_answer_f *done;
    void *u;
    unsigned status; /* status of the header block that is being read */
    bool answered;   /* a whole header block with a final status was there */
    size_t header_bytes;
    bool has_rate_limits;
    struct sbuf rate_limits, retry_after, answer;
    char error[CURL_ERROR_SIZE];
};

struct http_client {
    struct event_base *base;
    CURLM *multi;
    struct event *timer, *pulse;
    struct transfer *transfers;
};

/* libcurl counts who has set it up, before 7.84 without a lock. */
static pthread_mutex_t set_up_lock = PTHREAD_MUTEX_INITIALIZER;

static void set_up(void)
{
    pthread_mutex_lock(&set_up_lock);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    pthread_mutex_unlock(&set_up_lock);
}

static void put_away(void)
{
    pthread_mutex_lock(&set_up_lock);
    curl_global_cleanup();
    pthread_mutex_unlock(&set_up_lock);
}

const char *http_client_version(void)
{
    return curl_version();
}

struct http_client_target *http_client_target_new(const char *url, const char *const *headers,
                                                  const struct http_client_options *opt)
{
    struct http_client_target *t = xcalloc(1, sizeof *t);
    t->url = xstrdup(url);
    t->ca_file = opt->ca_file ? xstrdup(opt->ca_file) : NULL;
    t->proxy = opt->proxy ? xstrdup(opt->proxy) : NULL;
    t->opt = *opt;
    t->opt.ca_file = t->opt.proxy = NULL;
    for (; *headers; headers++)
        t->headers = curl_slist_append(t->headers, *headers);
    /* Leaves out the Expect header, and with it a wait for an answer that many servers do not give. */
    t->headers = curl_slist_append(t->headers, "Expect:");
    return t;
}

void http_client_target_free(struct http_client_target *t)
{
    if (!t)
        return;
    free(t->url);
    free(t->ca_file);
    free(t->proxy);
    curl_slist_free_all(t->headers);
    free(t);
}

/* Keeps the header lines that are wanted, as libcurl hands them over. */

static void keep_header(struct slice line, const char *name, struct sbuf *out, bool *had)
{
    struct slice value = line, key = slice_split(&value, ':');
    if (!value.p || !slice_ieq(slice_trim(key), slice_str(name)))
        return;
    if (*had)
        sbuf_addc(out, ',');
    sbuf_adds(out, slice_trim(value));
    *had = true;
}

static size_t http_client_on_header(char *p, size_t size, size_t count, void *u)
{
    struct transfer *t = u;
    struct slice line = slice_trim(slice_of(p, size * count));
    t->header_bytes += size * count;
    if (t->header_bytes > HEADER_BYTES_MAX)
        return 0;
    if (slice_starts(line, SLICE("HTTP/"))) {
        /* A new header block begins: what an earlier one (100 Continue) said does not count. */
        struct slice rest = line;
        uint64_t status = 0;
        slice_split(&rest, ' ');
        t->status = slice_u64(slice_sub(rest, 0, 3), &status) ? (unsigned)status : 0;
        t->has_rate_limits = false;
        sbuf_reset(&t->rate_limits);
        sbuf_reset(&t->retry_after);
    }
    bool had_after = t->retry_after.n > 0;
    keep_header(line, "X-Sentry-Rate-Limits", &t->rate_limits, &t->has_rate_limits);
    keep_header(line, "Retry-After", &t->retry_after, &had_after);
    if (line.n == 0 && t->status >= 200)
        t->answered = true;
    return size * count;
}

/* The connection is given up when more comes than is kept; the status is known by then. */
static size_t http_client_on_body(char *p, size_t size, size_t count, void *u)
{
    struct transfer *t = u;
    size_t n = size * count, room = t->answer.max - t->answer.n;
    sbuf_add(&t->answer, p, n < room ? n : room);
    return n <= room ? n : 0;
}

/* Not 0 ends it. */
static int http_client_on_progress(void *u, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct http_client_options *opt = u;
    (void)a, (void)b, (void)c, (void)d;
    return opt->gave_up(opt->gave_up_u);
}

static void set(CURL *easy, CURLoption option, const char *value)
{
    CURLcode rc = curl_easy_setopt(easy, option, value);
    assert(rc == CURLE_OK || rc == CURLE_OUT_OF_MEMORY);
    (void)rc;
}

/* Leaves libcurl only HTTP, of some twenty protocols that it speaks. */
static void only_http(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500 /* 7.85 */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* A peer that is gone without a word would keep a connection, and over HTTP/2 all requests on it, for a quarter of an
   hour. Where the option is not known it is so. */
static int http_client_on_new_socket(void *u, curl_socket_t fd, curlsocktype purpose)
{
    (void)u;
    (void)purpose;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(unsigned){UNACKNOWLEDGED_MS}, sizeof(unsigned));
    return CURL_SOCKOPT_OK;
}

/* HTTP/2 where a TLS server offers it: then requests share a connection, and the first ones wait until it is known. */
static void http_versions(CURL *easy, const char *url)
{
    bool tls = slice_starts(slice_str(url), SLICE("https:"));
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)(tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
}

static struct transfer *transfer_new(const struct http_client_target *target, struct sbuf *body,
                                     http_client_answer_f *done, void *u)
{
    struct transfer *t = xcalloc(1, sizeof *t);
    t->easy = curl_easy_init();
    assert(t->easy);
    t->body = *body;
    sbuf_init(body, body->max);
    t->done = done;
    t->u = u;
    sbuf_init(&t->rate_limits, RATE_LIMITS_BYTES);
    sbuf_init(&t->retry_after, RETRY_AFTER_BYTES);
    sbuf_init(&t->answer, target->opt.answer_bytes ? target->opt.answer_bytes : BODY_BYTES_KEPT);
    CURL *e = t->easy;
    set(e, CURLOPT_URL, target->url);
    set(e, CURLOPT_USERAGENT, CLIENT);
    if (target->ca_file)
        set(e, CURLOPT_CAINFO, target->ca_file);
    if (target->proxy)
        set(e, CURLOPT_PROXY, target->proxy);
    only_http(e);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, target->headers);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->body.p); /* not copied */
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.n);
    if (target->opt.method) /* curl copies it */
        set(e, CURLOPT_CUSTOMREQUEST, target->opt.method);
    http_versions(e, target->url);
    curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, http_client_on_new_socket);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)(target->opt.total_s ? target->opt.total_s : TOTAL_TIMEOUT_S));
    if (target->opt.gave_up) {
        curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, http_client_on_progress);
        curl_easy_setopt(e, CURLOPT_XFERINFODATA, &target->opt);
        curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    }
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, http_client_on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, http_client_on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    return t;
}

static void transfer_free(struct transfer *t)
{
    if (t->link) {
        *t->link = t->next;
        if (t->next)
            t->next->link = t->link;
    }
    curl_easy_cleanup(t->easy);
    sbuf_done(&t->body);
    sbuf_done(&t->rate_limits);
    sbuf_done(&t->retry_after);
    sbuf_done(&t->answer);
    free(t);
}

static void finish(struct transfer *t, CURLcode rc)
{
    curl_off_t uploaded = 0, sent_us = 0, answered_us = 0;
    curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    curl_easy_getinfo(t->easy, CURLINFO_STARTTRANSFER_TIME_T, &answered_us);
    /* With a whole header block there is an answer, even when its body broke off. */
    bool answered = t->answered;
    struct http_client_answer a = {
        .status = answered ? t->status : 0,
        .uploaded = !answered && uploaded > 0,
        .took_us = answered_us - sent_us,
        .has_rate_limits = t->has_rate_limits,
        .rate_limits = sbuf_slice(&t->rate_limits),
        .retry_after = sbuf_slice(&t->retry_after),
        .body = sbuf_slice(&t->answer),
        .error = answered         ? ""
                 : t->error[0]    ? t->error
                 : rc != CURLE_OK ? curl_easy_strerror(rc)
                                  : "the answer was no HTTP",
    };
    t->done(t->u, &a);
    transfer_free(t);
}

/* libcurl's multi interface on libevent, as libcurl's documentation describes "multi_socket". */

static void collect_finished(struct http_client *p)
{
    CURLMsg *msg;
    int left;
    while ((msg = curl_multi_info_read(p->multi, &left)) != NULL) {
        struct transfer *t = NULL;
        CURLcode rc = msg->data.result;
        CURL *easy = msg->easy_handle; /* msg is gone after the removal */
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
        curl_multi_remove_handle(p->multi, easy);
        finish(t, rc);
    }
}

static void http_client_on_timer(evutil_socket_t fd, short what, void *u)
{
    (void)fd;
    (void)what;
    struct http_client *p = u;
    int running;
    curl_multi_socket_action(p->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect_finished(p);
}

static void http_client_on_socket(evutil_socket_t fd, short what, void *u)
{
    struct http_client *p = u;
    /* Simple servers write headers and body one after the other, and the second waits for our delayed
       acknowledgement of the first: 40 ms for each event. The option lasts for one packet or so, hence at
       every turn; on failure it is only slower. */
    if (what & EV_READ)
        setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
    int running, flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(p->multi, fd, flags, &running);
    collect_finished(p);
}

/* libcurl's multi_socket (7.88 is so) gives up an address that does not answer when its part of the time is over, and
   then tries the next one only when it is called for some other reason. */
static void http_client_on_pulse(evutil_socket_t fd, short what, void *u)
{
    (void)fd;
    (void)what;
    struct http_client *p = u;
    int running;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* no other call has libcurl look at a transfer that waits  \
                                                            */
    curl_multi_socket_all(p->multi, &running);
#pragma GCC diagnostic pop
    collect_finished(p);
    if (p->transfers)
        evtimer_add(p->pulse, &(struct timeval){.tv_sec = 1});
}

static int http_client_want_timer(CURLM *multi, long timeout_ms, void *u)
{
    (void)multi;
    struct http_client *p = u;
    struct timeval tv = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    return timeout_ms < 0 ? evtimer_del(p->timer) : evtimer_add(p->timer, &tv);
}

static int http_client_want_socket(CURL *easy, curl_socket_t fd, int what, void *u, void *known)
{
    (void)easy;
    struct http_client *p = u;
    struct event *ev = known;
    if (ev)
        event_free(ev);
    ev = NULL;
    if (what != CURL_POLL_REMOVE) {
        int kind = (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST;
        ev = event_new(p->base, fd, (short)kind, http_client_on_socket, p);
        event_add(ev, NULL);
    }
    curl_multi_assign(p->multi, fd, ev);
    return 0;
}

static void begin(struct http_client *p)
{
    p->multi = curl_multi_init();
    assert(p->multi);
    curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, http_client_want_socket);
    curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
    curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, http_client_want_timer);
    curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
}

struct http_client *http_client_new(struct event_base *base)
{
    struct http_client *p = xcalloc(1, sizeof *p);
    set_up();
    p->base = base;
    p->timer = evtimer_new(base, http_client_on_timer, p);
    p->pulse = evtimer_new(base, http_client_on_pulse, p);
    assert(p->timer && p->pulse);
    begin(p);
    return p;
}

void http_client_close_kept(struct http_client *p)
{
    assert(!p->transfers);
    curl_multi_cleanup(p->multi);
    begin(p);
}

void http_client_free(struct http_client *p)
{
    if (!p)
        return;
    while (p->transfers) {
        curl_multi_remove_handle(p->multi, p->transfers->easy);
        transfer_free(p->transfers);
    }
    curl_multi_cleanup(p->multi);
    event_free(p->timer);
    event_free(p->pulse);
    free(p);
    put_away();
}

void http_client_send(struct http_client *p, const struct http_client_target *target, struct sbuf *body,
                      http_client_answer_f *done, void *u)
{
    struct transfer *t = transfer_new(target, body, done, u);
    t->next = p->transfers;
    t->link = &p->transfers;
    if (t->next)
        t->next->link = &t->next;
    p->transfers = t;
    if (!evtimer_pending(p->pulse, NULL))
        evtimer_add(p->pulse, &(struct timeval){.tv_sec = 1});
    CURLMcode rc = curl_multi_add_handle(p->multi, t->easy); /* starts with the next turn of the loop, by want_timer */
    assert(rc == CURLM_OK);
    (void)rc;
}

void http_client_once(const struct http_client_target *target, struct sbuf *body, http_client_answer_f *done, void *u)
{
    set_up();
    struct transfer *t = transfer_new(target, body, done, u);
    finish(t, curl_easy_perform(t->easy));
    put_away();
}
