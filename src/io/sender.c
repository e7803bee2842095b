#include "io/sender_impl.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/batch.h"
#include "io/clock.h"

/* Sentry gives an older event the time at which it comes. */
#define EXPIRE_AFTER_US (INT64_C(30) * 24 * 3600 * 1000000)

enum {
    RETRY_FIRST_MS = 1000,
    RETRY_MOST_MS = STORE_NEXT_TRY_MOST_S * 1000,
    PAUSE_FIRST_MS = 300 * 1000,
    PAUSE_MOST_MS = 1800 * 1000,
    POLL_MS = 2000,      /* rows that `crumbd queue retry` put back are found within it */
    KEEP_MS = 60 * 1000, /* connections that nothing is sent on */
    SOON_MS = 20,
    WRITE_AGAIN_MS = 1000, /* after a transaction that failed */
    REQUESTS_MAX = 256,    /* on their way, of all projects; each has one whatever the others have */
    BYTES_MAX = 8 << 20,   /* of their bodies; the same */
};

static void arm(struct event *timer, int64_t ms)
{
    ms = ms < 0 ? 0 : ms;
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    evtimer_add(timer, &tv);
}

/* Writes outcomes after the answers that have come in this turn of the loop. A kill before that sends their events
   again, so nothing waits for more of them: a transaction without fsync costs less than a request. some_wait: rows are
   due again once that is written. */
static void write_down(struct sender *s, bool some_wait)
{
    s->some_wait = s->some_wait || some_wait;
    if (!evtimer_pending(s->write_timer, NULL))
        arm(s->write_timer, 0);
}

/* Sending. */

static void sender_on_answer(void *u, const struct http_client_answer *a);
static void flight_end(struct flight *f);

static struct flight *flight_begin(struct project *p, enum item_kind kind, const struct batch *b, size_t bytes)
{
    struct sender *s = p->sender;
    struct flight *f = xcalloc(1, sizeof *f + b->n * sizeof *f->rows);
    *f = (struct flight){.next = s->flights,
                         .link = &s->flights,
                         .project = p,
                         .kind = kind,
                         .epoch = p->epoch,
                         .round = p->window.round,
                         .bytes = bytes,
                         .n = b->n};
    for (unsigned i = 0; i < b->n; i++) {
        f->rows[i] = (struct flight_row){
            .id = b->rows[i]->id, .attempts = b->rows[i]->attempts, .due_us = b->rows[i]->next_try_us};
        memcpy(f->rows[i].event_id, b->rows[i]->event.event_id, sizeof f->rows[i].event_id);
    }
    if (f->next)
        f->next->link = &f->next;
    s->flights = f;
    p->in_flight[kind]++;
    s->in_flight++;
    s->bytes_in_flight += bytes;
    return f;
}

/* Gives up a row that does not fit; of several rows, each is tried alone. */
static void too_large(struct sender *s, const struct batch *b)
{
    static const char why[] = "does not fit into an envelope";
    if (b->n == 1) {
        store_dead(s->store, b->rows[0]->id, why);
        s->counts->v[COUNT_dead]++;
    }
    for (unsigned i = 0; b->n > 1 && i < b->n; i++) {
        store_retry(s->store, b->rows[i]->id, clock_steady_us(), why);
        s->counts->v[COUNT_retries]++;
    }
    write_down(s, true);
}

static void produce_batch(struct project *p, enum item_kind kind, const struct batch *b)
{
    struct flight *f = flight_begin(p, kind, b, (size_t)b->bytes);
    if (up_kafka_send(p->producer, store_id(p->sender->store), b->rows, b->n, sender_on_answer, f))
        return;
    flight_end(f);
    too_large(p->sender, b);
}

static void send_batch(struct project *p, enum item_kind kind, const struct batch *b)
{
    struct upstream_item items[ITEM_BATCH_MAX];
    struct sbuf body;
    if (p->producer) {
        produce_batch(p, kind, b);
        return;
    }
    for (unsigned i = 0; i < b->n; i++)
        items[i] = (struct upstream_item){b->rows[i]->event.event_id, b->rows[i]->event.payload.text};
    if (p->type->items(kind, items, b->n, clock_wall_us(), &body))
        http_client_send(p->sender->http, p->target, &body, sender_on_answer, flight_begin(p, kind, b, body.n));
    else
        too_large(p->sender, b);
    sbuf_done(&body);
}

static void sender_on_report_answer(void *u, const struct http_client_answer *a);

/* Tells the project what it was not sent: every CLIENT_REPORT_EVERY_MS, and before the end. */
static void pump_report(struct project *p)
{
    struct sender *s = p->sender;
    int64_t now_ms = clock_mono_ms();
    struct sbuf body;
    if (!p->type->losses || p->report_in_flight || p->failures || now_ms < p->until_ms || now_ms < p->report_due_ms)
        return;
    p->report_due_ms = now_ms + CLIENT_REPORT_EVERY_MS;
    if (p->type->losses(&p->report, s->store, slice_str(p->name), clock_wall_us(), &body)) {
        p->report_in_flight = true;
        s->in_flight++;
        http_client_send(s->http, p->target, &body, sender_on_report_answer, p);
    }
    sbuf_done(&body);
}

static int64_t blocked_until_ms(const struct project *p, enum item_kind kind)
{
    int64_t limit = item_kind_until(kind, &p->limits);
    return limit > p->until_ms ? limit : p->until_ms;
}

static bool has_room(const struct project *p, enum item_kind kind)
{
    const struct sender *s = p->sender;
    unsigned most = s->kinds[kind].in_flight;
    most = p->failures ? 1 : most < p->window.size ? most : p->window.size;
    if (p->in_flight[kind] && (s->in_flight >= REQUESTS_MAX || s->bytes_in_flight >= BYTES_MAX))
        return false;
    return p->in_flight[kind] < most;
}

/* Sends what may be sent of a kind. Returns in how many milliseconds there may be more, INT64_MAX: when an answer has
   come. */
static int64_t pump_kind(struct project *p, enum item_kind kind)
{
    struct sender *s = p->sender;
    while (has_room(p, kind)) {
        int64_t wait_ms = blocked_until_ms(p, kind) - clock_mono_ms();
        if (wait_ms > 0)
            return wait_ms;
        int64_t now_us = clock_steady_us();
        struct batch batch;
        unsigned most = p->type->batch && !s->kinds[kind].replaces ? p->type->batch : s->kinds[kind].batch;
        batch_take(&batch, s->store, slice_str(p->name), kind, most, now_us);
        if (!batch.n) {
            int64_t due_us = store_due(s->store, slice_str(p->name), kind), due_ms = (due_us - now_us) / 1000 + 1;
            return due_us == INT64_MAX || due_ms > POLL_MS ? POLL_MS : due_ms < SOON_MS ? SOON_MS : due_ms;
        }
        send_batch(p, kind, &batch);
        batch_done(&batch);
    }
    return INT64_MAX;
}

/* Sends what may be sent, and sets the timer for what may be sent later. */
static void pump(struct project *p)
{
    int64_t next_ms = INT64_MAX;
    send_window_renew(&p->window, clock_mono_us());
    project_expire(p, clock_mono_ms());
    pump_report(p);
    for (int kind = 0; kind < ITEM_KINDS; kind++) {
        int64_t ms = p->type->takes >> kind & 1 ? pump_kind(p, (enum item_kind)kind) : INT64_MAX;
        next_ms = ms < next_ms ? ms : next_ms;
    }
    if (p->failures && next_ms > POLL_MS && next_ms != INT64_MAX)
        next_ms = POLL_MS; /* somebody may want it tried before */
    if (next_ms != INT64_MAX)
        arm(p->timer, next_ms);
}

static void pump_all(struct sender *s)
{
    for (unsigned i = 0; i < s->n_projects; i++)
        pump(&s->projects[i]);
}

/* Somebody wants it tried: what crumbd waits for of its own is over. What the server asked for, a rate limit, stays. */
void sender_wake(struct sender *s)
{
    for (unsigned i = 0; i < s->n_projects; i++)
        s->projects[i].until_ms = 0;
    pump_all(s);
}

/* Answers. */

static void flight_end(struct flight *f)
{
    *f->link = f->next;
    if (f->next)
        f->next->link = f->link;
    f->project->in_flight[f->kind]--;
    f->project->sender->in_flight--;
    f->project->sender->quiet_since_ms = clock_mono_ms();
    f->project->sender->bytes_in_flight -= f->bytes;
    free(f);
}

/* Ends a flush when nothing is left that could be sent now. */
static void look_whether_flushed(struct sender *s)
{
    if (!s->flushed || s->in_flight)
        return;
    store_flush(s->store);
    pump_all(s); /* there may be more, where the store had no room for outcomes */
    if (!s->in_flight)
        arm(s->flush_timer, 0);
}

static void sender_on_report_answer(void *u, const struct http_client_answer *a)
{
    struct project *p = u;
    struct sender *s = p->sender;
    if (project_verdict(p, a) == REPLY_SENT)
        s->counts->v[COUNT_reported] += client_report_accepted(&p->report, s->store);
    client_report_done(&p->report);
    p->report_in_flight = false;
    s->in_flight--;
    s->quiet_since_ms = clock_mono_ms();
    look_whether_flushed(s);
}

static void sender_on_answer(void *u, const struct http_client_answer *a)
{
    struct flight *f = u;
    struct project *p = f->project;
    struct sender *s = p->sender;
    uint64_t retries = s->counts->v[COUNT_retries];
    flight_settle(f, a);
    flight_end(f);
    write_down(s, retries != s->counts->v[COUNT_retries]);
    pump(p);
    look_whether_flushed(s);
}

/* Lets a server go that there is nothing for: connections by the dozen are no use to either side. */
static void let_go(struct sender *s)
{
    if (s->in_flight || !s->quiet_since_ms || clock_mono_ms() - s->quiet_since_ms < s->keep_ms)
        return;
    http_client_close_kept(s->http);
    s->quiet_since_ms = 0;
}

static void sender_on_project_timer(evutil_socket_t fd, short what, void *u)
{
    struct project *p = u;
    (void)fd;
    (void)what;
    let_go(p->sender);
    if (p->failures && store_woken(p->sender->store))
        sender_wake(p->sender);
    else
        pump(p);
}

static void sender_on_write_timer(evutil_socket_t fd, short what, void *u)
{
    (void)fd;
    (void)what;
    struct sender *s = u;
    bool written = store_flush(s->store) == STORE_OK;
    if (!written)
        arm(s->write_timer, WRITE_AGAIN_MS);
    if (s->some_wait || !written)
        pump_all(s);
    s->some_wait = !written;
}

static void sender_on_flush_timer(evutil_socket_t fd, short what, void *u)
{
    (void)fd;
    (void)what;
    struct sender *s = u;
    void (*flushed)(void *) = s->flushed;
    s->flushed = NULL;
    if (flushed)
        flushed(s->flushed_u); /* last: it may free the sender */
}

/* What others call. */

/* Warns of events of a project that is no longer configured: nobody takes them. */
static void sender_look_for_orphans(void *u, struct slice name)
{
    const struct sender *s = u;
    if (!s->n_projects) /* no DSN at all: that is said elsewhere */
        return;
    for (unsigned i = 0; i < s->n_projects; i++)
        if (slice_is(name, s->projects[i].name))
            return;
    log_warn("the store has events of a project that is not configured; they stay there", log_s("project", name),
             log_c("hint", "name it under sentry.projects, or see `crumbd queue ls` and `crumbd queue drop`"));
}

static void project_init(struct sender *s, struct project *p, const struct sender_project *from,
                         const struct http_client_options *opt)
{
    const struct upstream_type *type = upstream_type_of(slice_str(from->dsn->envelope_url));
    *p = (struct project){
        .sender = s,
        .type = type,
        .name = slice_dup(from->name),
        .shown = xstrdup(from->dsn->shown),
        .target = type->target ? type->target(from->dsn, opt) : NULL,
        .producer = from->kafka ? kafka_producer_new(s->base, from->kafka) : NULL,
        .timer = evtimer_new(s->base, sender_on_project_timer, p),
        .report_due_ms = clock_mono_ms() + CLIENT_REPORT_EVERY_MS,
    };
    send_window_init(&p->window);
    arm(p->timer, 0);
    if (!(type->takes >> ITEM_COUNT & 1) && store_due(s->store, from->name, ITEM_COUNT) != INT64_MAX)
        log_warn(
            "the store has numbers of occurrences for another crumbd, which only `forward` sends; they stay there",
            log_c("hint", "configure it again until they are sent, or see `crumbd queue ls` and `crumbd queue drop`"));
}

static void take_times(struct sender *s, const struct sender_options *opt)
{
    s->retry_first_ms = opt->retry_first_ms ? opt->retry_first_ms : RETRY_FIRST_MS;
    s->retry_most_ms = opt->retry_most_ms ? opt->retry_most_ms : RETRY_MOST_MS;
    s->pause_first_ms = opt->pause_first_ms ? opt->pause_first_ms : PAUSE_FIRST_MS;
    s->keep_ms = opt->keep_ms ? opt->keep_ms : KEEP_MS;
    s->expire_after_us = opt->expire_after_us ? opt->expire_after_us : EXPIRE_AFTER_US;
    s->pause_most_ms = opt->pause_most_ms ? opt->pause_most_ms : PAUSE_MOST_MS;
}

struct sender *sender_new(struct event_base *base, struct store *store, const struct sender_options *opt)
{
    struct sender *s = xcalloc(1, sizeof *s);
    signal(SIGPIPE, SIG_IGN); /* a peer that goes away is an answer, not an end; TLS libraries write without
                                 MSG_NOSIGNAL */
    s->base = base;
    s->store = store;
    s->http = http_client_new(base);
    s->kinds = opt->kinds ? opt->kinds : item_traits;
    s->counts = opt->counts ? opt->counts : &s->own_counts;
    s->write_timer = evtimer_new(base, sender_on_write_timer, s);
    s->flush_timer = evtimer_new(base, sender_on_flush_timer, s);
    take_times(s, opt);
    if (getrandom(&s->chance, sizeof s->chance, GRND_NONBLOCK) != sizeof s->chance)
        s->chance = (uint64_t)clock_wall_us();
    s->projects = xcalloc(opt->n_projects, sizeof *s->projects);
    s->n_projects = opt->n_projects;
    for (unsigned i = 0; i < opt->n_projects; i++)
        project_init(s, &s->projects[i], &opt->projects[i], &opt->http);
    store_forget_next_tries(store);
    store_projects(store, sender_look_for_orphans, s);
    return s;
}

void sender_free(struct sender *s)
{
    if (!s)
        return;
    http_client_free(s->http);
    for (unsigned i = 0; i < s->n_projects; i++)
        kafka_producer_free(s->projects[i].producer);
    while (s->flights) {
        for (unsigned i = 0; i < s->flights->n; i++)
            store_release(s->store, s->flights->rows[i].id);
        flight_end(s->flights);
    }
    for (unsigned i = 0; i < s->n_projects; i++) {
        free(s->projects[i].name);
        free(s->projects[i].shown);
        if (s->projects[i].target)
            http_client_target_free(s->projects[i].target);
        event_free(s->projects[i].timer);
        client_report_done(&s->projects[i].report);
    }
    free(s->projects);
    event_free(s->write_timer);
    event_free(s->flush_timer);
    free(s);
}

void sender_kick(struct sender *s)
{
    pump_all(s);
}

bool sender_busy(const struct sender *s)
{
    return s->in_flight > 0;
}

bool sender_delivers(const struct sender *s, unsigned project)
{
    const struct project *p = &s->projects[project];
    return !p->failures && item_kind_until(ITEM_EVENT, &p->limits) <= clock_mono_ms();
}

void sender_flush(struct sender *s, int64_t timeout_ms, void (*done)(void *u), void *u)
{
    store_flush(s->store); /* so that the reports have the latest refusals, too */
    s->flushed = done;
    s->flushed_u = u;
    for (unsigned i = 0; i < s->n_projects; i++)
        s->projects[i].report_due_ms = 0;
    arm(s->flush_timer, timeout_ms);
    pump_all(s);
    look_whether_flushed(s);
}

bool sender_post_once(const struct dsn *dsn, const struct http_client_options *opt, const char *event_id,
                      struct slice payload, http_client_answer_f *done, void *u)
{
    struct sbuf body;
    const struct upstream_type *type = upstream_type_of(slice_str(dsn->envelope_url));
    const struct upstream_item item = {event_id, payload};
    bool ok = type->items(ITEM_EVENT, &item, 1, clock_wall_us(), &body);
    if (ok) {
        struct http_client_target *t = type->target(dsn, opt);
        http_client_once(t, &body, done, u);
        http_client_target_free(t);
    }
    sbuf_done(&body);
    return ok;
}
