/*
 * conf: the one door to libfyaml. A YAML file as a tree of nodes with their places, for configuration, rules and
 * samples.
 *
 * Refused before libfyaml sees them: invalid UTF-8, control bytes but TAB, LF and CR LF, and lines that begin with '%'
 * (0.7.12 loops on some). Then: several documents, tags, keys that are not plain text, duplicate keys (at the second
 * one), and what passes the caps. An alias stands for its anchor's value and counts in full against the caps, so that a
 * few lines cannot grow into millions. A tree is immutable once made; it, its nodes and their slices live until
 * conf_free. Pure.
 */
#ifndef TEXT_CONF_H
#define TEXT_CONF_H

#include "base/arena.h"
#include "base/err.h"
#include "base/sbuf.h"

enum { CONF_BYTES_MAX = 16 << 20, CONF_DEPTH_MAX = 32, CONF_NODES_MAX = 200000 };

struct conf_node {
    enum conf_type { CONF_SCALAR, CONF_MAP, CONF_LIST } type;
    struct slice key; /* inside a map */
    unsigned key_line, key_col;
    unsigned line, col; /* from 1; of the value */
    struct slice text;  /* scalar; empty for null; a NUL stands behind it */
    bool quoted;        /* scalar in quotes or a block: never a number, boolean or null */
    unsigned n;         /* children */
    struct conf_node *child, *next;
    const struct conf_file *file;
};

struct conf_file {
    struct arena arena;
    char *name;
    struct slice text;
    struct conf_node *root; /* NULL: the file is empty, or holds nothing but null */
};

/* Takes a copy of text. NULL and an entry in d when it is no YAML. */
struct conf_file *conf_parse(const char *name, struct slice text, struct diag *d);
void conf_free(struct conf_file *f);
const struct conf_node *conf_get(const struct conf_node *map, const char *key);
/* Whether both say the same, wherever they stand; NULL is a value that is left out, which null is, too. */
bool conf_equal(const struct conf_node *a, const struct conf_node *b);
/* A value that is left out, or written as null or ~. */
static inline bool conf_null(const struct conf_node *n)
{
    return n->type == CONF_SCALAR && !n->quoted && n->text.n == 0;
}
struct err_place conf_place(const struct conf_node *n);
/* The place of one byte of a scalar's text; that of the scalar where escapes or folding hide it. */
struct err_place conf_place_in(const struct conf_node *n, size_t offset);
struct err_place conf_key_place(const struct conf_node *n);
/* error at the node; always false. */
bool conf_error(struct diag *d, const struct conf_node *n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
const char *conf_version(void);
/* The node's value as JSON (for comparing samples with payloads); plain scalars become numbers or booleans where YAML's
   core schema says so. */
void conf_json(const struct conf_node *n, struct sbuf *out);

#endif
