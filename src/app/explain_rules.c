#include "app/explain_rules.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/show.h"
#include "base/xalloc.h"
#include "text/keys.h"
#include "text/literal.h"

enum { NEAR_MISSES = 8, VALUE_POINTS = 80, REASON_BYTES = 512 };

/* How near, the nearest first. Of the last kind the rule with the longest word is. */
enum nearness { NEAR_UNLESS, NEAR_LIMIT, NEAR_WHEN, NEAR_WORDS };

struct miss {
    const struct rule *rule;
    enum nearness nearness;
    unsigned word_bytes;
    char *why;
};

struct explained {
    struct judge *judge;
    const struct record *record;
    struct miss *misses;
    unsigned n_misses, n_others;
    struct arena arena; /* of a pattern's literals */
};

static void add_miss(struct explained *e, const struct rule *r, enum nearness nearness, size_t word_bytes, char *why)
{
    e->misses = xroom(e->misses, e->n_misses, sizeof *e->misses);
    e->misses[e->n_misses++] = (struct miss){r, nearness, (unsigned)word_bytes, why};
}

static bool contains(struct slice text, const struct literal *l)
{
    if (!l->ignore_case)
        return slice_find(text, l->text) >= 0;
    for (size_t i = 0; i + l->text.n <= text.n; i++)
        if (slice_ieq(slice_sub(text, i, i + l->text.n), l->text))
            return true;
    return false;
}

/* The longest word of the pattern that stands in the message; without one it is not near. */
static void note_words(struct explained *e, const struct rule *r)
{
    struct literals words = {.n = 0};
    struct slice best = SLICE_NONE;
    literal_find(r->match_text, false, NULL, &e->arena, &words);
    for (unsigned i = 0; i < words.n; i++)
        if (words.v[i].text.n > best.n && contains(e->record->message, &words.v[i]))
            best = words.v[i].text;
    if (best.n)
        add_miss(
            e, r, NEAR_WORDS, best.n,
            xasprintf("\"%.*s\" is in it, but `match` does not match", SLICE_ARG(slice_sub(best, 0, VALUE_POINTS))));
    else
        e->n_others++;
    arena_reset(&e->arena);
}

static char *unmet_text(const struct explained *e, const struct judge_unmet *u)
{
    const struct record *r = e->record;
    if (u->kind == JUDGE_UNMET_FORMAT)
        return xasprintf("`match` matches, but it is for another format: this is %s", format_name(r->format));
    if (u->kind == JUDGE_UNMET_LEVEL)
        return xasprintf("`match` matches, but `when` wants level %s%s: this is %s", u->only_level ? "=" : "",
                         u->no_level ? "none" : level_name(u->level), r->level ? level_name(r->level) : "of none");
    struct slice v = record_value_of(r, &u->condition->ref), name = u->condition->ref.name;
    struct slice pattern = slice_sub(u->condition->text, 0, VALUE_POINTS);
    if (!v.p)
        return xasprintf("`match` matches, but `when` wants %.*s: it has none", SLICE_ARG(name));
    return xasprintf("`match` matches, but `when` wants %.*s: %.*s, and it is \"%.*s\"", SLICE_ARG(name),
                     SLICE_ARG(pattern), SLICE_ARG(slice_sub(v, 0, VALUE_POINTS)));
}

/* Near when its patterns would match, and only a condition does not hold. */
static void note_when(struct explained *e, const struct rule *r)
{
    struct judge_unmet unmet;
    if (r->match && judge_patterns_hold(e->judge, r, e->record) && judge_unmet(e->judge, r, e->record, &unmet))
        add_miss(e, r, NEAR_WHEN, 0, unmet_text(e, &unmet));
    else
        e->n_others++;
}

static void explain_on_tried(void *u, const struct rule *r, enum judge_why why)
{
    struct explained *e = u;
    switch (why) {
    case WHY_WHEN:
        note_when(e, r);
        break;
    case WHY_MATCH:
        note_words(e, r);
        break;
    case WHY_UNLESS:
        add_miss(e, r, NEAR_UNLESS, 0, xstrdup("`match` matches, and so does `unless`"));
        break;
    case WHY_LIMIT:
        add_miss(e, r, NEAR_LIMIT, 0, xstrdup("its pattern ran into the match limit"));
        break;
    case WHY_SUSPENDED:
        add_miss(e, r, NEAR_LIMIT, 0, xstrdup("suspended, it ran into the match limit too often"));
        break;
    case WHY_CONTINUED:
    case WHY_END:
    case WHY_WON:
        break; /* told after these */
    }
}

/* Those for other formats are not tried at all. */
static void note_other_formats(struct explained *e)
{
    const struct rule_set *set = e->judge->set;
    const struct rule_lane *lane = &set->lanes[e->record->format];
    unsigned k = 0;
    for (unsigned i = 0; i < set->n; i++) {
        if (k < lane->n && lane->rules[k] == set->rules[i])
            k++;
        else if (set->rules[i]->match)
            note_when(e, set->rules[i]);
    }
}

static int explain_rules_by_nearness(const void *a, const void *b)
{
    const struct miss *x = a, *y = b;
    if (x->nearness != y->nearness)
        return x->nearness < y->nearness ? -1 : 1;
    if (x->word_bytes != y->word_bytes)
        return x->word_bytes > y->word_bytes ? -1 : 1;
    return x->rule->index < y->rule->index ? -1 : 1;
}

static void print_misses(struct explained *e)
{
    if (e->n_misses)
        qsort(e->misses, e->n_misses, sizeof *e->misses, explain_rules_by_nearness);
    for (unsigned i = 0; i < e->n_misses; i++) {
        if (i < NEAR_MISSES) {
            printf("  %-40.*s no: ", SLICE_ARG(e->misses[i].rule->id));
            show_text(stdout, slice_str(e->misses[i].why), REASON_BYTES);
            putchar('\n');
        }
        free(e->misses[i].why);
    }
    e->n_others += e->n_misses > NEAR_MISSES ? e->n_misses - NEAR_MISSES : 0;
    if (e->n_others)
        printf("  and %u more that do not match\n", e->n_others);
    free(e->misses);
}

/* Those that had a say, in the order in which they had it: they are printed behind the others. */
struct said {
    struct explained *misses;
    struct {
        const struct rule *rule;
        enum judge_why why;
    } v[NEAR_MISSES];
    unsigned n;
};

static void explain_on_judged(void *u, const struct rule *r, enum judge_why why)
{
    struct said *s = u;
    explain_on_tried(s->misses, r, why);
    if ((why == WHY_CONTINUED || why == WHY_END || why == WHY_WON) && s->n < NEAR_MISSES) {
        s->v[s->n].rule = r;
        s->v[s->n++].why = why;
    }
}

void explain_rules(struct judge *j, const struct record *r, struct arena *a, struct verdict *v)
{
    static const char *const says[] = {[WHY_CONTINUED] = "yes, and `continue`: adds its tags",
                                       [WHY_END] = "an end of its pair: the record goes on",
                                       [WHY_WON] = "yes: it decides"};
    struct explained e = {.judge = j, .record = r};
    struct said said = {.misses = &e};
    judge_record(j, r, a, v, explain_on_judged, &said);
    note_other_formats(&e);
    printf("rules\n");
    print_misses(&e);
    for (unsigned i = 0; i < said.n; i++)
        printf("  %-40.*s %s\n", SLICE_ARG(said.v[i].rule->id), says[said.v[i].why]);
    arena_done(&e.arena);
}

static const char *ordinal_end(unsigned n)
{
    static const char *const ends[] = {"th", "st", "nd", "rd"};
    return n % 10 > 3 || (n % 100 > 10 && n % 100 < 14) ? "th" : ends[n % 10];
}

static void print_by(const struct judge *j, const struct rule *rule, const struct record *r, struct arena *a)
{
    const struct template_source from = judge_source(j, r, a);
    for (unsigned i = 0; i < rule->threshold.by.n; i++) {
        fputs(i ? ", " : " of the same ", stdout);
        show_text(stdout, template_fill(&rule->threshold.by.v[i], &from), VALUE_POINTS);
    }
}

void explain_how_many(const struct judge *j, const struct rule *rule, const struct record *r, struct arena *a)
{
    const unsigned count = rule->threshold.count;
    if (count > 1) {
        struct sbuf span;
        sbuf_init(&span, 64);
        keys_put_duration(rule->threshold.within_us, &span);
        printf("of such lines the %u%s within %s", count, ordinal_end(count), sbuf_cstr(&span));
        print_by(j, rule, r, a);
        printf(" is the event, those before it are breadcrumbs\n");
        sbuf_done(&span);
    }
    if (rule->sample > 1)
        printf("of such lines one in %u is an event, the others are breadcrumbs\n", rule->sample);
}
