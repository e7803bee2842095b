/* flood, its fingerprints among members: what they are to be told, and what they have said. */
#include "core/flood_impl.h"

static void untold_nothing(struct flood *l, struct entry *e)
{
    if (e->share.waits)
        TAILQ_REMOVE(&l->untold, e, share.by_wait);
    e->share.waits = false;
    e->share.untold = 0;
}

void flood_share_end(struct flood *l, struct entry *e)
{
    untold_nothing(l, e);
    e->share = (struct share){.issue = e->share.issue};
}

void flood_share_note(struct flood *l, struct entry *e, uint64_t n)
{
    if (!l->shares)
        return;
    e->share.since += n;
    e->share.untold += n;
    if (e->share.waits)
        return;
    e->share.waits = true;
    TAILQ_INSERT_TAIL(&l->untold, e, share.by_wait);
}

void flood_use_shares(struct flood *l)
{
    l->shares = true;
}

uint64_t flood_share_oldest(const struct flood *l)
{
    const struct entry *e = TAILQ_FIRST(&l->untold);
    return e ? e->row.key : 0;
}

bool flood_share_look(const struct flood *l, uint64_t key, struct flood_share *out)
{
    const struct entry *e = table_get(&l->entries, key);
    if (!e)
        return false;
    const struct share *s = &e->share;
    *out = (struct flood_share){.key = key,
                                .issue = s->issue,
                                .burst = e->row.burst,
                                .period_us = e->row.period_us,
                                .end_ms = s->end_ms,
                                .untold = s->untold,
                                .floor = s->floor,
                                .first = s->reckoned + 1,
                                .last = s->reckoned + s->since,
                                .owed = s->owed};
    return true;
}

void flood_share_tell(struct flood *l, uint64_t key)
{
    struct entry *e = table_get(&l->entries, key);
    if (e)
        untold_nothing(l, e);
}

void flood_share_decide(struct flood *l, uint64_t key)
{
    struct entry *e = table_get(&l->entries, key);
    if (!e)
        return;
    e->share.reckoned += e->share.since;
    e->share.since = 0;
    e->share.owed = false;
}

void flood_share_back(struct flood *l, uint64_t key, uint64_t n)
{
    struct entry *e = table_get(&l->entries, key);
    if (!e || e->resting)
        return;
    uint64_t since = e->share.since; /* the estimate has them */
    flood_share_note(l, e, n);
    e->share.since = since;
}
