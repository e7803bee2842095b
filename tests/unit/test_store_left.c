/*
 * What a run that was killed leaves in the store, and what the runs after it make of that: events stored ahead of a
 * checkpoint whose rest never came, rows that are still open, lines that were held. Whatever a start could not do for
 * want of room, or because somebody else had the store, every event that was made has become something in the ledger of
 * all runs.
 */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "io/clock.h"
#include "io/store.h"

enum {
    LIMIT = 4 << 20,   /* a part of a checkpoint is a thirty-second of it */
    PAYLOAD = 8 << 10, /* so that each is a few events */
    EVENTS = 60,       /* the most that a checkpoint has of each form */
    LIVES = 12,
    STEPS = 6, /* of one life */
    SEEDS = 4,
};

static char folder[64], path[96];
static sqlite3 *other; /* somebody else who has the store */
static uint64_t rnd;
static char noise[PAYLOAD]; /* which does not get smaller */

static unsigned chance(unsigned n)
{
    rnd = hash_mix(rnd, 1);
    return (unsigned)(rnd % n);
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "%s/crumbd-left-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/crumbd.db", folder);
    for (size_t k = 0; k < sizeof noise; k++)
        noise[k] = (char)('!' + hash_mix(k, 1) % 90);
}

static void tear_down(void)
{
    char *cmd = xasprintf("rm -rf '%s'", folder);
    ck_assert_int_eq(system(cmd), 0);
    free(cmd);
}

static void tell_other(const char *sql)
{
    if (!other)
        ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(other, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(other));
}

static void other_goes(void)
{
    sqlite3_close(other);
    other = NULL;
}

/* From this event on nothing goes in. */
static void refuse(unsigned number)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "CREATE TRIGGER refuse BEFORE INSERT ON event WHEN new.event_id>=x'%08x000040008000000000000000'"
             " BEGIN SELECT RAISE(ABORT,'refused'); END",
             number);
    tell_other(sql);
}

static void refuse_nothing(void)
{
    tell_other("DROP TRIGGER IF EXISTS refuse");
}

/* ---- a daemon, as far as it has to do with the store ---- */

/* The events between closed and read wait for their lines: the store has them open. */
static struct {
    unsigned read, closed;
    struct checkpoint c; /* the one that is under way */
    struct store_event events[2 * EVENTS];
    struct position position;
    unsigned after_read, after_closed;
} run;

static struct store *open_it(void)
{
    struct diag d = {0};
    struct store *s = store_open(path, STORE_DAEMON, LIMIT, &d);
    ck_assert_msg(s != NULL, "%s", d.n ? d.v[0].text : "no reason given");
    store_keep_newest(s, true);
    return s;
}

static void left_offset_of(void *u, const struct position *p)
{
    *(unsigned *)u = (unsigned)p->offset;
}

static void add(unsigned number, bool open, bool written_open)
{
    struct store_event *e = &run.events[run.c.n_events++];
    *e = (struct store_event){.open = open,
                              .written_open = written_open,
                              .time_us = 1700000000000000,
                              .level = SLICE("error"),
                              .title = {SLICE("title")},
                              .payload = {slice_of(noise, sizeof noise)}};
    snprintf(e->event_id, sizeof e->event_id, "%08x000040008000000000000000", number);
}

/* The closed forms of what waits, what is read and does not wait, and the open forms of what is read and does. */
static void next_checkpoint(unsigned n, unsigned waiting)
{
    run.c = (struct checkpoint){.events = run.events, .positions = &run.position, .n_positions = 1};
    for (unsigned i = run.closed; i < run.read; i++)
        add(i, false, true);
    for (unsigned i = run.read; i < run.read + n; i++)
        add(i, i >= run.read + n - waiting, false);
    run.after_closed = run.read + n - waiting;
    run.after_read = run.read + n;
    run.position = (struct position){
        .input = SLICE("in"), .part = SLICE("00000000000000aa"), .offset = run.after_read, .blob = SLICE("b")};
    run.c.counts.v[COUNT_lines_in] = run.c.counts.v[COUNT_event] = n;
}

static bool commit(struct store *s)
{
    if (store_commit(s, &run.c) != STORE_OK)
        return false;
    run.read = run.after_read;
    run.closed = run.after_closed;
    run.c.n_events = 0;
    return true;
}

static struct store *start(void)
{
    memset(&run, 0, sizeof run);
    struct store *s = open_it();
    store_close_open(s);
    store_positions(s, left_offset_of, &run.read);
    run.closed = run.read;
    return s;
}

static void deliver(struct store *s, unsigned n)
{
    struct store_row *row;
    for (; n && (row = store_next(s, SLICE(""), ITEM_EVENT, clock_wall_us())); n--) {
        store_sent(s, row->id);
        store_row_free(row);
    }
    store_flush(s);
}

static void ck_balance(struct store *s)
{
    struct counts c;
    struct store_totals t;
    int64_t unnamed = 0;
    store_counts(s, &c);
    store_totals(s, &t);
    ck_assert_uint_eq(count_sum(&c, COUNT_MADE), count_sum(&c, COUNT_BECAME) + t.open);
    ck_assert(store_unnamed_rows(s, &unnamed));
    ck_assert_int_eq(unnamed, 0);
    ck_assert_uint_eq(c.v[COUNT_lines_in], run.read);
}

/* ---- what goes wrong ---- */

/* A run that stores events ahead of a checkpoint that is never whole; some of them wait. */
static unsigned leave_some_ahead(bool waiting)
{
    struct store *s = start();
    next_checkpoint(EVENTS, waiting ? EVENTS : 0);
    refuse(EVENTS / 2);
    ck_assert(!commit(s));
    unsigned there = run.c.n_stored;
    ck_assert_uint_gt(there, 0);
    ck_assert_uint_lt(there, EVENTS);
    store_close(s); /* the rest is only in memory: as after a kill */
    refuse_nothing();
    return there;
}

static void go_on_to_the_end(struct store *s)
{
    next_checkpoint(EVENTS, EVENTS);
    ck_assert(commit(s));
    next_checkpoint(0, 0);
    ck_assert(commit(s));
    ck_balance(s);
}

/* The start cannot close what was left open; the same events are made again, and found there. */
START_TEST(rows_that_a_start_could_not_close)
{
    unsigned there = leave_some_ahead(true);
    struct store *s = open_it();
    tell_other("BEGIN IMMEDIATE");
    ck_assert_uint_eq(store_close_open(s), 0);
    tell_other("COMMIT");
    memset(&run, 0, sizeof run);
    go_on_to_the_end(s);
    struct counts c;
    store_counts(s, &c);
    ck_assert_uint_eq(c.v[COUNT_stored_ahead], there);
    ck_assert_uint_eq(c.v[COUNT_stored_before], there);
    ck_assert_uint_eq(c.v[COUNT_stored], EVENTS);
    store_close(s);
    other_goes();
}
END_TEST

/* The start cannot name what was stored ahead. */
START_TEST(what_a_start_could_not_name)
{
    unsigned there = leave_some_ahead(false);
    tell_other("BEGIN IMMEDIATE");
    struct store *s = open_it();
    tell_other("COMMIT");
    store_close_open(s);
    memset(&run, 0, sizeof run);
    go_on_to_the_end(s);
    struct counts c;
    store_counts(s, &c);
    ck_assert_uint_eq(c.v[COUNT_stored_ahead], there);
    store_close(s);
    other_goes();
}
END_TEST

/* Three lines had no fate when the run was killed. They are named once, by the next start, or where that has no store
   to write in before its first checkpoint. */
START_TEST(lines_that_were_held)
{
    struct counts c;
    struct store *s = start();
    next_checkpoint(EVENTS, 0);
    run.c.counts.v[COUNT_lines_in] += 3;
    ck_assert(commit(s));
    store_counts(s, &c);
    ck_assert_uint_eq(c.v[COUNT_held_again], 0); /* it still runs */
    store_close(s);
    if (_i)
        tell_other("BEGIN IMMEDIATE");
    s = start();
    if (_i)
        tell_other("COMMIT");
    next_checkpoint(3, 0); /* which read them again */
    ck_assert(commit(s));
    for (unsigned starts = 0; starts < 2; starts++) {
        store_counts(s, &c);
        ck_assert_uint_eq(c.v[COUNT_held_again], 3);
        ck_assert_uint_eq(c.v[COUNT_lines_in], count_fates(&c));
        store_close(s);
        s = start();
    }
    store_close(s);
    other_goes();
}
END_TEST

static void live(void)
{
    bool had = chance(3) == 0;
    if (had)
        tell_other("BEGIN IMMEDIATE");
    struct store *s = start();
    if (had)
        tell_other("COMMIT");
    for (unsigned i = 0; i < STEPS; i++) {
        if (!run.c.n_events) {
            unsigned n = chance(EVENTS + 1);
            next_checkpoint(n, chance(n + 1));
        }
        bool refused = chance(3) == 0;
        if (refused)
            refuse(run.read + chance(EVENTS));
        commit(s);
        if (refused)
            refuse_nothing();
        deliver(s, chance(EVENTS));
    }
    store_close(s);
}

START_TEST(many_lives)
{
    rnd = (uint64_t)_i + 1;
    store_close(open_it());
    for (unsigned i = 0; i < LIVES; i++)
        live();
    struct store *s = start();
    next_checkpoint(1, 0);
    ck_assert(commit(s));
    ck_balance(s);
    store_close(s);
    other_goes();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("what is left in the store");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, rows_that_a_start_could_not_close);
    tcase_add_test(t, what_a_start_could_not_name);
    tcase_add_loop_test(t, lines_that_were_held, 0, 2);
    tcase_add_loop_test(t, many_lives, 0, getenv("TORTURE_ALL") ? 10 * SEEDS : SEEDS);
    suite_add_tcase(s, t);
    return unit_run(s);
}
