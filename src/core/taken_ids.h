/*
 * taken_ids: which messages of crumbds that forward have been taken up: one that a crumbd sends again, since it was
 * killed before it knew that Kafka has it, counts once.
 *
 * Of each that forwards the last TAKEN_EACH_MAX ids are known: more than twice as many as it has on their way and not
 * written down (STORE_DELIVERIES_MAX), and only those can come again. Bounded: TAKEN_MAX ids of TAKEN_FROM_MAX; those
 * of whom was heard longest ago go first. An id that is known is never one that was not taken: a repeat may be missed,
 * nothing is lost. Pure; one thread.
 */
#ifndef CORE_TAKEN_IDS_H
#define CORE_TAKEN_IDS_H

#include <sys/queue.h>

#include "base/table.h"

enum { TAKEN_EACH_MAX = 8192, TAKEN_FROM_MAX = 256, TAKEN_MAX = 1 << 18 };

struct taken_from;

struct taken_ids {
    struct table ids; /* id to struct taken_from */
    struct table from;
    TAILQ_HEAD(taken_list, taken_from) by_age; /* heard of longest ago first */
};

void taken_ids_init(struct taken_ids *t);
void taken_ids_done(struct taken_ids *t);
/* id: a hash of the event_id, from: of whom it is. False: it has been taken before, from anybody. */
bool taken_ids_take(struct taken_ids *t, uint64_t from, uint64_t id);

#endif
