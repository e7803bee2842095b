/*
 * notifier: sends what `notify` tells people, beside everything else: connections, queue, bound and retries of its own,
 * so that a receiver which is slow or gone holds up nothing but itself.
 *
 * A target sends one request at a time. One that is not answered with a 2xx, but may be later (no answer, 408, 425,
 * 429, 5xx), is sent again after a delay that grows from a second to five minutes, NOTIFIER_TRIES times at most; one
 * that is refused is not. Bounds: NOTIFIER_QUEUE requests of a target wait, `per_hour` pass in an hour. What is held
 * back, given up or refused is counted. In memory alone: what waits at the end is lost, and counted. Main thread, on
 * the loop it is given.
 */
#ifndef IO_NOTIFIER_H
#define IO_NOTIFIER_H

#include "base/count.h"
#include "io/http_client.h"

enum { NOTIFIER_QUEUE = 64, NOTIFIER_TRIES = 12, NOTIFIER_HEADERS = 32 };

/* What is sent, written out. */
struct notifier_request {
    char *url;                           /* allocated, as the headers are */
    char *headers[NOTIFIER_HEADERS + 1]; /* lines; NULL ends them */
    struct sbuf body;
};

void notifier_request_done(struct notifier_request *r);

struct notifier_target {
    const char *shown; /* without secrets, for the log; as the others it must outlive the notifier */
    unsigned per_hour;
    struct http_client_options http;
};

struct notifier_options {
    const struct notifier_target *targets; /* copied */
    unsigned n_targets;
    struct counts *counts;                 /* notified, notifications_held and notifications_lost are added here */
    int64_t retry_first_ms, retry_most_ms; /* 0: the usual ones, 1 s and 5 min */
};

struct notifier;

struct notifier *notifier_new(struct event_base *base, const struct notifier_options *opt);
/* What waits, or is on its way, is counted as lost. NULL is allowed. */
void notifier_free(struct notifier *n);
/* Whether the target may have one more now; if not, that is counted. *held: how many were held back since the last one
   that passed. */
bool notifier_admit(struct notifier *n, unsigned target, int64_t now_ms, uint64_t *held);
/* Takes the request over, which was admitted. */
void notifier_send(struct notifier *n, unsigned target, struct notifier_request *r);
/* How many wait or are on their way. */
unsigned notifier_waiting(const struct notifier *n);
/* For the exit: calls `done` from the loop, once, as soon as none waits, at the latest after timeout_ms. */
void notifier_flush(struct notifier *n, int64_t timeout_ms, void (*done)(void *u), void *u);
/* Does the same as notifier_send at once, once, without a loop; `done` is called before it returns. */
void notifier_once(const struct notifier_target *target, struct notifier_request *r, http_client_answer_f *done,
                   void *u);

#endif
