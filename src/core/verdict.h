/*
 * verdict: what the rules decided about one record, and what its event says.
 *
 * It is set whole for each record and holds nothing of the one before; lists and texts live in the arena of the source
 * that they were made from, or in the record. Small, since every line has one: lists are only made where a rule adds to
 * them. Pure.
 */
#ifndef CORE_VERDICT_H
#define CORE_VERDICT_H

#include "core/flood.h"
#include "core/rule_set.h"
#include "core/template.h"

struct tag {
    struct slice key, value;
};

enum { VERDICT_TAGS_MAX = 32, VERDICT_FINGERPRINT_MAX = 16 };

/* The record is an end of this rule's pair. */
struct rule_end {
    const struct rule *rule;
    uint64_t key;
    struct rule_end *next;
};

/* What the event of a record says. With it an event can be written when the rules that made it are no more. */
struct event_texts {
    struct slice rule;                /* id; empty: no rule decided */
    struct slice type, value;         /* exception; type empty: a message event */
    struct slice template, formatted; /* logentry; template with %s, empty when there are no params */
    struct slice *params;
    unsigned n_params;
    struct slice title; /* for people and lists: no ids in it */
    struct slice kind;  /* of one that is folded (fold.h): the title it would have had by itself */
    struct slice logger, transaction, release, environment, dist, method, url, query_string, user_agent, user_id,
        username, email, user_ip;
    bool transaction_is_home; /* it says no more than where the record comes from */
};

/* The issue for all of an input for which there was no room (fold.h). */
struct fold {
    struct slice input;
    unsigned most;
};

struct verdict {
    const struct rule *rule; /* NULL: no rule matched, or the verdict was kept (pending.h) */
    enum action action;
    enum level level;
    struct rule_end *ends; /* whichever rule decides */
    uint64_t key;          /* of the rule and its `by` values: threshold, absence, pair */
    bool skipped;          /* the rule has `sample`, and this is none of the matches that it promotes */
    struct tag *tags;
    struct slice *fingerprint;
    unsigned n_tags, n_fingerprint;
    unsigned
        defaults; /* a bit for each part of the fingerprint that is Sentry's {{ default }}, as the rule itself says */
    const struct rule_fingerprint *by; /* the rule's, which it was filled from; NULL: another's, or it was kept */
    uint64_t fingerprint_hash;         /* by the keys of the store */
    uint64_t issue_hash;               /* the same by those that are equal on every host */
    uint64_t issue; /* key of the issue: hash of project and fingerprint, equal on every host and in every run */
    bool first;     /* of its issue, in the period of flood control */
    enum issue_news news;
    struct slice project;
    const struct fold *fold;         /* NULL: it has an issue of its own */
    const struct event_texts *texts; /* NULL before verdict_complete */
};

/* That of a record which no rule matches. */
struct verdict verdict_none(const struct record *r);
/* The tags of a rule that decides or goes on. */
void verdict_add_tags(struct verdict *v, const struct rule *rule, const struct template_source *from);
void verdict_fill_fingerprint(struct verdict *v, const struct template_source *from);
/* The same, and the hash that its issue is known by here. */
void verdict_identify(struct verdict *v, const struct template_source *from, bool old_keys);
/* Of one that a stack groups, in all or by {{ default }}: one that servers understand which ignore frames. */
void verdict_fill_everywhere(struct verdict *v, const struct template_source *from);
/* After a change of the fingerprint. old_keys: see struct pipeline_setup. */
void verdict_hash_fingerprint(struct verdict *v, bool old_keys);
/* For a record that will be an event: its texts. */
void verdict_complete(struct verdict *v, const struct template_source *from);

#endif
