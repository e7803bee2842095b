/* traces: the grammars of stack traces that crumbd ships, loaded from the sources: for tests that need all of them. */
#ifndef TESTS_TRACES_H
#define TESTS_TRACES_H

#include "core/trace_load.h"
#include "tests/data_files.h"

static inline bool traces_load_file(void *set, struct conf_file *file, struct diag *d)
{
    return trace_set_load(set, file, d);
}

/* A set that is ready. */
static inline struct trace_set *traces_load(bool prefilter)
{
    struct trace_set *set = trace_set_new(false, NULL);
    data_files("rules/traces/*.yaml", traces_load_file, set);
    trace_set_ready(set, prefilter);
    return set;
}

#endif
