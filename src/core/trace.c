#include "core/trace.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "core/trace_line.h"
#include "core/trace_walk.h"

struct trace_scratch *trace_scratch_new(void)
{
    struct trace_scratch *x = xcalloc(1, sizeof *x);
    x->regex = regex_scratch_new();
    x->prefilter = prefilter_scratch_new();
    look_ahead_init(&x->ahead, FRAME_LOOKER_TRACES);
    return x;
}

/* False: nothing opens. A set that is to be ready later is made so: most logs that are tried have no traces. */
static bool has_openings(const struct trace_set *set, struct trace_scratch *x)
{
    if (!set)
        return false;
    if (!set->ready)
        trace_set_now((struct trace_set *)(uintptr_t)set);
    if (!x->fitted) {
        x->hits = prefilter_hits_new(set->n_openings);
        if (set->prefilter)
            prefilter_scratch_fit(x->prefilter, set->prefilter);
    }
    x->fitted = true;
    return set->n_openings > 0;
}

void trace_scratch_free(struct trace_scratch *x)
{
    if (!x)
        return;
    regex_scratch_free(x->regex);
    prefilter_scratch_free(x->prefilter);
    prefilter_hits_done(&x->hits);
    look_ahead_done(&x->ahead);
    arena_done(&x->arena);
    trace_memo_free(x->memo);
    free(x);
}

/* --- several things on one line --- */

/* Several things on one line: what is behind the first is read as a line of its own, in the next state, and so on. Each
 * is shorter than the one before, and there are so many at most. Returns the last. */
static struct trace_hit *read_rest(const struct trace_grammar *g, struct trace_scratch *x, struct trace_hit *hit,
                                   struct arena *arena)
{
    for (unsigned i = 0; i < TRACE_FRAMES_MAX; i++) {
        struct slice rest = hit->value[TRACE_GROUP_REST];
        if (rest.n == 0 || rest.n >= hit->line.n)
            break;
        struct trace_fit fit = {.rest = rest};
        struct trace_hit *next = trace_match(x, &g->states[hit->transition->next], &fit, arena);
        if (!next)
            break;
        next->above = hit;
        hit = next;
    }
    return hit;
}

/* --- opening --- */

struct opening {
    struct trace_walk walk;
    struct slice line;
    size_t head;   /* bytes of it that collectors have put before all */
    size_t before; /* bytes of the line before the widest match */
    bool settled;  /* its language is known: no other is asked */
};

/* The first opening from i on that the prefilter has not ruled out; all have been: their number. */
static unsigned next_opening(const struct trace_set *set, const struct trace_scratch *x, unsigned i)
{
    if (!set->prefilter || i >= set->n_openings)
        return i;
    for (unsigned w = i / 64; i < set->n_openings; w++, i = w * 64) {
        uint64_t word = x->hits.word[w] >> i % 64;
        if (word)
            return i + (unsigned)__builtin_ctzll(word);
    }
    return set->n_openings;
}

static bool knows_grammar(const struct trace_walk *walk, unsigned grammar)
{
    for (unsigned i = 0; i < walk->n_ways; i++)
        if (walk->ways[i].grammar == grammar)
            return true;
    return false;
}

/* What goes on in the same line has told the language: the other ways are given up. */
static void settle_on(struct opening *o, unsigned way, struct trace_log *log)
{
    o->walk.ways[0] = o->walk.ways[way];
    log->head[0] = log->head[way];
    o->walk.n_ways = 1;
    o->settled = true;
}

/* What stands before the trace is so for all that are sure of the line; only where none is, for all. */
static void learn_before(struct opening *o, size_t at, bool sure)
{
    bool first = sure && !o->walk.sure;
    if (first || (at < o->before && (sure || !o->walk.sure)))
        o->before = at;
}

/* Another way to read the line that opens. */
static void add_way(const struct trace_set *set, struct trace_scratch *x, const struct trace_opening *by,
                    struct opening *o, struct trace_log *log)
{
    const struct trace_transition *t = by->transition;
    struct trace_walk *walk = &o->walk;
    bool asked = !o->settled && walk->n_ways < TRACE_WAYS_MAX && !knows_grammar(walk, by->grammar);
    struct trace_hit *first = asked ? trace_match_opening(x, t, o->line, log->arena) : NULL;
    /* A pattern that begins where the line does; not one that is enough by itself, for which it has to. */
    if (asked && !first && o->head && t->maybe)
        first = trace_match_opening(x, t, slice_from(o->line, o->head), log->arena);
    if (!first)
        return;
    size_t at = (size_t)(first->match.p - o->line.p);
    unsigned to = walk->n_ways++;
    if (!t->maybe && !walk->sure && to) { /* the first one that is sure comes before those that are not */
        walk->ways[to] = walk->ways[0];
        log->head[to] = log->head[0];
        to = 0;
    }
    struct trace_hit *hit = read_rest(set->grammars[by->grammar], x, first, log->arena);
    log->head[to] = hit;
    bool sure = !t->maybe || !hit->transition->maybe;
    walk->ways[to] = (struct trace_way){.grammar = by->grammar, .state = hit->transition->next, .sure = sure};
    walk->before = to ? walk->before : t->before;
    learn_before(o, at, sure);
    walk->sure |= sure;
    walk->crash |= t->crash;
    if (hit != first && !hit->transition->maybe)
        settle_on(o, to, log);
}

/* Whether the first that opens in the line is a whole trace: others stand behind it in the same line. */
static bool begins_whole(struct trace_scratch *x, const struct trace_set *set, struct slice line,
                         struct trace_opening *first, struct arena *arena)
{
    const char *least = NULL;
    for (unsigned i = next_opening(set, x, 0); i < set->n_openings; i = next_opening(set, x, i + 1)) {
        const struct trace_hit *hit = trace_match_opening(x, set->openings[i].transition, line, arena);
        if (!hit || (least && hit->match.p >= least))
            continue;
        *first = set->openings[i];
        least = hit->match.p;
    }
    return least && first->transition->last;
}

static bool may_be_whole(const struct trace_set *set, const struct trace_scratch *x)
{
    for (unsigned i = next_opening(set, x, 0); i < set->n_openings; i = next_opening(set, x, i + 1))
        if (set->openings[i].transition->last)
            return true;
    return false;
}

bool trace_may_open(const struct trace_set *set, struct trace_scratch *x, struct slice text, struct frame_ahead *ahead)
{
    if (!has_openings(set, x))
        return false;
    if (!set->prefilter || text.n > TRACE_LINE_BYTES || slice_chr(text, '\x1b'))
        return true;
    x->ahead.ahead = ahead;
    look_ahead_run(&x->ahead, set->prefilter, x->prefilter, text, &x->hits);
    x->ahead.ahead = NULL;
    return next_opening(set, x, 0) < set->n_openings;
}

static void find_ways(const struct trace_set *set, struct trace_scratch *x, struct opening *o, struct trace_log *log)
{
    struct trace_opening whole;
    if (set->prefilter)
        prefilter_run(set->prefilter, x->prefilter, slice_sub(o->line, 0, TRACE_LINE_BYTES), &x->hits);
    for (unsigned i = next_opening(set, x, 0); i < set->n_openings; i = next_opening(set, x, i + 1))
        add_way(set, x, &set->openings[i], o, log);
    if (!o->walk.n_ways || !log->joined || !may_be_whole(set, x) || !begins_whole(x, set, o->line, &whole, log->arena))
        return;
    *o = (struct opening){.before = SIZE_MAX, .line = o->line, .head = o->head};
    add_way(set, x, &whole, o, log);
}

enum trace_step trace_walk_open(const struct trace_set *set, struct trace_scratch *x, struct slice line,
                                struct trace_walk *walk, struct trace_log *log)
{
    struct opening o = {.before = SIZE_MAX};
    if (!line.n || !has_openings(set, x))
        return TRACE_NONE;
    o.line = trace_line_clean(log->arena, line);
    o.head = trace_line_head(o.line);
    find_ways(set, x, &o, log);
    if (!o.walk.n_ways)
        return TRACE_NONE;
    trace_line_learn(&o.walk, slice_sub(o.line, 0, o.before));
    o.walk.lines = 1;
    o.walk.bytes = (uint32_t)o.line.n + 1;
    o.walk.maybe = !o.walk.sure;
    *walk = o.walk;
    log->before = o.before;
    if (!log->head[0]->transition->last || !o.walk.sure)
        return o.walk.sure ? TRACE_OPENS : TRACE_MAYBE;
    walk->n_ways = 1; /* it is whole, and no line will come that another language could take */
    return TRACE_ENDS;
}

enum trace_step trace_open(const struct trace_set *set, struct trace_scratch *x, struct slice line,
                           struct trace_walk *walk)
{
    struct trace_log log = {.arena = &x->arena};
    arena_reset(&x->arena);
    return trace_walk_open(set, x, line, walk, &log);
}

void trace_follows(struct trace_walk *walk, struct slice before)
{
    struct trace_fit fits[TRACE_FITS_MAX];
    if (before.n && trace_line_fits(walk, before, fits))
        walk->after_record |= fits[0].record || trace_line_is_record(fits[0].rest);
}

bool trace_begins_alike(const struct trace_walk *walk, struct slice line)
{
    struct trace_fit fits[TRACE_FITS_MAX];
    return !walk->prefix.n || (trace_line_fits(walk, line, fits) && fits[0].n_prefix == walk->prefix.n);
}

/* --- going on --- */

enum rank { RANK_NONE, RANK_ANY, RANK_MATCHED, RANK_SURE };

/* A line read with one fit, by every way that it can go. */
struct trial {
    const struct trace_fit *fit;
    struct trace_way ways[TRACE_WAYS_MAX];
    const struct trace_hit *head[TRACE_WAYS_MAX];
    unsigned n;
    enum rank rank;
    bool crash, last;
    bool sure; /* a line before it was, for one of the ways */
};

static enum rank rank_of(const struct trace_transition *t)
{
    return !t->maybe ? RANK_SURE : t->regex ? RANK_MATCHED : RANK_ANY;
}

static void give_up_unsure(struct trial *t)
{
    unsigned n = 0;
    t->crash = t->last = false;
    for (unsigned i = 0; i < t->n; i++) {
        if (!t->ways[i].sure)
            continue;
        t->crash |= t->head[i]->transition->crash;
        t->last |= t->head[i]->transition->last;
        t->head[n] = t->head[i];
        t->ways[n++] = t->ways[i];
    }
    t->n = n;
}

static bool is_mark(char c)
{
    return c > ' ' && c < 0x7f && !ascii_alnum(c);
}

/* What runtimes draw: "--- End of", "^^^^", "====". */
static bool is_rule(struct slice line)
{
    struct slice s = slice_trim(line);
    return s.n > 1 && is_mark(s.p[0]) && is_mark(s.p[1]);
}

/* Text, and what is passed over and leads nowhere, if it begins as text does: it need not be much that tells them. */
static bool is_loose(const struct trace_transition *t, unsigned state, struct slice line)
{
    enum trace_do a = t->action;
    bool passed = (a == TRACE_DO_SKIP || a == TRACE_DO_NOTE) && t->next == state && !t->last && !is_rule(line);
    return a == TRACE_DO_MESSAGE || a == TRACE_DO_NAMES || a == TRACE_DO_CONTEXT || passed;
}

static bool is_frame(enum trace_do a)
{
    return a == TRACE_DO_FRAME || a == TRACE_DO_PLACE || a == TRACE_DO_OMITTED || a == TRACE_DO_REPEAT ||
           a == TRACE_DO_THREAD;
}

/*
 * What is sure for one language settles it: the ways that only may go on are given up, but for those that a line above
 * was sure for: it may be one of their message. And one that no line was sure for, where the opening line was sure for
 * another, goes on by a sure line only.
 */
static void try_way(const struct trace_set *set, struct trace_scratch *x, struct trace_way way,
                    const struct trace_log *log, unsigned w, struct trial *t)
{
    const struct trace_grammar *g = set->grammars[way.grammar];
    struct trace_hit *hit = trace_match(x, &g->states[way.state], t->fit, log->arena);
    if (!hit)
        return;
    hit->above = log->head[w];
    enum rank rank = rank_of(hit->transition);
    hit = read_rest(g, x, hit, log->arena);
    if (rank_of(hit->transition) > rank)
        rank = rank_of(hit->transition);
    if (rank < RANK_SURE && !way.sure && (t->rank == RANK_SURE || t->sure))
        return;
    if (rank == RANK_SURE && t->rank < RANK_SURE)
        give_up_unsure(t);
    t->rank = rank > t->rank ? rank : t->rank;
    t->crash |= hit->transition->crash;
    t->last |= hit->transition->last;
    t->head[t->n] = hit;
    t->ways[t->n++] = (struct trace_way){.grammar = way.grammar,
                                         .state = hit->transition->next,
                                         .sure = way.sure || rank == RANK_SURE,
                                         .loose = is_loose(hit->transition, way.state, t->fit->rest),
                                         .frame = is_frame(hit->transition->action)};
}

static struct trial try_fit(const struct trace_set *set, struct trace_scratch *x, const struct trace_walk *walk,
                            const struct trace_fit *fit, const struct trace_log *log)
{
    struct trial t = {.fit = fit, .sure = walk->sure};
    for (unsigned w = 0; w < walk->n_ways; w++)
        try_way(set, x, walk->ways[w], log, w, &t);
    return t;
}

static enum trace_step take(struct trace_walk *walk, const struct trial *t, size_t bytes, struct trace_log *log)
{
    memcpy(walk->ways, t->ways, sizeof walk->ways);
    memcpy(log->head, t->head, sizeof log->head);
    walk->n_ways = (uint8_t)t->n;
    walk->crash |= t->crash;
    walk->any_text = !t->head[0]->transition->regex;
    walk->foreign = 0;
    walk->lines++;
    walk->bytes += (uint32_t)bytes + 1;
    if (t->rank < RANK_SURE) {
        walk->maybe++;
        return TRACE_MAYBE;
    }
    if (!t->head[0]->transition->bare)
        trace_line_settle(walk, t->fit);
    walk->sure = true;
    walk->maybe = 0;
    return t->last ? TRACE_ENDS : TRACE_GOES_ON;
}

/* A line that any trace would take is that of the trace it begins: where nothing is sure yet, or where all of it is
 * sure of another one in the same language. */
static bool begins_another(const struct trace_set *set, struct trace_scratch *x, const struct trace_walk *walk,
                           const struct trial *t, struct slice line, const struct trace_log *log)
{
    struct trace_walk other;
    struct trace_log unused = {.arena = log->arena};
    if (t->rank != RANK_ANY || trace_walk_open(set, x, walk->sure ? t->fit->rest : line, &other, &unused) == TRACE_NONE)
        return false;
    return !walk->sure || (other.sure && unused.before == 0 && other.ways[0].grammar == t->ways[0].grammar);
}

static struct trial best_trial(const struct trace_set *set, struct trace_scratch *x, const struct trace_walk *walk,
                               struct trace_fit *fits, unsigned n, const struct trace_log *log)
{
    struct trial best = {0};
    for (unsigned i = 0; i < n && best.rank < RANK_SURE; i++) {
        fits[i].after_record = walk->after_record;
        struct trial t = try_fit(set, x, walk, &fits[i], log);
        if (t.rank > best.rank)
            best = t;
    }
    return best;
}

/* An empty line in a text that came joined: some senders (pygelf) put one between all lines. */
static bool is_gap(const struct trace_walk *walk, struct slice line)
{
    return walk->sure && !walk->maybe && !slice_trim(line).n;
}

static enum trace_step pass_gap(struct trace_walk *walk)
{
    walk->lines++;
    walk->bytes++;
    walk->maybe++;
    return TRACE_MAYBE;
}

enum trace_step trace_walk_next(const struct trace_set *set, struct trace_scratch *x, struct trace_walk *walk,
                                struct slice line, struct trace_log *log)
{
    struct trace_fit fits[TRACE_FITS_MAX];
    if (trace_is_full(walk))
        return TRACE_NONE;
    struct slice clean = trace_line_clean(log->arena, line);
    unsigned n = trace_line_fits(walk, clean, fits);
    struct trial best = best_trial(set, x, walk, fits, n, log);
    struct trace_fit bare = trace_line_bare(clean);
    if (best.rank == RANK_NONE)
        best = try_fit(set, x, walk, &bare, log);
    if (best.rank == RANK_NONE && log->joined && is_gap(walk, clean))
        return pass_gap(walk);
    if (best.rank == RANK_NONE && trace_line_is_foreign(walk, fits, n))
        return TRACE_FOREIGN;
    if (best.rank == RANK_NONE || (best.rank < RANK_SURE && walk->maybe >= TRACE_MAYBE_MAX) ||
        begins_another(set, x, walk, &best, clean, log))
        return TRACE_NONE;
    return take(walk, &best, clean.n, log);
}

enum trace_step trace_next(const struct trace_set *set, struct trace_scratch *x, struct trace_walk *walk,
                           struct slice line)
{
    struct trace_log log = {.arena = &x->arena};
    arena_reset(&x->arena);
    return trace_walk_next(set, x, walk, line, &log);
}

bool trace_awaits_name(const struct trace_set *set, const struct trace_walk *walk)
{
    const struct trace_way *way = &walk->ways[0];
    if (!walk->sure || !walk->n_ways)
        return false;
    const struct trace_state *state = &set->grammars[way->grammar]->states[way->state];
    for (unsigned i = 0; i < state->n; i++)
        if (state->v[i].action == TRACE_DO_NAMES && !state->v[i].maybe)
            return true;
    return false;
}
