/*
 * grok: %{NAME} and %{NAME:field} in a regular expression, replaced by the pattern of that name.
 *
 * Names are looked up among the caller's own first, then in the library (grok_names.c). What a name stands for becomes
 * a group, captured as `field` if there is one, so that a quantifier behind it counts for the whole. The result is
 * plain PCRE2 syntax, which the prefilter reads like any other pattern.
 *
 * No reference: behind a backslash, in a character class, between \Q and \E, in a comment, and where no letter follows
 * "%{". Bounded: GROK_DEPTH_MAX names inside each other, GROK_BYTES_MAX bytes; a name that holds itself is refused.
 * Pure.
 */
#ifndef TEXT_GROK_H
#define TEXT_GROK_H

#include "base/sbuf.h"
#include "text/conf.h"
#include "text/regex.h"

enum { GROK_DEPTH_MAX = 16, GROK_BYTES_MAX = 65536, GROK_NAME_MAX = 64, GROK_FIELD_MAX = 64 };

struct grok_name {
    struct slice name, regex;
};

/* Names besides those of the library; a zeroed one has none. */
struct grok {
    const struct grok_name *own;
    unsigned n_own;
    bool late;               /* regex_compile_late */
    struct regex_pool *pool; /* regex_compile_in; NULL: at once, or late */
};

/* A field whose group PCRE2 could not call by its own name: it has characters that are not allowed there, or comes
 * twice. */
struct grok_field {
    char group[16];
    char name[GROK_FIELD_MAX + 1];
};

/* A pattern with its references replaced. */
struct grok_text {
    struct sbuf regex;
    struct grok_piece *pieces; /* where each part of it comes from */
    unsigned n_pieces;
    struct grok_field *fields;
    unsigned n_fields;
    size_t bad; /* when it went wrong: where in the pattern, and why */
    char message[256];
};

/* False: t->bad and t->message say why. Either way grok_done frees t. */
bool grok_expand(const struct grok *g, struct slice pattern, struct grok_text *t);
void grok_done(struct grok_text *t);
/* The place in the pattern that a place in the expanded text comes from. */
size_t grok_place(const struct grok_text *t, size_t at);

/*
 * The value of a scalar node, expanded and compiled. *expanded, if not NULL, is a copy of what was compiled, in the
 * arena. NULL and an error at the byte of the node that is wrong. The caller frees.
 */
struct regex *grok_compile(const struct grok *g, struct diag *d, const struct conf_node *n, struct arena *a,
                           struct slice *expanded);

/* The name that captures and templates know a field by: itself, or a.b for [a][b]. False: it is none. */
bool grok_field_name(struct slice raw, char out[GROK_FIELD_MAX + 1]);
bool grok_name_ok(struct slice name);

/* Ends with a row without a name. */
extern const struct grok_entry {
    const char *name, *regex;
} grok_library[];

#endif
