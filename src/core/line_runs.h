/*
 * line_runs: lines of logs that others read as well (topics of Kafka, streams of Redis), as runs of offsets, so that
 * who hears of the same lines twice, from two that have read them, can tell. Their text is
 *
 *   LOG FROM TO FIRST+N FIRST+N …;LOG …
 *
 * LOG: 16 hex digits, a hash. FROM, TO: when its log got the first and the last of them, in microseconds; of a log that
 * was made anew under its name the times differ. Who reads it takes any bytes: bounded is the number of runs. Pure.
 */
#ifndef CORE_LINE_RUNS_H
#define CORE_LINE_RUNS_H

#include "base/arena.h"
#include "base/sbuf.h"

enum { LINE_RUNS_MAX = 1024 };

struct line_run {
    uint64_t log; /* 0: it is none */
    uint64_t first, n;
    int64_t from_us, to_us;
};

struct line_runs {
    struct line_run *v;
    unsigned n, cap;
};

void line_runs_done(struct line_runs *l);
/* Notes a line; time goes by, and never below 0. */
void line_runs_add(struct line_runs *l, const struct line_run *line);
/* Those of a log go behind each other: how they are to be written. */
void line_runs_sort(struct line_runs *l);
void line_runs_write(const struct line_run *v, unsigned n, struct sbuf *out);
/* *v is of the arena, *lines the sum of all. False: it is not their text, or one of too many. */
bool line_runs_read(struct slice text, struct arena *a, struct line_run **v, unsigned *n, uint64_t *lines);

#endif
