/*
 * trace_load: grammars of stack traces (rules/traces/LANGUAGE.yaml) compiled from their files.
 *
 * A set is made, files are loaded into it, it is made ready; from then on it is only read, by any thread, until it is
 * freed. Pure.
 */
#ifndef CORE_TRACE_LOAD_H
#define CORE_TRACE_LOAD_H

#include "core/trace.h"
#include "text/conf.h"
#include "text/regex.h"

/* one_thread: its regexes are compiled to the end when they are first matched, by that thread. Else pool, which is the
 * set's from here on: when they are matched often; NULL: at once. */
struct trace_set *trace_set_new(bool one_thread, struct regex_pool *pool);
struct regex_pool *trace_set_pool(const struct trace_set *set);
void trace_set_free(struct trace_set *set);
/* Adds the grammar of one file; takes ownership of f in any case. False: errors are in d. */
bool trace_set_load(struct trace_set *set, struct conf_file *f, struct diag *d);
/* Whether both were loaded from the same, but for samples: one may take the place of the other. */
bool trace_set_same(const struct trace_set *a, const struct trace_set *b);
/* Frees the files' texts, and with them the samples. Before anybody else has the set. */
void trace_set_forget_files(struct trace_set *set);
/* Ends loading: builds the prefilter of all opening patterns. Call once. */
void trace_set_ready(struct trace_set *set, bool prefilter);
/*
 * The patterns of a ready set of which one must match where a trace begins, for a prefilter that looks for them beside
 * others (one bit, the first one's, for all). Returns how many; 0: none, or literals do not tell. NULL only counts.
 */
struct prefilter_pattern;
unsigned trace_set_openings(const struct trace_set *set, struct prefilter_pattern *out);
/*
 * Instead, of a set that one thread has: it is made ready when a text is first asked for a trace, after more files have
 * been loaded by this (which may be NULL).
 */
void trace_set_later(struct trace_set *set, bool prefilter, trace_load_f *load, void *u);
/* The language that the file is the grammar of; empty: it is none. */
struct slice trace_set_language(const struct conf_file *f);
bool trace_set_has(const struct trace_set *set, struct slice language);
unsigned trace_set_count(const struct trace_set *set);

#endif
