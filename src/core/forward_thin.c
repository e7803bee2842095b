#include "core/forward_thin.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"

static void free_issue(struct thin_issue *i)
{
    assert(!i->later);
    line_runs_done(&i->lines);
    free((char *)(uintptr_t)i->limits.project.p);
    free((char *)(uintptr_t)i->input.p);
    free(i);
}

void forward_thin_done(struct forward_thin *t)
{
    table_each (&t->issues, slot)
        free_issue(slot->value);
    table_done(&t->issues);
}

static struct thin_issue *issue_of(struct forward_thin *t, uint64_t issue, const struct forwarded_limits *limits,
                                   struct slice level, struct slice input, unsigned whole, int64_t now_us)
{
    struct thin_issue *i = table_get(&t->issues, issue);
    if (i || t->issues.n >= THIN_ISSUES_MAX)
        return i;
    i = xcalloc(1, sizeof *i);
    *i = (struct thin_issue){
        .issue = issue, .next = (uint64_t)whole * 2, .began_us = now_us, .limits = *limits, .level = level};
    i->limits.project.p = limits->project.n ? slice_dup(limits->project) : NULL;
    i->input = slice_of(slice_dup(input), input.n);
    table_put(&t->issues, issue, i);
    return i;
}

void forward_thin_add(struct thin_issue *of, uint64_t n, int64_t at_us)
{
    of->first_us = !of->n || at_us < of->first_us ? at_us : of->first_us;
    of->last_us = !of->n || at_us > of->last_us ? at_us : of->last_us;
    of->n += n;
}

void forward_thin_note(struct forward_thin *t, struct thin_issue *of, const struct line_run *line)
{
    unsigned before = of->lines.n;
    line_runs_add(&of->lines, line);
    t->n_runs += of->lines.n - before;
    of->full = of->lines.n >= LINE_RUNS_MAX || t->n_runs >= THIN_RUNS_MAX;
}

void forward_thin_told(struct forward_thin *t, struct thin_issue *of)
{
    t->n_runs -= of->lines.n;
    line_runs_done(&of->lines);
    of->n = 0;
    of->full = false;
}

enum thin_answer forward_thin_admit(struct forward_thin *t, uint64_t issue, const struct forwarded_limits *limits,
                                    struct slice level, struct slice input, unsigned whole, int64_t at_us,
                                    int64_t now_us, struct thin_issue **of)
{
    struct thin_issue *i = issue_of(t, issue, limits, level, input, whole, now_us);
    *of = i;
    if (!i || ++i->seen <= whole)
        return THIN_WHOLE;
    if (i->seen == i->next) {
        i->next *= 2;
        return THIN_WHOLE;
    }
    if (!i->later)
        return THIN_LATER;
    forward_thin_add(i, 1, at_us);
    return THIN_COUNTED;
}

void forward_thin_renew(struct forward_thin *t, int64_t now_us)
{
    uint64_t *over = xcalloc(t->issues.n + 1, sizeof *over);
    size_t n = 0;
    table_each (&t->issues, slot) {
        const struct thin_issue *i = slot->value;
        if (!i->n && !i->later && (now_us - i->began_us >= THIN_WINDOW_US || now_us < i->began_us))
            over[n++] = slot->key;
    }
    while (n)
        free_issue(table_del(&t->issues, over[--n]));
    free(over);
}
