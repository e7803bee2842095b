#include "core/new_issues.h"

#include <stdlib.h>

#include "base/table.h"
#include "base/xalloc.h"

struct window {
    uint64_t key;
    int64_t start_us;
    unsigned count;
    bool told_full; /* FULL_FIRST has been answered */
    bool dirty;
};

struct new_issues {
    struct table windows;
    int64_t now_us; /* time of the last new_issues_take, or of the row that was put back */
    bool looked_at; /* since then no window has changed and none has ended */
};

static const int64_t HOUR_US = 3600 * INT64_C(1000000);
enum { SEED = 0x6e657769, ALL_OTHERS = 1 };

struct new_issues *new_issues_new(void)
{
    return xcalloc(1, sizeof(struct new_issues));
}

void new_issues_free(struct new_issues *n)
{
    if (!n)
        return;
    table_each (&n->windows, slot) {
        free(slot->value);
    }
    table_done(&n->windows);
    free(n);
}

/* Whether a window is over, also when the clock was set back, which only root can do. start_us may come from a damaged
   store. */
static bool is_over(const struct window *w, int64_t now_us)
{
    return now_us < w->start_us || (uint64_t)now_us - (uint64_t)w->start_us >= (uint64_t)HOUR_US;
}

static struct window *window_by_key(struct new_issues *n, uint64_t key)
{
    struct window *w = table_get(&n->windows, key);
    if (!w && n->windows.n >= NEW_ISSUES_WINDOWS_MAX) {
        key = ALL_OTHERS;
        w = table_get(&n->windows, key);
    }
    if (!w) {
        w = xcalloc(1, sizeof *w);
        w->key = key;
        w->start_us = n->now_us;
        table_put(&n->windows, key, w);
    }
    return w;
}

static struct window *window_of(struct new_issues *n, uint64_t project, uint64_t peer)
{
    struct window *w = window_by_key(n, hash_mix(hash_mix(project, peer), SEED));
    if (is_over(w, n->now_us))
        *w = (struct window){.key = w->key, .start_us = n->now_us, .dirty = w->dirty};
    return w;
}

static enum new_issues_answer full(struct window *w)
{
    bool first = !w->told_full;
    w->told_full = true;
    return first ? NEW_ISSUES_FULL_FIRST : NEW_ISSUES_FULL;
}

static void take_one(struct window *w)
{
    w->count++;
    w->dirty = true;
}

enum new_issues_answer new_issues_take(struct new_issues *n, const struct new_issue *issue, unsigned most,
                                       int64_t now_us)
{
    n->now_us = now_us;
    n->looked_at = false;
    struct window *project = window_of(n, issue->project, 0);
    struct window *peer = issue->peer ? window_of(n, issue->project, issue->peer) : NULL;
    if (project->count >= (issue->constant ? most : most - most / 4))
        return full(project);
    if (peer && peer != project && peer->count >= most - most / 2)
        return full(peer);
    take_one(project);
    if (peer && peer != project)
        take_one(peer);
    return NEW_ISSUES_ROOM;
}

static void give_back_one(struct window *w)
{
    w->count -= w->count > 0;
    w->dirty = true;
}

void new_issues_give_back(struct new_issues *n, const struct new_issue *issue)
{
    struct window *project = window_of(n, issue->project, 0);
    struct window *peer = issue->peer ? window_of(n, issue->project, issue->peer) : project;
    n->looked_at = false;
    give_back_one(project);
    if (peer != project)
        give_back_one(peer);
}

void new_issues_told(struct new_issues *n, uint64_t project, uint64_t peer, uint64_t count, int64_t left_us)
{
    struct window *w = window_of(n, project, peer);
    n->looked_at = false;
    if (w->key == ALL_OTHERS)
        return;
    count = count < UINT32_MAX ? count : UINT32_MAX;
    w->count = w->count < count ? (unsigned)count : w->count;
    if (left_us > 0 && left_us <= HOUR_US)
        w->start_us = n->now_us + left_us - HOUR_US;
    w->dirty = true;
}

static __attribute__((noinline)) void look_at(struct new_issues *n, flood_row_f *each, void *u)
{
    struct window *over[64];
    unsigned n_over = 0;
    table_each (&n->windows, slot) {
        struct window *w = slot->value;
        bool ends = is_over(w, n->now_us) && n_over < sizeof over / sizeof *over;
        const struct flood_row row = {.key = w->key,
                                      .period_us = FLOOD_ROW_NEW_ISSUES,
                                      .start_us = w->start_us,
                                      .count = w->count,
                                      .closed = ends};
        if (ends || w->dirty)
            each(u, &row);
        w->dirty = false;
        if (ends)
            over[n_over++] = w;
    }
    n->looked_at = n_over < sizeof over / sizeof *over; /* if the list was full, there may be more */
    for (unsigned i = 0; i < n_over; i++) {
        table_del(&n->windows, over[i]->key);
        free(over[i]);
    }
}

void new_issues_changed(struct new_issues *n, flood_row_f *each, void *u)
{
    if (!n->looked_at) /* this is asked at each line of a log */
        look_at(n, each, u);
}

void new_issues_restore(struct new_issues *n, const struct flood_row *row)
{
    struct window *w = window_by_key(n, row->key);
    n->looked_at = false;
    if (w->key != row->key)
        return;
    if (n->now_us < row->start_us)
        n->now_us = row->start_us;
    w->start_us = row->start_us;
    w->count = row->count < UINT32_MAX ? (unsigned)row->count : UINT32_MAX;
}
