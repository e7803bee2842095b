/*
 * conf: the one door to libfyaml. A YAML file as a tree of nodes with their places, for configuration, rules and samples.
 *
 * Refused before libfyaml sees them: invalid UTF-8, control bytes but TAB, LF and CR, and lines that begin with '%' (0.7.12 loops
 * on some); also files over CONF_BYTES_MAX and nesting over CONF_DEPTH_MAX. Duplicate keys are an error at the second one.
 */
#ifndef TEXT_CONF_H
#define TEXT_CONF_H

#include "base/arena.h"
#include "base/err.h"
#include "base/sbuf.h"

enum { CONF_BYTES_MAX = 16 << 20, CONF_DEPTH_MAX = 32 };

struct conf_node {
    enum conf_type { CONF_SCALAR, CONF_MAP, CONF_LIST } type;
    struct slice key;          /* inside a map */
    unsigned key_line, key_col;
    unsigned line, col;        /* from 1; of the value */
    struct slice text;         /* scalar; empty for null */
    bool quoted;               /* scalar in quotes or a block: never a number, boolean or null */
    unsigned n;                /* children */
    struct conf_node *child, *next;
    const struct conf_file *file;
};

struct conf_file {
    struct arena arena;
    char *name;
    struct slice text;
    struct conf_node *root; /* NULL: the file is empty */
};

/* Takes a copy of text. NULL and an entry in d when it is no YAML. */
struct conf_file *conf_parse(const char *name, struct slice text, struct diag *d);
void conf_free(struct conf_file *f);
const struct conf_node *conf_get(const struct conf_node *map, const char *key);
struct err_place conf_place(const struct conf_node *n);
struct err_place conf_key_place(const struct conf_node *n);
/* error at the node; always false. */
bool conf_error(struct diag *d, const struct conf_node *n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
const char *conf_version(void);
/* The node's value as JSON (for comparing samples with payloads); plain scalars become numbers or booleans where YAML's core
   schema says so. */
void conf_json(const struct conf_node *n, struct sbuf *out);

#endif
