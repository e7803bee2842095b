#include "app/notifications.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/scrub.h"
#include "io/clock.h"
#include "io/notifier.h"

enum { LOSSES_EVERY_MS = 300 * 1000, URL_BYTES_MAX = 16 << 10, HEADER_BYTES_MAX = 32 << 10, TEXT_MAX = 4096 };

static const enum count own_counts[] = {COUNT_notified, COUNT_notifications_held, COUNT_notifications_lost};
enum { OWN_COUNTS = sizeof own_counts / sizeof *own_counts };

struct notifications {
    struct event_base *base;
    struct settings *of;       /* held: what the targets are made of */
    struct settings *now;      /* held: what texts are scrubbed by */
    struct notifier *notifier; /* NULL: nobody is to be told */
    char **shown;
    unsigned n;
    struct counts counts, stored; /* own counts of this run; those that the store has */
    struct counts told;           /* losses that were told, or were there before anybody was to be told */
    int64_t losses_due_ms;        /* 0: none were told yet */
};

/* --- requests --- */

static bool is_content_type(struct slice name)
{
    return slice_ieq(name, SLICE("Content-Type"));
}

static struct slice content_type(const struct settings_notify *o)
{
    for (unsigned i = 0; i < o->n_headers; i++)
        if (is_content_type(o->headers[i].name))
            return o->headers[i].value;
    return SLICE("application/json");
}

static char *filled(struct slice text, const struct notification *n, const struct notification_secret *secrets,
                    unsigned n_secrets, enum notification_notation notation, size_t most_bytes)
{
    struct sbuf out;
    sbuf_init(&out, most_bytes);
    notification_fill(text, n, secrets, n_secrets, notation, &out);
    char *copy = out.over ? NULL : xstrdup(sbuf_cstr(&out));
    sbuf_done(&out);
    return copy;
}

/* A header that does not fit is left out. */
static void add_header(struct notifier_request *r, struct slice name, char *value)
{
    unsigned i = 0;
    while (r->headers[i])
        i++;
    if (value && i < NOTIFIER_HEADERS)
        r->headers[i] = xasprintf("%.*s: %s", SLICE_ARG(name), value);
    free(value);
}

static void add_headers(const struct settings_notify *o, const struct notification *n,
                        const struct notification_secret *secrets, struct notifier_request *r)
{
    bool typed = false;
    for (unsigned i = 0; i < o->n_headers; i++) {
        const struct key_pair *h = &o->headers[i];
        typed |= is_content_type(h->name);
        add_header(r, h->name, filled(h->value, n, secrets, o->n_secrets, NOTIFICATION_LINE, HEADER_BYTES_MAX));
    }
    if (!typed && o->method != METHOD_GET)
        add_header(r, SLICE("Content-Type"), xstrdup("application/json"));
}

/* False: it does not fit. */
static bool request_make(const struct settings_notify *o, const struct notification *n, struct notifier_request *r)
{
    struct notification_secret *secrets = xcalloc(o->n_secrets, sizeof *secrets);
    for (unsigned i = 0; i < o->n_secrets; i++)
        secrets[i] = (struct notification_secret){o->secrets[i].name, slice_str(o->secrets[i].value)};
    *r = (struct notifier_request){
        .url = filled(slice_str(o->url), n, secrets, o->n_secrets, NOTIFICATION_URL, URL_BYTES_MAX)};
    add_headers(o, n, secrets, r);
    sbuf_init(&r->body, NOTIFICATION_BYTES_MAX);
    if (o->method != METHOD_GET)
        notification_fill(slice_str(o->body), n, secrets, o->n_secrets, notification_notation_of(content_type(o)),
                          &r->body);
    free(secrets);
    return r->url && !r->body.over;
}

char *notifications_shown(const struct settings_notify *o)
{
    struct slice url = slice_str(o->url), rest = url;
    ptrdiff_t scheme = slice_find(url, SLICE("://"));
    slice_skip(&rest, scheme < 0 ? 0 : (size_t)scheme + 3);
    struct slice authority = slice_split(&rest, '/');
    ptrdiff_t at = slice_rfind(authority, SLICE("@"));
    slice_skip(&authority, at < 0 ? 0 : (size_t)at + 1);
    return scheme < 0 ? xstrdup("a secret address") : xasprintf("%.*s", SLICE_ARG(authority));
}

static struct notifier_target target_of(const struct settings_notify *o, const char *shown)
{
    static const char *const methods[] = {[METHOD_POST] = NULL, [METHOD_PUT] = "PUT", [METHOD_GET] = "GET"};
    return (struct notifier_target){.shown = shown,
                                    .per_hour = o->per_hour,
                                    .http = {.ca_file = o->ca_file, .proxy = o->proxy, .method = methods[o->method]}};
}

/* --- notifications --- */

static void make_id(struct notification *n)
{
    uint8_t random[16] = {0};
    if (getrandom(random, sizeof random, 0) < 0)
        memcpy(random, &n->time_us, sizeof n->time_us);
    event_make_id(n->id, random, (uint64_t)n->time_us, 0, 0);
}

/* What is the same in all of this host. */
static struct notification about_host(const struct settings *s, enum notification_kind kind, struct scrub *scrub,
                                      struct arena *a)
{
    struct notification n = {.kind = kind,
                             .time_us = clock_wall_us(),
                             .event_id = "",
                             .host = scrub_clean(scrub, s->options.server_name, a),
                             .environment = scrub_clean(scrub, s->options.environment, a)};
    make_id(&n);
    return n;
}

static bool wants(const struct settings_notify *o, enum notification_kind kind)
{
    for (unsigned i = 0; i < o->n_on; i++)
        if (o->on[i] == kind)
            return true;
    return !o->n_on;
}

static bool anyone_wants(const struct notifications *n, enum notification_kind kind)
{
    for (unsigned i = 0; i < n->n; i++)
        if (wants(&n->of->notify[i], kind))
            return true;
    return false;
}

static void tell(struct notifications *n, struct notification *what)
{
    for (unsigned i = 0; i < n->n; i++) {
        struct notifier_request r;
        if (!wants(&n->of->notify[i], what->kind) || !notifier_admit(n->notifier, i, clock_mono_ms(), &what->held))
            continue;
        if (request_make(&n->of->notify[i], what, &r)) {
            notifier_send(n->notifier, i, &r);
            continue;
        }
        n->counts.v[COUNT_notifications_lost]++;
        notifier_request_done(&r);
    }
}

static void tell_event(struct notifications *n, const struct store_event *e)
{
    struct arena a = {0};
    struct scrub *scrub = scrub_new(&n->now->options);
    enum notification_kind kind = e->news == ISSUE_NEW ? NOTIFICATION_NEW_ISSUE : NOTIFICATION_REGRESSION;
    struct notification what = about_host(n->now, kind, scrub, &a);
    what.issue = e->issue;
    what.event_id = e->event_id;
    what.title = e->title;
    what.level = scrub_clean(scrub, e->level, &a);
    what.project = scrub_clean(scrub, e->project, &a);
    what.input = scrub_clean(scrub, e->input, &a);
    tell(n, &what);
    scrub_free(scrub);
    arena_done(&a);
}

/* An event that waits for its lines is told when they have come. */
void notifications_events(struct notifications *n, const struct checkpoint *c)
{
    for (unsigned i = 0; n->n && i < c->n_events; i++)
        if (c->events[i].news != ISSUE_KNOWN && !c->events[i].open)
            tell_event(n, &c->events[i]);
}

void notifications_trouble(struct notifications *n, enum notification_kind kind, struct slice about)
{
    if (!anyone_wants(n, kind))
        return;
    struct arena a = {0};
    struct scrub *scrub = scrub_new(&n->now->options);
    struct notification what = about_host(n->now, kind, scrub, &a);
    what.about = scrub_clean(scrub, about, &a);
    if (kind == NOTIFICATION_SOURCE_SILENT)
        what.input = what.about;
    else if (kind == NOTIFICATION_UPSTREAM_DOWN)
        what.project = what.about;
    tell(n, &what);
    scrub_free(scrub);
    arena_done(&a);
}

/* --- losses --- */

/* That of a notification is no reason for another one. */
static bool is_loss(unsigned i)
{
    return count_rows[i].kind == COUNT_LOSS && i != COUNT_notifications_lost;
}

/* "dead 3, unread 12"; nothing when nothing is new. */
static void new_losses(const struct notifications *n, const struct counts *counts, struct sbuf *out)
{
    for (unsigned i = 0; i < COUNT_N; i++)
        if (is_loss(i) && counts->v[i] > n->told.v[i])
            sbuf_addf(out, "%s%s %" PRIu64, out->n ? ", " : "", count_rows[i].name, counts->v[i] - n->told.v[i]);
}

void notifications_losses(struct notifications *n, const struct counts *counts, int64_t now_ms)
{
    struct sbuf text;
    if (!n->n || (n->losses_due_ms && now_ms < n->losses_due_ms))
        return;
    sbuf_init(&text, TEXT_MAX);
    new_losses(n, counts, &text);
    if (text.n) {
        notifications_trouble(n, NOTIFICATION_LOSSES, sbuf_slice(&text));
        n->told = *counts;
        n->losses_due_ms = now_ms + LOSSES_EVERY_MS;
    }
    sbuf_done(&text);
}

/* --- who is told --- */

static bool same_secrets(const struct settings_notify *a, const struct settings_notify *b)
{
    for (unsigned i = 0; i < a->n_secrets; i++)
        if (strcmp(a->secrets[i].value, b->secrets[i].value) != 0)
            return false;
    return true;
}

static const struct conf_node *node_of(const struct settings *s)
{
    return s && s->file ? conf_get(s->file->root, "notify") : NULL;
}

/* Where both say the same, so do their numbers of entries and of secrets. */
static bool same(const struct settings *a, const struct settings *b)
{
    bool equal = a && a->n_notify == b->n_notify && conf_equal(node_of(a), node_of(b));
    for (unsigned i = 0; equal && i < a->n_notify; i++)
        equal = same_secrets(&a->notify[i], &b->notify[i]);
    return equal;
}

static void close_all(struct notifications *n)
{
    unsigned waiting = notifier_waiting(n->notifier);
    if (waiting)
        log_warn("notifications that waited are given up", log_i("notifications", waiting));
    notifier_free(n->notifier);
    n->notifier = NULL;
    for (unsigned i = 0; i < n->n; i++)
        free(n->shown[i]);
    free(n->shown);
    n->shown = NULL;
    n->n = 0;
}

static void open_all(struct notifications *n, const struct settings *s)
{
    struct notifier_target *targets = xcalloc(s->n_notify, sizeof *targets);
    n->shown = xcalloc(s->n_notify, sizeof *n->shown);
    n->n = s->n_notify;
    for (unsigned i = 0; i < n->n; i++) {
        n->shown[i] = notifications_shown(&s->notify[i]);
        targets[i] = target_of(&s->notify[i], n->shown[i]);
    }
    const struct notifier_options options = {.targets = targets, .n_targets = n->n, .counts = &n->counts};
    n->notifier = notifier_new(n->base, &options);
    free(targets);
}

/* The notifier's targets point into the settings they were made of, and so these are kept while they are the same. */
void notifications_use(struct notifications *n, struct settings *s)
{
    settings_ref(s);
    settings_unref(n->now);
    n->now = s;
    if (same(n->of, s))
        return;
    close_all(n);
    settings_unref(n->of);
    n->of = settings_ref(s);
    if (s->n_notify)
        open_all(n, s);
}

struct notifications *notifications_new(struct event_base *base)
{
    struct notifications *n = xcalloc(1, sizeof *n);
    n->base = base;
    return n;
}

bool notifications_flush(struct notifications *n, int64_t timeout_ms, void (*done)(void *u), void *u)
{
    if (!notifier_waiting(n->notifier))
        return false;
    notifier_flush(n->notifier, timeout_ms, done, u);
    return true;
}

void notifications_give_up(struct notifications *n)
{
    close_all(n);
}

void notifications_free(struct notifications *n)
{
    if (!n)
        return;
    close_all(n);
    settings_unref(n->of);
    settings_unref(n->now);
    free(n);
}

/* --- counts --- */

void notifications_take_counted(const struct notifications *n, struct counts *out)
{
    for (unsigned i = 0; i < OWN_COUNTS; i++)
        out->v[own_counts[i]] = n->counts.v[own_counts[i]];
}

bool notifications_unstored(const struct notifications *n, struct counts *out)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < OWN_COUNTS; i++)
        all += out->v[own_counts[i]] = n->counts.v[own_counts[i]] - n->stored.v[own_counts[i]];
    return all > 0;
}

void notifications_stored(struct notifications *n, const struct counts *out)
{
    for (unsigned i = 0; i < OWN_COUNTS; i++)
        n->stored.v[own_counts[i]] += out->v[own_counts[i]];
}

/* --- crumbd test --- */

void notifications_test(const struct settings *s, unsigned entry, http_client_answer_f *done, void *u)
{
    const struct settings_notify *o = &s->notify[entry];
    struct arena a = {0};
    struct scrub *scrub = scrub_new(&s->options);
    struct notification what = about_host(s, NOTIFICATION_TEST, scrub, &a);
    struct notifier_target target = target_of(o, "");
    struct notifier_request r;
    bool fits = request_make(o, &what, &r);
    if (fits)
        notifier_once(&target, &r, done, u);
    else
        done(u, &(struct http_client_answer){.error = "the request would be too large"});
    notifier_request_done(&r);
    scrub_free(scrub);
    arena_done(&a);
}
