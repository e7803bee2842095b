#include "core/limit.h"

#include <assert.h>
#include <stdlib.h>

#include "base/table.h"
#include "base/xalloc.h"
#include "core/varied.h"
#include "text/stamp.h"

struct entry {
    struct limit_row row;
    struct limit_sample sample;
    size_t sample_bytes;
    struct entry *older, *newer; /* by last occurrence */
    struct entry *next_dirty;
    bool dirty;
};

struct budget {
    uint64_t project;
    int64_t minute, day;
    uint64_t in_minute, in_day;
    bool dirty;
};

struct limit {
    struct table entries;
    struct entry *oldest, *newest, *dirty;
    struct budget budgets[LIMIT_PROJECTS_MAX];
    unsigned n_budgets;
    size_t sample_bytes, varied_bytes;
    struct entry *held; /* by the last limit_admit */
    int64_t next_due_us; /* no period ends before it */
    limit_row_f *summary;
    void *u;
    uint64_t *evicted;
    struct table gone; /* closed keys that the store does not know of yet: values are struct entry */
};

static const int64_t MINUTE_US = 60 * INT64_C(1000000), DAY_US = 86400 * INT64_C(1000000);

struct limit *limit_new(limit_row_f *summary, void *u, uint64_t *evicted)
{
    struct limit *l = xcalloc(1, sizeof *l);
    l->summary = summary;
    l->u = u;
    l->evicted = evicted;
    l->next_due_us = INT64_MAX;
    return l;
}

static void free_sample(struct limit *l, struct entry *e)
{
    if (!e->row.sample)
        return;
    l->sample_bytes -= e->sample_bytes;
    free((char *)(uintptr_t)e->sample.payload.p); /* the four texts are one block, the payload first */
    e->row.sample = NULL;
}

static void free_varied(struct entry *e)
{
    if (e->row.varied && varied_told(e->row.varied))
        e->row.varied_text = SLICE("");
    varied_free(e->row.varied);
    e->row.varied = NULL;
}

static void free_entry(struct limit *l, struct entry *e)
{
    free_sample(l, e);
    free_varied(e);
    free(e);
}

static void ignore_row(void *u, const struct limit_row *row)
{
    (void)u;
    (void)row;
}

void limit_free(struct limit *l)
{
    if (!l)
        return;
    limit_changed(l, ignore_row, NULL); /* frees what is closed */
    for (struct entry *e = l->oldest, *next; e; e = next) {
        next = e->newer;
        free_entry(l, e);
    }
    table_free(&l->gone);
    table_free(&l->entries);
    free(l);
}

unsigned limit_size(const struct limit *l)
{
    return (unsigned)l->entries.n;
}

static void mark_dirty(struct limit *l, struct entry *e)
{
    if (e->dirty)
        return;
    e->dirty = true;
    e->next_dirty = l->dirty;
    l->dirty = e;
}

static void unlink_entry(struct limit *l, struct entry *e)
{
    *(e->older ? &e->older->newer : &l->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &l->newest) = e->older;
    e->older = e->newer = NULL;
}

static void link_newest(struct limit *l, struct entry *e)
{
    e->older = l->newest;
    *(l->newest ? &l->newest->newer : &l->oldest) = e;
    l->newest = e;
}

static void summarise(struct limit *l, struct entry *e)
{
    if (!e->row.suppressed)
        return;
    l->summary(l->u, &e->row);
    e->row.suppressed = 0;
    free_varied(e);
    mark_dirty(l, e);
}

/* Ends a period: the summary goes out, and the store is told to forget the row. */
static void close_entry(struct limit *l, struct entry *e)
{
    summarise(l, e);
    unlink_entry(l, e);
    table_del(&l->entries, e->row.key);
    free_sample(l, e);
    e->row.closed = true;
    mark_dirty(l, e);
    table_put(&l->gone, e->row.key, e);
}

static struct entry *entry_of(struct limit *l, const struct limit_issue *issue, int64_t now_us)
{
    struct entry *e = table_get(&l->entries, issue->key);
    if (e && now_us - e->row.start_us >= e->row.period_us) {
        close_entry(l, e);
        e = NULL;
    }
    if (e) {
        if (e != l->newest) {
            unlink_entry(l, e);
            link_newest(l, e);
        }
        return e;
    }
    while (l->entries.n >= LIMIT_ENTRIES_MAX) {
        if (l->evicted)
            ++*l->evicted;
        close_entry(l, l->oldest);
    }
    e = xcalloc(1, sizeof *e);
    e->row = (struct limit_row){.key = issue->key,
                                .start_us = now_us,
                                .period_us = issue->period_us,
                                .burst = issue->burst,
                                .next_pass = (uint64_t)issue->burst * 2};
    table_put(&l->entries, issue->key, e);
    link_newest(l, e);
    if (now_us + issue->period_us < l->next_due_us)
        l->next_due_us = now_us + issue->period_us;
    return e;
}

/* --- budgets --- */

static struct budget *budget_of(struct limit *l, uint64_t project, int64_t now_us)
{
    unsigned i = 0;
    while (i < l->n_budgets && l->budgets[i].project != project)
        i++;
    if (i == l->n_budgets) {
        /* More projects than any configuration has: the last ones share. */
        if (i == LIMIT_PROJECTS_MAX)
            i--;
        else
            l->budgets[l->n_budgets++] = (struct budget){.project = project};
    }
    struct budget *b = &l->budgets[i];
    if (now_us / MINUTE_US != b->minute) {
        b->minute = now_us / MINUTE_US;
        b->in_minute = 0;
    }
    if (now_us / DAY_US != b->day) {
        b->day = now_us / DAY_US;
        b->in_day = 0;
    }
    return b;
}

enum limit_answer limit_admit(struct limit *l, const struct limit_issue *issue, const struct limit_budget *budget, int64_t now_us)
{
    struct entry *e = entry_of(l, issue, now_us);
    struct budget *b = budget_of(l, issue->project, now_us);
    struct limit_row *row = &e->row;
    mark_dirty(l, e);
    row->count++;
    bool pass = row->count <= row->burst;
    if (row->count == row->next_pass) {
        row->next_pass = row->next_pass > UINT64_MAX / 2 ? UINT64_MAX : row->next_pass * 2;
        pass = true;
    }
    bool affordable = b->in_minute < budget->per_minute && b->in_day < budget->per_day;
    if (row->count == 1 || (pass && affordable)) {
        b->in_minute++;
        b->in_day++;
        b->dirty = true;
        return LIMIT_PASS;
    }
    if (!row->suppressed++)
        row->first_us = now_us;
    row->last_us = now_us;
    l->held = e;
    return row->sample ? LIMIT_HOLD : LIMIT_HOLD_FIRST;
}

struct varied *limit_varied(struct limit *l)
{
    struct limit_row *row = &l->held->row;
    if (!row->varied)
        row->varied = varied_new(&l->varied_bytes);
    return row->varied;
}

void limit_keep_sample(struct limit *l, uint64_t key, const struct limit_sample *s)
{
    struct entry *e = table_get(&l->entries, key);
    if (!e || e->row.sample)
        return;
    const struct slice *const texts[] = {&s->payload, &s->project, &s->title, &s->level};
    struct slice *const own[] = {&e->sample.payload, &e->sample.project, &e->sample.title, &e->sample.level};
    size_t n = s->payload.n + s->project.n + s->title.n + s->level.n;
    char *at = xmalloc(n);
    for (unsigned i = 0; i < 4; i++) {
        if (texts[i]->n)
            memcpy(at, texts[i]->p, texts[i]->n);
        *own[i] = slice_of(at, texts[i]->n);
        at += texts[i]->n;
    }
    e->row.sample = &e->sample;
    e->row.sample_is_new = true;
    e->sample_bytes = n;
    l->sample_bytes += n;
    mark_dirty(l, e);
    while (l->sample_bytes > LIMIT_SAMPLE_BYTES && l->oldest != e) {
        if (l->evicted)
            ++*l->evicted;
        close_entry(l, l->oldest);
    }
}

/* --- time --- */

int64_t limit_tick(struct limit *l, int64_t now_us)
{
    if (now_us < l->next_due_us)
        return l->next_due_us;
    int64_t next = INT64_MAX;
    for (struct entry *e = l->oldest, *newer; e; e = newer) {
        newer = e->newer;
        int64_t due = e->row.start_us + e->row.period_us;
        if (due <= now_us)
            close_entry(l, e);
        else if (due < next)
            next = due;
    }
    l->next_due_us = next;
    return next;
}

void limit_summarise(struct limit *l)
{
    for (struct entry *e = l->oldest; e; e = e->newer)
        summarise(l, e);
}

/* --- the store --- */

void limit_changed(struct limit *l, limit_row_f *each, void *u)
{
    struct entry *e = l->dirty;
    l->dirty = NULL;
    for (struct entry *next; e; e = next) {
        next = e->next_dirty;
        e->dirty = false;
        const struct entry *now = table_get(&l->entries, e->row.key);
        bool last_closed = table_get(&l->gone, e->row.key) == e;
        /* A key that was closed and opened again is told as its open row only. */
        if (now == e || (last_closed && !now))
            each(u, &e->row);
        e->row.sample_is_new = false;
        e->row.varied_text = SLICE_NONE;
        if (last_closed)
            table_del(&l->gone, e->row.key);
        if (now != e)
            free_entry(l, e);
    }
    for (unsigned i = 0; i < l->n_budgets; i++) {
        struct budget *b = &l->budgets[i];
        struct limit_row row = {.key = b->project, .start_us = b->day * DAY_US, .count = b->in_day};
        if (b->dirty)
            each(u, &row);
        b->dirty = false;
    }
}

/* Whatever the file says: numbers that can be reckoned with. */
static struct limit_row restored(const struct limit_row *row)
{
    struct limit_row r = *row;
    r.start_us = stamp_clamp(r.start_us);
    r.period_us = stamp_clamp(r.period_us);
    r.first_us = stamp_clamp(r.first_us);
    r.last_us = stamp_clamp(r.last_us);
    r.suppressed = r.suppressed < INT64_MAX ? r.suppressed : INT64_MAX;
    return r;
}

void limit_restore(struct limit *l, const struct limit_row *stored)
{
    struct limit_row own = restored(stored), *row = &own;
    if (row->period_us == 0) {
        struct budget *b = budget_of(l, row->key, row->start_us);
        b->in_day = row->count;
        return;
    }
    const struct limit_issue issue = {.key = row->key, .burst = row->burst, .period_us = row->period_us};
    struct entry *e = entry_of(l, &issue, row->start_us);
    const struct limit_sample *sample = row->sample;
    free_sample(l, e);
    free_varied(e);
    e->row = *row;
    e->row.sample = NULL;
    e->row.varied = row->varied_text.n ? varied_read(row->varied_text, &l->varied_bytes) : NULL;
    e->row.varied_text = SLICE_NONE;
    if (sample)
        limit_keep_sample(l, row->key, sample);
}
