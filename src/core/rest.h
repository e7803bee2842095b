/*
 * rest: for which senders a rule rests, since what they sent ran it into the match limit too often.
 *
 * The match limit bounds one match, not how often it is reached. A rule that reaches it REST_AFTER times with the
 * messages of one sender is not tried with that sender's for REST_FIRST_US, then for twice as long each time up to
 * REST_LONGEST_US. Who then sends nothing of the kind for as long again, and for REST_LONGEST_US, begins anew. Other
 * senders' messages are judged by it all the while, so that no stranger switches a rule off. At most REST_SENDERS_MAX
 * senders of a rule are kept in mind; the one whose turn to come back is next gives way. Pure. One thread.
 */
#ifndef CORE_REST_H
#define CORE_REST_H

#include <stdbool.h>
#include <stdint.h>

enum { REST_AFTER = 100, REST_SENDERS_MAX = 16 };

#define REST_FIRST_US INT64_C(60000000)
#define REST_LONGEST_US INT64_C(3600000000)

struct rest {
    uint64_t sender;
    unsigned hits;              /* since it last rested */
    int64_t last_us;            /* of the last hit */
    int64_t from_us, length_us; /* 0: it has not rested */
};

/* The senders that one rule rests for. Zeroed: it rests for nobody. */
struct rests {
    struct rest v[REST_SENDERS_MAX];
    unsigned n;
};

bool rests_for(const struct rests *r, uint64_t sender, int64_t now_us);
/* A match with this sender's message reached the limit. Returns how long the rule rests for the sender from now on, 0:
 * it does not. */
int64_t rests_hit(struct rests *r, uint64_t sender, int64_t now_us);

#endif
