#include "core/deadline.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/table.h"
#include "base/xalloc.h"
#include "core/check_in.h"
#include "core/rule_set.h"
#include "text/stamp.h"

struct entry {
    struct watch *watch;
    struct deadline_row row; /* record: own memory */
    size_t record_cap;
    struct correlation keys;
    int64_t told_us; /* clock_us of the last check-in */
    bool dirty, stored;
    TAILQ_ENTRY(entry) by_use;
};

TAILQ_HEAD(entry_list, entry);

/* Everything that one rule waits for, with what the watch must know of the rule, which it may outlive. An entry that
   changes goes to the end of its list, so that the changed ones are the last of each list. */
struct watch {
    struct slice id; /* of the rule; own memory */
    unsigned handle; /* the same */
    uint64_t key;    /* key of the one entry that an absence without `by` has */
    int64_t period_us;
    bool absence, by; /* not absence: a pair; by: an absence with `by` */
    bool monitor;
    struct entry_list waiting, silent;
    unsigned n;
    unsigned
        monitors; /* how many monitors entries have had since the start, those of entries that have gone included */
    size_t bytes;
    bool dirty;
};

struct deadline {
    struct watch *watches;
    unsigned n_watches;
    unsigned *of_rule; /* handle of the rule to the index of its watch + 1, 0: none */
    struct table entries;
    size_t bytes;
    int64_t clock_us, wall_us;
    int64_t next_us; /* nothing is due as long as clock_us is not past it */
    uint64_t *gone;  /* keys of stored rows to forget */
    unsigned n_gone;
    deadline_f *due;
    void *u;
    struct counts *counts;
};

/* --- lists --- */

static struct entry_list *list_of(struct entry *e)
{
    return e->row.silent ? &e->watch->silent : &e->watch->waiting;
}

static void unlink_entry(struct entry *e)
{
    TAILQ_REMOVE(list_of(e), e, by_use);
}

static void link_newest(struct deadline *o, struct entry *e)
{
    TAILQ_INSERT_TAIL(list_of(e), e, by_use);
    int64_t due_us = e->row.since_us + e->watch->period_us;
    if (!e->row.silent && due_us < o->next_us)
        o->next_us = due_us;
}

static void mark_dirty(struct entry *e)
{
    e->dirty = e->watch->dirty = true;
}

static size_t size_of(const struct entry *e)
{
    return sizeof *e + e->record_cap;
}

static void forget_stored(struct deadline *o, uint64_t key)
{
    o->gone = xroom(o->gone, o->n_gone, sizeof *o->gone);
    o->gone[o->n_gone++] = key;
}

/* Counts a row that is dropped as lost: nobody will hear that its line did not come. Of a silent row somebody has
   heard. */
static void count_lost(struct deadline *o, const struct deadline_row *row)
{
    o->counts->v[COUNT_overdue_lost] += !row->silent;
}

static void drop(struct deadline *o, struct entry *e)
{
    if (e->stored)
        forget_stored(o, e->row.key);
    unlink_entry(e);
    table_del(&o->entries, e->row.key);
    assert(e->watch->n > 0 && e->watch->bytes >= size_of(e) && o->bytes >= size_of(e));
    e->watch->n--;
    e->watch->bytes -= size_of(e);
    o->bytes -= size_of(e);
    free((char *)(uintptr_t)e->row.record.text.p);
    free(e);
}

static void keep_record(struct deadline *o, struct entry *e, struct slice record)
{
    char *p = (char *)(uintptr_t)e->row.record.text.p;
    if (record.n > e->record_cap) {
        size_t more = record.n - e->record_cap;
        if (e->watch->bytes + more > DEADLINE_RULE_BYTES || o->bytes + more > DEADLINE_BYTES)
            return; /* the record that came earlier stands for this one */
        p = xrealloc(p, record.n, 1);
        e->record_cap = record.n;
        e->watch->bytes += more;
        o->bytes += more;
        assert(e->watch->bytes <= DEADLINE_RULE_BYTES && o->bytes <= DEADLINE_BYTES);
    }
    if (record.n)
        memcpy(p, record.p, record.n);
    e->row.record.text = slice_of(p, record.n);
}

/* --- entries --- */

static struct watch *watch_of(struct deadline *o, const struct rule *rule)
{
    unsigned i = o->of_rule[rule->handle];
    return i ? &o->watches[i - 1] : NULL;
}

/* Makes room for an entry. False: the other watches hold the memory. */
static bool make_room(struct deadline *o, struct watch *w, size_t bytes)
{
    while (w->n >= DEADLINE_RULE_MAX || w->bytes + bytes > DEADLINE_RULE_BYTES || o->bytes + bytes > DEADLINE_BYTES) {
        struct entry *e = TAILQ_FIRST(TAILQ_EMPTY(&w->silent) ? &w->waiting : &w->silent);
        o->counts->v[COUNT_overdue_evicted]++;
        if (!e)
            return false;
        drop(o, e);
    }
    return true;
}

static struct entry *entry_new(struct deadline *o, struct watch *w, uint64_t key)
{
    struct entry *e = xcalloc(1, sizeof *e);
    e->watch = w;
    e->row = (struct deadline_row){.key = key, .rule = w->id, .time_us = RECORD_NO_TIME};
    e->told_us = INT64_MIN;
    e->row.monitored = w->monitor && w->monitors < DEADLINE_MONITORS_MAX;
    w->monitors += e->row.monitored;
    w->n++;
    w->bytes += size_of(e);
    o->bytes += size_of(e);
    table_put(&o->entries, key, e);
    return e;
}

static struct entry *entry_of(struct deadline *o, unsigned handle, uint64_t key)
{
    struct entry *e = table_get(&o->entries, key);
    return e && e->watch->handle == handle ? e : NULL;
}

/* Makes the entry of a row and returns it; NULL: there is no room, or the key has an entry already, which is of another
   watch. */
static struct entry *entry_for(struct deadline *o, struct watch *w, const struct deadline_row *row)
{
    if (table_get(&o->entries, row->key)) {
        count_lost(o, row);
        return NULL;
    }
    return make_room(o, w, sizeof(struct entry) + row->record.text.n) ? entry_new(o, w, row->key) : NULL;
}

static void note(struct deadline *o, struct entry *e, const struct deadline_row *row, const struct correlation *keys)
{
    keep_record(o, e, row->record.text);
    e->row.time_us = row->time_us;
    e->row.file_key = row->file_key;
    e->row.offset = row->offset;
    e->row.since_us = o->clock_us;
    e->keys = *keys;
}

bool deadline_came(struct deadline *o, const struct rule *rule, const struct deadline_row *row,
                   const struct correlation *keys)
{
    struct watch *w = watch_of(o, rule);
    struct entry *e = w ? entry_of(o, w->handle, row->key) : NULL;
    if (e)
        unlink_entry(e);
    else if (!w || !(e = entry_for(o, w, row)))
        return false;
    bool tell = e->row.silent || e->told_us == INT64_MIN || o->clock_us - e->told_us >= check_in_gap_us(w->period_us);
    e->row.silent = false;
    note(o, e, row, keys);
    mark_dirty(e);
    link_newest(o, e);
    if (tell)
        e->told_us = o->clock_us;
    return tell && e->row.monitored;
}

void deadline_open(struct deadline *o, const struct rule *rule, const struct deadline_row *row,
                   const struct correlation *keys)
{
    struct watch *w = watch_of(o, rule);
    struct entry *e = w ? entry_of(o, w->handle, row->key) : NULL;
    if (e)
        e->row.times += e->row.times < UINT32_MAX;
    if (e || !w || !(e = entry_for(o, w, row)))
        return;
    e->row.times = 1;
    note(o, e, row, keys);
    mark_dirty(e);
    link_newest(o, e);
}

void deadline_end(struct deadline *o, const struct rule *rule, uint64_t key)
{
    struct entry *e = entry_of(o, rule->handle, key);
    if (e)
        drop(o, e);
}

/* --- time --- */

void deadline_listen(struct deadline *o, int64_t wall_us, bool stalled)
{
    int64_t step = o->wall_us ? wall_us - o->wall_us : 0;
    o->wall_us = wall_us;
    if (!stalled && step > 0)
        o->clock_us += step < DEADLINE_STEP_US ? step : DEADLINE_STEP_US;
}

/* Gives entries that began before there was a clock the first time of the clock. */
static void begin_at(struct deadline *o, int64_t clock_us)
{
    o->clock_us = clock_us;
    o->next_us = INT64_MAX;
    struct entry *e;
    for (unsigned i = 0; i < o->n_watches; i++)
        TAILQ_FOREACH (e, &o->watches[i].waiting, by_use) {
            e->row.since_us = clock_us;
            int64_t due_us = clock_us + e->watch->period_us;
            o->next_us = due_us < o->next_us ? due_us : o->next_us;
        }
}

void deadline_set_clock(struct deadline *o, int64_t clock_us)
{
    if (!o->clock_us)
        begin_at(o, clock_us);
    else if (clock_us > o->clock_us)
        o->clock_us = clock_us;
}

int64_t deadline_clock(const struct deadline *o)
{
    return o->clock_us;
}

static void fire(struct deadline *o, struct entry *e)
{
    if (!e->watch->absence) {
        o->due(o->u, &e->row, &e->keys);
        drop(o, e);
        return;
    }
    unlink_entry(e);
    e->row.silent = true;
    mark_dirty(e);
    link_newest(o, e);
    o->due(o->u, &e->row, &e->keys);
}

int64_t deadline_tick(struct deadline *o, unsigned most)
{
    if (o->clock_us <= o->next_us)
        return o->next_us == INT64_MAX ? INT64_MAX : o->next_us - o->clock_us + 1;
    int64_t next = INT64_MAX;
    for (unsigned i = 0; i < o->n_watches; i++) {
        struct watch *w = &o->watches[i];
        struct entry *oldest;
        while ((oldest = TAILQ_FIRST(&w->waiting)) && o->clock_us - oldest->row.since_us > w->period_us) {
            if (!most--)
                return 0;
            fire(o, oldest);
        }
        if (oldest && oldest->row.since_us + w->period_us < next)
            next = oldest->row.since_us + w->period_us;
    }
    o->next_us = next;
    return next == INT64_MAX ? INT64_MAX : next - o->clock_us + 1;
}

bool deadline_any(const struct deadline *o)
{
    return o->n_watches > 0;
}

bool deadline_idle(const struct deadline *o)
{
    return o->entries.n == 0;
}

/* --- the store --- */

void deadline_restore_clock(struct deadline *o, int64_t clock_us)
{
    begin_at(o, stamp_clamp(clock_us));
}

void deadline_restore(struct deadline *o, const struct deadline_row *row)
{
    struct watch *w = NULL;
    for (unsigned i = 0; i < o->n_watches && !w; i++)
        if (slice_eq(o->watches[i].id, row->rule))
            w = &o->watches[i];
    bool pair = w && !w->absence;
    /* The rule has gone, or it waits for something else than it did when the row was written. */
    if (!w || (pair && (row->silent || !row->record.text.n)) || (!pair && !w->by && row->key != w->key)) {
        forget_stored(o, row->key);
        count_lost(o, row);
        return;
    }
    struct entry *e = entry_of(o, w->handle, row->key);
    if (e)
        unlink_entry(e);
    else if (!(e = entry_for(o, w, row)))
        return;
    keep_record(o, e, row->record.text);
    struct scrubbed record = e->row.record;
    struct slice id = e->row.rule;
    bool monitored = e->row.monitored;
    e->row = *row;
    e->row.monitored = monitored;
    e->row.rule = id;
    e->row.record = record;
    e->row.since_us = row->since_us < o->clock_us ? stamp_clamp(row->since_us) : o->clock_us;
    if (row->time_us != RECORD_NO_TIME)
        e->row.time_us = stamp_clamp(row->time_us);
    e->row.rewritten = false;
    e->dirty = row->rewritten;
    w->dirty |= row->rewritten;
    e->stored = true;
    link_newest(o, e);
}

static void tell_list(struct entry_list *l, deadline_row_f *each, void *u)
{
    struct entry *e;
    TAILQ_FOREACH_REVERSE(e, l, entry_list, by_use)
    {
        if (!e->dirty)
            break;
        each(u, &e->row);
        e->dirty = false;
        e->stored = true;
    }
}

void deadline_changed(struct deadline *o, deadline_row_f *each, void *u)
{
    for (unsigned i = 0; i < o->n_gone; i++)
        each(u, &(struct deadline_row){.key = o->gone[i], .closed = true});
    o->n_gone = 0;
    for (unsigned i = 0; i < o->n_watches; i++) {
        struct watch *w = &o->watches[i];
        if (!w->dirty)
            continue;
        tell_list(&w->waiting, each, u);
        tell_list(&w->silent, each, u);
        w->dirty = false;
    }
}

/* --- life --- */

static struct watch watch_for(const struct rule *rule)
{
    bool absence = rule->absence.every_us > 0;
    return (struct watch){.id = slice_of(slice_dup(rule->id), rule->id.n),
                          .handle = rule->handle,
                          .key = rule_key(rule),
                          .period_us = absence ? rule->absence.every_us : rule->pair.within_us,
                          .absence = absence,
                          .by = rule->absence.by.n > 0,
                          .monitor = rule->absence.monitor.set};
}

static void make_watches(struct deadline *o, const struct rule_set *rules, const struct rule *only)
{
    o->of_rule = xcalloc(rules->n_handles, sizeof *o->of_rule);
    o->watches = xcalloc(rules->n, sizeof *o->watches);
    o->n_watches = 0;
    for (unsigned i = 0; i < rules->n; i++) {
        const struct rule *rule = rules->rules[i];
        if (!rule_waits(rule) || (only && only != rule))
            continue;
        o->watches[o->n_watches++] = watch_for(rule);
        o->of_rule[rule->handle] = o->n_watches;
    }
    o->watches = xrealloc(o->watches, o->n_watches ? o->n_watches : 1, sizeof *o->watches);
    for (unsigned i = 0; i < o->n_watches;
         i++) { /* watches are moved no more, since the heads of their lists must not be */
        TAILQ_INIT(&o->watches[i].waiting);
        TAILQ_INIT(&o->watches[i].silent);
    }
}

/* Makes the entry of each absence without `by`, which waits from the start. */
static void begin_absences(struct deadline *o)
{
    for (unsigned i = 0; i < o->n_watches; i++) {
        struct watch *w = &o->watches[i];
        if (!w->absence || w->by || w->n)
            continue;
        struct entry *e = entry_new(o, w, w->key);
        e->row.since_us = o->clock_us;
        mark_dirty(e);
        link_newest(o, e);
    }
}

struct deadline *deadline_new(const struct rule_set *rules, const struct rule *only, deadline_f *due, void *u,
                              struct counts *counts)
{
    struct deadline *o = xcalloc(1, sizeof *o);
    *o = (struct deadline){.due = due, .u = u, .counts = counts, .next_us = INT64_MAX};
    make_watches(o, rules, only);
    begin_absences(o);
    return o;
}

static void drop_all(struct deadline *o, struct watch *w)
{
    struct entry *e;
    while ((e = TAILQ_FIRST(&w->waiting)) || (e = TAILQ_FIRST(&w->silent)))
        drop(o, e);
}

static void lose_all(struct deadline *o, struct watch *w)
{
    struct entry *e;
    TAILQ_FOREACH (e, &w->waiting, by_use)
        count_lost(o, &e->row);
    drop_all(o, w);
}

static void own_entries(struct watch *w, const struct entry_list *l, bool keep_monitored)
{
    struct entry *e;
    TAILQ_FOREACH (e, l, by_use) {
        e->watch = w;
        e->row.rule = w->id;
        if (keep_monitored)
            continue;
        e->row.monitored = w->monitor && w->monitors < DEADLINE_MONITORS_MAX;
        w->monitors += e->row.monitored;
    }
}

static void take_over(struct watch *w, struct watch *old)
{
    bool keep_monitored = w->monitor == old->monitor;
    TAILQ_CONCAT(&w->waiting, &old->waiting, by_use);
    TAILQ_CONCAT(&w->silent, &old->silent, by_use);
    w->n = old->n;
    w->bytes = old->bytes;
    w->dirty = old->dirty;
    w->monitors = keep_monitored ? old->monitors : 0;
    own_entries(w, &w->waiting, keep_monitored);
    own_entries(w, &w->silent, keep_monitored);
}

void deadline_use(struct deadline *o, const struct rule_set *rules)
{
    struct watch *old = o->watches;
    unsigned n = o->n_watches;
    free(o->of_rule);
    make_watches(o, rules, NULL);
    for (unsigned i = 0; i < n; i++) {
        unsigned at = old[i].handle < rules->n_handles ? o->of_rule[old[i].handle] : 0;
        struct watch *w = at ? &o->watches[at - 1] : NULL;
        if (w && w->absence == old[i].absence && w->by == old[i].by && w->key == old[i].key)
            take_over(w, &old[i]);
        else
            lose_all(o, &old[i]);
        free((char *)(uintptr_t)old[i].id.p);
    }
    free(old);
    begin_absences(o);
    o->next_us = INT64_MIN; /* periods may be shorter now, so the next tick looks at all entries */
}

void deadline_free(struct deadline *o)
{
    if (!o)
        return;
    for (unsigned i = 0; i < o->n_watches; i++) {
        drop_all(o, &o->watches[i]);
        free((char *)(uintptr_t)o->watches[i].id.p);
    }
    table_done(&o->entries);
    free(o->watches);
    free(o->of_rule);
    free(o->gone);
    free(o);
}
