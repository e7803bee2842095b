#include "io/http_track.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/descriptors.h"
#include "io/holders.h"

enum { ASKED_MAX = 64, SWEEP_S = 1, LARGE_BYTES = 1 << 20 };

struct tracked {
    TAILQ_ENTRY(tracked) link;
    struct held held;
    struct track *track;
    struct bufferevent *bev;
    size_t unfinished_bytes; /* bytes that have come since the last whole request */
    bool proven;             /* has sent a whole request */
    bool answering;          /* the bytes that are being sent are an answer of ours */
    bool placed;             /* its address has been looked at */
    bool doomed;
};

TAILQ_HEAD(tracked_list, tracked);

struct track {
    struct evconnlistener *listener;
    struct event *sweep, *reap;
    struct tracked_list list; /* in the order of arrival */
    struct holders holders;
    size_t unfinished_bytes;
    bool large; /* a request of more than LARGE_BYTES came since the last sweep */
    struct track_setup setup;
};

/* evhttp's own name for the connection, or NULL when it has let go of it. */
static struct evhttp_connection *owner(const struct tracked *c)
{
    bufferevent_data_cb on_read, on_write;
    bufferevent_event_cb on_event;
    void *arg;
    bufferevent_getcb(c->bev, &on_read, &on_write, &on_event, &arg);
    return on_event ? arg : NULL;
}

static void set_unfinished(struct tracked *c, size_t n)
{
    c->track->unfinished_bytes += n - c->unfinished_bytes;
    c->unfinished_bytes = n;
}

/* Looks at what goes out: an answer that is not ours is evhttp's own, to bytes that are no HTTP or that do not end. */
static void http_track_on_output(struct evbuffer *b, const struct evbuffer_cb_info *info, void *u)
{
    struct tracked *c = u;
    char status[sizeof "HTTP/1.1 4"] = "";
    if (c->answering || info->n_added == 0 || info->orig_size != 0)
        return;
    evbuffer_copyout(b, status, sizeof status - 1);
    c->track->setup.counts->v[COUNT_http_malformed] += strcmp(status, "HTTP/1.1 4") == 0;
}

static void http_track_on_input(struct evbuffer *b, const struct evbuffer_cb_info *info, void *u)
{
    struct tracked *c = u;
    (void)b;
    c->answering &= info->n_added == 0;
    holders_touch(&c->held);
    set_unfinished(c, c->unfinished_bytes + info->n_added);
    c->track->large |= c->unfinished_bytes > LARGE_BYTES;
    /* No connection can be freed from within the callback of its own buffer. */
    if (c->track->unfinished_bytes > TRACK_BYTES_MAX)
        event_active(c->track->reap, EV_TIMEOUT, 0);
}

static void forget(struct tracked *c)
{
    struct track *t = c->track;
    evbuffer_remove_cb(bufferevent_get_input(c->bev), http_track_on_input, c);
    evbuffer_remove_cb(bufferevent_get_output(c->bev), http_track_on_output, c);
    set_unfinished(c, 0);
    holders_remove(&t->holders, &c->held);
    TAILQ_REMOVE(&t->list, c, link);
    --*t->setup.open;
    bufferevent_decref(c->bev);
    free(c);
}

static void forget_gone(struct track *t)
{
    struct tracked *c, *next;
    for (c = TAILQ_FIRST(&t->list); c; c = next) {
        next = TAILQ_NEXT(c, link);
        if (!owner(c))
            forget(c);
    }
}

static void close_one(struct tracked *c)
{
    struct evhttp_connection *conn = owner(c);
    if (conn)
        evhttp_connection_free(conn);
    forget(c);
}

static struct tracked *largest(struct track *t)
{
    struct tracked *c, *most = TAILQ_FIRST(&t->list);
    TAILQ_FOREACH (c, &t->list, link) {
        if (c->unfinished_bytes > most->unfinished_bytes)
            most = c;
    }
    return most;
}

/* ---- shares ---- */

static struct tracked *tracked_of(const struct held *held)
{
    return (struct tracked *)((uintptr_t)held - offsetof(struct tracked, held));
}

static bool http_track_is_idle(const struct held *held)
{
    const struct tracked *c = tracked_of(held);
    return !c->doomed && !c->unfinished_bytes && !descriptor_readable(bufferevent_getfd(c->bev));
}

static bool peer_of(const struct tracked *c, struct peer *p)
{
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof sa;
    if (getpeername(bufferevent_getfd(c->bev), (struct sockaddr *)&sa, &len) != 0)
        return false;
    peer_set(p, (struct sockaddr *)&sa);
    return true;
}

/* Counts the connection for its address, and has one closed when the address holds more than its share with it. */
static void place(struct tracked *c)
{
    struct track *t = c->track;
    struct peer peer;
    c->placed = true;
    if (!peer_of(c, &peer))
        return;
    holders_add(&t->holders, &c->held, &peer);
    if (!holders_over(&t->holders, &c->held))
        return;
    struct held *idlest = holders_idlest(&t->holders, &c->held, http_track_is_idle);
    t->setup.counts->v[COUNT_connections_over_share]++;
    log_at(LOG_WARN,
           "an address holds more than an eighth of max_connections, the connection that has been idle longest is "
           "closed; name the "
           "address in exempt if it speaks for many",
           log_c("input", t->setup.name), log_peer(peer_slice(&peer)));
    close_one(idlest ? tracked_of(idlest) : c);
}

/* Returns the oldest of the connections that have come since the last call: they are the end of the list. */
static struct tracked *first_unplaced(struct track *t)
{
    struct tracked *c, *first = NULL;
    TAILQ_FOREACH_REVERSE(c, &t->list, tracked_list, link)
    {
        if (c->placed)
            break;
        first = c;
    }
    return first;
}

static void http_track_on_reap(evutil_socket_t fd, short what, void *u)
{
    struct track *t = u;
    struct tracked *c, *next;
    (void)fd, (void)what;
    forget_gone(t);
    for (c = TAILQ_FIRST(&t->list); c; c = next) {
        next = TAILQ_NEXT(c, link);
        if (c->doomed)
            close_one(c);
    }
    while ((c = first_unplaced(t)) != NULL)
        place(c);
    while (t->unfinished_bytes > TRACK_BYTES_MAX) {
        t->setup.counts->v[COUNT_connections_memory]++;
        log_at(LOG_WARN, "unfinished requests hold too much memory, the largest sender is cut off",
               log_c("input", t->setup.name));
        close_one(largest(t));
    }
}

static void http_track_on_sweep(evutil_socket_t fd, short what, void *u)
{
    struct track *t = u;
    (void)fd, (void)what;
    forget_gone(t);
    evconnlistener_enable(t->listener);
#ifdef __GLIBC__
    /* A body lies in many small pieces, which malloc would keep when they are free again. */
    if (t->large && t->unfinished_bytes == 0)
        malloc_trim(0);
#endif
    t->large &= t->unfinished_bytes > 0;
}

/* Most likely no descriptors are left: no connection is accepted until the next sweep, so that the loop does not spin.
   u is the evhttp. */
static void http_track_on_accept_error(struct evconnlistener *l, void *u)
{
    (void)u;
    log_at(LOG_ERROR, "HTTP connection not accepted; raise LimitNOFILE if descriptors have run out",
           log_c("error", strerror(errno)));
    evconnlistener_disable(l);
}

/* Returns the connection that has finished no request for longest. It asks a few whether what they sent has been read;
   NULL when none of these is idle. */
static struct tracked *most_silent(struct track *t)
{
    struct tracked *c;
    unsigned asked = 0;
    TAILQ_FOREACH (c, &t->list, link) {
        if (c->proven)
            continue;
        if (!descriptor_readable(bufferevent_getfd(c->bev)))
            return c;
        if (++asked == ASKED_MAX)
            break;
    }
    return NULL;
}

/* Makes room for one more connection. False: every connection has proven itself. */
static bool make_room(struct track *t)
{
    struct tracked *c;
    forget_gone(t);
    if (*t->setup.open < t->setup.max)
        return true;
    t->setup.counts->v[COUNT_connections_over_cap]++;
    struct held *most = holders_idlest(&t->holders, NULL, http_track_is_idle);
    struct peer peer = {0};
    c = most ? tracked_of(most) : most_silent(t);
    bool known = most && peer_of(c, &peer);
    log_at(LOG_WARN, "max_connections reached", log_c("input", t->setup.name), log_i("max_connections", t->setup.max),
           log_s("closed", known ? peer_slice(&peer)
                           : c   ? SLICE("the one that has been silent longest")
                                 : SLICE("the new one")),
           log_c("hint", t->setup.fixed
                             ? "close pages and streams that nobody looks at; there are no more for this address"
                             : "raise max_connections, or name an address in exempt if it speaks for many"));
    if (c)
        close_one(c);
    return c != NULL;
}

/* Makes the bufferevent of a connection that evhttp has just accepted; NULL would make evhttp take one of its own. */
static struct bufferevent *http_track_on_connection(struct event_base *base, void *u)
{
    struct track *t = u;
    t->setup.counts->v[COUNT_connections]++;
    bool room = make_room(t);
    /* The descriptor must not be closed, and its number used again, before the last reference is gone. */
    struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!bev)
        return NULL;
    struct tracked *c = xcalloc(1, sizeof *c);
    *c = (struct tracked){.track = t, .bev = bev, .doomed = !room};
    bufferevent_incref(bev);
    evbuffer_add_cb(bufferevent_get_input(bev), http_track_on_input, c);
    evbuffer_add_cb(bufferevent_get_output(bev), http_track_on_output, c);
    TAILQ_INSERT_TAIL(&t->list, c, link);
    ++*t->setup.open;
    event_active(t->reap, EV_TIMEOUT, 0); /* by then evhttp has given it its descriptor */
    return bev;
}

void track_request(struct track *t, struct evhttp_connection *conn)
{
    struct bufferevent *bev = evhttp_connection_get_bufferevent(conn);
    struct tracked *c;
    TAILQ_FOREACH (c, &t->list, link) {
        if (c->bev != bev)
            continue;
        c->proven = c->answering = true;
        /* The bytes that are there already belong to the next request. */
        set_unfinished(c, evbuffer_get_length(bufferevent_get_input(bev)));
        return;
    }
}

bool track_idle(const struct track *t)
{
    return t->unfinished_bytes == 0;
}

struct track *track_new(struct event_base *base, struct evhttp *http, struct evconnlistener *l,
                        const struct track_setup *setup)
{
    static const struct timeval every = {.tv_sec = SWEEP_S};
    struct track *t = xcalloc(1, sizeof *t);
    *t = (struct track){.listener = l, .setup = *setup};
    TAILQ_INIT(&t->list);
    holders_init(&t->holders, setup->max, setup->exempt, setup->n_exempt);
    t->sweep = event_new(base, -1, EV_PERSIST, http_track_on_sweep, t);
    t->reap = evtimer_new(base, http_track_on_reap, t);
    if (!t->sweep || !t->reap || event_add(t->sweep, &every) != 0) {
        track_free(t);
        return NULL;
    }
    evhttp_set_bevcb(http, http_track_on_connection, t);
    evconnlistener_set_error_cb(l, http_track_on_accept_error);
    return t;
}

void track_free(struct track *t)
{
    if (!t)
        return;
    while (!TAILQ_EMPTY(&t->list))
        forget(TAILQ_FIRST(&t->list));
    if (t->sweep)
        event_free(t->sweep);
    if (t->reap)
        event_free(t->reap);
    holders_done(&t->holders);
    free(t);
}
