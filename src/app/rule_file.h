/*
 * rule_file: a rule file on its way: written line by line, and held against what `crumbd check` asks, so that who
 * writes it can leave out what is refused. One thread.
 */
#ifndef APP_RULE_FILE_H
#define APP_RULE_FILE_H

#include "base/arena.h"
#include "base/sbuf.h"
#include "core/trace.h"
#include "parsers/record.h"

struct rule_file {
    struct sbuf *out;
    unsigned line; /* that is being written, from 1 */
};

void rule_file_begin(struct rule_file *f, struct sbuf *out);
/* Writes a line; the end of it is added. */
void rule_file_put(struct rule_file *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A text in single quotes; one that can stand in a line as it is. In the arena. */
const char *rule_file_quoted(struct slice s, struct arena *a);
const char *rule_file_clean(struct slice s, struct arena *a);
/* The lines of a sample, and their format where it is not text. */
void rule_file_sample(struct rule_file *f, struct slice lines, enum format format, struct arena *a);

/* The rule whose lines these are is refused; false: there is none at the line. */
typedef bool rule_file_refused_f(void *u, unsigned line, const char *why);
/* Calls back for each error. Returns how many were about a rule; *errors: how many there were. */
unsigned rule_file_prove(const struct rule_file *f, struct trace_set *traces, rule_file_refused_f *refused, void *u,
                         unsigned *errors);

#endif
