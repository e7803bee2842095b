/*
 * trace_match: one line in one state of a grammar: which transition takes it, and what is read from it. Part of trace.
 *
 * Lines of traces come again: when what was walked is parsed, and the frames of one fault in the next. So a scratch
 * remembers what the last lines were found to be, TRACE_MEMO_BYTES at most, from the first trace on.
 */
#ifndef CORE_TRACE_MATCH_H
#define CORE_TRACE_MATCH_H

#include "core/look_ahead.h"
#include "core/trace_grammar.h"
#include "core/trace_line.h"

enum { TRACE_MEMO_BYTES = 512 * 1024 };

struct trace_memo;

struct trace_scratch {
    struct regex_scratch *regex;
    struct prefilter_scratch *prefilter;
    bool fitted; /* the prefilter's scratch to the set's prefilter */
    struct prefilter_hits hits;
    struct look_ahead ahead;
    struct arena arena;      /* for one line */
    struct trace_memo *memo; /* NULL: there was no trace yet */
};

/* What the line is to a transition of the state start, or NULL. */
struct trace_hit *trace_match_opening(struct trace_scratch *x, const struct trace_transition *t, struct slice line,
                                      struct arena *arena);
/* What the line is in this state, or NULL: nothing, or the end of the trace. */
struct trace_hit *trace_match(struct trace_scratch *x, const struct trace_state *state, const struct trace_fit *fit,
                              struct arena *arena);
void trace_memo_free(struct trace_memo *memo);

#endif
