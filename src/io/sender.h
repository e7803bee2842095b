/*
 * sender: takes due rows from the store, posts them, and writes back what became of them.
 *
 * What is sent and how many rows in one request says item_kind, how many requests of a project at a time its window
 * (send_window.h); only one while the project fails, as a probe, after a delay that grows from a second to five minutes
 * and is spread by chance.
 * A refused key or path pauses the project (five minutes, growing); rate limits are waited for. An event is sent,
 * waits, is a dead letter with its reason, or is given up after 30 days in which its project took none. What an answer
 * means, and what a request looks like, is decided by the upstream's type; how requests travel is the business of
 * http_client.
 *
 * Memory: one compressed envelope per request on its way, 8 MiB of them, but one for each project. Main thread, on the
 * loop it is given; SIGPIPE becomes ignored.
 */
#ifndef IO_SENDER_H
#define IO_SENDER_H

#include "base/count.h"
#include "io/dsn.h"
#include "io/http_client.h"
#include "io/store.h"

struct sender_project {
    struct slice name; /* in sentry.projects; empty is the default one */
    const struct dsn *dsn;
    const struct kafka_options *kafka; /* where dsn is of a topic of Kafka (dsn_of_topic); else NULL */
};

struct sender_options {
    const struct sender_project *projects;
    unsigned n_projects;
    struct http_client_options http;
    const struct item_traits *kinds; /* of ITEM_KINDS rows; NULL: item_traits */
    struct counts *counts;           /* sent, retries and dead are added here as they happen; NULL: nowhere */
    /* 0: the usual ones. */
    int64_t retry_first_ms, retry_most_ms; /* 1 s, 5 min */
    int64_t pause_first_ms, pause_most_ms; /* 5 min, 30 min */
    int64_t expire_after_us;               /* 30 days */
    int64_t keep_ms;                       /* 60 s: connections are closed when nothing was sent for so long */
};

struct sender;

/* Copies what it needs of the options; `counts` and the store must outlive it. Starts with the first turn of the loop.
 */
struct sender *sender_new(struct event_base *base, struct store *store, const struct sender_options *opt);
/* Requests on their way are dropped; their events stay in the store. NULL is allowed. */
void sender_free(struct sender *s);
/* Says that there are new rows. It is cheap; it may be called after every commit. */
void sender_kick(struct sender *s);
/* Whether requests are on their way. */
bool sender_busy(const struct sender *s);
/* Whether the server of a project (its place in the options) takes events, as far as is known. */
bool sender_delivers(const struct sender *s, unsigned project);
enum sender_state {
    SENDER_DELIVERING, /* it takes events, as far as is known */
    SENDER_WAITING,    /* for another try, or the end of a rate limit */
    SENDER_PAUSED,     /* it takes nothing until a person mends something: a key, a path */
};

/* What is known of a project's server. Times are of the wall clock, 0: none. */
struct sender_view {
    struct slice name;
    const char *upstream; /* its DSN without the key */
    enum sender_state state;
    int64_t since_us;    /* it is in this state; 0 also: nothing has been sent yet */
    int64_t next_us;     /* it is tried again */
    int64_t answered_us; /* it answered last, or could not be reached */
    const char *answer;  /* that, in words; "" for none */
};

unsigned sender_projects(const struct sender *s);
/* Valid until the loop turns. */
void sender_look(const struct sender *s, unsigned project, struct sender_view *out);
/* Tries now what waits for another try or is paused; what the server asked for, a rate limit, stays. */
void sender_wake(struct sender *s);
/*
 * For the exit: calls `done` from the loop, once, as soon as nothing that can be sent now is left, at the latest after
 * timeout_ms. What waits for a retry, a pause or a limit is not waited for. `done` may free the sender.
 */
void sender_flush(struct sender *s, int64_t timeout_ms, void (*done)(void *u), void *u);

/* One event to one project, now, without a store or a loop; `done` is called before it returns. False: it does not fit.
 */
bool sender_post_once(const struct dsn *dsn, const struct http_client_options *opt, const char *event_id,
                      struct slice payload, http_client_answer_f *done, void *u);

#endif
