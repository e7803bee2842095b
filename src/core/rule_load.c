/* rule_load: rule files to a ruleset, and the one table of every key they may hold. */
#include "core/rule.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/check_in.h"
#include "core/event_members.h"
#include "core/rule_keys.h"
#include "text/grok.h"

/* --- the keys --- */

struct raw_when {
    const struct conf_node *format;
    enum level level;
    struct raw_pattern {
        struct slice name;
        const struct conf_node *regex;
    } *fields;
    unsigned n_fields;
};

struct raw_event {
    struct slice type, message, project, logger, transaction, release, environment, dist;
    enum level level;
    struct slice *fingerprint;
    unsigned n_fingerprint;
    struct key_pair *tags;
    unsigned n_tags;
    struct {
        struct slice method, url, query_string;
    } request;
    struct {
        struct slice id, username, email, ip_address;
    } user;
};

struct raw_by {
    struct slice *v;
    unsigned n;
};

struct raw_sample {
    struct slice lines, format;
    int64_t elapse_us;
    const struct conf_node *event;
};

struct raw_rule {
    struct slice id;
    const struct conf_node *match, *unless;
    struct raw_when when;
    enum action action;
    bool go_on;
    struct raw_event event;
    struct {
        unsigned burst;
        int64_t period_us;
    } limits;
    struct {
        unsigned count;
        int64_t within_us;
        struct raw_by by;
    } threshold;
    struct {
        int64_t every_us;
        struct slice monitor;
        struct raw_by by;
    } absence;
    struct {
        const struct conf_node *end;
        int64_t within_us;
        struct raw_by by;
    } pair;
    unsigned sample;
    struct raw_sample *samples;
    unsigned n_samples;
};

struct raw_pack {
    struct slice pack;
    struct raw_pattern *patterns;
    unsigned n_patterns;
    struct raw_when when;
    struct raw_rule *rules;
    unsigned n_rules;
};

#define DURATION_MIN_US 1000 /* what can be written */
#define PERIOD_MAX_US (INT64_C(400) * 86400 * 1000000)

static const char *const level_words[] = {"", "debug", "info", "warning", "error", "fatal", NULL};
static const char *const action_words[] = {"event", "crumb", "log", "drop", NULL};

static const struct key key_pattern = {.type = KEY_TEXT, KEY_AT(struct raw_pattern, regex)};

static const struct key when_keys[] = {
    {.name = "format", .type = KEY_NODE, KEY_AT(struct raw_when, format),
     .help = "Format of the record, or a list of formats: nginx-error, nginx-access, syslog, gelf, docker, cri, json, logfmt, text."},
    {.name = "level", .type = KEY_ENUM, KEY_AT(struct raw_when, level), .names = level_words,
     .help = "The least level the record must have."},
    {.name = "*", .type = KEY_MAP, KEY_MANY(struct raw_when, fields, n_fields), .of = &key_pattern,
     .help = "host, app, any other member or any field of the record: a regular expression that must match its value."},
    {.name = NULL},
};

static const struct key_table when_table = {.keys = when_keys, .size = sizeof(struct raw_when)};

static const struct key request_keys[] = {
    {.name = "method", .type = KEY_STRING, KEY_AT(struct raw_event, request.method), .help = "HTTP method."},
    {.name = "url", .type = KEY_STRING, KEY_AT(struct raw_event, request.url), .help = "URL; a query in it is split off."},
    {.name = "query_string", .type = KEY_STRING, KEY_AT(struct raw_event, request.query_string), .help = "Query string."},
    {.name = NULL},
};

static const struct key_table request_table = {.keys = request_keys, .size = sizeof(struct raw_event)};

static const struct key user_keys[] = {
    {.name = "id", .type = KEY_STRING, KEY_AT(struct raw_event, user.id), .help = "The user's id."},
    {.name = "username", .type = KEY_STRING, KEY_AT(struct raw_event, user.username), .help = "The user's name."},
    {.name = "email", .type = KEY_STRING, KEY_AT(struct raw_event, user.email), .help = "The user's e-mail address."},
    {.name = "ip_address", .type = KEY_STRING, KEY_AT(struct raw_event, user.ip_address),
     .help = "The user's address; sent only with scrub.send_ip."},
    {.name = NULL},
};

static const struct key_table user_table = {.keys = user_keys, .size = sizeof(struct raw_event)};

static const struct key event_keys[] = {
    {.name = "type", .type = KEY_STRING, KEY_AT(struct raw_event, type),
     .help = "Exception type. Without it the event is a message."},
    {.name = "level", .type = KEY_ENUM, KEY_AT(struct raw_event, level), .names = level_words,
     .help = "Level of the event; the record's own by default."},
    {.name = "message", .type = KEY_STRING, KEY_AT(struct raw_event, message),
     .help = "Text of the event: the exception's value, or the message. By default the record's message with its variable parts masked."},
    {.name = "fingerprint", .type = KEY_LIST, KEY_MANY(struct raw_event, fingerprint, n_fingerprint), .of = &key_string,
     .min = 1, .max = VERDICT_FINGERPRINT_MAX, .help = "What the events of one issue have in common."},
    {.name = "tags", .type = KEY_MAP, KEY_MANY(struct raw_event, tags, n_tags), .of = &key_pair_string,
     .max = VERDICT_TAGS_MAX, .help = "Tags of the event."},
    {.name = "project", .type = KEY_STRING, KEY_AT(struct raw_event, project),
     .help = "A name from sentry.projects; the default project without it, or where the name is none of these."},
    {.name = "logger", .type = KEY_STRING, KEY_AT(struct raw_event, logger), .help = "The event's logger."},
    {.name = "transaction", .type = KEY_STRING, KEY_AT(struct raw_event, transaction),
     .help = "Name of what was going on, such as a route; few different values."},
    {.name = "release", .type = KEY_STRING, KEY_AT(struct raw_event, release),
     .help = "Release the event is of, such as shop@1.4.2; sentry.release without it, or where a line brings what Sentry refuses."},
    {.name = "environment", .type = KEY_STRING, KEY_AT(struct raw_event, environment),
     .help = "Environment the event is of; sentry.environment without it, as with release."},
    {.name = "dist", .type = KEY_STRING, KEY_AT(struct raw_event, dist),
     .help = "Which build of the release: letters, digits, _, . and -."},
    {.name = "request", .type = KEY_TABLE, .table = &request_table, .help = "The HTTP request, where the record's fields do not show it."},
    {.name = "user", .type = KEY_TABLE, .table = &user_table, .help = "The user who met the error."},
    {.name = NULL},
};

static const struct key_table event_table = {.keys = event_keys, .size = sizeof(struct raw_event)};

static const struct key limits_keys[] = {
    {.name = "burst", .type = KEY_INT, KEY_AT(struct raw_rule, limits.burst), .min = 1, .help = "As limits.per_issue.burst of crumbd.yaml(5), for this rule."},
    {.name = "period", .type = KEY_DURATION, KEY_AT(struct raw_rule, limits.period_us), .min = DURATION_MIN_US, .help = "As limits.per_issue.period, for this rule."},
    {.name = NULL},
};

static const struct key_table limits_table = {.keys = limits_keys, .size = sizeof(struct raw_rule)};

static const struct key threshold_keys[] = {
    {.name = "count", .type = KEY_INT, KEY_AT(struct raw_rule, threshold.count), .min = 1, .max = RULE_THRESHOLD_MAX, .required = true,
     .help = "How many matches make an event."},
    {.name = "within", .type = KEY_DURATION, KEY_AT(struct raw_rule, threshold.within_us), .min = DURATION_MIN_US, .required = true,
     .help = "In how much time they must come."},
    {.name = "by", .type = KEY_LIST, KEY_MANY(struct raw_rule, threshold.by.v, threshold.by.n), .of = &key_string, .max = RULE_BY_MAX,
     .help = "Templates; each different value is counted apart."},
    {.name = NULL},
};

static const struct key_table threshold_table = {.keys = threshold_keys, .size = sizeof(struct raw_rule)};

static const struct key absence_keys[] = {
    {.name = "every", .type = KEY_DURATION, KEY_AT(struct raw_rule, absence.every_us), .min = DURATION_MIN_US, .max = PERIOD_MAX_US, .required = true,
     .help = "How long it may be until the line comes again."},
    {.name = "monitor", .type = KEY_STRING, KEY_AT(struct raw_rule, absence.monitor), .min = 1,
     .help = "A template: slug of the Sentry monitor that gets a check-in, ok when the line comes and error when it does not."},
    {.name = "by", .type = KEY_LIST, KEY_MANY(struct raw_rule, absence.by.v, absence.by.n), .of = &key_string, .max = RULE_BY_MAX,
     .help = "Templates; each different value, once it has come, is waited for by itself."},
    {.name = NULL},
};

static const struct key_table absence_table = {.keys = absence_keys, .size = sizeof(struct raw_rule)};

static const struct key pair_keys[] = {
    {.name = "end", .type = KEY_TEXT, KEY_AT(struct raw_rule, pair.end), .required = true,
     .help = "Regular expression that the message of the end matches; match is the start."},
    {.name = "within", .type = KEY_DURATION, KEY_AT(struct raw_rule, pair.within_us), .min = DURATION_MIN_US, .max = PERIOD_MAX_US, .required = true,
     .help = "In how much time the end must come."},
    {.name = "by", .type = KEY_LIST, KEY_MANY(struct raw_rule, pair.by.v, pair.by.n), .of = &key_string, .max = RULE_BY_MAX,
     .help = "Templates; an end belongs to the start that gives the same values."},
    {.name = NULL},
};

static const struct key_table pair_table = {.keys = pair_keys, .size = sizeof(struct raw_rule)};

static const struct key sample_keys[] = {
    {.name = "lines", .type = KEY_STRING, KEY_AT(struct raw_sample, lines), .required = true, .help = "One or more lines as they stand in the log."},
    {.name = "event", .type = KEY_NODE, KEY_AT(struct raw_sample, event), .required = true,
     .help = "A part of the event they must give, or none."},
    {.name = "format", .type = KEY_STRING, KEY_AT(struct raw_sample, format),
     .help = "How to read them; by default the rule's or the pack's format, else text."},
    {.name = "elapse", .type = KEY_DURATION, KEY_AT(struct raw_sample, elapse_us), .max = PERIOD_MAX_US,
     .help = "So much time passes after the lines, for absence and pair."},
    {.name = NULL},
};

static const struct key_table sample_table = {.keys = sample_keys, .size = sizeof(struct raw_sample)};
static const struct key key_sample = {.type = KEY_TABLE, .table = &sample_table};

static const struct key rule_keys[] = {
    {.name = "id", .type = KEY_STRING, KEY_AT(struct raw_rule, id), .required = true, .min = 1, .max = 128,
     .help = "Name of the rule, unique over all files."},
    {.name = "match", .type = KEY_TEXT, KEY_AT(struct raw_rule, match),
     .help = "Regular expression (PCRE2) that the record's message must match. Without it every record that meets when does."},
    {.name = "unless", .type = KEY_TEXT, KEY_AT(struct raw_rule, unless), .help = "Regular expression that it must not match."},
    {.name = "when", .type = KEY_TABLE, .table = &when_table, KEY_AT(struct raw_rule, when), .help = "Conditions on the record."},
    {.name = "action", .type = KEY_ENUM, KEY_AT(struct raw_rule, action), .names = action_words, .def = "event",
     .help = "What becomes of the record: an event, a breadcrumb of later events, a counted line, or nothing."},
    {.name = "continue", .type = KEY_BOOL, KEY_AT(struct raw_rule, go_on), .def = "off",
     .help = "Add the tags (and the level) and try the next rules."},
    {.name = "event", .type = KEY_TABLE, .table = &event_table, KEY_AT(struct raw_rule, event), .help = "What the event looks like."},
    {.name = "limits", .type = KEY_TABLE, .table = &limits_table, .help = "Flood control of this rule's issues."},
    {.name = "threshold", .type = KEY_TABLE, .table = &threshold_table, .help = "Promote only the last of several matches; the others are breadcrumbs."},
    {.name = "absence", .type = KEY_TABLE, .table = &absence_table,
     .help = "The line must come every so often. It is a breadcrumb itself; the event is made when it does not come."},
    {.name = "pair", .type = KEY_TABLE, .table = &pair_table,
     .help = "The line starts something that must end. It is a breadcrumb itself; the event is made of it when no end comes."},
    {.name = "sample", .type = KEY_INT, KEY_AT(struct raw_rule, sample), .min = 1, .def = "1",
     .help = "Promote one in so many matches, the first among them; the others are breadcrumbs."},
    {.name = "samples", .type = KEY_LIST, KEY_MANY(struct raw_rule, samples, n_samples), .of = &key_sample,
     .help = "Lines with the event they must give; crumbd check runs them."},
    {.name = NULL},
};

static const struct key_table rule_table = {.keys = rule_keys, .size = sizeof(struct raw_rule)};
static const struct key key_rule = {.type = KEY_TABLE, .table = &rule_table};

static const struct key pack_keys[] = {
    {.name = "pack", .type = KEY_STRING, KEY_AT(struct raw_pack, pack), .required = true, .min = 1, .max = 64,
     .help = "Name of the pack."},
    {.name = "when", .type = KEY_TABLE, .table = &when_table, KEY_AT(struct raw_pack, when),
     .help = "Conditions that every record must meet before a rule of this pack is tried."},
    {.name = "patterns", .type = KEY_MAP, KEY_MANY(struct raw_pack, patterns, n_patterns), .of = &key_pattern,
     .help = "Names of this file for %{NAME} in its regular expressions, each with the regular expression it stands for."},
    {.name = "rules", .type = KEY_LIST, KEY_MANY(struct raw_pack, rules, n_rules), .of = &key_rule, .required = true,
     .help = "The rules, tried in this order."},
    {.name = NULL},
};

const struct key_table rule_pack_table = {.keys = pack_keys, .size = sizeof(struct raw_pack), .help = "A rule pack of crumbd."};

/* --- templates --- */

/* Length of "{name}" at the start of s, 0 when it is literal text. "{{…}}" is Sentry's, and literal. */
static size_t name_length(struct slice s, char name[GROK_FIELD_MAX + 1])
{
    const char *end = slice_chr(s, '}');
    if (s.n < 3 || !end)
        return 0;
    return grok_field_name(slice_sub(s, 1, (size_t)(end - s.p)), name) ? (size_t)(end - s.p) + 1 : 0;
}

static void add_part(struct arena *a, struct template *t, struct slice text, bool name, const struct regex *match)
{
    static const struct slice prefix = SLICE("masked.");
    bool masked = name && text.n > prefix.n && slice_starts(text, prefix);
    if (text.n == 0)
        return;
    text = masked ? slice_from(text, prefix.n) : text;
    struct template_part *grown = arena_alloc(a, (t->n + 1) * sizeof *grown);
    if (t->n)
        memcpy(grown, t->parts, t->n * sizeof *grown);
    grown[t->n++] = (struct template_part){
        .text = text, .is_name = name, .masked = masked, .capture = name && match ? regex_number(match, text) : 0};
    t->parts = grown;
}

static struct template template_of(struct arena *a, struct slice text, const struct regex *match)
{
    struct template t = {.set = text.p != NULL};
    size_t from = 0;
    text = arena_dup(a, text);
    for (size_t i = 0; i < text.n;) {
        if (text.p[i] != '{') {
            i++;
            continue;
        }
        if (i + 1 < text.n && text.p[i + 1] == '{') {
            ptrdiff_t close = slice_find(slice_from(text, i), SLICE("}}"));
            i = close < 0 ? text.n : i + (size_t)close + 2;
            continue;
        }
        char name[GROK_FIELD_MAX + 1];
        size_t n = name_length(slice_from(text, i), name);
        if (n) {
            add_part(a, &t, slice_sub(text, from, i), false, NULL);
            add_part(a, &t, arena_dup(a, slice_str(name)), true, match);
            from = i + n;
        }
        i += n ? n : 1;
    }
    add_part(a, &t, slice_from(text, from), false, NULL);
    return t;
}

static struct rule_by by_of(struct arena *a, const struct raw_by *raw, const struct regex *match)
{
    struct rule_by by = {.v = arena_calloc(a, raw->n, sizeof *by.v)};
    for (; by.n < raw->n; by.n++)
        by.v[by.n] = template_of(a, raw->v[by.n], match);
    return by;
}

/* --- one rule --- */

struct loader {
    struct ruleset *set;
    struct diag *d;
    const struct conf_node *list; /* nodes of the rules, in step with the raw ones */
    struct slice pack;
    const char *file; /* its name, in the ruleset's arena */
    struct grok grok; /* the pack's own patterns */
    bool ok;
};

/* Each must compile alone, so that what is wrong with it is told where it stands and not where it is used. */
static void load_patterns(struct loader *l, const struct raw_pack *raw)
{
    struct grok_name *own = arena_calloc(&l->set->arena, raw->n_patterns, sizeof *own);
    for (unsigned i = 0; i < raw->n_patterns; i++) {
        own[i] = (struct grok_name){arena_dup(&l->set->arena, raw->patterns[i].name), arena_dup(&l->set->arena, raw->patterns[i].regex->text)};
        if (!grok_name_ok(own[i].name))
            l->ok = conf_error(l->d, raw->patterns[i].regex, "the name of a pattern is a letter, then letters, digits and _, at most %d",
                               GROK_NAME_MAX);
    }
    l->grok = (struct grok){.own = own, .n_own = raw->n_patterns};
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
    const char *near = err_nearest(n->text, names);
    if (near)
        l->ok = conf_error(l->d, n, "unknown format \"%.*s\"; did you mean \"%s\"?", SLICE_ARG(n->text), near);
    else
        l->ok = conf_error(l->d, n, "unknown format \"%.*s\"; formats are nginx-error, nginx-access, syslog, gelf, docker, cri, "
                                    "json, logfmt and text", SLICE_ARG(n->text));
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
    w->level = raw->level;
    if (raw->format && raw->format->type == CONF_LIST)
        for (const struct conf_node *n = raw->format->child; n; n = n->next)
            add_format(l, n, w);
    else if (raw->format)
        add_format(l, raw->format, w);
    w->conditions = arena_calloc(&l->set->arena, raw->n_fields, sizeof *w->conditions);
    for (unsigned i = 0; i < raw->n_fields; i++) {
        struct rule_condition *c = &w->conditions[w->n++];
        c->name = arena_dup(&l->set->arena, raw->fields[i].name);
        struct regex *re = c->regex = grok_compile(&l->grok, l->d, raw->fields[i].regex, &l->set->arena, &c->text);
        l->ok &= re != NULL;
    }
}

static void load_event(struct loader *l, const struct raw_event *raw, const struct regex *m, struct rule_event *e)
{
    struct arena *a = &l->set->arena;
    e->type = template_of(a, raw->type, m);
    e->message = template_of(a, raw->message, m);
    e->project = template_of(a, raw->project, m);
    e->logger = template_of(a, raw->logger, m);
    e->transaction = template_of(a, raw->transaction, m);
    e->release = template_of(a, raw->release, m);
    e->environment = template_of(a, raw->environment, m);
    e->dist = template_of(a, raw->dist, m);
    e->level = raw->level;
    e->fingerprint = arena_calloc(a, raw->n_fingerprint, sizeof *e->fingerprint);
    for (e->n_fingerprint = 0; e->n_fingerprint < raw->n_fingerprint; e->n_fingerprint++)
        e->fingerprint[e->n_fingerprint] = template_of(a, raw->fingerprint[e->n_fingerprint], m);
    e->tags = arena_calloc(a, raw->n_tags, sizeof *e->tags);
    for (e->n_tags = 0; e->n_tags < raw->n_tags; e->n_tags++)
        e->tags[e->n_tags] = (struct rule_tag){arena_dup(a, raw->tags[e->n_tags].name),
                                               template_of(a, raw->tags[e->n_tags].value, m)};
    e->method = template_of(a, raw->request.method, m);
    e->url = template_of(a, raw->request.url, m);
    e->query_string = template_of(a, raw->request.query_string, m);
    e->user_id = template_of(a, raw->user.id, m);
    e->username = template_of(a, raw->user.username, m);
    e->email = template_of(a, raw->user.email, m);
    e->user_ip = template_of(a, raw->user.ip_address, m);
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
            l->ok = conf_error(l->d, conf_get(conf_get(rule->node, "event"), "tags"), "Sentry keeps the tag \"%.*s\" for itself; %s",
                               SLICE_ARG(rule->event.tags[i].key), instead_of_tag(rule->event.tags[i].key));
}

static void load_samples(struct loader *l, const struct raw_rule *raw, struct rule *rule)
{
    const struct conf_node *list = conf_get(rule->node, "samples"), *n = list ? list->child : NULL;
    rule->samples = arena_calloc(&l->set->arena, raw->n_samples, sizeof *rule->samples);
    for (unsigned i = 0; i < raw->n_samples && n; i++, n = n->next) {
        const struct raw_sample *s = &raw->samples[i];
        struct rule_sample *out = &rule->samples[rule->n_samples++];
        *out = (struct rule_sample){.node = n, .lines = arena_dup(&l->set->arena, s->lines), .elapse_us = s->elapse_us, .format = FORMAT_AUTO, .event = s->event};
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
    for (unsigned i = 0; i < l->set->n; i++)
        if (slice_eq(l->set->rules[i]->id, rule->id)) {
            struct err_place at = conf_place(l->set->rules[i]->node);
            l->ok = conf_error(l->d, conf_get(rule->node, "id"), "rule \"%.*s\" is there already: %s:%u", SLICE_ARG(rule->id),
                               at.file, at.line);
            return;
        }
}

static bool has_names(const struct template *t)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->parts[i].is_name)
            return true;
    return false;
}

static void load_absence(struct loader *l, const struct raw_rule *raw, struct rule *rule)
{
    struct arena *a = &l->set->arena;
    struct slice slug = raw->absence.monitor;
    rule->absence = (struct rule_absence){.every_us = raw->absence.every_us,
                                          .by = by_of(a, &raw->absence.by, rule->match),
                                          .monitor = template_of(a, slug, rule->match)};
    if (!slug.p)
        return;
    const struct conf_node *node = conf_get(conf_get(rule->node, "absence"), "monitor");
    bool named = has_names(&rule->absence.monitor);
    if (raw->absence.every_us < CHECK_IN_EVERY_MIN_US)
        l->ok = conf_error(l->d, node, "a monitor wants an every of at least 1m: Sentry's schedules go by the minute");
    if (rule->absence.by.n && !named)
        l->ok = conf_error(l->d, node, "every value of by has the same monitor: put it into the name, such as \"%.*s-{host}\"", SLICE_ARG(slug));
    else if (!named && !check_in_is_slug(slug))
        l->ok = conf_error(l->d, node, "a monitor's slug is made of lower-case letters, digits, - and _, at most %d, not of digits alone",
                           CHECK_IN_SLUG_MAX);
}

/* A value that the start has as a capture and the end has not: no start would ever end. */
static void check_pair_by(struct loader *l, const struct rule *rule)
{
    const struct conf_node *list = conf_get(conf_get(rule->node, "pair"), "by"), *n = list ? list->child : NULL;
    for (unsigned i = 0; i < rule->pair.by.n && n; i++, n = n->next)
        for (unsigned k = 0; k < rule->pair.by.v[i].n; k++) {
            const struct template_part *p = &rule->pair.by.v[i].parts[k];
            if (p->capture && !regex_number(rule->pair.end, p->text))
                l->ok = conf_error(l->d, n, "{%.*s} is a capture of match, and end has none of that name", SLICE_ARG(p->text));
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

/* What no record can meet: the rule would be silent for ever. */
static void refuse_impossible(struct loader *l, const struct raw_rule *raw, const struct rule *rule)
{
    unsigned mine = rule->when.formats, packs = rule->pack_when.formats;
    if (mine && packs && !(mine & packs))
        l->ok = conf_error(l->d, raw->when.format, "no record has both this format and one of the pack's: the rule can never fire");
    if (raw->match && raw->unless && slice_eq(raw->match->text, raw->unless->text))
        l->ok = conf_error(l->d, raw->unless, "unless is the same as match: the rule can never fire");
}

/* A fingerprint that nobody outside can make up another of. */
static bool has_constant_fingerprint(const struct rule *rule)
{
    const struct rule_event *e = &rule->event;
    for (unsigned i = 0; i < e->n_fingerprint; i++)
        for (unsigned k = 0; k < e->fingerprint[i].n; k++)
            if (e->fingerprint[i].parts[k].is_name)
                return false;
    return e->n_fingerprint > 0 || (rule->absence.every_us && rule->absence.by.n == 0);
}

/*
 * The first four say when an event is made: two would say it twice, and where no event is made none says anything, no more than
 * limits do.
 */
static void refuse_contradictions(struct loader *l, const struct rule *rule)
{
    static const char *const whens[] = {"absence", "pair", "threshold", "sample"};
    const char *other = NULL;
    for (unsigned i = 0; i < sizeof whens / sizeof *whens; i++) {
        const struct conf_node *node = conf_get(rule->node, whens[i]);
        if (!node)
            continue;
        if (other && !slice_is(slice_str(other), "threshold")) /* with sample, one in so many matches counts for it */
            l->ok = conf_error(l->d, node, "%s and %s contradict each other: make two rules of this one", other, whens[i]);
        if (rule->go_on)
            l->ok = conf_error(l->d, node, "%s says when an event is made, and a rule with continue makes none", whens[i]);
        else if (rule->action != ACTION_EVENT)
            l->ok = conf_error(l->d, node, "%s says when an event is made, and action: %s makes none", whens[i], action_words[rule->action]);
        other = whens[i];
    }
    const struct conf_node *limits = conf_get(rule->node, "limits"), *action = conf_get(rule->node, "action");
    if (limits && (rule->go_on || rule->action != ACTION_EVENT))
        l->ok = conf_error(l->d, limits, "limits say how many events pass, and this rule makes none");
    if (action && rule->go_on)
        l->ok = conf_error(l->d, action, "a rule with continue leaves it to the next rules what becomes of the record");
}

static void load_rule(struct loader *l, const struct raw_pack *pack, const struct raw_rule *raw, const struct conf_node *node)
{
    struct arena *a = &l->set->arena;
    struct rule *rule = arena_calloc(a, 1, sizeof *rule);
    rule->id = arena_dup(a, raw->id);
    rule->pack = l->pack;
    rule->node = node;
    rule->place = (struct err_place){.file = l->file, .line = conf_place(node).line};
    rule->action = raw->action;
    rule->go_on = raw->go_on;
    rule->burst = raw->limits.burst;
    rule->period_us = raw->limits.period_us;
    rule->sample = raw->sample;
    refuse_twice(l, rule);
    rule->index = l->set->n;
    l->set->rules = xrealloc(l->set->rules, l->set->n + 1, sizeof(struct rule *));
    l->set->rules[l->set->n++] = rule; /* from here on rule_free knows it, also when something is wrong with it */
    if (raw->match) {
        rule->match = grok_compile(&l->grok, l->d, raw->match, a, &rule->match_text);
        l->ok &= rule->match != NULL;
    }
    if (raw->unless) {
        rule->unless = grok_compile(&l->grok, l->d, raw->unless, a, &rule->unless_text);
        l->ok &= rule->unless != NULL;
    }
    load_when(l, &pack->when, &rule->pack_when);
    load_when(l, &raw->when, &rule->when);
    if (!raw->match && !rule->when.n && !rule->when.formats && !rule->when.level && !rule->pack_when.n && !rule->pack_when.level)
        l->ok = conf_error(l->d, node, "rule \"%.*s\" has neither match nor when: it would decide about every record", SLICE_ARG(rule->id));
    load_event(l, &raw->event, rule->match, &rule->event);
    refuse_reserved_tags(l, rule);
    rule->threshold = (struct rule_threshold){.count = raw->threshold.count,
                                              .within_us = raw->threshold.within_us,
                                              .by = by_of(a, &raw->threshold.by, rule->match)};
    load_absence(l, raw, rule);
    load_pair(l, raw, rule);
    rule->constant = has_constant_fingerprint(rule);
    refuse_contradictions(l, rule);
    refuse_impossible(l, raw, rule);
    load_samples(l, raw, rule);
}

bool rule_load(struct ruleset *set, struct conf_file *f, struct diag *d)
{
    set->files = xrealloc(set->files, set->n_files + 1, sizeof *set->files);
    set->files[set->n_files++] = f;
    if (!f->root)
        return true;
    struct raw_pack raw = {0};
    struct keys_ctx c = {.arena = &set->arena, .diag = d};
    if (!keys_bind(&rule_pack_table, f->root, &raw, &c))
        return false;
    struct loader l = {.set = set,
                       .d = d,
                       .pack = arena_dup(&set->arena, raw.pack),
                       .file = arena_cstr(&set->arena, slice_str(conf_place(f->root).file)),
                       .ok = true};
    load_patterns(&l, &raw);
    const struct conf_node *list = conf_get(f->root, "rules"), *n = list ? list->child : NULL;
    for (unsigned i = 0; i < raw.n_rules && n; i++, n = n->next)
        load_rule(&l, &raw, &raw.rules[i], n);
    return l.ok;
}

/* --- lanes --- */

static bool can_meet(const struct rule *r, unsigned format)
{
    return (!r->pack_when.formats || r->pack_when.formats >> format & 1) && (!r->when.formats || r->when.formats >> format & 1);
}

/* An earlier lane with the same rules: most formats meet the same ones, and compiling is what starting takes longest for. */
static const struct rule_lane *lane_like(const struct ruleset *set, unsigned format)
{
    const struct rule_lane *lane = &set->lanes[format];
    for (unsigned f = 0; f < format && lane->n; f++)
        if (set->lanes[f].n == lane->n && memcmp(set->lanes[f].rules, lane->rules, lane->n * sizeof(struct rule *)) == 0)
            return &set->lanes[f];
    return NULL;
}

void rule_ready(struct ruleset *set, bool prefilter)
{
    for (unsigned f = 0; f < FORMAT_N; f++) {
        struct rule_lane *lane = &set->lanes[f];
        lane->rules = arena_calloc(&set->arena, set->n, sizeof *lane->rules);
        lane->ends = arena_calloc(&set->arena, set->n, sizeof *lane->ends);
        struct prefilter_pattern *patterns = xcalloc(2 * (size_t)set->n, sizeof *patterns);
        for (unsigned i = 0; i < set->n; i++) {
            if (!can_meet(set->rules[i], f))
                continue;
            patterns[lane->n] = (struct prefilter_pattern){.regex = set->rules[i]->match ? set->rules[i]->match_text : SLICE("")};
            lane->rules[lane->n++] = set->rules[i];
            if (set->rules[i]->pair.end)
                lane->ends[lane->n_ends++] = set->rules[i];
        }
        for (unsigned i = 0; i < lane->n_ends; i++)
            patterns[lane->n + i] = (struct prefilter_pattern){.regex = lane->ends[i]->pair.end_text};
        const struct rule_lane *same = prefilter ? lane_like(set, f) : NULL;
        if (same)
            lane->prefilter = same->prefilter;
        else if (prefilter && lane->n)
            lane->prefilter = prefilter_compile(patterns, lane->n + lane->n_ends);
        free(patterns);
    }
}

static void when_free(struct rule_when *w)
{
    for (unsigned i = 0; i < w->n; i++)
        regex_free(w->conditions[i].regex);
}

void rule_forget_files(struct ruleset *set)
{
    for (unsigned i = 0; i < set->n; i++) {
        set->rules[i]->node = NULL;
        set->rules[i]->samples = NULL;
        set->rules[i]->n_samples = 0;
    }
    for (unsigned i = 0; i < set->n_files; i++)
        conf_free(set->files[i]);
    free(set->files);
    set->files = NULL;
    set->n_files = 0;
}

void rule_free(struct ruleset *set)
{
    for (unsigned i = 0; i < set->n; i++) {
        struct rule *r = set->rules[i];
        regex_free(r->match);
        regex_free(r->unless);
        regex_free(r->pair.end);
        when_free(&r->pack_when);
        when_free(&r->when);
    }
    for (unsigned f = 0; f < FORMAT_N; f++)
        if (!lane_like(set, f))
            prefilter_free(set->lanes[f].prefilter);
    rule_forget_files(set);
    free(set->rules);
    arena_free(&set->arena);
    *set = (struct ruleset){0};
}
