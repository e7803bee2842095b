#include "app/delivery.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/html_text.h"
#include "app/page_html.h"
#include "app/show.h"
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

static void projects_done(struct projects *all)
{
    for (unsigned i = 0; i < all->n; i++)
        free(all->v[i].name);
    free(all->v);
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
    for (unsigned i = 0; i < all.n; i++)
        put_project(&j, &all.v[i]);
    json_array_end(&j);
    json_map_end(&j);
    json_end(&j);
    sbuf_addc(out, '\n');
    projects_done(&all);
}

/* --- as HTML --- */

enum { ANSWER_MAX = 300 };

static bool takes_none(const struct project *p)
{
    return p->known && p->view.state != SENDER_DELIVERING;
}

/* The server is there, and takes events, but not the last one: it is a dead letter. With 429 it would only wait. */
static bool refused_last(const struct project *p)
{
    return p->known && !takes_none(p) && strncmp(p->view.answer, "HTTP 4", 6) == 0 &&
           strncmp(p->view.answer, "HTTP 429", 8) != 0;
}

static void put_next(const struct project *p, int64_t now_us, struct sbuf *out)
{
    char span[SHOW_SMALL];
    if (takes_none(p) && p->view.next_us > now_us)
        sbuf_addf(out, ", next try in %s", show_span(p->view.next_us - now_us, span));
}

/* As the page's own script says it (health.js). */
static void put_sentence(const struct project *p, int64_t now_us, struct sbuf *out)
{
    uint64_t waiting = p->rows[STORE_STATE_READY];
    if (!p->known && !*p->name) {
        sbuf_adds(out, SLICE("<p>No Sentry is configured. Events stay here, in the store.</p>\n"));
        return;
    }
    sbuf_addf(out, "<p>%s",
              !p->known                        ? "No server is configured for "
              : p->view.state == SENDER_PAUSED ? "Refused by "
              : takes_none(p)                  ? "Not delivering to "
                                               : "Delivering to ");
    html_text(out, *p->name ? slice_str(p->name) : SLICE("Sentry"), ANSWER_MAX);
    if (p->known && p->view.since_us) {
        sbuf_adds(out, SLICE(" since "));
        page_html_age(now_us, p->view.since_us, out);
    }
    if (refused_last(p) || (takes_none(p) && *p->view.answer)) {
        sbuf_adds(out, takes_none(p) ? SLICE(": ") : SLICE("; the last event was refused: "));
        html_text(out, slice_str(p->view.answer), ANSWER_MAX);
    }
    if (waiting)
        sbuf_addf(out, ", %" PRIu64 " %s", waiting, waiting == 1 ? "event waits" : "events wait");
    put_next(p, now_us, out);
    sbuf_adds(out, SLICE(".</p>\n"));
}

void delivery_page(const struct sender *s, struct store *store, int64_t now_us, struct sbuf *out)
{
    struct projects all = {0};
    bool hurt = false, refused = false, known = false;
    gather(s, store, &all);
    for (unsigned i = 0; i < all.n; i++) {
        hurt |= takes_none(&all.v[i]);
        refused |= refused_last(&all.v[i]);
        known |= all.v[i].known;
    }
    static const char *const verdicts[][2] = {
        {"bad", "Not delivering"}, {"warn", "Last event refused"}, {"good", "Delivering"}, {"info", "Kept here"}};
    const char *const *verdict = verdicts[hurt ? 0 : refused ? 1 : known ? 2 : 3];
    sbuf_addf(out, "<section class=\"panel verdict %s\"><h1>%s</h1>\n", verdict[0], verdict[1]);
    for (unsigned i = 0; i < all.n; i++)
        put_sentence(&all.v[i], now_us, out);
    sbuf_adds(out, SLICE("</section>\n"));
    projects_done(&all);
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
