#include "core/rule_names.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

enum { NAMES_MAX = 128, FIELDS_MAX = 256 };

struct name {
    struct record_ref ref;
    bool of_when; /* a key of `when`, else a name in a template */
    bool masked;
    bool seen;
};

struct rule_names {
    const struct regex *match;
    struct arena arena;
    struct name names[NAMES_MAX];
    unsigned n;
    struct slice fields[FIELDS_MAX]; /* that the records had, each once */
    unsigned n_fields;
};

static void add(struct rule_names *n, const struct name *name)
{
    for (unsigned i = 0; i < n->n; i++)
        if (n->names[i].of_when == name->of_when && slice_eq(n->names[i].ref.name, name->ref.name))
            return;
    if (n->n < NAMES_MAX)
        n->names[n->n++] = *name;
}

/* Members are there or not, and are spelt right; what a container is of, no sample can say. */
static void add_template(struct rule_names *n, const struct template *t)
{
    for (unsigned i = 0; i < t->n; i++) {
        const struct template_part *p = &t->parts[i];
        if (p->is_name && !p->capture && !p->ref.fact && !p->ref.member)
            add(n, &(struct name){.ref = p->ref, .masked = p->masked});
    }
}

static void add_by(struct rule_names *n, const struct rule_by *by)
{
    for (unsigned i = 0; i < by->n; i++)
        add_template(n, &by->v[i]);
}

static void add_event(struct rule_names *n, const struct rule_event *e)
{
    const struct template *const texts[] = {
        &e->type,        &e->message,  &e->project, &e->logger,  &e->transaction,  &e->release,
        &e->environment, &e->dist,     &e->method,  &e->url,     &e->query_string, &e->user_agent,
        &e->user_id,     &e->username, &e->email,   &e->user_ip,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        add_template(n, texts[i]);
    for (unsigned i = 0; i < e->fingerprint.n; i++)
        add_template(n, &e->fingerprint.parts[i]);
    for (unsigned i = 0; i < e->fingerprint_1.n; i++)
        add_template(n, &e->fingerprint_1.parts[i]);
    for (unsigned i = 0; i < e->n_tags; i++)
        add_template(n, &e->tags[i].value);
}

/* A sample comes by no input, from no peer and out of no container. */
static bool can_be_seen(const struct record_ref *ref)
{
    return !ref->member && !slice_is(ref->name, "input") && !slice_is(ref->name, "peer");
}

struct rule_names *rule_names_new(const struct rule_when *when, const struct rule *rule)
{
    struct rule_names *n = xcalloc(1, sizeof *n);
    for (unsigned i = 0; i < when->n; i++)
        if (can_be_seen(&when->conditions[i].ref))
            add(n, &(struct name){.ref = when->conditions[i].ref, .of_when = true});
    if (!rule)
        return n;
    n->match = rule->match;
    add_event(n, &rule->event);
    add_by(n, &rule->threshold.by);
    add_by(n, &rule->absence.by);
    add_template(n, &rule->absence.monitor);
    add_by(n, &rule->pair.by);
    return n;
}

void rule_names_free(struct rule_names *n)
{
    if (n)
        arena_done(&n->arena);
    free(n);
}

static void note_field(struct rule_names *n, struct slice field)
{
    for (unsigned i = 0; i < n->n_fields; i++)
        if (slice_eq(n->fields[i], field))
            return;
    if (n->n_fields < FIELDS_MAX)
        n->fields[n->n_fields++] = slice_str(arena_cstr(&n->arena, field));
}

/* An exception of the chain is asked for by what a trace has, not by a member of the record. */
static bool has(const struct record *r, const struct record_ref *ref)
{
    bool of_trace = slice_is(ref->name, "exception.type") || slice_is(ref->name, "exception.value");
    return record_value_of(r, ref).n || (of_trace && r->trace);
}

void rule_names_see(struct rule_names *n, const struct record *r)
{
    for (unsigned i = 0; i < n->n; i++)
        n->names[i].seen |= has(r, &n->names[i].ref);
    for (unsigned i = 0; i < r->n_fields; i++)
        note_field(n, r->fields[i].name);
}

/* --- telling --- */

static const struct conf_node *find_key(const struct conf_node *node, struct slice key)
{
    const struct conf_node *when = conf_get(node, "when");
    for (const struct conf_node *c = when ? when->child : NULL; c; c = c->next)
        if (slice_eq(c->key, key))
            return c;
    return NULL;
}

/* The first scalar that holds the text, which is where it was taken from: samples hold values, not names. */
static const struct conf_node *find_text(const struct conf_node *node, struct slice text, size_t *at)
{
    for (const struct conf_node *c = node->child; c; c = c->next) {
        if (slice_is(c->key, "samples"))
            continue;
        ptrdiff_t found = c->type == CONF_SCALAR ? slice_find(c->text, text) : -1;
        if (found >= 0) {
            *at = (size_t)found;
            return c;
        }
        const struct conf_node *below = c->type == CONF_SCALAR ? NULL : find_text(c, text, at);
        if (below)
            return below;
    }
    return NULL;
}

static struct err_place place_of(const struct conf_node *node, const struct name *name)
{
    char text[300];
    size_t at = 0;
    const struct conf_node *found = name->of_when ? find_key(node, name->ref.name) : NULL;
    if (found)
        return conf_key_place(found);
    snprintf(text, sizeof text, "{%s%.*s}", name->masked ? "masked." : "", SLICE_ARG(name->ref.name));
    found = name->of_when ? NULL : find_text(node, slice_str(text), &at);
    return found ? conf_place_in(found, at) : conf_place(node);
}

/* Of the captures, of the fields that the records had, and of the members. */
static const char *nearest(const struct rule_names *n, const struct name *name)
{
    const char *words[2 * FIELDS_MAX + RECORD_MEMBERS + 1];
    unsigned k = 0;
    for (unsigned i = 1; !name->of_when && n->match && i <= regex_count(n->match) && k < FIELDS_MAX; i++)
        if (regex_name(n->match, i))
            words[k++] = regex_name(n->match, i);
    for (unsigned i = 0; i < n->n_fields; i++)
        words[k++] = n->fields[i].p;
    k += record_members(words + k);
    words[k] = NULL;
    return err_nearest(name->ref.name, words);
}

void rule_names_warn(const struct rule_names *n, const struct conf_node *node, const char *whose, struct diag *d)
{
    for (unsigned i = 0; i < n->n; i++) {
        const struct name *name = &n->names[i];
        if (name->seen)
            continue;
        const char *near = nearest(n, name);
        char mean[128] = "";
        if (near)
            snprintf(mean, sizeof mean, name->of_when ? "; did you mean \"%.64s\"?" : "; did you mean {%.64s}?", near);
        if (name->of_when)
            err_add(d, ERR_WARNING, place_of(node, name), "%s: no record of its samples has \"%.*s\"%s", whose,
                    SLICE_ARG(name->ref.name), mean);
        else
            err_add(d, ERR_WARNING, place_of(node, name),
                    "%s: {%.*s} is no capture of match, no member of a record, and empty in all of its samples%s",
                    whose, SLICE_ARG(name->ref.name), mean);
    }
}
