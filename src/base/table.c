#include "base/table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"

static size_t home_of(const struct table *t, uint64_t key)
{
    return (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & (t->cap - 1);
}

static size_t find(const struct table *t, uint64_t key)
{
    size_t i = home_of(t, key);
    while (t->slot[i].value && t->slot[i].key != key)
        i = (i + 1) & (t->cap - 1);
    return i;
}

void *table_get(const struct table *t, uint64_t key)
{
    return t->cap ? t->slot[find(t, key)].value : NULL;
}

void table_prefetch(const struct table *t, uint64_t key)
{
    if (t->cap)
        __builtin_prefetch(&t->slot[home_of(t, key)]);
}

static void grow(struct table *t)
{
    struct table old = *t;
    t->cap = old.cap ? old.cap * 2 : 16;
    t->slot = xcalloc(t->cap, sizeof *t->slot);
    for (size_t i = 0; i < old.cap; i++)
        if (old.slot[i].value)
            t->slot[find(t, old.slot[i].key)] = old.slot[i];
    free(old.slot);
}

void table_put(struct table *t, uint64_t key, void *value)
{
    assert(value);
    if (t->n + 1 > t->cap / 4 * 3)
        grow(t);
    size_t i = find(t, key);
    t->n += t->slot[i].value == NULL;
    t->slot[i] = (struct table_slot){key, value};
}

void *table_del(struct table *t, uint64_t key)
{
    if (!t->cap)
        return NULL;
    size_t hole = find(t, key);
    void *value = t->slot[hole].value;
    if (!value)
        return NULL;
    t->n--;
    /* Close the gap: move back every later entry of the run whose home is at or before the hole. */
    for (size_t i = (hole + 1) & (t->cap - 1); t->slot[i].value; i = (i + 1) & (t->cap - 1)) {
        size_t home = home_of(t, t->slot[i].key);
        bool movable = hole <= i ? home <= hole || home > i : home <= hole && home > i;
        if (movable) {
            t->slot[hole] = t->slot[i];
            hole = i;
        }
    }
    t->slot[hole] = (struct table_slot){0};
    return value;
}

void table_done(struct table *t)
{
    free(t->slot);
    *t = (struct table){0};
}
