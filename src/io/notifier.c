#include "io/notifier.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/backoff.h"
#include "io/clock.h"

enum { RETRY_FIRST_MS = 1000, RETRY_MOST_MS = 300 * 1000, HOUR_MS = 3600 * 1000 };

struct waiting {
    TAILQ_ENTRY(waiting) next;
    struct notifier_request request;
    struct http_client_target *target; /* of the try that is under way */
    unsigned tries;
};

struct target {
    struct notifier *notifier;
    struct notifier_target opt;
    TAILQ_HEAD(, waiting) queue; /* the first is on its way, or waits for its next try */
    unsigned n;
    struct event *timer;
    int64_t hour_ms; /* when the first of the hour passed */
    unsigned passed; /* in it */
    uint64_t held;   /* since the last that passed */
    bool said;       /* that one was not taken */
};

struct notifier {
    struct http_client *http;
    struct target *targets;
    unsigned n_targets;
    struct counts *counts;
    struct event *flush_timer;
    void (*flushed)(void *u); /* NULL: not flushing */
    void *flushed_u;
    int64_t retry_first_ms, retry_most_ms;
    uint64_t chance;
};

void notifier_request_done(struct notifier_request *r)
{
    free(r->url);
    for (unsigned i = 0; r->headers[i]; i++)
        free(r->headers[i]);
    sbuf_done(&r->body);
    *r = (struct notifier_request){0};
}

static struct http_client_target *open_target(const struct notifier_target *opt, const struct notifier_request *r)
{
    return http_client_target_new(r->url, (const char *const *)r->headers, &opt->http);
}

static void drop_first(struct target *t)
{
    struct waiting *w = TAILQ_FIRST(&t->queue);
    TAILQ_REMOVE(&t->queue, w, next);
    t->n--;
    http_client_target_free(w->target);
    notifier_request_done(&w->request);
    free(w);
}

static void try_first(struct target *t);

/* --- the end --- */

static void end_flush(struct notifier *n)
{
    void (*flushed)(void *u) = n->flushed;
    n->flushed = NULL;
    if (flushed)
        flushed(n->flushed_u);
}

static void notifier_on_flush_timer(evutil_socket_t fd, short what, void *u)
{
    (void)fd;
    (void)what;
    end_flush(u);
}

static void flush_if_empty(struct notifier *n)
{
    if (n->flushed && !notifier_waiting(n))
        event_active(n->flush_timer, EV_TIMEOUT, 0);
}

void notifier_flush(struct notifier *n, int64_t timeout_ms, void (*done)(void *u), void *u)
{
    const struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    n->flushed = done;
    n->flushed_u = u;
    evtimer_add(n->flush_timer, &limit);
    flush_if_empty(n);
}

/* --- answers --- */

static bool may_come_later(unsigned status)
{
    return status == 0 || status == 408 || status == 425 || status == 429 || status >= 500;
}

/* Not what the answer says: pages that find no such path name it, and a secret may be part of it. */
static void say(struct target *t, const struct http_client_answer *a, bool again, int64_t delay_ms)
{
    struct sbuf why;
    sbuf_init(&why, 512);
    if (a->status)
        sbuf_addf(&why, "HTTP %u", a->status);
    else
        sbuf_adds(&why, slice_str(a->error));
    if (again)
        log_warn("a notification was not taken, it is sent again", log_c("to", t->opt.shown),
                 log_c("reason", sbuf_cstr(&why)), log_i("next_try_ms", delay_ms));
    else
        log_warn("a notification is given up", log_c("to", t->opt.shown), log_c("reason", sbuf_cstr(&why)),
                 log_c("hint", "`crumbd test` sends one and shows the answer"));
    t->said = true;
    sbuf_done(&why);
}

static void retry_later(struct target *t, const struct waiting *w, const struct http_client_answer *a)
{
    struct notifier *n = t->notifier;
    int64_t delay_ms = backoff_spread(n->retry_first_ms, w->tries, n->retry_most_ms, &n->chance);
    uint64_t asked_s = 0;
    if (slice_u64(a->retry_after, &asked_s) && asked_s < (uint64_t)n->retry_most_ms / 1000 &&
        (int64_t)asked_s * 1000 > delay_ms)
        delay_ms = (int64_t)asked_s * 1000;
    if (!t->said)
        say(t, a, true, delay_ms);
    const struct timeval delay = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};
    evtimer_add(t->timer, &delay);
}

static void notifier_on_answer(void *u, const struct http_client_answer *a)
{
    struct target *t = u;
    struct waiting *w = TAILQ_FIRST(&t->queue);
    bool taken = a->status >= 200 && a->status < 300;
    http_client_target_free(w->target);
    w->target = NULL;
    if (!taken && may_come_later(a->status) && w->tries < NOTIFIER_TRIES) {
        retry_later(t, w, a);
        return;
    }
    t->notifier->counts->v[taken ? COUNT_notified : COUNT_notifications_lost]++;
    if (!taken)
        say(t, a, false, 0);
    else if (t->said)
        log_info("notifications are taken again", log_c("to", t->opt.shown));
    t->said &= !taken;
    drop_first(t);
    try_first(t);
    flush_if_empty(t->notifier);
}

/* --- sending --- */

static void try_first(struct target *t)
{
    struct waiting *w = TAILQ_FIRST(&t->queue);
    struct sbuf body; /* the next try needs it as well */
    if (!w)
        return;
    w->tries++;
    w->target = open_target(&t->opt, &w->request);
    sbuf_init(&body, w->request.body.max);
    sbuf_adds(&body, sbuf_slice(&w->request.body));
    http_client_send(t->notifier->http, w->target, &body, notifier_on_answer, t);
    sbuf_done(&body);
}

static void notifier_on_timer(evutil_socket_t fd, short what, void *u)
{
    (void)fd;
    (void)what;
    try_first(u);
}

bool notifier_admit(struct notifier *n, unsigned target, int64_t now_ms, uint64_t *held)
{
    struct target *t = &n->targets[target];
    if (!t->passed || now_ms - t->hour_ms >= HOUR_MS) {
        t->hour_ms = now_ms;
        t->passed = 0;
    }
    if (t->passed >= t->opt.per_hour) {
        n->counts->v[COUNT_notifications_held]++;
        t->held++;
        return false;
    }
    if (t->n >= NOTIFIER_QUEUE) {
        n->counts->v[COUNT_notifications_lost]++;
        return false;
    }
    t->passed++;
    *held = t->held;
    t->held = 0;
    return true;
}

void notifier_send(struct notifier *n, unsigned target, struct notifier_request *r)
{
    struct target *t = &n->targets[target];
    struct waiting *w = xcalloc(1, sizeof *w);
    w->request = *r;
    *r = (struct notifier_request){0};
    TAILQ_INSERT_TAIL(&t->queue, w, next);
    if (++t->n == 1)
        try_first(t);
}

unsigned notifier_waiting(const struct notifier *n)
{
    unsigned waiting = 0;
    for (unsigned i = 0; n && i < n->n_targets; i++)
        waiting += n->targets[i].n;
    return waiting;
}

void notifier_once(const struct notifier_target *target, struct notifier_request *r, http_client_answer_f *done,
                   void *u)
{
    struct http_client_target *t = open_target(target, r);
    http_client_once(t, &r->body, done, u);
    http_client_target_free(t);
}

struct notifier *notifier_new(struct event_base *base, const struct notifier_options *opt)
{
    struct notifier *n = xcalloc(1, sizeof *n);
    n->http = http_client_new(base);
    n->counts = opt->counts;
    n->retry_first_ms = opt->retry_first_ms ? opt->retry_first_ms : RETRY_FIRST_MS;
    n->retry_most_ms = opt->retry_most_ms ? opt->retry_most_ms : RETRY_MOST_MS;
    n->chance = (uint64_t)clock_mono_us();
    n->flush_timer = evtimer_new(base, notifier_on_flush_timer, n);
    n->n_targets = opt->n_targets;
    n->targets = xcalloc(n->n_targets, sizeof *n->targets);
    for (unsigned i = 0; i < n->n_targets; i++) {
        n->targets[i] = (struct target){.notifier = n, .opt = opt->targets[i]};
        TAILQ_INIT(&n->targets[i].queue);
        n->targets[i].timer = evtimer_new(base, notifier_on_timer, &n->targets[i]);
    }
    return n;
}

void notifier_free(struct notifier *n)
{
    if (!n)
        return;
    n->counts->v[COUNT_notifications_lost] += notifier_waiting(n);
    http_client_free(n->http);
    for (unsigned i = 0; i < n->n_targets; i++) {
        while (n->targets[i].n)
            drop_first(&n->targets[i]);
        event_free(n->targets[i].timer);
    }
    event_free(n->flush_timer);
    free(n->targets);
    free(n);
}
