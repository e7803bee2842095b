#include "core/cut_line.h"

static bool is_soon(int64_t from_us, int64_t to_us)
{
    return to_us >= from_us && to_us - from_us <= STAMP_SECOND;
}

/* By the carrier's clock, where it has one. */
static int64_t time_of(const struct record *r)
{
    int64_t us = r->carried_us != RECORD_NO_TIME ? r->carried_us : r->time_us;
    return us != RECORD_NO_TIME ? us : 0;
}

/* It is an object of its own, or has a head with time or level. */
static bool speaks_for_itself(const struct record *r)
{
    return r->headed || r->line.n || slice_starts(r->message, SLICE("{"));
}

void cut_line_next(struct cut_line *t, const struct stream *s, struct record *r)
{
    if (!r->piece && !t->n)
        return; /* most records */
    struct slice id = record_value(r, "container_id");
    uint64_t key =
        slice_hash(id, hash_mix(s->ring, (uint64_t)(unsigned)r->severity)); /* each of its streams for itself */
    struct cut_line_slot *slot = &t->slots[key % CUT_LINE_SLOTS];
    bool rest = key && slot->key == key && is_soon(slot->time_us, time_of(r)) && !speaks_for_itself(r);
    if (slot->key == key || r->piece) {
        t->n -= slot->key != 0;
        slot->key = 0;
    }
    if (r->piece && id.n) {
        *slot = (struct cut_line_slot){key, time_of(r)};
        t->n += key != 0;
    }
    if (!rest)
        return;
    r->level = LEVEL_NONE;
    r->truncated = true;
}
