/*
 * table: a map from a 64-bit key to a pointer. Open addressing, linear probing, deletion without tombstones.
 *
 * Keys are hashes already (slice_hash); the caller compares the real key where a collision would matter. Does not own
 * the values. A value is never NULL. Not bounded by itself: its user caps what it puts in. One thread at a time.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_slot {
    uint64_t key;
    void *value;
};

struct table {
    struct table_slot *slot;
    size_t cap; /* a power of two, or 0 */
    size_t n;
};

void *table_get(const struct table *t, uint64_t key);
/* It is asked for soon, and may lie far from the processor. */
void table_prefetch(const struct table *t, uint64_t key);
/* Replaces what was there. */
void table_put(struct table *t, uint64_t key, void *value);
/* Returns what was there, or NULL. */
void *table_del(struct table *t, uint64_t key);
void table_done(struct table *t);

/* Visits every slot; do not change the table inside. */
#define table_each(t, s)                                                                                               \
    for (struct table_slot *s = (t)->slot; s && s < (t)->slot + (t)->cap; s++)                                         \
        if (s->value)

#endif
