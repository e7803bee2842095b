/*
 * trace_frames: the frames of one exception or thread: adding, order, places, in_app, and those that are put back for
 * `... N more`. Part of trace. Pure.
 */
#ifndef CORE_TRACE_FRAMES_H
#define CORE_TRACE_FRAMES_H

#include "core/trace_grammar.h"

/* Adds an empty one. NULL: there are TRACE_FRAMES_MAX already; it is counted as lost. */
struct trace_frame *trace_frames_add(struct trace_frames *f, struct arena *a);
/*
 * From as printed to as sent: the oldest call first, each with its own place, in_app as the grammar has it. `heading`
 * is the place that stood beside type and value: a frame of its own where it names a function, or where there is none
 * else.
 */
void trace_frames_settle(const struct trace_grammar *g, enum trace_order order, const struct trace_frame *heading,
                         struct trace_frames *f, struct arena *a);
/* Puts the frames back that were left out for being those of `other`, as far as they can be told. Both are settled. */
void trace_frames_restore(struct trace_frames *f, const struct trace_frames *other, struct arena *a);

#endif
