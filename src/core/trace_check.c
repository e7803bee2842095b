#include "core/trace_check.h"

#include <stdio.h>

#include "core/contains.h"
#include "core/effort.h"
#include "core/trace_grammar.h"
#include "core/trace_show.h"
#include "text/literal.h"

/* --- samples --- */

struct trial {
    const struct trace_set *set;
    struct trace_scratch *x;
    const struct trace_grammar *grammar;
    const struct trace_sample *sample;
    struct diag *d;
};

/* The walk at the end of the first trace in the lines. False: there is none. */
static bool walk_lines(const struct trial *t, struct trace_walk *walk)
{
    struct slice rest = t->sample->lines;
    enum trace_step step = TRACE_NONE;
    while (rest.n) {
        struct slice line = slice_split(&rest, '\n');
        struct trace_walk before = *walk;
        if (trace_opened(step))
            step = trace_next(t->set, t->x, walk, line);
        if (step == TRACE_ENDS)
            return true;
        if (!trace_opened(step) && before.sure) {
            *walk = before;
            return true;
        }
        if (!trace_opened(step))
            step = trace_open(t->set, t->x, line, walk);
    }
    return trace_opened(step) ? walk->sure : step == TRACE_ENDS;
}

/* A second grammar that would read the same lines to their end, and be as sure of it. */
static bool refuse_overlap(const struct trial *t, const struct trace_walk *walk)
{
    for (unsigned i = 1; i < walk->n_ways; i++) {
        const struct trace_grammar *other = t->set->grammars[walk->ways[i].grammar];
        bool as_sure = walk->ways[i].sure || !walk->ways[0].sure;
        if (walk->ways[0].grammar != walk->ways[i].grammar && as_sure)
            return conf_error(t->d, t->sample->node,
                              "the grammar of %.*s reads these lines as well: make the patterns of one more exact",
                              SLICE_ARG(other->language));
    }
    return true;
}

static bool compare(const struct trial *t, const struct trace *trace, struct arena *a)
{
    struct sbuf text;
    struct json j;
    struct mismatch m;
    sbuf_init(&text, 4 << 20);
    json_start(&j, &text);
    trace_show(trace, &j);
    json_end(&j);
    const struct json_node *got = json_tree(a, sbuf_slice(&text));
    bool ok = got && contains(t->sample->expect, got, "trace", &m);
    if (!ok)
        conf_error(t->d, got ? m.node : t->sample->node, "%s", got ? m.text : "the trace is no JSON");
    sbuf_done(&text);
    return ok;
}

static bool run_sample(const struct trial *t, struct arena *a)
{
    struct trace_walk walk = {0};
    struct trace trace;
    bool walked = walk_lines(t, &walk), parsed = trace_parse(t->set, t->x, t->sample->lines, a, &trace);
    if (walked != parsed)
        return conf_error(t->d, t->sample->node, "line by line these are %s trace, together they are %s",
                          walked ? "a" : "no", parsed ? "one" : "none");
    if (!t->sample->expect)
        return !parsed || conf_error(t->d, t->sample->node, "the lines give a trace of %.*s where the sample says none",
                                     SLICE_ARG(trace.language));
    if (!parsed)
        return conf_error(t->d, t->sample->node, "the lines give no trace");
    if (!slice_eq(trace.language, t->grammar->language))
        return conf_error(t->d, t->sample->node, "the grammar of %.*s takes these lines", SLICE_ARG(trace.language));
    return refuse_overlap(t, &walk) && compare(t, &trace, a);
}

static void run_samples(struct trial *t, struct trace_check *total)
{
    for (unsigned i = 0; i < t->grammar->n_samples; i++) {
        struct arena a = {0};
        t->sample = &t->grammar->samples[i];
        total->samples++;
        total->failed += !run_sample(t, &a);
        arena_done(&a);
    }
}

struct trace_check trace_check_samples(const struct trace_set *set, struct diag *d)
{
    struct trace_check total = {0};
    struct trial t = {.set = set, .x = trace_scratch_new(), .d = d};
    for (unsigned g = 0; set && g < set->n; g++) {
        t.grammar = set->grammars[g];
        if (!t.grammar->n_samples)
            conf_error(d, t.grammar->node, "the grammar of %.*s has no sample that proves it",
                       SLICE_ARG(t.grammar->language));
        run_samples(&t, &total);
    }
    trace_scratch_free(t.x);
    return total;
}

/* --- patterns --- */

/* Without a word that must be in the line every line of every log would be matched. */
static void want_word(struct diag *d, const struct trace_transition *t)
{
    struct arena a = {0};
    struct literals words = {0};
    if (t->regex)
        literal_find(t->text, false, NULL, &a, &words);
    if (t->regex && !words.n)
        conf_error(d, t->node, "a pattern of start needs a fixed word of at least %d bytes, or several as alternatives",
                   LITERAL_LEN_MIN);
    arena_done(&a);
}

static void try_state(struct effort *e, const struct trace_state *state)
{
    for (unsigned i = 0; i < state->n; i++) {
        const struct trace_transition *t = &state->v[i];
        effort_try(e, t->regex, t->text, TRACE_LINE_BYTES, SLICE_NONE, t->node);
    }
}

unsigned trace_check_patterns(const struct trace_set *set, struct diag *d)
{
    struct effort e;
    effort_init(&e, ERR_ERROR, d);
    for (unsigned i = 0; set && i < set->n_openings; i++)
        want_word(d, set->openings[i].transition);
    for (unsigned g = 0; set && g < set->n; g++)
        for (unsigned s = 0; s < set->grammars[g]->n_states; s++)
            try_state(&e, &set->grammars[g]->states[s]);
    effort_done(&e);
    return e.endless;
}
