#include "app/live.h"

#include <inttypes.h>
#include <stdlib.h>

#include "app/answer.h"
#include "app/issue_json.h"
#include "app/live_filter.h"
#include "base/table.h"
#include "base/xalloc.h"
#include "io/clock.h"

enum {
    TICK_MS = 100,
    TICKS_A_SECOND = 10,
    REST = 50,            /* what took long to make is made again when so many times as long has passed */
    TEXT_MAX = 256 << 10, /* of one message */
    READER_MAX = 2 * LIVE_WAITING_MAX,
};

struct reader {
    TAILQ_ENTRY(reader) link;
    struct live *live;
    struct http_stream *stream; /* NULL: it was asked for, and has not begun */
    struct live_filter *filter;
    bool lines;
    uint64_t skipped; /* since it was told */
    struct sbuf text; /* what this tick adds */
};

TAILQ_HEAD(reader_list, reader);

struct live {
    struct tap *tap;
    struct live_source source;
    struct http_streamed stream;
    struct event *tick;
    struct reader_list readers;
    unsigned n_lines;      /* readers of lines */
    struct reader *asked;  /* the answer to its request is being made */
    struct table issues;   /* keys that have changed; the values mean nothing */
    uint64_t issues_over;  /* that had no room there */
    uint64_t taps_skipped; /* as of the last tick */
    unsigned ticks;
    struct told {
        const char *event;
        void (*make)(void *u, struct sbuf *out);
        struct sbuf text; /* as it was told last */
        int64_t due_us;   /* it is made again */
    } ledger, delivery;
    char why[ISSUE_QUERY_WHY]; /* the last request was refused */
};

/* --- readers --- */

static void set_tick(struct live *l)
{
    const struct timeval every = {.tv_usec = TICK_MS * 1000};
    bool any = !TAILQ_EMPTY(&l->readers), ticks = event_pending(l->tick, EV_TIMEOUT, NULL) != 0;
    if (any && !ticks)
        event_add(l->tick, &every);
    else if (!any && ticks)
        event_del(l->tick);
    if (any)
        return;
    table_done(&l->issues);
    l->issues_over = 0;
}

static void set_tap(struct live *l)
{
    if (tap_is_open(l->tap) == (l->n_lines > 0))
        return;
    tap_open(l->tap, l->n_lines > 0);
    l->taps_skipped = tap_skipped(l->tap);
}

static void reader_free(struct reader *r)
{
    if (!r)
        return;
    live_filter_free(r->filter);
    sbuf_done(&r->text);
    free(r);
}

static void live_on_gone(void *u)
{
    struct reader *r = u;
    struct live *l = r->live;
    TAILQ_REMOVE(&l->readers, r, link);
    l->n_lines -= r->lines;
    set_tap(l);
    set_tick(l);
    reader_free(r);
}

/* Adds a message to what the reader is sent, or counts it. */
static void tell(struct reader *r, const char *event, struct slice data)
{
    if (!data.n || http_stream_waiting(r->stream) + r->text.n + data.n > LIVE_WAITING_MAX) {
        r->skipped++;
        return;
    }
    sbuf_addf(&r->text, "event: %s\ndata: ", event);
    sbuf_adds(&r->text, data);
    sbuf_adds(&r->text, SLICE("\n\n"));
}

static void send_text(struct reader *r)
{
    char count[64];
    if (r->skipped && http_stream_waiting(r->stream) + r->text.n + sizeof count < LIVE_WAITING_MAX) {
        int n = snprintf(count, sizeof count, "{\"count\":%" PRIu64 "}", r->skipped);
        tell(r, "skipped", slice_of(count, (size_t)n));
        r->skipped = 0;
    }
    if (r->text.n)
        http_stream_send(r->stream, sbuf_slice(&r->text));
    sbuf_done(&r->text); /* it may have grown, and there may be many readers */
    sbuf_init(&r->text, READER_MAX);
}

static struct slice trimmed(const struct sbuf *b)
{
    return slice_trim(sbuf_slice(b));
}

/* --- what it tells --- */

static void tell_all(struct live *l, const char *event, struct slice data)
{
    struct reader *r;
    TAILQ_FOREACH (r, &l->readers, link)
        tell(r, event, data);
}

/* Tells it, if it is not what was told last. */
static void tell_change(struct live *l, struct told *t)
{
    struct sbuf now;
    int64_t began_us = clock_mono_us();
    if (began_us < t->due_us)
        return;
    sbuf_init(&now, TEXT_MAX);
    t->make(l->source.u, &now);
    int64_t made_us = clock_mono_us();
    t->due_us = made_us + REST * (made_us - began_us);
    bool same = now.over || slice_eq(sbuf_slice(&now), sbuf_slice(&t->text));
    sbuf_done(same ? &now : &t->text);
    if (same)
        return;
    t->text = now;
    tell_all(l, t->event, trimmed(&now));
}

/* What it begins with: all that is told when it changes. */
static void *live_on_begin(void *u, struct http_stream *s)
{
    struct live *l = u;
    struct reader *r = l->asked;
    l->asked = NULL;
    r->stream = s;
    tell_change(l, &l->ledger); /* to those who are there */
    tell_change(l, &l->delivery);
    TAILQ_INSERT_TAIL(&l->readers, r, link);
    l->n_lines += r->lines;
    set_tap(l);
    set_tick(l);
    sbuf_adds(&r->text, SLICE("retry: 3000\n\n"));
    tell(r, l->ledger.event, trimmed(&l->ledger.text));
    tell(r, l->delivery.event, trimmed(&l->delivery.text));
    send_text(r);
    return r;
}

static void tell_issue(struct live *l, const struct store_issue *issue, int64_t now_us)
{
    struct reader *r;
    struct sbuf text;
    struct json j;
    sbuf_init(&text, TEXT_MAX);
    json_start(&j, &text);
    issue_json(&j, issue, now_us);
    json_end(&j);
    TAILQ_FOREACH (r, &l->readers, link) {
        if (live_filter_holds_issue(r->filter, issue, now_us))
            tell(r, "issue", trimmed(&text));
    }
    sbuf_done(&text);
}

static void tell_issues(struct live *l)
{
    struct reader *r;
    struct arena a = {0};
    struct store_issue issue;
    int64_t now_us = clock_wall_us();
    table_each (&l->issues, slot) {
        if (l->source.issue(l->source.u, slot->key, now_us, &a, &issue))
            tell_issue(l, &issue, now_us);
        arena_reset(&a);
    }
    arena_done(&a);
    table_done(&l->issues);
    TAILQ_FOREACH (r, &l->readers, link)
        r->skipped += l->issues_over;
    l->issues_over = 0;
}

void live_note_issue(struct live *l, uint64_t key)
{
    if (TAILQ_EMPTY(&l->readers) || !key || table_get(&l->issues, key))
        return;
    if (l->issues.n < LIVE_ISSUES_MAX)
        table_put(&l->issues, key, l);
    else
        l->issues_over++;
}

/* --- lines --- */

static void tell_line(struct live *l, const struct tap_line *line, struct arena *a)
{
    struct reader *r;
    struct live_line shown = {.line = line};
    struct sbuf text;
    sbuf_init(&text, TEXT_MAX);
    for (unsigned i = 0; i < TAP_TEXTS; i++)
        shown.texts[i] = l->source.clean(l->source.u, line->texts[i], a);
    TAILQ_FOREACH (r, &l->readers, link) {
        if (!r->lines || !live_filter_holds_line(r->filter, &shown))
            continue;
        if (!text.n)
            live_line_write(&shown, &text);
        tell(r, "line", sbuf_slice(&text));
    }
    sbuf_done(&text);
}

static void skip_lines(struct live *l, uint64_t n)
{
    struct reader *r;
    TAILQ_FOREACH (r, &l->readers, link)
        r->skipped += r->lines ? n : 0;
}

/* Those that are there; what is more than may be looked at, and had no room in the tap, is skipped. */
static void tell_lines(struct live *l)
{
    struct tap_line line;
    struct arena a = {0};
    uint64_t skipped = tap_skipped(l->tap), n = 0;
    uint64_t left_out = skipped - l->taps_skipped;
    l->taps_skipped = skipped;
    /* As many as the tap can hold: the worker goes on filling it meanwhile, and the rest is for the next tick. */
    while (n < TAP_BYTES / TAP_LINE_MIN && tap_take(l->tap, &line)) {
        if (n++ < LIVE_LINES_MAX || line.fate == COUNT_event)
            tell_line(l, &line, &a);
        else
            left_out++;
        arena_reset(&a);
    }
    arena_done(&a);
    skip_lines(l, left_out);
}

static void live_on_tick(evutil_socket_t fd, short what, void *u)
{
    struct live *l = u;
    struct reader *r;
    (void)fd, (void)what;
    if (l->n_lines)
        tell_lines(l);
    if (++l->ticks % TICKS_A_SECOND == 0) {
        tell_change(l, &l->ledger);
        tell_change(l, &l->delivery);
        tell_issues(l);
    }
    TAILQ_FOREACH (r, &l->readers, link)
        send_text(r);
}

/* --- the request --- */

const char *live_answer(struct live *l, const struct http_request *req, struct http_answer *a)
{
    struct arena arena = {0};
    struct slice lines = answer_argument(req->query, "lines", &arena), q = answer_argument(req->query, "q", &arena);
    bool on = slice_is(lines, "on"), known = on || !lines.p || slice_is(lines, "off");
    struct live_filter *filter = known ? live_filter_new(q, clock_wall_us(), l->why) : NULL;
    arena_done(&arena);
    if (!filter)
        return known ? l->why : "lines must be on or off";
    reader_free(l->asked);
    l->asked = xcalloc(1, sizeof *l->asked);
    *l->asked = (struct reader){.live = l, .filter = filter, .lines = on};
    sbuf_init(&l->asked->text, READER_MAX);
    a->type = "text/event-stream";
    a->stream = &l->stream;
    return NULL;
}

struct live *live_new(struct event_base *base, struct tap *tap, const struct live_source *source)
{
    struct live *l = xcalloc(1, sizeof *l);
    *l = (struct live){.tap = tap,
                       .source = *source,
                       .stream = {.u = l, .begin = live_on_begin, .gone = live_on_gone},
                       .tick = event_new(base, -1, EV_PERSIST, live_on_tick, l),
                       .ledger = {.event = "ledger", .make = source->ledger},
                       .delivery = {.event = "delivery", .make = source->delivery}};
    TAILQ_INIT(&l->readers);
    return l;
}

void live_free(struct live *l)
{
    if (!l)
        return;
    event_free(l->tick);
    reader_free(l->asked);
    table_done(&l->issues);
    sbuf_done(&l->ledger.text);
    sbuf_done(&l->delivery.text);
    free(l);
}
