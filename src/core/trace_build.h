/*
 * trace_build: from what the lines of a trace are to exceptions, frames and threads. Part of trace. Pure; everything it
 * makes lives in the arena or points into the lines.
 */
#ifndef CORE_TRACE_BUILD_H
#define CORE_TRACE_BUILD_H

#include "core/trace_grammar.h"

/*
 * Fills language, platform, exceptions, threads, notes, crash and lost of *out from the hits, the last one first.
 * unquoted: no escapes are in the lines any more, whatever the transitions say.
 */
void trace_build(const struct trace_grammar *g, const struct trace_hit *last, bool unquoted, struct arena *arena,
                 struct trace *out);

#endif
