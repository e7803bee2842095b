/*
 * taken_lines: of each issue, which lines of logs that others read as well have been counted: when two crumbds that
 * forward have judged the same lines, since a partition moved away from one that was killed or stood still, they count
 * once, whichever of them tells them as events and whichever by their number.
 *
 * Kept are spans of offsets, which grow together where all lines between are of the issue. Bounded: TAKEN_SPANS_MAX of
 * all issues, of which those go first that were heard of longest ago; of an issue in one log TAKEN_SPANS_EACH_MAX, of
 * which the first lines go first. What is known was taken: a repeat may be missed, nothing is lost. A log that was made
 * anew under its name begins anew, by the times of its lines. Pure; one thread.
 */
#ifndef CORE_TAKEN_LINES_H
#define CORE_TAKEN_LINES_H

#include <sys/queue.h>

#include "base/table.h"
#include "core/line_runs.h"

enum { TAKEN_SPANS_MAX = 32768, TAKEN_SPANS_EACH_MAX = 1024 };

struct taken_lines {
    struct table logs;
    TAILQ_HEAD(taken_lines_list, taken_log) by_age; /* heard of longest ago first */
    unsigned n;                                     /* spans */
};

void taken_lines_init(struct taken_lines *t);
void taken_lines_done(struct taken_lines *t);
/* Returns how many of these lines had not been counted for the issue; they are from now on. */
uint64_t taken_lines_take(struct taken_lines *t, uint64_t issue, const struct line_run *r);

#endif
