/*
 * shared_limits: where members of one flood control count (limits.shared): a Redis, asked by two scripts, each of which
 * is one atomic step.
 *
 *   crumbd:i:ISSUE                 hash: c occurrences in the period that ends at e (ms of Redis' clock); kept a day
 *                                  longer, so that it is known whether members have had the issue
 *   crumbd:{PROJECT}:minute|day    events of a project
 *   crumbd:{PROJECT}:new[:PEER]    its new issues in an hour
 *
 * ISSUE, PROJECT and PEER are 16 hex digits; nothing else of any line goes there. It is up once the scripts are loaded,
 * and down when the connection is, or when Redis refuses: it loads its data, is a replica, is full, sends elsewhere.
 * Then it connects anew, by which a name leads to whoever took over. One thread.
 */
#ifndef IO_SHARED_LIMITS_H
#define IO_SHARED_LIMITS_H

#include "core/shared.h"
#include "io/redis.h"

struct shared_limits;

/* What there is to show of it. */
struct shared_limits_state {
    bool on, up;
    int64_t since_us; /* of that, by the wall clock; 0: since the start */
    char why[160];    /* it is not up; empty: it has not been yet */
};

struct shared_limits_setup {
    struct event_base *base;
    const struct redis_address *at;
    void *u;
    void (*up)(void *u, bool up); /* also when only the reason has changed */
    void (*answer)(void *u, const struct shared_answer *a);
};

/* NULL and an entry in d when it cannot be begun. */
struct shared_limits *shared_limits_new(const struct shared_limits_setup *setup, struct diag *d);
void shared_limits_free(struct shared_limits *l);
bool shared_limits_ask(struct shared_limits *l, const struct shared_ask *ask);
const struct shared_limits_state *shared_limits_state(const struct shared_limits *l);

#endif
