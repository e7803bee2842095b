#include "core/due.h"

#include <stdlib.h>

#include "base/xalloc.h"

static void set(struct due *d, unsigned place, struct due_item *item)
{
    d->v[place - 1] = item;
    item->place = place;
}

static void rise(struct due *d, struct due_item *item)
{
    unsigned place = item->place;
    for (; place > 1 && d->v[place / 2 - 1]->at_us > item->at_us; place /= 2)
        set(d, place, d->v[place / 2 - 1]);
    set(d, place, item);
}

static void sink(struct due *d, struct due_item *item)
{
    unsigned place = item->place;
    for (unsigned below; (below = 2 * place) <= d->n; place = below) {
        if (below < d->n && d->v[below]->at_us < d->v[below - 1]->at_us)
            below++;
        if (d->v[below - 1]->at_us >= item->at_us)
            break;
        set(d, place, d->v[below - 1]);
    }
    set(d, place, item);
}

void due_put(struct due *d, struct due_item *item, int64_t at_us)
{
    item->at_us = at_us;
    if (!item->place) {
        d->v = xroom(d->v, d->n, sizeof(struct due_item *));
        d->n++;
        set(d, d->n, item);
    }
    rise(d, item);
    sink(d, item);
}

void due_take(struct due *d, struct due_item *item)
{
    if (!item->place)
        return;
    struct due_item *last = d->v[--d->n];
    if (last != item) {
        set(d, item->place, last);
        rise(d, last);
        sink(d, last);
    }
    item->place = 0;
}

void due_done(struct due *d)
{
    free(d->v);
    *d = (struct due){0};
}
