/*
 * err: what is wrong with something a person wrote (configuration, rules, command line), with its place.
 *
 * Set-up code adds to a `struct diag` and returns false; the program prints it once. Hot paths use enums and counters.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdio.h>

#include "base/slice.h"

enum err_kind { ERR_ERROR, ERR_WARNING };

struct err {
    enum err_kind kind;
    char *file;    /* NULL: no place is known */
    unsigned line; /* from 1; 0: the file as a whole */
    unsigned col;  /* from 1, in bytes */
    char *source;  /* the line it stands on, or NULL */
    char *text;
};

/* At most DIAG_MAX are kept, the rest only counted. A zeroed one is ready. */
struct diag {
    struct err *v;
    unsigned n;
    unsigned errors, warnings;
};

enum { DIAG_MAX = 200 };

/* A place to report at. `source` is the whole text of the file, from which the line is taken. */
struct err_place {
    const char *file;
    unsigned line, col;
    struct slice source;
};

void err_add(struct diag *d, enum err_kind kind, struct err_place at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* An error without a place. Always returns false, so that it can end a function. */
bool err_plain(struct diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* file:line:col: error: text, the line, and a caret below the place. Control bytes are shown escaped. */
void err_print(const struct diag *d, FILE *out);
void err_done(struct diag *d);
/* The candidate nearest to `word` for "did you mean", or NULL if none is near. `names` ends with NULL. */
const char *err_nearest(struct slice word, const char *const *names);

#endif
