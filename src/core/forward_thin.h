/*
 * forward_thin: of a hot issue, which occurrences are forwarded whole, and how many are told by their number.
 *
 * Of each issue the first `whole` occurrences in a second go whole, then the whole·2^k-th; of the others the number
 * goes with the next checkpoint at the latest, or before the next whole one. So every number is followed by a whole
 * event: the one of those that came first since the last, which waits until the number is out. The limiter behind it
 * finds a whole event for each occurrence that it lets pass.
 *
 * Bounded: THIN_ISSUES_MAX issues in a second; the occurrences of others go whole. A number that names LINE_RUNS_MAX
 * runs of lines (core/line_runs.h), or when all together name THIN_RUNS_MAX, goes at once. What has been counted and
 * not told goes with a checkpoint, so nothing is kept over a restart. Pure; one thread.
 */
#ifndef CORE_FORWARD_THIN_H
#define CORE_FORWARD_THIN_H

#include "base/table.h"
#include "core/forwarded.h"

enum { THIN_ISSUES_MAX = 8192, THIN_LATER_MAX = 256, THIN_RUNS_MAX = 1 << 16, THIN_WINDOW_US = 1000000 };

struct pending;

struct thin_issue {
    uint64_t issue;
    uint64_t seen;             /* in this window */
    uint64_t next;             /* the next that goes whole */
    uint64_t n;                /* counted, and not told */
    int64_t first_us, last_us; /* of these; times of records */
    int64_t began_us;
    struct forwarded_limits limits; /* its own copies */
    struct slice level;             /* static */
    struct slice input;             /* that had the first of them; its own copy */
    struct line_runs lines;         /* of the n, those that others may read as well */
    bool full;                      /* its number is to be told at once */
    struct pending *later;          /* goes behind the number; NULL: none */
};

/* LATER: it goes whole, and is to be given to thin_issue.later. */
enum thin_answer { THIN_WHOLE, THIN_LATER, THIN_COUNTED };

struct forward_thin {
    struct table issues;
    unsigned n_runs; /* of lines, of all issues */
};

void forward_thin_done(struct forward_thin *t);
/* One occurrence, whose time is at_us. *of is its issue; NULL: it is not kept in mind, and goes whole. Before a WHOLE
 * one of->n and of->later are to go. */
enum thin_answer forward_thin_admit(struct forward_thin *t, uint64_t issue, const struct forwarded_limits *limits,
                                    struct slice level, struct slice input, unsigned whole, int64_t at_us,
                                    int64_t now_us, struct thin_issue **of);
/* So many more of them are counted. */
void forward_thin_add(struct thin_issue *of, uint64_t n, int64_t at_us);
/* Of one that is counted: its line. */
void forward_thin_note(struct forward_thin *t, struct thin_issue *of, const struct line_run *line);
/* The number is told. */
void forward_thin_told(struct forward_thin *t, struct thin_issue *of);
/* Forgets those whose second is over and of which nothing is left to be told. */
void forward_thin_renew(struct forward_thin *t, int64_t now_us);

#endif
