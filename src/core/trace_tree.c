#include "core/trace_tree.h"

#include "core/trace_frames.h"

/* --- growing --- */

/* The last exception and those around it, from the inside out, up to the first that stands further left. */
static int around(const struct trace_tree *t, size_t indent, bool or_equal)
{
    int i = (int)t->n - 1;
    while (i >= 0 && t->v[i].parent >= 0 && (t->v[i].indent > indent || (or_equal && t->v[i].indent == indent)))
        i = t->v[i].parent;
    return i;
}

/* The one that a new one is the effect of: the last, or what is around that, on the same level. */
static int on_level(const struct trace_tree *t, size_t indent)
{
    int i = (int)t->n - 1;
    while (i >= 0 && t->v[i].parent >= 0 && (t->v[i].indent > indent || t->v[t->v[i].parent].indent >= indent))
        i = t->v[i].parent;
    return i;
}

/* The new one takes the place of the old one, which becomes its cause. */
static void put_around(struct trace_tree *t, struct trace_node *node, int old, enum trace_relation relation)
{
    if (old < 0)
        return;
    node->parent = t->v[old].parent;
    node->relation = t->v[old].relation;
    t->v[old].parent = (int)(node - t->v);
    t->v[old].relation = relation;
    t->v[old].printed_first = true;
}

struct trace_node *trace_tree_add(struct trace_tree *t, enum trace_do action, size_t indent)
{
    if (t->n == TRACE_EXCEPTIONS_MAX) {
        t->lost++;
        return NULL;
    }
    struct trace_node *node = &t->v[t->n];
    *node = (struct trace_node){.indent = indent, .parent = -1, .relation = TRACE_REPORTED};
    if (action == TRACE_DO_CAUSE) {
        node->parent = around(t, indent, false);
        node->relation = TRACE_CAUSE;
    } else if (action == TRACE_DO_SUPPRESSED || action == TRACE_DO_MEMBER) {
        node->parent = around(t, indent, true);
        node->relation = action == TRACE_DO_MEMBER ? TRACE_MEMBER : TRACE_SUPPRESSED;
        if (node->parent >= 0)
            t->v[node->parent].group |= action == TRACE_DO_MEMBER;
    } else {
        put_around(t, node, on_level(t, indent), action == TRACE_DO_EFFECT ? TRACE_CAUSE : TRACE_CONTEXT);
    }
    if (node->parent < 0 && action != TRACE_DO_EFFECT && action != TRACE_DO_DURING)
        node->relation = TRACE_REPORTED;
    t->n++;
    return node;
}

void trace_tree_add_value(struct trace_node *node, struct slice line, struct arena *a)
{
    size_t room = TRACE_VALUE_BYTES - node->value_bytes;
    if (room == 0)
        return;
    struct trace_text *text = arena_calloc(a, 1, sizeof *text);
    text->line = slice_sub(line, 0, room - 1);
    node->value_bytes += text->line.n + 1;
    if (node->value)
        node->value_end->next = text;
    else
        node->value = text;
    node->value_end = text;
}

void trace_tree_clear_value(struct trace_node *node)
{
    node->value = node->value_end = NULL;
    node->value_bytes = 0;
}

void trace_tree_end_value(struct trace_node *node, struct slice line)
{
    struct trace_text *text = node->value_end;
    size_t room = TRACE_VALUE_BYTES - (text ? node->value_bytes - text->line.n - 1 : 0);
    if (!text || room == 0)
        return;
    node->value_bytes -= text->line.n + 1;
    text->line = slice_sub(line, 0, room - 1);
    node->value_bytes += text->line.n + 1;
}

/* --- order --- */

/* What of two that belong to the same one comes first: a cause that was printed above it, then the order as printed. */
static bool comes_before(const struct trace_tree *t, unsigned a, unsigned b)
{
    if (t->v[a].printed_first != t->v[b].printed_first)
        return t->v[a].printed_first;
    return a < b;
}

/* The next of those that belong to the same one as i; with i < 0 the first that belongs to `parent`. -1: none. */
static int sibling(const struct trace_tree *t, int parent, int i)
{
    int best = -1;
    for (unsigned k = 0; k < t->n; k++) {
        if (t->v[k].parent != parent || (i >= 0 && ((int)k == i || !comes_before(t, (unsigned)i, k))))
            continue;
        if (best < 0 || comes_before(t, k, (unsigned)best))
            best = (int)k;
    }
    return best;
}

/* The one behind i where each is followed by those that belong to it. */
static int next_in_tree(const struct trace_tree *t, int i)
{
    int next = sibling(t, i, -1);
    while (next < 0 && i >= 0) {
        next = sibling(t, t->v[i].parent, i);
        i = t->v[i].parent;
    }
    return next;
}

/* --- as values --- */

static struct slice value_of(const struct trace_node *node, struct arena *a)
{
    char *p = arena_alloc(a, node->value_bytes + 1);
    size_t n = 0;
    for (const struct trace_text *t = node->value; t; t = t->next) {
        if (n)
            p[n++] = '\n';
        if (t->line.n)
            memcpy(p + n, t->line.p, t->line.n);
        n += t->line.n;
    }
    while (n && ascii_space(p[n - 1]))
        n--;
    if (n && node->feed)
        p[n++] = '\n';
    return slice_of(p, n);
}

/* a.b.Type is Type of module a.b: the first name with a capital begins the type, else the last name is it. A class that
 * Python's function makes has the function's name before it, a.b.f.<locals>.Type, which is part of the type. */
static void split_type(struct trace_node *node)
{
    size_t at = 0;
    struct slice s = node->type;
    ptrdiff_t local = slice_find(s, SLICE(".<locals>"));
    size_t n = local < 0 ? s.n : (size_t)local;
    for (size_t i = 0; i < n && !(at < s.n && s.p[at] >= 'A' && s.p[at] <= 'Z'); i++)
        if (s.p[i] == '.')
            at = i + 1;
    if (at == 0 || at >= s.n)
        return;
    node->module = slice_sub(s, 0, at - 1);
    node->type = slice_from(s, at);
}

/* The first that is the cause of i; -1: none. */
static int cause_of(const struct trace_tree *t, int i)
{
    int k = sibling(t, i, -1);
    while (k >= 0 && t->v[k].relation != TRACE_CAUSE)
        k = sibling(t, i, k);
    return k;
}

/* Frames in the middle are left out for being those of the cause, the oldest ones for being those of the exception
 * around: so first from the inside out, then from the outside in. */
static void restore(struct trace_tree *t, const int *order, unsigned n, struct arena *a)
{
    for (unsigned i = n; i-- > 0;) {
        int cause = cause_of(t, order[i]);
        struct trace_frames *f = &t->v[order[i]].frames;
        if (cause >= 0 && f->n && !f->v[0].omitted)
            trace_frames_restore(f, &t->v[cause].frames, a);
    }
    for (unsigned i = 0; i < n; i++) {
        struct trace_node *node = &t->v[order[i]];
        if (node->parent >= 0 && node->frames.n && node->frames.v[0].omitted)
            trace_frames_restore(&node->frames, &t->v[node->parent].frames, a);
    }
}

static unsigned ordinal(const struct trace_tree *t, int i)
{
    unsigned n = 0;
    for (int k = sibling(t, t->v[i].parent, -1); k >= 0 && k != i; k = sibling(t, t->v[i].parent, k))
        n += t->v[k].relation == t->v[i].relation;
    return n;
}

void trace_tree_finish(const struct trace_grammar *g, struct trace_tree *t, struct arena *a, struct trace *out)
{
    int order[TRACE_EXCEPTIONS_MAX];
    unsigned id[TRACE_EXCEPTIONS_MAX] = {0}, n = 0;
    for (unsigned i = 0; i < t->n; i++) {
        struct trace_node *node = &t->v[i];
        node->printed = node->type;
        if (g->split_type)
            split_type(node);
        trace_frames_settle(g, node->order, &node->heading, &node->frames, a);
    }
    for (int i = next_in_tree(t, -1); i >= 0 && n < t->n; i = next_in_tree(t, i)) {
        id[i] = n;
        order[n++] = i;
    }
    restore(t, order, n, a);
    out->exceptions = arena_calloc(a, n, sizeof *out->exceptions);
    out->n_exceptions = n;
    out->lost += t->lost;
    for (unsigned i = 0; i < n; i++) {
        const struct trace_node *node = &t->v[order[i]];
        out->exceptions[n - 1 - i] = (struct trace_exception){.type = node->type,
                                                              .value = value_of(node, a),
                                                              .module = node->module,
                                                              .printed = node->printed,
                                                              .frames = node->frames,
                                                              .id = i,
                                                              .parent = node->parent < 0 ? -1 : (int)id[node->parent],
                                                              .relation = node->relation,
                                                              .ordinal = ordinal(t, order[i]),
                                                              .group = node->group};
    }
}
