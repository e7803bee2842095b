/*
 * limit: flood control. Which occurrences of an issue pass, and the exact number of those that do not.
 *
 * Per fingerprint and period the first `burst` occurrences pass, then the occurrences burst*2, burst*4, burst*8, … as far as the
 * budgets of the project go. A fingerprint that is not known passes once whatever the budgets say; how many of these there may be is
 * new_issues.h's. When a period ends (also when the fingerprint is forgotten, or at exit) one summary carries the number of the
 * suppressed. So occurrences = passed + sum of suppressed, always.
 *
 * A fingerprint whose period has ended rests: it is known for LIMIT_KNOWN_DAYS more. Bounded: LIMIT_ENTRIES_MAX fingerprints,
 * LIMIT_SAMPLE_BYTES of samples, VARIED_BYTES_MAX of values that varied. What only remote senders have sent gives way first, then what
 * was seen longest ago, its summary going out before. Pure: the present is an argument. One thread.
 */
#ifndef CORE_LIMIT_H
#define CORE_LIMIT_H

#include "core/scrubbed.h"

enum { LIMIT_ENTRIES_MAX = 65536, LIMIT_SAMPLE_BYTES = 16 << 20, LIMIT_PROJECTS_MAX = 64, LIMIT_KNOWN_DAYS = 30 };

struct limit;
struct varied;

struct limit_budget {
    unsigned per_minute, per_day;
};

struct limit_issue {
    uint64_t key; /* of fingerprint and project */
    uint64_t project;
    unsigned burst;
    int64_t period_us;
    bool remote; /* sent by another host */
};

/* HOLD_FIRST: held back, and no sample of the issue is there yet: give one with limit_keep_sample. */
enum limit_answer { LIMIT_PASS, LIMIT_HOLD, LIMIT_HOLD_FIRST };

/* What a summary is made from: an event of the issue with its place in the outbox. Texts are copied. */
struct limit_sample {
    struct slice project, level;
    struct scrubbed title, payload;
};

/* In the place of a period: what a row is when it is of no fingerprint. */
enum { LIMIT_ROW_BUDGET = 0, LIMIT_ROW_NEW_ISSUES = -1 };

/* The state of one fingerprint, as it is stored with every cut; count 0: it rests. A budget is kept in the same form: start_us is the
   day's begin and count what passed in it; a window of new_issues.h as well. */
struct limit_row {
    uint64_t key;
    int64_t start_us, period_us;
    unsigned burst;
    uint64_t count, next_pass, suppressed;
    int64_t first_us, last_us; /* of the suppressed */
    bool closed;               /* forget it */
    bool restarted;            /* what was stored of its sample and of what varied is of an earlier period: forget that */
    bool remote;               /* only other hosts have sent it */
    const struct limit_sample *sample; /* NULL: none yet */
    bool sample_is_new; /* limit_changed has not told of it before */
    struct varied *varied;     /* which values the suppressed had; NULL: none suppressed yet */
    struct scrubbed varied_text; /* its stored form; {NULL, 0}: as it was stored before, empty: forget that */
};

typedef void limit_row_f(void *u, const struct limit_row *row);

/* evicted: counts fingerprints whose period ended early to make room; may be NULL. summary is called for every period that ends with suppressed ones. */
struct limit *limit_new(limit_row_f *summary, void *u, uint64_t *evicted);
void limit_free(struct limit *l);
/* It has been seen before, and is not forgotten. */
bool limit_knows(const struct limit *l, uint64_t key);
enum limit_answer limit_admit(struct limit *l, const struct limit_issue *issue, const struct limit_budget *budget, int64_t now_us);
/* Of the issue that limit_admit has just held back. */
struct varied *limit_varied(struct limit *l);
void limit_keep_sample(struct limit *l, uint64_t key, const struct limit_sample *sample);
/* Ends the periods that are over. Returns when the next one will be, INT64_MAX if none runs. */
int64_t limit_tick(struct limit *l, int64_t now_us);
/* Summaries of everything suppressed so far, without ending the periods: before exit. */
void limit_summarise(struct limit *l);
/* Calls back for every row that changed since the last call. */
void limit_changed(struct limit *l, limit_row_f *each, void *u);
/* Puts a stored row back. */
void limit_restore(struct limit *l, const struct limit_row *row);
/* Fingerprints whose period has not ended. */
unsigned limit_size(const struct limit *l);

#endif
