/*
 * trace_tree: the exceptions of a trace while it is read, in the order in which they are printed, each with the index
 * of the one it belongs to. Part of trace. Pure.
 */
#ifndef CORE_TRACE_TREE_H
#define CORE_TRACE_TREE_H

#include "core/trace_grammar.h"

struct trace_text {
    struct slice line;
    struct trace_text *next;
};

struct trace_node {
    struct slice type, module, printed;
    struct trace_text *value, *value_end;
    size_t value_bytes;
    struct trace_frames frames; /* as printed */
    struct trace_frame heading; /* the place beside type and value */
    struct slice unplaced;      /* the value's last line if what is the place there is none */
    bool feed;                  /* it ends with a line feed: its place stands on the next line */
    enum trace_order order;
    size_t indent;
    int parent; /* index; -1: none */
    enum trace_relation relation;
    bool printed_first; /* above its parent */
    bool group;
};

struct trace_tree {
    struct trace_node v[TRACE_EXCEPTIONS_MAX];
    unsigned n, lost;
};

/* A new exception of one of the actions that begin one, so far to the right. NULL: there are too many. */
struct trace_node *trace_tree_add(struct trace_tree *t, enum trace_do action, size_t indent);
/* A line of its value; what passes TRACE_VALUE_BYTES is left out. */
void trace_tree_add_value(struct trace_node *node, struct slice line, struct arena *a);
void trace_tree_clear_value(struct trace_node *node);
/* This is the last line of its value, instead of the one that it has. */
void trace_tree_end_value(struct trace_node *node, struct slice line);
/* As values of an event: the reported one last, each before the one it belongs to, with all their frames. */
void trace_tree_finish(const struct trace_grammar *g, struct trace_tree *t, struct arena *a, struct trace *out);

#endif
