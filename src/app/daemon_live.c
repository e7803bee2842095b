/* What the daemon tells who watches (live.h). */
#include "app/daemon_parts.h"

#include "app/delivery.h"
#include "app/status.h"
#include "base/xalloc.h"

static void daemon_live_ledger(void *u, struct sbuf *out)
{
    struct daemon *dm = u;
    struct turn turn;
    const struct status s = daemon_status(dm, &turn);
    status_live_ledger(&s, out);
}

static void daemon_live_delivery(void *u, struct sbuf *out)
{
    struct daemon *dm = u;
    delivery_write(dm->sender, dm->store, out);
}

static bool daemon_live_issue(void *u, uint64_t key, int64_t now_us, struct arena *a, struct store_issue *out)
{
    struct daemon *dm = u;
    return store_issue(dm->store, key, now_us, a, out);
}

static struct scrubbed daemon_live_clean(void *u, struct slice text, struct arena *a)
{
    struct daemon *dm = u;
    return store_clean(dm->store, text, a);
}

void daemon_open_live(struct daemon *dm)
{
    const struct live_source source = {.u = dm,
                                       .ledger = daemon_live_ledger,
                                       .delivery = daemon_live_delivery,
                                       .issue = daemon_live_issue,
                                       .clean = daemon_live_clean};
    dm->live = live_new(dm->base, dm->tap, &source);
}

void daemon_tell_live(struct daemon *dm, const struct checkpoint *c)
{
    for (unsigned i = 0; dm->live && i < c->n_issues; i++)
        live_note_issue(dm->live, c->issues[i].key);
}
