#include "core/rest.h"

#include <stddef.h>

static int64_t end_us(const struct rest *e)
{
    return e->from_us + e->length_us;
}

/* Whether the rule rests now. A clock that was set back does not make the rest longer. */
static bool is_resting(const struct rest *e, int64_t now_us)
{
    return now_us >= e->from_us && now_us < end_us(e);
}

bool rests_for(const struct rests *r, uint64_t sender, int64_t now_us)
{
    for (unsigned i = 0; i < r->n; i++)
        if (r->v[i].sender == sender)
            return is_resting(&r->v[i], now_us);
    return false;
}

static struct rest *entry_of(struct rests *r, uint64_t sender)
{
    struct rest *first = &r->v[0];
    for (unsigned i = 0; i < r->n; i++) {
        if (r->v[i].sender == sender)
            return &r->v[i];
        if (end_us(&r->v[i]) < end_us(first))
            first = &r->v[i];
    }
    struct rest *e = r->n < REST_SENDERS_MAX ? &r->v[r->n++] : first;
    *e = (struct rest){.sender = sender};
    return e;
}

int64_t rests_hit(struct rests *r, uint64_t sender, int64_t now_us)
{
    struct rest *e = entry_of(r, sender);
    if (now_us - e->last_us > REST_LONGEST_US && now_us >= end_us(e) + e->length_us)
        *e = (struct rest){.sender = sender};
    e->last_us = now_us;
    if (++e->hits < REST_AFTER)
        return 0;
    int64_t next_us = e->length_us ? e->length_us * 2 : REST_FIRST_US;
    e->hits = 0;
    e->from_us = now_us;
    e->length_us = next_us < REST_LONGEST_US ? next_us : REST_LONGEST_US;
    return e->length_us;
}
