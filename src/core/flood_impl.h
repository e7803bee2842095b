/*
 * flood_impl: what flood.c and, below it, flood_share.c have in common, and nobody else sees.
 */
#ifndef CORE_FLOOD_IMPL_H
#define CORE_FLOOD_IMPL_H

#include <sys/queue.h>

#include "base/table.h"
#include "core/flood.h"

struct entry {
    struct flood_row row;
    struct flood_sample sample;
    size_t sample_bytes;
    TAILQ_ENTRY(entry) by_use; /* in its list */
    struct entry *next_dirty;
    bool dirty, resting;
    uint64_t log, held_log;    /* of its last occurrence; of all that were held back since the last summary, 0: of none
                                  that may leave, or of several */
    bool recalled;             /* nothing but flood_recall has told of it */
    enum issue_news owed_news; /* what no event has said yet, since flood_tell began the entry or its period */
    struct share {
        uint64_t issue, floor;
        uint64_t reckoned;      /* the count of all members, as far as it was last decided by */
        uint64_t since, untold; /* own occurrences since then; since members were last told */
        int64_t end_ms;
        bool owed, waits; /* waits: in flood.untold */
        TAILQ_ENTRY(entry) by_wait;
    } share;
};

/* Entries by their last occurrence, or those that rest by the end of their period. */
TAILQ_HEAD(entry_list, entry);

struct budget {
    uint64_t project;
    int64_t minute, day;
    uint64_t in_minute, in_day;
    bool dirty;
};

struct flood {
    struct table entries;
    struct entry_list running[2], resting[2]; /* [1]: those that only remote senders have sent */
    unsigned n_running;
    struct entry *dirty;
    struct budget budgets[FLOOD_PROJECTS_MAX];
    unsigned n_budgets;
    size_t sample_bytes, varied_bytes;
    enum issue_news news; /* of the last flood_admit */
    struct entry *held;   /* the entry that the last flood_admit held back */
    int64_t next_due_us;  /* no period ends before it */
    flood_row_f *summary;
    void *u;
    uint64_t *evicted;
    bool shares;
    TAILQ_HEAD(, entry) untold; /* with something to be told members, who waits longest first */
    struct table gone;          /* forgotten keys that the store does not know of yet: values are struct entry */
};

/* Notes occurrences that members are to be told of. */
void flood_share_note(struct flood *l, struct entry *e, uint64_t n);
/* Forgets what is to be told, and what members have said. */
void flood_share_end(struct flood *l, struct entry *e);

#endif
