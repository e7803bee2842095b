/*
 * try --diff: two sets of rules, or two groupings, over the same messages, message by message.
 *
 * Both runs judge every message, so the k-th answer of one belongs to the k-th of the other, also where an answer comes
 * later (records of several lines). Each pair of issues, one of which may be none, is an edge with a number of
 * messages; what appears, vanishes and moves follows from the edges. Edges are at most TRY_ISSUES_MAX.
 */
#include "app/try.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/show.h"
#include "base/xalloc.h"

enum { OLD, NEW, SHOWN = 30, INDENT = 18 };

/* Answers of one run that the other has none to yet. */
struct answers {
    struct try_diff *diff;
    struct try_issue **list;
    unsigned n, cap;
};

struct edge {
    struct try_issue *from, *to; /* NULL: the message was no occurrence of an issue */
    uint64_t count;
};

enum change { STAYS, APPEARS, VANISHES, MOVES };

struct try_diff {
    struct try_run run[2];
    struct answers answers[2];
    struct edge **edges;
    unsigned n_edges;
    bool lost;
    struct table by_pair;
};

/* --- comparing --- */

static void try_diff_on_outcome(void *u, const struct outcome *j, struct try_issue *issue)
{
    (void)j;
    struct answers *a = u;
    a->list = xroom(a->list, a->n, sizeof(struct try_issue *));
    a->list[a->n++] = issue;
}

static void count_edge(struct try_diff *d, struct try_issue *from, struct try_issue *to)
{
    if (!from && !to)
        return;
    uint64_t key = hash_mix(from ? from->fingerprint_hash : 0, to ? to->fingerprint_hash : 0);
    struct edge *e = table_get(&d->by_pair, key);
    if (!e) {
        if (d->n_edges >= TRY_ISSUES_MAX) {
            d->lost = true;
            return;
        }
        e = xcalloc(1, sizeof *e);
        *e = (struct edge){.from = from, .to = to};
        d->edges = xroom(d->edges, d->n_edges, sizeof *d->edges);
        d->edges[d->n_edges++] = e;
        table_put(&d->by_pair, key, e);
    }
    e->count++;
}

/* For what did not come no message stands, and a message may have more events with one set than with the other: nothing
 * is paired. */
static void try_diff_on_old_extra(void *u, struct try_issue *issue)
{
    struct answers *a = u;
    count_edge(a->diff, issue, NULL);
}

static void try_diff_on_new_extra(void *u, struct try_issue *issue)
{
    struct answers *a = u;
    count_edge(a->diff, NULL, issue);
}

static void pair_answers(struct try_diff *d)
{
    struct answers *a = &d->answers[OLD], *b = &d->answers[NEW];
    unsigned n = a->n < b->n ? a->n : b->n;
    for (unsigned i = 0; i < n; i++)
        count_edge(d, a->list[i], b->list[i]);
    for (int k = OLD; k <= NEW; k++) {
        struct answers *s = &d->answers[k];
        for (unsigned i = n; i < s->n; i++)
            s->list[i - n] = s->list[i];
        s->n -= n;
    }
}

static struct try_issue *find(const struct try_diff *d, int side, const struct try_issue *i)
{
    return table_get(&d->run[side].result.issues.by_hash, i->fingerprint_hash);
}

/* Lines of one issue that are now in another move; that the issue they leave is empty then, or the other new, is said
   with it. What no line moves to or from appears or vanishes. */
static enum change change_of(const struct try_diff *d, const struct edge *e)
{
    if (!e->from)
        return find(d, OLD, e->to) ? STAYS : APPEARS;
    if (!e->to)
        return find(d, NEW, e->from) ? STAYS : VANISHES;
    return e->from->fingerprint_hash == e->to->fingerprint_hash ? STAYS : MOVES;
}

static bool looks_alike(const struct try_issue *a, const struct try_issue *b)
{
    return a->level == b->level && strcmp(a->title, b->title) == 0;
}

static int try_diff_by_count(const void *pa, const void *pb)
{
    const struct edge *a = *(struct edge *const *)pa, *b = *(struct edge *const *)pb;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    const struct try_issue *x = a->to ? a->to : a->from, *y = b->to ? b->to : b->from;
    return strcmp(x->title, y->title);
}

struct try_diff *try_diff_new(const struct try_setup setup[2])
{
    struct try_diff *d = xcalloc(1, sizeof *d);
    for (int k = OLD; k <= NEW; k++) {
        try_run_init(&d->run[k], &setup[k]);
        d->run[k].outcome = try_diff_on_outcome;
        d->run[k].extra = k == OLD ? try_diff_on_old_extra : try_diff_on_new_extra;
        d->run[k].u = &d->answers[k];
        d->answers[k].diff = d;
    }
    return d;
}

void try_diff_message(struct try_diff *d, struct stream s[2], struct message *m)
{
    for (int k = OLD; k <= NEW; k++) {
        m->stream = &s[k];
        pipeline_message(d->run[k].pipeline, m, d->run[k].now_us);
    }
    pair_answers(d);
}

void try_diff_let_go(struct try_diff *d)
{
    for (int k = OLD; k <= NEW; k++)
        pipeline_let_go(d->run[k].pipeline);
    pair_answers(d);
}

void try_diff_end(struct try_diff *d)
{
    for (int k = OLD; k <= NEW; k++)
        try_run_end(&d->run[k]);
    pair_answers(d);
    if (d->n_edges)
        qsort(d->edges, d->n_edges, sizeof *d->edges, try_diff_by_count);
}

void try_diff_free(struct try_diff *d)
{
    for (unsigned i = 0; i < d->n_edges; i++)
        free(d->edges[i]);
    free(d->edges);
    table_done(&d->by_pair);
    for (int k = OLD; k <= NEW; k++) {
        free(d->answers[k].list);
        try_run_done(&d->run[k]);
    }
    free(d);
}

/* --- showing --- */

static void show_side(const struct try_diff *d, int side, const char *name)
{
    const struct try_result *r = &d->run[side].result;
    printf("%-4s %9u %9u %12" PRIu64 " %9" PRIu64 "  ", side == OLD ? "old" : "new", d->run[side].setup.rules->n,
           r->issues.n, r->occurrences, r->events);
    show_text(stdout, slice_str(name), 60);
    putchar('\n');
}

static unsigned number_of(const struct try_diff *d, enum change c)
{
    unsigned n = 0;
    for (unsigned i = 0; i < d->n_edges; i++)
        n += change_of(d, d->edges[i]) == c;
    return n;
}

static void show_target(const struct try_diff *d, const struct edge *e, unsigned width)
{
    struct slice rule = try_rule_name(e->to);
    printf("%*s-> %s", INDENT - 3, "", find(d, OLD, e->to) ? "" : "new: ");
    show_text(stdout, slice_str(e->to->title), width - INDENT - 5);
    printf("\n%*s%.*s%s\n", INDENT, "", SLICE_ARG(rule),
           find(d, NEW, e->from) ? "" : " (nothing is left in the old issue)");
}

static void show_edges(const struct try_diff *d, enum change c, const char *what, unsigned width)
{
    unsigned n = number_of(d, c), shown = 0;
    printf("\n%u %s\n", n, what);
    for (unsigned i = 0; i < d->n_edges && shown < SHOWN; i++) {
        const struct edge *e = d->edges[i];
        if (change_of(d, e) != c)
            continue;
        shown++;
        try_show_issue(e->from ? e->from : e->to, e->count, width);
        if (c == MOVES)
            show_target(d, e, width);
    }
    try_show_more(shown, n);
}

/* Issues that stay, with other numbers, titles or levels than before. */
static bool stays_changed(const struct try_diff *d, const struct try_issue *i, const struct try_issue **was)
{
    *was = find(d, OLD, i);
    return *was && ((*was)->count != i->count || !looks_alike(*was, i));
}

static void show_changed(const struct try_diff *d, unsigned width)
{
    const struct try_issues *s = &d->run[NEW].result.issues;
    const struct try_issue *was;
    unsigned n = 0, shown = 0, stay = 0;
    for (unsigned i = 0; i < s->n; i++) {
        n += stays_changed(d, s->list[i], &was);
        stay += was != NULL;
    }
    printf("\n%u would stay, %u of them with another count, title or level\n", stay, n);
    for (unsigned i = 0; i < s->n && shown < SHOWN; i++) {
        const struct try_issue *is = s->list[i];
        if (!stays_changed(d, is, &was))
            continue;
        shown++;
        printf("%9" PRIu64 " %-7s ", was->count, level_name(was->level));
        show_text(stdout, slice_str(was->title), width - INDENT);
        printf("\n-> %6" PRIu64 " %-7s ", is->count, level_name(is->level));
        show_text(stdout, slice_str(is->title), width - INDENT);
        putchar('\n');
    }
    try_show_more(shown, n);
}

void try_diff_show_text(const struct try_diff *d, const char *old_name, const char *new_name)
{
    unsigned width = try_width();
    bool rules = d->run[OLD].setup.rules != d->run[NEW].setup.rules;
    printf("%" PRIu64 " messages under two %s\n%14s %9s %12s %9s\n", d->run[NEW].result.messages,
           rules ? "sets of rules" : "groupings", "RULES", "ISSUES", "OCCURRENCES", "EVENTS");
    show_side(d, OLD, old_name);
    show_side(d, NEW, new_name);
    show_edges(d, APPEARS, "would appear", width);
    show_edges(d, VANISHES, "would vanish", width);
    show_edges(d, MOVES, "would move: lines of one issue are in another then", width);
    show_changed(d, width);
    if (d->lost)
        printf("\nthere were more changes than could be counted\n");
}

static void put_side(struct json *j, const struct try_diff *d, int side)
{
    const struct try_result *r = &d->run[side].result;
    json_key(j, side == OLD ? "old" : "new");
    json_map(j);
    try_put_count(j, "rules", d->run[side].setup.rules->n);
    try_put_count(j, "issues", r->issues.n);
    try_put_count(j, "occurrences", r->occurrences);
    try_put_count(j, "events", r->events);
    json_map_end(j);
}

static void put_issue(struct json *j, const char *key, const struct try_issue *i)
{
    json_key(j, key);
    json_map(j);
    try_put_count(j, "count", i->count);
    try_put_issue(j, i);
    json_map_end(j);
}

static void put_edges(struct json *j, const struct try_diff *d, enum change c, const char *key)
{
    json_key(j, key);
    json_array(j);
    for (unsigned i = 0; i < d->n_edges; i++) {
        const struct edge *e = d->edges[i];
        if (change_of(d, e) != c)
            continue;
        json_map(j);
        try_put_count(j, "count", e->count);
        if (c == MOVES) {
            put_issue(j, "from", e->from);
            put_issue(j, "to", e->to);
            json_key(j, "emptied");
            json_bool(j, !find(d, NEW, e->from));
            json_key(j, "new");
            json_bool(j, !find(d, OLD, e->to));
        } else {
            try_put_issue(j, e->from ? e->from : e->to);
        }
        json_map_end(j);
    }
    json_array_end(j);
}

static void put_changed(struct json *j, const struct try_diff *d)
{
    const struct try_issues *s = &d->run[NEW].result.issues;
    const struct try_issue *was;
    json_key(j, "change");
    json_array(j);
    for (unsigned i = 0; i < s->n; i++)
        if (stays_changed(d, s->list[i], &was)) {
            json_map(j);
            put_issue(j, "from", was);
            put_issue(j, "to", s->list[i]);
            json_map_end(j);
        }
    json_array_end(j);
}

void try_diff_show_json(const struct try_diff *d)
{
    struct sbuf out;
    struct json j;
    sbuf_init(&out, (size_t)1 << 30);
    json_start(&j, &out);
    json_map(&j);
    try_put_count(&j, "messages", d->run[NEW].result.messages);
    put_side(&j, d, OLD);
    put_side(&j, d, NEW);
    put_edges(&j, d, APPEARS, "appear");
    put_edges(&j, d, VANISHES, "vanish");
    put_edges(&j, d, MOVES, "move");
    put_changed(&j, d);
    json_map_end(&j);
    json_end(&j);
    fwrite(out.p, 1, out.n, stdout);
    putchar('\n');
    sbuf_done(&out);
}
