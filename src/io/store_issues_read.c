/* store_issues_read: lists and single issues for those who ask, daemon or tool. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "io/store_impl.h"
#include "io/store_issues.h"
#include "text/stamp.h"

enum { ABOUT_COLUMN = 6, HISTORY_COLUMN = ABOUT_COLUMN + ISSUE_TEXTS, KEY_DIGITS = 16 };

/* Reads all columns but the last; texts are those of the statement. */
static void fill(sqlite3_stmt *q, struct store_issue *out)
{
    *out = (struct store_issue){.key = (uint64_t)sqlite3_column_int64(q, 0),
                                .first_us = stamp_clamp(sqlite3_column_int64(q, 1)),
                                .last_us = stamp_clamp(sqlite3_column_int64(q, 2)),
                                .count = (uint64_t)sqlite3_column_int64(q, 3),
                                .suppressed = (uint64_t)sqlite3_column_int64(q, 4),
                                .events = (unsigned)sqlite3_column_int64(q, 5)};
    for (int i = 0; i < ISSUE_TEXTS; i++)
        out->about.text[i] = store_column(q, ABOUT_COLUMN + i);
}

static bool ended(struct store *s, sqlite3_stmt *q, int rc)
{
    sqlite3_reset(q);
    return rc == SQLITE_DONE || (store_failed(s, "read the issues"), false);
}

bool store_issue(struct store *s, uint64_t key, int64_t now_us, struct arena *a, struct store_issue *out)
{
    sqlite3_stmt *q = s->stmt[Q_ISSUE];
    sqlite3_bind_int64(q, 1, (sqlite3_int64)key);
    int rc = sqlite3_step(q);
    bool found = rc == SQLITE_ROW;
    if (found) {
        fill(q, out);
        for (int i = 0; i < ISSUE_TEXTS; i++)
            out->about.text[i] = arena_dup(a, out->about.text[i]);
        issue_history_read(store_column(q, HISTORY_COLUMN), &out->history);
        issue_history_turn(&out->history, now_us);
    }
    ended(s, q, found ? SQLITE_DONE : rc);
    return found;
}

unsigned store_issue_find(struct store *s, struct slice beginning, uint64_t *key)
{
    sqlite3_stmt *q = s->stmt[Q_ISSUE_FIND];
    uint64_t low = 0, high = 0;
    if (beginning.n > KEY_DIGITS || !slice_is_hex(beginning))
        return 0;
    for (unsigned i = 0; i < KEY_DIGITS; i++) {
        low = low << 4 | (i < beginning.n ? (unsigned)ascii_hex_value(beginning.p[i]) : 0);
        high = high << 4 | (i < beginning.n ? (unsigned)ascii_hex_value(beginning.p[i]) : 15);
    }
    sqlite3_bind_int64(q, 1,
                       (sqlite3_int64)low); /* both have the same first bit, so they are in order as signed ones */
    sqlite3_bind_int64(q, 2, (sqlite3_int64)high);
    unsigned n = 0;
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && n < 2) {
        *key = (uint64_t)sqlite3_column_int64(q, 0);
        n++;
    }
    ended(s, q, rc == SQLITE_ROW ? SQLITE_DONE : rc);
    return n;
}

/* --- a page --- */

/* The largest that were met, the least of them on top. */
struct page {
    struct store_issues_at *v;
    unsigned n, most;
    uint64_t beyond; /* that were behind where the page begins */
};

static bool is_before(struct store_issues_at a, struct store_issues_at b)
{
    return a.value > b.value || (a.value == b.value && a.key > b.key);
}

static void page_sink(struct page *p, unsigned i)
{
    for (unsigned child; (child = 2 * i + 1) < p->n; i = child) {
        if (child + 1 < p->n && is_before(p->v[child], p->v[child + 1]))
            child++;
        if (!is_before(p->v[i], p->v[child]))
            return;
        struct store_issues_at t = p->v[i];
        p->v[i] = p->v[child];
        p->v[child] = t;
    }
}

static void page_rise(struct page *p, unsigned i)
{
    for (unsigned above; i && is_before(p->v[above = (i - 1) / 2], p->v[i]); i = above) {
        struct store_issues_at t = p->v[i];
        p->v[i] = p->v[above];
        p->v[above] = t;
    }
}

static void page_add(struct page *p, struct store_issues_at at)
{
    p->beyond++;
    if (p->n < p->most) {
        p->v[p->n++] = at;
        page_rise(p, p->n - 1);
    } else if (is_before(at, p->v[0])) {
        p->v[0] = at;
        page_sink(p, 0);
    }
}

static int compare(const void *a, const void *b)
{
    return is_before(*(const struct store_issues_at *)a, *(const struct store_issues_at *)b) ? -1 : 1;
}

struct store_issues_at store_issues_place(const struct store_issue *i, enum store_issues_sort sort)
{
    int64_t count = i->count < INT64_MAX ? (int64_t)i->count : INT64_MAX;
    return (struct store_issues_at){.value = sort == STORE_ISSUES_LAST    ? i->last_us
                                             : sort == STORE_ISSUES_FIRST ? i->first_us
                                                                          : count,
                                    .key = i->key};
}

static bool look_through(struct store *s, const struct store_issues_asked *asked, struct page *page, uint64_t *total)
{
    sqlite3_stmt *q = s->stmt[Q_ISSUES];
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct store_issue issue;
        fill(q, &issue);
        if (asked->match && !asked->match(asked->u, &issue))
            continue;
        struct store_issues_at at = store_issues_place(&issue, asked->sort);
        ++*total;
        if (!asked->beyond || is_before(asked->at, at))
            page_add(page, at);
    }
    return ended(s, q, rc);
}

bool store_issues(struct store *s, const struct store_issues_asked *asked,
                  void (*each)(void *u, const struct store_issue *issue), void *u, uint64_t *total, bool *more,
                  struct store_issues_at *next)
{
    struct page page = {.most = asked->limit};
    struct arena a = {0};
    assert(asked->limit && asked->limit <= STORE_ISSUES_LIMIT);
    page.v = xcalloc(asked->limit, sizeof *page.v);
    *total = 0;
    bool ok = look_through(s, asked, &page, total);
    qsort(page.v, page.n, sizeof *page.v, compare);
    for (unsigned i = 0; ok && i < page.n; i++) {
        struct store_issue issue;
        if (store_issue(s, page.v[i].key, asked->now_us, &a, &issue))
            each(u, &issue);
        arena_reset(&a);
    }
    *more = ok && page.beyond > page.n;
    if (*more)
        *next = page.v[page.n - 1];
    arena_done(&a);
    free(page.v);
    return ok;
}

/* --- events --- */

/* False: it is damaged. */
static bool tell_kept(sqlite3_stmt *q, struct sbuf *payload, store_kept_f *each, void *u)
{
    struct store_kept kept = {.issue = (uint64_t)sqlite3_column_int64(q, 1),
                              .time_us = stamp_clamp(sqlite3_column_int64(q, 2)),
                              .title = store_column(q, 3)};
    sbuf_reset(payload);
    if (!store_event_id_text(store_column(q, 0), kept.event_id) || !store_unpack(store_column(q, 4), payload))
        return false;
    kept.payload = sbuf_slice(payload);
    each(u, &kept);
    return true;
}

bool store_issue_events(struct store *s, uint64_t key, store_kept_f *each, void *u)
{
    sqlite3_stmt *q = s->stmt[Q_KEPT_OF];
    struct sbuf payload;
    int rc;
    sbuf_init(&payload, STORE_PAYLOAD_MAX);
    sqlite3_bind_int64(q, 1, (sqlite3_int64)key);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW)
        tell_kept(q, &payload, each, u);
    sbuf_done(&payload);
    return ended(s, q, rc);
}

bool store_kept_event(struct store *s, const char *event_id, store_kept_f *each, void *u)
{
    sqlite3_stmt *q = s->stmt[Q_KEPT_GET];
    uint8_t id[16];
    struct sbuf payload;
    sbuf_init(&payload, STORE_PAYLOAD_MAX);
    store_event_id_bytes(event_id, id);
    sqlite3_bind_blob(q, 1, id, sizeof id, SQLITE_STATIC);
    int rc = sqlite3_step(q);
    bool found = rc == SQLITE_ROW && tell_kept(q, &payload, each, u);
    ended(s, q, rc == SQLITE_ROW ? SQLITE_DONE : rc);
    sbuf_done(&payload);
    return found;
}
