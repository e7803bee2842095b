/*
 * issue_history: how often something happened, per minute of the last hour, hour of the last day, day of the last 30.
 *
 * Three rings whose newest slot stands last. Minutes, hours and days are those of UTC. Stored as a few dozen bytes,
 * since most slots are empty. Pure; a plain value.
 */
#ifndef CORE_ISSUE_HISTORY_H
#define CORE_ISSUE_HISTORY_H

#include "base/sbuf.h"

enum issue_scale { ISSUE_MINUTES, ISSUE_HOURS, ISSUE_DAYS, ISSUE_SCALES };
enum { ISSUE_SLOTS_MAX = 60, ISSUE_HISTORY_BYTES_MAX = 1300 };

/* How many slots there are of each. */
extern const unsigned issue_slots[ISSUE_SCALES];

struct issue_history {
    int64_t last[ISSUE_SCALES]; /* number of the newest slot: Unix time divided by its length */
    uint64_t v[ISSUE_SCALES][ISSUE_SLOTS_MAX];
};

/* Counts n at a time. What is older than a ring reaches back is in it no more. now_us: the clock; slots that are ahead
   of it, which only a clock that was set back leaves, become those of now. */
void issue_history_add(struct issue_history *h, int64_t at_us, uint64_t n, int64_t now_us);
/* The same with the slot of now_us as the last of each ring. */
void issue_history_turn(struct issue_history *h, int64_t now_us);
/* What another one counted is added. */
void issue_history_join(struct issue_history *h, const struct issue_history *other);
void issue_history_write(const struct issue_history *h, struct sbuf *out);
/* False: the bytes are none that were written; *h is empty then. */
bool issue_history_read(struct slice bytes, struct issue_history *h);

#endif
