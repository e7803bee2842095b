/*
 * routes_issues: /api/issues, /api/issues/KEY and /api/events/ID: what is there to be asked of issues and their events
 * (crumbd(8), STATUS PAGE). Asks the store, so it belongs to the main thread.
 */
#ifndef APP_ROUTES_ISSUES_H
#define APP_ROUTES_ISSUES_H

#include "io/http.h"
#include "io/store.h"

enum { ROUTES_ISSUES_PAGE = 50 };

/* A page of those that a QUERY names: q, sort, limit, cursor. */
void routes_issues_list(struct store *store, const struct http_request *req, int64_t now_us, struct http_answer *a);
/* An issue with the events that are kept. key: any beginning that no other has. */
void routes_issues_one(struct store *store, struct slice key, int64_t now_us, struct http_answer *a);
/* An event, waiting, dead or kept. id: of the event or, in the outbox, its number; "/payload" behind it: as it is sent.
 */
void routes_issues_event(struct store *store, struct slice id, struct http_answer *a);
/* The row of an event in the outbox; caller frees. NULL: the answer says why. */
struct store_row *routes_issues_row(struct store *store, struct slice id, struct http_answer *a);

#endif
