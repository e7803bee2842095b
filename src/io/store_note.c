/* store_note: what a daemon and the tools beside it tell each other through the store: when a project is tried next,
 * that somebody wants it tried now, and which events were dropped by hand before they were complete. Rows of meta. */
#include "io/store_impl.h"

#include <stdlib.h>

#include "base/xalloc.h"

static const char prefix[] = "next_try:";

/* Q_NOTES has the prefix in its text, as a range of the primary key. */
static char *name_of(struct slice project)
{
    return xasprintf("%s%.*s", prefix, SLICE_ARG(project));
}

void store_tell_next_try(struct store *s, struct slice project, int64_t at_us, const char *why)
{
    enum query which = at_us ? Q_NOTE : Q_NOTE_GONE;
    char *name = name_of(project), *value = xasprintf("%lld %s", (long long)at_us, why ? why : "");
    store_bind_text(s->stmt[which], 1, slice_str(name));
    if (at_us)
        store_bind_text(s->stmt[which], 2, slice_str(value));
    store_run_alone(s, which, at_us ? TAKES_ROOM : GIVES_ROOM);
    free(value);
    free(name);
}

void store_next_tries(struct store *s, void (*each)(void *u, const struct store_next_try *n), void *u)
{
    sqlite3_stmt *q = s->stmt[Q_NOTES];
    while (sqlite3_step(q) == SQLITE_ROW) {
        struct slice why = store_column(q, 1), number = slice_split(&why, ' ');
        struct store_next_try n = {.project = slice_from(store_column(q, 0), sizeof prefix - 1), .why = why};
        uint64_t at_us;
        if (slice_u64(number, &at_us) && at_us <= INT64_MAX) {
            n.at_us = (int64_t)at_us;
            each(u, &n);
        }
    }
    sqlite3_reset(q);
}

void store_forget_next_tries(struct store *s)
{
    store_run_alone(s, Q_NOTES_GONE, GIVES_ROOM);
}

bool store_wake(struct store *s)
{
    return store_run_alone(s, Q_WAKE, TAKES_ROOM);
}

bool store_woken(struct store *s)
{
    int64_t wakes = s->wakes;
    store_number(s, Q_WAKES, &wakes);
    bool woken = wakes != s->wakes;
    s->wakes = wakes;
    return woken;
}

/* An event waits for its breadcrumbs in its open form. Whoever drops that says so, since the daemon has the event still
   and would put it back when it is complete. */

void store_begin_dropped(struct store *s)
{
    if (store_look_for_dropped(s) && s->some_dropped)
        store_run_alone(s, Q_DROPPED_NONE, GIVES_ROOM);
}

bool store_look_for_dropped(struct store *s)
{
    int64_t any = 0;
    bool ok = store_number(s, Q_DROPPED_ANY, &any);
    s->some_dropped = any != 0;
    return ok;
}

static bool may_be_dropped(const struct store *s, const struct store_event *e)
{
    return s->some_dropped && e->written_open && !e->open;
}

bool store_was_dropped(struct store *s, const struct store_event *e)
{
    uint8_t id[16];
    int64_t n = 0;
    if (!may_be_dropped(s, e))
        return false;
    store_event_id_bytes(e->event_id, id);
    sqlite3_bind_blob(s->stmt[Q_DROPPED], 1, id, sizeof id, SQLITE_STATIC);
    return store_number(s, Q_DROPPED, &n) && n > 0;
}

bool store_forget_dropped(struct store *s, const struct checkpoint *c)
{
    bool ok = true;
    for (unsigned i = 0; ok && i < c->n_events; i++) {
        uint8_t id[16];
        if (!may_be_dropped(s, &c->events[i]))
            continue;
        store_event_id_bytes(c->events[i].event_id, id);
        sqlite3_bind_blob(s->stmt[Q_DROPPED_GONE], 1, id, sizeof id, SQLITE_STATIC);
        ok = store_run(s, Q_DROPPED_GONE);
    }
    return ok;
}
