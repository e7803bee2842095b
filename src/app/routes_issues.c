#include "app/routes_issues.h"

#include "app/answer.h"
#include "app/issue_list.h"

static const char gone[] = "no such event is in the store, nor kept of its issue";

void routes_issues_list(struct store *store, const struct http_request *req, int64_t now_us, struct http_answer *a)
{
    struct arena arena = {0};
    struct issue_list l;
    char why[ISSUE_LIST_WHY];
    unsigned limit = answer_limit(req->query, ISSUE_LIST_PAGE, STORE_ISSUES_LIMIT);
    a->type = answer_json;
    if (!limit) {
        answer_refuse(a, 400, "limit must be a number from 1 to 1000");
        return;
    }
    if (!issue_list_read(&l, answer_argument(req->query, "q", &arena), answer_argument(req->query, "sort", &arena),
                         answer_argument(req->query, "cursor", &arena), limit, now_us, why)) {
        answer_refuse(a, 400, why);
    } else if (!issue_list_write(store, &l, &a->body)) {
        sbuf_reset(&a->body);
        answer_refuse(a, 500, store_error(store));
    }
    issue_list_done(&l);
    arena_done(&arena);
}

void routes_issues_one(struct store *store, struct slice beginning, int64_t now_us, struct http_answer *a)
{
    uint64_t key;
    unsigned n = store_issue_find(store, beginning, &key);
    a->type = answer_json;
    if (n > 1)
        answer_refuse(a, 400, "several issues have a key that begins so");
    else if (!n || !issue_list_write_one(store, key, now_us, &a->body))
        answer_refuse(a, 404, "there is no such issue; it may not have been seen for a long time, or had to make room");
}

void routes_issues_event(struct store *store, struct slice id, struct http_answer *a)
{
    const struct slice payload = SLICE("/payload");
    bool damaged, payload_only = slice_ends(id, payload);
    a->type = answer_json;
    bool found = payload_only ? issue_list_write_payload(store, slice_sub(id, 0, id.n - payload.n), &damaged, &a->body)
                              : issue_list_write_event(store, id, &damaged, &a->body);
    if (!found)
        answer_refuse(a, damaged ? 500 : 404, damaged ? "this event is damaged in the store" : gone);
}

struct store_row *routes_issues_row(struct store *store, struct slice id, struct http_answer *a)
{
    bool damaged;
    struct store_row *r = issue_list_row(store, id, &damaged);
    if (!r)
        answer_refuse(a, damaged ? 500 : 404, damaged ? "this event is damaged in the store" : gone);
    return r;
}
