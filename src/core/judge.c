#include "core/judge.h"

#include <stdlib.h>

#include "base/xalloc.h"

/* One record at work. */
struct judging {
    struct judge *judge;
    struct verdict *verdict;
    struct template_source from;
};

static struct judging judging_of(struct judge *j, const struct record *r, struct arena *a, struct verdict *v)
{
    return (struct judging){.judge = j, .verdict = v, .from = judge_source(j, r, a)};
}

/* --- life --- */

/* Most formats have the scan of an earlier one, and to look at a large one takes libhs a millisecond. */
static bool is_fitted(const struct rule_set *set, unsigned format)
{
    for (unsigned f = 0; f < format; f++)
        if (set->lanes[f].prefilter == set->lanes[format].prefilter)
            return true;
    return false;
}

void judge_init(struct judge *j, const struct rule_set *set)
{
    *j = (struct judge){.other = regex_scratch_new(), .log_template = xmalloc(sizeof *j->log_template)};
    log_template_init(j->log_template);
    j->captures.match = regex_scratch_new();
    look_ahead_init(&j->ahead, FRAME_LOOKER_RULES);
    judge_use(j, set);
}

/* What is known of rules that were there before stays. */
static void make_room(struct judge *j, unsigned n)
{
    j->stats = xrealloc(j->stats, n, sizeof *j->stats);
    j->rests = xrealloc(j->rests, n, sizeof *j->rests);
    j->sampled = xrealloc(j->sampled, n, sizeof *j->sampled);
    for (; j->n_handles < n; j->n_handles++) {
        j->stats[j->n_handles] = (struct rule_stats){0};
        j->rests[j->n_handles] = NULL;
        j->sampled[j->n_handles] = 0;
    }
}

void judge_use(struct judge *j, const struct rule_set *set)
{
    unsigned widest = 0;
    prefilter_scratch_free(j->prefilter);
    prefilter_hits_done(&j->hits);
    look_ahead_forget(&j->ahead);
    j->set = set;
    j->just_suspended = NULL;
    j->scanned = NULL;
    j->prefilter = prefilter_scratch_new();
    for (unsigned f = 0; f < FORMAT_N; f++) {
        if (set->lanes[f].prefilter && !is_fitted(set, f))
            prefilter_scratch_fit(j->prefilter, set->lanes[f].prefilter);
        unsigned n = set->lanes[f].n + set->lanes[f].n_ends + set->lanes[f].knows_traces;
        widest = n > widest ? n : widest;
    }
    j->hits = prefilter_hits_new(widest);
    judge_looks_done(&j->looks);
    judge_looks_init(&j->looks, j->hits.n);
    make_room(j, set->n_handles);
}

void judge_done(struct judge *j)
{
    regex_scratch_free(j->captures.match);
    regex_scratch_free(j->other);
    log_template_done(j->log_template);
    free(j->log_template);
    prefilter_scratch_free(j->prefilter);
    prefilter_hits_done(&j->hits);
    judge_looks_done(&j->looks);
    look_ahead_done(&j->ahead);
    for (unsigned i = 0; i < j->n_handles; i++)
        free(j->rests[i]);
    free(j->rests);
    free(j->sampled);
    free(j->stats);
    *j = (struct judge){0};
}

/* --- matching --- */

/* What patterns see of a text; no character is cut in two. */
static struct slice seen(struct slice text)
{
    size_t n = RULE_TEXT_MAX;
    if (text.n <= n)
        return text;
    while (n > RULE_TEXT_MAX - 4 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--;
    return slice_sub(text, 0, n);
}

/* Any of the chain will do, the one that is reported first. */
static __attribute__((noinline)) enum regex_result any_exception(struct judge *j, const struct rule_condition *c,
                                                                 const struct record *r)
{
    enum regex_result hit = REGEX_NO;
    for (unsigned i = r->trace->n_exceptions; i-- > 0 && hit == REGEX_NO;) {
        const struct trace_exception *e = &r->trace->exceptions[i];
        hit = regex_match(c->regex, j->other, seen(c->of_exceptions == RULE_TYPES ? e->printed : e->value), 0);
    }
    return hit;
}

static enum regex_result condition_holds(struct judge *j, const struct rule_condition *c, const struct record *r)
{
    if (c->of_exceptions && r->trace)
        return any_exception(j, c, r);
    struct slice v = record_value_of(r, &c->ref);
    return v.p ? regex_match(c->regex, j->other, seen(v), 0) : REGEX_NO;
}

static bool level_holds(const struct rule_when *w, const struct record *r)
{
    if (w->no_level)
        return r->level == LEVEL_NONE || (r->unsaid && !r->trace);
    return w->only_level ? w->level == r->level : w->level <= r->level;
}

static enum regex_result when_holds(struct judge *j, const struct rule_when *w, const struct record *r)
{
    if (w->formats && !(w->formats >> r->format & 1))
        return REGEX_NO;
    if (!level_holds(w, r))
        return REGEX_NO;
    for (unsigned i = 0; i < w->n; i++) {
        enum regex_result hit = condition_holds(j, &w->conditions[i], r);
        if (hit != REGEX_YES)
            return hit;
    }
    return REGEX_YES;
}

static enum judge_why over_limit(struct judge *j, const struct rule *rule)
{
    struct rule_stats *st = &j->stats[rule->handle];
    struct rests **rests = &j->rests[rule->handle];
    j->limit_hits++;
    st->limit_hits++;
    if (!*rests)
        *rests = xcalloc(1, sizeof **rests);
    int64_t length_us = rests_hit(*rests, j->sender, j->now_us);
    if (length_us) {
        if (j->now_us + length_us > st->suspended_until_us)
            st->suspended_until_us = j->now_us + length_us;
        j->suspended_for_us = length_us;
        j->just_suspended = rule;
    }
    return WHY_LIMIT;
}

static bool is_suspended(const struct judge *j, const struct rule *rule)
{
    const struct rests *rests = j->rests[rule->handle];
    return rests && rests_for(rests, j->sender, j->now_us);
}

static enum regex_result both_hold(struct judge *j, const struct rule *rule, const struct record *r)
{
    enum regex_result pack = when_holds(j, &rule->pack_when, r);
    return pack == REGEX_YES ? when_holds(j, &rule->when, r) : pack;
}

/* WHY_WON: its patterns are to be tried. */
static enum judge_why applies(struct judge *j, const struct rule *rule, const struct record *r)
{
    struct rule_stats *st = &j->stats[rule->handle];
    if (is_suspended(j, rule))
        return WHY_SUSPENDED;
    enum regex_result when = both_hold(j, rule, r);
    if (when != REGEX_YES)
        return when == REGEX_LIMIT ? over_limit(j, rule) : WHY_WHEN;
    st->tried++;
    return WHY_WON;
}

/* Of a record with a trace first in the text before it alone: patterns are written for log lines, and know their ends.
 */
static enum regex_result finds(const struct regex *re, struct regex_scratch *x, const struct record *r)
{
    const struct slice intro = r->trace ? r->trace->intro : SLICE_NONE;
    bool before = intro.n && intro.p == r->message.p;
    enum regex_result hit = before ? regex_match(re, x, seen(intro), 0) : REGEX_NO;
    return hit != REGEX_NO ? hit : regex_match(re, x, seen(r->message), 0);
}

enum judge_why judge_try(struct judge *j, const struct rule *rule, const struct record *r)
{
    enum judge_why why = applies(j, rule, r);
    if (why != WHY_WON)
        return why;
    if (rule->match) {
        enum regex_result hit = finds(rule->match, j->captures.match, r);
        if (hit != REGEX_YES)
            return hit == REGEX_LIMIT ? over_limit(j, rule) : WHY_MATCH;
    }
    if (rule->unless) {
        enum regex_result hit = finds(rule->unless, j->other, r);
        if (hit != REGEX_NO)
            return hit == REGEX_LIMIT ? over_limit(j, rule) : WHY_UNLESS;
    }
    j->stats[rule->handle].hits++;
    j->stats[rule->handle].last_us = j->now_us;
    return rule->go_on ? WHY_CONTINUED : WHY_WON;
}

static enum judge_why judge_try_end(struct judge *j, const struct rule *rule, const struct record *r)
{
    enum judge_why why = applies(j, rule, r);
    if (why != WHY_WON)
        return why;
    enum regex_result hit = finds(rule->pair.end, j->captures.match, r);
    return hit == REGEX_YES ? WHY_END : hit == REGEX_LIMIT ? over_limit(j, rule) : WHY_MATCH;
}

typedef enum judge_why try_f(struct judge *j, const struct rule *rule, const struct record *r);

static enum judge_why timed(try_f *attempt, struct judge *j, const struct rule *rule, const struct record *r)
{
    struct rule_stats *st = &j->stats[rule->handle];
    unsigned every = j->clock_every ? j->clock_every : 1;
    /* Not the first of them, which pays for cold caches. */
    bool sampled = st->asked++ % every == every / 2;
    if (!j->clock_ns || !sampled)
        return attempt(j, rule, r);
    uint64_t start = j->clock_ns();
    enum judge_why why = attempt(j, rule, r);
    uint64_t ns = j->clock_ns() - start;
    st->ns += ns * every;
    st->ns_worst = ns > st->ns_worst ? ns : st->ns_worst;
    return why;
}

/* --- judging --- */

/* As stored: the key of what is waited for. */
static uint64_t key_by(const struct judging *g, const struct rule *rule, const struct rule_by *by)
{
    struct hash128 h = {.low = rule_key(rule)};
    uint64_t old = h.low;
    for (unsigned i = 0; i < by->n; i++) {
        struct slice value = template_fill(&by->v[i], &g->from);
        h = hash128(h, value);
        old = hash_mix(old, slice_hash(value, 3));
    }
    return g->judge->old_keys ? old : h.low;
}

static uint64_t threshold_key(const struct judging *g, const struct rule *rule)
{
    uint64_t h = rule_key(rule);
    for (unsigned i = 0; i < rule->threshold.by.n; i++)
        h = hash64(&g->judge->secret, h, template_fill(&rule->threshold.by.v[i], &g->from));
    return h;
}

/* Tags and level, of a rule that decides or goes on. */
static void add_to(const struct judging *g, const struct rule *rule)
{
    if (rule->event.level) /* a rule may know the text that a client has forged */
        g->verdict->level =
            g->from.record->forged && rule->event.level > LEVEL_WARNING ? LEVEL_WARNING : rule->event.level;
    verdict_add_tags(g->verdict, rule, &g->from);
}

static void decide(const struct judging *g, const struct rule *rule)
{
    struct verdict *v = g->verdict;
    v->rule = rule;
    v->action = rule_waits(rule) ? ACTION_CRUMB : rule->action;
    if (rule->sample > 1)
        v->skipped = g->judge->sampled[rule->handle]++ % rule->sample != 0;
    if (rule->threshold.count)
        v->key = threshold_key(g, rule);
    else if (rule->absence.every_us)
        v->key = key_by(g, rule, &rule->absence.by);
    else if (rule->pair.within_us)
        v->key = key_by(g, rule, &rule->pair.by);
    add_to(g, rule);
}

static void identify(const struct judging *g)
{
    struct verdict *v = g->verdict;
    verdict_identify(v, &g->from, g->judge->old_keys);
    v->project = v->rule ? template_fill(&v->rule->event.project, &g->from) : SLICE_NONE;
}

/* False: they will not hold, whatever finishing the record brings. */
static bool when_may_hold(struct judge *j, const struct rule_when *w, const struct record *r)
{
    if (!level_holds(w, r))
        return false;
    for (unsigned i = 0; i < w->n; i++)
        if ((w->conditions[i].settled >> r->format & 1) && condition_holds(j, &w->conditions[i], r) == REGEX_NO)
            return false;
    return true;
}

/*
 * The same of a rule. With more lines behind it the message may be put together of two parts of the text, and a rule
 * that has reached the match limit is asked only where that is counted.
 */
static bool may_match(struct judge *j, const struct rule *rule, const struct record *r)
{
    if (!when_may_hold(j, &rule->pack_when, r) || !when_may_hold(j, &rule->when, r))
        return false;
    if (!rule->match || !rule->holds_in_more || j->rests[rule->handle] || slice_chr(r->message, '\n'))
        return true;
    return regex_match(rule->match, j->other, seen(r->message), 0) != REGEX_NO;
}

/* Rules without a match, whose bits are always set, have been asked. */
static bool may_match_any(struct judge *j, const struct rule_lane *lane, const struct record *r)
{
    unsigned n = lane->n + lane->n_ends;
    for (unsigned w = 0; w < (n + 63) / 64; w++)
        for (uint64_t bits = j->hits.word[w]; bits; bits &= bits - 1) {
            unsigned i = w * 64 + (unsigned)__builtin_ctzll(bits);
            if (i >= n)
                break; /* that a trace may begin in it */
            if (i >= lane->n || (lane->rules[i]->match && may_match(j, lane->rules[i], r)))
                return true;
            if (lane->rules[i]->match)
                j->hits.word[w] &= ~(UINT64_C(1) << i % 64); /* it is not to be asked again */
        }
    return false;
}

bool judge_maybe(struct judge *j, const struct record *r)
{
    const struct rule_lane *lane = &j->set->lanes[r->format];
    if (!lane->n)
        return false;
    for (unsigned i = 0; i < lane->n_open; i++)
        if (may_match(j, lane->open[i], r))
            return true;
    if (!lane->prefilter || j->exhaustive || !prefilter_is_literal(lane->prefilter))
        return true;
    look_ahead_run(&j->ahead, lane->prefilter, j->prefilter, seen(r->message), &j->hits);
    bool any = may_match_any(j, lane, r);
    /* With more lines the message may hold what the text has apart. */
    j->scanned = slice_chr(r->message, '\n') ? NULL : r->raw.p;
    return any;
}

enum judge_trace judge_trace_maybe(struct judge *j, const struct record *r)
{
    const struct rule_lane *lane = &j->set->lanes[r->format];
    unsigned bit = lane->n + lane->n_ends;
    if (!lane->knows_traces || r->message.n > RULE_TEXT_MAX)
        return JUDGE_TRACE_UNKNOWN;
    look_ahead_run(&j->ahead, lane->prefilter, j->prefilter, r->message, &j->hits);
    j->scanned = j->exhaustive ? NULL : r->raw.p;
    return j->hits.word[bit / 64] >> (bit % 64) & 1 ? JUDGE_TRACE_MAYBE : JUDGE_TRACE_NONE;
}

bool judge_has_no_trace(const struct judge *j, const struct record *r)
{
    const struct rule_lane *lane = &j->set->lanes[r->format];
    unsigned bit = lane->n + lane->n_ends;
    return lane->knows_traces && j->scanned && j->scanned == r->raw.p && !(j->hits.word[bit / 64] >> (bit % 64) & 1);
}

/* Before any rule decides: the one that does may be another, and its captures are to be the last. */
static void find_ends(const struct judging *g, bool scanned, judge_explain_f *explain, void *u)
{
    struct judge *j = g->judge;
    const struct record *r = g->from.record;
    const struct rule_lane *lane = &j->set->lanes[r->format];
    for (unsigned i = 0; i < lane->n_ends; i++) {
        unsigned bit = lane->n + i;
        const struct rule *rule = lane->ends[i];
        if ((scanned && !(j->hits.word[bit / 64] >> (bit % 64) & 1)) || timed(judge_try_end, j, rule, r) != WHY_END)
            continue;
        struct rule_end *end = arena_alloc(g->from.arena, sizeof *end);
        *end = (struct rule_end){.rule = rule, .key = key_by(g, rule, &rule->pair.end_by), .next = g->verdict->ends};
        g->verdict->ends = end;
        if (explain)
            explain(u, rule, WHY_END);
    }
}

/* What rules that go on add, asked again; they were counted when the record came. True: there are some, and captures
 * are another match's. */
static bool again_before(struct judging g, const struct rule *rule)
{
    struct judge *j = g.judge;
    const struct record *r = g.from.record;
    const struct rule_lane *lane = &j->set->lanes[r->format];
    bool any = false;
    g.from.captures.n_kept = 0; /* they are this rule's, not of those before it */
    for (unsigned i = 0; i < lane->n && lane->rules[i] != rule; i++) {
        const struct rule *before = lane->rules[i];
        struct rule_stats counted = j->stats[before->handle];
        any |= before->go_on;
        if (before->go_on && judge_try(j, before, r) == WHY_CONTINUED)
            add_to(&g, before);
        j->stats[before->handle] = counted;
    }
    return any;
}

bool judge_past(struct judge *j, const struct rule *rule, const struct record *r, struct arena *a, struct verdict *v)
{
    const struct judging g = judging_of(j, r, a, v);
    bool came = r->message.n > 0;
    *v = verdict_none(r);
    if (came)
        again_before(g, rule);
    /* Also where nothing came, so that no captures of another match are taken for its own. */
    if (rule->match && !j->captures.n_kept &&
        regex_match(rule->match, j->captures.match, seen(r->message), 0) != REGEX_YES && came)
        return false;
    decide(&g, rule);
    v->action = ACTION_EVENT;
    if (!rule->event.level && v->level < LEVEL_ERROR)
        v->level = LEVEL_ERROR;
    identify(&g);
    return true;
}

/* True: the rule decides. */
static bool take(const struct judging *g, const struct rule *rule, enum judge_why why)
{
    if (why == WHY_CONTINUED)
        add_to(g, rule);
    if (why != WHY_WON)
        return false;
    decide(g, rule);
    if (g->verdict->action == ACTION_EVENT)
        identify(g);
    return true;
}

void judge_record(struct judge *j, const struct record *r, struct arena *a, struct verdict *v, judge_explain_f *explain,
                  void *u)
{
    const struct judging g = judging_of(j, r, a, v);
    const struct rule_lane *lane = &j->set->lanes[r->format];
    *v = verdict_none(r);
    bool scanned = lane->prefilter && !j->exhaustive;
    if (scanned && (!j->scanned || j->scanned != r->raw.p))
        look_ahead_run(&j->ahead, lane->prefilter, j->prefilter, seen(r->message), &j->hits);
    j->scanned = NULL;
    if (lane->n_ends)
        find_ends(&g, scanned, explain, u);
    unsigned words = (lane->n + 63) / 64;
    for (unsigned w = 0; w < words; w++) {
        uint64_t bits = scanned ? j->hits.word[w] : ~UINT64_C(0);
        for (; bits; bits &= bits - 1) {
            unsigned i = w * 64 + (unsigned)__builtin_ctzll(bits);
            if (i >= lane->n)
                break;
            const struct rule *rule = lane->rules[i];
            enum judge_why why = timed(judge_try, j, rule, r);
            if (explain)
                explain(u, rule, why);
            if (take(&g, rule, why))
                return;
        }
    }
}

void judge_fallback(struct judge *j, const struct record *r, struct arena *a, struct verdict *v)
{
    const struct judging g = judging_of(j, r, a, v);
    v->action = ACTION_EVENT;
    identify(&g);
}

void judge_show(struct judge *j, struct shown *shown, const struct record *r, struct arena *a, struct verdict *v)
{
    const struct rule *rule = v->rule;
    enum level level = v->level;
    j->shown = shown;
    if (!rule)
        return; /* it has no templates */
    const struct judging g = judging_of(j, r, a, v);
    v->n_tags = 0;
    v->tags = NULL;
    bool moved = r->message.n && again_before(g, rule);
    if (moved && rule->match && !j->captures.n_kept)
        regex_match(rule->match, j->captures.match, seen(r->message), 0);
    verdict_add_tags(v, rule, &g.from);
    v->level = level;
    if (!v->fold)
        verdict_fill_fingerprint(v, &g.from);
}

/* --- for explain --- */

static bool first_unmet(struct judge *j, const struct rule_when *w, const struct record *r, struct judge_unmet *out)
{
    *out = (struct judge_unmet){
        .kind = JUDGE_UNMET_FORMAT, .level = w->level, .only_level = w->only_level, .no_level = w->no_level};
    if (w->formats && !(w->formats >> r->format & 1))
        return true;
    out->kind = JUDGE_UNMET_LEVEL;
    if (!level_holds(w, r))
        return true;
    out->kind = JUDGE_UNMET_FIELD;
    for (unsigned i = 0; i < w->n; i++) {
        out->condition = &w->conditions[i];
        if (condition_holds(j, out->condition, r) != REGEX_YES)
            return true;
    }
    return false;
}

bool judge_unmet(struct judge *j, const struct rule *rule, const struct record *r, struct judge_unmet *out)
{
    return first_unmet(j, &rule->pack_when, r, out) || first_unmet(j, &rule->when, r, out);
}

bool judge_patterns_hold(struct judge *j, const struct rule *rule, const struct record *r)
{
    return (!rule->match || finds(rule->match, j->other, r) == REGEX_YES) &&
           (!rule->unless || finds(rule->unless, j->other, r) == REGEX_NO);
}
