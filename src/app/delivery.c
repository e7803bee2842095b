#include "app/delivery.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/status.h"
#include "base/log.h"
#include "base/xalloc.h"

struct project {
    char *name;
    bool known; /* a server is */
    struct sender_view view;
    uint64_t rows[STORE_STATE_DEAD + 1];
};

struct projects {
    struct project *v;
    unsigned n;
};

static struct project *project_of(struct projects *all, struct slice name)
{
    for (unsigned i = 0; i < all->n; i++)
        if (slice_is(name, all->v[i].name))
            return &all->v[i];
    all->v = xroom(all->v, all->n, sizeof *all->v);
    all->v[all->n] = (struct project){.name = slice_dup(name)};
    return &all->v[all->n++];
}

static void delivery_on_rows(void *u, struct slice project, enum store_state state, uint64_t rows)
{
    project_of(u, project)->rows[state] = rows;
}

static void gather(const struct sender *s, struct store *store, struct projects *out)
{
    struct sender_view view;
    for (unsigned i = 0; s && i < sender_projects(s); i++) {
        sender_look(s, i, &view);
        struct project *p = project_of(out, view.name);
        p->known = true;
        p->view = view;
    }
    store_count_rows(store, delivery_on_rows, out);
    if (!out->n)
        project_of(out, SLICE(""));
}

/* --- as JSON --- */

static void put_null(struct json *j)
{
    json_raw(j, SLICE("null"));
}

static void put_text(struct json *j, const char *key, const char *v)
{
    json_key(j, key);
    if (v && *v)
        json_str(j, slice_str(v));
    else
        put_null(j);
}

static void put_time(struct json *j, const char *key, int64_t us)
{
    json_key(j, key);
    if (us)
        json_time(j, us);
    else
        put_null(j);
}

static void put_rows(struct json *j, const char *key, uint64_t n)
{
    json_key(j, key);
    json_int(j, (int64_t)n);
}

static void put_project(struct json *j, const struct project *p)
{
    static const char *const states[] = {
        [SENDER_DELIVERING] = "delivering", [SENDER_WAITING] = "waiting", [SENDER_PAUSED] = "paused"};
    json_map(j);
    json_key(j, "project");
    json_str(j, slice_str(p->name));
    put_text(j, "upstream", p->view.upstream);
    json_key(j, "state");
    json_str(j, slice_str(p->known ? states[p->view.state] : "off"));
    put_time(j, "since", p->view.since_us);
    put_time(j, "next", p->view.next_us);
    put_text(j, "answer", p->view.answer);
    put_time(j, "answered", p->view.answered_us);
    put_rows(j, "waiting", p->rows[STORE_STATE_READY]);
    put_rows(j, "open", p->rows[STORE_STATE_OPEN]);
    put_rows(j, "dead", p->rows[STORE_STATE_DEAD]);
    json_map_end(j);
}

void delivery_write(const struct sender *s, struct store *store, struct sbuf *out)
{
    struct projects all = {0};
    struct json j;
    gather(s, store, &all);
    json_start(&j, out);
    json_map(&j);
    json_key(&j, "projects");
    json_array(&j);
    for (unsigned i = 0; i < all.n; i++) {
        put_project(&j, &all.v[i]);
        free(all.v[i].name);
    }
    json_array_end(&j);
    json_map_end(&j);
    json_end(&j);
    sbuf_addc(out, '\n');
    free(all.v);
}

/* --- dead letters --- */

struct letters {
    struct json json;
    unsigned n;
    int64_t last;
};

static void delivery_on_letter(void *u, const struct store_row *r)
{
    struct letters *l = u;
    status_event(&l->json, r);
    l->n++;
    l->last = r->id;
}

bool delivery_dead(struct store *store, int64_t below, unsigned most, struct sbuf *out)
{
    struct letters l = {0};
    char next[24];
    json_start(&l.json, out);
    json_map(&l.json);
    json_key(&l.json, "dead");
    json_array(&l.json);
    bool whole = store_dead_letters(store, below, most, delivery_on_letter, &l);
    json_array_end(&l.json);
    snprintf(next, sizeof next, "%" PRId64, l.last);
    put_text(&l.json, "next", l.n == most ? next : NULL);
    json_map_end(&l.json);
    json_end(&l.json);
    sbuf_addc(out, '\n');
    return whole;
}

int64_t delivery_retry(struct sender *s, struct store *store, int64_t id)
{
    int64_t n = id ? store_requeue(store, id) : store_requeue_dead(store, DELIVERY_CHANGE_MAX);
    if (n > 0)
        log_info("events are sent again, as a request over HTTP asked", log_i("events", n));
    if (n >= 0 && s)
        sender_wake(s);
    return n;
}

int64_t delivery_drop(struct store *store, int64_t id)
{
    int64_t n = id ? store_drop(store, id, true) : store_drop_dead(store, DELIVERY_CHANGE_MAX);
    if (n > 0)
        log_info("dead letters were dropped, as a request over HTTP asked", log_i("events", n));
    return n;
}
