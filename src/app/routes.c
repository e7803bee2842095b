#include "app/routes.h"

#include <inttypes.h>

#include "app/answer.h"
#include "app/delivery.h"
#include "app/issue_list.h"
#include "app/issues_page.h"
#include "app/page_files.h"
#include "app/routes_issues.h"
#include "app/rule_text.h"
#include "io/http_token.h"

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
        a->type = wants_json(req) ? answer_json : NULL;
        answer_refuse(a, status[req->access], why[req->access]);
        return;
    }
    a->status = status[req->access];
    a->type = answer_html;
    status_page_login(s, req->access == HTTP_ASK ? NULL : why[req->access], &a->body);
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
    (void)req;
    store_totals(store, &s->outbox);
    ask_balances(s, store);
    a->type = answer_html;
    status_page_overview(s, store, &a->body);
    issues_page_newest(store, ROUTES_PAGE_ISSUES, s->now_us, &a->body);
    status_page_rest(s, &a->body);
}

static void routes_answer_flow(struct status *s, struct store *store, const struct http_request *req,
                               struct http_answer *a)
{
    (void)req;
    struct listing l = {.status = s, .out = &a->body};
    store_totals(store, &s->outbox);
    ask_balances(s, store);
    a->type = answer_html;
    status_page_flow(s, &a->body);
    bool complete = store_newest(store, ROUTES_PAGE_EVENTS, routes_on_page_row, &l);
    status_page_end(complete, &a->body);
}

static void routes_answer_issues_page(struct status *s, struct store *store, const struct http_request *req,
                                      struct http_answer *a)
{
    issues_page_list(store, req, s->now_us, a);
}

static void routes_answer_rules_page(struct status *s, struct store *store, const struct http_request *req,
                                     struct http_answer *a)
{
    (void)store, (void)req;
    a->type = answer_html;
    status_page_rules(s, &a->body);
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
    a->type = answer_json;
    status_ledger(s, &a->body);
}

static void routes_answer_inputs(struct status *s, struct store *store, const struct http_request *req,
                                 struct http_answer *a)
{
    (void)store, (void)req;
    a->type = answer_json;
    status_inputs(s, &a->body);
}

static void routes_answer_delivery(struct status *s, struct store *store, const struct http_request *req,
                                   struct http_answer *a)
{
    (void)req;
    a->type = answer_json;
    delivery_write(s->sender, store, &a->body);
}

static void routes_answer_live(struct status *s, struct store *store, const struct http_request *req,
                               struct http_answer *a)
{
    (void)store;
    const char *why = live_answer(s->live, req, a);
    if (!why)
        return;
    a->type = answer_json;
    answer_refuse(a, 400, why);
}

static void routes_answer_counters(struct status *s, struct store *store, const struct http_request *req,
                                   struct http_answer *a)
{
    (void)s, (void)store, (void)req;
    a->type = answer_json;
    status_counters(&a->body);
}

static void routes_answer_rules(struct status *s, struct store *store, const struct http_request *req,
                                struct http_answer *a)
{
    char all[8] = "";
    (void)store;
    a->type = answer_json;
    http_form_value(req->query, "all", all, sizeof all);
    status_rules(s, strcmp(all, "on") == 0, &a->body);
}

static void routes_answer_health(struct status *s, struct store *store, const struct http_request *req,
                                 struct http_answer *a)
{
    (void)store, (void)req;
    if (s->not_healthy)
        answer_refuse(a, 503, s->not_healthy);
    else
        sbuf_adds(&a->body, SLICE("ok\n"));
}

static void routes_answer_ready(struct status *s, struct store *store, const struct http_request *req,
                                struct http_answer *a)
{
    (void)store, (void)req;
    if (s->not_ready)
        answer_refuse(a, 503, s->not_ready);
    else
        sbuf_adds(&a->body, SLICE("ready\n"));
}

/* --- events --- */

static void routes_on_json_row(void *u, const struct store_row *r)
{
    status_event(&((struct listing *)u)->json, r);
}

static void routes_answer_events(struct status *s, struct store *store, const struct http_request *req,
                                 struct http_answer *a)
{
    struct listing l = {.status = s, .out = &a->body};
    unsigned limit = answer_limit(req->query, ROUTES_PAGE_EVENTS, ROUTES_EVENTS_MAX);
    a->type = answer_json;
    if (!limit) {
        answer_refuse(a, 400, "limit must be a number from 1 to 1000");
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
        answer_refuse(a, 500, store_error(store));
    }
}

static void routes_answer_dead(struct status *s, struct store *store, const struct http_request *req,
                               struct http_answer *a)
{
    unsigned limit = answer_limit(req->query, ROUTES_PAGE_EVENTS, ROUTES_EVENTS_MAX);
    uint64_t below = answer_number(req->query, "cursor", INT64_MAX);
    (void)s;
    a->type = answer_json;
    if (!limit || !below || below > INT64_MAX) {
        answer_refuse(a, 400, "limit must be a number from 1 to 1000, and cursor what `next` was");
    } else if (!delivery_dead(store, (int64_t)below, limit, &a->body)) {
        sbuf_reset(&a->body);
        answer_refuse(a, 500, store_error(store));
    }
}

static void routes_answer_issues(struct status *s, struct store *store, const struct http_request *req,
                                 struct http_answer *a)
{
    routes_issues_list(store, req, s->now_us, a);
}

static void answer_event(struct status *s, struct store *store, struct slice id, struct http_answer *a)
{
    struct store_row *r = routes_issues_row(store, id, a);
    if (r) {
        a->type = answer_html;
        status_page_event(s, r, &a->body);
    }
    store_row_free(r);
}

static void answer_rule(const struct status *s, struct slice id, struct http_answer *a)
{
    const struct rule *r = rule_set_find(s->rules, id);
    struct sbuf text;
    a->type = answer_json;
    if (!r) {
        answer_refuse(a, 404, "there is no rule of this id");
        return;
    }
    sbuf_init(&text, 2 * RULE_TEXT_SHOWN);
    bool found = rule_text(r, &text);
    status_rule(s, r, found ? sbuf_slice(&text) : SLICE_NONE, &a->body);
    sbuf_done(&text);
}

/* --- what changes something --- */

/* /api/dead/ID/retry and drop; ID may be `all`. False: it is another path. */
static bool change_dead(struct status *s, struct store *store, struct slice path, struct http_answer *a)
{
    struct slice verb = slice_from(path, sizeof "/api/dead/" - 1), id = slice_split(&verb, '/');
    bool retry = slice_is(verb, "retry"), all = slice_is(id, "all");
    int64_t row = all ? 0 : issue_list_number(store, id), n = 0;
    if (!retry && !slice_is(verb, "drop"))
        return false;
    if (all || row)
        n = retry ? delivery_retry(s->sender, store, row) : delivery_drop(store, row);
    if (n < 0)
        answer_refuse(a, 500, store_error(store));
    else if (!all && !n)
        answer_refuse(a, 404, "there is no such dead letter");
    else
        sbuf_addf(&a->body, "{\"changed\":%" PRId64 ",\"more\":%s}\n", n,
                  all && n == DELIVERY_CHANGE_MAX ? "true" : "false");
    return true;
}

static void answer_post(struct status *s, struct store *store, const struct http_request *req, struct http_answer *a)
{
    bool dead = slice_starts(req->path, SLICE("/api/dead/"));
    a->type = wants_json(req) ? answer_json : NULL;
    if (dead && req->access != HTTP_ALL)
        answer_closed(s, req, a);
    else if (dead && !req->deliberate)
        answer_refuse(a, 403,
                      "what changes something needs the header X-Crumbd, from a page of this origin or a script");
    else if (!dead || !change_dead(s, store, req->path, a))
        answer_refuse(a, 405, "only GET and HEAD");
}

static void answer_file(const struct page_file *f, struct http_answer *a)
{
    if (!f) {
        answer_refuse(a, 404, "this is of another version of the page: load it again");
        return;
    }
    a->type = page_files_type(f);
    a->for_ever = true;
    sbuf_adds(&a->body, f->body);
}

void routes_answer(struct status *s, struct store *store, const struct http_request *req, struct http_answer *a)
{
    static const struct {
        const char *path;
        bool for_everyone; /* no byte of a log is in it */
        void (*answer)(struct status *s, struct store *store, const struct http_request *req, struct http_answer *a);
    } routes[] = {{"/", false, routes_answer_page},
                  {"/issues", false, routes_answer_issues_page},
                  {"/flow", false, routes_answer_flow},
                  {"/rules", false, routes_answer_rules_page},
                  {"/metrics", true, routes_answer_metrics},
                  {"/healthz", true, routes_answer_health},
                  {"/readyz", true, routes_answer_ready},
                  {"/api/ledger", false, routes_answer_ledger},
                  {"/api/counters", false, routes_answer_counters},
                  {"/api/events", false, routes_answer_events},
                  {"/api/issues", false, routes_answer_issues},
                  {"/api/inputs", false, routes_answer_inputs},
                  {"/api/delivery", false, routes_answer_delivery},
                  {"/api/dead", false, routes_answer_dead},
                  {"/api/live", false, routes_answer_live},
                  {"/api/rules", false, routes_answer_rules}};
    if (req->post) {
        answer_post(s, store, req, a);
        return;
    }
    const struct slice page = SLICE("/event/"), issue_page = SLICE("/issue/"), event = SLICE("/api/events/"),
                       issue = SLICE("/api/issues/"), rule = SLICE("/api/rules/");
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (slice_is(req->path, routes[i].path) && (routes[i].for_everyone || req->access == HTTP_ALL)) {
            routes[i].answer(s, store, req, a);
            return;
        }
    /* No byte of a log is in them, and the form for the token looks well by them. */
    if (slice_starts(req->path, SLICE(PAGE_FILES_AT)) && req->access != HTTP_PROBES) {
        answer_file(page_files_find(req->path), a);
        return;
    }
    if (req->access != HTTP_ALL) {
        answer_closed(s, req, a);
        return;
    }
    a->type = wants_json(req) ? answer_json : NULL;
    if (slice_starts(req->path, page))
        answer_event(s, store, slice_from(req->path, page.n), a);
    else if (slice_starts(req->path, issue_page))
        issues_page_one(store, slice_from(req->path, issue_page.n), s->now_us, a);
    else if (slice_starts(req->path, event))
        routes_issues_event(store, slice_from(req->path, event.n), a);
    else if (slice_starts(req->path, issue))
        routes_issues_one(store, slice_from(req->path, issue.n), s->now_us, a);
    else if (slice_starts(req->path, rule))
        answer_rule(s, slice_from(req->path, rule.n), a);
    else
        answer_refuse(a, 404, "there is nothing here; the status page is /");
}
