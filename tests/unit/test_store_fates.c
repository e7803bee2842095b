/* What the store keeps of lines: bounded on disk, the oldest going first; which file it was; what has been sent. */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "io/store_fates.h"

static char folder[] = "/tmp/crumbd-fates-XXXXXX", path[64];
static struct store *store;
static uint64_t number;

static void open_store(uint64_t store_limit, uint64_t limit)
{
    struct diag d = {0};
    store = store_open(path, STORE_DAEMON, store_limit, &d);
    if (!store)
        err_print(&d, stderr);
    ck_assert_ptr_nonnull(store);
    number = store_keep_fates(store, limit);
}

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/crumbd.db", folder);
}

static void tear_down(void)
{
    char command[128];
    store_close(store);
    store = NULL;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    memcpy(folder, "/tmp/crumbd-fates-XXXXXX", sizeof folder);
}

/* Asked of the file, by SQLite alone. */
static void exec(const char *text)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int64_t ask(const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *q = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, text, -1, &q, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return v;
}

static enum store_result put(uint64_t chunk, uint64_t file, uint64_t from, size_t bytes, size_t told_bytes)
{
    static char content[FATES_CHUNK_MAX];
    memset(content, (int)('a' + chunk % 26), sizeof content);
    struct fates_chunk c = {.number = chunk,
                            .file = file,
                            .first = from,
                            .end = from + 1000,
                            .bytes = slice_of(content, bytes),
                            .told_bytes = told_bytes};
    return store_commit(store, &(struct checkpoint){.fates = &c, .n_fates = 1});
}

struct seen {
    unsigned n;
    uint64_t first, last, bytes;
};

static void see(void *u, const struct fates_chunk *c)
{
    struct seen *s = u;
    ck_assert_uint_gt(c->number, s->last);
    s->first = s->n++ ? s->first : c->number;
    s->last = c->number;
    s->bytes += c->bytes.n;
}

START_TEST(a_chunk_grows_under_its_number)
{
    struct seen of_one = {0}, of_all = {0};
    struct arena a = {0};
    open_store(0, 1 << 20);
    ck_assert_uint_eq(number, 1);
    ck_assert_int_eq(put(1, 7, 0, 100, 0), STORE_OK);
    ck_assert_int_eq(put(2, UINT64_MAX, 0, 50, 0), STORE_OK);
    ck_assert_int_eq(put(1, 7, 0, 300, 100), STORE_OK);
    store_close(store);
    open_store(0, 1 << 20);
    ck_assert_uint_eq(number, 3);
    ck_assert(store_fates(store, 7, true, see, &of_one) && store_fates(store, 0, true, see, &of_all));
    ck_assert(of_one.n == 1 && of_one.bytes == 300 && of_all.n == 2 && of_all.bytes == 350);
    ck_assert_uint_eq(store_fates_bytes(store, 1, &a).n, 300);
    ck_assert_uint_eq(store_fates_bytes(store, 9, &a).n, 0);
    arena_done(&a);
}
END_TEST

/* Three times as much as there is room for, in chunks that grow as those of a daemon do. */
START_TEST(the_oldest_makes_room)
{
    enum { LIMIT = 1 << 20, CHUNKS = 3 * LIMIT / FATES_CHUNK_MAX };
    struct seen all = {0};
    open_store(0, LIMIT);
    uint64_t empty = store_used(store);
    for (uint64_t i = 1; i <= CHUNKS; i++) {
        uint64_t file = 1 + i % 5;
        ck_assert_int_eq(put(i, file, 1000 * i, FATES_CHUNK_MAX / 4, 0), STORE_OK);
        ck_assert_int_eq(put(i, file, 1000 * i, FATES_CHUNK_MAX, FATES_CHUNK_MAX / 4), STORE_OK);
    }
    ck_assert(store_fates(store, 0, true, see, &all));
    ck_assert_uint_eq(all.last, CHUNKS);
    ck_assert_uint_eq(all.last - all.first + 1, all.n); /* no gap */
    ck_assert_uint_gt(all.bytes, LIMIT * 9 / 10);
    ck_assert_uint_le(all.bytes, LIMIT);
    ck_assert_uint_le(store_used(store) - empty, LIMIT * 5 / 4); /* on disk */
    for (uint64_t file = 1; file <= 5; file++) {
        uint64_t gone = all.first - 1; /* the last one of this file that went */
        while (1 + gone % 5 != file)
            gone--;
        ck_assert_uint_eq(store_fates_forgotten(store, file), 1000 * gone + 1000);
    }
    ck_assert_uint_eq(store_fates_forgotten(store, 99), 0);
}
END_TEST

START_TEST(store_limit_counts_as_well)
{
    enum { LIMIT = 4 << 20 };
    struct seen all = {0};
    open_store(LIMIT, 16 << 20);
    for (uint64_t i = 1; i <= 1000; i++)
        ck_assert_int_eq(put(i, 1, i, 1000, 0), STORE_OK);
    ck_assert(store_fates(store, 0, true, see, &all));
    ck_assert_uint_le(all.bytes, LIMIT / STORE_FATES_SHARE);
    ck_assert_uint_gt(all.bytes, LIMIT / STORE_FATES_SHARE / 2);
}
END_TEST

static unsigned n_files;

static void see_file(void *u, const struct position *p)
{
    const char *part = u;
    ck_assert(slice_is(p->part, part) && p->offset == 43 && slice_is(p->blob, "file1 x") && p->closed);
    n_files++;
}

static void put_position(const char *part, bool closed)
{
    struct position p = {.input = SLICE("/log/*"),
                         .part = slice_str(part),
                         .offset = closed ? 43 : 42,
                         /* read on, and then closed */ .blob = SLICE("file1 x"),
                         .closed = closed};
    ck_assert_int_eq(store_commit(store, &(struct checkpoint){.positions = &p, .n_positions = 1}), STORE_OK);
}

static unsigned files_known(const char *part)
{
    n_files = 0;
    store_fate_files(store, see_file, (void *)(uintptr_t)part);
    return n_files;
}

/* As long as anything is known of its lines. */
START_TEST(a_file_that_is_gone_is_known)
{
    static const char KEY[] = "fedcba9876543210", OTHER[] = "0000000000000001";
    open_store(0, 64 << 10);
    ck_assert_int_eq(put(1, UINT64_C(0xfedcba9876543210), 0, 100, 0), STORE_OK);
    put_position(KEY, false);
    put_position(OTHER, false);
    ck_assert_uint_eq(files_known(KEY), 0);
    put_position(KEY, true);
    put_position(OTHER, true); /* nothing is known of it */
    ck_assert_uint_eq(files_known(KEY), 1);
    for (uint64_t i = 2; i < 100; i++)
        ck_assert_int_eq(put(i, 5, i, FATES_CHUNK_MAX, 0), STORE_OK);
    ck_assert_uint_eq(files_known(KEY), 0);
    ck_assert_int_eq(ask("SELECT count(*) FROM fate_file"), 1);
}
END_TEST

static void put_event(unsigned n)
{
    struct store_event e = {.time_us = 1, .level = SLICE("error"), .title = scrubbed_vouch(SLICE("t"))};
    e.payload = scrubbed_vouch(SLICE("{}"));
    snprintf(e.event_id, sizeof e.event_id, "ffffffff%024x", n); /* no text of any kind */
    ck_assert_int_eq(store_commit(store, &(struct checkpoint){.events = &e, .n_events = 1}), STORE_OK);
}

static void send_one(void)
{
    struct store_row *r = store_next(store, SLICE(""), ITEM_EVENT, INT64_MAX / 2);
    ck_assert_ptr_nonnull(r);
    store_sent(store, r->id);
    store_row_free(r);
    ck_assert_int_eq(store_flush(store), STORE_OK);
}

struct departures {
    unsigned n;
    uint8_t newest, oldest; /* the last byte of their ids */
    uint64_t sum;           /* of the numbers in them */
};

static void see_departure(void *u, const struct store_departure *d)
{
    struct departures *all = u;
    ck_assert(d->how == STORE_DEPARTED_SENT && d->at_us > INT64_C(1600000000000000));
    all->newest = all->n++ ? all->newest : d->event_id[15];
    all->oldest = d->event_id[15];
    all->sum += (uint64_t)d->event_id[14] << 8 | d->event_id[15];
    for (int i = 0; i < 14; i++)
        ck_assert_uint_eq(d->event_id[i], i < 4 ? 0xff : 0);
}

START_TEST(what_was_sent_is_known)
{
    enum { LIMIT = 64 << 10, MOST = LIMIT / 4 / 16, N = 2 * MOST };
    struct departures all = {0};
    open_store(0, LIMIT);
    put_event(1);
    put_event(2);
    send_one();
    store_departures(store, see_departure, &all);
    ck_assert(all.n == 1 && all.newest == 1);
    for (unsigned i = 3; i <= N; i++) { /* one in each transaction; no more than a second is of a row */
        put_event(i);
        send_one();
    }
    all = (struct departures){0};
    store_departures(store, see_departure, &all);
    ck_assert_uint_le(all.n, MOST);
    ck_assert_uint_gt(all.n, MOST / 2);
    ck_assert_uint_eq(all.sum, (uint64_t)all.n * (2 * (N - 1) - all.n + 1) / 2); /* the last ones, each once */
    ck_assert_int_le(ask("SELECT sum(length(ids)+48) FROM departed"), LIMIT / 4);
    ck_assert_int_le(ask("SELECT max(length(ids)) FROM departed"), 1024);
    all = (struct departures){0};
    exec("UPDATE departed SET at_us=at_us-60000000");
    int64_t rows = ask("SELECT max(number) FROM departed");
    send_one();
    ck_assert_int_eq(ask("SELECT max(number) FROM departed"), rows + 1);
    put_event(0);
    ck_assert_int_eq(ask("SELECT count(*) FROM event"), 1);
}
END_TEST

START_TEST(nothing_may_be_kept)
{
    open_store(0, 64 << 10);
    ck_assert_int_eq(put(1, 7, 0, 100, 0), STORE_OK);
    put_event(1);
    send_one();
    store_close(store);
    open_store(0, 0);
    ck_assert_uint_eq(number, 0);
    ck_assert_int_eq(put(1, 7, 0, 100, 0), STORE_OK);
    put_event(2);
    send_one();
    ck_assert_int_eq(ask("SELECT (SELECT count(*) FROM fate)+(SELECT count(*) FROM departed)"), 0);
}
END_TEST

/* A checkpoint that is not stored leaves what is reckoned as it was, and goes in when it is tried again. */
START_TEST(a_failed_checkpoint_changes_nothing)
{
    sqlite3 *db;
    struct seen all = {0};
    open_store(0, 64 << 10);
    ck_assert_int_eq(put(1, 7, 0, 1000, 0), STORE_OK);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(put(2, 7, 1000, 1000, 0), STORE_FAILED);
    sqlite3_close(db);
    for (uint64_t i = 2; i < 200; i++)
        ck_assert_int_eq(put(i, 7, 1000 * i, 1000, 0), STORE_OK);
    ck_assert(store_fates(store, 7, true, see, &all));
    ck_assert_uint_eq(all.n, (64 << 10) / 1048);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fates in the store");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_chunk_grows_under_its_number);
    tcase_add_test(t, the_oldest_makes_room);
    tcase_add_test(t, store_limit_counts_as_well);
    tcase_add_test(t, a_file_that_is_gone_is_known);
    tcase_add_test(t, what_was_sent_is_known);
    tcase_add_test(t, nothing_may_be_kept);
    tcase_add_test(t, a_failed_checkpoint_changes_nothing);
    suite_add_tcase(s, t);
    return unit_run(s);
}
