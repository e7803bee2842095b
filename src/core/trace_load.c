#include "core/trace_load.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/trace_keys.h"
#include "text/grok.h"

struct loader {
    struct trace_set *set;
    struct trace_grammar *grammar;
    const struct raw_trace_grammar *raw;
    struct diag *d;
    struct grok grok;
    unsigned first_regex; /* of this grammar */
    bool ok;
};

static struct slice kept(struct loader *l, struct slice s)
{
    return s.p ? arena_dup(&l->set->arena, s) : SLICE_NONE;
}

static int compare_names(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

static void add_names(struct loader *l, const struct raw_trace_names *raw, char mark, struct trace_names *names)
{
    for (unsigned i = 0; i < raw->n; i++)
        if (raw->v[i].n && raw->v[i].p[0] == mark)
            names->v[names->n++] = kept(l, slice_from(raw->v[i], 1));
}

/* An entry with a star is a part, one with an equals sign the whole; a minus alone stands for no name. What begins with
 * another says nothing more. */
static struct trace_names kept_names(struct loader *l, const struct raw_trace_names *raw)
{
    struct trace_names names = {.v = arena_calloc(&l->set->arena, raw->n, sizeof *names.v)};
    if (raw->n)
        qsort(raw->v, raw->n, sizeof *raw->v, compare_names);
    for (unsigned i = 0; i < raw->n; i++) {
        struct slice name = raw->v[i];
        bool covered = names.n && slice_starts(name, names.v[names.n - 1]);
        names.unnamed |= slice_is(name, "-");
        if (name.n && !strchr("*=", name.p[0]) && !slice_is(name, "-") && !covered)
            names.v[names.n++] = kept(l, name);
    }
    names.n_beginnings = names.n;
    add_names(l, raw, '*', &names);
    names.n_parts = names.n;
    add_names(l, raw, '=', &names);
    return names;
}

static void load_patterns(struct loader *l)
{
    struct grok_name *own = arena_calloc(&l->set->arena, l->raw->n_patterns, sizeof *own);
    for (unsigned i = 0; i < l->raw->n_patterns; i++) {
        const struct raw_trace_pattern *p = &l->raw->patterns[i];
        own[i] = (struct grok_name){kept(l, p->name), kept(l, p->regex->text)};
        if (!grok_name_ok(own[i].name))
            l->ok = conf_error(l->d, p->regex, "the name of a pattern is a letter, then letters, digits and _");
    }
    l->grok = (struct grok){.own = own, .n_own = l->raw->n_patterns, .late = l->set->one_thread, .pool = l->set->pool};
}

/* --- transitions --- */

/* The number of a state by name. The first ones are there whether the file has them or not. */
static int state_of(const struct loader *l, struct slice name)
{
    for (unsigned i = 0; i < l->grammar->n_states; i++)
        if (slice_eq(l->grammar->states[i].name, name))
            return (int)i;
    return -1;
}

static int group_of(struct slice name)
{
    for (int g = 0; g < TRACE_GROUP_N; g++)
        if (slice_is(name, trace_group_words[g]))
            return g;
    return -1;
}

static void load_groups(struct loader *l, const struct conf_node *node, struct trace_transition *t)
{
    for (unsigned i = regex_count(t->regex); i > 0; i--) {
        const char *name = regex_name(t->regex, i);
        int g = name ? group_of(slice_str(name)) : 0;
        if (name && g < 0)
            l->ok = conf_error(l->d, node,
                               "a group is called type, value, module, function, file, line, column, package, "
                               "context, count, thread, name, state, indent or rest; not %s",
                               name);
        else if (name)
            t->capture[g] = (uint8_t)regex_number(t->regex, slice_str(name));
    }
}

/* The group that {name} at p stands for; -1: it is none. *n: its length. */
static int group_in_braces(struct slice s, size_t *n)
{
    ptrdiff_t end = slice_chr(s, '}') ? slice_chr(s, '}') - s.p : -1;
    *n = (size_t)end + 1;
    return s.n && s.p[0] == '{' && end > 0 ? group_of(slice_sub(s, 1, (size_t)end)) : -1;
}

static struct slice set_text(struct loader *l, struct slice s)
{
    char *out = arena_alloc(&l->set->arena, s.n + 1);
    size_t n = 0, step;
    while (s.n) {
        int g = group_in_braces(s, &step);
        out[n++] = g < 0 ? s.p[0] : TRACE_SET_GROUP;
        if (g >= 0)
            out[n++] = (char)(g + 1);
        slice_skip(&s, g < 0 ? 1 : step);
    }
    return slice_of(out, n);
}

static void load_set(struct loader *l, const struct conf_node *node, const struct raw_trace_transition *raw,
                     struct trace_transition *t)
{
    struct slice *set = raw->n_set ? arena_calloc(&l->set->arena, TRACE_GROUP_N, sizeof *set) : NULL;
    t->set = set;
    for (unsigned i = 0; i < raw->n_set; i++) {
        int g = group_of(raw->set[i].name);
        if (g < 0)
            l->ok = conf_error(l->d, node, "set has \"%.*s\", which is no group", SLICE_ARG(raw->set[i].name));
        else
            set[g] = set_text(l, raw->set[i].value);
    }
}

/* Many states have some transitions in common: one regex serves all of a grammar that are written alike. */
static void compile(struct loader *l, const struct conf_node *match, struct trace_transition *t)
{
    struct trace_set *set = l->set;
    for (unsigned i = l->first_regex; i < set->n_regexes; i++)
        if (slice_eq(set->regexes[i].match, match->text)) {
            t->regex = set->regexes[i].regex;
            t->text = set->regexes[i].text;
            return;
        }
    t->regex = grok_compile(&l->grok, l->d, match, &set->arena, &t->text);
    if (!t->regex)
        return;
    set->regexes = xroom(set->regexes, set->n_regexes, sizeof *set->regexes);
    set->regexes[set->n_regexes++] = (struct trace_regex){.match = match->text, .text = t->text, .regex = t->regex};
}

static void load_transition(struct loader *l, const struct conf_node *node, const struct raw_trace_transition *raw,
                            unsigned state, struct trace_transition *t)
{
    *t = (struct trace_transition){.node = node,
                                   .action = raw->action,
                                   .next = (uint16_t)state,
                                   .maybe = raw->maybe,
                                   .last = raw->last,
                                   .crash = raw->crash,
                                   .after_record = raw->after_record,
                                   .bare = raw->bare,
                                   .escaped = raw->escaped,
                                   .apart = raw->apart,
                                   .before = raw->before,
                                   .order = raw->order};
    int next = raw->next.p ? state_of(l, raw->next) : (int)state;
    if (next < 0)
        l->ok = conf_error(l->d, node, "there is no state \"%.*s\"", SLICE_ARG(raw->next));
    else
        t->next = (uint16_t)next;
    if (!raw->match && state == TRACE_STATE_START)
        l->ok = conf_error(l->d, node, "a transition of start needs a match");
    load_set(l, node, raw, t);
    if (!raw->match)
        return;
    compile(l, raw->match, t);
    l->ok &= t->regex != NULL;
    if (t->regex)
        load_groups(l, raw->match, t);
}

static void load_state(struct loader *l, const struct conf_node *list, const struct raw_trace_state *raw)
{
    int i = state_of(l, raw->name);
    struct trace_state *state = &l->grammar->states[i];
    const struct conf_node *node = list->child;
    state->v = arena_calloc(&l->set->arena, raw->n, sizeof *state->v);
    for (; state->n < raw->n && node; node = node->next)
        load_transition(l, node, &raw->v[state->n], (unsigned)i, &state->v[state->n]), state->n++;
}

static void load_states(struct loader *l, const struct conf_node *map)
{
    const struct raw_trace_grammar *raw = l->raw;
    struct trace_grammar *g = l->grammar;
    const struct conf_node *node = map->child;
    g->states = arena_calloc(&l->set->arena, raw->n_states + 2, sizeof *g->states);
    g->states[TRACE_STATE_START].name = SLICE("start");
    g->states[TRACE_STATE_HEADING].name = SLICE("heading");
    g->n_states = 2;
    for (unsigned i = 0; i < raw->n_states; i++)
        if (state_of(l, raw->states[i].name) < 0)
            g->states[g->n_states++].name = kept(l, raw->states[i].name);
    for (unsigned i = 0; i < raw->n_states && node; i++, node = node->next)
        load_state(l, node, &raw->states[i]);
    if (!g->states[TRACE_STATE_START].n)
        l->ok = conf_error(l->d, map, "there is no state start, so that no trace ever begins");
}

static void load_samples(struct loader *l, const struct conf_node *list)
{
    struct trace_grammar *g = l->grammar;
    const struct conf_node *node = list ? list->child : NULL;
    g->samples = arena_calloc(&l->set->read, l->raw->n_samples, sizeof *g->samples);
    for (; g->n_samples < l->raw->n_samples && node; node = node->next) {
        const struct raw_trace_sample *raw = &l->raw->samples[g->n_samples];
        bool none = raw->trace->type == CONF_SCALAR && slice_is(raw->trace->text, "none");
        if (!none && raw->trace->type != CONF_MAP)
            l->ok = conf_error(l->d, raw->trace, "a trace is a map, or none");
        g->samples[g->n_samples++] =
            (struct trace_sample){.node = node, .expect = none ? NULL : raw->trace, .lines = raw->lines};
    }
}

/* --- the set --- */

struct trace_set *trace_set_new(bool one_thread, struct regex_pool *pool)
{
    struct trace_set *set = xcalloc(1, sizeof *set);
    set->pool = pool;
    set->one_thread = one_thread;
    set->arena.lasting = true;
    return set;
}

struct regex_pool *trace_set_pool(const struct trace_set *set)
{
    return set ? set->pool : NULL;
}

unsigned trace_set_count(const struct trace_set *set)
{
    return set ? set->n : 0;
}

struct slice trace_set_language(const struct conf_file *f)
{
    const struct conf_node *n = f->root ? conf_get(f->root, "language") : NULL;
    return n && n->type == CONF_SCALAR ? n->text : SLICE_NONE;
}

bool trace_set_has(const struct trace_set *set, struct slice language)
{
    for (unsigned i = 0; i < set->n; i++)
        if (slice_eq(set->grammars[i]->language, language))
            return true;
    return false;
}

static void add_grammar(struct loader *l, const struct conf_node *root)
{
    struct trace_set *set = l->set;
    struct trace_grammar *g = l->grammar = arena_calloc(&set->arena, 1, sizeof *g);
    *g = (struct trace_grammar){.language = kept(l, l->raw->language),
                                .platform = kept(l, l->raw->platform),
                                .order = l->raw->order,
                                .place_of_call = l->raw->place_of_call,
                                .split_type = l->raw->split_type,
                                .other_modules = kept_names(l, &l->raw->other.modules),
                                .other_files = kept_names(l, &l->raw->other.files),
                                .other_functions = kept_names(l, &l->raw->other.functions),
                                .other_packages = kept_names(l, &l->raw->other.packages),
                                .node = root};
    if (trace_set_has(set, g->language))
        l->ok = conf_error(l->d, conf_get(root, "language"), "there is a grammar of this language already");
    set->grammars = xroom(set->grammars, set->n, sizeof *set->grammars);
    set->grammars[set->n++] = g;
}

/* No deeper than a file may be. */
static uint64_t key_of(const struct conf_node *n)
{
    uint64_t key = hash_mix(slice_hash(n->key, n->type), slice_hash(n->text, n->quoted));
    for (const struct conf_node *child = n->child; child; child = child->next)
        key = hash_mix(key, key_of(child));
    return key;
}

static void note_key(struct trace_set *set, const struct conf_node *root)
{
    for (const struct conf_node *n = root->child; n; n = n->next)
        if (!slice_is(n->key, "samples"))
            set->key = hash_mix(set->key, key_of(n));
}

bool trace_set_same(const struct trace_set *a, const struct trace_set *b)
{
    return a->key == b->key && a->n == b->n;
}

bool trace_set_load(struct trace_set *set, struct conf_file *f, struct diag *d)
{
    assert(!set->ready);
    set->files = xroom(set->files, set->n_files, sizeof *set->files);
    set->files[set->n_files++] = f;
    if (!f->root)
        return true;
    struct raw_trace_grammar raw = {0};
    struct keys_ctx c = {.arena = &set->read, .diag = d};
    if (!keys_bind(&trace_grammar_table, f->root, &raw, &c))
        return false;
    struct loader l = {.set = set, .raw = &raw, .d = d, .first_regex = set->n_regexes, .ok = true};
    add_grammar(&l, f->root);
    load_patterns(&l);
    load_states(&l, conf_get(f->root, "states"));
    load_samples(&l, conf_get(f->root, "samples"));
    note_key(set, f->root);
    return l.ok;
}

void trace_set_later(struct trace_set *set, bool prefilter, trace_load_f *load, void *u)
{
    set->later = (struct trace_later){.load = load, .u = u, .prefilter = prefilter};
}

void trace_set_now(struct trace_set *set)
{
    if (set->later.load)
        set->later.load(set->later.u, set);
    trace_set_ready(set, set->later.prefilter);
}

unsigned trace_set_openings(const struct trace_set *set, struct prefilter_pattern *out)
{
    if (!set || !set->ready || !set->prefilter || !prefilter_is_literal(set->prefilter))
        return 0;
    for (unsigned i = 0; out && i < set->n_openings; i++)
        out[i] = (struct prefilter_pattern){.regex = set->openings[i].transition->text, .same_bit = i > 0};
    return set->n_openings;
}

void trace_set_ready(struct trace_set *set, bool prefilter)
{
    assert(!set->ready);
    for (unsigned g = 0; g < set->n; g++) {
        const struct trace_state *start = &set->grammars[g]->states[TRACE_STATE_START];
        for (unsigned i = 0; i < start->n; i++) {
            set->openings = xroom(set->openings, set->n_openings, sizeof *set->openings);
            set->openings[set->n_openings++] =
                (struct trace_opening){.grammar = (uint16_t)g, .transition = &start->v[i]};
        }
    }
    struct prefilter_pattern *patterns = xcalloc(set->n_openings + 1u, sizeof *patterns);
    for (unsigned i = 0; i < set->n_openings; i++)
        patterns[i].regex = set->openings[i].transition->text;
    if (prefilter && set->n_openings)
        set->prefilter = prefilter_compile(prefilter_probe(), patterns, set->n_openings);
    free(patterns);
    set->ready = true;
}

static void free_files(struct trace_set *set)
{
    for (unsigned i = 0; i < set->n_files; i++)
        conf_free(set->files[i]);
    free(set->files);
    arena_done(&set->read);
    set->files = NULL;
    set->n_files = 0;
}

void trace_set_forget_files(struct trace_set *set)
{
    for (unsigned g = 0; g < set->n; g++) {
        set->grammars[g]->n_samples = 0;
        set->grammars[g]->node = NULL;
    }
    free_files(set);
}

void trace_set_free(struct trace_set *set)
{
    if (!set)
        return;
    for (unsigned i = 0; i < set->n_regexes; i++)
        regex_free(set->regexes[i].regex);
    free(set->regexes);
    regex_pool_free(set->pool);
    prefilter_free(set->prefilter);
    free_files(set);
    free(set->grammars);
    free(set->openings);
    arena_done(&set->arena);
    free(set);
}
