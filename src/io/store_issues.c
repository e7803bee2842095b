/* store_issues: the parts of a checkpoint that are of issues, inside its transaction. Reading: store_issues_read.c. */
#include "io/store_issues.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "io/clock.h"
#include "io/store_impl.h"

enum {
    EVICT_OLD = 256, /* that go with one checkpoint because they are too old */
    EVICT_STEP = 64, /* that go at once, on a full disk */
};

/* How often it is looked for these. */
static const int64_t LOOK_US = 60 * INT64_C(1000000);

static bool forget_all(struct store *s)
{
    bool ok =
        store_run(s, Q_BEGIN) && store_run(s, Q_KEPT_NONE) && store_run(s, Q_ISSUES_NONE) && store_end(s, GIVES_ROOM);
    return ok || (store_failed(s, "forget the issues"), false);
}

void store_keep_issues(struct store *s, uint64_t limit_bytes, int64_t keep_us)
{
    struct store_issues_kept *i = &s->issues;
    uint64_t share = s->limit_bytes / STORE_ISSUES_SHARE;
    int64_t bytes = 0;
    *i = (struct store_issues_kept){.limit_bytes = limit_bytes < share || !s->limit_bytes ? limit_bytes : share,
                                    .keep_us = keep_us};
    if (!store_number(s, Q_ISSUES_BYTES, &bytes)) {
        store_failed(s, "read the issues");
        i->limit_bytes = 0;
        return;
    }
    if (bytes && !limit_bytes && forget_all(s))
        bytes = 0;
    i->kept_bytes = i->now_bytes = (uint64_t)bytes;
}

static bool run_for_issue(struct store *s, enum query which, uint64_t key)
{
    sqlite3_bind_int64(s->stmt[which], 1, (sqlite3_int64)key);
    return store_run(s, which);
}

/* --- how often --- */

/* Reads what is there, or what one begins with. */
static bool read_numbers(struct store *s, uint64_t key, struct store_issue *out)
{
    sqlite3_stmt *q = s->stmt[Q_ISSUE_NUMBERS];
    *out = (struct store_issue){.key = key, .first_us = INT64_MAX, .last_us = 0};
    sqlite3_bind_int64(q, 1, (sqlite3_int64)key);
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        out->first_us = sqlite3_column_int64(q, 0);
        out->last_us = sqlite3_column_int64(q, 1);
        out->count = (uint64_t)sqlite3_column_int64(q, 2);
        out->suppressed = (uint64_t)sqlite3_column_int64(q, 3);
        issue_history_read(store_column(q, 4), &out->history);
    } else {
        s->issues.now_bytes += STORE_ISSUE_BYTES;
    }
    sqlite3_reset(q);
    return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

static bool write_numbers(struct store *s, const struct store_issue *i)
{
    sqlite3_stmt *q = s->stmt[Q_ISSUE_COUNT];
    struct sbuf history;
    sbuf_init(&history, ISSUE_HISTORY_BYTES_MAX);
    issue_history_write(&i->history, &history);
    sqlite3_bind_int64(q, 1, (sqlite3_int64)i->key);
    sqlite3_bind_int64(q, 2, i->first_us);
    sqlite3_bind_int64(q, 3, i->last_us);
    sqlite3_bind_int64(q, 4, (sqlite3_int64)i->count);
    sqlite3_bind_int64(q, 5, (sqlite3_int64)i->suppressed);
    sqlite3_bind_blob(q, 6, history.p, (int)history.n, SQLITE_STATIC);
    sqlite3_bind_int(q, 7, STORE_ISSUE_BYTES);
    bool ok = store_run(s, Q_ISSUE_COUNT);
    sbuf_done(&history);
    return ok;
}

static void add(struct store_issue *i, const struct issue_count *c, int64_t now_us)
{
    i->first_us = c->first_us < i->first_us ? c->first_us : i->first_us;
    i->last_us = c->last_us > i->last_us ? c->last_us : i->last_us;
    i->count += c->n;
    i->suppressed += c->suppressed;
    issue_history_add(&i->history, c->last_us, c->n, now_us);
}

/* Those of an issue stand one after the other. */
static bool put_numbers(struct store *s, const struct checkpoint *c, int64_t now_us)
{
    bool ok = true;
    for (unsigned i = 0; ok && i < c->n_issues;) {
        struct store_issue issue;
        uint64_t key = c->issues[i].key;
        ok = read_numbers(s, key, &issue);
        for (; i < c->n_issues && c->issues[i].key == key; i++)
            add(&issue, &c->issues[i], now_us);
        ok = ok && write_numbers(s, &issue);
    }
    return ok;
}

/* --- its events --- */

/* An event of the checkpoint; those of an issue stand together, by their times. */
struct event_ref {
    const struct store_event *event;
    unsigned nth; /* in the checkpoint */
};

static int compare(const void *a, const void *b)
{
    const struct event_ref *x = a, *y = b;
    if (x->event->issue != y->event->issue)
        return x->event->issue < y->event->issue ? -1 : 1;
    if (x->event->time_us != y->event->time_us)
        return x->event->time_us < y->event->time_us ? -1 : 1;
    return x->nth < y->nth ? -1 : 1;
}

/* Those that are of an issue, in order. The caller frees. */
static struct event_ref *sort_events(const struct checkpoint *c, unsigned *n)
{
    struct event_ref *v = xcalloc(c->n_events + 1, sizeof *v);
    *n = 0;
    for (unsigned i = 0; i < c->n_events; i++)
        if (c->events[i].kind == ITEM_EVENT && c->events[i].issue)
            v[(*n)++] = (struct event_ref){&c->events[i], i};
    qsort(v, *n, sizeof *v, compare);
    return v;
}

/* What it says, unless a newer one has said it. */
static bool describe(struct store *s, const struct store_event *e)
{
    struct arena a = {0};
    struct issue_about about = {0};
    about.text[ISSUE_TITLE] = utf8_prefix(slice_sub(e->title.text, 0, 4 * ISSUE_TITLE_POINTS), ISSUE_TITLE_POINTS);
    about.text[ISSUE_LEVEL] = e->level;
    about.text[ISSUE_PROJECT] = e->project;
    issue_about_read(e->payload.text, &a, &about);
    sqlite3_stmt *q = s->stmt[Q_ISSUE_ABOUT];
    sqlite3_bind_int64(q, 1, (sqlite3_int64)e->issue);
    for (int i = 0; i < ISSUE_TEXTS; i++)
        store_bind_text(q, 2 + i, about.text[i]);
    sqlite3_bind_int64(q, 2 + ISSUE_TEXTS, e->time_us);
    bool ok = store_run(s, Q_ISSUE_ABOUT);
    arena_done(&a);
    return ok;
}

/* Its row has it packed already; where it has left, since its checkpoint was stored in parts, it is packed again. */
static bool keep(struct store *s, const struct store_event *e)
{
    uint8_t id[16];
    store_event_id_bytes(e->event_id, id);
    sqlite3_bind_blob(s->stmt[Q_KEPT], 1, id, sizeof id, SQLITE_STATIC);
    if (!store_run(s, Q_KEPT))
        return false;
    if (sqlite3_changes(s->db))
        return true;
    sqlite3_stmt *q = s->stmt[Q_KEPT_NEW];
    struct slice payload = store_pack(s, e->payload.text);
    sqlite3_bind_blob(q, 1, id, sizeof id, SQLITE_STATIC);
    sqlite3_bind_int64(q, 2, (sqlite3_int64)e->issue);
    sqlite3_bind_int64(q, 3, e->time_us);
    store_bind_text(q, 4, e->title.text);
    sqlite3_bind_blob(q, 5, payload.p, (int)payload.n, SQLITE_STATIC);
    return store_run(s, Q_KEPT_NEW);
}

/* What its events take, once more than the first and the newest are gone. */
static bool prune(struct store *s, uint64_t key)
{
    sqlite3_stmt *q = s->stmt[Q_ISSUE_WEIGH];
    int64_t before;
    sqlite3_bind_int64(s->stmt[Q_ISSUE_BYTES], 1, (sqlite3_int64)key);
    sqlite3_bind_int(s->stmt[Q_KEPT_PRUNE], 2, STORE_ISSUE_EVENTS);
    if (!store_number(s, Q_ISSUE_BYTES, &before) || !run_for_issue(s, Q_KEPT_PRUNE, key))
        return false;
    sqlite3_bind_int64(q, 1, (sqlite3_int64)key);
    sqlite3_bind_int(q, 2, STORE_ISSUE_BYTES);
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        s->issues.now_bytes += (uint64_t)(sqlite3_column_int64(q, 0) - before);
    while (rc == SQLITE_ROW)
        rc = sqlite3_step(q);
    sqlite3_reset(q);
    return rc == SQLITE_DONE;
}

/* Of the closed ones the first, which may be the first of all, and the newest. */
static bool keep_some(struct store *s, const struct event_ref *v, unsigned n)
{
    unsigned left = 0, passed = 0;
    bool ok = true;
    for (unsigned i = 0; i < n; i++)
        left += !v[i].event->open && !store_was_dropped(s, v[i].event);
    for (unsigned i = 0; ok && i < n; i++) {
        if (v[i].event->open || store_was_dropped(s, v[i].event))
            continue;
        if (!passed++ || left <= STORE_ISSUE_EVENTS)
            ok = keep(s, v[i].event);
        left--;
    }
    return ok && (!passed || prune(s, v->event->issue));
}

/* Where room is short it is done without keeping any. */
static bool put_events(struct store *s, const struct checkpoint *c)
{
    unsigned n, end;
    struct event_ref *v = sort_events(c, &n);
    bool ok = true;
    for (unsigned begin = 0; ok && begin < n; begin = end) {
        for (end = begin + 1; end < n && v[end].event->issue == v[begin].event->issue;)
            end++;
        ok = describe(s, v[end - 1].event) && (s->disk_full || keep_some(s, v + begin, end - begin));
    }
    free(v);
    return ok;
}

/* Where room is short it is done without. */
bool store_keep_open(struct store *s, int most)
{
    sqlite3_stmt *q = s->stmt[Q_OPEN_ISSUES];
    if (!s->issues.limit_bytes || s->disk_full)
        return true;
    sqlite3_bind_int(s->stmt[Q_KEPT_OPEN], 1, most);
    sqlite3_bind_int(q, 1, most);
    bool ok = store_run(s, Q_KEPT_OPEN);
    int rc;
    while (ok && (rc = sqlite3_step(q)) == SQLITE_ROW)
        ok = prune(s, (uint64_t)sqlite3_column_int64(q, 0));
    sqlite3_reset(q);
    return ok;
}

bool store_forget_kept(struct store *s, struct slice event_id)
{
    sqlite3_stmt *q = s->stmt[Q_KEPT_FORGET];
    uint64_t issue = 0;
    bool was = false;
    int rc;
    sqlite3_bind_blob(q, 1, event_id.p, (int)event_id.n, SQLITE_STATIC);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        issue = (uint64_t)sqlite3_column_int64(q, 0);
        was = true;
    }
    sqlite3_reset(q);
    return rc == SQLITE_DONE && (!was || prune(s, issue));
}

/* --- which go --- */

struct oldest {
    uint64_t key, bytes;
    int64_t last_us;
    bool any;
};

/* The one seen longest ago. */
static bool find_oldest(struct store *s, struct oldest *out)
{
    sqlite3_stmt *q = s->stmt[Q_ISSUE_OLDEST];
    int rc = sqlite3_step(q);
    *out = (struct oldest){.any = rc == SQLITE_ROW};
    if (out->any) {
        out->key = (uint64_t)sqlite3_column_int64(q, 0);
        out->last_us = sqlite3_column_int64(q, 1);
        out->bytes = (uint64_t)sqlite3_column_int64(q, 2);
    }
    sqlite3_reset(q);
    return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

static bool forget(struct store *s, const struct oldest *issue)
{
    uint64_t *all = &s->issues.now_bytes;
    *all -= issue->bytes < *all ? issue->bytes : *all;
    return run_for_issue(s, Q_KEPT_GONE, issue->key) && run_for_issue(s, Q_ISSUE_GONE, issue->key);
}

/* Forgets those last seen before a moment, at most so many, while they take more than so many bytes. */
static bool forget_some(struct store *s, int64_t before_us, uint64_t most, uint64_t beyond_bytes, uint64_t *gone)
{
    struct oldest issue;
    bool ok = true;
    *gone = 0;
    while (ok && *gone < most && s->issues.now_bytes > beyond_bytes) {
        ok = find_oldest(s, &issue);
        if (!ok || !issue.any || issue.last_us >= before_us)
            break;
        ok = forget(s, &issue);
        ++*gone;
    }
    return ok;
}

/* A tool beside may have deleted some. */
static bool weigh_all(struct store *s)
{
    int64_t bytes;
    bool ok = store_number(s, Q_ISSUES_BYTES, &bytes);
    s->issues.now_bytes = ok ? (uint64_t)bytes : s->issues.now_bytes;
    return ok;
}

/* By the clock that no setting moves: one that is ahead for a while makes none old. Not at each checkpoint. */
static bool forget_old(struct store *s, uint64_t *gone)
{
    struct store_issues_kept *i = &s->issues;
    int64_t now_us = clock_steady_us();
    *gone = 0;
    if (i->looked_us && now_us - i->looked_us < LOOK_US)
        return true;
    i->looked_us = now_us;
    return weigh_all(s) && forget_some(s, now_us - i->keep_us, EVICT_OLD, 0, gone);
}

/* Counts those that go. */
static bool evict(struct store *s, struct counts *put)
{
    uint64_t expired = 0, evicted = 0;
    bool ok = forget_old(s, &expired) && forget_some(s, INT64_MAX, UINT64_MAX, s->issues.limit_bytes, &evicted);
    put->v[COUNT_issues_expired] += expired;
    put->v[COUNT_issues_evicted] += evicted;
    return ok && store_add_count(s, COUNT_issues_expired, expired) && store_add_count(s, COUNT_issues_evicted, evicted);
}

bool store_skip_issues(struct store *s, const struct checkpoint *c, struct counts *put)
{
    uint64_t occurrences = 0;
    for (unsigned i = 0; i < c->n_issues; i++)
        occurrences += c->issues[i].n;
    put->v[COUNT_issues_uncounted] += occurrences;
    return store_add_count(s, COUNT_issues_uncounted, occurrences);
}

unsigned store_issues_make_room(struct store *s)
{
    uint64_t gone = 0;
    if (!store_run(s, Q_BEGIN) || !forget_some(s, INT64_MAX, EVICT_STEP, 0, &gone) ||
        !store_add_count(s, COUNT_issues_evicted, gone) || !store_end(s, GIVES_ROOM)) {
        store_failed(s, "make room");
        return 0;
    }
    s->counted.v[COUNT_issues_evicted] += gone;
    if (gone && !s->issues.full_said)
        log_warn("issues are forgotten as the disk is full, with the events kept of them: those seen longest ago first",
                 log_c("path", s->path), log_c("hint", "make room, or set issues.size to what there is room for"));
    s->issues.full_said |= gone > 0;
    return (unsigned)gone;
}

bool store_put_issues(struct store *s, const struct checkpoint *c, struct counts *put)
{
    return !s->issues.limit_bytes || (put_numbers(s, c, store_now_us()) && put_events(s, c) && evict(s, put));
}
