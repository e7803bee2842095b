/* store_rows: the outbox half of store.h. */
#include "io/store_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"

enum {
    ROWS_PER_STEP = 1000, /* rows of one transaction of a tool, so that the daemon never waits long for it */
    REASON_BYTES = 300,
    FULL_STEP = 32, /* rows of one transaction on a full disk: the WAL has room for so many */
};

/* A next_try further away than any delay of ours means that the clock was set back since: such a row is due. */
#define NEXT_TRY_MAX_US (INT64_C(1000000) * STORE_NEXT_TRY_MOST_S)

/* A store_row with what its slices point into. */
struct boxed {
    struct store_row row;
    struct arena arena;
    struct sbuf payload;
};

struct scrubbed store_clean(struct store *s, struct slice text, struct arena *a)
{
    return scrub_clean(s->scrub, text, a);
}

/* Returns the reason without secrets: "HTTP 400: what the server said". Any other reason is crumbd's own or libcurl's,
   whose address is the server's. */
static struct slice clean_reason(struct store *s, struct slice reason, struct arena *a)
{
    return slice_starts(reason, SLICE("HTTP ")) ? store_clean(s, reason, a).text : reason;
}

/* Reads the columns that ROW_COLUMNS names. False: something in them cannot be what was written. */
static bool fill(struct store *s, struct boxed *b, sqlite3_stmt *q, bool with_payload)
{
    struct store_row *r = &b->row;
    int64_t state = sqlite3_column_int64(q, 1);
    r->id = sqlite3_column_int64(q, 0);
    r->state = (enum store_state)state;
    r->created_us = sqlite3_column_int64(q, 2);
    r->next_try_us = sqlite3_column_int64(q, 3);
    r->attempts = (unsigned)sqlite3_column_int64(q, 4);
    r->event.time_us = sqlite3_column_int64(q, 5);
    r->event.project = arena_dup(&b->arena, store_column(q, 7));
    r->event.level = arena_dup(&b->arena, store_column(q, 8));
    r->event.title = store_clean(s, arena_dup(&b->arena, store_column(q, 9)), &b->arena);
    if (sqlite3_column_type(q, 10) != SQLITE_NULL)
        r->reason = arena_cstr(&b->arena, clean_reason(s, store_column(q, 10), &b->arena));
    r->stored_bytes = (uint64_t)sqlite3_column_int64(q, 11);
    int64_t kind = sqlite3_column_int64(q, 12);
    r->event.kind = kind > 0 && kind < ITEM_KINDS ? (enum item_kind)kind : ITEM_EVENT;
    r->event.issue = (uint64_t)sqlite3_column_int64(q, 13);
    r->event.open = state == STORE_STATE_OPEN;
    if (state < STORE_STATE_OPEN || state > STORE_STATE_DEAD ||
        !store_event_id_text(store_column(q, 6), r->event.event_id))
        return false;
    if (!with_payload)
        return true;
    sbuf_init(&b->payload, STORE_PAYLOAD_MAX);
    if (!store_unpack(store_column(q, 14), &b->payload))
        return false;
    r->event.payload = scrubbed_vouch(sbuf_slice(&b->payload));
    return true;
}

/* Returns a row. NULL with *damaged false: there is no such row. */
static struct store_row *load(struct store *s, enum query which, int64_t id, bool *damaged)
{
    sqlite3_stmt *q = s->stmt[which];
    sqlite3_bind_int64(q, 1, id);
    int rc = sqlite3_step(q);
    struct boxed *b = NULL;
    *damaged = rc != SQLITE_DONE;
    if (rc == SQLITE_ROW) {
        b = xcalloc(1, sizeof *b);
        *damaged = !fill(s, b, q, which == Q_GET);
    }
    sqlite3_reset(q);
    if (b && *damaged) {
        store_row_free(&b->row);
        b = NULL;
    }
    return b ? &b->row : NULL;
}

void store_row_free(struct store_row *r)
{
    if (!r)
        return;
    struct boxed *b = (struct boxed *)r; /* row is its first member */
    arena_done(&b->arena);
    sbuf_done(&b->payload);
    free(b);
}

struct store_row *store_get(struct store *s, int64_t id, bool *damaged)
{
    bool ignored;
    return load(s, Q_GET, id, damaged ? damaged : &ignored);
}

bool store_each(struct store *s, bool (*each)(void *u, const struct store_row *r), void *u)
{
    /* The ids first, from the index alone: rows are then read one by one, with no transaction held over a
       slow reader of the list, and past those on damaged pages. Eight bytes a row. */
    sqlite3_stmt *q = s->stmt[Q_IDS];
    int64_t *ids = NULL;
    size_t n = 0;
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        ids = xroom(ids, n, sizeof *ids);
        ids[n++] = sqlite3_column_int64(q, 0);
    }
    sqlite3_reset(q);
    if (rc != SQLITE_DONE)
        store_failed(s, "list the rows");
    bool go_on = true;
    for (size_t i = 0; go_on && i < n; i++) {
        bool damaged;
        struct store_row *r = load(s, Q_HEAD, ids[i], &damaged);
        if (r || damaged)
            go_on = each(u, r ? r : &(struct store_row){.id = ids[i], .damaged = true});
        store_row_free(r);
    }
    free(ids);
    return rc == SQLITE_DONE;
}

static bool list(struct store *s, sqlite3_stmt *q, void (*each)(void *u, const struct store_row *r), void *u)
{
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct boxed b = {0};
        b.row.damaged = !fill(s, &b, q, false);
        each(u, &b.row);
        arena_done(&b.arena);
    }
    sqlite3_reset(q);
    if (rc != SQLITE_DONE)
        store_failed(s, "list the newest rows");
    return rc == SQLITE_DONE;
}

bool store_newest(struct store *s, unsigned most, void (*each)(void *u, const struct store_row *r), void *u)
{
    sqlite3_bind_int64(s->stmt[Q_NEWEST], 1, most);
    return list(s, s->stmt[Q_NEWEST], each, u);
}

bool store_dead_letters(struct store *s, int64_t below, unsigned most, void (*each)(void *u, const struct store_row *r),
                        void *u)
{
    sqlite3_bind_int64(s->stmt[Q_DEAD_LETTERS], 1, below);
    sqlite3_bind_int64(s->stmt[Q_DEAD_LETTERS], 2, most);
    return list(s, s->stmt[Q_DEAD_LETTERS], each, u);
}

int64_t store_find(struct store *s, const char *event_id)
{
    sqlite3_stmt *q = s->stmt[Q_FIND];
    uint8_t bytes[16];
    store_event_id_bytes(event_id, bytes);
    sqlite3_bind_blob(q, 1, bytes, sizeof bytes, SQLITE_STATIC);
    int rc = sqlite3_step(q);
    int64_t id = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_reset(q);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        store_failed(s, "find an event");
    return id;
}

/* Outcomes. */

static struct delivery *delivery_of(struct store *s, int64_t id)
{
    return table_get(&s->taken, (uint64_t)id);
}

/* r: as it is; NULL: it is damaged. */
static void take(struct store *s, int64_t id, struct slice project, enum item_kind kind, const struct store_row *r)
{
    struct delivery *o = xcalloc(1, sizeof *o);
    *o = (struct delivery){.id = id, .item = kind, .project = slice_dup(project)};
    if (r)
        store_event_id_bytes(r->event.event_id, o->event_id);
    table_put(&s->taken, (uint64_t)id, o);
}

static void delivery_free(struct delivery *o)
{
    free(o->project);
    free(o->reason);
    free(o);
}

static struct delivery *decide(struct store *s, int64_t id, const char *reason)
{
    struct delivery *o = delivery_of(s, id);
    struct arena a = {0};
    assert(o && o->kind == DELIVERY_NONE);
    assert(s->n_pending < STORE_DELIVERIES_MAX);
    o->reason = reason ? slice_dup(slice_sub(clean_reason(s, slice_str(reason), &a), 0, REASON_BYTES)) : NULL;
    arena_done(&a);
    s->pending[s->n_pending++] = o;
    return o;
}

void store_sent(struct store *s, int64_t id)
{
    decide(s, id, NULL)->kind = DELIVERY_SENT;
}

void store_retry(struct store *s, int64_t id, int64_t next_try_us, const char *reason)
{
    struct delivery *o = decide(s, id, reason);
    o->kind = DELIVERY_RETRY;
    o->next_try_us = next_try_us;
}

void store_dead(struct store *s, int64_t id, const char *reason)
{
    decide(s, id, reason)->kind = DELIVERY_DEAD;
}

void store_release(struct store *s, int64_t id)
{
    struct delivery *o = delivery_of(s, id);
    assert(o && o->kind == DELIVERY_NONE);
    table_del(&s->taken, (uint64_t)id);
    delivery_free(o);
}

/* Adds a dead letter to the client reports, since Sentry does not count the events that it refuses. */
static bool report_dead(struct store *s, const struct delivery *o)
{
    const struct store_report r = {.project = slice_str(o->project),
                                   .reason = slice_str(count_rows[COUNT_dead].reason),
                                   .category = slice_str(item_traits[o->item].category),
                                   .quantity = 1};
    return store_put_report(s, &r);
}

static bool add_delivery_counts(struct store *s, const uint64_t *did, uint64_t late)
{
    return store_add_count(s, COUNT_sent, did[DELIVERY_SENT]) &&
           store_add_count(s, COUNT_retries, did[DELIVERY_RETRY]) &&
           store_add_count(s, COUNT_dead, did[DELIVERY_DEAD]) && store_add_count(s, COUNT_late_answers, late);
}

/* Writes `n` outcomes and their counts as one transaction; one that only deletes may use the reserve. */
static bool write_deliveries(struct store *s, struct delivery *const *v, unsigned n)
{
    static const enum query how[] = {[DELIVERY_SENT] = Q_SENT, [DELIVERY_RETRY] = Q_RETRY, [DELIVERY_DEAD] = Q_DEAD};
    uint64_t did[] = {[DELIVERY_SENT] = 0, [DELIVERY_RETRY] = 0, [DELIVERY_DEAD] = 0}, late = 0;
    bool ok = store_run(s, Q_BEGIN);
    /* sent_first has put the outcomes in order, so the last one tells whether all are sent. */
    enum store_effect effect = n && v[n - 1]->kind == DELIVERY_SENT ? GIVES_ROOM : TAKES_ROOM;
    for (unsigned i = 0; ok && i < n; i++) {
        sqlite3_stmt *q = s->stmt[how[v[i]->kind]];
        sqlite3_bind_int64(q, 1, v[i]->id);
        if (v[i]->kind == DELIVERY_RETRY)
            sqlite3_bind_int64(q, 2, v[i]->next_try_us);
        if (v[i]->kind != DELIVERY_SENT)
            store_bind_text(q, 3, slice_str(v[i]->reason));
        ok = store_run(s, how[v[i]->kind]);
        did[v[i]->kind]++;
        if (v[i]->kind == DELIVERY_SENT && v[i]->item == ITEM_EVENT)
            store_depart_id(s, v[i]->event_id, STORE_DEPARTED_SENT);
        late += v[i]->kind != DELIVERY_RETRY && !sqlite3_changes(s->db);
        ok = ok && (v[i]->kind != DELIVERY_DEAD || report_dead(s, v[i]));
    }
    if (!ok || !add_delivery_counts(s, did, late) || !store_end(s, effect))
        return false;
    s->counted.v[COUNT_late_answers] += late;
    s->counted.v[COUNT_settled] += did[DELIVERY_SENT] + did[DELIVERY_DEAD];
    return true;
}

/* Returns how many of the first n outcomes the sender counts, too. */
static unsigned n_decided(const struct store *s, unsigned n)
{
    unsigned decided = 0;
    for (unsigned i = 0; i < n; i++)
        decided += s->pending[i]->kind != DELIVERY_RETRY;
    return decided;
}

uint64_t store_unwritten(const struct store *s)
{
    return n_decided(s, s->n_pending);
}

/* Forgets the first n outcomes, which have been written or cannot be. */
static void forget_deliveries(struct store *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        table_del(&s->taken, (uint64_t)s->pending[i]->id);
        delivery_free(s->pending[i]);
    }
    s->n_pending -= n;
    memmove(s->pending, s->pending + n, s->n_pending * sizeof *s->pending);
}

static unsigned n_sent(const struct store *s)
{
    unsigned n = 0;
    while (n < s->n_pending && s->pending[n]->kind == DELIVERY_SENT)
        n++;
    return n;
}

/* Puts the outcomes that give room before those that take some. */
static void sent_first(struct store *s)
{
    unsigned sent = 0;
    for (unsigned i = 0; i < s->n_pending; i++)
        if (s->pending[i]->kind == DELIVERY_SENT) {
            struct delivery *o = s->pending[i];
            s->pending[i] = s->pending[sent];
            s->pending[sent++] = o;
        }
}

/* Returns how many outcomes to write next; on a full disk none of those that take room together with those that give
   some. */
static unsigned n_next(const struct store *s, unsigned step)
{
    unsigned most = step <= FULL_STEP && n_sent(s) ? n_sent(s) : s->n_pending;
    return step < most ? step : most;
}

static void give_up_deliveries(struct store *s)
{
    s->counted.v[COUNT_unsettled] += n_decided(s, s->n_pending);
    forget_deliveries(s, s->n_pending);
}

/* Forgets outcomes that take room and do not go in. Were they kept for ever, there would be no room for outcomes of
   rows that can be delivered; a row of which the outcome is forgotten is sent again as after a crash. */
static void wait_for_room(struct store *s)
{
    if (n_sent(s))
        return;
    store_make_room(s);
    if (s->n_pending > STORE_DELIVERIES_MAX / 2)
        give_up_deliveries(s);
}

enum store_result store_flush(struct store *s)
{
    if (!s->n_pending)
        return STORE_OK;
    sent_first(s);
    unsigned renewals = s->renewals;
    for (unsigned step = s->disk_full ? FULL_STEP : STORE_DELIVERIES_MAX; s->n_pending;) {
        unsigned n = n_next(s, step);
        if (!write_deliveries(s, s->pending, n)) {
            enum store_result r = store_failed(s, "write down what was sent");
            if (r == STORE_FULL && step > 1) {
                step = step > FULL_STEP ? FULL_STEP : 1;
                continue;
            }
            if (r == STORE_FULL && store_let_spare_go(s))
                continue;
            if (r == STORE_FULL)
                wait_for_room(s);
            if (s->unusable && s->renewals == renewals && store_renew(s, s->error))
                continue;
            return r;
        }
        forget_deliveries(s, n);
        if (step <= FULL_STEP)
            store_restart_wal(s);
    }
    store_shrink(s);
    return STORE_OK;
}

void store_flush_last(struct store *s)
{
    if (store_flush(s) != STORE_OK)
        give_up_deliveries(s);
    count_add(&s->counted, &s->ahead); /* the rest of the checkpoint is given up, too */
    s->ahead = (struct counts){0};
}

void store_deliveries_done(struct store *s)
{
    table_each (&s->taken, slot) {
        delivery_free(slot->value);
    }
    table_done(&s->taken);
}

/* Giving rows out. */

/* Returns the id of the first due row that is not taken; 0: there is none; -1: that cannot be told. */
static int64_t look_for_due(struct store *s, struct slice project, enum item_kind kind, int64_t now_us)
{
    sqlite3_stmt *q = s->stmt[Q_DUE];
    store_bind_text(q, 1, project);
    sqlite3_bind_int64(q, 2, now_us);
    sqlite3_bind_int64(q, 3, now_us + NEXT_TRY_MAX_US);
    sqlite3_bind_int(q, 4, kind);
    int64_t id = 0;
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && !id)
        if (!delivery_of(s, sqlite3_column_int64(q, 0)))
            id = sqlite3_column_int64(q, 0);
    sqlite3_reset(q);
    return id || rc == SQLITE_DONE ? id : -1;
}

/* The same in a new store, if the old one is damaged; 0: it is not to be had. */
static int64_t first_due(struct store *s, struct slice project, enum item_kind kind, int64_t now_us)
{
    int64_t id = look_for_due(s, project, kind, now_us);
    if (id < 0) {
        store_failed(s, "look for events to send");
        if (s->unusable && !s->tool && store_renew(s, s->error))
            id = look_for_due(s, project, kind, now_us);
    }
    return id > 0 ? id : 0;
}

struct store_row *store_next(struct store *s, struct slice project, enum item_kind kind, int64_t now_us)
{
    while (s->taken.n < STORE_DELIVERIES_MAX) {
        int64_t id = first_due(s, project, kind, now_us);
        if (!id)
            break;
        bool damaged;
        struct store_row *r = load(s, Q_GET, id, &damaged);
        take(s, id, project, kind, r);
        if (r)
            return r;
        log_error("an event in the store is damaged and cannot be sent", log_c("path", s->path), log_i("id", id));
        store_dead(s, id, "damaged in the store");
        s->counted.v[COUNT_damaged]++;
    }
    return NULL;
}

int64_t store_due(struct store *s, struct slice project, enum item_kind kind)
{
    sqlite3_stmt *q = s->stmt[Q_NEXT_DUE];
    store_bind_text(q, 1, project);
    sqlite3_bind_int(q, 2, kind);
    int64_t due = INT64_MAX;
    while (due == INT64_MAX && sqlite3_step(q) == SQLITE_ROW)
        if (!delivery_of(s, sqlite3_column_int64(q, 0)))
            due = sqlite3_column_int64(q, 1);
    sqlite3_reset(q);
    return due;
}

void store_projects(struct store *s, void (*each)(void *u, struct slice project), void *u)
{
    sqlite3_stmt *q = s->stmt[Q_PROJECTS];
    while (sqlite3_step(q) == SQLITE_ROW)
        each(u, store_column(q, 0));
    sqlite3_reset(q);
}

/* For people. */

/* Whoever deletes an event by hand wants it gone, and not kept of its issue. False: it failed. */
static bool forget_kept(struct store *s, enum query ids)
{
    sqlite3_stmt *q = s->stmt[ids];
    bool ok = true;
    while (ok && sqlite3_step(q) == SQLITE_ROW)
        ok = store_forget_kept(s, store_column(q, 0));
    sqlite3_reset(q);
    return ok;
}

static bool note_dropped(struct store *s, enum query which, int64_t id, int step)
{
    enum query ids = which == Q_DROP_DEAD    ? Q_DROP_DEAD_IDS
                     : which == Q_DROP_OPEN  ? Q_DROP_OPEN_IDS
                     : which == Q_DROP_READY ? Q_DROP_READY_IDS
                                             : Q_N;
    if (ids == Q_N)
        return true;
    sqlite3_bind_int(s->stmt[ids], 1, step);
    sqlite3_bind_int64(s->stmt[ids], 2, id);
    store_depart(s, ids, STORE_DEPARTED_DROPPED);
    return forget_kept(s, ids);
}

/* Dead letters were reported when they died. */
static bool report_dropped(struct store *s, enum query which, int64_t id, int step)
{
    sqlite3_stmt *q = s->stmt[Q_DROP_REPORT];
    bool ok = true;
    sqlite3_bind_int(q, 1, step);
    sqlite3_bind_int64(q, 2, id);
    store_bind_text(q, 3, slice_str(count_rows[COUNT_dropped_by_hand].reason));
    sqlite3_bind_int(q, 6, which == Q_DROP_OPEN ? STORE_STATE_OPEN : STORE_STATE_READY);
    for (int kind = 0; ok && kind < ITEM_KINDS && (which == Q_DROP_OPEN || which == Q_DROP_READY); kind++) {
        store_bind_text(q, 4, slice_str(item_traits[kind].category));
        sqlite3_bind_int(q, 5, kind);
        ok = store_run(s, Q_DROP_REPORT);
    }
    return ok;
}

/* Changes at most `step` rows. Returns how many it changed, -1 when that failed. */
static int one_step(struct store *s, enum query which, int64_t id, enum count count, int step)
{
    sqlite3_bind_int(s->stmt[which], 1, step);
    sqlite3_bind_int64(s->stmt[which], 2, id);
    if (which == Q_DROP_OPEN) {
        sqlite3_bind_int(s->stmt[Q_DROP_OPEN_NOTE], 1, step);
        sqlite3_bind_int64(s->stmt[Q_DROP_OPEN_NOTE], 2, id);
    }
    bool ok = store_run(s, Q_BEGIN) && note_dropped(s, which, id, step) && report_dropped(s, which, id, step) &&
              (which != Q_DROP_OPEN || store_run(s, Q_DROP_OPEN_NOTE)) && store_run(s, which);
    int changed = ok ? sqlite3_changes(s->db) : 0;
    ok = ok && (count == COUNT_N || store_add_count(s, count, (uint64_t)changed));
    ok = ok && (which != Q_DROP_OPEN ||
                store_add_count(s, COUNT_stored, (uint64_t)changed)); /* the row was open, to be sent one day */
    return ok && store_end(s, which == Q_REQUEUE || which == Q_HURRY ? TAKES_ROOM : GIVES_ROOM) ? changed : -1;
}

/* Runs a statement, ?1 a limit and ?2 an id or 0, until it changes no more, or has changed so many; adds what it
 * changed to a count unless that is COUNT_N. */
static int64_t at_most(struct store *s, enum query which, int64_t id, int64_t most, enum count count, const char *doing)
{
    int64_t total = 0;
    for (int step = ROWS_PER_STEP; total < most;) {
        step = most - total < step ? (int)(most - total) : step;
        int changed = one_step(s, which, id, count, step);
        if (changed < 0) {
            if (store_failed(s, doing) != STORE_FULL || (step == 1 && !store_let_spare_go(s)))
                return -1;
            step = step > FULL_STEP ? FULL_STEP : 1;
            continue;
        }
        total += changed;
        if (changed < step)
            return total;
        if (step <= FULL_STEP)
            store_restart_wal(s);
    }
    return total;
}

static int64_t in_steps(struct store *s, enum query which, int64_t id, enum count count, const char *doing)
{
    return at_most(s, which, id, INT64_MAX, count, doing);
}

int64_t store_requeue_dead(struct store *s, unsigned most)
{
    sqlite3_bind_int64(s->stmt[Q_REQUEUE], 3, store_now_us());
    return at_most(s, Q_REQUEUE, 0, most, COUNT_requeued, "put dead letters back into the queue");
}

int64_t store_drop_dead(struct store *s, unsigned most)
{
    return at_most(s, Q_DROP_DEAD, 0, most, COUNT_N, "drop dead letters");
}

int64_t store_requeue(struct store *s, int64_t id)
{
    static const char doing[] = "put events back into the queue";
    int64_t now = store_now_us();
    sqlite3_bind_int64(s->stmt[Q_HURRY], 3, now);
    int64_t waited = in_steps(s, Q_HURRY, id, COUNT_N, doing);
    sqlite3_bind_int64(s->stmt[Q_REQUEUE], 3, now);
    int64_t dead = waited < 0 ? -1 : in_steps(s, Q_REQUEUE, id, COUNT_requeued, doing);
    return dead < 0 ? -1 : waited + dead;
}

int64_t store_drop(struct store *s, int64_t id, bool dead_only)
{
    static const char doing[] = "drop events";
    int64_t dead = in_steps(s, Q_DROP_DEAD, id, COUNT_N, doing);
    if (dead < 0 || dead_only)
        return dead;
    int64_t open = in_steps(s, Q_DROP_OPEN, id, COUNT_dropped_by_hand, doing);
    int64_t ready = open < 0 ? -1 : in_steps(s, Q_DROP_READY, id, COUNT_dropped_by_hand, doing);
    return ready < 0 ? -1 : dead + open + ready;
}
