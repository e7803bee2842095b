/*
 * judge: which rule of a set decides about a record.
 *
 * The set is shared and only read; a judge holds what one thread needs beside it: scratch memory of matches,
 * statistics, and for which senders a rule rests. Rules are tried in file order and the first match wins; one prefilter
 * scan says which rules are worth trying.
 */
#ifndef CORE_JUDGE_H
#define CORE_JUDGE_H

#include "base/hash.h"
#include "core/judge_look.h"
#include "core/look_ahead.h"
#include "core/rest.h"
#include "core/rule_set.h"
#include "core/verdict.h"

/* Patterns and conditions see so many bytes of a text: what a pattern may cost is bounded by the length of what it
 * sees. */
enum { RULE_TEXT_MAX = 16384 };

struct rule_stats {
    uint64_t asked; /* how often it was a candidate */
    uint64_t tried, hits, limit_hits;
    int64_t last_us;            /* when it hit last, by judge.now_us; 0: it has not */
    int64_t suspended_until_us; /* for some sender (rest.h); 0: never was */
    uint64_t ns, ns_worst;      /* in when, match and unless, and of the slowest try, when the judge is timed */
};

struct judge {
    const struct rule_set *set;
    struct captures captures; /* of the last match; the caller may put others in its place, of a line of the past */
    struct regex_scratch *other;
    struct log_template *log_template; /* memory to mask a text in, one for all records */
    struct prefilter_scratch *prefilter;
    struct look_ahead ahead;
    struct prefilter_hits hits;
    const char *scanned; /* the raw text of the record that they are of: judge_maybe found them, judge_record is next */
    struct judge_looks looks;
    struct rule_stats *stats; /* by the rule's handle */
    struct rests **rests;     /* the same; NULL: it has not reached the match limit */
    uint64_t *sampled;        /* the same: how often it decided, where it has `sample` */
    unsigned n_handles;
    uint64_t sender;                   /* set by the caller: who sent the record, */
    int64_t now_us;                    /* and the present */
    struct hash_secret secret;         /* of keys that are not stored */
    bool old_keys;                     /* see struct pipeline_setup */
    uint64_t (*clock_ns)(void);        /* NULL: not timed */
    unsigned clock_every;              /* times one in so many, which counts for all; 0 and 1: every one */
    uint64_t limit_hits;               /* over all rules */
    const struct rule *just_suspended; /* set by judge_record, for whoever logs it to clear, */
    int64_t suspended_for_us;          /* for so long */
    struct shown *shown;               /* set while texts for people are made (judge_show) */
    bool exhaustive;                   /* try every rule of the lane: for explain and for proving the prefilter */
};

void judge_init(struct judge *j, const struct rule_set *set);
/* From here on it judges by this set, which takes the place of the one that it had (rule_set.before). */
void judge_use(struct judge *j, const struct rule_set *set);
void judge_done(struct judge *j);

/* Why a rule of the lane did not decide; for `explain`. */
enum judge_why { WHY_WON, WHY_WHEN, WHY_MATCH, WHY_UNLESS, WHY_LIMIT, WHY_SUSPENDED, WHY_CONTINUED, WHY_END };
typedef void judge_explain_f(void *u, const struct rule *r, enum judge_why why);

/*
 * Finds the rule that decides and fills action, level, tags, fingerprint and project (the rest costs more and is asked
 * for by verdict_complete). Captures of the winning match stay in the judge until the next call. `explain` may be NULL.
 */
void judge_record(struct judge *j, const struct record *r, struct arena *a, struct verdict *v, judge_explain_f *explain,
                  void *u);
/* What this rule would say of the record if it were asked, whichever stand before it. */
enum judge_why judge_try(struct judge *j, const struct rule *rule, const struct record *r);
/*
 * False: no rule can match this record, which may be partial: its message is some part of what it is now. The
 * candidates that were found are kept for judge_record, if it is next.
 */
bool judge_maybe(struct judge *j, const struct record *r);
/*
 * Whether a trace may begin in the record's message. The same scan finds the candidates of judge_record, for which they
 * are kept, if it is next. UNKNOWN: nobody has looked (trace_may_open does).
 */
enum judge_trace { JUDGE_TRACE_UNKNOWN, JUDGE_TRACE_NONE, JUDGE_TRACE_MAYBE };
enum judge_trace judge_trace_maybe(struct judge *j, const struct record *r);
/* It was the last to be asked so, and none begins in it. */
bool judge_has_no_trace(const struct judge *j, const struct record *r);
/*
 * As judge_record when this rule decides, for a record of the past of which it makes an event now. False: it no longer
 * matches. A record without a message stands for one that never came; it has nothing to match.
 */
bool judge_past(struct judge *j, const struct rule *rule, const struct record *r, struct arena *a, struct verdict *v);
/* No rule matched and the fallback is `event`: the fingerprint is the template of the message with source and app. */
void judge_fallback(struct judge *j, const struct record *r, struct arena *a, struct verdict *v);
/*
 * For a record that will be an event, whose keys have been made: fills tags and fingerprint again as people may see
 * them, and has judge_source do so until judge.shown is cleared. The fingerprint's hash stays.
 */
void judge_show(struct judge *j, struct shown *shown, const struct record *r, struct arena *a, struct verdict *v);
/* For explain: what keeps a rule from a record. They leave the captures of the last match as they are. */
struct judge_unmet {
    enum { JUDGE_UNMET_FORMAT, JUDGE_UNMET_LEVEL, JUDGE_UNMET_FIELD } kind;
    enum level level;                       /* that was wanted, */
    bool only_level;                        /* and no other; */
    bool no_level;                          /* or none */
    const struct rule_condition *condition; /* FIELD */
};
/* The first condition that does not hold; false: all do. */
bool judge_unmet(struct judge *j, const struct rule *rule, const struct record *r, struct judge_unmet *out);
/* Whether match matches, and unless does not. */
bool judge_patterns_hold(struct judge *j, const struct rule *rule, const struct record *r);
/* What the templates of the deciding rule are filled from. */
static inline struct template_source judge_source(const struct judge *j, const struct record *r, struct arena *a)
{
    return (struct template_source){
        .record = r, .captures = j->captures, .shown = j->shown, .log_template = j->log_template, .arena = a};
}

#endif
