#include "core/threshold.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/table.h"
#include "base/xalloc.h"

struct entry {
    uint64_t key;
    TAILQ_ENTRY(entry) by_use;
    unsigned cap, n, first; /* a ring of the last `cap` times */
    int64_t times_us[];
};

struct threshold {
    struct table entries;
    TAILQ_HEAD(, entry) by_use; /* the one used longest ago first */
    uint64_t times;
};

struct threshold *threshold_new(void)
{
    struct threshold *r = xcalloc(1, sizeof *r);
    TAILQ_INIT(&r->by_use);
    return r;
}

/* Returns what an entry costs: a rule with a count of 2 and a million different values must not cost more than it seems
   to. */
static unsigned cost_of(unsigned count)
{
    return count + (unsigned)((sizeof(struct entry) + sizeof(struct table_slot) * 2) / sizeof(int64_t));
}

static void drop(struct threshold *r, struct entry *e)
{
    TAILQ_REMOVE(&r->by_use, e, by_use);
    table_del(&r->entries, e->key);
    assert(r->times >= cost_of(e->cap));
    r->times -= cost_of(e->cap);
    free(e);
}

void threshold_free(struct threshold *r)
{
    if (!r)
        return;
    while (!TAILQ_EMPTY(&r->by_use))
        drop(r, TAILQ_FIRST(&r->by_use));
    table_done(&r->entries);
    free(r);
}

static struct entry *entry_of(struct threshold *r, uint64_t key, unsigned count)
{
    struct entry *e = table_get(&r->entries, key);
    if (e && e->cap != count) { /* the rule was changed */
        drop(r, e);
        e = NULL;
    }
    if (e) {
        TAILQ_REMOVE(&r->by_use, e, by_use);
    } else {
        while (!TAILQ_EMPTY(&r->by_use) && r->times + cost_of(count) > THRESHOLD_TIMES_MAX)
            drop(r, TAILQ_FIRST(&r->by_use));
        e = xcalloc(1, sizeof *e + count * sizeof e->times_us[0]);
        e->key = key;
        e->cap = count;
        r->times += cost_of(count);
        table_put(&r->entries, key, e);
    }
    TAILQ_INSERT_TAIL(&r->by_use, e, by_use);
    return e;
}

bool threshold_reaches(struct threshold *r, uint64_t key, unsigned count, int64_t within_us, int64_t now_us)
{
    struct entry *e = entry_of(r, key, count);
    if (e->n == e->cap) {
        e->first = (e->first + 1) % e->cap;
        e->n--;
    }
    e->times_us[(e->first + e->n++) % e->cap] = now_us;
    bool reached = e->n == e->cap && now_us - e->times_us[e->first] <= within_us;
    if (reached)
        e->n = 0;
    return reached;
}
