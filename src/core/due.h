/*
 * due: which of many things is due first. A binary heap of members of theirs.
 *
 * Owns its array alone; whoever puts an item in bounds their number and takes it out before it goes. Putting and taking
 * cost the logarithm of that number. Pure; one thread.
 */
#ifndef CORE_DUE_H
#define CORE_DUE_H

#include <stdint.h>

/* Zeroed: it is in no heap. */
struct due_item {
    int64_t at_us;
    unsigned place; /* in the heap, from 1; 0: in none */
};

/* Zeroed: empty. */
struct due {
    struct due_item **v;
    unsigned n;
};

/* In its place by this time, whether it was there before or not. */
void due_put(struct due *d, struct due_item *item, int64_t at_us);
/* Nothing where it is in none. */
void due_take(struct due *d, struct due_item *item);
/* NULL: none. */
static inline struct due_item *due_first(const struct due *d)
{
    return d->n ? d->v[0] : 0;
}
void due_done(struct due *d);

#endif
