/*
 * trace_check: runs the samples of grammars, so that each proves itself, and that no other takes its traces. Pure.
 */
#ifndef CORE_TRACE_CHECK_H
#define CORE_TRACE_CHECK_H

#include "core/trace_load.h"

struct trace_check {
    unsigned samples, failed;
};

/*
 * The lines of each sample are walked and parsed with all grammars of the set, which is ready and has its files. Errors
 * are added to d at the sample's place: another trace, none, one read by another grammar, or one that a second grammar
 * reads as well. A grammar without a sample is an error, too.
 */
struct trace_check trace_check_samples(const struct trace_set *set, struct diag *d);
/* A pattern that reaches the match limit on a line as long as patterns see is an error at its place, and one of start
 * that no fixed word is known of. Returns how many reached the limit. */
unsigned trace_check_patterns(const struct trace_set *set, struct diag *d);

#endif
