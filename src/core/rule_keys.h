/*
 * rule_keys: the one table of every key a rule file may hold, and what it binds them to: values as they stand in the
 * file, which rule_set.c compiles. The schema and the manual are made from the same table.
 */
#ifndef CORE_RULE_KEYS_H
#define CORE_RULE_KEYS_H

#include "core/rule_set.h"
#include "text/keys.h"

enum { RULE_NO_LEVEL = LEVEL_FATAL + 1 }; /* more than it: the level that many above, and no other */

struct raw_when {
    const struct conf_node *format;
    unsigned level; /* enum level, RULE_NO_LEVEL, or above */
    struct raw_pattern {
        struct slice name;
        const struct conf_node *regex;
    } * fields;
    unsigned n_fields;
};

struct raw_event {
    struct slice type, message, project, logger, transaction, release, environment, dist;
    enum level level;
    struct slice *fingerprint;
    unsigned n_fingerprint;
    struct slice *fingerprint_1;
    unsigned n_fingerprint_1;
    enum rule_group group;
    struct key_pair *tags;
    unsigned n_tags;
    struct {
        struct slice method, url, query_string, user_agent;
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
    bool go_on, trace;
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

extern const char *const rule_action_words[]; /* by enum action */
extern const struct key_table rule_pack_table;
extern const struct key_table rule_rule_table, rule_when_table; /* of an entry of its `rules`, and of its `when` */

#endif
