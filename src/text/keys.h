/*
 * keys: what a map of a YAML file may hold, as a table of rows.
 *
 * One table gives: binding of a conf_node map to a struct with every error at its place ("did you mean"), the
 * defaults, a dump that can be read again, a JSON Schema for editors, and the key list of the manual. Tables
 * are constant; what binding allocates lives in the arena of the context. Pure.
 *
 * A row of a struct looks like this:
 *
 *     {.name = "before", .type = KEY_INT, KEY_AT(struct options, crumbs.before), .max = 1000, .def = "30",
 *      .help = "Breadcrumbs from before the event."},
 *     {.name = "in_app", .type = KEY_LIST, KEY_MANY(struct options, in_app, n_in_app), .of = &key_string,
 *      .help = "Modules and paths of one's own code."},
 *     {.name = NULL}
 */
#ifndef TEXT_KEYS_H
#define TEXT_KEYS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/sbuf.h"
#include "text/conf.h"
#include "text/regex.h"

enum key_type {
    KEY_STRING,   /* struct slice, a NUL stands behind it; {NULL, 0} when not set */
    KEY_CSTR,     /* char *; NULL when not set */
    KEY_BOOL,     /* bool; on off true false yes no */
    KEY_INT,      /* an unsigned integer member of any width */
    KEY_DURATION, /* int64_t, microseconds; written 500ms 30s 10m 1h 7d, or 0 */
    KEY_SIZE,     /* an unsigned integer member, bytes; written 512 64k 32m 1g, powers of 1024 */
    KEY_ENUM,     /* int-sized enum; the index of the word in `names` */
    KEY_TEXT,     /* const struct conf_node *, a scalar that is not empty: for what is compiled later and needs
                     its place */
    KEY_NODE,     /* const struct conf_node *, anything */
    KEY_TABLE,    /* a map with a table of its own, into the same struct or a member struct */
    KEY_LIST,     /* T *v and unsigned n; `of` says what an element is */
    KEY_MAP,      /* the same from a map with free names: T begins with struct slice name */
    KEY_CUSTOM    /* whatever `custom` makes of it */
};

struct key;

struct keys_ctx {
    struct arena *arena;
    struct diag *diag;
    void *u; /* for custom rows and checks */
};

struct key_custom {
    /* Writes at `at` (base + offset). False with an entry in c->diag. */
    bool (*bind)(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at);
    /* The value as one line of YAML; nothing when it is not set. */
    void (*dump)(const struct key *k, const void *at, struct sbuf *out);
    const char *schema; /* a JSON Schema */
    const char *words;  /* what it must be, for errors and the manual: "on or off" */
};

struct key_table {
    const struct key *keys; /* a row without a name ends it */
    size_t size;            /* of the struct; needed for tables that are elements or dumped */
    const char *help;
    const char *const *one_of; /* exactly one of these keys must be there; NULL ends it */
    /* False: the key has no meaning beside the others: a warning, and it is not dumped. May say why in
     * `text`. NULL: all apply. */
    bool (*applies)(const struct key *k, const void *base, const char **text);
    /* What one row cannot say, after all rows are bound without error. False with an entry in c->diag. */
    bool (*check)(struct keys_ctx *c, const struct conf_node *map, void *base);
};

struct key {
    const char *name; /* "*": a KEY_MAP that takes every key no other row names */
    enum key_type type;
    size_t offset, size;        /* KEY_AT; of an element: its place in T */
    size_t n_offset, elem_size; /* KEY_MANY */
    const struct key *of;
    const struct key_table *table;
    const char *const *names; /* KEY_ENUM, NULL ends them, an empty one is not offered */
    const struct key_custom *custom;
    int64_t min, max; /* numbers as stored; bytes of a string; entries of a list. max 0: what the member and
                         reason allow */
    const char *def;  /* as it would be written in YAML; NULL: none */
    const char *help; /* sentences for the manual and the schema */
    bool required, secret;
    bool later; /* accepted, not yet in force: a warning at its place */
};

#define KEY_AT(type_, member_) .offset = offsetof(type_, member_), .size = sizeof(((type_ *)0)->member_)
#define KEY_MANY(type_, member_, n_member_)                                                                            \
    .offset = offsetof(type_, member_), .n_offset = offsetof(type_, n_member_),                                        \
    .elem_size = sizeof *((type_ *)0)->member_

/* An element of a list of struct slice, and of a map to one (struct key_pair). */
extern const struct key key_string, key_pair_string;

struct key_pair {
    struct slice name, value;
};

/*
 * Writes the defaults to base, which the caller has zeroed, then what the map says. Every error is reported,
 * not only the first; false when there was one, and base is then not to be used. map NULL: the defaults.
 */
bool keys_bind(const struct key_table *t, const struct conf_node *map, void *base, struct keys_ctx *c);

/* The value of a scalar node as a compiled pattern. NULL and an error at the byte that is wrong. The caller
 * frees. */
struct regex *keys_regex(struct diag *d, const struct conf_node *n, bool ignore_case);

/* Words as people write them; false, *out untouched, when they are none. */
bool keys_bool(struct slice s, bool *out);
/* 300ms, 5m, 7d. */
bool keys_duration(struct slice s, int64_t *out_us);
void keys_put_duration(int64_t us, struct sbuf *out);
void keys_put_size(uint64_t bytes, struct sbuf *out);
/* A scalar as YAML: plain where that is safe, else in quotes. */
void keys_put_string(struct slice s, struct sbuf *out);
/* A secret for people: user and password of a URL, or the whole text, become a row of x. */
void keys_put_masked(struct slice s, struct sbuf *out);

/*
 * Every key with its value as YAML; "# default" behind those that equal the one in def (NULL: the table's
 * own), a comment for those that are not set.
 */
void keys_dump(const struct key_table *t, const void *base, const void *def, struct sbuf *out);
/* JSON Schema (draft 7) of the file kind. */
void keys_schema(const struct key_table *t, const char *title, struct sbuf *out);
/* mdoc(7): an .It row for each key, nested lists for tables; to stand inside .Bl -tag and .El. */
void keys_man(const struct key_table *t, struct sbuf *out);

/* The word of `names` that was most likely meant: one that is spelt alike, or what others call by this word
   ("critical" for fatal). NULL: none. An empty name is not offered. */
const char *keys_nearest(struct slice word, const char *const *names);
/* What a value must be: "a number from 1 to 65535". */
void keys_words(const struct key *k, struct sbuf *out);
/* The least and greatest number, with what the row leaves open filled in. */
int64_t keys_max(const struct key *k);

#endif
