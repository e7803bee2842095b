/*
 * learn_import: rules of what other programs know (core/import.h): each with a sample, from the file's own comments
 * where one of these is a line that the pattern matches, else made from the pattern; and each as `crumbd check` takes
 * it. What is not carried over is said, with its place. One thread.
 */
#ifndef APP_LEARN_IMPORT_H
#define APP_LEARN_IMPORT_H

#include "base/err.h"
#include "core/import.h"

struct learn_imported {
    unsigned read, written; /* patterns of the file; rules */
    struct import import;   /* its notes, by line */
};

/* Reads the file ("-": standard input) and appends the rule file to out. False, and an entry in d: it cannot be read.
 * learn_import_done frees what is in *to in any case. */
bool learn_import(const char *path, enum import_kind kind, struct slice pack, struct learn_imported *to,
                  struct sbuf *out, struct diag *d);
void learn_import_done(struct learn_imported *i);

#endif
