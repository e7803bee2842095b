/*
 * rule_set: the rule language (crumbd-rules(5)) compiled: the rules of all files, in file order, ready to judge by
 * (judge.h).
 *
 * It is loaded file by file, made ready once, and then immutable: judges of any thread share it.
 */
#ifndef CORE_RULE_SET_H
#define CORE_RULE_SET_H

#include "base/arena.h"
#include "base/hash.h"
#include "core/template.h"
#include "core/trace.h"
#include "parsers/record.h"
#include "text/conf.h"
#include "text/prefilter.h"
#include "text/regex.h"

enum action { ACTION_EVENT, ACTION_CRUMB, ACTION_LOG, ACTION_DROP };

struct rule_tag {
    struct slice key;
    struct template value;
};

/* One condition of `when`: a member or field of the record against a regex. */
struct rule_condition {
    struct record_ref ref;
    unsigned settled; /* a bit for each enum format whose parser.settled has the name */
    enum { RULE_NO_EXCEPTIONS, RULE_TYPES, RULE_VALUES } of_exceptions; /* of all that a trace has */
    struct slice text;                                                  /* of the regex, its references replaced */
    struct regex *regex;
};

struct rule_when {
    unsigned formats; /* a bit for each enum format; 0: any */
    enum level level; /* at least; NONE: any */
    bool only_level;  /* level: =warning: this one and no other */
    bool no_level;    /* level: none: what has said none, and is no stack trace */
    struct rule_condition *conditions;
    unsigned n;
};

struct rule_fingerprint {
    struct template *parts; /* none: the default one */
    unsigned n;
    unsigned defaults;         /* a bit for each part of it that is Sentry's {{ default }} */
    unsigned n_fixed;          /* the first parts, which are the same in every event, */
    struct hash128 fixed_hash; /* and their hash */
};

struct rule_event {
    struct template type, message, project, logger, transaction, release, environment, dist;
    enum level level;
    struct rule_fingerprint fingerprint, fingerprint_1; /* of grouping 1 */
    enum rule_group { RULE_BY_FINGERPRINT, RULE_BY_STACK } group;
    struct rule_tag *tags;
    unsigned n_tags;
    struct template method, url, query_string, user_agent; /* request */
    struct template user_id, username, email, user_ip;     /* user */
};

struct rule_sample {
    const struct conf_node *node;
    struct slice lines;
    int64_t elapse_us;             /* without a line, after them */
    enum format format;            /* FORMAT_AUTO: the rule's, else text */
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
    unsigned index;  /* in the set */
    unsigned handle; /* by which state that outlives a set knows it: that of the rule of this id in the set before, else
                        a new one */
    struct err_place place; /* file and line only */
    struct rule_when pack_when, when;
    struct regex *match, *unless;
    struct slice match_text, unless_text; /* their references replaced */
    bool holds_in_more;                   /* what match finds in a part of a text, it finds in the whole */
    enum action action;
    bool go_on;    /* continue: add tags and try the next rules */
    bool no_trace; /* trace: off */
    bool unsound;  /* something in it is wrong: it takes part in nothing, see rule_set.anyway */
    struct rule_event event;
    bool constant;  /* the fingerprint holds no value from a line */
    unsigned burst; /* limits: 0: the configured ones */
    int64_t period_us;
    struct rule_threshold threshold;
    struct rule_absence absence;
    struct rule_pair pair;
    unsigned sample; /* promote one in so many matches; 0 and 1: every one */
};

/* Where a rule stands in its file, and its samples. */
struct rule_source {
    const struct conf_node *node;
    struct rule_sample *samples;
    unsigned n_samples;
};

/* The rules that can meet records of one format, in file order, with their prefilter. */
struct rule_lane {
    const struct rule **rules;
    unsigned n;
    const struct rule **ends; /* those of them that are pairs: their ends are the patterns n, n + 1, ... of scan */
    unsigned n_ends;
    const struct rule **open; /* those of them without match, of which the prefilter knows nothing */
    unsigned n_open;
    bool knows_traces; /* the pattern behind those of the ends is of what begins a trace */
    struct prefilter *prefilter;
};

struct rule_set {
    struct arena arena;
    struct conf_file **files; /* owned: samples and errors point into them */
    unsigned n_files;
    struct arena read; /* what was read of the files, and samples: goes with them */
    const struct rule **rules;
    unsigned n;
    struct rule_source *sources; /* of each rule; NULL after rule_set_forget_files */
    struct rule_lane lanes[FORMAT_N];
    struct prefilter *whole; /* that those of most lanes are parts of; NULL: of none */
    const struct rule_set
        *before; /* the caller's, before it loads the first file: whose place the set takes; NULL once it is ready */
    unsigned n_handles;       /* each is less */
    struct trace_set *traces; /* by which traces are found in the records that the rules judge: the caller's, as long as
                                 the set, and ready before it; NULL: none */
    struct regex_pool *pool;  /* the caller's, before it loads the first file, owned: patterns get their code when they
                                 are matched often; NULL: at once */
    bool anyway;              /* the caller's: what is sound is to be loaded, also beside what is not */
    bool ready;
};

/* A zeroed set is empty. Adds the rules of one file; takes ownership of f in any case. False: errors are in d. */
bool rule_set_load(struct rule_set *set, struct conf_file *f, struct diag *d);
/* Frees the files' texts and with them the sources, which judging does not need: half of what the shipped rules hold.
 * Before anybody else has the set. */
void rule_set_forget_files(struct rule_set *set);
/* Ends loading: builds the lanes. From here on the set is only read, by any thread, until it is freed. Call once. */
void rule_set_ready(struct rule_set *set, bool prefilter);
void rule_set_done(struct rule_set *set);
/* The rule of this id, or NULL. */
const struct rule *rule_set_find(const struct rule_set *set, struct slice id);

/* Its event is made of what does not come; a record that it decides about is a breadcrumb. */
static inline bool rule_waits(const struct rule *rule)
{
    return rule->absence.every_us || rule->pair.within_us;
}
/* As stored: the key of an absence without `by`. */
uint64_t rule_key(const struct rule *rule);

#endif
