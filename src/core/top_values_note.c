/* top_values_note: what the occurrences of an issue are told apart by. The names are those of the event's tags where it
 * has such a tag. */
#include <stdio.h>

#include "core/event_members.h"
#include "core/top_values.h"
#include "parsers/parser.h"

static void hide_or_add(struct top_values *v, struct scrub *scrub, struct slice name, struct slice value,
                        struct slice shown)
{
    if (value.n && top_values_is_new(v, name) &&
        (!event_members_shows(scrub, name, value) || scrub_is_secret_name(scrub, name)))
        top_values_hide(v, name);
    top_values_add(v, name, value, shown);
}

static void note(struct top_values *v, struct scrub *scrub, struct slice name, struct slice value)
{
    hide_or_add(v, scrub, name, value, value);
}

/* A part of the message. */
static void note_part(struct top_values *v, const struct judge *j, struct scrub *scrub, struct slice name,
                      struct slice value)
{
    hide_or_add(v, scrub, name, value, j->shown ? shown_capture(j->shown, value) : SLICE_NONE);
}

static void note_tags(struct top_values *v, const struct verdict *verdict, const struct verdict *shown)
{
    for (unsigned i = 0; i < verdict->n_tags; i++) {
        struct tag tag = verdict->tags[i];
        bool same = shown && i < shown->n_tags && slice_eq(shown->tags[i].key, tag.key);
        top_values_add(v, tag.key, tag.value, same ? shown->tags[i].value : SLICE_NONE);
    }
}

/* True when the rule has captures with names: then they are the parameters, and better ones than a template finds. */
static bool note_captures(struct top_values *v, const struct judge *j, const struct rule *rule, struct scrub *scrub)
{
    bool any = false;
    for (unsigned i = 1; rule && rule->match && i <= regex_count(rule->match); i++) {
        const char *name = regex_name(rule->match, i);
        any |= name != NULL;
        if (name)
            note_part(v, j, scrub, slice_str(name), captures_get(&j->captures, i));
    }
    return any;
}

static void note_origin(struct top_values *v, const struct record *r, struct scrub *scrub)
{
    const struct format_value *value = format_traits(r->format)->varies;
    if (!value) {
        note(v, scrub, SLICE("host"), r->host);
        note(v, scrub, SLICE("app"), r->app);
        return;
    }
    for (; value->name.p; value++)
        note(v, scrub, value->name, format_value_of(value, r));
}

static void note_fields(struct top_values *v, const struct record *r, struct scrub *scrub)
{
    for (unsigned i = 0; i < r->n_fields; i++)
        if (r->fields[i].type != FIELD_JSON && !record_reserves(r, r->fields[i].name))
            note(v, scrub, r->fields[i].name, r->fields[i].value);
}

/* "<user>", and "<num> 2" for the second of its kind. */
static void note_params(struct top_values *v, const struct judge *j, const struct record *r, struct scrub *scrub)
{
    struct log_template *m = j->log_template;
    log_template_message(r->message, m);
    struct slice text = sbuf_slice(&m->text);
    for (unsigned i = 0; i < m->n_params; i++) {
        struct slice kind = slice_sub(text, m->params[i].at, m->params[i].at + m->params[i].n);
        char name[TOP_VALUES_NAME_MAX];
        unsigned nth = 1;
        for (unsigned k = 0; k < i; k++)
            nth += slice_eq(kind, slice_sub(text, m->params[k].at, m->params[k].at + m->params[k].n));
        snprintf(name, sizeof name, nth > 1 ? "%.*s %u" : "%.*s", SLICE_ARG(slice_sub(kind, 0, 20)), nth);
        note_part(v, j, scrub, slice_str(name), m->params[i].value);
    }
}

void top_values_note(struct top_values *v, const struct judge *j, const struct record *r, const struct verdict *verdict,
                     const struct verdict *shown, struct scrub *scrub)
{
    note_tags(v, verdict, shown);
    bool named = note_captures(v, j, verdict->rule, scrub);
    note_origin(v, r, scrub);
    if (!named)
        note_params(v, j, r, scrub);
    if (!format_traits(r->format)->varies)
        note_fields(v, r, scrub);
}
