#include "core/rule_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/contains.h"
#include "core/effort.h"
#include "core/join.h"
#include "core/rule_names.h"
#include "parsers/frame.h"
#include "text/json.h"

/* The present of a sample: later than any time it may reasonably hold, so that none is in the future. */
#define SAMPLE_NOW_US INT64_C(4102444800000000)

/* The names that a rule, and its pack, ask records for. */
struct asked {
    struct rule_names *rule, *pack;
};

/* What the lines of one sample gave. */
struct trial {
    const struct rule_set *set;
    struct arena arena;
    struct slice payload; /* of the first event that its own rule made, else of the first */
    bool own;             /* it is that */
    unsigned events;
    const struct rule *rule;    /* whose sample it is */
    const struct rule *taker;   /* the rule that decided the first event */
    const struct rule *decided; /* the rule that decided the last record */
    bool fired;                 /* its own rule decided one of the records, or added to one and went on */
    const char *refused;
    const struct asked *asked;
};

/* One that no rule is interested in has not been read to its end. */
static void note_names(struct trial *o, const struct record *r)
{
    struct record *whole = NULL;
    if (r->partial) {
        struct parse_ctx ctx = {.arena = &o->arena, .now_us = SAMPLE_NOW_US, .last_us = RECORD_NO_TIME};
        whole = xmalloc(sizeof *whole);
        record_copy(whole, r);
        parser_finish(&ctx, whole);
    }
    rule_names_see(o->asked->rule, whole ? whole : r);
    rule_names_see(o->asked->pack, whole ? whole : r);
    free(whole);
}

static bool rule_check_on_event(void *u, const struct event_out *e)
{
    struct trial *o = u;
    if (e->open)
        return true;
    bool own = e->verdict && slice_eq(e->verdict->texts->rule, o->rule->id);
    if (o->events++ > 0 && (!own || o->own))
        return true;
    o->own = own;
    o->payload = arena_dup(&o->arena, e->payload.text);
    return true;
}

static void rule_check_on_outcome(void *u, const struct outcome *j)
{
    struct trial *o = u;
    if (!j->record)
        o->refused = j->reason;
    else
        o->decided = j->verdict->rule;
    if (j->record)
        note_names(o, j->record);
    if (j->record && !o->taker && j->fate == COUNT_event)
        o->taker = j->verdict->rule;
    o->fired |= j->record && j->verdict->rule == o->rule;
}

static void rule_check_on_extra(void *u, const struct outcome *j)
{
    struct trial *o = u;
    o->fired |= j->verdict->rule == o->rule;
}

static enum format sample_format(const struct rule *r, const struct rule_sample *s)
{
    if (s->format != FORMAT_AUTO)
        return s->format;
    unsigned formats = r->when.formats ? r->when.formats : r->pack_when.formats;
    return formats ? (enum format)__builtin_ctz(formats) : FORMAT_TEXT;
}

/* --- comparing --- */

/* Returns the rule of another file that took the lines, so that the sample is not to blame; else NULL. */
static const struct rule *taker_from_elsewhere(const struct trial *o)
{
    const struct rule *taker = o->events ? o->taker : o->decided;
    return !o->fired && taker && strcmp(taker->place.file, o->rule->place.file) != 0 ? taker : NULL;
}

/* Adds an error at the sample, or at the rule that took its lines, since that is what has to change. */
static bool sample_error(const struct rule_sample *s, const struct trial *o, struct diag *d, const struct conf_node *at,
                         const char *what)
{
    const struct rule *taker = taker_from_elsewhere(o);
    struct err_place sample = conf_place(s->node);
    if (!taker)
        return conf_error(d, at, "%s", what);
    return conf_error(d, o->set->sources[taker->index].node,
                      "rule \"%.*s\" takes the lines of a sample of \"%.*s\" (%s:%u), which comes after it: %s; "
                      "make its match or when more exact, or load its file later",
                      SLICE_ARG(taker->id), SLICE_ARG(o->rule->id), sample.file, sample.line, what);
}

/* Tries a sample that wants no event. */
static bool judge_none(const struct rule_sample *s, struct trial *o, struct diag *d)
{
    char what[600];
    if (!o->events)
        return true;
    const struct json_node *event = json_tree(&o->arena, o->payload);
    const struct json_node *entry = json_get(json_get(event, "logentry"), "formatted");
    snprintf(what, sizeof what, "the lines give an event (%.*s) where the sample says none",
             SLICE_ARG(entry ? slice_sub(entry->text, 0, 120) : SLICE_NONE));
    return sample_error(s, o, d, s->node, what);
}

/* Tells that a sample wants an event and there is none. */
static bool missing_event(const struct rule_sample *s, struct trial *o, struct diag *d)
{
    char what[600];
    if (o->refused)
        return conf_error(d, s->node, "the lines cannot be read: %s", o->refused);
    if (!o->decided)
        return conf_error(d, s->node, "the lines give no event: no rule matches them");
    snprintf(what, sizeof what, "the lines give no event; rule \"%.*s\" decided", SLICE_ARG(o->decided->id));
    return sample_error(s, o, d, s->node, what);
}

static bool judge_outcome(const struct rule_sample *s, struct trial *o, struct diag *d)
{
    if (!s->event)
        return judge_none(s, o, d);
    if (!o->events)
        return missing_event(s, o, d);
    struct mismatch m;
    const struct json_node *event = json_tree(&o->arena, o->payload);
    if (event && contains(s->event, event, "event", &m))
        return true;
    return sample_error(s, o, d, event ? m.node : s->node, event ? m.text : "the event is no JSON");
}

/* --- running --- */

static const struct options sample_options = {
    .fallback = FALLBACK_CRUMB,
    .environment = SLICE("production"),
    .crumbs =
        {.before = 30, .after = 5, .others = 5, .wait_us = 500000, .max_age_us = 600000000, .memory_bytes = 1 << 20},
    .limits = {.burst = UINT32_MAX, .per_minute = UINT32_MAX, .per_day = UINT32_MAX, .period_us = 3600000000},
    .scrub = {.defaults = true, .emails = true, .send_ip = true}};

bool rule_check_run(const struct rule_set *set, const struct rule *rule, const struct rule_sample *s,
                    const struct pipeline_hooks *hooks)
{
    static const uint8_t store_id[16] = {1};
    const struct pipeline_setup setup = {.options = &sample_options,
                                         .rules = set,
                                         .store_id = store_id,
                                         .record_clock = true,
                                         .waits = rule,
                                         .hooks = *hooks};
    struct stream stream = {.format = sample_format(rule, s),
                            .source = SLICE("sample"),
                            .trusted = true,
                            .join = &join_defaults,
                            .file_key = 1,
                            .ring = 1,
                            .last_us = RECORD_NO_TIME};
    struct pipeline *p = pipeline_new(&setup);
    const struct parser *parser = parser_of(stream.format);
    struct framer framer;
    struct message msg;
    framer_init(&framer, FRAME_LINES, 0, 0);
    framer_set_head(&framer, parser ? parser->head : NULL, parser ? parser->rule : NULL, 0);
    framer_feed(&framer, s->lines);
    while (framer_next(&framer, &msg) || framer_flush(&framer, FRAME_END, &msg)) {
        msg.stream = &stream;
        pipeline_message(p, &msg, SAMPLE_NOW_US);
    }
    pipeline_flush(p);
    if (s->elapse_us)
        pipeline_elapse(p, s->elapse_us);
    bool went_on = rule->go_on && pipeline_judge(p)->stats[rule->handle].hits > 0;
    framer_done(&framer);
    pipeline_free(p);
    return went_on;
}

/* Returns the sample's own rule if it fired, else the one that decided the last. */
static const struct rule *run_sample(const struct rule_set *set, const struct rule *rule, const struct rule_sample *s,
                                     const struct asked *asked, struct diag *d, struct rule_check *total)
{
    struct trial o = {.set = set, .rule = rule, .asked = asked};
    const struct pipeline_hooks hooks = {
        .u = &o, .emit = rule_check_on_event, .outcome = rule_check_on_outcome, .extra = rule_check_on_extra};
    o.fired |= rule_check_run(set, rule, s, &hooks);
    total->samples++;
    total->failed += !judge_outcome(s, &o, d);
    arena_done(&o.arena);
    return o.fired ? rule : o.decided;
}

/* A rule that decides about none of its own samples does so because of the rules before it, or because nothing matches.
 */
static void check_reach(const struct rule_set *set, const struct rule *rule, const struct rule *winner, struct diag *d)
{
    const struct conf_node *node = set->sources[rule->index].node;
    if (winner)
        conf_error(d, node, "rule \"%.*s\" can never fire on its samples: \"%.*s\" (%s:%u) comes first and always wins",
                   SLICE_ARG(rule->id), SLICE_ARG(winner->id), winner->place.file, winner->place.line);
    else
        conf_error(d, node, "rule \"%.*s\" matches none of its samples", SLICE_ARG(rule->id));
}

static void check_rule(const struct rule_set *set, unsigned i, const struct asked *asked, struct diag *d,
                       struct rule_check *total)
{
    const struct rule *rule = set->rules[i], *winner = NULL;
    const struct rule_source *source = &set->sources[i];
    bool fires = !source->n_samples;
    unsigned failed = total->failed;
    if (!source->n_samples)
        conf_error(d, source->node, "rule \"%.*s\" has no sample that proves it", SLICE_ARG(rule->id));
    for (unsigned k = 0; k < source->n_samples; k++) {
        const struct rule *decided = run_sample(set, rule, &source->samples[k], asked, d, total);
        fires |= decided == rule;
        winner = decided ? decided : winner;
    }
    if (!fires && (winner || failed == total->failed)) /* else the samples have said what is wrong */
        check_reach(set, rule, winner, d);
    if (!source->n_samples)
        return;
    char *whose = xasprintf("rule \"%.*s\"", SLICE_ARG(rule->id));
    rule_names_warn(asked->rule, source->node, whose, d);
    free(whose);
}

/* Of `when` of a file, which all of its rules share. */
static void warn_of_pack(const struct rule_set *set, unsigned last, const struct asked *asked, struct diag *d)
{
    for (unsigned k = 0; k < set->n_files; k++)
        if (set->files[k] == set->sources[last].node->file)
            rule_names_warn(asked->pack, set->files[k]->root, "the pack", d);
}

static void end_pack(const struct rule_set *set, unsigned last, struct asked *asked, struct diag *d)
{
    if (asked->pack)
        warn_of_pack(set, last, asked, d);
    rule_names_free(asked->pack);
    asked->pack = NULL;
}

struct rule_check rule_check_samples(const struct rule_set *set, struct diag *d)
{
    struct rule_check total = {0};
    struct asked asked = {NULL, NULL};
    unsigned last = 0;
    for (unsigned i = 0; i < set->n; i++) {
        const struct rule *rule = set->rules[i];
        if (rule->unsound)
            continue;
        if (rule->place.file != set->rules[last]->place.file)
            end_pack(set, last, &asked, d);
        if (!asked.pack)
            asked.pack = rule_names_new(&rule->pack_when, NULL);
        asked.rule = rule_names_new(&rule->when, rule);
        check_rule(set, i, &asked, d, &total);
        rule_names_free(asked.rule);
        last = i;
    }
    end_pack(set, last, &asked, d);
    return total;
}

/* --- patterns --- */

enum { RULE_WHOSE_MAX = 160 };

/* A rule whose patterns are tried. */
struct rule_effort {
    struct effort effort;
    char whose[RULE_WHOSE_MAX];
};

static void try_pattern(struct rule_effort *e, const struct regex *regex, struct slice text,
                        const struct conf_node *node)
{
    effort_try(&e->effort, regex, text, RULE_TEXT_MAX, slice_str(e->whose), node);
}

static void try_conditions(struct rule_effort *e, const struct rule_when *when, const struct conf_node *rule)
{
    for (unsigned i = 0; i < when->n; i++)
        try_pattern(e, when->conditions[i].regex, when->conditions[i].text, rule);
}

static void try_rule(struct rule_effort *e, const struct rule *r, const struct conf_node *node, bool with_pack)
{
    snprintf(e->whose, sizeof e->whose, "rule \"%.*s\": ", SLICE_ARG(r->id));
    if (with_pack)
        try_conditions(e, &r->pack_when, node);
    try_conditions(e, &r->when, node);
    try_pattern(e, r->match, r->match_text, conf_get(node, "match"));
    try_pattern(e, r->unless, r->unless_text, conf_get(node, "unless"));
    try_pattern(e, r->pair.end, r->pair.end_text, conf_get(conf_get(node, "pair"), "end"));
}

static unsigned try_rules(const struct rule_set *set, enum err_kind kind, rule_wanted_f *wanted, void *u,
                          struct diag *d)
{
    struct rule_effort e;
    effort_init(&e.effort, kind, d);
    const struct rule *last = NULL;
    for (unsigned i = 0; i < set->n; i++) {
        const struct rule *r = set->rules[i];
        if (r->unsound || (wanted && !wanted(u, r)))
            continue;
        try_rule(&e, r, set->sources[i].node, !last || !slice_eq(r->pack, last->pack));
        last = r;
    }
    effort_done(&e.effort);
    return e.effort.endless;
}

unsigned rule_check_patterns(const struct rule_set *set, struct diag *d)
{
    return try_rules(set, ERR_ERROR, NULL, NULL, d);
}

unsigned rule_warn_patterns(const struct rule_set *set, rule_wanted_f *wanted, void *u, struct diag *d)
{
    return try_rules(set, ERR_WARNING, wanted, u, d);
}
