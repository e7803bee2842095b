#include "core/pending.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/access_join.h"
#include "parsers/record_keep.h"

static struct slice keep(struct arena *a, struct slice s)
{
    return s.p ? arena_dup(a, s) : s;
}

static void keep_texts(struct arena *a, struct event_texts *s, const struct event_texts *from)
{
    *s = *from;
    struct slice *params = arena_alloc(a, (s->n_params + 1) * sizeof *params);
    for (unsigned i = 0; i < s->n_params; i++)
        params[i] = keep(a, s->params[i]);
    s->params = params;
    struct slice *const texts[] = {&s->rule,        &s->type,    &s->value,    &s->template,    &s->formatted,
                                   &s->title,       &s->kind,    &s->logger,   &s->transaction, &s->release,
                                   &s->environment, &s->dist,    &s->method,   &s->url,         &s->query_string,
                                   &s->user_agent,  &s->user_id, &s->username, &s->email,       &s->user_ip};
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep(a, *texts[i]);
}

/* Copies the verdict, which may outlive its rule. */
static void keep_verdict(struct arena *a, struct verdict *v, const struct verdict *from)
{
    *v = *from;
    v->tags = arena_alloc(a, (v->n_tags + 1) * sizeof *v->tags);
    for (unsigned i = 0; i < v->n_tags; i++)
        v->tags[i] = (struct tag){keep(a, from->tags[i].key), keep(a, from->tags[i].value)};
    v->fingerprint = arena_alloc(a, (v->n_fingerprint + 1) * sizeof *v->fingerprint);
    for (unsigned i = 0; i < v->n_fingerprint; i++)
        v->fingerprint[i] = keep(a, from->fingerprint[i]);
    v->project = keep(a, v->project);
    v->rule = NULL;
    v->by = NULL;
    v->ends = NULL;
    v->fold = NULL; /* the texts of the verdict have what the event needs of the fold */
}

struct pending *pending_new(const struct record *r, const struct verdict *verdict, unsigned cap_crumbs)
{
    struct pending *w = xcalloc(1, sizeof *w);
    w->record = record_keep(&w->arena, r);
    keep_verdict(&w->arena, &w->verdict, verdict);
    keep_texts(&w->arena, &w->texts, verdict->texts);
    w->verdict.texts = &w->texts;
    w->cap_crumbs = cap_crumbs;
    w->crumbs = arena_alloc(&w->arena, (cap_crumbs + 1) * sizeof *w->crumbs);
    w->src.record = w->record;
    w->src.verdict = &w->verdict;
    return w;
}

void pending_list_init(struct pending_list *l)
{
    *l = (struct pending_list){.n = 0};
    TAILQ_INIT(&l->by_age);
}

void pending_list_done(struct pending_list *l)
{
    for (struct pending *w; (w = pending_oldest(l));) {
        pending_take(l, w);
        pending_free(w);
    }
    table_done(&l->by_key);
}

void pending_free(struct pending *w)
{
    arena_done(&w->arena);
    free(w);
}

static void link_key(struct pending_list *l, struct pending *w, unsigned i, uint64_t key)
{
    if (!key)
        return;
    struct pending_link *first = table_get(&l->by_key, key);
    w->links[i] = (struct pending_link){.w = w, .next = first, .key = key};
    if (first)
        first->back = &w->links[i].next;
    table_put(&l->by_key, key, &w->links[i]);
}

/* Adds what the event's arena has grown by to the list's bytes. */
static void account(struct pending_list *l, struct pending *w)
{
    l->bytes += w->arena.total_bytes - w->accounted;
    w->accounted = w->arena.total_bytes;
}

void pending_add(struct pending_list *l, struct pending *w)
{
    bool own = w->keys.conn || w->keys.request || w->keys.weak;
    link_key(l, w, 0, w->keys.conn);
    link_key(l, w, 1, w->keys.request);
    link_key(l, w, 2, w->keys.weak);
    link_key(l, w, 3, own ? 0 : w->keys.ring);
    link_key(l, w, 4, w->keys.client);
    TAILQ_INSERT_TAIL(&l->by_age, w, by_age);
    l->n++;
    account(l, w);
}

static void unlink_key(struct pending_list *l, struct pending_link *k)
{
    if (!k->key)
        return;
    if (k->next)
        k->next->back = k->back;
    if (k->back)
        *k->back = k->next;
    else if (k->next)
        table_put(&l->by_key, k->key, k->next);
    else
        table_del(&l->by_key, k->key);
}

void pending_take(struct pending_list *l, struct pending *w)
{
    for (unsigned i = 0; i < PENDING_KEYS; i++)
        unlink_key(l, &w->links[i]);
    TAILQ_REMOVE(&l->by_age, w, by_age);
    assert(l->n > 0);
    l->n--;
    assert(l->bytes >= w->accounted);
    l->bytes -= w->accounted;
    w->accounted = 0;
}

/* Lines that come after an event have numbers behind those of all before it. */
static const uint64_t SEQ_AFTER = UINT64_C(1) << 63;

/* How the line is related to the event. The client alone says nothing that access_join_line has not found. */
static struct breadcrumb relation(const struct correlation *mine, const struct correlation *its, bool joined)
{
    bool connection = mine->conn && mine->conn == its->conn, two_connections = mine->conn && its->conn && !connection;
    bool request = mine->request && mine->request == its->request;
    bool weak = mine->weak && mine->weak == its->weak && !two_connections;
    return (struct breadcrumb){
        .connection = connection, .request = request || weak || joined, .weak = weak && !request && !connection};
}

static void take_line(struct pending *w, struct breadcrumb c, const struct pending_line *in)
{
    const struct breadcrumbs_line *line = in->line;
    if (w->after >= in->opt->crumbs.after || w->n_crumbs >= w->cap_crumbs)
        return;
    /* The line was read right after the event, out of a backlog, but was written long after it. */
    if (line->time_us > event_time(w->record, w->src.received_us) + in->opt->crumbs.wait_us + BREADCRUMBS_CLOCKS_US)
        return;
    c.time_us = line->time_us;
    c.seq = SEQ_AFTER + in->number;
    c.format = line->format;
    c.level = line->level;
    c.partial = line->partial;
    c.by_file = line->by_file;
    c.app = arena_dup(&w->arena, slice_sub(line->app, 0, BREADCRUMBS_APP_MAX));
    c.text = arena_dup(&w->arena, slice_sub(line->text, 0, BREADCRUMBS_TEXT_MAX));
    w->crumbs[w->n_crumbs++] = c;
    w->src.crumbs_seen++;
    w->after++;
    if (line->file && line->file == (uint32_t)w->file_key && in->end > w->reached)
        w->reached = in->end;
}

static void give_line(struct pending_list *l, struct pending *w, const struct correlation *k,
                      const struct pending_line *in)
{
    if (w->touched == in->number)
        return;
    w->touched = in->number;
    bool joined = access_join_line(w, in->record, in->line->time_us);
    struct breadcrumb c = relation(&w->keys, k, joined);
    bool has_own = w->keys.conn || w->keys.request || w->keys.weak;
    if (breadcrumb_is_related(&c) || (!has_own && k->ring == w->keys.ring)) /* else it is of another request */
        take_line(w, c, in);
    account(l, w);
}

void pending_give_line(struct pending_list *l, const struct correlation *k, const struct pending_line *in)
{
    const uint64_t keys[] = {k->conn, k->request, k->weak, k->ring, k->client};
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct pending_link *link = keys[i] ? table_get(&l->by_key, keys[i]) : NULL;
        for (struct pending_link *next; link; link = next) {
            next = link->next;
            if (link->w->keys.domain == k->domain)
                give_line(l, link->w, k, in);
        }
    }
}
