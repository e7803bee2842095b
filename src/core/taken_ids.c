#include "core/taken_ids.h"

#include <stdlib.h>

#include "base/xalloc.h"

/* Its ids, in the order in which they came; a ring once there are TAKEN_EACH_MAX. */
struct taken_from {
    uint64_t from;
    uint64_t *ids;
    unsigned n, cap, oldest;
    TAILQ_ENTRY(taken_from) by_age;
};

void taken_ids_init(struct taken_ids *t)
{
    *t = (struct taken_ids){0};
    TAILQ_INIT(&t->by_age);
}

static void forget(struct taken_ids *t, struct taken_from *f)
{
    for (unsigned i = 0; i < f->n; i++)
        table_del(&t->ids, f->ids[i]);
    table_del(&t->from, f->from);
    TAILQ_REMOVE(&t->by_age, f, by_age);
    free(f->ids);
    free(f);
}

void taken_ids_done(struct taken_ids *t)
{
    for (struct taken_from *f; (f = TAILQ_FIRST(&t->by_age));)
        forget(t, f);
    table_done(&t->ids);
    table_done(&t->from);
}

static struct taken_from *from_of(struct taken_ids *t, uint64_t from)
{
    struct taken_from *f = table_get(&t->from, from);
    if (f) {
        TAILQ_REMOVE(&t->by_age, f, by_age);
    } else {
        if (t->from.n >= TAKEN_FROM_MAX)
            forget(t, TAILQ_FIRST(&t->by_age));
        f = xcalloc(1, sizeof *f);
        f->from = from;
        table_put(&t->from, from, f);
    }
    TAILQ_INSERT_TAIL(&t->by_age, f, by_age);
    return f;
}

static void add(struct taken_ids *t, struct taken_from *f, uint64_t id)
{
    if (f->n == TAKEN_EACH_MAX) {
        table_del(&t->ids, f->ids[f->oldest]);
        f->ids[f->oldest] = id;
        f->oldest = (f->oldest + 1) % TAKEN_EACH_MAX;
    } else {
        if (f->n == f->cap)
            f->ids = xrealloc(f->ids, f->cap = f->cap ? 2 * f->cap : 64, sizeof *f->ids);
        f->ids[f->n++] = id;
    }
    table_put(&t->ids, id, f);
}

bool taken_ids_take(struct taken_ids *t, uint64_t from, uint64_t id)
{
    struct taken_from *f = from_of(t, from);
    if (table_get(&t->ids, id))
        return false;
    add(t, f, id);
    for (struct taken_from *oldest; t->ids.n > TAKEN_MAX && (oldest = TAILQ_FIRST(&t->by_age)) != f;)
        forget(t, oldest);
    return true;
}
