/*
 * http_stream: answers without an end (server-sent events): bytes are added as they come, until either side ends it.
 *
 * A reader may stop reading: what waits for it is told to whoever adds (http_stream_waiting), who leaves out what is
 * too much; one that has taken nothing for HTTP_STREAM_STALLED_S is cut off, and one that was told nothing for a while
 * gets an empty comment, so that its end is seen. At most HTTP_STREAMS_MAX at a time: for one more, the one that has
 * taken nothing for longest is cut off if that is HTTP_STREAM_SLOW_S ago, else the new one is refused. Main thread.
 */
#ifndef IO_HTTP_STREAM_H
#define IO_HTTP_STREAM_H

#include <event2/http.h>
#include <sys/queue.h>

#include "base/slice.h"

enum { HTTP_STREAMS_MAX = 32, HTTP_STREAM_STALLED_S = 60, HTTP_STREAM_SLOW_S = 5 };

struct http_stream;

/* Whose stream it is. */
struct http_streamed {
    void *u;
    /* It has begun. Returns what `gone` is given. */
    void *(*begin)(void *u, struct http_stream *s);
    /* It has ended, whoever ended it, and must not be used any more. */
    void (*gone)(void *reader);
};

TAILQ_HEAD(http_stream_list, http_stream);

/* All of one server. */
struct http_streams {
    struct http_stream_list list;
    unsigned n;
    struct event *sweep;
};

void http_streams_init(struct http_streams *all, struct event_base *base);
/* After evhttp_free, which ends them. */
void http_streams_done(struct http_streams *all);
/* Whether one more may begin. */
bool http_streams_room(struct http_streams *all);
/* Sends the head of the answer, whose headers are set, and begins it. */
void http_stream_begin(struct http_streams *all, struct evhttp_request *req, const struct http_streamed *to);
/* Adds bytes, at least one. */
void http_stream_send(struct http_stream *s, struct slice bytes);
/* How many bytes were added that the kernel has not taken. */
size_t http_stream_waiting(const struct http_stream *s);

#endif
