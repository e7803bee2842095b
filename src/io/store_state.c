/* store_state: what the store keeps for flood control, lines waited for, records held and client reports; the ledger of
 * all runs. */
#include "io/store_impl.h"

#include "io/tail_position.h"

/* Binds NULL for a slice that is absent, so that coalesce keeps what the row has. */
static void bind_optional(sqlite3_stmt *q, int i, struct slice v)
{
    if (v.p)
        store_bind_text(q, i, v);
    else
        sqlite3_bind_null(q, i);
}

static bool forget_limit(struct store *s, uint64_t key)
{
    sqlite3_bind_int64(s->stmt[Q_FLOOD_GONE], 1, (sqlite3_int64)key);
    return store_run(s, Q_FLOOD_GONE);
}

bool store_put_flood(struct store *s, const struct flood_row *row)
{
    sqlite3_stmt *q = s->stmt[Q_FLOOD];
    if ((row->closed || row->restarted) && !forget_limit(s, row->key))
        return false;
    if (row->closed)
        return true;
    sqlite3_bind_int64(q, 1, (sqlite3_int64)row->key);
    static const struct flood_sample none;
    const struct flood_sample *sample = row->sample && row->sample_is_new ? row->sample : &none;
    sqlite3_bind_int64(q, 2, row->start_us);
    sqlite3_bind_int64(q, 3, row->period_us);
    sqlite3_bind_int64(q, 4, row->burst);
    sqlite3_bind_int64(q, 5, (sqlite3_int64)row->count);
    sqlite3_bind_int64(q, 6, (sqlite3_int64)row->next_pass);
    sqlite3_bind_int64(q, 7, (sqlite3_int64)row->suppressed);
    sqlite3_bind_int64(q, 8, row->first_us);
    sqlite3_bind_int64(q, 9, row->last_us);
    bind_optional(q, 10, sample->project);
    bind_optional(q, 11, sample->title.text);
    bind_optional(q, 12, sample->level);
    bind_optional(q, 13, sample->payload.text);
    bind_optional(q, 14, row->top_values_text.text);
    sqlite3_bind_int(q, 15, row->remote);
    return store_run(s, Q_FLOOD);
}

void store_floods(struct store *s, flood_row_f *each, void *u)
{
    sqlite3_stmt *q = s->stmt[Q_FLOODS];
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        const struct flood_sample sample = {.project = store_column(q, 9),
                                            .title = scrubbed_vouch(store_column(q, 10)),
                                            .level = store_column(q, 11),
                                            .payload = scrubbed_vouch(store_column(q, 12))};
        const struct flood_row row = {.key = (uint64_t)sqlite3_column_int64(q, 0),
                                      .start_us = sqlite3_column_int64(q, 1),
                                      .period_us = sqlite3_column_int64(q, 2),
                                      .burst = (unsigned)sqlite3_column_int64(q, 3),
                                      .count = (uint64_t)sqlite3_column_int64(q, 4),
                                      .next_pass = (uint64_t)sqlite3_column_int64(q, 5),
                                      .suppressed = (uint64_t)sqlite3_column_int64(q, 6),
                                      .first_us = sqlite3_column_int64(q, 7),
                                      .last_us = sqlite3_column_int64(q, 8),
                                      .sample = sample.payload.text.n ? &sample : NULL,
                                      .top_values_text = scrubbed_vouch(store_column(q, 13)),
                                      .remote = sqlite3_column_int(q, 14) != 0};
        each(u, &row);
    }
    sqlite3_reset(q);
    if (rc != SQLITE_DONE)
        store_failed(s, "read the state of flood control");
}

void store_shares(struct store *s, store_share_f *each, void *u)
{
    sqlite3_stmt *q = s->stmt[Q_SHARES];
    while (sqlite3_step(q) == SQLITE_ROW)
        each(u, &(struct store_share){store_column(q, 0), store_column(q, 1), sqlite3_column_int(q, 2) != 0,
                                      (uint64_t)sqlite3_column_int64(q, 3)});
    sqlite3_reset(q);
}

bool store_put_deadline(struct store *s, const struct deadline_row *row)
{
    enum query how = row->closed ? Q_DEADLINE_GONE : Q_DEADLINE;
    sqlite3_stmt *q = s->stmt[how];
    sqlite3_bind_int64(q, 1, (sqlite3_int64)row->key);
    if (!row->closed) {
        store_bind_text(q, 2, row->rule);
        sqlite3_bind_int64(q, 3, row->since_us);
        sqlite3_bind_int64(q, 4, row->time_us);
        sqlite3_bind_int64(q, 5, row->times);
        sqlite3_bind_int(q, 6, row->silent);
        sqlite3_bind_int64(q, 7, (sqlite3_int64)row->file_key);
        sqlite3_bind_int64(q, 8, (sqlite3_int64)row->offset);
        sqlite3_bind_blob(q, 9, row->record.text.n ? row->record.text.p : "", (int)row->record.text.n, SQLITE_STATIC);
    }
    return store_run(s, how);
}

void store_deadlines(struct store *s, deadline_row_f *each, void *u)
{
    sqlite3_stmt *q = s->stmt[Q_DEADLINES];
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        const struct deadline_row row = {.key = (uint64_t)sqlite3_column_int64(q, 0),
                                         .rule = store_column(q, 1),
                                         .since_us = sqlite3_column_int64(q, 2),
                                         .time_us = sqlite3_column_int64(q, 3),
                                         .times = (unsigned)sqlite3_column_int64(q, 4),
                                         .silent = sqlite3_column_int(q, 5) != 0,
                                         .file_key = (uint64_t)sqlite3_column_int64(q, 6),
                                         .offset = (uint64_t)sqlite3_column_int64(q, 7),
                                         .record = scrubbed_vouch(store_column(q, 8))};
        each(u, &row);
    }
    sqlite3_reset(q);
    if (rc != SQLITE_DONE)
        store_failed(s, "read what is waited for");
}

bool store_put_held(struct store *s, const struct join_row *row)
{
    enum query how = row->closed ? Q_HELD_GONE : Q_HELD;
    sqlite3_stmt *q = s->stmt[how];
    sqlite3_bind_int64(q, 1, (sqlite3_int64)row->key);
    if (!row->closed) {
        sqlite3_bind_int64(q, 2, row->last_us);
        sqlite3_bind_int64(q, 3, row->lines);
        sqlite3_bind_blob(q, 4, row->held.text.p, (int)row->held.text.n, SQLITE_STATIC);
    }
    return store_run(s, how);
}

void store_held(struct store *s, join_row_f *each, void *u)
{
    sqlite3_stmt *q = s->stmt[Q_HELD_ALL];
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        const struct join_row row = {.key = (uint64_t)sqlite3_column_int64(q, 0),
                                     .last_us = sqlite3_column_int64(q, 1),
                                     .lines = (unsigned)sqlite3_column_int(q, 2),
                                     .held = scrubbed_vouch(store_column(q, 3))};
        each(u, &row);
    }
    sqlite3_reset(q);
    if (rc != SQLITE_DONE)
        store_failed(s, "read what was held");
}

bool store_put_clock(struct store *s, int64_t clock_us)
{
    sqlite3_bind_int64(s->stmt[Q_CLOCK], 1, clock_us);
    return store_run(s, Q_CLOCK);
}

int64_t store_clock(struct store *s)
{
    sqlite3_stmt *q = s->stmt[Q_CLOCK_GET];
    int64_t clock_us = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_reset(q);
    return clock_us > 0 ? clock_us : 0;
}

static bool run_report(struct store *s, enum query which, const struct store_report *r)
{
    sqlite3_stmt *q = s->stmt[which];
    store_bind_text(q, 1, r->project);
    store_bind_text(q, 2, r->reason);
    store_bind_text(q, 3, r->category);
    sqlite3_bind_int64(q, 4, (sqlite3_int64)r->quantity);
    return store_run(s, which);
}

bool store_put_report(struct store *s, const struct store_report *r)
{
    return r->quantity == 0 || run_report(s, Q_REPORT, r);
}

void store_reports(struct store *s, struct slice project, void (*each)(void *u, const struct store_report *r), void *u)
{
    sqlite3_stmt *q = s->stmt[Q_REPORTS];
    int rc;
    store_bind_text(q, 1, project);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        const struct store_report r = {.project = project,
                                       .reason = store_column(q, 0),
                                       .category = store_column(q, 1),
                                       .quantity = (uint64_t)sqlite3_column_int64(q, 2)};
        each(u, &r);
    }
    sqlite3_reset(q);
    if (rc != SQLITE_DONE)
        store_failed(s, "read what is to be reported");
}

static bool note_reported(struct store *s, const struct store_report *r)
{
    bool suppressed = slice_is(r->reason, count_rows[COUNT_suppressed].reason);
    return store_run(s, Q_BEGIN) && run_report(s, Q_REPORT_TOLD, r) && store_run(s, Q_REPORT_GONE) &&
           (!suppressed || store_add_count(s, COUNT_reported, r->quantity)) && store_end(s, GIVES_ROOM);
}

void store_report_told(struct store *s, const struct store_report *r)
{
    static const char doing[] = "note what has been reported";
    /* Otherwise Sentry would be told once more. */
    if (!note_reported(s, r) && store_failed(s, doing) == STORE_FULL && !note_reported(s, r))
        store_failed(s, doing);
}

void store_counts(struct store *s, struct counts *out)
{
    int64_t none;
    if (!store_read_counts(s, Q_COUNTS, out, &none))
        store_failed(s, "read the ledger");
}

void store_count_ahead(struct store *s, uint64_t events)
{
    s->counted.v[COUNT_stored_ahead] += events;
}

bool store_unnamed_rows(struct store *s, int64_t *rows)
{
    struct counts counts;
    if (!store_read_counts(s, Q_COUNTS_AND_ROWS, &counts, rows))
        return false;
    *rows -= (int64_t)(count_sum(&counts, COUNT_CAME) - count_sum(&counts, COUNT_WENT)) + s->unnamed_rows;
    return true;
}

bool store_put_first_position(struct store *s, const struct position *p)
{
    sqlite3_stmt *q = s->stmt[Q_POSITION_FIRST];
    struct tail_position at;
    struct position first = {.input = p->input};
    struct sbuf text;
    if (p->closed || !tail_position_read(p, &at))
        return true;
    at.at = (struct line_reader_place){0};
    sbuf_init(&text, 2 * TAIL_POSITION_MAX);
    tail_position_write(&at, &text, &first);
    store_bind_text(q, 1, first.input);
    store_bind_text(q, 2, first.part);
    sqlite3_bind_int64(q, 3, 0);
    sqlite3_bind_blob(q, 4, first.blob.p, (int)first.blob.n, SQLITE_STATIC);
    bool ok = store_run(s, Q_POSITION_FIRST);
    sbuf_done(&text);
    return ok;
}

bool store_put_position(struct store *s, const struct position *p)
{
    enum query which = p->closed ? Q_POSITION_GONE : Q_POSITION;
    sqlite3_stmt *q = s->stmt[which];
    if (p->closed && !store_keep_fate_file(s, p))
        return false;
    store_bind_text(q, 1, p->input);
    store_bind_text(q, 2, p->part);
    store_copy_position(s, p);
    if (!p->closed) {
        sqlite3_bind_int64(q, 3, (int64_t)p->offset);
        sqlite3_bind_blob(q, 4, p->blob.n ? p->blob.p : "", (int)p->blob.n, SQLITE_STATIC);
    }
    return store_run(s, which);
}

void store_count_rows(struct store *s, store_rows_f *each, void *u)
{
    sqlite3_stmt *q = s->stmt[Q_ROWS_OF];
    while (sqlite3_step(q) == SQLITE_ROW) {
        int64_t state = sqlite3_column_int64(q, 1);
        if (state >= STORE_STATE_OPEN && state <= STORE_STATE_DEAD)
            each(u, store_column(q, 0), (enum store_state)state, (uint64_t)sqlite3_column_int64(q, 2));
    }
    sqlite3_reset(q);
}

void store_totals(struct store *s, struct store_totals *out)
{
    sqlite3_stmt *q = s->stmt[Q_TOTALS];
    *out = (struct store_totals){0};
    while (sqlite3_step(q) == SQLITE_ROW) {
        uint64_t n = (uint64_t)sqlite3_column_int64(q, 1);
        switch (sqlite3_column_int64(q, 0)) {
        case STORE_STATE_OPEN:
            out->open = n;
            break;
        case STORE_STATE_READY:
            out->ready = n;
            break;
        case STORE_STATE_DEAD:
            out->dead = n;
            break;
        }
    }
    sqlite3_reset(q);
    out->used_bytes = store_used(s);
}
