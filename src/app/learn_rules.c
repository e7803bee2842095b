/* learn_rules: a rule for each cluster that reads like a fault, one for noise, and the proof that each tells its own.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/learn.h"
#include "app/rule_file.h"
#include "base/table.h"
#include "base/xalloc.h"
#include "core/cluster_pattern.h"
#include "parsers/parser.h"

enum {
    TYPE_WORDS = 3,
    ID_WORDS = 5,
    ID_MAX = 48,
    FILE_BYTES_MAX = 8 << 20,
};

struct draft {
    const struct cluster *cluster;
    struct cluster_pattern pattern;
    struct learn_sample samples[LEARN_SAMPLES];
    unsigned n_samples;
    const char *path;
    uint64_t line;
    bool fault, dropped;
    enum level level;
    char id[ID_MAX + 8], type[80];
    unsigned from, to; /* its lines in the file */
};

struct drafts {
    struct learn *learn;
    struct slice pack;
    struct draft *v;
    unsigned n;
    struct trace_set *traces;
    struct sbuf *out;
    struct rule_file file; /* into out */
};

/* --- what a cluster is --- */

/* Its level in most of its messages. */
static enum level usual_level(const uint64_t levels[])
{
    enum level best = LEVEL_NONE;
    for (unsigned i = 0; i <= LEVEL_FATAL; i++)
        if (levels[i] > levels[best])
            best = (enum level)i;
    return best;
}

static void judge(struct drafts *d, struct draft *to, const uint64_t levels[])
{
    enum level usual = usual_level(levels);
    bool suspicious = suspicion_has(&d->learn->suspicion, to->cluster->examples[0].message);
    to->fault = usual >= LEVEL_ERROR || suspicious;
    to->level = usual >= LEVEL_WARNING ? usual : LEVEL_ERROR;
}

/* One in which nothing was filtered is better. */
static void take_samples(struct draft *to, const struct learn_leaf *leaf)
{
    for (unsigned i = 0; i < leaf->n_samples; i++) {
        if (to->n_samples < LEARN_SAMPLES)
            to->samples[to->n_samples++] = leaf->samples[i];
        else if (to->samples[0].filtered && !leaf->samples[i].filtered)
            to->samples[0] = leaf->samples[i];
    }
}

/* --- names --- */

static bool is_word(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alpha(s.p[i]))
            return false;
    return s.n >= 2;
}

/* The next word of the template that a name can be made of. */
static struct slice next_word(struct slice *text)
{
    while (text->p) {
        struct slice word = slice_split(text, ' ');
        while (word.n && !ascii_alpha(word.p[word.n - 1]) && word.p[word.n - 1] != '>')
            word.n--;
        while (word.n && !ascii_alpha(word.p[0]) && word.p[0] != '<')
            word = slice_from(word, 1);
        if (is_word(word))
            return word;
    }
    return SLICE_NONE;
}

/* Of a draft before this one. */
static bool is_taken(const struct drafts *d, const struct draft *of)
{
    for (const struct draft *p = d->v; p < of; p++)
        if (strcmp(p->id, of->id) == 0)
            return true;
    return false;
}

static void make_id(const struct drafts *d, struct draft *to)
{
    struct slice rest = to->cluster->text, word;
    char plain[ID_MAX + 1];
    size_t n = 0;
    for (unsigned i = 0; i < ID_WORDS && (word = next_word(&rest)).n && n + word.n + 1 < ID_MAX; i++) {
        if (n)
            plain[n++] = '-';
        for (size_t k = 0; k < word.n; k++)
            plain[n++] = ascii_lower(word.p[k]);
    }
    plain[n] = '\0';
    snprintf(to->id, sizeof to->id, "%s", n ? plain : "message");
    for (unsigned i = 2; is_taken(d, to); i++)
        snprintf(to->id, sizeof to->id, "%s-%u", n ? plain : "message", i);
}

/* A class that the text names. */
static struct slice named_class(struct slice text)
{
    while (text.p) {
        struct slice word = slice_split(&text, ' ');
        while (word.n && !ascii_alnum(word.p[word.n - 1]))
            word.n--;
        bool named = slice_ends(word, SLICE("Error")) || slice_ends(word, SLICE("Exception"));
        ptrdiff_t dot = slice_rfind(word, SLICE("."));
        word = slice_from(word, (size_t)(dot + 1));
        if (named && word.n > 9 && word.n < 64 && is_word(word))
            return word;
    }
    return SLICE_NONE;
}

static void make_type(struct draft *to)
{
    struct slice rest = to->cluster->text, word = named_class(rest);
    size_t n = 0;
    if (word.n) {
        snprintf(to->type, sizeof to->type, "%.*s", SLICE_ARG(word));
        return;
    }
    for (unsigned i = 0; i < TYPE_WORDS && (word = next_word(&rest)).n && n + word.n < sizeof to->type - 1; i++)
        for (size_t k = 0; k < word.n; k++)
            to->type[n++] = k || word.p[k] < 'a' ? (k ? ascii_lower(word.p[k]) : word.p[k]) : (char)(word.p[k] - 32);
    to->type[n] = '\0';
    if (!n)
        snprintf(to->type, sizeof to->type, "Fault");
}

/* --- drafts --- */

static int learn_rules_by_worth(const void *pa, const void *pb)
{
    const struct draft *a = pa, *b = pb;
    if (a->fault != b->fault)
        return a->fault ? -1 : 1;
    if (a->cluster->n != b->cluster->n)
        return a->cluster->n > b->cluster->n ? -1 : 1;
    return a->cluster->first < b->cluster->first ? -1 : a->cluster->first > b->cluster->first;
}

static void make_drafts(struct drafts *d)
{
    struct learn *l = d->learn;
    unsigned n = clusters_count(l->clusters);
    uint64_t(*levels)[LEVEL_FATAL + 1] = xcalloc(n + 1, sizeof *levels);
    d->v = xcalloc(n + 1, sizeof *d->v);
    for (unsigned i = 0; i < l->n_leaves; i++) {
        unsigned at = clusters_of(l->clusters, (int)i);
        struct draft *to = &d->v[at];
        for (unsigned k = 0; k <= LEVEL_FATAL; k++)
            levels[at][k] += l->leaves[i].levels[k];
        take_samples(to, &l->leaves[i]);
        if (!to->path) {
            to->path = l->leaves[i].path;
            to->line = l->leaves[i].line;
        }
    }
    for (unsigned i = 0; i < n; i++) {
        d->v[i].cluster = clusters_get(l->clusters, i);
        judge(d, &d->v[i], levels[i]);
    }
    free(levels);
    qsort(d->v, n, sizeof *d->v, learn_rules_by_worth);
    d->n = n;
}

/* The first faults and the first of the noise: the most frequent ones. */
static void make_patterns(struct drafts *d)
{
    unsigned faults = 0, noise = 0;
    for (unsigned i = 0; i < d->n; i++) {
        struct draft *to = &d->v[i];
        unsigned *many = to->fault ? &faults : &noise;
        bool fits = *many < (to->fault ? LEARN_FAULTS_MAX : LEARN_NOISE_MAX);
        to->dropped = !fits || !to->n_samples || !cluster_pattern_make(to->cluster, &to->pattern);
        *many += !to->dropped;
        if (to->dropped)
            continue;
        make_id(d, to);
        make_type(to);
    }
}

/* --- patterns hold for nobody else --- */

/* The patterns of the drafts that are left, which are few; the clusters may be many, and each has its examples. */
struct compiled {
    unsigned *of; /* of which draft each is */
    unsigned n;
    struct regex **regex;
    struct regex_scratch *scratch;
    struct prefilter *prefilter;
    struct prefilter_scratch *look;
    struct prefilter_hits hits;
};

static void compile(const struct drafts *d, struct compiled *c)
{
    struct prefilter_pattern *p = xcalloc(d->n + 1, sizeof *p);
    *c = (struct compiled){.of = xcalloc(d->n + 1, sizeof *c->of), .regex = xcalloc(d->n + 1, sizeof *c->regex)};
    for (unsigned i = 0; i < d->n; i++) {
        size_t at;
        char why[256];
        if (d->v[i].dropped)
            continue;
        p[c->n].regex = sbuf_slice(&d->v[i].pattern.regex);
        c->regex[c->n] = regex_compile_late(p[c->n].regex, false, &at, why);
        c->of[c->n++] = i;
    }
    c->prefilter = prefilter_compile(prefilter_probe(), p, c->n);
    c->look = prefilter_scratch_new();
    prefilter_scratch_fit(c->look, c->prefilter);
    c->scratch = regex_scratch_new();
    c->hits = prefilter_hits_new(c->n);
    free(p);
}

static void compiled_done(struct compiled *c)
{
    for (unsigned i = 0; i < c->n; i++)
        regex_free(c->regex[i]);
    free(c->regex);
    free(c->of);
    regex_scratch_free(c->scratch);
    prefilter_free(c->prefilter);
    prefilter_scratch_free(c->look);
    prefilter_hits_done(&c->hits);
}

/* Drops every draft but its own whose pattern matches the message. */
static void drop_others(struct drafts *d, struct compiled *c, struct slice message, unsigned own)
{
    prefilter_run(c->prefilter, c->look, message, &c->hits);
    for (unsigned i = 0; i < c->n; i++) {
        struct draft *other = &d->v[c->of[i]];
        bool maybe = c->regex[i] && c->of[i] != own && !other->dropped && (c->hits.word[i / 64] >> (i % 64) & 1);
        if (maybe && regex_match(c->regex[i], c->scratch, message, 0) != REGEX_NO)
            other->dropped = true;
    }
}

static void keep_apart(struct drafts *d)
{
    struct compiled c;
    compile(d, &c);
    for (unsigned i = 0; c.n && i < d->n; i++)
        for (unsigned k = 0; k < d->v[i].cluster->n_examples; k++)
            drop_others(d, &c, d->v[i].cluster->examples[k].message, i);
    compiled_done(&c);
}

/* --- writing --- */

static void put_sample(struct drafts *d, const struct draft *f, const struct learn_sample *s, struct arena *a)
{
    rule_file_sample(&d->file, slice_str(s->text), s->format, a);
    if (f->fault)
        rule_file_put(&d->file, "        event: {level: %s, fingerprint: [%.*s, %s]}", level_name(f->level),
                      SLICE_ARG(d->pack), f->id);
    else
        rule_file_put(&d->file, "        event: none");
}

static void put_event(struct drafts *d, const struct draft *f, struct arena *a)
{
    rule_file_put(&d->file, "    event:");
    rule_file_put(&d->file, "      type: %s", f->type);
    rule_file_put(&d->file, "      level: %s", level_name(f->level));
    rule_file_put(&d->file, "      message: %s",
                  rule_file_quoted(slice_str(rule_file_clean(sbuf_slice(&f->pattern.message), a)), a));
    rule_file_put(&d->file, "      fingerprint: [%.*s, %s]", SLICE_ARG(d->pack), f->id);
}

static void put_rule(struct drafts *d, struct draft *f)
{
    struct arena a = {0};
    double share = 100.0 * (double)f->cluster->n / (double)(d->learn->counts.messages ? d->learn->counts.messages : 1);
    f->from = d->file.line;
    rule_file_put(&d->file, "%s", "");
    rule_file_put(&d->file, "  # %llu of %llu messages, %.*f %%; the first is %s:%llu",
                  (unsigned long long)f->cluster->n, (unsigned long long)d->learn->counts.messages, share < 0.1 ? 3 : 1,
                  share, rule_file_clean(slice_str(f->path), &a), (unsigned long long)f->line);
    rule_file_put(&d->file, "  - id: %.*s.%s", SLICE_ARG(d->pack), f->id);
    rule_file_put(&d->file, "    match: %s", rule_file_quoted(sbuf_slice(&f->pattern.regex), &a));
    if (f->fault)
        put_event(d, f, &a);
    else
        rule_file_put(&d->file, "    action: crumb");
    rule_file_put(&d->file, "    samples:");
    for (unsigned i = 0; i < f->n_samples; i++)
        put_sample(d, f, &f->samples[i], &a);
    f->to = d->file.line;
    arena_done(&a);
}

static void put_section(struct drafts *d, bool faults, const char *title)
{
    bool titled = false;
    for (unsigned i = 0; i < d->n; i++) {
        if (d->v[i].dropped || d->v[i].fault != faults)
            continue;
        if (!titled) {
            rule_file_put(&d->file, "%s", "");
            rule_file_put(&d->file, "  # --- %s ---", title);
        }
        titled = true;
        put_rule(d, &d->v[i]);
    }
}

static bool has_rules(const struct drafts *d)
{
    for (unsigned i = 0; i < d->n; i++)
        if (!d->v[i].dropped)
            return true;
    return false;
}

static void put_file(struct drafts *d)
{
    rule_file_begin(&d->file, d->out);
    rule_file_put(
        &d->file,
        "# A first draft by crumbd learn: look at each rule, give it a better name, and try it with crumbd try "
        "--diff.");
    rule_file_put(&d->file, "pack: %.*s", SLICE_ARG(d->pack));
    rule_file_put(&d->file, has_rules(d) ? "rules:" : "rules: []");
    put_section(d, true, "what reads like a fault");
    put_section(d, false, "noise: kept as breadcrumbs");
}

/* --- the proof --- */

static bool learn_rules_on_refused(void *u, unsigned line, const char *why)
{
    struct drafts *d = u;
    (void)why;
    for (unsigned i = 0; i < d->n; i++)
        if (!d->v[i].dropped && line > d->v[i].from && line < d->v[i].to)
            return d->v[i].dropped = true;
    return false;
}

/* Asks what check asks; rules that it refuses go. Returns how many; 0: the rest is as it should be. */
static unsigned prove(struct drafts *d)
{
    unsigned errors, n = rule_file_prove(&d->file, d->traces, learn_rules_on_refused, d, &errors);
    for (unsigned i = 0; !n && errors && i < d->n; i++) /* it is about no rule, which cannot be */
        d->v[i].dropped = true;
    return n;
}

static struct learn_written summary(const struct drafts *d)
{
    struct learn_written w = {0};
    for (unsigned i = 0; i < d->n; i++) {
        const struct draft *f = &d->v[i];
        w.faults += f->fault && !f->dropped;
        w.noise += !f->fault && !f->dropped;
        w.untold += f->dropped;
        w.covered += f->dropped ? 0 : f->cluster->n;
    }
    return w;
}

struct learn_written learn_rules(struct learn *l, struct slice pack, struct trace_set *traces, struct sbuf *out)
{
    struct drafts d = {.learn = l, .pack = pack, .traces = traces, .out = out};
    clusters_refine(l->clusters);
    make_drafts(&d);
    make_patterns(&d);
    keep_apart(&d);
    do
        put_file(&d);
    while (prove(&d) > 0);
    struct learn_written w = summary(&d);
    for (unsigned i = 0; i < d.n; i++)
        cluster_pattern_done(&d.v[i].pattern);
    free(d.v);
    return w;
}
