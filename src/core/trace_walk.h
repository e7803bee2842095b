/*
 * trace_walk: the steps of a walk, with a note of what each line was found to be where that is wanted. Part of trace.
 */
#ifndef CORE_TRACE_WALK_H
#define CORE_TRACE_WALK_H

#include "core/trace_match.h"

/* What the lines so far were found to be, by each of the walk's ways, the last line first. */
struct trace_log {
    struct arena *arena; /* for these, and for lines that had to be cleaned */
    const struct trace_hit *head[TRACE_WAYS_MAX];
    size_t before; /* bytes of the opening line before what opens */
    bool joined;   /* the lines below are there already: none has to be waited for */
};

/* As trace_open and trace_next, with the log. */
enum trace_step trace_walk_open(const struct trace_set *set, struct trace_scratch *x, struct slice line,
                                struct trace_walk *walk, struct trace_log *log);
enum trace_step trace_walk_next(const struct trace_set *set, struct trace_scratch *x, struct trace_walk *walk,
                                struct slice line, struct trace_log *log);

#endif
