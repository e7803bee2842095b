#include "io/http_stream.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/xalloc.h"
#include "io/clock.h"

enum {
    SWEEP_S = 5,
    SILENT_MS = 15000,      /* nothing was added for so long: a comment is */
    SEND_BUFFER = 64 << 10, /* of the kernel, which else keeps megabytes for a reader that has stopped */
    INPUT_MAX = 4 << 10,    /* what a client sends behind its request is not read beyond this */
};

struct http_stream {
    TAILQ_ENTRY(http_stream) link;
    struct http_streams *all;
    struct evhttp_request *req;
    struct bufferevent *bev;
    void *reader;
    void (*gone)(void *reader);
    int64_t added_ms; /* something was added last */
    int64_t taken_ms; /* nothing waited, or some of what did had been taken */
    size_t waited;    /* then */
};

size_t http_stream_waiting(const struct http_stream *s)
{
    return evbuffer_get_length(bufferevent_get_output(s->bev));
}

/* The connection ends. Its request goes with it, unless it was taken out of its hands before. */
static void http_stream_on_close(struct evhttp_connection *conn, void *u)
{
    struct http_stream *s = u;
    evhttp_connection_set_closecb(conn, NULL, NULL);
    TAILQ_REMOVE(&s->all->list, s, link);
    s->all->n--;
    s->gone(s->reader);
    if (!evhttp_request_get_connection(s->req))
        evhttp_send_reply_end(s->req); /* which frees it */
    free(s);
}

static void cut(struct http_stream *s)
{
    evhttp_connection_free(evhttp_request_get_connection(s->req));
}

static void note_taken(struct http_stream *s, int64_t now_ms)
{
    size_t waits = http_stream_waiting(s);
    if (!waits || waits < s->waited)
        s->taken_ms = now_ms;
    s->waited = waits;
}

void http_stream_send(struct http_stream *s, struct slice bytes)
{
    struct evbuffer *b = evbuffer_new();
    int64_t now_ms = clock_mono_ms();
    if (!b)
        return;
    note_taken(s, now_ms);
    evbuffer_add(b, bytes.p, bytes.n);
    evhttp_send_reply_chunk(s->req, b);
    evbuffer_free(b);
    s->waited = http_stream_waiting(s);
    s->added_ms = now_ms;
}

static void http_stream_on_sweep(evutil_socket_t fd, short what, void *u)
{
    struct http_streams *all = u;
    struct http_stream *s, *next;
    int64_t now_ms = clock_mono_ms();
    (void)fd, (void)what;
    for (s = TAILQ_FIRST(&all->list); s; s = next) {
        next = TAILQ_NEXT(s, link);
        note_taken(s, now_ms);
        if (now_ms - s->taken_ms >= HTTP_STREAM_STALLED_S * 1000)
            cut(s);
        else if (now_ms - s->added_ms >= SILENT_MS && !s->waited)
            http_stream_send(s, SLICE(":\n\n"));
    }
}

static struct http_stream *slowest(struct http_streams *all, int64_t now_ms)
{
    struct http_stream *s, *most = NULL;
    TAILQ_FOREACH (s, &all->list, link) {
        note_taken(s, now_ms);
        if (!most || s->taken_ms < most->taken_ms)
            most = s;
    }
    return most;
}

bool http_streams_room(struct http_streams *all)
{
    if (all->n < HTTP_STREAMS_MAX)
        return true;
    int64_t now_ms = clock_mono_ms();
    struct http_stream *s = slowest(all, now_ms);
    if (now_ms - s->taken_ms < HTTP_STREAM_SLOW_S * 1000)
        return false;
    cut(s);
    return true;
}

void http_stream_begin(struct http_streams *all, struct evhttp_request *req, const struct http_streamed *to)
{
    struct evhttp_connection *conn = evhttp_request_get_connection(req);
    struct http_stream *s = xcalloc(1, sizeof *s);
    int64_t now_ms = clock_mono_ms();
    *s = (struct http_stream){.all = all,
                              .req = req,
                              .bev = evhttp_connection_get_bufferevent(conn),
                              .gone = to->gone,
                              .added_ms = now_ms,
                              .taken_ms = now_ms};
    TAILQ_INSERT_TAIL(&all->list, s, link);
    all->n++;
    setsockopt(bufferevent_getfd(s->bev), SOL_SOCKET, SO_SNDBUF, &(int){SEND_BUFFER}, sizeof(int));
    evhttp_connection_set_closecb(conn, http_stream_on_close, s);
    evhttp_send_reply_start(req, 200, "OK");
    bufferevent_set_timeouts(s->bev, NULL, NULL); /* the sweep has its own */
    bufferevent_setwatermark(s->bev, EV_READ, 0, INPUT_MAX);
    s->reader = to->begin(to->u, s);
}

void http_streams_init(struct http_streams *all, struct event_base *base)
{
    static const struct timeval every = {.tv_sec = SWEEP_S};
    *all = (struct http_streams){.sweep = event_new(base, -1, EV_PERSIST, http_stream_on_sweep, all)};
    TAILQ_INIT(&all->list);
    event_add(all->sweep, &every);
}

void http_streams_done(struct http_streams *all)
{
    event_free(all->sweep);
}
