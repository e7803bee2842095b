/*
 * pattern_tree: a pattern as what it may match, for who makes texts of it (pump.h, pattern_text.h): branches of nodes,
 * and a node is one byte of a set, or a group. Assertions are groups that may be missing. For syntax that it does not
 * know it makes a tree that means something else, so what is made of it has to be tried. Pure.
 */
#ifndef TEXT_PATTERN_TREE_H
#define TEXT_PATTERN_TREE_H

#include "base/arena.h"

enum { PATTERN_NESTING_MAX = 20 };

/* Bytes, as a set. */
struct pattern_set {
    uint64_t bits[4];
};

/* An atom with its quantifier: one byte of a set, or a group. What matches no byte is a group without branches. */
struct pattern_node {
    struct pattern_set set;
    bool is_group;
    struct pattern_branch *branches;
    unsigned min;
    bool many; /* may be repeated often */
    struct pattern_node *next;
};

struct pattern_branch {
    struct pattern_node *first;
    struct pattern_branch *next;
};

/* Of the whole pattern, in the arena. NULL: it is nested too deep. */
struct pattern_branch *pattern_tree(struct slice pattern, struct arena *a);
bool pattern_set_has(const struct pattern_set *s, unsigned char c);
bool pattern_set_is_empty(const struct pattern_set *s);

#endif
