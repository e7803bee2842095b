/*
 * issues_page: issues as HTML, with what src/page goes on with where there is JavaScript, and to be read where there is
 * none: the list, and an issue with one of its events. Asks the store, so it belongs to the main thread.
 */
#ifndef APP_ISSUES_PAGE_H
#define APP_ISSUES_PAGE_H

#include "io/http.h"
#include "io/store.h"

/* The page /issues: q, sort and cursor as /api/issues takes them. */
void issues_page_list(struct store *store, const struct http_request *req, int64_t now_us, struct http_answer *a);
/* The page /issue/KEY and /issue/KEY/EVENT_ID. path: behind /issue/. */
void issues_page_one(struct store *store, struct slice path, int64_t now_us, struct http_answer *a);
/* The newest issues, at most so many, as a part of another page. */
void issues_page_newest(struct store *store, unsigned most, int64_t now_us, struct sbuf *out);

#endif
