/*
 * store_issues: what the store knows of issues: how often each occurred and when, what an event of it says, and its
 * first and newest events whole, also when they were delivered.
 *
 * Written with the checkpoint whose lines they are of, so that a crash neither doubles nor loses an occurrence. Bounded
 * by `issues`: those seen longest ago go first, each counted (issues_evicted). Rows are about what their pages take.
 */
#ifndef IO_STORE_ISSUES_H
#define IO_STORE_ISSUES_H

#include "core/issue_about.h"
#include "core/issue_history.h"
#include "io/store.h"

enum {
    STORE_ISSUES_SHARE = 8,   /* at most this part of store_limit */
    STORE_ISSUE_EVENTS = 10,  /* of each issue so many, the newest, are kept beside the first */
    STORE_ISSUE_BYTES = 1024, /* what one takes beside its events */
};

/* From now on so much is kept, and an issue for so long after it was last seen; 0 bytes: nothing, and what is there
 * goes. */
void store_keep_issues(struct store *s, uint64_t limit_bytes, int64_t keep_us);

struct store_issue {
    uint64_t key;
    int64_t first_us, last_us;
    uint64_t count, suppressed; /* occurrences; those of them of which no event was made */
    unsigned events;            /* that are kept */
    struct issue_about about;
    struct issue_history history; /* as of now */
};

/* Fills in an issue, its texts in the arena. False: it is not there, or cannot be read. now_us: of its history. */
bool store_issue(struct store *s, uint64_t key, int64_t now_us, struct arena *a, struct store_issue *out);

/* Issues whose key, as 16 hex digits, begins so: how many, of which *key is one. 2: two or more. */
unsigned store_issue_find(struct store *s, struct slice beginning, uint64_t *key);

/* What a list is asked for. */
enum store_issues_sort { STORE_ISSUES_LAST, STORE_ISSUES_FIRST, STORE_ISSUES_COUNT, STORE_ISSUES_SORTS };
enum { STORE_ISSUES_LIMIT = 1000 };
struct store_issues_asked {
    enum store_issues_sort sort; /* the largest first */
    unsigned limit;              /* 1 to STORE_ISSUES_LIMIT */
    bool beyond;                 /* those behind `at` alone: where the page before ended */
    struct store_issues_at {
        int64_t value; /* of what is sorted by */
        uint64_t key;
    } at;
    int64_t now_us; /* of the histories */
    /* Whether it is one of those that are asked for; without its history. NULL: all are. */
    bool (*match)(void *u, const struct store_issue *issue);
    void *u;
};

/* Where an issue stands in a list. */
struct store_issues_at store_issues_place(const struct store_issue *issue, enum store_issues_sort sort);
/* Calls back for each of a page. The total is of all that match. *more: `*next` is where the page behind it begins.
   False: the store cannot be read. */
bool store_issues(struct store *s, const struct store_issues_asked *asked,
                  void (*each)(void *u, const struct store_issue *issue), void *u, uint64_t *total, bool *more,
                  struct store_issues_at *next);

/* An event that is kept. Its texts are valid during the call. */
struct store_kept {
    char event_id[33];
    uint64_t issue;
    int64_t time_us;
    struct slice title, payload; /* payload: JSON */
};
typedef void store_kept_f(void *u, const struct store_kept *kept);
/* Calls back for every event that is kept of an issue, the newest first. False: the store cannot be read. */
bool store_issue_events(struct store *s, uint64_t key, store_kept_f *each, void *u);
/* Calls back for the event of this id, 32 lower-case hex digits. False: it is not kept. */
bool store_kept_event(struct store *s, const char *event_id, store_kept_f *each, void *u);

#endif
