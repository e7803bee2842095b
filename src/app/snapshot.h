/*
 * snapshot: settings and rules of one load as one value. It is made whole, and then only read, by any thread.
 *
 * It is counted: whoever keeps it holds a reference, and the last snapshot_unref frees it. What it hands out lives as
 * long as it does. A later one can be made beside it: a rule whose id was there before keeps its handle, by which
 * statistics and what is waited for know it. Loading reads files and compiles patterns, so it belongs to the main
 * thread.
 */
#ifndef APP_SNAPSHOT_H
#define APP_SNAPSHOT_H

#include "app/settings.h"
#include "core/rule_set.h"

struct snapshot {
    const struct settings *settings; /* NULL: rules alone */
    const struct rule_set *rules;
    atomic_uint refs;
};

/* Which rules, and what for. */
struct snapshot_rules {
    char *const *names; /* words of a command line, instead of what the settings name */
    unsigned n_names;
    bool files_only;      /* each of these is a file, else also a folder, a pattern or "shipped" */
    bool without_sources; /* where a rule stands and its samples are not asked for: half of the memory */
    bool warn;            /* of patterns that backtrack without end (rules_warn) */
    bool trace_samples;   /* those of the shipped grammars are asked for */
    bool samples;         /* all samples are run: one that fails is an error; with trace_samples */
    bool one_thread;      /* it will be used by no other: patterns of traces are compiled when they are first needed, */
    bool traces_later;    /* and their grammars loaded, when a text may have one; with one_thread only */
    bool anyway;          /* also where something is wrong in the rules: those that are sound (rule_set.anyway) */
    bool code_later;      /* patterns get machine code when they are matched often (snapshot_make_code) */
    bool one_line;        /* for judging so little that a prefilter costs more than it saves */
    const struct snapshot *before; /* whose place it takes; NULL: none's */
};

/* Holds the settings as well; they may be NULL where rules are named. NULL: errors are in d. */
struct snapshot *snapshot_load(struct settings *s, const struct snapshot_rules *from, struct diag *d);
/* Any thread: whether patterns of it have become worth machine code; and makes that, while others match. By one thread,
 * of those that may make code. */
bool snapshot_wants_code(const struct snapshot *s);
void snapshot_make_code(const struct snapshot *s);
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s);

#endif
