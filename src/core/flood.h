/*
 * flood: flood control. Which occurrences of an issue pass, and the exact number of those that do not.
 *
 * Per fingerprint and period the first `burst` occurrences pass, then the occurrences burst*2, burst*4, burst*8, … as
 * far as the budgets of the project go. A fingerprint that is not known passes once whatever the budgets say; how many
 * of these there may be is new_issues.h's. When a period ends (also when the fingerprint is forgotten, or at exit) one
 * summary carries the number of the suppressed. So occurrences = passed + sum of suppressed, always.
 *
 * A fingerprint whose period has ended rests: it is known for FLOOD_KNOWN_DAYS more. Bounded: FLOOD_ENTRIES_MAX
 * fingerprints, FLOOD_SAMPLE_BYTES of samples, TOP_VALUES_BYTES_MAX of values that varied. What only remote senders
 * have sent gives way first, then what was seen longest ago, its summary going out before. Pure: the present is an
 * argument. One thread.
 */
#ifndef CORE_FLOOD_H
#define CORE_FLOOD_H

#include "core/scrubbed.h"

enum {
    FLOOD_ENTRIES_MAX = 65536,
    FLOOD_SAMPLE_BYTES = 16 << 20,
    FLOOD_PROJECTS_MAX = 64,
    FLOOD_KNOWN_DAYS = 30,
    FLOOD_QUIET_DAYS = 7
};

struct flood;
struct top_values;

struct flood_budget {
    unsigned per_minute, per_day;
};

struct flood_issue {
    uint64_t key; /* hash of fingerprint and project */
    uint64_t project;
    unsigned burst;
    int64_t period_us;
    bool remote;   /* sent by another host */
    uint64_t name; /* by which members know it (flood_use_shares); the same on every host */
    uint64_t log;  /* from which this occurrence is, where another process may go on with it; else 0 */
};

/* Whether an issue is news: it is not known, or it is seen again after FLOOD_QUIET_DAYS at least, reckoned from the end
   of its last period. */
enum issue_news { ISSUE_KNOWN, ISSUE_NEW, ISSUE_BACK };

/* HOLD_FIRST: the occurrence is held back, and there is no sample of its issue yet: give one with flood_keep_sample. */
enum flood_answer { FLOOD_PASS, FLOOD_HOLD, FLOOD_HOLD_FIRST };

/* What a summary is made from: an event of the issue with its place in the outbox. Texts are copied. */
struct flood_sample {
    struct slice project, level;
    struct scrubbed title, payload;
};

/* Values of period_us that mark a row which is of no fingerprint. */
enum { FLOOD_ROW_BUDGET = 0, FLOOD_ROW_NEW_ISSUES = -1 };

/* The state of one fingerprint, as it is stored with every checkpoint; count 0: it rests. A budget is kept in the same
   form: start_us is the day's begin and count what passed in it; a window of new_issues.h as well. */
struct flood_row {
    uint64_t key;
    int64_t start_us, period_us;
    unsigned burst;
    uint64_t count, next_pass, suppressed;
    int64_t first_us, last_us; /* times of the first and the last occurrence that were held back */
    bool closed;               /* the store is to forget the row */
    bool restarted; /* what the store has of the sample and of the values is of an earlier period, and is to be
                       forgotten */
    bool remote;    /* only other hosts have sent it */
    const struct flood_sample *sample; /* NULL: none yet */
    bool sample_is_new;                /* flood_changed has not told of it before */
    struct top_values
        *top_values; /* which values the occurrences had that were held back; NULL: none was held back yet */
    struct scrubbed top_values_text; /* the stored form of top_values; {NULL, 0}: it has not changed since it was
                                        stored; empty: it is to be forgotten */
};

typedef void flood_row_f(void *u, const struct flood_row *row);

/*
 * What the limiter that members share (shared.h) is to be told of a fingerprint. An estimate of the count of all
 * members goes on by what this one has seen since their last word; the range is what it went on by since the last
 * decision.
 */
struct flood_share {
    uint64_t key, issue; /* the fingerprint's here, and its name among members */
    unsigned burst;
    int64_t period_us, end_ms; /* end of the period that members count in, by their common clock; 0: not known */
    uint64_t untold;           /* occurrences that they have not been told of; none of these is */
    uint64_t floor;            /* what they counted at least in that period */
    uint64_t first, last;      /* the range, estimated */
    bool owed;                 /* an earlier range let one pass that was not there */
};

/* The word of all members: their count before ours, and when the period ends. */
struct flood_told {
    uint64_t before, n;
    int64_t end_ms, left_us;
};

/* evicted: counts fingerprints whose period ended early to make room; may be NULL. summary is called for every period
 * that ends with suppressed ones. */
struct flood *flood_new(flood_row_f *summary, void *u, uint64_t *evicted);
void flood_free(struct flood *l);
/* Whether the fingerprint has been seen before, and is not forgotten. */
bool flood_knows(const struct flood *l, uint64_t key);
enum flood_answer flood_admit(struct flood *l, const struct flood_issue *issue, const struct flood_budget *budget,
                              int64_t now_us);
/* Whether the occurrence for which flood_admit has just answered is the first of its period. */
bool flood_is_first(const struct flood *l, uint64_t key);
/* Whether the occurrence for which flood_admit has just answered makes its issue news. */
enum issue_news flood_news(const struct flood *l);
/* So many more occurrences of an issue for which flood_admit has just answered are held back: HOLD or HOLD_FIRST. */
enum flood_answer flood_hold(struct flood *l, uint64_t key, uint64_t n, int64_t now_us);
/* So many occurrences of which there is no event: another crumbd has counted them (forward_thin.h). For each of them
   that would have passed, an occurrence behind them passes. */
void flood_tell(struct flood *l, const struct flood_issue *issue, uint64_t n, int64_t now_us);
/* So many occurrences that another process has limited, of an issue that this one goes on with: they are counted, and
   none of them passes or is held back. Nothing, where this one knows the issue by itself. */
void flood_recall(struct flood *l, const struct flood_issue *issue, uint64_t n, int64_t now_us);
/* Whether some were held back, and there is no sample to make their summary from. */
bool flood_lacks_sample(const struct flood *l, uint64_t key);
/* An occurrence that passed is held back after all: HOLD or HOLD_FIRST. */
enum flood_answer flood_take_back(struct flood *l, const struct flood_issue *issue, int64_t now_us);
/* From here on what is to be told members is kept in mind. */
void flood_use_shares(struct flood *l);
/* Returns the issue that has waited longest to be told, 0: none waits. */
uint64_t flood_share_oldest(const struct flood *l);
/* What is to be told of an issue, and the range to decide by. False: the issue is not known. */
bool flood_share_look(const struct flood *l, uint64_t key, struct flood_share *out);
/* Members are told of it. */
void flood_share_tell(struct flood *l, uint64_t key);
/* By this range is decided: the next one begins behind it. */
void flood_share_decide(struct flood *l, uint64_t key);
/* Members were not told of so many after all. */
void flood_share_back(struct flood *l, uint64_t key, uint64_t n);
/* Members have answered. The period ends when theirs does, at once if they are in another. owed: the range lets one
   pass that is not there. */
void flood_share_told(struct flood *l, uint64_t key, const struct flood_told *told, bool owed, int64_t now_us);
/* Returns the values of the issue that flood_admit has just held back. */
struct top_values *flood_top_values(struct flood *l);
void flood_keep_sample(struct flood *l, uint64_t key, const struct flood_sample *sample);
/* Ends the periods that are over. Returns when the next one will be over, INT64_MAX if none runs. */
int64_t flood_tick(struct flood *l, int64_t now_us);
/* Makes summaries of all occurrences held back so far, without ending the periods; for the exit. */
void flood_summarise(struct flood *l);
/* The same of issues of which only occurrences of this log, which is not 0, were held back since their last summary:
   another process goes on with it. */
void flood_leave(struct flood *l, uint64_t log);
/* Calls back for every row that changed since the last call. */
void flood_changed(struct flood *l, flood_row_f *each, void *u);
/* Puts a stored row back. */
void flood_restore(struct flood *l, const struct flood_row *row);
/* Returns the number of fingerprints whose period has not ended. */
unsigned flood_size(const struct flood *l);

#endif
