/*
 * routes: which address of the status page says what.
 *
 *   /                 page of the whole         /event/ID       page of one event
 *   /issues           the list                  /issue/KEY      page of one issue
 *   /flow             inputs, ledger, outbox    /rules          numbers of each rule
 *   /api/ledger       counts as JSON            /api/events     newest rows of the outbox, ?limit=N
 *   /api/rules        numbers of each rule      /healthz /readyz  for probes
 *   /api/live         what happens, as it does (live.h)
 *   /api/inputs       state of each input       /api/delivery   whether events leave (delivery.h)
 *   /api/dead         dead letters, ?limit=N&cursor=C; POST /api/dead/ID/retry and /drop, ID may be `all`
 *   /metrics          for Prometheus            /api/events/ID  payload of one event
 *   /api/counters     what each count is        /page/HASH/NAME style and scripts
 *
 * What is not /healthz, /readyz, /metrics or one of the page's files is for those whose access is HTTP_ALL; the others
 * are asked for the token, also where nothing is. ID is the number of a row or an event id. Asks the store, so it
 * belongs to the main thread; `status` makes the texts.
 */
#ifndef APP_ROUTES_H
#define APP_ROUTES_H

#include "app/status.h"
#include "io/http.h"

enum { ROUTES_PAGE_ISSUES = 20, ROUTES_PAGE_EVENTS = 50, ROUTES_EVENTS_MAX = 1000 };

/* s: all but `outbox`, which is asked for where it is needed. */
void routes_answer(struct status *s, struct store *store, const struct http_request *req, struct http_answer *a);

#endif
