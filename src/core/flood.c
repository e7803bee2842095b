#include "core/flood_impl.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/top_values.h"
#include "text/stamp.h"

static const int64_t MINUTE_US = 60 * INT64_C(1000000), DAY_US = 86400 * INT64_C(1000000);
/* By so much the period here ends after that of members, whose clock may go a little faster than this one: it must not
   end twice. */
static const int64_t GRACE_US = 100000;
static const int64_t KNOWN_US = FLOOD_KNOWN_DAYS * 86400 * INT64_C(1000000);
static const int64_t QUIET_US = FLOOD_QUIET_DAYS * 86400 * INT64_C(1000000);

struct flood *flood_new(flood_row_f *summary, void *u, uint64_t *evicted)
{
    struct flood *l = xcalloc(1, sizeof *l);
    l->summary = summary;
    l->u = u;
    l->evicted = evicted;
    l->next_due_us = INT64_MAX;
    TAILQ_INIT(&l->untold);
    for (unsigned remote = 0; remote < 2; remote++) {
        TAILQ_INIT(&l->running[remote]);
        TAILQ_INIT(&l->resting[remote]);
    }
    return l;
}

static void free_sample(struct flood *l, struct entry *e)
{
    if (!e->row.sample)
        return;
    assert(l->sample_bytes >= e->sample_bytes);
    l->sample_bytes -= e->sample_bytes;
    free((char *)(uintptr_t)e->sample.payload.text.p); /* the four texts are one block, the payload first */
    e->row.sample = NULL;
}

static void free_top_values(struct entry *e)
{
    if (e->row.top_values && top_values_told(e->row.top_values))
        e->row.top_values_text.text = SLICE("");
    top_values_free(e->row.top_values);
    e->row.top_values = NULL;
}

static void free_entry(struct flood *l, struct entry *e)
{
    free_sample(l, e);
    free_top_values(e);
    free(e);
}

static void flood_ignore_row(void *u, const struct flood_row *row)
{
    (void)u;
    (void)row;
}

void flood_free(struct flood *l)
{
    if (!l)
        return;
    flood_changed(l, flood_ignore_row, NULL); /* frees the entries that were forgotten */
    table_each (&l->entries, slot) {
        free_entry(l, slot->value);
    }
    table_done(&l->gone);
    table_done(&l->entries);
    free(l);
}

unsigned flood_size(const struct flood *l)
{
    return l->n_running;
}

bool flood_knows(const struct flood *l, uint64_t key)
{
    return table_get(&l->entries, key) != NULL;
}

static void mark_dirty(struct flood *l, struct entry *e)
{
    if (e->dirty)
        return;
    e->dirty = true;
    e->next_dirty = l->dirty;
    l->dirty = e;
}

/* --- lists --- */

static struct entry_list *list_of(struct flood *l, const struct entry *e)
{
    return e->resting ? &l->resting[e->row.remote] : &l->running[e->row.remote];
}

static void unlink_entry(struct flood *l, struct entry *e)
{
    TAILQ_REMOVE(list_of(l, e), e, by_use);
    l->n_running -= !e->resting;
}

static void link_newest(struct flood *l, struct entry *e)
{
    TAILQ_INSERT_TAIL(list_of(l, e), e, by_use);
    l->n_running += !e->resting;
}

/* Returns the entry to be forgotten when there are too many. */
static struct entry *least_worth(const struct flood *l)
{
    const struct entry *const by_worth[] = {TAILQ_FIRST(&l->resting[1]), TAILQ_FIRST(&l->running[1]),
                                            TAILQ_FIRST(&l->resting[0]), TAILQ_FIRST(&l->running[0])};
    unsigned i = 0;
    while (!by_worth[i])
        i++;
    return (struct entry *)(uintptr_t)by_worth[i];
}

/* --- periods --- */

static void summarise(struct flood *l, struct entry *e)
{
    if (!e->row.suppressed)
        return;
    l->summary(l->u, &e->row);
    e->row.suppressed = 0;
    free_top_values(e);
    mark_dirty(l, e);
}

static void begin_period(struct flood *l, struct entry *e, const struct flood_issue *issue, int64_t now_us)
{
    e->row.start_us = now_us;
    e->row.period_us = issue->period_us;
    e->row.burst = issue->burst;
    e->row.next_pass = 1;
    if (now_us + issue->period_us < l->next_due_us)
        l->next_due_us = now_us + issue->period_us;
}

/* Ends a period: the summary goes out, and all that is kept is that the fingerprint is known. */
static void rest(struct flood *l, struct entry *e)
{
    summarise(l, e);
    unlink_entry(l, e);
    free_sample(l, e);
    free_top_values(e);
    flood_share_end(l, e);
    e->row.count = 0;
    e->row.restarted = true;
    e->resting = true;
    link_newest(l, e);
    mark_dirty(l, e);
}

/* Forgets an entry, and has the store told to forget its row. */
static void forget(struct flood *l, struct entry *e)
{
    summarise(l, e);
    unlink_entry(l, e);
    flood_share_end(l, e);
    table_del(&l->entries, e->row.key);
    free_sample(l, e);
    e->row.closed = true;
    mark_dirty(l, e);
    table_put(&l->gone, e->row.key, e);
}

static void count_evicted(struct flood *l, const struct entry *e)
{
    if (l->evicted && !e->resting)
        ++*l->evicted;
}

static struct entry *new_entry(struct flood *l, const struct flood_issue *issue, int64_t now_us)
{
    while (l->entries.n >= FLOOD_ENTRIES_MAX) {
        struct entry *gone = least_worth(l);
        count_evicted(l, gone);
        forget(l, gone);
    }
    struct entry *e = xcalloc(1, sizeof *e);
    e->row.key = issue->key;
    e->row.remote = issue->remote;
    e->row.restarted = table_get(&l->gone, issue->key) != NULL;
    begin_period(l, e, issue, now_us);
    table_put(&l->entries, issue->key, e);
    link_newest(l, e);
    return e;
}

static enum issue_news news_of(const struct entry *e, int64_t now_us)
{
    if (!e)
        return ISSUE_NEW;
    return now_us - e->row.period_us - e->row.start_us >= QUIET_US ? ISSUE_BACK : ISSUE_KNOWN;
}

static struct entry *find_entry(struct flood *l, const struct flood_issue *issue, int64_t now_us)
{
    struct entry *e = table_get(&l->entries, issue->key);
    l->news = news_of(e, now_us);
    if (!e)
        return new_entry(l, issue, now_us);
    if (!e->resting && now_us - e->row.start_us >= e->row.period_us)
        rest(l, e);
    if (e->resting)
        begin_period(l, e, issue, now_us);
    unlink_entry(l, e);
    e->resting = false;
    e->row.remote &= issue->remote;
    link_newest(l, e);
    return e;
}

static struct entry *entry_of(struct flood *l, const struct flood_issue *issue, int64_t now_us)
{
    struct entry *e = find_entry(l, issue, now_us);
    e->log = issue->log;
    return e;
}

/* --- budgets --- */

static struct budget *budget_of(struct flood *l, uint64_t project, int64_t now_us)
{
    unsigned i = 0;
    while (i < l->n_budgets && l->budgets[i].project != project)
        i++;
    if (i == l->n_budgets) {
        /* There are more projects than any configuration has: the last ones share a budget. */
        if (i == FLOOD_PROJECTS_MAX)
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

/* The next that passes: of 1, 2, 3, … burst, burst*2, burst*4, burst*8, … */
static void pass_later(struct flood_row *row)
{
    if (row->next_pass < row->burst)
        row->next_pass++;
    else
        row->next_pass = row->next_pass > UINT64_MAX / 2 ? UINT64_MAX : row->next_pass * 2;
}

/* Those that would have passed up to the count do not. */
static void pass_over(struct flood_row *row)
{
    if (row->next_pass && row->next_pass < row->burst && row->next_pass <= row->count)
        row->next_pass = row->count < row->burst ? row->count + 1 : row->burst;
    while (row->next_pass && row->next_pass <= row->count && row->next_pass < UINT64_MAX)
        pass_later(row);
}

static enum flood_answer hold(struct flood *l, struct entry *e, uint64_t n, int64_t now_us)
{
    struct flood_row *row = &e->row;
    if (!row->suppressed) {
        row->first_us = now_us;
        e->held_log = e->log;
    }
    if (e->held_log != e->log)
        e->held_log = 0;
    row->suppressed += n;
    row->last_us = now_us;
    l->held = e;
    return row->sample ? FLOOD_HOLD : FLOOD_HOLD_FIRST;
}

enum flood_answer flood_admit(struct flood *l, const struct flood_issue *issue, const struct flood_budget *budget,
                              int64_t now_us)
{
    struct entry *e = entry_of(l, issue, now_us);
    struct budget *b = budget_of(l, issue->project, now_us);
    struct flood_row *row = &e->row;
    mark_dirty(l, e);
    row->count++;
    if (e->owed_news != ISSUE_KNOWN)
        l->news = e->owed_news;
    e->owed_news = ISSUE_KNOWN;
    e->recalled = false;
    e->share.issue = issue->name;
    flood_share_note(l, e, 1);
    bool pass = row->count <= row->burst || e->share.owed;
    if (row->next_pass && row->count >= row->next_pass) { /* it is below where flood_tell has counted */
        pass_later(row);
        pass = true;
    }
    bool affordable = b->in_minute < budget->per_minute && b->in_day < budget->per_day;
    if (l->news == ISSUE_NEW || (pass && affordable)) {
        b->in_minute++;
        b->in_day++;
        b->dirty = true;
        return FLOOD_PASS;
    }
    return hold(l, e, 1, now_us);
}

enum issue_news flood_news(const struct flood *l)
{
    return l->news;
}

bool flood_is_first(const struct flood *l, uint64_t key)
{
    const struct entry *e = table_get(&l->entries, key);
    return e && e->row.count == 1;
}

enum flood_answer flood_hold(struct flood *l, uint64_t key, uint64_t n, int64_t now_us)
{
    struct entry *e = table_get(&l->entries, key);
    assert(e);
    mark_dirty(l, e);
    e->row.count += n;
    flood_share_note(l, e, n);
    pass_over(&e->row);
    return hold(l, e, n, now_us);
}

void flood_tell(struct flood *l, const struct flood_issue *issue, uint64_t n, int64_t now_us)
{
    struct entry *e = entry_of(l, issue, now_us);
    mark_dirty(l, e);
    e->owed_news = l->news != ISSUE_KNOWN ? l->news : e->owed_news;
    e->recalled = false;
    e->row.count += n;
    e->share.issue = issue->name;
    flood_share_note(l, e, n);
    hold(l, e, n, now_us);
}

void flood_recall(struct flood *l, const struct flood_issue *issue, uint64_t n, int64_t now_us)
{
    struct entry *e = table_get(&l->entries, issue->key);
    if (e && !e->recalled)
        return;
    e = entry_of(l, issue, now_us);
    mark_dirty(l, e);
    e->recalled = true;
    e->row.count += n;
    pass_over(&e->row);
}

bool flood_lacks_sample(const struct flood *l, uint64_t key)
{
    const struct entry *e = table_get(&l->entries, key);
    return e && e->row.suppressed && !e->row.sample;
}

enum flood_answer flood_take_back(struct flood *l, const struct flood_issue *issue, int64_t now_us)
{
    struct entry *e = entry_of(l, issue, now_us);
    struct budget *b = budget_of(l, issue->project, now_us);
    b->in_minute -= b->in_minute > 0;
    b->in_day -= b->in_day > 0;
    b->dirty = true;
    if (!e->row.count) /* its period has ended meanwhile, and it is the first of another */
        e->row.count = 1;
    mark_dirty(l, e);
    return hold(l, e, 1, now_us);
}

struct top_values *flood_top_values(struct flood *l)
{
    struct flood_row *row = &l->held->row;
    if (!row->top_values)
        row->top_values = top_values_new(&l->varied_bytes);
    return row->top_values;
}

/* Ends periods early to keep the budget of samples: those of remote senders first, but never that of `keep`. */
static void keep_sample_budget(struct flood *l, const struct entry *keep)
{
    for (int remote = 1; remote >= 0; remote--)
        for (struct entry *e;
             l->sample_bytes > FLOOD_SAMPLE_BYTES && (e = TAILQ_FIRST(&l->running[remote])) && e != keep;) {
            count_evicted(l, e);
            rest(l, e);
        }
    assert(l->sample_bytes <= FLOOD_SAMPLE_BYTES);
}

void flood_keep_sample(struct flood *l, uint64_t key, const struct flood_sample *s)
{
    struct entry *e = table_get(&l->entries, key);
    if (!e || e->row.sample)
        return;
    const struct slice *const texts[] = {&s->payload.text, &s->project, &s->title.text, &s->level};
    struct slice *const own[] = {&e->sample.payload.text, &e->sample.project, &e->sample.title.text, &e->sample.level};
    size_t n = s->payload.text.n + s->project.n + s->title.text.n + s->level.n;
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
    keep_sample_budget(l, e);
}

/* --- time --- */

static int64_t tick_list(struct flood *l, struct entry_list *running, int64_t now_us)
{
    int64_t next = INT64_MAX;
    for (struct entry *e = TAILQ_FIRST(running), *newer; e; e = newer) {
        newer = TAILQ_NEXT(e, by_use);
        int64_t due = e->row.start_us + e->row.period_us;
        if (due <= now_us)
            rest(l, e);
        else if (due < next)
            next = due;
    }
    return next;
}

/* Forgets entries that have rested long enough. They have come to rest one after the other, nearly in the order of
   their starts. */
static void forget_old(struct flood *l, struct entry_list *resting, int64_t now_us)
{
    struct entry *oldest;
    while ((oldest = TAILQ_FIRST(resting)) && now_us - oldest->row.start_us >= KNOWN_US)
        forget(l, oldest);
}

int64_t flood_tick(struct flood *l, int64_t now_us)
{
    if (now_us < l->next_due_us)
        return l->next_due_us;
    l->next_due_us = INT64_MAX;
    for (unsigned remote = 0; remote < 2; remote++) {
        int64_t next = tick_list(l, &l->running[remote], now_us);
        forget_old(l, &l->resting[remote], now_us);
        if (next < l->next_due_us)
            l->next_due_us = next;
    }
    return l->next_due_us;
}

void flood_summarise(struct flood *l)
{
    struct entry *e;
    for (unsigned remote = 0; remote < 2; remote++)
        TAILQ_FOREACH (e, &l->running[remote], by_use)
            summarise(l, e);
}

void flood_leave(struct flood *l, uint64_t log)
{
    struct entry *e;
    for (unsigned remote = 0; remote < 2; remote++)
        TAILQ_FOREACH (e, &l->running[remote], by_use)
            if (e->held_log == log)
                summarise(l, e);
}

/* --- what members say --- */

/* Whether the period of members is another than the one that they were in when we last heard, which is not over here
   yet: clocks, and ways, differ by a little. */
static bool is_another(const struct share *s, const struct flood_told *told)
{
    return s->end_ms && told->end_ms != s->end_ms;
}

void flood_share_told(struct flood *l, uint64_t key, const struct flood_told *told, bool owed, int64_t now_us)
{
    struct entry *e = table_get(&l->entries, key);
    if (!e || e->resting)
        return;
    if (is_another(&e->share, told))
        rest(l, e);
    e->share.end_ms = told->end_ms;
    e->share.floor = told->before + told->n;
    if (e->share.reckoned < e->share.floor) {
        e->share.reckoned = e->share.floor;
        e->share.since = e->share.untold;
    }
    e->share.owed |= owed;
    if (e->resting || told->left_us <= 0 || told->left_us > e->row.period_us)
        return;
    int64_t due_us = now_us + told->left_us + GRACE_US;
    e->row.start_us = due_us - e->row.period_us;
    mark_dirty(l, e);
    if (due_us < l->next_due_us)
        l->next_due_us = due_us;
}

/* --- the store --- */

static __attribute__((noinline)) void tell_entries(struct flood *l, flood_row_f *each, void *u)
{
    struct entry *e = l->dirty;
    l->dirty = NULL;
    for (struct entry *next; e; e = next) {
        next = e->next_dirty;
        e->dirty = false;
        const struct entry *now = table_get(&l->entries, e->row.key);
        bool last_gone = table_get(&l->gone, e->row.key) == e;
        /* The store is told only the new row of a key that was forgotten and came back. */
        if (now == e || (last_gone && !now))
            each(u, &e->row);
        e->row.sample_is_new = e->row.restarted = false;
        e->row.top_values_text.text = SLICE_NONE;
        if (last_gone)
            table_del(&l->gone, e->row.key);
        if (now != e)
            free_entry(l, e);
    }
}

static __attribute__((noinline)) void tell_budget(struct budget *b, flood_row_f *each, void *u)
{
    const struct flood_row row = {.key = b->project, .start_us = b->day * DAY_US, .count = b->in_day};
    each(u, &row);
    b->dirty = false;
}

void flood_changed(struct flood *l, flood_row_f *each, void *u)
{
    if (l->dirty)
        tell_entries(l, each, u);
    for (unsigned i = 0; i < l->n_budgets; i++)
        if (l->budgets[i].dirty)
            tell_budget(&l->budgets[i], each, u);
}

/* Returns the row with numbers that can be reckoned with, whatever the store's file says. */
static struct flood_row restored(const struct flood_row *row)
{
    struct flood_row r = *row;
    r.start_us = stamp_clamp(r.start_us);
    r.period_us = stamp_clamp(r.period_us);
    r.first_us = stamp_clamp(r.first_us);
    r.last_us = stamp_clamp(r.last_us);
    r.suppressed = r.suppressed < INT64_MAX ? r.suppressed : INT64_MAX;
    return r;
}

void flood_restore(struct flood *l, const struct flood_row *stored)
{
    struct flood_row own = restored(stored), *row = &own;
    if (row->period_us == FLOOD_ROW_BUDGET) {
        struct budget *b = budget_of(l, row->key, row->start_us);
        b->in_day = row->count;
        return;
    }
    const struct flood_issue issue = {
        .key = row->key, .burst = row->burst, .period_us = row->period_us, .remote = row->remote};
    struct entry *e = entry_of(l, &issue, row->start_us);
    const struct flood_sample *sample = row->sample;
    free_sample(l, e);
    free_top_values(e);
    bool remote = e->row.remote; /* whether the entry is in the list of remote ones */
    e->row = *row;
    e->row.remote = remote;
    e->row.sample = NULL;
    e->row.top_values =
        row->top_values_text.text.n ? top_values_read(row->top_values_text.text, &l->varied_bytes) : NULL;
    e->row.top_values_text.text = SLICE_NONE;
    if (sample)
        flood_keep_sample(l, row->key, sample);
    if (!row->count) {
        unlink_entry(l, e);
        e->resting = true;
        link_newest(l, e);
    }
}
