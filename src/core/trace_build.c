#include "core/trace_build.h"

#include "core/trace_frames.h"
#include "core/trace_line.h"
#include "core/trace_tree.h"

struct builder {
    const struct trace_grammar *g;
    struct arena *arena;
    struct trace_tree *tree;
    struct trace_node *node;     /* the exception that frames and values belong to; NULL: none yet, or too many */
    struct trace_thread *thread; /* that frames belong to, instead of an exception */
    enum trace_order order[TRACE_THREADS_MAX];
    struct trace_note *note; /* that further lines belong to; NULL: to the exception */
    struct trace *out;
};

static struct slice get(const struct trace_hit *hit, enum trace_group group)
{
    return hit->value[group];
}

static unsigned number(const struct trace_hit *hit, enum trace_group group)
{
    uint64_t v;
    return slice_u64(get(hit, group), &v) && v <= INT32_MAX ? (unsigned)v : 0;
}

static struct trace_frames *frames(struct builder *b)
{
    return b->thread ? &b->thread->frames : b->node ? &b->node->frames : NULL;
}

static struct trace_frame *last_frame(struct builder *b)
{
    struct trace_frames *f = frames(b);
    return f && f->n ? &f->v[f->n - 1] : NULL;
}

/* --- exceptions --- */

static void set_place(const struct trace_hit *hit, struct trace_frame *f)
{
    f->file = get(hit, TRACE_GROUP_FILE);
    f->line = number(hit, TRACE_GROUP_LINE);
    f->column = number(hit, TRACE_GROUP_COLUMN);
}

static void set_name(const struct trace_hit *hit, struct trace_frame *f)
{
    f->function = get(hit, TRACE_GROUP_FUNCTION);
    f->module = get(hit, TRACE_GROUP_MODULE);
}

static void fill_frame(const struct trace_hit *hit, struct trace_frame *f)
{
    set_place(hit, f);
    set_name(hit, f);
    f->package = get(hit, TRACE_GROUP_PACKAGE);
    f->context_line = slice_trim(get(hit, TRACE_GROUP_CONTEXT));
}

/* Type and place, which may stand beside any line of the value. A module beside a type is that of the type. */
static void complete(struct trace_node *node, const struct trace_hit *hit)
{
    struct slice type = get(hit, TRACE_GROUP_TYPE);
    if (type.n)
        node->type = type;
    if (get(hit, TRACE_GROUP_FILE).n)
        fill_frame(hit, &node->heading);
    if (type.n && get(hit, TRACE_GROUP_MODULE).n) {
        node->module = get(hit, TRACE_GROUP_MODULE);
        node->heading.module = SLICE_NONE;
    }
}

/* The value with what follows it in its line. */
static struct slice to_line_end(struct slice value, struct slice line)
{
    bool inside = value.p >= line.p && value.p + value.n <= line.p + line.n;
    return inside ? slice_from(line, (size_t)(value.p - line.p)) : value;
}

static void name(struct builder *b, const struct trace_hit *hit)
{
    struct slice value = get(hit, TRACE_GROUP_VALUE);
    if (value.n) {
        trace_tree_add_value(b->node, value, b->arena);
        b->node->unplaced = to_line_end(value, hit->line);
    }
    complete(b->node, hit);
}

/* What is said now goes for what the heading has said. */
static void rename_exception(struct builder *b, const struct trace_hit *hit)
{
    if (!b->node)
        return;
    if (get(hit, TRACE_GROUP_VALUE).n)
        trace_tree_clear_value(b->node);
    name(b, hit);
}

static void add_thread(struct builder *b, const struct trace_hit *hit);

static void begin_exception(struct builder *b, const struct trace_hit *hit)
{
    enum trace_do action = hit->transition->action;
    b->node = trace_tree_add(b->tree, action, get(hit, TRACE_GROUP_INDENT).n);
    b->thread = NULL;
    if (!b->node) /* what stands below it is nobody else's */
        return;
    name(b, hit);
    if (get(hit, TRACE_GROUP_THREAD).n)
        add_thread(b, hit);
}

/* --- threads --- */

static bool has_crashed_thread(const struct trace *t)
{
    for (unsigned i = 0; i < t->n_threads; i++)
        if (t->threads[i].crashed)
            return true;
    return false;
}

static bool is_number(struct slice s)
{
    uint64_t v;
    return slice_u64(s, &v);
}

/* The first one after the exception is where it was raised: its frames are the exception's. */
static void add_thread(struct builder *b, const struct trace_hit *hit)
{
    struct trace *t = b->out;
    if (t->n_threads == TRACE_THREADS_MAX) {
        t->lost++;
        return;
    }
    if (!t->threads)
        t->threads = arena_alloc(b->arena, TRACE_THREADS_MAX * sizeof *t->threads);
    bool crashed = b->node && !b->node->frames.n && !has_crashed_thread(t);
    b->order[t->n_threads] = hit->transition->order;
    struct trace_thread *thread = &t->threads[t->n_threads++];
    struct slice id = get(hit, TRACE_GROUP_THREAD);
    *thread = (struct trace_thread){.id = is_number(id) ? id : SLICE_NONE,
                                    .name = is_number(id) ? get(hit, TRACE_GROUP_NAME) : id,
                                    .state = get(hit, TRACE_GROUP_STATE),
                                    .crashed = crashed};
    b->thread = crashed ? NULL : thread;
}

/* --- frames --- */

static void add_frame(struct builder *b, const struct trace_hit *hit)
{
    struct trace_frames *f = frames(b);
    struct trace_frame *frame = f ? trace_frames_add(f, b->arena) : NULL;
    if (!frame)
        return;
    fill_frame(hit, frame);
    if (hit->transition->action == TRACE_DO_OMITTED)
        frame->omitted = number(hit, TRACE_GROUP_COUNT) ? number(hit, TRACE_GROUP_COUNT) : 1;
}

/*
 * The place may be what was printed first, and its function this. Before any frame it is the exception's own: what
 * looked like one in its heading was the end of its message.
 */
static void add_place(struct builder *b, const struct trace_hit *hit)
{
    struct trace_frame *f = last_frame(b);
    if (!f && b->node) {
        set_place(hit, &b->node->heading);
        trace_tree_end_value(b->node, b->node->unplaced);
        b->node->feed = b->node->value != NULL;
    }
    if (f && get(hit, TRACE_GROUP_FILE).n)
        set_place(hit, f);
    if (f && get(hit, TRACE_GROUP_FUNCTION).n)
        set_name(hit, f);
}

/* The first of several source lines is that of the place. */
static void add_context(struct builder *b, const struct trace_hit *hit)
{
    struct trace_frame *f = last_frame(b);
    struct slice s = get(hit, TRACE_GROUP_CONTEXT);
    if (f && !f->context_line.n)
        f->context_line = slice_trim(s.n ? s : hit->line);
}

static void add_repeat(struct builder *b, const struct trace_hit *hit)
{
    struct trace_frame *f = last_frame(b);
    if (f)
        f->repeated += number(hit, TRACE_GROUP_COUNT);
}

/* --- the rest --- */

static void lengthen_note(struct trace_note *note, struct slice line, struct arena *a)
{
    size_t n = note->value.n + 1 + line.n;
    if (n > TRACE_VALUE_BYTES)
        return;
    char *p = arena_alloc(a, n);
    memcpy(p, note->value.p, note->value.n);
    p[note->value.n] = '\n';
    memcpy(p + note->value.n + 1, line.p, line.n);
    note->value = slice_of(p, n);
}

/* Where an exception stands to the right, so may the lines of its message. */
static struct slice without_indent(struct slice line, const struct trace_node *node)
{
    size_t n = 0;
    while (node && n < node->indent && n < line.n && line.p[n] == ' ')
        n++;
    return slice_from(line, n);
}

static void add_message(struct builder *b, const struct trace_hit *hit)
{
    struct slice s = get(hit, TRACE_GROUP_VALUE);
    if (!hit->transition->regex || (!hit->transition->capture[TRACE_GROUP_VALUE] && !s.n))
        s = without_indent(hit->line, b->node);
    if (b->note)
        lengthen_note(b->note, s, b->arena);
    if (!b->node)
        return;
    if (!b->note) {
        trace_tree_add_value(b->node, s, b->arena);
        b->node->unplaced = to_line_end(s, hit->line);
    }
    complete(b->node, hit);
}

static void add_note(struct builder *b, const struct trace_hit *hit)
{
    struct trace *t = b->out;
    if (t->n_notes == TRACE_NOTES_MAX) {
        t->lost++;
        return;
    }
    if (!t->notes)
        t->notes = arena_alloc(b->arena, TRACE_NOTES_MAX * sizeof *t->notes);
    b->note = &t->notes[t->n_notes++];
    *b->note = (struct trace_note){get(hit, TRACE_GROUP_NAME), get(hit, TRACE_GROUP_VALUE)};
}

/* As many steps outwards as the count says; by itself one. */
static void leave(struct builder *b, const struct trace_hit *hit)
{
    unsigned n = get(hit, TRACE_GROUP_COUNT).n ? number(hit, TRACE_GROUP_COUNT) : 1;
    b->thread = NULL;
    for (; n && b->node && b->node->parent >= 0; n--)
        b->node = &b->tree->v[b->node->parent];
}

static void apply(struct builder *b, const struct trace_hit *hit)
{
    if (hit->transition->action != TRACE_DO_MESSAGE)
        b->note = NULL;
    switch (hit->transition->action) {
    case TRACE_DO_SKIP:
    case TRACE_DO_STOP:
        return;
    case TRACE_DO_EXCEPTION:
    case TRACE_DO_CAUSE:
    case TRACE_DO_EFFECT:
    case TRACE_DO_DURING:
    case TRACE_DO_SUPPRESSED:
    case TRACE_DO_MEMBER:
        begin_exception(b, hit);
        return;
    case TRACE_DO_NAMES:
        rename_exception(b, hit);
        return;
    case TRACE_DO_MESSAGE:
        add_message(b, hit);
        return;
    case TRACE_DO_FRAME:
    case TRACE_DO_OMITTED:
        add_frame(b, hit);
        return;
    case TRACE_DO_PLACE:
        add_place(b, hit);
        return;
    case TRACE_DO_CONTEXT:
        add_context(b, hit);
        return;
    case TRACE_DO_REPEAT:
        add_repeat(b, hit);
        return;
    case TRACE_DO_THREAD:
        add_thread(b, hit);
        return;
    case TRACE_DO_NOTE:
        add_note(b, hit);
        return;
    case TRACE_DO_LEAVE:
        leave(b, hit);
        return;
    }
}

/* A thread has an order of its own. */
static void set_order(struct builder *b, const struct trace_transition *t)
{
    if (t->order != TRACE_ORDER_GRAMMAR && b->node && t->action != TRACE_DO_THREAD)
        b->node->order = t->order;
}

static struct slice unquote(struct slice s, struct arena *a)
{
    return slice_chr(s, '\\') ? trace_line_unquote(a, s) : s;
}

/* The same hit with what it reads as it was before it was written with escapes. */
static const struct trace_hit *plain(const struct trace_hit *hit, struct arena *a)
{
    struct trace_hit *h = arena_calloc(a, 1, sizeof *h);
    *h = *hit;
    h->line = unquote(h->line, a);
    for (unsigned g = 0; g < TRACE_GROUP_N; g++)
        h->value[g] = unquote(h->value[g], a);
    return h;
}

/* A trace that is nothing but frames is that of an exception whose names are not known; but the grammar may set a type.
 */
static void begin_unnamed(struct builder *b, const struct trace_hit *const *hits, unsigned n)
{
    unsigned i = 0;
    while (i < n && hits[i]->transition->action == TRACE_DO_SKIP)
        i++;
    enum trace_do action = i < n ? hits[i]->transition->action : TRACE_DO_SKIP;
    if (action == TRACE_DO_FRAME || action == TRACE_DO_PLACE || action == TRACE_DO_CONTEXT || action == TRACE_DO_THREAD)
        b->node = trace_tree_add(b->tree, TRACE_DO_EXCEPTION, 0);
    if (b->node)
        b->node->type =
            get(hits[0], TRACE_GROUP_TYPE).n ? get(hits[0], TRACE_GROUP_TYPE) : get(hits[i], TRACE_GROUP_TYPE);
}

void trace_build(const struct trace_grammar *g, const struct trace_hit *last, bool unquoted, struct arena *arena,
                 struct trace *out)
{
    unsigned n = 0;
    const struct trace_frame nowhere = {0};
    struct builder b = {.g = g, .arena = arena, .out = out};
    for (const struct trace_hit *h = last; h; h = h->above)
        n++;
    const struct trace_hit **hits = arena_calloc(arena, n + 1, sizeof *hits);
    for (unsigned i = n; last; last = last->above)
        hits[--i] = last;
    b.tree = arena_alloc(arena, sizeof *b.tree);
    b.tree->n = b.tree->lost = 0; /* each node is written when it is added */
    begin_unnamed(&b, hits, n);
    bool escaped = false;
    for (unsigned i = 0; i < n; i++) {
        escaped |= hits[i]->transition->escaped && !unquoted;
        apply(&b, escaped ? plain(hits[i], arena) : hits[i]);
        set_order(&b, hits[i]->transition);
        out->crash |= hits[i]->transition->crash;
    }
    out->language = g->language;
    out->platform = g->platform;
    trace_tree_finish(g, b.tree, arena, out);
    for (unsigned i = 0; i < out->n_threads; i++)
        trace_frames_settle(g, b.order[i], &nowhere, &out->threads[i].frames, arena);
}
