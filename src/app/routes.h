/*
 * routes: which address of the status page says what.
 *
 *   /                 page of the whole         /event/ID       page of one event
 *   /api/ledger       counts as JSON            /api/events     newest rows of the outbox, ?limit=N
 *   /api/rules        numbers of each rule      /healthz /readyz  for probes
 *   /metrics          for Prometheus            /api/events/ID  payload of one event
 *
 * What is not /healthz, /readyz or /metrics is for those whose access is HTTP_ALL; the others are asked for the
 * token, also where nothing is. ID is the number of a row or an event id. Asks the store, so it belongs to the main
 * thread; `status` makes the texts.
 */
#ifndef APP_ROUTES_H
#define APP_ROUTES_H

#include "app/status.h"
#include "io/http.h"

enum { ROUTES_PAGE_EVENTS = 50, ROUTES_EVENTS_MAX = 1000 };

/* s: all but `outbox`, which is asked for where it is needed. */
void routes_answer(struct status *s, struct store *store, const struct http_request *req, struct http_answer *a);

#endif
