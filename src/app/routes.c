#include "app/routes.h"

static const char html[] = "text/html; charset=utf-8", json[] = "application/json";

/* A refusal in the form of what was asked for. */
static void refuse(struct http_answer *a, int status, const char *why)
{
    struct json j;
    a->status = status;
    if (a->type != json) {
        a->type = NULL;
        sbuf_addf(&a->body, "%s\n", why);
        return;
    }
    json_start(&j, &a->body);
    json_map(&j);
    json_key(&j, "error");
    json_str(&j, slice_str(why));
    json_map_end(&j);
    json_end(&j);
    sbuf_addc(&a->body, '\n');
}

/* --- who may see it --- */

static bool wants_json(const struct http_request *req)
{
    return slice_starts(req->path, SLICE("/api/"));
}

/* What is not for everyone, to whom may not see it: how to. */
static void answer_closed(struct status *s, const struct http_request *req, struct http_answer *a)
{
    static const char *const why[] = {
        [HTTP_ASK] = "this needs the token of http_token_file: Authorization: Bearer TOKEN",
        [HTTP_WRONG] = "this is not the token of http_token_file",
        [HTTP_TOO_SOON] = "wait a second after a wrong token",
        [HTTP_PROBES] =
            "only /healthz, /readyz and /metrics are served at this address; http_token_file opens the rest"};
    static const int status[] = {[HTTP_ASK] = 401, [HTTP_WRONG] = 401, [HTTP_TOO_SOON] = 429, [HTTP_PROBES] = 403};
    if (wants_json(req) || req->access == HTTP_PROBES) {
        a->type = wants_json(req) ? json : NULL;
        refuse(a, status[req->access], why[req->access]);
        return;
    }
    a->status = status[req->access];
    a->type = html;
    status_page_login(s, req->nonce, req->access == HTTP_ASK ? NULL : why[req->access], &a->body);
}

/* --- the whole --- */

struct listing {
    const struct status *status;
    struct sbuf *out;
    struct json json;
};

static void routes_on_page_row(void *u, const struct store_row *r)
{
    struct listing *l = u;
    status_page_row(l->status, r, l->out);
}

/* What the store has to say for them. */
static void ask_balances(struct status *s, struct store *store)
{
    s->rows_known = store_unnamed_rows(store, &s->unnamed_rows);
    s->open.sent = store_unwritten(store);
    store_counts(store, &s->all_runs);
}

static void routes_answer_page(struct status *s, struct store *store, const struct http_request *req,
                               struct http_answer *a)
{
    struct listing l = {.status = s, .out = &a->body};
    store_totals(store, &s->outbox);
    ask_balances(s, store);
    a->type = html;
    status_page_begin(s, req->nonce, &a->body);
    bool complete = store_newest(store, ROUTES_PAGE_EVENTS, routes_on_page_row, &l);
    status_page_end(complete, &a->body);
}

static void routes_answer_metrics(struct status *s, struct store *store, const struct http_request *req,
                                  struct http_answer *a)
{
    (void)req;
    store_totals(store, &s->outbox);
    store_counts(store, &s->all_runs);
    a->type = "text/plain; version=0.0.4; charset=utf-8";
    status_metrics(s, &a->body);
}

static void routes_answer_ledger(struct status *s, struct store *store, const struct http_request *req,
                                 struct http_answer *a)
{
    (void)req;
    ask_balances(s, store);
    a->type = json;
    status_ledger(s, &a->body);
}

static void routes_answer_rules(struct status *s, struct store *store, const struct http_request *req,
                                struct http_answer *a)
{
    (void)store, (void)req;
    a->type = json;
    status_rules(s, &a->body);
}

static void routes_answer_health(struct status *s, struct store *store, const struct http_request *req,
                                 struct http_answer *a)
{
    (void)store, (void)req;
    if (s->not_healthy)
        refuse(a, 503, s->not_healthy);
    else
        sbuf_adds(&a->body, SLICE("ok\n"));
}

static void routes_answer_ready(struct status *s, struct store *store, const struct http_request *req,
                                struct http_answer *a)
{
    (void)store, (void)req;
    if (s->not_ready)
        refuse(a, 503, s->not_ready);
    else
        sbuf_adds(&a->body, SLICE("ready\n"));
}

/* --- events --- */

static void routes_on_json_row(void *u, const struct store_row *r)
{
    status_event(&((struct listing *)u)->json, r);
}

/* The value of limit=; the usual one without it, 0 when it is wrong. Nothing else is asked of a query. */
static unsigned limit_of(struct slice query)
{
    uint64_t n = ROUTES_PAGE_EVENTS;
    while (query.n) {
        struct slice one = slice_split(&query, '&');
        if (slice_starts(one, SLICE("limit=")) && !slice_u64(slice_from(one, sizeof "limit=" - 1), &n))
            return 0;
    }
    return n > ROUTES_EVENTS_MAX ? ROUTES_EVENTS_MAX : (unsigned)n;
}

static void routes_answer_events(struct status *s, struct store *store, const struct http_request *req,
                                 struct http_answer *a)
{
    struct listing l = {.status = s, .out = &a->body};
    unsigned limit = limit_of(req->query);
    a->type = json;
    if (!limit) {
        refuse(a, 400, "limit must be a number from 1 to 1000");
        return;
    }
    json_start(&l.json, &a->body);
    json_array(&l.json);
    bool complete = store_newest(store, limit, routes_on_json_row, &l);
    json_array_end(&l.json);
    json_end(&l.json);
    sbuf_addc(&a->body, '\n');
    if (!complete) {
        sbuf_reset(&a->body);
        refuse(a, 500, store_error(store));
    }
}

/* 0: none that could be one. */
static int64_t id_of(struct store *store, struct slice text)
{
    char event_id[33];
    uint64_t id;
    if (text.n < 19 && slice_u64(text, &id))
        return (int64_t)id;
    if (text.n != 32)
        return 0;
    for (size_t i = 0; i < 32; i++) {
        if (!ascii_hex(text.p[i]))
            return 0;
        event_id[i] = ascii_lower(text.p[i]);
    }
    event_id[32] = 0;
    return store_find(store, event_id);
}

/* Caller frees; NULL: the answer says why. */
static struct store_row *get_event(struct store *store, struct slice text, struct http_answer *a)
{
    bool damaged = false;
    int64_t id = id_of(store, text);
    struct store_row *r = id ? store_get(store, id, &damaged) : NULL;
    if (!r && damaged)
        refuse(a, 500, "this event is damaged in the store");
    else if (!r)
        refuse(a, 404, "no such event is in the store; one that Sentry has accepted is no longer kept");
    return r;
}

static void answer_event(struct status *s, struct store *store, const struct http_request *req, struct slice id,
                         struct http_answer *a)
{
    struct store_row *r = get_event(store, id, a);
    if (r) {
        a->type = html;
        status_page_event(s, r, req->nonce, &a->body);
    }
    store_row_free(r);
}

static void answer_payload(struct store *store, struct slice id, struct http_answer *a)
{
    a->type = json;
    struct store_row *r = get_event(store, id, a);
    if (r) {
        sbuf_adds(&a->body, r->event.payload.text);
        sbuf_addc(&a->body, '\n');
    }
    store_row_free(r);
}

void routes_answer(struct status *s, struct store *store, const struct http_request *req, struct http_answer *a)
{
    static const struct {
        const char *path;
        bool for_everyone; /* no byte of a log is in it */
        void (*answer)(struct status *s, struct store *store, const struct http_request *req, struct http_answer *a);
    } routes[] = {{"/", false, routes_answer_page},
                  {"/metrics", true, routes_answer_metrics},
                  {"/healthz", true, routes_answer_health},
                  {"/readyz", true, routes_answer_ready},
                  {"/api/ledger", false, routes_answer_ledger},
                  {"/api/events", false, routes_answer_events},
                  {"/api/rules", false, routes_answer_rules}};
    const struct slice page = SLICE("/event/"), payload = SLICE("/api/events/");
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (slice_is(req->path, routes[i].path) && (routes[i].for_everyone || req->access == HTTP_ALL)) {
            routes[i].answer(s, store, req, a);
            return;
        }
    if (req->access != HTTP_ALL) {
        answer_closed(s, req, a);
        return;
    }
    if (slice_starts(req->path, page))
        answer_event(s, store, req, slice_from(req->path, page.n), a);
    else if (slice_starts(req->path, payload))
        answer_payload(store, slice_from(req->path, payload.n), a);
    else
        refuse(a, 404, "there is nothing here; the status page is /");
}
