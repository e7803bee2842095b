/*
 * issue_tally: how often each issue occurred since that was last told, by the minute: a few rows for the store, however
 * many occurrences flood control held back.
 *
 * Bounded: ISSUE_TALLY_MAX minutes of all issues, ISSUE_TALLY_MINUTES of one. Above that an occurrence is counted in
 * the last minute of its issue; of an issue that has none it is counted in *uncounted instead. Pure; one thread.
 */
#ifndef CORE_ISSUE_TALLY_H
#define CORE_ISSUE_TALLY_H

#include "base/table.h"

enum { ISSUE_TALLY_MAX = 32768, ISSUE_TALLY_MINUTES = 64 };

/* Occurrences of one issue in one minute. */
struct issue_count {
    uint64_t key;              /* of the issue (issue_key.h) */
    uint64_t n, suppressed;    /* all; those of them of which no event was made */
    int64_t first_us, last_us; /* Unix time of the earliest and of the latest */
};

typedef void issue_count_f(void *u, const struct issue_count *c);

struct issue_tally {
    struct table issues;  /* key to struct tallied */
    unsigned n;           /* minutes of all */
    struct tallied *last; /* most lines are of the issue of the line before */
    uint64_t *uncounted;
};

/* uncounted: counts the occurrences for which there was no room. */
void issue_tally_init(struct issue_tally *t, uint64_t *uncounted);
void issue_tally_done(struct issue_tally *t);
/* n occurrences at a time, of which so many were held back. key 0: it is no issue, and nothing is counted. */
void issue_tally_add(struct issue_tally *t, uint64_t key, int64_t at_us, uint64_t n, uint64_t suppressed);
/* Hands out all, the minutes of an issue one after the other, and forgets them. */
void issue_tally_tell(struct issue_tally *t, issue_count_f *each, void *u);

#endif
