#include "core/rule_lanes.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "core/trace_load.h"
#include "parsers/parser.h"

/* What a prefilter is made of: match of rules, then end of those of them that are pairs, then what begins a trace. */
struct patterns {
    struct prefilter_pattern *v;
    unsigned n, bits;
};

struct making {
    struct rule_set *set;
    enum prefilter_code code;
    unsigned n_openings;
    struct rule_lane all; /* the rules of any lane that is worth to be a part of it */
};

static bool can_meet(const struct rule *r, unsigned format)
{
    return !r->unsound && (!r->pack_when.formats || r->pack_when.formats >> format & 1) &&
           (!r->when.formats || r->when.formats >> format & 1);
}

/* Whether records of it may be lines of a trace (join.h). */
static bool may_have_traces(unsigned format)
{
    const struct format_traits *traits = format_traits(format);
    return !traits->access && !traits->whole;
}

static const struct rule **kept(struct rule_set *set, const struct rule **v, unsigned n)
{
    const struct rule **own = arena_calloc(&set->arena, n, sizeof *own);
    if (n)
        memcpy(own, v, n * sizeof *own);
    return own;
}

/* The rules that `meets` marks, in file order. */
static void fill(struct rule_set *set, struct rule_lane *lane, const bool *meets)
{
    const struct rule **rules = xcalloc(set->n, sizeof *rules), **ends = xcalloc(set->n, sizeof *ends),
                      **open = xcalloc(set->n, sizeof *open);
    for (unsigned i = 0; i < set->n; i++) {
        if (!meets[i])
            continue;
        rules[lane->n++] = set->rules[i];
        if (!set->rules[i]->match)
            open[lane->n_open++] = set->rules[i];
        if (set->rules[i]->pair.end)
            ends[lane->n_ends++] = set->rules[i];
    }
    lane->rules = kept(set, rules, lane->n);
    lane->ends = kept(set, ends, lane->n_ends);
    lane->open = kept(set, open, lane->n_open);
    free(rules);
    free(ends);
    free(open);
}

/* The first format whose lane has the same rules, which may be this one: most formats meet the same ones. */
static unsigned lane_like(const struct rule_set *set, unsigned format, const bool *meets, bool knows_traces)
{
    for (unsigned f = 0; f < format; f++) {
        const struct rule_lane *lane = &set->lanes[f];
        unsigned n = 0;
        bool same = lane->knows_traces == knows_traces;
        for (unsigned i = 0; i < set->n && same; i++)
            if (meets[i])
                same = n < lane->n && lane->rules[n++] == set->rules[i];
        if (same && n == lane->n)
            return f;
    }
    return format;
}

static struct prefilter *compile(const struct making *m, const struct rule_lane *lane)
{
    struct prefilter_pattern *patterns = xcalloc((size_t)lane->n + lane->n_ends + m->n_openings + 1, sizeof *patterns);
    unsigned n = 0;
    for (unsigned i = 0; i < lane->n; i++)
        patterns[n++].regex = lane->rules[i]->match ? lane->rules[i]->match_text : SLICE("");
    for (unsigned i = 0; i < lane->n_ends; i++)
        patterns[n++].regex = lane->ends[i]->pair.end_text;
    if (lane->knows_traces)
        n += trace_set_openings(m->set->traces, patterns + n);
    struct prefilter *p = n ? prefilter_compile(m->code, patterns, n) : NULL;
    free(patterns);
    return p;
}

/* Both lists are in file order. */
static void map_rules(const struct rule **all, unsigned n, const struct rule **some, unsigned n_some, unsigned first,
                      unsigned *bits)
{
    for (unsigned i = 0, k = 0; i < n; i++) {
        bool has = k < n_some && some[k] == all[i];
        bits[i] = has ? first + k++ : PREFILTER_NO_BIT;
    }
}

static struct prefilter *part(const struct making *m, const struct rule_lane *lane)
{
    const struct rule_lane *all = &m->all;
    unsigned n = all->n + all->n_ends, own = lane->n + lane->n_ends, *bits = xcalloc(n + 1, sizeof *bits);
    map_rules(all->rules, all->n, lane->rules, lane->n, 0, bits);
    map_rules(all->ends, all->n_ends, lane->ends, lane->n_ends, lane->n, bits + all->n);
    bits[n] = lane->knows_traces ? own : PREFILTER_NO_BIT;
    struct prefilter *p = prefilter_part(m->set->whole, bits, own + lane->knows_traces);
    free(bits);
    return p;
}

/* A lane of few rules would be slower with what the others look for. */
static bool is_part(const struct making *m, const struct rule_lane *lane)
{
    return lane->n * 2 > m->set->n;
}

static void make_whole(struct making *m)
{
    struct rule_set *set = m->set;
    bool *meets = xcalloc(set->n + 1, sizeof *meets);
    for (unsigned f = 0; f < FORMAT_N; f++)
        for (unsigned i = 0; is_part(m, &set->lanes[f]) && i < set->n; i++)
            meets[i] |= can_meet(set->rules[i], f);
    fill(set, &m->all, meets);
    for (unsigned f = 0; f < FORMAT_N; f++)
        m->all.knows_traces |= is_part(m, &set->lanes[f]) && set->lanes[f].knows_traces;
    set->whole = compile(m, &m->all);
    free(meets);
}

void rule_lanes_make(struct rule_set *set, bool prefilter)
{
    struct making m = {.set = set,
                       .code = prefilter ? prefilter_probe() : PREFILTER_NONE,
                       .n_openings = prefilter ? trace_set_openings(set->traces, NULL) : 0};
    bool *meets = xcalloc(set->n + 1, sizeof *meets);
    unsigned like[FORMAT_N];
    for (unsigned f = 0; f < FORMAT_N; f++) {
        struct rule_lane *lane = &set->lanes[f];
        bool knows_traces = m.n_openings && may_have_traces(f);
        for (unsigned i = 0; i < set->n; i++)
            meets[i] = can_meet(set->rules[i], f);
        like[f] = lane_like(set, f, meets, knows_traces);
        if (like[f] == f)
            fill(set, lane, meets);
        else
            *lane = set->lanes[like[f]];
        lane->knows_traces = knows_traces;
    }
    free(meets);
    if (!prefilter)
        return;
    make_whole(&m);
    for (unsigned f = 0; f < FORMAT_N; f++) {
        struct rule_lane *lane = &set->lanes[f];
        if (like[f] != f)
            lane->prefilter = set->lanes[like[f]].prefilter;
        else
            lane->prefilter = set->whole && is_part(&m, lane) ? part(&m, lane) : compile(&m, lane);
    }
}

void rule_lanes_done(struct rule_set *set)
{
    for (unsigned f = 0; f < FORMAT_N; f++) {
        bool shared = false;
        for (unsigned before = 0; before < f; before++)
            shared |= set->lanes[before].prefilter == set->lanes[f].prefilter;
        if (!shared)
            prefilter_free(set->lanes[f].prefilter);
    }
    prefilter_free(set->whole);
}
