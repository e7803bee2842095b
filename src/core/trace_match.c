#include "core/trace_match.h"

#include <stdlib.h>

#include "base/xalloc.h"

static struct slice seen(struct slice line)
{
    return slice_sub(line, 0, TRACE_LINE_BYTES);
}

static bool takes(struct trace_scratch *x, const struct trace_transition *t, const struct trace_fit *fit)
{
    if ((fit->bare && !t->bare) || (t->after_record && !fit->after_record))
        return false;
    if (!t->regex) /* takes no line that looks like a record */
        return !fit->record && !trace_line_is_record(fit->rest);
    return regex_match(t->regex, x->regex, seen(fit->rest), 0) == REGEX_YES;
}

/* What ends a line is not cut off where patterns see it cut. */
static void go_to_end(struct slice line, struct slice *s)
{
    if (line.n > TRACE_LINE_BYTES && s->n && s->p + s->n == line.p + TRACE_LINE_BYTES)
        s->n += line.n - TRACE_LINE_BYTES;
}

static struct trace_hit *make_hit(struct trace_scratch *x, const struct trace_transition *t, struct slice line,
                                  struct arena *arena)
{
    struct trace_hit *hit = arena_calloc(arena, 1, sizeof *hit);
    hit->transition = t;
    hit->line = line;
    hit->match = t->regex ? regex_capture(x->regex, 0) : line;
    if (!t->regex)
        hit->value[TRACE_GROUP_VALUE] = line;
    for (unsigned g = 0; g < TRACE_GROUP_N; g++)
        if (t->regex && t->capture[g])
            hit->value[g] = regex_capture(x->regex, t->capture[g]);
    go_to_end(line, &hit->value[TRACE_GROUP_VALUE]);
    go_to_end(line, &hit->value[TRACE_GROUP_REST]);
    return hit;
}

/* A value of the grammar, with what the line says put in. */
static struct slice set_value(const struct trace_hit *hit, struct slice set, struct arena *arena)
{
    size_t room = set.n;
    if (!slice_chr(set, TRACE_SET_GROUP))
        return set;
    for (unsigned g = 0; g < TRACE_GROUP_N; g++)
        room += hit->value[g].n * (set.n / 2);
    char *out = arena_alloc(arena, room);
    size_t n = 0;
    for (size_t i = 0; i < set.n; i++) {
        bool group = set.p[i] == TRACE_SET_GROUP && i + 1 < set.n;
        struct slice s = group ? hit->value[set.p[i + 1] - 1] : slice_sub(set, i, i + 1);
        if (s.n)
            memcpy(out + n, s.p, s.n);
        n += s.n;
        i += group;
    }
    return slice_of(out, n);
}

/* What the line does not say and the grammar does. */
static struct trace_hit *complete(struct trace_hit *hit, struct arena *arena)
{
    const struct slice *set = hit ? hit->transition->set : NULL;
    for (unsigned g = 0; set && g < TRACE_GROUP_N; g++)
        if (set[g].n && !hit->value[g].n)
            hit->value[g] = set_value(hit, set[g], arena);
    return hit;
}

/* The first of n transitions that takes the line. */
static struct trace_hit *search(struct trace_scratch *x, const struct trace_transition *v, unsigned n,
                                const struct trace_fit *fit, struct arena *arena)
{
    for (unsigned i = 0; i < n; i++)
        if (takes(x, &v[i], fit))
            return make_hit(x, &v[i], fit->rest, arena);
    return NULL;
}

/* --- what was found before --- */

enum { MEMO_TEXT = 192, MEMO_NONE = 255 };

struct range {
    uint8_t begin, end;
};

/* A direct-mapped table: each line has one place, and the last one that was there stands in it. */
struct trace_memo {
    struct memo_entry {
        const struct trace_transition *of; /* those that were tried, the first of the state or one alone; NULL: empty */
        uint8_t n, conditions;             /* of the line */
        uint8_t transition;                /* of these; MEMO_NONE: none takes the line */
        struct range match, value[TRACE_GROUP_N];
        char text[MEMO_TEXT];
    } v[TRACE_MEMO_BYTES / 256];
};

_Static_assert(sizeof(struct memo_entry) <= 256, "an entry has room");

void trace_memo_free(struct trace_memo *memo)
{
    free(memo);
}

static uint8_t conditions(const struct trace_fit *fit)
{
    return (uint8_t)(fit->record | fit->bare << 1 | fit->after_record << 2);
}

static struct memo_entry *entry_of(struct trace_scratch *x, const struct trace_transition *of, struct slice line)
{
    if (!x->memo)
        x->memo = xcalloc(1, sizeof *x->memo);
    uint64_t h = slice_hash(line, (uintptr_t)of);
    return &x->memo->v[h % (sizeof x->memo->v / sizeof *x->memo->v)];
}

static bool is_entry(const struct memo_entry *e, const struct trace_transition *of, const struct trace_fit *fit)
{
    return e->of == of && e->conditions == conditions(fit) && slice_eq(slice_of(e->text, e->n), fit->rest);
}

static struct range range_of(struct slice part, struct slice line)
{
    size_t at = part.p ? (size_t)(part.p - line.p) : 0;
    return (struct range){(uint8_t)at, (uint8_t)(at + part.n)};
}

static void keep(struct memo_entry *e, const struct trace_transition *of, const struct trace_fit *fit,
                 const struct trace_hit *hit)
{
    struct slice line = fit->rest;
    e->of = of;
    e->n = (uint8_t)line.n;
    e->conditions = conditions(fit);
    e->transition = MEMO_NONE;
    if (line.n)
        memcpy(e->text, line.p, line.n);
    if (!hit)
        return;
    e->transition = (uint8_t)(hit->transition - of);
    e->match = range_of(hit->match, line);
    for (unsigned g = 0; g < TRACE_GROUP_N; g++)
        e->value[g] = range_of(hit->value[g], line);
}

static struct trace_hit *recall(const struct memo_entry *e, struct slice line, struct arena *arena)
{
    if (e->transition == MEMO_NONE)
        return NULL;
    struct trace_hit *hit = arena_alloc(arena, sizeof *hit);
    hit->above = NULL;
    hit->transition = e->of + e->transition;
    hit->line = line;
    hit->match = slice_sub(line, e->match.begin, e->match.end);
    for (unsigned g = 0; g < TRACE_GROUP_N; g++)
        hit->value[g] = slice_sub(line, e->value[g].begin, e->value[g].end);
    return hit;
}

static struct trace_hit *find(struct trace_scratch *x, const struct trace_transition *v, unsigned n,
                              const struct trace_fit *fit, struct arena *arena)
{
    if (n == 0 || fit->rest.n > MEMO_TEXT)
        return complete(search(x, v, n, fit, arena), arena);
    struct memo_entry *e = entry_of(x, v, fit->rest);
    if (is_entry(e, v, fit))
        return complete(recall(e, fit->rest, arena), arena);
    struct trace_hit *hit = search(x, v, n, fit, arena);
    keep(e, v, fit, hit);
    return complete(hit, arena);
}

struct trace_hit *trace_match(struct trace_scratch *x, const struct trace_state *state, const struct trace_fit *fit,
                              struct arena *arena)
{
    struct trace_hit *hit = find(x, state->v, state->n, fit, arena);
    return hit && hit->transition->action != TRACE_DO_STOP ? hit : NULL;
}

struct trace_hit *trace_match_opening(struct trace_scratch *x, const struct trace_transition *t, struct slice line,
                                      struct arena *arena)
{
    return find(x, t, 1, &(struct trace_fit){.rest = line}, arena);
}
