#include "core/rule_keys.h"

#include "core/verdict.h"

#define DURATION_MIN_US 1000 /* what can be written */
#define PERIOD_MAX_US (INT64_C(400) * 86400 * 1000000)

const char *const rule_action_words[] = {"event", "crumb", "log", "drop", NULL};
static const char *const group_words[] = {"fingerprint", "stack", NULL};

static const struct key key_pattern = {.type = KEY_TEXT, KEY_AT(struct raw_pattern, regex)};

/* By enum level, then RULE_NO_LEVEL, then by enum level again. */
static const char *const when_levels[] = {"",       "debug", "info",     "warning", "error",  "fatal", "none",
                                          "=debug", "=info", "=warning", "=error",  "=fatal", NULL};

static const struct key when_keys[] = {
    {.name = "format",
     .type = KEY_NODE,
     KEY_AT(struct raw_when, format),
     .help = "Format of the record: "
#define FORMAT(rank, id, symbol, name, web) name ", "
#define INPUT_FORMAT(rank, id, symbol, name, web)
#include "parsers/formats.def"
             "or a list of these."},
    {.name = "level",
     .type = KEY_ENUM,
     KEY_AT(struct raw_when, level),
     .names = when_levels,
     .help = "The least level the record must have; `=warning`: this one and no other; `none`: it must say no level "
             "at all, and be no stack trace."},
    {.name = "*",
     .type = KEY_MAP,
     KEY_MANY(struct raw_when, fields, n_fields),
     .of = &key_pattern,
     .help = "host, app, any other member or any field of the record: a regular expression that must match its value."},
    {.name = NULL},
};

const struct key_table rule_when_table = {.keys = when_keys, .size = sizeof(struct raw_when)};

static const struct key request_keys[] = {
    {.name = "method", .type = KEY_STRING, KEY_AT(struct raw_event, request.method), .help = "HTTP method."},
    {.name = "url",
     .type = KEY_STRING,
     KEY_AT(struct raw_event, request.url),
     .help = "URL; a query in it is split off."},
    {.name = "query_string",
     .type = KEY_STRING,
     KEY_AT(struct raw_event, request.query_string),
     .help = "Query string."},
    {.name = "user_agent",
     .type = KEY_STRING,
     KEY_AT(struct raw_event, request.user_agent),
     .help = "The header User-Agent."},
    {.name = NULL},
};

static const struct key_table request_table = {.keys = request_keys, .size = sizeof(struct raw_event)};

static const struct key user_keys[] = {
    {.name = "id", .type = KEY_STRING, KEY_AT(struct raw_event, user.id), .help = "The user's id."},
    {.name = "username", .type = KEY_STRING, KEY_AT(struct raw_event, user.username), .help = "The user's name."},
    {.name = "email", .type = KEY_STRING, KEY_AT(struct raw_event, user.email), .help = "The user's e-mail address."},
    {.name = "ip_address",
     .type = KEY_STRING,
     KEY_AT(struct raw_event, user.ip_address),
     .help = "The user's address; sent only with scrub.send_ip."},
    {.name = NULL},
};

static const struct key_table user_table = {.keys = user_keys, .size = sizeof(struct raw_event)};

static const struct key event_keys[] = {
    {.name = "type",
     .type = KEY_STRING,
     KEY_AT(struct raw_event, type),
     .help = "Exception type. Without it the event is a message."},
    {.name = "level",
     .type = KEY_ENUM,
     KEY_AT(struct raw_event, level),
     .names = level_names,
     .help = "Level of the event; the record's own by default, fatal of a crash."},
    {.name = "message",
     .type = KEY_STRING,
     KEY_AT(struct raw_event, message),
     .help = "Text of the event: the exception's value, or the message. By default the record's message with its "
             "variable parts masked."},
    {.name = "fingerprint",
     .type = KEY_LIST,
     KEY_MANY(struct raw_event, fingerprint, n_fingerprint),
     .of = &key_string,
     .min = 1,
     .max = VERDICT_FINGERPRINT_MAX,
     .help = "What the events of one issue have in common."},
    {.name = "fingerprint_1",
     .type = KEY_LIST,
     KEY_MANY(struct raw_event, fingerprint_1, n_fingerprint_1),
     .of = &key_string,
     .min = 1,
     .max = VERDICT_FINGERPRINT_MAX,
     .help =
         "What fingerprint was before it was changed, for stores that go on with grouping 1 (crumbd.yaml(5)): their "
         "issues stay as they are."},
    {.name = "group",
     .type = KEY_ENUM,
     KEY_AT(struct raw_event, group),
     .names = group_words,
     .def = "fingerprint",
     .help = "stack: the server groups those with a stack trace by its frames, and fingerprint is for those without."},
    {.name = "tags",
     .type = KEY_MAP,
     KEY_MANY(struct raw_event, tags, n_tags),
     .of = &key_pair_string,
     .max = VERDICT_TAGS_MAX,
     .help = "Tags of the event."},
    {.name = "project",
     .type = KEY_STRING,
     KEY_AT(struct raw_event, project),
     .help = "A name from sentry.projects; the default project without it, or where the name is none of these."},
    {.name = "logger", .type = KEY_STRING, KEY_AT(struct raw_event, logger), .help = "The event's logger."},
    {.name = "transaction",
     .type = KEY_STRING,
     KEY_AT(struct raw_event, transaction),
     .help = "Name of what was going on, such as a route; few different values."},
    {.name = "release",
     .type = KEY_STRING,
     KEY_AT(struct raw_event, release),
     .help = "Release the event is of, such as shop@1.4.2; sentry.release without it, or where a line brings what "
             "Sentry refuses."},
    {.name = "environment",
     .type = KEY_STRING,
     KEY_AT(struct raw_event, environment),
     .help = "Environment the event is of; sentry.environment without it, as with release."},
    {.name = "dist",
     .type = KEY_STRING,
     KEY_AT(struct raw_event, dist),
     .help = "Which build of the release: letters, digits, _, . and -."},
    {.name = "request",
     .type = KEY_TABLE,
     .table = &request_table,
     .help = "The HTTP request, where the record's fields do not show it."},
    {.name = "user", .type = KEY_TABLE, .table = &user_table, .help = "The user who met the error."},
    {.name = NULL},
};

static const struct key_table event_table = {.keys = event_keys, .size = sizeof(struct raw_event)};

static const struct key limits_keys[] = {
    {.name = "burst",
     .type = KEY_INT,
     KEY_AT(struct raw_rule, limits.burst),
     .min = 1,
     .help = "As limits.per_issue.burst of crumbd.yaml(5), for this rule."},
    {.name = "period",
     .type = KEY_DURATION,
     KEY_AT(struct raw_rule, limits.period_us),
     .min = DURATION_MIN_US,
     .help = "As limits.per_issue.period, for this rule."},
    {.name = NULL},
};

static const struct key_table limits_table = {.keys = limits_keys, .size = sizeof(struct raw_rule)};

static const struct key threshold_keys[] = {
    {.name = "count",
     .type = KEY_INT,
     KEY_AT(struct raw_rule, threshold.count),
     .min = 1,
     .max = RULE_THRESHOLD_MAX,
     .required = true,
     .help = "How many matches make an event."},
    {.name = "within",
     .type = KEY_DURATION,
     KEY_AT(struct raw_rule, threshold.within_us),
     .min = DURATION_MIN_US,
     .required = true,
     .help = "In how much time they must come."},
    {.name = "by",
     .type = KEY_LIST,
     KEY_MANY(struct raw_rule, threshold.by.v, threshold.by.n),
     .of = &key_string,
     .max = RULE_BY_MAX,
     .help = "Templates; each different value is counted apart."},
    {.name = NULL},
};

static const struct key_table threshold_table = {.keys = threshold_keys, .size = sizeof(struct raw_rule)};

static const struct key absence_keys[] = {
    {.name = "every",
     .type = KEY_DURATION,
     KEY_AT(struct raw_rule, absence.every_us),
     .min = DURATION_MIN_US,
     .max = PERIOD_MAX_US,
     .required = true,
     .help = "How long it may be until the line comes again."},
    {.name = "monitor",
     .type = KEY_STRING,
     KEY_AT(struct raw_rule, absence.monitor),
     .min = 1,
     .help = "A template: slug of the Sentry monitor that gets a check-in, ok when the line comes and error when it "
             "does not."},
    {.name = "by",
     .type = KEY_LIST,
     KEY_MANY(struct raw_rule, absence.by.v, absence.by.n),
     .of = &key_string,
     .max = RULE_BY_MAX,
     .help = "Templates; each different value, once it has come, is waited for by itself."},
    {.name = NULL},
};

static const struct key_table absence_table = {.keys = absence_keys, .size = sizeof(struct raw_rule)};

static const struct key pair_keys[] = {
    {.name = "end",
     .type = KEY_TEXT,
     KEY_AT(struct raw_rule, pair.end),
     .required = true,
     .help = "Regular expression that the message of the end matches; match is the start."},
    {.name = "within",
     .type = KEY_DURATION,
     KEY_AT(struct raw_rule, pair.within_us),
     .min = DURATION_MIN_US,
     .max = PERIOD_MAX_US,
     .required = true,
     .help = "In how much time the end must come."},
    {.name = "by",
     .type = KEY_LIST,
     KEY_MANY(struct raw_rule, pair.by.v, pair.by.n),
     .of = &key_string,
     .max = RULE_BY_MAX,
     .help = "Templates; an end belongs to the start that gives the same values."},
    {.name = NULL},
};

static const struct key_table pair_table = {.keys = pair_keys, .size = sizeof(struct raw_rule)};

static const struct key sample_keys[] = {
    {.name = "lines",
     .type = KEY_STRING,
     KEY_AT(struct raw_sample, lines),
     .required = true,
     .help = "One or more lines as they stand in the log."},
    {.name = "event",
     .type = KEY_NODE,
     KEY_AT(struct raw_sample, event),
     .required = true,
     .help = "A part of the event they must give, or none."},
    {.name = "format",
     .type = KEY_STRING,
     KEY_AT(struct raw_sample, format),
     .help = "How to read them; by default the rule's or the pack's format, else text."},
    {.name = "elapse",
     .type = KEY_DURATION,
     KEY_AT(struct raw_sample, elapse_us),
     .max = PERIOD_MAX_US,
     .help = "So much time passes after the lines, for absence and pair."},
    {.name = NULL},
};

static const struct key_table sample_table = {.keys = sample_keys, .size = sizeof(struct raw_sample)};
static const struct key key_sample = {.type = KEY_TABLE, .table = &sample_table};

static const struct key rule_keys[] = {
    {.name = "id",
     .type = KEY_STRING,
     KEY_AT(struct raw_rule, id),
     .required = true,
     .min = 1,
     .max = 128,
     .help = "Name of the rule, unique over all files."},
    {.name = "match",
     .type = KEY_TEXT,
     KEY_AT(struct raw_rule, match),
     .help = "Regular expression (PCRE2) that the record's message must match. Without it every record that meets when "
             "does."},
    {.name = "unless",
     .type = KEY_TEXT,
     KEY_AT(struct raw_rule, unless),
     .help = "Regular expression that it must not match."},
    {.name = "when",
     .type = KEY_TABLE,
     .table = &rule_when_table,
     KEY_AT(struct raw_rule, when),
     .help = "Conditions on the record."},
    {.name = "action",
     .type = KEY_ENUM,
     KEY_AT(struct raw_rule, action),
     .names = rule_action_words,
     .def = "event",
     .help = "What becomes of the record: an event, a breadcrumb of later events, a counted line, or nothing."},
    {.name = "continue",
     .type = KEY_BOOL,
     KEY_AT(struct raw_rule, go_on),
     .def = "off",
     .help = "Add the tags (and the level) and try the next rules."},
    {.name = "trace",
     .type = KEY_BOOL,
     KEY_AT(struct raw_rule, trace),
     .def = "on",
     .help = "off: what looks like a stack trace in the record is text as any other."},
    {.name = "event",
     .type = KEY_TABLE,
     .table = &event_table,
     KEY_AT(struct raw_rule, event),
     .help = "What the event looks like."},
    {.name = "limits", .type = KEY_TABLE, .table = &limits_table, .help = "Flood control of this rule's issues."},
    {.name = "threshold",
     .type = KEY_TABLE,
     .table = &threshold_table,
     .help = "Promote only the last of several matches; the others are breadcrumbs."},
    {.name = "absence",
     .type = KEY_TABLE,
     .table = &absence_table,
     .help = "The line must come every so often. It is a breadcrumb itself; the event is made when it does not come."},
    {.name = "pair",
     .type = KEY_TABLE,
     .table = &pair_table,
     .help = "The line starts something that must end. It is a breadcrumb itself; the event is made of it when no end "
             "comes."},
    {.name = "sample",
     .type = KEY_INT,
     KEY_AT(struct raw_rule, sample),
     .min = 1,
     .def = "1",
     .help = "Promote one in so many matches, the first among them; the others are breadcrumbs."},
    {.name = "samples",
     .type = KEY_LIST,
     KEY_MANY(struct raw_rule, samples, n_samples),
     .of = &key_sample,
     .help = "Lines with the event they must give; crumbd check runs them."},
    {.name = NULL},
};

const struct key_table rule_rule_table = {.keys = rule_keys, .size = sizeof(struct raw_rule)};
static const struct key key_rule = {.type = KEY_TABLE, .table = &rule_rule_table};

static const struct key pack_keys[] = {
    {.name = "pack",
     .type = KEY_STRING,
     KEY_AT(struct raw_pack, pack),
     .required = true,
     .min = 1,
     .max = 64,
     .help = "Name of the pack."},
    {.name = "when",
     .type = KEY_TABLE,
     .table = &rule_when_table,
     KEY_AT(struct raw_pack, when),
     .help = "Conditions that every record must meet before a rule of this pack is tried."},
    {.name = "patterns",
     .type = KEY_MAP,
     KEY_MANY(struct raw_pack, patterns, n_patterns),
     .of = &key_pattern,
     .help =
         "Names of this file for %{NAME} in its regular expressions, each with the regular expression it stands for."},
    {.name = "rules",
     .type = KEY_LIST,
     KEY_MANY(struct raw_pack, rules, n_rules),
     .of = &key_rule,
     .required = true,
     .help = "The rules, tried in this order."},
    {.name = NULL},
};

const struct key_table rule_pack_table = {
    .keys = pack_keys, .size = sizeof(struct raw_pack), .help = "A rule pack of crumbd."};
