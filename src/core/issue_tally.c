#include "core/issue_tally.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct tallied {
    uint64_t key;
    struct issue_count *minutes;
    unsigned n;
};

static const int64_t MINUTE_US = 60 * INT64_C(1000000);

void issue_tally_init(struct issue_tally *t, uint64_t *uncounted)
{
    *t = (struct issue_tally){.uncounted = uncounted};
}

void issue_tally_tell(struct issue_tally *t, issue_count_f *each, void *u)
{
    table_each (&t->issues, slot) {
        struct tallied *issue = slot->value;
        for (unsigned i = 0; i < issue->n; i++)
            each(u, &issue->minutes[i]);
        free(issue->minutes);
        free(issue);
    }
    table_done(&t->issues);
    t->last = NULL;
    t->n = 0;
}

static void issue_tally_ignore(void *u, const struct issue_count *c)
{
    (void)u;
    (void)c;
}

void issue_tally_done(struct issue_tally *t)
{
    issue_tally_tell(t, issue_tally_ignore, NULL);
}

/* NULL: there is no room for one more. */
static struct tallied *issue_of(struct issue_tally *t, uint64_t key)
{
    struct tallied *issue = t->last && t->last->key == key ? t->last : table_get(&t->issues, key);
    if (!issue && t->n < ISSUE_TALLY_MAX) {
        issue = xcalloc(1, sizeof *issue);
        issue->key = key;
        table_put(&t->issues, key, issue);
    }
    t->last = issue;
    return issue;
}

/* From the last one backwards: times rise, most of the time. */
static struct issue_count *minute_of(struct issue_tally *t, struct tallied *issue, int64_t at_us)
{
    unsigned i = issue->n;
    while (i && issue->minutes[i - 1].first_us / MINUTE_US != at_us / MINUTE_US)
        i--;
    if (i)
        return &issue->minutes[i - 1];
    if (issue->n && (issue->n >= ISSUE_TALLY_MINUTES || t->n >= ISSUE_TALLY_MAX))
        return &issue->minutes[issue->n - 1];
    issue->minutes = xroom(issue->minutes, issue->n, sizeof *issue->minutes);
    issue->minutes[issue->n] = (struct issue_count){.key = issue->key, .first_us = at_us, .last_us = at_us};
    t->n++;
    return &issue->minutes[issue->n++];
}

void issue_tally_add(struct issue_tally *t, uint64_t key, int64_t at_us, uint64_t n, uint64_t suppressed)
{
    struct tallied *issue = key ? issue_of(t, key) : NULL;
    if (!issue) {
        *t->uncounted += key ? n : 0;
        return;
    }
    struct issue_count *c = minute_of(t, issue, at_us);
    c->n += n;
    c->suppressed += suppressed;
    c->first_us = at_us < c->first_us ? at_us : c->first_us;
    c->last_us = at_us > c->last_us ? at_us : c->last_us;
}
