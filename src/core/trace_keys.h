/*
 * trace_keys: the one table of every key a grammar's file may hold, and what it binds them to: values as they stand in
 * the file, which trace_load.c compiles. The schema and the manual are made from the same table.
 */
#ifndef CORE_TRACE_KEYS_H
#define CORE_TRACE_KEYS_H

#include "core/trace_grammar.h"
#include "text/keys.h"

struct raw_trace_transition {
    const struct conf_node *match;
    enum trace_do action;
    struct slice next;
    bool maybe, last, crash, after_record, bare, escaped, apart;
    enum trace_before before;
    enum trace_order order;
    struct key_pair *set;
    unsigned n_set;
};

struct raw_trace_state {
    struct slice name;
    struct raw_trace_transition *v;
    unsigned n;
};

struct raw_trace_pattern {
    struct slice name;
    const struct conf_node *regex;
};

struct raw_trace_sample {
    struct slice lines;
    const struct conf_node *trace;
};

struct raw_trace_grammar {
    struct slice language, platform;
    enum trace_order order;
    bool place_of_call, split_type;
    struct {
        struct raw_trace_names {
            struct slice *v;
            unsigned n;
        } modules, files, functions, packages;
    } other;
    struct raw_trace_pattern *patterns;
    unsigned n_patterns;
    struct raw_trace_state *states;
    unsigned n_states;
    struct raw_trace_sample *samples;
    unsigned n_samples;
};

extern const char *const trace_group_words[]; /* by enum trace_group */
extern const struct key_table trace_grammar_table;

#endif
