/*
 * live: what happens, told as it happens to whoever reads /api/live (server-sent events, HTML standard 9.2).
 *
 *   issue     an issue that has changed, as /api/issues gives it      ledger    the counts, when they have changed
 *   delivery  what /api/delivery answers, when it has changed         line      a line and what became of it (lines=on)
 *   skipped   so many of these were left out since the last word of it
 *
 * All but lines at most once a second. A reader takes what it can: with LIVE_WAITING_MAX bytes waiting for it, what
 * comes is skipped and counted. Of lines at most LIVE_LINES_MAX a tenth of a second are looked at, and those that
 * became events, so that neither a busy log nor many readers cost more than that. Nothing is made while nobody reads.
 * Main thread.
 */
#ifndef APP_LIVE_H
#define APP_LIVE_H

#include <event2/event.h>

#include "core/issue_query.h"
#include "core/scrubbed.h"
#include "io/http.h"
#include "io/store_issues.h"
#include "io/tap.h"

enum { LIVE_WAITING_MAX = 64 << 10, LIVE_LINES_MAX = 400, LIVE_ISSUES_MAX = 256 };

struct live;

/* What it asks for what it tells. */
struct live_source {
    void *u;
    /* One line of JSON each. */
    void (*ledger)(void *u, struct sbuf *out);
    void (*delivery)(void *u, struct sbuf *out);
    /* The issue, its texts in the arena. False: it is not there any more. */
    bool (*issue)(void *u, uint64_t key, int64_t now_us, struct arena *a, struct store_issue *out);
    /* The text as people may see it. */
    struct scrubbed (*clean)(void *u, struct slice text, struct arena *a);
};

/* tap: outlives it. */
struct live *live_new(struct event_base *base, struct tap *tap, const struct live_source *source);
/* After the servers whose streams it feeds. NULL is allowed. */
void live_free(struct live *l);
/* Answers a request for /api/live. Returns why it cannot, valid until the next call; NULL: it does. */
const char *live_answer(struct live *l, const struct http_request *req, struct http_answer *a);
/* This issue has occurred, as was stored. 0: it is none. */
void live_note_issue(struct live *l, uint64_t key);

#endif
