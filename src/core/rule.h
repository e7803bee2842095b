/*
 * rule: the rule language (crumbd-rules(5)) at work: which rule decides about a record, and what it makes of it.
 *
 * A ruleset is built once, then immutable and shared. A judge holds what one thread needs for matching. Rules are tried in file
 * order and the first match wins; one prefilter scan says which rules are worth trying.
 */
#ifndef CORE_RULE_H
#define CORE_RULE_H

#include "base/arena.h"
#include "base/hash.h"
#include "core/rest.h"
#include "core/shown.h"
#include "parsers/record.h"
#include "text/conf.h"
#include "text/regex.h"
#include "text/prefilter.h"

enum action { ACTION_EVENT, ACTION_CRUMB, ACTION_LOG, ACTION_DROP };

/* A text with {names} in it, taken apart. A literal brace is written {{ or }}. */
struct template_part {
    struct slice text; /* literal, or the name */
    bool is_name;
    bool masked;       /* {masked.NAME}: the value as a template (log_template.h) */
    unsigned capture;  /* number of the match's capture, 0: a member or field of the record */
};

struct template {
    struct template_part *parts;
    unsigned n;
    bool set; /* the key was there; an empty text is set with no parts */
};

struct rule_tag {
    struct slice key;
    struct template value;
};

/* One condition of `when`: a member or field of the record against a regex. */
struct rule_condition {
    struct slice name, text; /* text: of the regex, its references replaced */
    struct regex *regex;
};

struct rule_when {
    unsigned formats; /* a bit for each enum format; 0: any */
    enum level level; /* at least; NONE: any */
    struct rule_condition *conditions;
    unsigned n;
};

struct rule_event {
    struct template type, message, project, logger, transaction, release, environment, dist;
    enum level level;
    struct template *fingerprint;
    unsigned n_fingerprint;
    struct rule_tag *tags;
    unsigned n_tags;
    struct template method, url, query_string;          /* request */
    struct template user_id, username, email, user_ip;  /* user */
};

struct rule_sample {
    const struct conf_node *node;
    struct slice lines;
    int64_t elapse_us; /* without a line, after them */
    enum format format; /* FORMAT_AUTO: the rule's, else text */
    const struct conf_node *event; /* NULL: `none` */
};

enum { RULE_THRESHOLD_MAX = 10000, RULE_BY_MAX = 4 };

/* What tells apart things that are counted or waited for each by itself. */
struct rule_by {
    struct template *v;
    unsigned n;
};

struct rule_threshold {
    unsigned count; /* 0: no threshold */
    int64_t within_us;
    struct rule_by by;
};

/* A line that must come every so often. */
struct rule_absence {
    int64_t every_us; /* 0: none */
    struct rule_by by;
    struct template monitor; /* slug of a Sentry monitor; not set: no check-ins */
};

/* A start, which is the rule's match, that must have an end. */
struct rule_pair {
    struct regex *end;
    struct slice end_text;     /* its references replaced */
    int64_t within_us;         /* 0: none */
    struct rule_by by, end_by; /* the same templates, against the captures of match and of end */
};

struct rule {
    struct slice id, pack;
    unsigned index; /* in the ruleset */
    struct err_place place;       /* file and line only */
    const struct conf_node *node; /* NULL after rule_forget_files */
    struct rule_when pack_when, when;
    struct regex *match, *unless;
    struct slice match_text, unless_text; /* their references replaced */
    enum action action;
    bool go_on; /* continue: add tags and try the next rules */
    struct rule_event event;
    bool constant;       /* the fingerprint holds no value from a line */
    unsigned burst;      /* limits: 0: the configured ones */
    int64_t period_us;
    struct rule_threshold threshold;
    struct rule_absence absence;
    struct rule_pair pair;
    unsigned sample; /* promote one in so many matches; 0 and 1: every one */
    struct rule_sample *samples;
    unsigned n_samples;
};

/* The rules that can meet records of one format, in file order, with their prefilter. */
struct rule_lane {
    struct rule **rules;
    unsigned n;
    struct rule **ends; /* those of them that are pairs: their ends are the patterns n, n + 1, ... of scan */
    unsigned n_ends;
    struct prefilter *prefilter;
};

struct ruleset {
    struct arena arena;
    struct conf_file **files; /* owned: samples and errors point into them */
    unsigned n_files;
    struct rule **rules;
    unsigned n;
    struct rule_lane lanes[FORMAT_N];
};

/* --- rule_load.c --- */

/* A zeroed ruleset is empty. Adds the rules of one file; takes ownership of f in any case. False: errors are in d. */
bool rule_load(struct ruleset *set, struct conf_file *f, struct diag *d);
/* Ends loading: builds the lanes. Call once. */
void rule_ready(struct ruleset *set, bool prefilter);
/* Frees the files' texts and with them the samples, which judging does not need: half of what the shipped rules hold. */
void rule_forget_files(struct ruleset *set);
void rule_free(struct ruleset *set);

/* --- rule.c --- */

/* Patterns and conditions see so many bytes of a text: what a pattern may cost is bounded by the length of what it sees. */
enum { RULE_TEXT_MAX = 16384 };

struct rule_stats {
    uint64_t asked; /* how often it was a candidate */
    uint64_t tried, hits, limit_hits;
    int64_t suspended_until_us; /* for some sender (rest.h); 0: never was */
    uint64_t ns, ns_worst; /* in when, match and unless, and of the slowest try, when the judge is timed */
};

struct judge {
    const struct ruleset *set;
    struct regex_scratch *match, *other;
    struct prefilter_scratch *prefilter;
    struct prefilter_hits hits;
    struct rule_stats *stats;          /* one for each rule */
    struct rests **rests;              /* of each rule; NULL: it has not reached the match limit */
    uint64_t sender;                   /* set by the caller: who sent the record, */
    int64_t now_us;                    /* and the present */
    struct hash_secret secret;         /* of keys that are not stored */
    bool old_keys;                     /* see struct pipeline_setup */
    uint64_t (*clock_ns)(void);        /* NULL: not timed */
    unsigned clock_every;              /* times one in so many, which counts for all; 0 and 1: every one */
    uint64_t limit_hits;               /* over all rules */
    const struct rule *just_suspended; /* set by rule_judge, for whoever logs it to clear, */
    int64_t suspended_for_us;          /* for so long */
    const struct slice *kept;          /* captures of a line of the past, by number, instead of the last match's, */
    unsigned n_kept;                   /* 0: there are none */
    struct shown *shown;               /* set while texts for people are made (rule_show) */
    bool exhaustive;                   /* try every rule of the lane: for explain and for proving the prefilter */
};

/* A group of the deciding rule's match; empty where it took no part. */
static inline struct slice judge_capture(const struct judge *j, unsigned group)
{
    if (j->n_kept)
        return group < j->n_kept ? j->kept[group] : SLICE_NONE;
    return regex_capture(j->match, group);
}
void judge_init(struct judge *j, const struct ruleset *set);
void judge_done(struct judge *j);

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

/* What the event of a record says. Texts live in the arena given to verdict_complete, or in the record. */
struct event_texts {
    struct slice type, value;         /* exception; type empty: a message event */
    struct slice template, formatted; /* logentry; template with %s, empty when there are no params */
    struct slice *params;
    unsigned n_params;
    struct slice title; /* for people and lists: no ids in it */
    struct slice kind;  /* of one that is folded (fold.h): the title it would have had by itself */
    struct slice logger, transaction, release, environment, dist, method, url, query_string, user_id, username, email, user_ip;
};

/* The issue for all of an input for which there was no room (fold.h). */
struct fold {
    struct slice input;
    unsigned most;
};

/*
 * What the rules decided about one record. It is set whole for each record and holds nothing of the one before; lists and texts live in
 * the arena given to rule_judge, or in the record. Small, since every line has one: lists are only made where a rule adds to them.
 */
struct verdict {
    const struct rule *rule; /* NULL: no rule matched */
    enum action action;
    enum level level;
    struct rule_end *ends; /* whichever rule decides */
    uint64_t key;          /* of the rule and its `by` values: threshold, absence, pair */
    struct tag *tags;
    struct slice *fingerprint;
    unsigned n_tags, n_fingerprint;
    uint64_t fingerprint_hash;
    struct slice project;
    const struct fold *fold;   /* NULL: it has an issue of its own */
    const struct event_texts *texts; /* NULL before verdict_complete */
};

/* Why a rule of the lane did not decide; for `explain`. */
enum rule_why { WHY_WON, WHY_WHEN, WHY_MATCH, WHY_UNLESS, WHY_LIMIT, WHY_SUSPENDED, WHY_CONTINUED, WHY_END };
typedef void rule_explain_f(void *u, const struct rule *r, enum rule_why why);

/*
 * Finds the rule that decides and fills action, level, tags, fingerprint and project (the rest costs more and is asked for by
 * verdict_complete). Captures of the winning match stay in the judge until the next call. `explain` may be NULL.
 */
void rule_judge(struct judge *j, const struct record *r, struct arena *a, struct verdict *out, rule_explain_f *explain, void *u);
/* False: no rule can match a record of this format whose message is some part of this text. */
bool rule_maybe(struct judge *j, enum format format, struct slice text);
/* Its event is made of what does not come; a record that it decides about is a breadcrumb. */
static inline bool rule_waits(const struct rule *rule)
{
    return rule->absence.every_us || rule->pair.within_us;
}
/* Key of an absence without `by`. */
uint64_t rule_key(const struct rule *rule);
/*
 * As rule_judge when this rule decides, for a record of the past of which it makes an event now. False: it no longer matches. A
 * record without a message stands for one that never came; it has nothing to match.
 */
bool rule_apply(struct judge *j, const struct rule *rule, const struct record *r, struct arena *a, struct verdict *out);
/* What rule_judge gives when no rule matches. */
void rule_none(const struct record *r, struct verdict *out);
/* No rule matched and the fallback is `event`: the fingerprint is the template of the message with source and app. */
void rule_fallback(struct judge *j, const struct record *r, struct arena *a, struct verdict *out);
/*
 * For a record that will be an event, whose keys have been made: fills tags and fingerprint again as people may see them, and has
 * verdict_complete do so until judge.shown is cleared. The fingerprint's hash stays.
 */
void rule_show(struct judge *j, struct shown *shown, const struct record *r, struct arena *a, struct verdict *out);
/* For a record that will be an event: its shape. */
void verdict_complete(struct judge *j, const struct record *r, struct arena *a, struct verdict *out);
/* After a change of the fingerprint. */
void rule_hash_fingerprint(const struct judge *j, struct verdict *v);
/* Expands a template against the record and the judge's last match. */
struct slice template_fill(const struct template *t, const struct judge *j, const struct record *r, struct arena *a);

#endif
