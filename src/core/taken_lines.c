#include "core/taken_lines.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct span {
    uint64_t first, end;
    int64_t from_us, to_us;
};

/* Spans in their order; between two of them there is at least one line. */
struct taken_log {
    uint64_t key;
    struct span *v;
    unsigned n, cap;
    TAILQ_ENTRY(taken_log) by_age;
};

void taken_lines_init(struct taken_lines *t)
{
    *t = (struct taken_lines){0};
    TAILQ_INIT(&t->by_age);
}

static void forget(struct taken_lines *t, struct taken_log *l)
{
    table_del(&t->logs, l->key);
    TAILQ_REMOVE(&t->by_age, l, by_age);
    t->n -= l->n;
    free(l->v);
    free(l);
}

void taken_lines_done(struct taken_lines *t)
{
    for (struct taken_log *l; (l = TAILQ_FIRST(&t->by_age));)
        forget(t, l);
    table_done(&t->logs);
}

static struct taken_log *log_of(struct taken_lines *t, uint64_t key)
{
    struct taken_log *l = table_get(&t->logs, key);
    if (l) {
        TAILQ_REMOVE(&t->by_age, l, by_age);
    } else {
        l = xcalloc(1, sizeof *l);
        l->key = key;
        table_put(&t->logs, key, l);
    }
    TAILQ_INSERT_TAIL(&t->by_age, l, by_age);
    return l;
}

/* The first span that ends at this offset or behind it. */
static unsigned find(const struct taken_log *l, uint64_t first)
{
    unsigned low = 0, high = l->n;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (l->v[middle].end < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t common(const struct span *a, const struct span *b)
{
    uint64_t first = a->first > b->first ? a->first : b->first, end = a->end < b->end ? a->end : b->end;
    return end > first ? end - first : 0;
}

static bool is_made_anew(const struct span *had, const struct span *is)
{
    return had->to_us < is->from_us || is->to_us < had->from_us;
}

static void grow(struct span *by, const struct span *s)
{
    by->first = s->first < by->first ? s->first : by->first;
    by->end = s->end > by->end ? s->end : by->end;
    by->from_us = s->from_us < by->from_us ? s->from_us : by->from_us;
    by->to_us = s->to_us > by->to_us ? s->to_us : by->to_us;
}

/* In place of those in [low, high). */
static void put(struct taken_lines *t, struct taken_log *l, unsigned low, unsigned high, const struct span *s)
{
    if (low == high && l->n == l->cap)
        l->v = xrealloc(l->v, l->cap = l->cap ? 2 * l->cap : 1, sizeof *l->v);
    memmove(&l->v[low + 1], &l->v[high], (l->n - high) * sizeof *l->v);
    l->v[low] = *s;
    t->n = t->n + 1 - (high - low);
    l->n = l->n + 1 - (high - low);
    if (l->n > TAKEN_SPANS_EACH_MAX) {
        memmove(l->v, &l->v[1], --l->n * sizeof *l->v);
        t->n--;
    }
    for (struct taken_log *oldest; t->n > TAKEN_SPANS_MAX && (oldest = TAILQ_FIRST(&t->by_age)) != l;)
        forget(t, oldest);
}

uint64_t taken_lines_take(struct taken_lines *t, uint64_t issue, const struct line_run *r)
{
    struct taken_log *l = log_of(t, hash_mix(issue, r->log));
    struct span all = {r->first, r->first + r->n, r->from_us, r->to_us};
    const struct span told = all;
    uint64_t had = 0;
    unsigned low = find(l, told.first), high = low;
    for (; high < l->n && l->v[high].first <= told.end; high++) {
        uint64_t n = common(&l->v[high], &told);
        if (n && is_made_anew(&l->v[high], &told)) {
            t->n -= l->n;
            l->n = low = high = 0;
            had = 0;
            all = told;
            break;
        }
        had += n;
        grow(&all, &l->v[high]);
    }
    put(t, l, low, high, &all);
    return r->n - had;
}
