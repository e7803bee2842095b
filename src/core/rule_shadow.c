#include "core/rule_shadow.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/rule_check.h"

/* Of a pattern, of a message: what is beyond is not tried. */
enum { WORDS_MAX = 64, PLACES_MAX = 64, LETTERS_MIN = 4, TEXT_MAX = 2048 };

struct shadows {
    const struct rule_set *set;
    struct diag *d;
    struct judge judge;
    struct sbuf text;
    struct arena arena;
    const struct rule *hider, *hidden;
    bool *done; /* by the index of the earlier rule: what is to be said of it and `hidden` is said */
    bool meant;
    unsigned n;
};

/* --- words of a pattern --- */

/* Of a pattern: where the class, group head or quantifier that begins at i ends. */
static size_t past_class(struct slice re, size_t i)
{
    for (i += i + 1 < re.n && re.p[i + 1] == '^' ? 3 : 2; i < re.n && re.p[i] != ']'; i++)
        i += re.p[i] == '\\';
    return i + 1;
}

static size_t past_group_head(struct slice re, size_t i)
{
    if (i + 2 >= re.n || re.p[i + 1] != '?')
        return i + 1;
    for (i += 2; i < re.n && re.p[i] != '>' && re.p[i] != ':' && re.p[i] != '=' && re.p[i] != '!'; i++)
        if (re.p[i] == ')')
            break;
    return i + 1;
}

static size_t past_special(struct slice re, size_t i)
{
    if (re.p[i] == '\\')
        return i + 2;
    if (re.p[i] == '[')
        return past_class(re, i);
    if (re.p[i] == '(')
        return past_group_head(re, i);
    if (re.p[i] != '{')
        return i + 1;
    while (i < re.n && re.p[i] != '}')
        i++;
    return i + 1;
}

static bool in_word(char c)
{
    return ascii_alnum(c) || c == '_';
}

static bool worth_it(struct slice word)
{
    unsigned letters = 0;
    for (size_t i = 0; i < word.n; i++)
        letters += ascii_alpha(word.p[i]);
    return letters >= LETTERS_MIN;
}

/* The literal words of the pattern. */
static unsigned words_of(struct slice re, struct slice *words)
{
    unsigned n = 0;
    for (size_t i = 0; i < re.n && n < WORDS_MAX;) {
        if (!in_word(re.p[i])) {
            i = past_special(re, i);
            continue;
        }
        size_t start = i;
        while (i < re.n && in_word(re.p[i]))
            i++;
        struct slice word = slice_sub(re, start, i);
        if (worth_it(word))
            words[n++] = word;
    }
    return n;
}

/* --- trying them --- */

static bool matches(struct shadows *s, const struct rule *rule, const struct record *r)
{
    return judge_try(&s->judge, rule, r) == WHY_WON;
}

static bool hides(struct shadows *s, const struct record *r)
{
    if (!matches(s, s->hider, r) || !matches(s, s->hidden, r))
        return false;
    struct verdict v;
    judge_record(&s->judge, r, &s->arena, &v, NULL, NULL);
    return v.rule == s->hider;
}

/* The next word of a text, from `at` on. */
static bool next_place(struct slice text, size_t *at, struct slice *place)
{
    size_t i = *at;
    while (i < text.n && !in_word(text.p[i]))
        i++;
    size_t start = i;
    while (i < text.n && in_word(text.p[i]))
        i++;
    *at = i;
    *place = slice_sub(text, start, i);
    return place->n > 0;
}

static bool put_in(struct shadows *s, const struct record *r, struct slice word)
{
    struct slice place;
    size_t at = 0;
    for (unsigned n = 0; n < PLACES_MAX && next_place(r->message, &at, &place); n++) {
        struct record changed;
        record_copy(&changed, r);
        s->text.n = 0;
        sbuf_adds(&s->text, slice_sub(r->message, 0, (size_t)(place.p - r->message.p)));
        sbuf_adds(&s->text, word);
        sbuf_adds(&s->text, slice_from(r->message, at));
        changed.message = (struct slice){s->text.p, s->text.n};
        if (hides(s, &changed))
            return true;
    }
    return false;
}

/* A line of the earlier rule's own sample that the later one would match. */
static void rule_shadow_on_meant(void *u, const struct outcome *j)
{
    struct shadows *s = u;
    s->meant |= j->record && j->verdict->rule == s->hider && matches(s, s->hidden, j->record);
}

static bool no_event(void *u, const struct event_out *e)
{
    (void)u;
    (void)e;
    return true;
}

static void each_sample(struct shadows *s, const struct rule *rule, void (*outcome)(void *u, const struct outcome *j))
{
    const struct rule_source *source = &s->set->sources[rule->index];
    const struct pipeline_hooks hooks = {.u = s, .emit = no_event, .outcome = outcome};
    for (unsigned i = 0; i < source->n_samples; i++)
        rule_check_run(s->set, rule, &source->samples[i], &hooks);
}

static void tell_unless_meant(struct shadows *s)
{
    const struct rule *hidden = s->hidden;
    s->done[s->hider->index] = true;
    s->meant = false;
    each_sample(s, s->hider, rule_shadow_on_meant);
    if (s->meant)
        return;
    s->n++;
    err_add(
        s->d, ERR_WARNING, conf_place(s->set->sources[s->hider->index].node),
        "rule \"%.*s\" hides lines from \"%.*s\" (%s:%u), which comes after it: both match \"%.*s\"; make its match or "
        "when more exact, or, if that is meant, give it a sample with such a line",
        SLICE_ARG(s->hider->id), SLICE_ARG(hidden->id), hidden->place.file, hidden->place.line,
        (int)(s->text.n < 160 ? s->text.n : 160), s->text.p);
}

/* --- pairs --- */

static bool is_silent(const struct rule *rule)
{
    return rule->match && rule->action != ACTION_EVENT && !rule->go_on && !rule_waits(rule);
}

static bool can_be_hidden(const struct rule *rule)
{
    return rule->match && rule->action == ACTION_EVENT && !rule->go_on;
}

static bool same_file(const struct rule *a, const struct rule *b)
{
    return strcmp(a->place.file, b->place.file) == 0;
}

static void try_hider(struct shadows *s, const struct rule *hider, const struct record *r)
{
    struct slice words[WORDS_MAX];
    unsigned n = words_of(hider->match_text, words);
    s->hider = hider;
    for (unsigned i = 0; i < n && !s->done[hider->index]; i++)
        if (put_in(s, r, words[i]))
            tell_unless_meant(s);
}

static void rule_shadow_on_outcome(void *u, const struct outcome *j)
{
    struct shadows *s = u;
    const struct rule *hidden = s->hidden;
    if (!j->record || j->record->trace || j->verdict->rule != hidden || j->record->message.n > TEXT_MAX)
        return;
    for (unsigned k = hidden->index; k-- > 0 && same_file(s->set->rules[k], hidden);)
        if (is_silent(s->set->rules[k]) && !s->done[k])
            try_hider(s, s->set->rules[k], j->record);
    arena_reset(&s->arena);
}

unsigned rule_shadow_check(const struct rule_set *set, struct diag *d)
{
    struct shadows s = {.set = set, .d = d, .done = xcalloc(set->n + 1, sizeof(bool))};
    judge_init(&s.judge, set);
    s.judge.exhaustive = true; /* the texts that are tried are of no record that was scanned */
    sbuf_init(&s.text, 2 * TEXT_MAX);
    for (unsigned i = 0; i < set->n; i++) {
        s.hidden = set->rules[i];
        memset(s.done, 0, set->n * sizeof(bool));
        if (can_be_hidden(s.hidden))
            each_sample(&s, s.hidden, rule_shadow_on_outcome);
    }
    arena_done(&s.arena);
    sbuf_done(&s.text);
    judge_done(&s.judge);
    free(s.done);
    return s.n;
}
