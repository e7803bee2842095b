#include "core/rule.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/log_template.h"
#include "core/origin.h"
#include "text/keys.h"

/* Most formats have the scan of an earlier one, and to look at a large one takes libhs a millisecond. */
static bool is_fitted(const struct ruleset *set, unsigned format)
{
    for (unsigned f = 0; f < format; f++)
        if (set->lanes[f].prefilter == set->lanes[format].prefilter)
            return true;
    return false;
}

void judge_init(struct judge *j, const struct ruleset *set)
{
    unsigned widest = 0;
    *j = (struct judge){.set = set};
    j->match = regex_scratch_new();
    j->other = regex_scratch_new();
    j->prefilter = prefilter_scratch_new();
    for (unsigned f = 0; f < FORMAT_N; f++) {
        if (set->lanes[f].prefilter && !is_fitted(set, f))
            prefilter_scratch_fit(j->prefilter, set->lanes[f].prefilter);
        unsigned n = set->lanes[f].n + set->lanes[f].n_ends;
        widest = n > widest ? n : widest;
    }
    j->hits = prefilter_hits_new(widest);
    j->stats = xcalloc(set->n, sizeof *j->stats);
    j->rests = xcalloc(set->n, sizeof *j->rests);
}

void judge_done(struct judge *j)
{
    regex_scratch_free(j->match);
    regex_scratch_free(j->other);
    prefilter_scratch_free(j->prefilter);
    prefilter_hits_free(&j->hits);
    for (unsigned i = 0; i < j->set->n; i++)
        free(j->rests[i]);
    free(j->rests);
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

static enum regex_result when_holds(struct judge *j, const struct rule_when *w, const struct record *r)
{
    if (w->formats && !(w->formats >> r->format & 1))
        return REGEX_NO;
    if (w->level > r->level)
        return REGEX_NO;
    for (unsigned i = 0; i < w->n; i++) {
        struct slice v = record_get(r, w->conditions[i].name);
        enum regex_result hit = v.p ? regex_match(w->conditions[i].regex, j->other, seen(v), 0) : REGEX_NO;
        if (hit != REGEX_YES)
            return hit;
    }
    return REGEX_YES;
}

static enum rule_why over_limit(struct judge *j, const struct rule *rule)
{
    struct rule_stats *st = &j->stats[rule->index];
    struct rests **rests = &j->rests[rule->index];
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
    const struct rests *rests = j->rests[rule->index];
    return rests && rests_for(rests, j->sender, j->now_us);
}

static enum regex_result both_hold(struct judge *j, const struct rule *rule, const struct record *r)
{
    enum regex_result pack = when_holds(j, &rule->pack_when, r);
    return pack == REGEX_YES ? when_holds(j, &rule->when, r) : pack;
}

/* WHY_WON: its patterns are to be tried. */
static enum rule_why applies(struct judge *j, const struct rule *rule, const struct record *r)
{
    struct rule_stats *st = &j->stats[rule->index];
    if (is_suspended(j, rule))
        return WHY_SUSPENDED;
    enum regex_result when = both_hold(j, rule, r);
    if (when != REGEX_YES)
        return when == REGEX_LIMIT ? over_limit(j, rule) : WHY_WHEN;
    st->tried++;
    return WHY_WON;
}

static enum rule_why try_rule(struct judge *j, const struct rule *rule, const struct record *r)
{
    enum rule_why why = applies(j, rule, r);
    if (why != WHY_WON)
        return why;
    if (rule->match) {
        enum regex_result hit = regex_match(rule->match, j->match, seen(r->message), 0);
        if (hit != REGEX_YES)
            return hit == REGEX_LIMIT ? over_limit(j, rule) : WHY_MATCH;
    }
    if (rule->unless) {
        enum regex_result hit = regex_match(rule->unless, j->other, seen(r->message), 0);
        if (hit != REGEX_NO)
            return hit == REGEX_LIMIT ? over_limit(j, rule) : WHY_UNLESS;
    }
    j->stats[rule->index].hits++;
    return rule->go_on ? WHY_CONTINUED : WHY_WON;
}

static enum rule_why try_end(struct judge *j, const struct rule *rule, const struct record *r)
{
    enum rule_why why = applies(j, rule, r);
    if (why != WHY_WON)
        return why;
    enum regex_result hit = regex_match(rule->pair.end, j->match, seen(r->message), 0);
    return hit == REGEX_YES ? WHY_END : hit == REGEX_LIMIT ? over_limit(j, rule) : WHY_MATCH;
}

typedef enum rule_why try_f(struct judge *j, const struct rule *rule, const struct record *r);

static enum rule_why timed(try_f *attempt, struct judge *j, const struct rule *rule, const struct record *r)
{
    struct rule_stats *st = &j->stats[rule->index];
    unsigned every = j->clock_every ? j->clock_every : 1;
    /* Not the first of them, which pays for cold caches. */
    bool sampled = st->asked++ % every == every / 2;
    if (!j->clock_ns || !sampled)
        return attempt(j, rule, r);
    uint64_t start = j->clock_ns();
    enum rule_why why = attempt(j, rule, r);
    uint64_t ns = j->clock_ns() - start;
    st->ns += ns * every;
    st->ns_worst = ns > st->ns_worst ? ns : st->ns_worst;
    return why;
}

/* --- templates --- */

static struct slice part_value(const struct template_part *p, const struct judge *j, const struct record *r)
{
    if (!p->is_name)
        return p->text;
    struct slice value = p->capture ? judge_capture(j, p->capture) : record_get(r, p->text);
    if (!j->shown)
        return value;
    return p->capture ? shown_capture(j->shown, value) : shown_field(j->shown, p->text, value);
}

static struct slice masked(struct slice v, struct arena *a)
{
    struct log_template m;
    log_template_init(&m);
    log_template_message(v, &m);
    v = arena_dup(a, sbuf_slice(&m.text));
    log_template_free(&m);
    return v;
}

/* `raw`: what is to be masked stays as it is. */
static struct slice fill(const struct template *t, const struct judge *j, const struct record *r, struct arena *a, bool raw)
{
    struct slice *values = arena_alloc(a, (t->n + 1) * sizeof *values);
    size_t n = 0;
    for (unsigned i = 0; i < t->n; i++) {
        values[i] = part_value(&t->parts[i], j, r);
        if (t->parts[i].masked && !raw)
            values[i] = masked(values[i], a);
        n += values[i].n;
    }
    if (t->n == 1)
        return values[0];
    char *p = arena_alloc(a, n + 1), *at = p;
    for (unsigned i = 0; i < t->n; i++) {
        if (values[i].n)
            memcpy(at, values[i].p, values[i].n);
        at += values[i].n;
    }
    *at = '\0';
    return slice_of(p, n);
}

struct slice template_fill(const struct template *t, const struct judge *j, const struct record *r, struct arena *a)
{
    return fill(t, j, r, a, false);
}

/* The tag of this key, or room for it; NULL when there is none. */
static struct tag *tag_of(struct verdict *out, struct slice key, struct arena *a)
{
    for (unsigned i = 0; i < out->n_tags; i++)
        if (slice_eq(out->tags[i].key, key))
            return &out->tags[i];
    if (!out->tags)
        out->tags = arena_alloc(a, VERDICT_TAGS_MAX * sizeof *out->tags);
    return out->n_tags < VERDICT_TAGS_MAX ? &out->tags[out->n_tags++] : NULL;
}

static void add_tags(struct judge *j, const struct rule *rule, const struct record *r, struct arena *a, struct verdict *out)
{
    for (unsigned i = 0; i < rule->event.n_tags; i++) {
        struct slice value = template_fill(&rule->event.tags[i].value, j, r, a);
        struct tag *tag = value.n ? tag_of(out, rule->event.tags[i].key, a) : NULL;
        if (tag)
            *tag = (struct tag){rule->event.tags[i].key, value};
    }
}

void rule_hash_fingerprint(const struct judge *j, struct verdict *out)
{
    struct hash128 h = HASH128_START;
    uint64_t old = 0;
    for (unsigned i = 0; i < out->n_fingerprint; i++) {
        if (j->old_keys)
            old = hash_mix(old, slice_hash(out->fingerprint[i], 1));
        else
            h = hash128(h, out->fingerprint[i]);
    }
    out->fingerprint_hash = j->old_keys ? old : h.low;
}

/* What does not come has no text, only the values that tell it apart. */
static void absence_fingerprint(struct judge *j, const struct record *r, struct arena *a, struct verdict *out)
{
    const struct rule *rule = out->rule;
    out->fingerprint[0] = rule->pack;
    out->fingerprint[1] = rule->id;
    out->n_fingerprint = 2;
    for (unsigned i = 0; i < rule->absence.by.n; i++)
        out->fingerprint[out->n_fingerprint++] = template_fill(&rule->absence.by.v[i], j, r, a);
}

/* Without a fingerprint of its own a rule's events group by the rule and the template of the text. */
static void default_fingerprint(const struct record *r, struct arena *a, struct verdict *out)
{
    out->fingerprint[out->n_fingerprint++] = out->rule ? out->rule->pack : slice_str(format_name(r->format));
    if (out->rule)
        out->fingerprint[out->n_fingerprint++] = out->rule->id;
    struct slice app = origin_app(r), logger = out->rule ? SLICE_NONE : origin_logger(r, a);
    if (app.n)
        out->fingerprint[out->n_fingerprint++] = app;
    if (logger.n)
        out->fingerprint[out->n_fingerprint++] = logger;
    out->fingerprint[out->n_fingerprint++] = masked(r->message, a);
}

static void fill_fingerprint(struct judge *j, const struct record *r, struct arena *a, struct verdict *out)
{
    const struct rule *rule = out->rule;
    out->n_fingerprint = 0;
    out->fingerprint = arena_alloc(a, VERDICT_FINGERPRINT_MAX * sizeof *out->fingerprint);
    if (rule && rule->event.n_fingerprint) {
        for (unsigned i = 0; i < rule->event.n_fingerprint; i++)
            out->fingerprint[i] = template_fill(&rule->event.fingerprint[i], j, r, a);
        out->n_fingerprint = rule->event.n_fingerprint;
    } else if (rule && rule->absence.every_us) {
        absence_fingerprint(j, r, a, out);
    } else {
        default_fingerprint(r, a, out);
    }
}

static void identify(struct judge *j, const struct record *r, struct arena *a, struct verdict *out)
{
    fill_fingerprint(j, r, a, out);
    out->project = out->rule ? template_fill(&out->rule->event.project, j, r, a) : SLICE_NONE;
    rule_hash_fingerprint(j, out);
}

/* --- judging --- */

uint64_t rule_key(const struct rule *rule)
{
    return slice_hash(rule->id, 3);
}

/* As stored: the key of what is waited for. */
static uint64_t key_by(const struct rule *rule, const struct rule_by *by, struct judge *j, const struct record *r, struct arena *a)
{
    struct hash128 h = {.low = rule_key(rule)};
    uint64_t old = h.low;
    for (unsigned i = 0; i < by->n; i++) {
        struct slice value = template_fill(&by->v[i], j, r, a);
        h = hash128(h, value);
        old = hash_mix(old, slice_hash(value, 3));
    }
    return j->old_keys ? old : h.low;
}

static uint64_t threshold_key(const struct rule *rule, struct judge *j, const struct record *r, struct arena *a)
{
    uint64_t h = rule_key(rule);
    for (unsigned i = 0; i < rule->threshold.by.n; i++)
        h = hash64(&j->secret, h, template_fill(&rule->threshold.by.v[i], j, r, a));
    return h;
}

/* Tags and level, of a rule that decides or goes on. */
static void add_to(struct judge *j, const struct rule *rule, const struct record *r, struct arena *a, struct verdict *out)
{
    if (rule->event.level) /* a rule may know the text that a client has forged */
        out->level = r->forged && rule->event.level > LEVEL_WARNING ? LEVEL_WARNING : rule->event.level;
    add_tags(j, rule, r, a, out);
}

static void decide(struct judge *j, const struct rule *rule, const struct record *r, struct arena *a, struct verdict *out)
{
    out->rule = rule;
    out->action = rule_waits(rule) ? ACTION_CRUMB : rule->action;
    if (rule->threshold.count)
        out->key = threshold_key(rule, j, r, a);
    else if (rule->absence.every_us)
        out->key = key_by(rule, &rule->absence.by, j, r, a);
    else if (rule->pair.within_us)
        out->key = key_by(rule, &rule->pair.by, j, r, a);
    add_to(j, rule, r, a, out);
}

void rule_none(const struct record *r, struct verdict *out)
{
    *out = (struct verdict){.action = ACTION_CRUMB, .level = r->level};
}

bool rule_maybe(struct judge *j, enum format format, struct slice text)
{
    const struct rule_lane *lane = &j->set->lanes[format];
    if (!lane->n)
        return false;
    return !lane->prefilter || j->exhaustive || prefilter_maybe(lane->prefilter, j->prefilter, seen(text));
}

/* Before any rule decides: the one that does may be another, and its captures are to be the last. */
static void find_ends(struct judge *j, bool scanned, const struct record *r, struct arena *a, struct verdict *out, rule_explain_f *explain,
                      void *u)
{
    const struct rule_lane *lane = &j->set->lanes[r->format];
    for (unsigned i = 0; i < lane->n_ends; i++) {
        unsigned bit = lane->n + i;
        const struct rule *rule = lane->ends[i];
        if ((scanned && !(j->hits.word[bit / 64] >> (bit % 64) & 1)) || timed(try_end, j, rule, r) != WHY_END)
            continue;
        struct rule_end *end = arena_alloc(a, sizeof *end);
        *end = (struct rule_end){.rule = rule, .key = key_by(rule, &rule->pair.end_by, j, r, a), .next = out->ends};
        out->ends = end;
        if (explain)
            explain(u, rule, WHY_END);
    }
}

/* What rules that go on add, asked again; they were counted when the record came. True: there are some, and captures are another match's. */
static bool again_before(struct judge *j, const struct rule *rule, const struct record *r, struct arena *a, struct verdict *out)
{
    const struct rule_lane *lane = &j->set->lanes[r->format];
    bool any = false;
    for (unsigned i = 0; i < lane->n && lane->rules[i] != rule; i++) {
        const struct rule *before = lane->rules[i];
        struct rule_stats counted = j->stats[before->index];
        any |= before->go_on;
        if (before->go_on && try_rule(j, before, r) == WHY_CONTINUED)
            add_to(j, before, r, a, out);
        j->stats[before->index] = counted;
    }
    return any;
}

bool rule_apply(struct judge *j, const struct rule *rule, const struct record *r, struct arena *a, struct verdict *out)
{
    bool came = r->message.n > 0;
    unsigned kept = j->n_kept;
    j->n_kept = 0; /* they are this rule's, not of those before it */
    rule_none(r, out);
    if (came)
        again_before(j, rule, r, a, out);
    j->n_kept = kept;
    /* Also where nothing came, so that no captures of another match are taken for its own. */
    if (rule->match && !j->n_kept && regex_match(rule->match, j->match, seen(r->message), 0) != REGEX_YES && came)
        return false;
    decide(j, rule, r, a, out);
    out->action = ACTION_EVENT;
    if (!rule->event.level && out->level < LEVEL_ERROR)
        out->level = LEVEL_ERROR;
    identify(j, r, a, out);
    return true;
}

void rule_judge(struct judge *j, const struct record *r, struct arena *a, struct verdict *out, rule_explain_f *explain, void *u)
{
    const struct rule_lane *lane = &j->set->lanes[r->format];
    rule_none(r, out);
    bool scanned = lane->prefilter && !j->exhaustive;
    if (scanned)
        prefilter_run(lane->prefilter, j->prefilter, seen(r->message), &j->hits);
    if (lane->n_ends)
        find_ends(j, scanned, r, a, out, explain, u);
    unsigned words = (lane->n + 63) / 64;
    for (unsigned w = 0; w < words; w++) {
        uint64_t bits = scanned ? j->hits.word[w] : ~UINT64_C(0);
        for (; bits; bits &= bits - 1) {
            unsigned i = w * 64 + (unsigned)__builtin_ctzll(bits);
            if (i >= lane->n)
                break;
            const struct rule *rule = lane->rules[i];
            enum rule_why why = timed(try_rule, j, rule, r);
            if (explain)
                explain(u, rule, why);
            if (why == WHY_CONTINUED) {
                add_to(j, rule, r, a, out);
            } else if (why == WHY_WON) {
                decide(j, rule, r, a, out);
                if (out->action == ACTION_EVENT)
                    identify(j, r, a, out);
                return;
            }
        }
    }
}

void rule_fallback(struct judge *j, const struct record *r, struct arena *a, struct verdict *out)
{
    out->action = ACTION_EVENT;
    identify(j, r, a, out);
}

void rule_show(struct judge *j, struct shown *shown, const struct record *r, struct arena *a, struct verdict *out)
{
    const struct rule *rule = out->rule;
    enum level level = out->level;
    j->shown = shown;
    if (!rule)
        return; /* it has no templates */
    out->n_tags = 0;
    out->tags = NULL;
    unsigned kept = j->n_kept;
    j->n_kept = 0;
    bool moved = r->message.n && again_before(j, rule, r, a, out);
    j->n_kept = kept;
    if (moved && rule->match && !kept)
        regex_match(rule->match, j->match, seen(r->message), 0);
    add_tags(j, rule, r, a, out);
    out->level = level;
    if (!out->fold)
        fill_fingerprint(j, r, a, out);
}

/* --- texts --- */

/* The message as mask sees it: template with %s, params, and the text without ids. */
static void texts_by_log_template(const struct record *r, struct arena *a, struct event_texts *out, struct slice *shown)
{
    struct log_template m;
    struct sbuf format;
    log_template_init(&m);
    sbuf_init(&format, 4 * LOG_TEMPLATE_TEXT_MAX);
    log_template_message(r->message, &m);
    *shown = arena_dup(a, sbuf_slice(&m.text));
    out->formatted = r->message;
    if (m.n_params) {
        log_template_percent(&m, &format);
        out->template = arena_dup(a, sbuf_slice(&format));
        out->n_params = m.n_params;
        out->params = arena_alloc(a, m.n_params * sizeof *out->params);
        for (unsigned i = 0; i < m.n_params; i++)
            out->params[i] = m.params[i].value;
    }
    sbuf_free(&format);
    log_template_free(&m);
}

static void add_percent(struct sbuf *b, struct slice literal)
{
    for (struct slice rest = literal; rest.p;) {
        sbuf_adds(b, slice_split(&rest, '%'));
        if (rest.p)
            sbuf_adds(b, SLICE("%%"));
    }
}

/* The rule's own message: its literals are the template, its names the params. */
static void texts_by_message(struct judge *j, const struct rule *rule, const struct record *r, struct arena *a, struct event_texts *out)
{
    const struct template *t = &rule->event.message;
    struct sbuf format;
    sbuf_init(&format, 65536);
    out->params = arena_alloc(a, (t->n + 1) * sizeof *out->params);
    for (unsigned i = 0; i < t->n; i++) {
        struct slice v = part_value(&t->parts[i], j, r);
        if (!t->parts[i].is_name) {
            add_percent(&format, t->parts[i].text);
        } else {
            out->params[out->n_params++] = v;
            sbuf_adds(&format, SLICE("%s"));
        }
    }
    /* With its ids, where the type makes the title: the event shows what was said, the title what it is about. */
    out->formatted = fill(t, j, r, a, rule->event.type.set);
    out->template = out->n_params && !format.over ? arena_dup(a, sbuf_slice(&format)) : SLICE_NONE;
    sbuf_free(&format);
}

/*
 * What does not come has no words of its own. No time is in these: they become the title of the issue, and the numbers stand in
 * contexts.crumbd.
 */
static void texts_by_absence(struct judge *j, const struct rule *rule, const struct record *r, struct arena *a, struct event_texts *out)
{
    struct sbuf b;
    sbuf_init(&b, 4096);
    sbuf_adds(&b, rule->id);
    for (unsigned i = 0; i < rule->absence.by.n; i++) {
        sbuf_addc(&b, ' ');
        sbuf_adds(&b, slice_sub(template_fill(&rule->absence.by.v[i], j, r, a), 0, 256));
    }
    sbuf_adds(&b, SLICE(" has not been seen for "));
    keys_put_duration(rule->absence.every_us, &b);
    out->formatted = arena_dup(a, sbuf_slice(&b));
    sbuf_free(&b);
}

static void texts_by_pair(const struct rule *rule, const struct record *r, struct arena *a, struct event_texts *out, struct slice *shown)
{
    struct slice *const texts[] = {&out->formatted, &out->template, shown};
    struct sbuf b;
    texts_by_log_template(r, a, out, shown);
    for (unsigned i = 0; i < 3; i++) {
        if (!texts[i]->n)
            continue;
        sbuf_init(&b, texts[i]->n + 128);
        sbuf_adds(&b, SLICE("no end within "));
        keys_put_duration(rule->pair.within_us, &b);
        sbuf_adds(&b, SLICE(": "));
        sbuf_adds(&b, *texts[i]);
        *texts[i] = arena_dup(a, sbuf_slice(&b));
        sbuf_free(&b);
    }
}

static struct slice first_line(struct slice s)
{
    s = slice_trim(s);
    return slice_split(&s, '\n');
}

/* The text that the event shows, and the one that names its issue. */
static struct slice fill_texts(struct judge *j, const struct rule *rule, const struct record *r, struct arena *a, struct event_texts *out)
{
    struct slice shown = SLICE_NONE;
    if (rule && rule->event.message.set) {
        texts_by_message(j, rule, r, a, out);
        return template_fill(&rule->event.message, j, r, a);
    }
    if (rule && rule->absence.every_us) {
        texts_by_absence(j, rule, r, a, out);
        return out->formatted;
    }
    if (rule && rule->pair.within_us)
        texts_by_pair(rule, r, a, out, &shown);
    else
        texts_by_log_template(r, a, out, &shown);
    return shown;
}

static struct slice title_of(struct slice type, struct slice shown, struct arena *a)
{
    struct sbuf title;
    sbuf_init(&title, 4096);
    struct slice line = slice_sub(first_line(shown), 0, 1024);
    type = slice_sub(type, 0, 256);
    if (type.n)
        sbuf_addf(&title, "%.*s%s", SLICE_ARG(type), line.n ? ": " : "");
    sbuf_adds(&title, line);
    struct slice text = arena_dup(a, sbuf_slice(&title));
    sbuf_free(&title);
    return text;
}

/* The client's address, by which the scrubber knows it elsewhere; whether it is sent is asked where it is written. */
static struct slice unhidden(const struct template *t, struct judge *j, const struct record *r, struct arena *a)
{
    struct shown *shown = j->shown;
    j->shown = NULL;
    struct slice text = template_fill(t, j, r, a);
    j->shown = shown;
    return text;
}

void verdict_complete(struct judge *j, const struct record *r, struct arena *a, struct verdict *out)
{
    static const struct rule_event no_templates;
    const struct rule *rule = out->rule;
    const struct rule_event *e = rule ? &rule->event : &no_templates;
    if (out->level == LEVEL_NONE)
        out->level = LEVEL_ERROR;
    struct event_texts *texts = arena_alloc(a, sizeof *texts);
    *texts = (struct event_texts){.logger = template_fill(&e->logger, j, r, a),
                            .transaction = template_fill(&e->transaction, j, r, a),
                            .release = template_fill(&e->release, j, r, a),
                            .environment = template_fill(&e->environment, j, r, a),
                            .dist = template_fill(&e->dist, j, r, a),
                            .method = template_fill(&e->method, j, r, a),
                            .url = template_fill(&e->url, j, r, a),
                            .query_string = template_fill(&e->query_string, j, r, a),
                            .user_id = template_fill(&e->user_id, j, r, a),
                            .username = template_fill(&e->username, j, r, a),
                            .email = template_fill(&e->email, j, r, a)};
    texts->user_ip = unhidden(&e->user_ip, j, r, a);
    texts->value = fill_texts(j, rule, r, a, texts);
    if (e->type.set)
        texts->type = template_fill(&e->type, j, r, a);
    else if (!rule) /* as the value of a type, so that no id gets into the title that Sentry shows */
        texts->type = origin_type(r, out->level, a);
    texts->title = title_of(texts->type, texts->value, a);
    out->texts = texts;
}
