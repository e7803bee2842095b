#include "core/rule_set.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/check_in.h"
#include "core/event_members.h"
#include "core/rule_keys.h"
#include "core/rule_lanes.h"
#include "core/trace_load.h"
#include "parsers/parser.h"
#include "text/grok.h"
#include "text/relax.h"

/* --- one rule --- */

struct loader {
    struct rule_set *set;
    struct diag *d;
    const struct conf_node *node; /* of the rule that is loaded */
    struct slice pack;
    const char *file; /* its name, in the set's arena */
    struct grok grok; /* the pack's own patterns */
    bool ok;
};

static struct rule_by by_of(struct arena *a, const struct raw_by *raw, const struct regex *match)
{
    struct rule_by by = {.v = arena_calloc(a, raw->n, sizeof *by.v)};
    for (; by.n < raw->n; by.n++)
        by.v[by.n] = template_parse(raw->v[by.n], match, a);
    return by;
}

/* Compiles each pattern of a pack alone, so that an error in it is told where it stands and not where it is used. */
static void load_patterns(struct loader *l, const struct raw_pack *raw)
{
    struct grok_name *own = arena_calloc(&l->set->arena, raw->n_patterns, sizeof *own);
    for (unsigned i = 0; i < raw->n_patterns; i++) {
        own[i] = (struct grok_name){arena_dup(&l->set->arena, raw->patterns[i].name),
                                    arena_dup(&l->set->arena, raw->patterns[i].regex->text)};
        if (!grok_name_ok(own[i].name))
            l->ok =
                conf_error(l->d, raw->patterns[i].regex,
                           "the name of a pattern is a letter, then letters, digits and _, at most %d", GROK_NAME_MAX);
    }
    l->grok.own = own;
    l->grok.n_own = raw->n_patterns;
    for (unsigned i = 0; i < raw->n_patterns; i++) {
        struct regex *re = grok_compile(&l->grok, l->d, raw->patterns[i].regex, NULL, NULL);
        l->ok &= re != NULL;
        regex_free(re);
    }
}

static void refuse_format(struct loader *l, const struct conf_node *n)
{
    const char *names[FORMAT_N + 1] = {0};
    for (unsigned f = 0, k = 0; f < FORMAT_N; f++)
        if (f != FORMAT_AUTO)
            names[k++] = format_name(f);
    const char *near = keys_nearest(n->text, names);
    if (near)
        l->ok = conf_error(l->d, n, "unknown format \"%.*s\"; did you mean \"%s\"?", SLICE_ARG(n->text), near);
    else
        l->ok = conf_error(l->d, n,
                           "unknown format \"%.*s\"; formats are "
#define FORMAT(rank, id, symbol, name, web) name ", "
#define INPUT_FORMAT(rank, id, symbol, name, web)
#include "parsers/formats.def"
                           "and no other",
                           SLICE_ARG(n->text));
}

static void add_format(struct loader *l, const struct conf_node *n, struct rule_when *w)
{
    enum format f = n->type == CONF_SCALAR ? format_by_name(n->text) : FORMAT_N;
    if (f == FORMAT_N || f == FORMAT_AUTO)
        refuse_format(l, n);
    else
        w->formats |= 1u << f;
}

static void load_when(struct loader *l, const struct raw_when *raw, struct rule_when *w)
{
    w->no_level = raw->level == RULE_NO_LEVEL;
    w->only_level = raw->level > RULE_NO_LEVEL;
    w->level = w->no_level ? LEVEL_NONE : (enum level)(w->only_level ? raw->level - RULE_NO_LEVEL : raw->level);
    if (raw->format && raw->format->type == CONF_LIST)
        for (const struct conf_node *n = raw->format->child; n; n = n->next)
            add_format(l, n, w);
    else if (raw->format)
        add_format(l, raw->format, w);
    w->conditions = arena_calloc(&l->set->arena, raw->n_fields, sizeof *w->conditions);
    for (unsigned i = 0; i < raw->n_fields; i++) {
        struct rule_condition *c = &w->conditions[w->n++];
        c->ref = record_ref(arena_dup(&l->set->arena, raw->fields[i].name));
        c->of_exceptions = slice_is(c->ref.name, "exception.type")    ? RULE_TYPES
                           : slice_is(c->ref.name, "exception.value") ? RULE_VALUES
                                                                      : RULE_NO_EXCEPTIONS;
        for (unsigned f = 0; f < FORMAT_N; f++)
            c->settled |= (unsigned)parser_settles(f, c->ref.name) << f;
        struct regex *re = c->regex = grok_compile(&l->grok, l->d, raw->fields[i].regex, &l->set->arena, &c->text);
        l->ok &= re != NULL;
    }
}

/* Whether it says "{{ default }}" itself, with no value of a record in it. */
static bool is_default(const struct template *t)
{
    struct slice s = t->n == 1 && !t->parts[0].is_name ? slice_trim(t->parts[0].text) : SLICE_NONE;
    bool braces = s.n > 4 && slice_starts(s, SLICE("{{")) && slice_ends(s, SLICE("}}"));
    return braces && slice_is(slice_trim(slice_sub(s, 2, s.n - 2)), "default");
}

static struct rule_fingerprint load_fingerprint(struct arena *a, const struct slice *parts, unsigned n,
                                                const struct regex *m)
{
    struct rule_fingerprint f = {.parts = arena_calloc(a, n, sizeof *f.parts), .n = n};
    for (unsigned i = 0; i < n; i++) {
        f.parts[i] = template_parse(parts[i], m, a);
        f.defaults |= (unsigned)is_default(&f.parts[i]) << i;
    }
    return f;
}

static void load_event(struct loader *l, const struct raw_event *raw, const struct regex *m, struct rule_event *e)
{
    struct arena *a = &l->set->arena;
    e->type = template_parse(raw->type, m, a);
    e->message = template_parse(raw->message, m, a);
    e->project = template_parse(raw->project, m, a);
    e->logger = template_parse(raw->logger, m, a);
    e->transaction = template_parse(raw->transaction, m, a);
    e->release = template_parse(raw->release, m, a);
    e->environment = template_parse(raw->environment, m, a);
    e->dist = template_parse(raw->dist, m, a);
    e->level = raw->level;
    e->group = raw->group;
    e->fingerprint = e->fingerprint_1 = load_fingerprint(a, raw->fingerprint, raw->n_fingerprint, m);
    if (raw->n_fingerprint_1)
        e->fingerprint_1 = load_fingerprint(a, raw->fingerprint_1, raw->n_fingerprint_1, m);
    e->tags = arena_calloc(a, raw->n_tags, sizeof *e->tags);
    for (e->n_tags = 0; e->n_tags < raw->n_tags; e->n_tags++)
        e->tags[e->n_tags] = (struct rule_tag){arena_dup(a, raw->tags[e->n_tags].name),
                                               template_parse(raw->tags[e->n_tags].value, m, a)};
    e->method = template_parse(raw->request.method, m, a);
    e->url = template_parse(raw->request.url, m, a);
    e->query_string = template_parse(raw->request.query_string, m, a);
    e->user_agent = template_parse(raw->request.user_agent, m, a);
    e->user_id = template_parse(raw->user.id, m, a);
    e->username = template_parse(raw->user.username, m, a);
    e->email = template_parse(raw->user.email, m, a);
    e->user_ip = template_parse(raw->user.ip_address, m, a);
}

/* Where the value of a tag that Sentry keeps for itself belongs. */
static const char *instead_of_tag(struct slice key)
{
    static const struct {
        const char *key, *use;
    } places[] = {{"user", "use event.user.username"},
                  {"level", "use event.level"},
                  {"release", "use event.release"},
                  {"environment", "use event.environment"},
                  {"dist", "use event.dist"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (slice_is(key, places[i].key))
            return places[i].use;
    return "take another name";
}

static void refuse_reserved_tags(struct loader *l, const struct rule *rule)
{
    for (unsigned i = 0; i < rule->event.n_tags; i++)
        if (event_members_tag_is_reserved(rule->event.tags[i].key))
            l->ok = conf_error(l->d, conf_get(conf_get(l->node, "event"), "tags"),
                               "Sentry keeps the tag \"%.*s\" for itself; %s", SLICE_ARG(rule->event.tags[i].key),
                               instead_of_tag(rule->event.tags[i].key));
}

static void load_samples(struct loader *l, const struct raw_rule *raw, struct rule_source *source)
{
    const struct conf_node *list = conf_get(l->node, "samples"), *n = list ? list->child : NULL;
    source->samples = arena_calloc(&l->set->read, raw->n_samples, sizeof *source->samples);
    for (unsigned i = 0; i < raw->n_samples && n; i++, n = n->next) {
        const struct raw_sample *s = &raw->samples[i];
        struct rule_sample *out = &source->samples[source->n_samples++];
        *out = (struct rule_sample){
            .node = n, .lines = s->lines, .elapse_us = s->elapse_us, .format = FORMAT_AUTO, .event = s->event};
        if (s->format.p && (out->format = format_by_name(s->format)) == FORMAT_N)
            refuse_format(l, conf_get(n, "format"));
        if (s->event && s->event->type == CONF_SCALAR) {
            if (!slice_is(s->event->text, "none"))
                l->ok = conf_error(l->d, s->event, "an event is a map with a part of the payload, or none");
            out->event = NULL;
        }
    }
}

static void refuse_twice(struct loader *l, const struct rule *rule)
{
    const struct rule *first = rule_set_find(l->set, rule->id);
    if (first != rule)
        l->ok = conf_error(l->d, conf_get(l->node, "id"), "rule \"%.*s\" is there already: %s:%u", SLICE_ARG(rule->id),
                           first->place.file, first->place.line);
}

static void load_absence(struct loader *l, const struct raw_rule *raw, struct rule *rule)
{
    struct arena *a = &l->set->arena;
    struct slice slug = raw->absence.monitor;
    rule->absence = (struct rule_absence){.every_us = raw->absence.every_us,
                                          .by = by_of(a, &raw->absence.by, rule->match),
                                          .monitor = template_parse(slug, rule->match, a)};
    if (!slug.p)
        return;
    const struct conf_node *node = conf_get(conf_get(l->node, "absence"), "monitor");
    bool named = template_has_names(&rule->absence.monitor);
    if (raw->absence.every_us < CHECK_IN_EVERY_MIN_US)
        l->ok = conf_error(l->d, node, "a monitor wants an every of at least 1m: Sentry's schedules go by the minute");
    if (rule->absence.by.n && !named)
        l->ok = conf_error(l->d, node,
                           "every value of by has the same monitor: put it into the name, such as \"%.*s-{host}\"",
                           SLICE_ARG(slug));
    else if (!named && !check_in_is_slug(slug))
        l->ok = conf_error(
            l->d, node,
            "a monitor's slug is made of lower-case letters, digits, - and _, at most %d, not of digits alone",
            CHECK_IN_SLUG_MAX);
}

/* Refuses a value that the start has as a capture and the end has not: no start would ever end. */
static void check_pair_by(struct loader *l, const struct rule *rule)
{
    const struct conf_node *list = conf_get(conf_get(l->node, "pair"), "by"), *n = list ? list->child : NULL;
    for (unsigned i = 0; i < rule->pair.by.n && n; i++, n = n->next)
        for (unsigned k = 0; k < rule->pair.by.v[i].n; k++) {
            const struct template_part *p = &rule->pair.by.v[i].parts[k];
            if (p->capture && !regex_number(rule->pair.end, p->text))
                l->ok = conf_error(l->d, n, "{%.*s} is a capture of match, and end has none of that name",
                                   SLICE_ARG(p->text));
        }
}

static void load_pair(struct loader *l, const struct raw_rule *raw, struct rule *rule)
{
    struct arena *a = &l->set->arena;
    if (!raw->pair.end)
        return;
    rule->pair = (struct rule_pair){.within_us = raw->pair.within_us, .by = by_of(a, &raw->pair.by, rule->match)};
    rule->pair.end = grok_compile(&l->grok, l->d, raw->pair.end, a, &rule->pair.end_text);
    l->ok &= rule->pair.end != NULL;
    if (!rule->pair.end)
        return;
    rule->pair.end_by = by_of(a, &raw->pair.by, rule->pair.end);
    check_pair_by(l, rule);
}

/* Refuses conditions that no record can meet: the rule would be silent for ever. */
static void refuse_impossible(struct loader *l, const struct raw_rule *raw, const struct rule *rule)
{
    unsigned mine = rule->when.formats, packs = rule->pack_when.formats;
    if (mine && packs && !(mine & packs))
        l->ok = conf_error(l->d, raw->when.format,
                           "no record has both this format and one of the pack's: the rule can never fire");
    if (raw->match && raw->unless && slice_eq(raw->match->text, raw->unless->text))
        l->ok = conf_error(l->d, raw->unless, "unless is the same as match: the rule can never fire");
}

static bool is_constant(const struct rule_fingerprint *f)
{
    for (unsigned i = 0; i < f->n; i++)
        if (template_has_names(&f->parts[i]))
            return false;
    return f->n > 0 && !f->defaults;
}

/* Whether the rule's fingerprint is one of which nobody outside can make up another. */
static bool has_constant_fingerprint(const struct rule *rule)
{
    const struct rule_event *e = &rule->event;
    bool absent = !e->fingerprint.n && rule->absence.every_us && rule->absence.by.n == 0;
    return (is_constant(&e->fingerprint) && is_constant(&e->fingerprint_1)) || absent;
}

static bool is_fixed(const struct template *t)
{
    return t->n == 0 || (t->n == 1 && !template_has_names(t));
}

/* Computes the hash of the parts with which verdict_fill_fingerprint begins in every event. */
static void hash_fixed(const struct rule *rule, struct rule_fingerprint *f)
{
    if (!f->n) {
        f->fixed_hash = hash128(hash128(HASH128_START, rule->pack), rule->id);
        f->n_fixed = 2;
        return;
    }
    f->fixed_hash = HASH128_START;
    for (; f->n_fixed < f->n && is_fixed(&f->parts[f->n_fixed]); f->n_fixed++)
        f->fixed_hash =
            hash128(f->fixed_hash, f->parts[f->n_fixed].n ? f->parts[f->n_fixed].parts[0].text : SLICE_NONE);
}

/* Refuses keys that contradict each other. The first four say when an event is made: two of them would say it twice;
   and where no event is made none of them says anything, nor do limits. */
static void refuse_contradictions(struct loader *l, const struct rule *rule)
{
    static const char *const whens[] = {"absence", "pair", "threshold", "sample"};
    const char *other = NULL;
    for (unsigned i = 0; i < sizeof whens / sizeof *whens; i++) {
        const struct conf_node *node = conf_get(l->node, whens[i]);
        if (!node)
            continue;
        if (other && !slice_is(slice_str(other), "threshold")) /* with sample, one in so many matches counts for it */
            l->ok =
                conf_error(l->d, node, "%s and %s contradict each other: make two rules of this one", other, whens[i]);
        if (rule->go_on)
            l->ok =
                conf_error(l->d, node, "%s says when an event is made, and a rule with continue makes none", whens[i]);
        else if (rule->action != ACTION_EVENT)
            l->ok = conf_error(l->d, node, "%s says when an event is made, and action: %s makes none", whens[i],
                               rule_action_words[rule->action]);
        other = whens[i];
    }
    const struct conf_node *limits = conf_get(l->node, "limits"), *action = conf_get(l->node, "action");
    if (limits && (rule->go_on || rule->action != ACTION_EVENT))
        l->ok = conf_error(l->d, limits, "limits say how many events pass, and this rule makes none");
    if (action && rule->go_on)
        l->ok = conf_error(l->d, action, "a rule with continue leaves it to the next rules what becomes of the record");
}

static unsigned handle_of(struct rule_set *set, struct slice id)
{
    const struct rule *known = set->before ? rule_set_find(set->before, id) : NULL;
    if (set->before && set->n_handles < set->before->n_handles)
        set->n_handles = set->before->n_handles;
    return known ? known->handle : set->n_handles++;
}

/* Adds a rule. From here on rule_set_done knows it, also when it turns out to be wrong. */
static struct rule *add_rule(struct loader *l, struct slice id)
{
    struct rule_set *set = l->set;
    struct rule *rule = arena_calloc(&set->arena, 1, sizeof *rule);
    rule->id = arena_dup(&set->arena, id);
    rule->handle = handle_of(set, id);
    rule->index = set->n++;
    set->rules = xroom(set->rules, rule->index, sizeof *set->rules);
    set->rules[rule->index] = rule;
    set->sources = xroom(set->sources, rule->index, sizeof *set->sources);
    set->sources[rule->index] = (struct rule_source){.node = l->node};
    return rule;
}

static void load_rule(struct loader *l, const struct raw_pack *pack, const struct raw_rule *raw,
                      const struct conf_node *node)
{
    struct arena *a = &l->set->arena;
    unsigned errors = l->d->errors;
    l->node = node;
    struct rule *rule = add_rule(l, raw->id);
    rule->pack = l->pack;
    rule->place = (struct err_place){.file = l->file, .line = conf_place(node).line};
    rule->action = raw->action;
    rule->go_on = raw->go_on;
    rule->no_trace = !raw->trace;
    rule->burst = raw->limits.burst;
    rule->period_us = raw->limits.period_us;
    rule->sample = raw->sample;
    refuse_twice(l, rule);
    if (raw->match) {
        rule->match = grok_compile(&l->grok, l->d, raw->match, a, &rule->match_text);
        rule->holds_in_more = rule->match && relax_holds_in_more(rule->match_text);
        l->ok &= rule->match != NULL;
    }
    if (raw->unless) {
        rule->unless = grok_compile(&l->grok, l->d, raw->unless, a, &rule->unless_text);
        l->ok &= rule->unless != NULL;
    }
    load_when(l, &pack->when, &rule->pack_when);
    load_when(l, &raw->when, &rule->when);
    if (!raw->match && !rule->when.n && !rule->when.formats && !rule->when.level && !rule->when.no_level &&
        !rule->pack_when.n && !rule->pack_when.level && !rule->pack_when.no_level)
        l->ok = conf_error(l->d, node, "rule \"%.*s\" has neither match nor when: it would decide about every record",
                           SLICE_ARG(rule->id));
    load_event(l, &raw->event, rule->match, &rule->event);
    refuse_reserved_tags(l, rule);
    rule->threshold = (struct rule_threshold){.count = raw->threshold.count,
                                              .within_us = raw->threshold.within_us,
                                              .by = by_of(a, &raw->threshold.by, rule->match)};
    load_absence(l, raw, rule);
    load_pair(l, raw, rule);
    hash_fixed(rule, &rule->event.fingerprint);
    hash_fixed(rule, &rule->event.fingerprint_1);
    rule->constant = has_constant_fingerprint(rule);
    refuse_contradictions(l, rule);
    refuse_impossible(l, raw, rule);
    load_samples(l, raw, &l->set->sources[rule->index]);
    rule->unsound = l->d->errors > errors;
}

/* Whether a part of the file is, of which the whole is not. What is wrong has been said. */
static bool binds(struct loader *l, const struct key_table *t, const struct conf_node *n, void *raw)
{
    struct diag said = {0};
    struct keys_ctx c = {.arena = &l->set->read, .diag = &said};
    bool ok = !n || keys_bind(t, n, raw, &c);
    err_done(&said);
    return ok;
}

static void load_rules(struct loader *l, const struct raw_pack *raw, const struct conf_node *root, bool bound)
{
    const struct conf_node *list = conf_get(root, "rules"), *n = list ? list->child : NULL;
    for (unsigned i = 0; i < raw->n_rules && n; i++, n = n->next) {
        struct raw_rule again = {0};
        if (bound)
            load_rule(l, raw, &raw->rules[i], n);
        else if (binds(l, &rule_rule_table, n, &again))
            load_rule(l, raw, &again, n);
    }
}

bool rule_set_load(struct rule_set *set, struct conf_file *f, struct diag *d)
{
    assert(!set->ready);
    set->arena.lasting = true;
    set->files = xroom(set->files, set->n_files, sizeof *set->files);
    set->files[set->n_files++] = f;
    if (!f->root)
        return true;
    struct raw_pack raw = {0};
    struct keys_ctx c = {.arena = &set->read, .diag = d};
    bool bound = keys_bind(&rule_pack_table, f->root, &raw, &c);
    if (!bound && !set->anyway)
        return false;
    struct loader l = {.set = set,
                       .d = d,
                       .pack = arena_dup(&set->arena, raw.pack),
                       .grok = {.pool = set->pool},
                       .file = arena_cstr(&set->arena, slice_str(conf_place(f->root).file)),
                       .ok = bound};
    struct raw_when when = {0};
    if (!bound && (f->root->type != CONF_MAP || !binds(&l, &rule_when_table, conf_get(f->root, "when"), &when)))
        return false; /* its rules would be tried on other records than they are written for */
    load_patterns(&l, &raw);
    load_rules(&l, &raw, f->root, bound);
    return l.ok;
}

void rule_set_ready(struct rule_set *set, bool prefilter)
{
    assert(!set->ready);
    rule_lanes_make(set, prefilter);
    set->before = NULL;
    set->ready = true;
}

const struct rule *rule_set_find(const struct rule_set *set, struct slice id)
{
    for (unsigned i = 0; i < set->n; i++)
        if (slice_eq(set->rules[i]->id, id))
            return set->rules[i];
    return NULL;
}

uint64_t rule_key(const struct rule *rule)
{
    return slice_hash(rule->id, 3);
}

static void free_files(struct rule_set *set)
{
    for (unsigned i = 0; i < set->n_files; i++)
        conf_free(set->files[i]);
    free(set->files);
    arena_done(&set->read);
    free(set->sources);
    set->files = NULL;
    set->sources = NULL;
    set->n_files = 0;
}

void rule_set_forget_files(struct rule_set *set)
{
    free_files(set);
}

static void when_done(const struct rule_when *w)
{
    for (unsigned i = 0; i < w->n; i++)
        regex_free(w->conditions[i].regex);
}

void rule_set_done(struct rule_set *set)
{
    for (unsigned i = 0; i < set->n; i++) {
        const struct rule *r = set->rules[i];
        regex_free(r->match);
        regex_free(r->unless);
        regex_free(r->pair.end);
        when_done(&r->pack_when);
        when_done(&r->when);
    }
    rule_lanes_done(set);
    free_files(set);
    free(set->rules);
    regex_pool_free(set->pool);
    arena_done(&set->arena);
    *set = (struct rule_set){0};
}
