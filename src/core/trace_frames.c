#include "core/trace_frames.h"

struct trace_frame *trace_frames_add(struct trace_frames *f, struct arena *a)
{
    if (f->n == TRACE_FRAMES_MAX) {
        f->lost++;
        return NULL;
    }
    if ((f->n & (f->n - 1)) == 0) { /* room doubles at each power of two */
        struct trace_frame *v = arena_alloc(a, (f->n ? f->n * 2 : 1) * sizeof *v);
        if (f->n)
            memcpy(v, f->v, f->n * sizeof *v);
        f->v = v;
    }
    f->v[f->n] = (struct trace_frame){0};
    return &f->v[f->n++];
}

static void reverse(struct trace_frames *f)
{
    for (unsigned i = 0; i + 1 < f->n - i; i++) {
        struct trace_frame swapped = f->v[i];
        f->v[i] = f->v[f->n - 1 - i];
        f->v[f->n - 1 - i] = swapped;
    }
}

/* --- places --- */

static void set_place(struct trace_frame *f, const struct trace_frame *place)
{
    f->file = place->file;
    f->line = place->line;
    f->column = place->column;
}

/* Newest first: each frame stands where it was called, so it was at the place of the one above, and the newest one at
 * that of the heading. The last place is that of a caller who has no name. */
static void shift_places(const struct trace_frame *heading, struct trace_frames *f, struct arena *a)
{
    struct trace_frame last = *heading;
    for (unsigned i = 0; i < f->n; i++) {
        struct trace_frame own = f->v[i];
        set_place(&f->v[i], &last);
        last = own;
    }
    struct trace_frame *caller = last.file.n && last.line ? trace_frames_add(f, a) : NULL;
    if (caller)
        set_place(caller, &last);
}

/* Newest first. */
static void add_heading(const struct trace_frame *heading, struct trace_frames *f, struct arena *a)
{
    if (!heading->function.n && (f->n || !heading->file.n))
        return;
    if (!trace_frames_add(f, a))
        return;
    memmove(f->v + 1, f->v, (f->n - 1) * sizeof *f->v);
    f->v[0] = *heading;
}

/* --- in_app --- */

/* Of sorted names none of which begins with another only the last that is not greater can be what s begins with. */
static bool begins_with_one(const struct trace_names *names, struct slice s)
{
    unsigned from = 0, to = names->n_beginnings;
    while (from < to) {
        unsigned mid = (from + to) / 2;
        if (slice_compare(names->v[mid], s) <= 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from > 0 && slice_starts(s, names->v[from - 1]);
}

static bool is_among(const struct trace_names *names, struct slice s)
{
    unsigned i = names->n_beginnings;
    if (s.n == 0)
        return names->unnamed;
    if (begins_with_one(names, s))
        return true;
    for (; i < names->n_parts; i++)
        if (slice_find(s, names->v[i]) >= 0)
            return true;
    for (; i < names->n; i++)
        if (slice_eq(s, names->v[i]))
            return true;
    return false;
}

static bool is_in_app(const struct trace_grammar *g, const struct trace_frame *f)
{
    return !is_among(&g->other_modules, f->module) && !is_among(&g->other_files, f->file) &&
           !is_among(&g->other_functions, f->function) && !is_among(&g->other_packages, f->package);
}

void trace_frames_settle(const struct trace_grammar *g, enum trace_order order, const struct trace_frame *heading,
                         struct trace_frames *f, struct arena *a)
{
    if (order == TRACE_ORDER_GRAMMAR)
        order = g->order;
    if (order == TRACE_OLDEST_FIRST && f->n)
        reverse(f);
    if (g->place_of_call)
        shift_places(heading, f, a);
    else
        add_heading(heading, f, a);
    if (f->n)
        reverse(f);
    for (unsigned i = 0; i < f->n; i++)
        f->v[i].in_app = is_in_app(g, &f->v[i]);
}

/* --- what was left out --- */

static bool is_same(const struct trace_frame *a, const struct trace_frame *b)
{
    return a->line == b->line && a->column == b->column && slice_eq(a->function, b->function) &&
           slice_eq(a->file, b->file) && slice_eq(a->module, b->module);
}

/*
 * Where in `other` the frames begin that belong into the gap at i: its oldest ones where the gap is the oldest itself,
 * else those between the two that stand on both sides of it. -1: they are not there.
 */
static int begin_of(const struct trace_frames *f, unsigned i, const struct trace_frames *other)
{
    unsigned n = f->v[i].omitted;
    if (n > other->n)
        return -1;
    if (i == 0)
        return 0;
    for (unsigned k = 0; k + n + 1 < other->n; k++)
        if (is_same(&other->v[k], &f->v[i - 1]) && i + 1 < f->n && is_same(&other->v[k + n + 1], &f->v[i + 1]))
            return (int)k + 1;
    return -1;
}

static void copy(struct trace_frames *to, const struct trace_frames *from, unsigned begin, unsigned n, bool restored,
                 struct arena *a)
{
    for (unsigned i = begin; i < begin + n; i++) {
        struct trace_frame *f = trace_frames_add(to, a);
        if (!f)
            continue;
        *f = from->v[i];
        f->restored |= restored;
    }
}

void trace_frames_restore(struct trace_frames *f, const struct trace_frames *other, struct arena *a)
{
    struct trace_frames whole = {.lost = f->lost};
    bool found = false;
    for (unsigned i = 0; i < f->n; i++) {
        int begin = f->v[i].omitted ? begin_of(f, i, other) : -1;
        if (begin < 0)
            copy(&whole, f, i, 1, false, a);
        else
            copy(&whole, other, (unsigned)begin, f->v[i].omitted, true, a);
        found |= begin >= 0;
    }
    if (found)
        *f = whole;
}
