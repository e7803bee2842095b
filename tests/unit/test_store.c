#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/store.h"

static char dir[64], path[96];

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/crumbd-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/deep/down/crumbd.db", dir);
}

static void tear_down(void)
{
    char *small = xasprintf("%s/small", dir), *cmd = xasprintf("rm -rf '%s'", dir);
    umount2(small, MNT_DETACH); /* where a test has mounted one */
    free(small);
    ck_assert_int_eq(system(cmd), 0);
    free(cmd);
}

static struct store *open_at(const char *p, enum store_mode mode, uint64_t limit)
{
    struct diag d = {0};
    struct store *s = store_open(p, mode, limit, &d);
    ck_assert_msg(s != NULL, "%s", d.n ? d.v[0].text : "no reason given");
    return s;
}

static struct store *open_it(void)
{
    return open_at(path, STORE_DAEMON, 0);
}

/* The reason why it does not open; caller frees. */
static char *refusal(const char *p, enum store_mode mode)
{
    struct diag d = {0};
    ck_assert_ptr_null(store_open(p, mode, 0, &d));
    ck_assert_uint_eq(d.errors, 1);
    char *text = xstrdup(d.v[0].text);
    err_done(&d);
    return text;
}

static void exec_sql(const char *sql)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    char *error = NULL;
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &error) == SQLITE_OK, "%s: %s", sql, error ? error : "");
    sqlite3_close(db);
}

/* As steps before the seventh left it. */
#define WITHOUT_SHARES                                                                                                 \
    "DROP TABLE fate; DROP TABLE fate_file; DROP TABLE departed; DROP TABLE held; DROP TABLE position; CREATE TABLE "  \
    "file(key INTEGER PRIMARY KEY, dev INTEGER NOT NULL, ino "                                                         \
    "INTEGER NOT NULL,"                                                                                                \
    " head_bytes INTEGER NOT NULL, head_hash INTEGER NOT NULL, offset INTEGER NOT NULL, path TEXT NOT NULL,"           \
    " input TEXT NOT NULL, held_stdout INTEGER NOT NULL DEFAULT 0, held_stderr INTEGER NOT NULL DEFAULT 0);"           \
    "DROP TRIGGER event_comes; DROP TRIGGER event_changes; DROP TRIGGER event_goes; DROP TRIGGER event_dies;"          \
    "DROP TABLE share; DROP INDEX event_input; DROP INDEX event_issue;"                                                \
    "ALTER TABLE event DROP COLUMN issue; ALTER TABLE event DROP COLUMN repeat; ALTER TABLE event DROP COLUMN input;"

static int64_t ask_sql(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return v;
}

static struct store_event event(unsigned n, const char *payload)
{
    struct store_event e = {.time_us = 1700000000000000 + n, .title = {SLICE("title")}, .level = SLICE("error")};
    snprintf(e.event_id, sizeof e.event_id, "%08x000040008000000000000000", n);
    e.payload.text = slice_str(payload);
    return e;
}

static enum store_result put(struct store *s, struct store_event e)
{
    struct checkpoint c = {.events = &e, .n_events = 1};
    return store_commit(s, &c);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000 + 1;
}

static int64_t unnamed(struct store *s)
{
    int64_t rows;
    ck_assert(store_unnamed_rows(s, &rows));
    return rows;
}

static struct store_row *next(struct store *s)
{
    return store_next(s, SLICE(""), ITEM_EVENT, now());
}

static struct store_totals totals(struct store *s)
{
    struct store_totals t;
    store_totals(s, &t);
    return t;
}

static struct counts counts(struct store *s)
{
    struct counts c;
    store_counts(s, &c);
    return c;
}

START_TEST(made_as_it_should_be)
{
    struct store *s = open_it();
    struct stat st;
    uint8_t id[16];
    memcpy(id, store_id(s), 16);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    char *wal = xasprintf("%s-wal", path), *deep = xasprintf("%s/deep", dir);
    ck_assert_int_eq(stat(wal, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    ck_assert_int_eq(stat(deep, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0750);
    free(wal);
    free(deep);
    store_close(s);
    ck_assert_int_eq(ask_sql("PRAGMA auto_vacuum"), 2);
    ck_assert_int_eq(ask_sql("SELECT journal_mode='wal' FROM pragma_journal_mode"), 1);
    ck_assert_int_eq(ask_sql("PRAGMA user_version"), 14);
    s = open_it();
    ck_assert_mem_eq(id, store_id(s), 16);
    store_close(s);
}
END_TEST

START_TEST(one_daemon_many_tools)
{
    struct store *s = open_it();
    char *text = refusal(path, STORE_DAEMON), *pid = xasprintf("pid %ld", (long)getpid());
    ck_assert_msg(strstr(text, pid) != NULL, "%s", text);
    free(text);
    free(pid);
    ck_assert_int_eq(put(s, event(1, "{\"a\":1}")), STORE_OK);
    struct store *tool = open_at(path, STORE_TOOL, 0);
    struct store_row *r = store_get(tool, 1, NULL);
    ck_assert_ptr_nonnull(r);
    ck_slice(r->event.payload.text, "{\"a\":1}");
    store_row_free(r);
    ck_assert_int_eq(store_drop(tool, 1, false), 1);
    ck_assert_ptr_null(next(s));
    store_close(tool);
    store_close(s);
    store_close(open_it()); /* the lock went with the store */
}
END_TEST

static void forget_copy(void)
{
    char *copy = xasprintf("%s.positions", path);
    ck_assert_int_eq(unlink(copy), 0);
    free(copy);
}

START_TEST(refused_with_a_remedy)
{
    char *text = refusal(path, STORE_TOOL);
    ck_assert(strstr(text, "there is no store") && strstr(text, "--store"));
    free(text);
    store_close(open_it());
    forget_copy(); /* what says that it is ours; see test_store_renew.c */

    exec_sql("PRAGMA user_version=999");
    text = refusal(path, STORE_DAEMON);
    ck_assert(strstr(text, "newer crumbd") != NULL);
    free(text);

    exec_sql("PRAGMA user_version=1; PRAGMA application_id=7");
    text = refusal(path, STORE_DAEMON);
    ck_assert(strstr(text, "other program") != NULL);
    free(text);

    int fd = open(path, O_WRONLY | O_TRUNC);
    ck_assert_int_eq(write(fd, "this is no database, it only sits where one should be", 53), 53);
    close(fd);
    text = refusal(path, STORE_DAEMON);
    ck_assert_msg(strstr(text, "aside") != NULL, "%s", text);
    free(text);

    text = refusal("/proc/no/such/place/crumbd.db", STORE_DAEMON);
    ck_assert_msg(strstr(text, "directory /proc/no") != NULL, "%s", text);
    free(text);
}
END_TEST

START_TEST(rows_and_their_ways)
{
    struct store *s = open_it();
    struct store_event e[3] = {event(1, "{\"n\":1}"), event(2, "{\"n\":2}"), event(3, "{\"n\":3}")};
    e[2].project = SLICE("billing");
    struct checkpoint c = {.events = e, .n_events = 3};
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);

    struct store_row *a = next(s), *b = next(s);
    ck_assert_int_eq(a->id, 1);
    ck_assert_int_eq(b->id, 2);
    ck_assert_str_eq(a->event.event_id, e[0].event_id);
    ck_slice(a->event.title.text, "title");
    ck_assert_ptr_null(a->reason);
    ck_assert_ptr_null(next(s)); /* both are taken, the third is of another project */
    ck_assert_int_eq(store_due(s, SLICE(""), ITEM_EVENT), INT64_MAX);
    store_release(s, 1);
    store_row_free(a);
    a = next(s);
    ck_assert_int_eq(a->id, 1);

    store_sent(s, 1);
    store_retry(s, 2, now() + 60000000, "503 later");
    ck_assert_ptr_null(next(s)); /* decided, not yet written */
    ck_assert_int_eq(store_flush(s), STORE_OK);
    ck_assert_ptr_null(next(s));
    ck_assert_int_gt(store_due(s, SLICE(""), ITEM_EVENT), now());
    store_row_free(a);
    store_row_free(b);

    b = store_get(s, 2, NULL);
    ck_assert_uint_eq(b->attempts, 1);
    ck_assert_str_eq(b->reason, "503 later");
    store_row_free(b);
    ck_assert_int_eq(store_requeue(s, 0), 1);
    b = next(s);
    ck_assert_int_eq(b->id, 2);
    store_dead(s, 2, "400 bad");
    store_row_free(b);
    store_flush(s);
    ck_assert_uint_eq(totals(s).dead, 1);
    ck_assert_uint_eq(totals(s).ready, 1);
    struct counts got = counts(s);
    ck_assert_uint_eq(got.v[COUNT_sent], 1);
    ck_assert_uint_eq(got.v[COUNT_retries], 1);
    ck_assert_uint_eq(got.v[COUNT_dead], 1);
    ck_assert_int_eq(
        ask_sql("SELECT quantity FROM report WHERE reason='send_error' AND category='error' AND project=''"), 1);
    ck_assert_int_eq(store_requeue(s, 2), 1);
    ck_assert_int_eq(store_requeue(s, 3), 0); /* never failed: nothing to do */
    ck_assert_int_eq(store_drop(s, 0, true), 0);
    ck_assert_int_eq(store_drop(s, 3, false), 1);
    ck_assert_int_eq(store_drop(s, 3, false), 0);
    ck_assert_int_eq(store_drop(s, 0, false), 1);
    ck_assert_uint_eq(counts(s).v[COUNT_dropped_by_hand], 2);
    ck_assert_int_eq(ask_sql("SELECT sum(quantity) FROM report WHERE reason='before_send' AND category='error'"), 2);
    ck_assert_uint_eq(counts(s).v[COUNT_requeued], 1);
    ck_assert_int_eq(unnamed(s), 0);
    store_close(s);
}
END_TEST

static void note_id(void *u, const struct store_row *r)
{
    int64_t **at = u;
    *(*at)++ = r->id;
}

static void note_rows(void *u, struct slice project, enum store_state state, uint64_t rows)
{
    uint64_t *n = u;
    ck_assert(slice_is(project, "") || slice_is(project, "billing"));
    n[(project.n ? 3 : 0) + (int)state] += rows;
}

/* Dead letters page by page, and some at a time sent again or dropped; nothing goes unnamed. */
START_TEST(dead_letters_some_at_a_time)
{
    struct store *s = open_it();
    struct store_event e[8];
    int64_t ids[8] = {0}, *at = ids;
    uint64_t rows[6] = {0};
    for (int i = 0; i < 8; i++)
        e[i] = event(i + 1, "{}");
    e[6].project = e[7].project = SLICE("billing");
    struct checkpoint c = {.events = e, .n_events = 8};
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
    for (int i = 0; i < 5; i++) {
        struct store_row *r = next(s);
        store_dead(s, r->id, "HTTP 400");
        store_row_free(r);
    }
    store_flush(s);
    ck_assert(store_dead_letters(s, INT64_MAX, 3, note_id, &at));
    ck_assert_int_eq(at - ids, 3);
    ck_assert(store_dead_letters(s, ids[2], 8, note_id, &at));
    ck_assert_int_eq(at - ids, 5);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(ids[i], 5 - i);
    store_count_rows(s, note_rows, rows);
    ck_assert(rows[STORE_STATE_DEAD] == 5 && rows[STORE_STATE_READY] == 1 && rows[3 + STORE_STATE_READY] == 2);
    ck_assert_int_eq(store_requeue_dead(s, 2), 2);
    ck_assert_int_eq(store_drop_dead(s, 1), 1);
    ck_assert_uint_eq(totals(s).dead, 2);
    ck_assert_uint_eq(counts(s).v[COUNT_requeued], 2);
    ck_assert_int_eq(store_requeue_dead(s, 100), 2);
    ck_assert_int_eq(store_requeue_dead(s, 100), 0);
    ck_assert_int_eq(store_drop_dead(s, 100), 0);
    ck_assert_uint_eq(totals(s).ready, 7);
    ck_assert_int_eq(unnamed(s), 0);
    store_close(s);
}
END_TEST

static struct slice contents(char *room, size_t size)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, room, size);
    ck_assert(n > 0 && (size_t)n < size);
    close(fd);
    return slice_of(room, (size_t)n);
}

/* A few outcomes go to the WAL and wait there for its checkpoint, which syncs: each would cost two syncs otherwise. */
START_TEST(a_few_outcomes_do_not_sync)
{
    static char before[1 << 20], after[1 << 20];
    struct store *s = open_it();
    for (unsigned i = 1; i <= 10; i++)
        ck_assert_int_eq(put(s, event(i, "{}")), STORE_OK);
    struct slice was = contents(before, sizeof before);
    for (unsigned i = 1; i <= 10; i++) {
        struct store_row *r = next(s);
        store_sent(s, r->id);
        store_row_free(r);
        ck_assert_int_eq(store_flush(s), STORE_OK);
    }
    ck_assert(slice_eq(contents(after, sizeof after), was));
    ck_assert_uint_eq(totals(s).ready, 0);
    store_close(s);
}
END_TEST

static struct store_event check_in(const char *payload)
{
    struct store_event e = event(9, payload);
    e.kind = ITEM_CHECK_IN;
    return e;
}

START_TEST(the_newest_word_about_a_monitor)
{
    struct store *s = open_it();
    put(s, event(1, "{\"n\":1}"));
    put(s, check_in("{\"status\":\"ok\"}"));
    struct store_row *r = next(s);
    ck_assert_int_eq(r->event.kind, ITEM_EVENT);
    store_row_free(r);
    ck_assert_ptr_null(next(s)); /* check-ins are asked for by themselves */
    ck_assert_int_lt(store_due(s, SLICE(""), ITEM_CHECK_IN), now());
    r = store_next(s, SLICE(""), ITEM_CHECK_IN, now());
    ck_assert_int_eq(r->event.kind, ITEM_CHECK_IN);
    int64_t first = r->id;
    store_row_free(r);
    put(s, check_in("{\"status\":\"error\"}")); /* while the first is on its way */
    store_sent(s, first);
    store_flush(s);
    r = store_next(s, SLICE(""), ITEM_CHECK_IN, now());
    ck_assert_ptr_nonnull(r);
    ck_slice(r->event.payload.text, "{\"status\":\"error\"}");
    store_dead(s, r->id, "400");
    store_row_free(r);
    store_flush(s);
    ck_assert_uint_eq(totals(s).dead, 1);
    ck_assert_int_eq(ask_sql("SELECT quantity FROM report WHERE reason='send_error' AND category='monitor'"), 1);
    put(s, check_in("{\"status\":\"ok\"}"));
    ck_assert_uint_eq(totals(s).dead, 0); /* no dead letters pile up */
    put(s, check_in("{\"status\":\"ok\"}"));
    ck_assert_uint_eq(totals(s).ready, 2);
    /* One replaced on its way, one by the last; not the dead letter. */
    ck_assert_uint_eq(store_counted(s)->v[COUNT_check_ins_replaced], 2);
    ck_assert_uint_eq(store_counted(s)->v[COUNT_late_answers], 1);
    ck_assert_uint_eq(store_counted(s)->v[COUNT_stored], 5);
    ck_assert_int_eq(unnamed(s), 0);
    store_close(s);
}
END_TEST

/* An event that waits for its breadcrumbs is dropped by a tool: what the daemon has of it still does not come back. */
START_TEST(dropped_while_it_is_open)
{
    struct diag d = {0};
    struct store *s = open_it();
    struct store_event e = event(1, "{}"), other = event(2, "{}");
    e.open = other.open = true;
    put(s, e);
    put(s, other);
    struct store *tool = store_open(path, STORE_TOOL, 0, &d);
    ck_assert_ptr_nonnull(tool);
    ck_assert_int_eq(store_drop(tool, store_find(tool, e.event_id), false), 1);
    e.open = other.open = false;
    e.written_open = other.written_open = true;
    put(s, e);
    put(s, other);
    ck_assert_uint_eq(totals(s).ready, 1);
    ck_assert_int_eq(store_find(s, e.event_id), 0);
    ck_assert_uint_eq(counts(s).v[COUNT_stored], 2);
    ck_assert_uint_eq(counts(s).v[COUNT_stored_before], 0);
    ck_assert_uint_eq(counts(s).v[COUNT_dropped_by_hand], 1);
    ck_assert_int_eq(unnamed(s), 0);
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM meta WHERE name GLOB 'dropped:*'"), 0);
    /* Without a daemon, or killed before it was complete: nobody comes to forget it but the next start. */
    e = event(3, "{}");
    e.open = true;
    put(s, e);
    ck_assert_int_eq(store_drop(tool, 0, false), 2);
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM meta WHERE name GLOB 'dropped:*'"), 1);
    store_close(s);
    s = open_it();
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM meta WHERE name GLOB 'dropped:*'"), 0);
    ck_assert_int_eq(unnamed(s), 0);
    store_close(tool);
    store_close(s);
}
END_TEST

/* Whatever becomes of rows is counted; rows that come or go otherwise show. */
START_TEST(rows_that_go_unnamed)
{
    struct store *s = open_it();
    struct store_event open = event(5, "{}");
    for (unsigned i = 1; i <= 4; i++)
        put(s, event(i, "{}"));
    put(s, event(4, "{}")); /* its line was read again */
    open.open = true;
    put(s, open);
    struct store_row *r = next(s);
    store_sent(s, r->id);
    store_row_free(r);
    r = next(s);
    ck_assert_int_eq(store_drop(s, r->id, false), 1); /* while it is on its way */
    store_sent(s, r->id);
    store_row_free(r);
    ck_assert_int_eq(store_flush(s), STORE_OK);
    ck_assert_uint_eq(store_close_open(s), 1);
    ck_assert_uint_eq(counts(s).v[COUNT_stored], 5);
    ck_assert_uint_eq(counts(s).v[COUNT_stored_before], 1);
    ck_assert_int_eq(unnamed(s), 0);
    exec_sql("DELETE FROM event WHERE id=3");
    ck_assert_int_eq(unnamed(s), -1);
    store_close(s);
    s = open_it();
    ck_assert_int_eq(unnamed(s), 0);
    /* That nobody knows is not that all is well. */
    int64_t rows = 0;
    exec_sql("ALTER TABLE count RENAME TO gone");
    ck_assert(!store_unnamed_rows(s, &rows));
    exec_sql("ALTER TABLE gone RENAME TO count");
    ck_assert(store_unnamed_rows(s, &rows));
    store_close(s);
}
END_TEST

static struct deadline_row rows[8];
static unsigned n_rows;
static char row_record[8][16];

static void on_row(void *u, const struct deadline_row *row)
{
    (void)u;
    rows[n_rows] = *row;
    memcpy(row_record[n_rows], row->record.text.p ? row->record.text.p : "", row->record.text.n);
    ck_slice(row->rule, "r");
    n_rows++;
}

START_TEST(what_is_waited_for)
{
    struct store *s = open_it();
    struct deadline_row v[] = {{.key = UINT64_MAX - 1, .rule = SLICE("r"), .since_us = 20, .time_us = INT64_MIN},
                               {.key = 2,
                                .rule = SLICE("r"),
                                .since_us = 10,
                                .time_us = 7,
                                .times = 3,
                                .silent = true,
                                .file_key = UINT64_MAX,
                                .offset = 5,
                                .record = {SLICE("a\0b")}}};
    struct checkpoint c = {.deadlines = v, .n_deadlines = 2, .clock_us = 30};
    ck_assert_int_eq(store_clock(s), 0);
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
    store_close(s);
    s = open_it();
    ck_assert_int_eq(store_clock(s), 30);
    n_rows = 0;
    store_deadlines(s, on_row, NULL);
    ck_assert_uint_eq(n_rows, 2);
    ck_assert_uint_eq(rows[0].key, 2);
    ck_assert_uint_eq(rows[0].file_key, UINT64_MAX);
    ck_assert(rows[0].silent && rows[0].times == 3 && rows[0].offset == 5 && rows[0].time_us == 7);
    ck_assert_mem_eq(row_record[0], "a\0b", 3);
    ck_assert_uint_eq(rows[1].key, UINT64_MAX - 1);
    ck_assert_int_eq(rows[1].time_us, INT64_MIN);
    ck_assert_uint_eq(rows[1].record.text.n, 0);
    v[0].since_us = 5;
    v[1].closed = true;
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
    c = (struct checkpoint){.clock_us = 40};
    ck_assert_int_eq(store_commit(s, &c), STORE_OK); /* the clock alone is worth a checkpoint */
    n_rows = 0;
    store_deadlines(s, on_row, NULL);
    ck_assert_uint_eq(n_rows, 1);
    ck_assert_int_eq(rows[0].since_us, 5);
    ck_assert_int_eq(store_clock(s), 40);
    store_close(s);
}
END_TEST

static uint64_t held_keys[4];
static unsigned n_held;

static void on_held(void *u, const struct join_row *row)
{
    (void)u;
    ck_assert_uint_lt(n_held, 4);
    held_keys[n_held++] = row->key;
    ck_assert_uint_eq(row->lines, 2);
    ck_assert(row->held.text.n == 3 && memcmp(row->held.text.p, "a\0b", 3) == 0);
}

START_TEST(what_is_held)
{
    struct store *s = open_it();
    const struct scrubbed held = {SLICE("a\0b")};
    struct join_row v[] = {{.key = UINT64_MAX - 1, .last_us = 20, .lines = 2, .held = held},
                           {.key = 7, .last_us = 10, .lines = 2, .held = held}};
    struct checkpoint c = {.held = v, .n_held = 2};
    ck_assert_int_eq(store_commit(s, &c), STORE_OK); /* it alone is worth a checkpoint */
    store_close(s);
    s = open_it();
    store_held(s, on_held, NULL);
    ck_assert(n_held == 2 && held_keys[0] == 7 && held_keys[1] == UINT64_MAX - 1);
    v[0].last_us = 5;
    v[1].closed = true;
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
    ck_assert_int_eq(ask_sql("SELECT last_us FROM held"), 5);
    n_held = 0;
    store_held(s, on_held, NULL);
    ck_assert(n_held == 1 && held_keys[0] == UINT64_MAX - 1);
    store_close(s);
}
END_TEST

START_TEST(an_older_store_learns_check_ins)
{
    struct store *s = open_it();
    put(s, event(1, "{\"n\":1}"));
    store_close(s);
    exec_sql(WITHOUT_SHARES "DROP TABLE overdue; DELETE FROM meta WHERE name='clock_us'; DROP INDEX event_due; ALTER "
                            "TABLE event DROP COLUMN kind;"
                            "ALTER TABLE flood DROP COLUMN varied; ALTER TABLE flood DROP COLUMN remote;"
                            "CREATE INDEX event_due ON event(state, project, next_try_us); PRAGMA user_version=3");
    s = open_it();
    struct store_row *r = next(s);
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(r->event.kind, ITEM_EVENT);
    ck_slice(r->event.payload.text, "{\"n\":1}");
    store_row_free(r);
    put(s, check_in("{}"));
    ck_assert_uint_eq(totals(s).ready, 2);
    store_close(s);
    ck_assert_int_eq(ask_sql("PRAGMA user_version"), 14);
}
END_TEST

/* Older versions wrote both as they came. */
START_TEST(titles_and_answers_of_others_have_no_secrets)
{
    static const struct options none = {.scrub = {.send_ip = true}};
    struct store *s = open_it();
    put(s, event(1, "{}"));
    store_close(s);
    exec_sql("UPDATE event SET state=2, title='login password=hunter2x of bob@example.com', reason='HTTP 400: "
             "api_key=k7Gd93mXa'");
    s = open_it();
    struct store_row *r = store_get(s, 1, NULL);
    ck_slice(r->event.title.text, "login password=[Filtered] of [Filtered]");
    ck_assert_str_eq(r->reason, "HTTP 400: api_key=[Filtered]");
    store_row_free(r);
    store_scrub_by(s, &none); /* as configured */
    r = store_get(s, 1, NULL);
    ck_slice(r->event.title.text, "login password=hunter2x of bob@example.com");
    store_row_free(r);
    put(s, event(2, "{}"));
    store_close(s);
    s = open_it();
    r = next(s);
    store_dead(s, r->id, "HTTP 400: {\"echo\":{\"token\":\"k7Gd93mXa\"}}");
    store_row_free(r);
    store_close(s);
    ck_assert_int_eq(
        ask_sql("SELECT count(*) FROM event WHERE reason='HTTP 400: {\"echo\":{\"token\":\"[Filtered]\"}}'"), 1);
}
END_TEST

START_TEST(oldest_due_first_and_no_starving)
{
    struct store *s = open_it();
    for (unsigned i = 1; i <= 3; i++)
        put(s, event(i, "{\"n\":0}"));
    struct store_row *r = next(s);
    ck_assert_int_eq(r->id, 1);
    store_retry(s, 1, now(), "500"); /* goes behind what is older, before what is newer */
    store_row_free(r);
    store_flush(s);
    put(s, event(4, "{\"n\":0}"));
    static const int64_t order[] = {2, 3, 1, 4};
    for (int i = 0; i < 4; i++) {
        r = next(s);
        ck_assert_int_eq(r->id, order[i]);
        store_row_free(r);
    }
    for (int i = 0; i < 4; i++)
        store_release(s, order[i]);
    /* The clock was years ahead when these were written: they go out all the same. */
    exec_sql("UPDATE event SET next_try_us=next_try_us+100000000000000");
    r = next(s);
    ck_assert_ptr_nonnull(r);
    store_row_free(r);
    store_close(s);
}
END_TEST

static void ck_due(struct store *s, int64_t id)
{
    struct store_row *r = next(s);
    ck_assert_int_eq(r ? r->id : 0, id);
    if (r)
        store_release(s, id);
    store_row_free(r);
}

/* The clock was set forward since the daemon began: what waits by the daemon's is over by that of the tool. */
START_TEST(retried_whatever_the_clock)
{
    struct store *s = open_it();
    put(s, event(1, "{}"));
    put(s, event(2, "{}"));
    exec_sql("UPDATE event SET created_us=created_us-86400000000, next_try_us=next_try_us-86400000000");
    exec_sql("UPDATE event SET attempts=1, next_try_us=next_try_us+60000000 WHERE id=1");
    int64_t daemon_us = now() - INT64_C(86400000000);
    struct store_row *r = store_next(s, SLICE(""), ITEM_EVENT, daemon_us);
    ck_assert_int_eq(r->id, 2);
    store_dead(s, 2, "400 bad");
    store_row_free(r);
    ck_assert_int_eq(store_flush(s), STORE_OK);
    ck_assert_ptr_null(store_next(s, SLICE(""), ITEM_EVENT, daemon_us));
    ck_assert_int_eq(store_requeue(s, 0), 2);
    ck_assert_int_eq(store_requeue(s, 0), 0);
    for (int64_t id = 1; id <= 2; id++) {
        r = store_next(s, SLICE(""), ITEM_EVENT, daemon_us);
        ck_assert(r && r->id == id);
        store_row_free(r);
        store_release(s, id);
        if (id == 1)
            exec_sql("DELETE FROM event WHERE id=1");
    }
    /* And it was set back: its time is over by the daemon's clock only. */
    exec_sql("UPDATE event SET created_us=created_us+172800000000, next_try_us=created_us+172860000000");
    ck_assert_int_eq(store_requeue(s, 0), 1);
    ck_due(s, 2);
    store_close(s);
}
END_TEST

/* All of a project, in as many calls as that takes; returns how many events have gone. */
static unsigned expire(struct store *s, int64_t before_us)
{
    bool more = true;
    unsigned gone = 0;
    for (int calls = 0; more; calls++) {
        ck_assert_int_lt(calls, 5);
        gone += store_expire(s, SLICE(""), before_us, &more);
    }
    return gone;
}

/* What came while the clock was wrong waits from when that is seen. */
START_TEST(expiry_by_a_clock_that_was_wrong)
{
    enum { N = 300 };
    const int64_t day_us = INT64_C(86400000000);
    struct store *s = open_it();
    for (unsigned i = 1; i <= 3 * N; i++)
        put(s, event(i, "{}"));
    exec_sql("UPDATE event SET created_us=CASE id%3 WHEN 0 THEN 60000000 WHEN 1 THEN created_us+31536000000000"
             " ELSE created_us+86400000000 END"); /* before it was told the time; a year, a day ahead */
    ck_assert_uint_eq(expire(s, now() - 30 * day_us), 0);
    ck_assert_uint_eq(expire(s, now() - day_us), 0);
    exec_sql("UPDATE event SET created_us=created_us-172800000000"); /* two days later */
    ck_assert_uint_eq(expire(s, now() - 3 * day_us / 2), 2 * N);
    ck_assert_uint_eq(totals(s).ready, N); /* a day ahead: it has the time that it had */
    ck_assert_uint_eq(expire(s, now() - day_us / 2), N);
    ck_assert_uint_eq(store_counted(s)->v[COUNT_expired], 3 * N);
    ck_assert_int_eq(unnamed(s), 0);
    store_close(s);
}
END_TEST

/* What was written by a clock that was ahead. */
START_TEST(no_longer_than_any_delay)
{
    struct store *s = open_it();
    put(s, event(1, "{}"));
    exec_sql("UPDATE event SET next_try_us=next_try_us+60000000");
    ck_due(s, 1); /* never tried */
    exec_sql("UPDATE event SET attempts=1");
    ck_due(s, 0);
    exec_sql("UPDATE event SET next_try_us=next_try_us+300000000");
    ck_due(s, 1);
    store_close(s);
}
END_TEST

START_TEST(open_rows)
{
    struct store *s = open_it();
    struct store_event e = event(1, "{\"final\":false}");
    e.open = true;
    ck_assert_int_eq(put(s, e), STORE_OK);
    ck_assert_ptr_null(next(s));
    e.payload.text = SLICE("{\"final\":true}");
    e.open = false;
    ck_assert_int_eq(put(s, e), STORE_OK);
    e.payload.text = SLICE("{\"final\":\"again\"}");
    ck_assert_int_eq(put(s, e), STORE_OK); /* closed already: left as it is */
    struct store_event second = event(2, "{}");
    second.open = true;
    ck_assert_int_eq(put(s, second), STORE_OK);
    store_close(s);

    s = open_it();
    ck_assert_uint_eq(store_close_open(s), 1);
    struct store_row *a = next(s), *b = next(s);
    ck_slice(a->event.payload.text, "{\"final\":true}");
    ck_slice(b->event.payload.text, "{}");
    store_row_free(a);
    store_row_free(b);
    store_close(s);
}
END_TEST

static void collect(void *u, const struct position *p)
{
    struct position *out = u;
    ck_slice(p->input, "/var/log/*.log");
    ck_slice(p->part, "00000000000000ff");
    ck_assert(slice_eq(p->blob, SLICE("a\0b")));
    *out = *p;
}

static void none_expected(void *u, const struct position *p)
{
    (void)u;
    ck_abort_msg("a position of %.*s is still known", (int)p->input.n, p->input.p);
}

START_TEST(positions_and_counts)
{
    struct store *s = open_it();
    struct position p = {.input = SLICE("/var/log/*.log"),
                         .part = SLICE("00000000000000ff"),
                         .offset = UINT64_MAX,
                         .blob = SLICE("a\0b")};
    struct checkpoint c = {.positions = &p, .n_positions = 1};
    c.counts.v[COUNT_lines_in] = 3;
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
    p.offset--;
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
    store_close(s);
    s = open_it();
    struct position got = {0};
    store_positions(s, collect, &got);
    ck_assert_uint_eq(got.offset, UINT64_MAX - 1);
    ck_assert_uint_eq(counts(s).v[COUNT_lines_in], 6);
    p.closed = true;
    p.input = SLICE("another");
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
    store_positions(s, collect, &got); /* the part of another input goes alone */
    p.input = SLICE("/var/log/*.log");
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
    store_positions(s, none_expected, NULL);
    store_close(s);
}
END_TEST

static void ck_row(void *u, const struct flood_row *row)
{
    ck_assert_uint_eq(row->suppressed, 7);
    ck_slice(row->top_values_text.text, u);
}

static void put_row(struct store *s, struct slice varied)
{
    struct flood_row row = {
        .key = UINT64_MAX, .period_us = 5, .burst = 1, .suppressed = 7, .top_values_text = {varied}};
    struct checkpoint c = {.limits = &row, .n_floods = 1};
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
}

/* A row keeps what varied until it is told something else; a store from before that was kept is taken over. */
START_TEST(rows_of_flood_control)
{
    struct store *s = open_it();
    put_row(s, SLICE("[1]"));
    put_row(s, SLICE_NONE);
    store_floods(s, ck_row, (char[]){"[1]"});
    put_row(s, SLICE("[2]"));
    store_floods(s, ck_row, (char[]){"[2]"});
    put_row(s, SLICE(""));
    store_floods(s, ck_row, (char[]){""});
    store_close(s);
    exec_sql(WITHOUT_SHARES
             "ALTER TABLE flood DROP COLUMN varied; ALTER TABLE flood DROP COLUMN remote; PRAGMA user_version=4");
    s = open_it();
    store_floods(s, ck_row, (char[]){""});
    put_row(s, SLICE("[3]"));
    store_floods(s, ck_row, (char[]){"[3]"});
    store_close(s);
}
END_TEST

static void add_share(void *u, const struct store_share *of)
{
    uint64_t *sums = u;
    sums[slice_is(of->input, "one") ? 0 : slice_is(of->input, "two") ? 1 : 2] += of->dead ? of->bytes << 32 : of->bytes;
}

static void ck_shares(struct store *s, uint64_t one, uint64_t two, uint64_t nobody)
{
    uint64_t sums[3] = {0};
    store_shares(s, add_share, sums);
    ck_assert_uint_eq(sums[0], one);
    ck_assert_uint_eq(sums[1], two);
    ck_assert_uint_eq(sums[2], nobody);
}

/* Whatever becomes of a row, what its input is said to use is what is there: nothing runs away over time. */
START_TEST(what_inputs_use)
{
    struct store *s = open_it();
    struct store_event a = event(1, "{\"n\":1}"), b = event(2, "{\"n\":22}"), c = event(3, "{}");
    const uint64_t one = 7 + 512, two = 8 + 512;
    a.input = SLICE("one");
    b.input = SLICE("two");
    put(s, a);
    put(s, b);
    put(s, c);
    put(s, check_in("[1]"));
    put(s, check_in("[12]")); /* takes the place of the first */
    ck_shares(s, one, two, 2 + 512 + 4 + 512);
    struct store_event open = event(4, "{\"open\":1}");
    open.input = SLICE("one");
    open.open = true;
    put(s, open);
    ck_shares(s, 2 * one + 3, two, 2 + 512 + 4 + 512);
    open.open = false;
    open.payload = scrubbed_vouch(SLICE("{}"));
    put(s, open);
    ck_shares(s, 2 * one - 5, two, 2 + 512 + 4 + 512);
    struct store_row *r = next(s);
    store_dead(s, r->id, "no");
    ck_assert_int_eq(store_flush(s), STORE_OK);
    ck_shares(s, (one << 32) + one - 5, two, 2 + 512 + 4 + 512);
    ck_assert_int_eq(store_requeue(s, r->id), 1);
    ck_shares(s, 2 * one - 5, two, 2 + 512 + 4 + 512);
    store_row_free(r);
    r = next(s);
    store_sent(s, r->id);
    ck_assert_int_eq(store_flush(s), STORE_OK);
    store_row_free(r);
    ck_assert_int_ge(store_drop(s, 0, false), 3);
    ck_shares(s, 0, 0, 0);
    store_close(s);
}
END_TEST

static void ck_rested(void *u, const struct flood_row *row)
{
    ++*(unsigned *)u;
    ck_assert(row->remote && !row->sample && !row->top_values_text.text.n);
    ck_assert_uint_eq(row->count, 0);
}

/* What an ended period left behind must not be told of the next one. */
START_TEST(rows_that_rest)
{
    struct store *s = open_it();
    unsigned n = 0;
    put_row(s, SLICE("[1]"));
    struct flood_row row = {.key = UINT64_MAX, .period_us = 1000, .restarted = true, .remote = true};
    struct checkpoint c = {.limits = &row, .n_floods = 1};
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
    store_floods(s, ck_rested, &n);
    ck_assert_uint_eq(n, 1);
    store_close(s);
}
END_TEST

START_TEST(payloads_come_back_as_they_went)
{
    struct store *s = open_it();
    size_t n = STORE_PAYLOAD_MAX;
    char *text = xmalloc(n + 1), *noise = xmalloc(n + 1);
    uint64_t rnd = 1;
    for (size_t i = 0; i < n; i++) {
        text[i] = "{\"text\":\"text\"} "[i % 16];
        rnd = hash_mix(rnd, i);
        noise[i] = (char)('!' + rnd % 90);
    }
    text[n] = noise[n] = '\0';
    ck_assert_int_eq(put(s, event(1, text)), STORE_OK);
    ck_assert_int_eq(put(s, event(2, noise)), STORE_OK);
    struct store_row *a = store_get(s, 1, NULL), *b = store_get(s, 2, NULL);
    ck_slice(a->event.payload.text, text);
    ck_slice(b->event.payload.text, noise);
    ck_assert_uint_lt(a->stored_bytes, n / 10);
    store_row_free(a);
    store_row_free(b);
    free(text);
    free(noise);
    store_close(s);
}
END_TEST

static bool count_rows_seen(void *u, const struct store_row *r)
{
    unsigned *n = u;
    n[r->damaged]++;
    return true;
}

START_TEST(damaged_rows_do_not_stop_the_rest)
{
    struct store *s = open_it();
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[0] = '{';
    text[sizeof text - 1] = '\0';
    for (unsigned i = 1; i <= 4; i++)
        put(s, event(i, text));
    store_close(s);
    exec_sql("UPDATE event SET payload=substr(payload,1,20) WHERE id=1;"
             "UPDATE event SET event_id=x'00' WHERE id=2; UPDATE event SET payload='' WHERE id=3");
    s = open_it();
    struct store_row *r = next(s);
    ck_assert_int_eq(r->id, 4);
    store_row_free(r);
    store_release(s, 4);
    ck_assert_int_eq(store_flush(s), STORE_OK);
    ck_assert_uint_eq(totals(s).dead, 3);
    bool damaged = false;
    ck_assert(!store_get(s, 1, &damaged) && damaged);
    ck_assert(!store_get(s, 99, &damaged) && !damaged);
    unsigned seen[2] = {0};
    ck_assert(store_each(s, count_rows_seen, seen));
    ck_assert_uint_eq(seen[0], 3); /* 1 and 3 have a whole head */
    ck_assert_uint_eq(seen[1], 1);
    store_close(s);
}
END_TEST

/* Overwrites the middle of the page that holds the middle row. */
START_TEST(damaged_pages_do_not_stop_the_rest)
{
    struct store *s = open_it();
    char text[400];
    enum { ROWS = 300 };
    for (unsigned i = 1; i <= ROWS; i++) {
        snprintf(text, sizeof text, "{\"marker\":\"row%u.\"}", i);
        put(s, event(i, text));
    }
    store_close(s);
    int fd = open(path, O_RDWR);
    struct stat st;
    fstat(fd, &st);
    char *all = xmalloc((size_t)st.st_size);
    ck_assert_int_eq(pread(fd, all, (size_t)st.st_size, 0), st.st_size);
    ptrdiff_t at = slice_find(slice_of(all, (size_t)st.st_size), SLICE("row150."));
    ck_assert_int_gt(at, 4096);
    char junk[4096];
    memset(junk, 0xee, sizeof junk);
    ck_assert_int_eq(pwrite(fd, junk, sizeof junk, at / 4096 * 4096), (ssize_t)sizeof junk);
    close(fd);
    free(all);

    s = open_it();
    unsigned good = 0;
    for (struct store_row *r; (r = next(s)) != NULL; good++) {
        store_sent(s, r->id);
        store_row_free(r);
        if (good % 50 == 49)
            store_flush(s);
    }
    store_flush(s);
    ck_assert_uint_gt(good, ROWS / 2);
    ck_assert_uint_lt(good, ROWS);
    ck_assert_ptr_null(next(s)); /* and the damaged ones are not tried for ever */
    store_flush_last(s);
    const struct counts *c = store_counted(s);
    ck_assert_uint_eq(c->v[COUNT_unsettled], 0);
    ck_assert_uint_eq(good + c->v[COUNT_damaged], c->v[COUNT_settled]);
    ck_assert_uint_eq(good + c->v[COUNT_store_lost], ROWS);
    ck_assert_int_eq(unnamed(s), 0);
    ck_assert_uint_eq(store_unwritten(s), 0);
    ck_assert_int_eq(put(s, event(ROWS + 1, "{\"new\":1}")), STORE_OK);
    struct store_row *r = next(s);
    ck_assert_ptr_nonnull(r);
    store_row_free(r);
    store_close(s);
}
END_TEST

START_TEST(limit)
{
    struct store *s = open_at(path, STORE_DAEMON, 1024 * 1024);
    char noise[20000];
    uint64_t rnd = 1;
    enum store_result r = STORE_OK;
    unsigned n = 0;
    for (; r == STORE_OK && n < 100; n++) {
        for (size_t i = 0; i < sizeof noise - 1; i++)
            noise[i] = (char)('!' + (rnd = hash_mix(rnd, i)) % 90);
        noise[sizeof noise - 1] = '\0';
        r = put(s, event(n, noise));
    }
    ck_assert_int_eq(r, STORE_FULL);
    ck_assert_uint_gt(n, 20);
    ck_assert_uint_le(totals(s).used_bytes, 512 * 1024);
    ck_assert_uint_eq(totals(s).ready, n - 1);
    /* Positions and counts still go in, an event still does not. */
    struct checkpoint c = {.n_events = 0};
    c.counts.v[COUNT_lines_in] = 1;
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
    ck_assert_int_eq(put(s, event(200, noise)), STORE_FULL);
    /* Delivered: there is room. */
    struct store_row *row = next(s);
    store_sent(s, row->id);
    store_row_free(row);
    ck_assert_int_eq(put(s, event(200, noise)), STORE_OK);
    /* Dead letters make room. */
    ck_assert_int_eq(put(s, event(201, noise)), STORE_FULL);
    row = next(s);
    store_dead(s, row->id, "400");
    store_row_free(row);
    ck_assert_int_eq(put(s, event(201, noise)), STORE_OK);
    ck_assert_uint_eq(totals(s).dead, 0);
    store_close(s);
}
END_TEST

/* Without a DSN nobody makes room by delivering: the newest are kept, and each of the others is counted. */
START_TEST(limit_without_a_dsn)
{
    enum { EVENTS = 200 };
    struct store *s = open_at(path, STORE_DAEMON, 1024 * 1024);
    char noise[20000];
    uint64_t rnd = 1;
    store_keep_newest(s, true);
    for (unsigned n = 0; n < EVENTS; n++) {
        for (size_t i = 0; i < sizeof noise - 1; i++)
            noise[i] = (char)('!' + (rnd = hash_mix(rnd, i)) % 90);
        noise[sizeof noise - 1] = '\0';
        ck_assert_int_eq(put(s, event(n, noise)), STORE_OK);
        ck_assert_uint_le(totals(s).used_bytes, 512 * 1024);
    }
    uint64_t left = totals(s).ready;
    ck_assert_uint_gt(left, 0);
    ck_assert_uint_eq(store_counted(s)->v[COUNT_store_overflow], EVENTS - left);
    ck_assert_uint_eq(counts(s).v[COUNT_store_overflow], EVENTS - left);
    ck_assert_uint_eq(ask_sql("SELECT quantity FROM report WHERE reason='cache_overflow' AND category='error'"),
                      EVENTS - left);
    ck_assert_int_eq(ask_sql("SELECT max(id)-min(id)+1 FROM event"), left);
    ck_assert_int_eq(ask_sql("SELECT max(id) FROM event"), EVENTS);
    store_close(s);
}
END_TEST

/* Without a DSN the input that uses most makes room, not the one whose events are oldest. */
START_TEST(limit_without_a_dsn_spares_a_quiet_input)
{
    struct store *s = open_at(path, STORE_DAEMON, 1024 * 1024);
    char noise[20000];
    uint64_t rnd = 1;
    store_keep_newest(s, true);
    for (unsigned n = 0; n < 200; n++) {
        for (size_t i = 0; i < sizeof noise - 1; i++)
            noise[i] = (char)('!' + (rnd = hash_mix(rnd, i)) % 90);
        noise[sizeof noise - 1] = '\0';
        struct store_event e = event(n, noise);
        e.input = n < 5 ? SLICE("quiet") : SLICE("loud");
        ck_assert_int_eq(put(s, e), STORE_OK);
    }
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM event WHERE input='quiet'"), 5);
    ck_assert_uint_gt(store_counted(s)->v[COUNT_store_overflow], 100);
    store_close(s);
}
END_TEST

static struct store_event of_issue(unsigned n, const char *payload, uint64_t issue, const char *input)
{
    struct store_event e = event(n, payload);
    e.issue = issue;
    e.input = slice_str(input);
    return e;
}

/* Repeats go before first occurrences, old ones before new ones, and the only sample of an issue not at all while
 * another row can go, of whichever input. */
START_TEST(limit_without_a_dsn_keeps_samples)
{
    enum { EVENTS = 300 };
    struct store *s = open_at(path, STORE_DAEMON, 576 * 1024);
    char noise[20000];
    uint64_t rnd = 1;
    store_keep_newest(s, true);
    for (unsigned n = 0; n < EVENTS; n++) {
        for (size_t i = 0; i < sizeof noise - 1; i++)
            noise[i] = (char)('!' + (rnd = hash_mix(rnd, i)) % 90);
        noise[sizeof noise - 1] = '\0';
        /* Five that come once, of an input of their own; else one issue, again and again. */
        struct store_event e =
            n < 5 ? of_issue(n, noise, 100 + n, "quiet") : of_issue(n, noise, UINT64_MAX, n % 2 ? "loud" : "other");
        ck_assert_int_eq(put(s, e), STORE_OK);
        ck_assert_uint_le(totals(s).used_bytes, 576 * 1024);
    }
    ck_assert_int_eq(ask_sql("SELECT count(DISTINCT issue) FROM event"), 6);
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM event WHERE input='quiet'"), 5);
    ck_assert_int_eq(ask_sql("SELECT id FROM event WHERE issue=-1 ORDER BY id"), 6); /* its first */
    ck_assert_int_eq(ask_sql("SELECT max(id) FROM event"), EVENTS);
    /* Only samples: the oldest of the input that uses most. */
    for (unsigned n = 0; n < 40; n++)
        ck_assert_int_eq(put(s, of_issue(1000 + n, noise, 1000 + n, "loud")), STORE_OK);
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM event WHERE input='quiet'"), 5);
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM event WHERE repeat=1"), 0);
    ck_assert_int_eq(ask_sql("SELECT min(id)>301 FROM event WHERE input='loud'"), 1);
    uint64_t left = totals(s).ready;
    ck_assert_uint_eq(store_counted(s)->v[COUNT_store_overflow], EVENTS + 40 - left);
    store_close(s);
}
END_TEST

/* What is asked to make room: of that input only, only repeats, and none that is on its way. */
START_TEST(repeats_make_room)
{
    struct store *s = open_it();
    uint64_t gone = 0;
    for (unsigned n = 0; n < 10; n++) { /* 1 to 10: the first is on its way */
        struct store_event e = of_issue(n, "{\"n\":1}", 7, "udp");
        e.project = SLICE("shop");
        ck_assert_int_eq(put(s, e), STORE_OK);
    }
    put(s, of_issue(20, "{}", 8, "udp"));
    put(s, of_issue(21, "{}", 7, "tail"));
    put(s, of_issue(22, "{}", 0, "udp"));
    put(s, of_issue(23, "{}", 0, "udp")); /* of none: nobody knows that it comes again */
    struct store_row *first = store_next(s, SLICE("shop"), ITEM_EVENT, now()),
                     *second = store_next(s, SLICE("shop"), ITEM_EVENT, now());
    ck_assert_uint_eq(store_evict_repeats(s, SLICE("udp"), 1000, &gone), 2 * (7 + 512));
    ck_assert_uint_eq(gone, 2);
    ck_assert_int_eq(ask_sql("SELECT group_concat(id,'') FROM event WHERE issue=7 AND input='udp'"), 125678910);
    ck_assert_uint_eq(store_evict_repeats(s, SLICE("udp"), UINT64_MAX, &gone), 6 * (7 + 512));
    ck_assert_uint_eq(store_evict_repeats(s, SLICE("udp"), UINT64_MAX, &gone), 0);
    ck_assert_uint_eq(store_evict_repeats(s, SLICE("nobody"), UINT64_MAX, &gone), 0);
    ck_assert_uint_eq(gone, 8);
    ck_assert_int_eq(ask_sql("SELECT count(*) FROM event"), 6);
    ck_assert_uint_eq(counts(s).v[COUNT_store_overflow], 8);
    ck_assert_int_eq(ask_sql("SELECT quantity FROM report WHERE project='shop' AND reason='cache_overflow' AND "
                             "category='error'"),
                     8);
    /* The second of them was a repeat; when the first has arrived it is the only sample. */
    store_sent(s, first->id);
    store_release(s, second->id);
    ck_assert_int_eq(store_flush(s), STORE_OK);
    ck_assert_uint_eq(store_evict_repeats(s, SLICE("udp"), UINT64_MAX, &gone), 0);
    int64_t unnamed;
    ck_assert(store_unnamed_rows(s, &unnamed) && unnamed == 0);
    store_row_free(first);
    store_row_free(second);
    store_close(s);
}
END_TEST

/* Events that wait for the lines after them make room for nobody, and reading goes on all the same. */
START_TEST(limit_without_a_dsn_and_open_events)
{
    struct store *s = open_at(path, STORE_DAEMON, 1024 * 1024);
    char noise[20000];
    uint64_t rnd = 1;
    store_keep_newest(s, true);
    for (unsigned round = 0; round < 2; round++) /* first open, then closed */
        for (unsigned n = 0; n < 60; n++) {
            for (size_t i = 0; i < sizeof noise - 1; i++)
                noise[i] = (char)('!' + (rnd = hash_mix(rnd, i)) % 90);
            noise[sizeof noise - 1] = '\0';
            struct store_event e = event(n, noise);
            e.open = round == 0;
            ck_assert_int_eq(put(s, e), STORE_OK);
        }
    ck_assert_uint_le(totals(s).used_bytes, 512 * 1024);
    ck_assert_uint_eq(totals(s).open, 0);
    ck_assert_uint_gt(totals(s).ready, 0);
    store_close(s);
}
END_TEST

START_TEST(a_checkpoint_larger_than_the_limit)
{
    struct store *s = open_at(path, STORE_DAEMON, 256 * 1024);
    char noise[300001];
    uint64_t rnd = 1;
    for (size_t i = 0; i < sizeof noise - 1; i++)
        noise[i] = (char)('!' + (rnd = hash_mix(rnd, i)) % 90);
    noise[sizeof noise - 1] = '\0';
    ck_assert_int_eq(put(s, event(1, noise)), STORE_OK);
    ck_assert_int_eq(put(s, event(2, "{}")), STORE_FULL);
    struct store_row *r = next(s);
    store_sent(s, r->id);
    store_row_free(r);
    ck_assert_int_eq(put(s, event(2, noise)), STORE_OK);
    store_close(s);
}
END_TEST

START_TEST(space_is_given_back)
{
    struct store *s = open_it();
    char *noise = xmalloc(500001);
    uint64_t rnd = 1;
    for (size_t i = 0; i < 500000; i++)
        noise[i] = (char)('!' + (rnd = hash_mix(rnd, i)) % 90);
    noise[500000] = '\0';
    for (unsigned n = 0; n < 60; n++)
        ck_assert_int_eq(put(s, event(n, noise)), STORE_OK);
    free(noise);
    for (struct store_row *r; (r = next(s)) != NULL;) {
        store_sent(s, r->id);
        store_row_free(r);
        ck_assert_int_eq(store_flush(s), STORE_OK);
    }
    store_close(s);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_lt(st.st_size, 12 << 20); /* of 24 MB */
}
END_TEST

/* No file may grow past a limit, as on a full disk: nothing of a checkpoint is written, and it goes in once there is
 * room. */
START_TEST(disk_full)
{
    struct store *s = open_it();
    ck_assert_int_eq(put(s, event(1, "{\"n\":1}")), STORE_OK);
    signal(SIGXFSZ, SIG_IGN);
    char *wal = xasprintf("%s-wal", path);
    struct stat st;
    ck_assert_int_eq(stat(wal, &st), 0);
    free(wal);
    struct rlimit before, tight;
    getrlimit(RLIMIT_FSIZE, &before);
    tight = before;
    tight.rlim_cur = (rlim_t)st.st_size + 8192;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);

    /* Also a WAL that is written from its beginning again has no room for it. */
    size_t n = (size_t)st.st_size + 100000;
    char *noise = xmalloc(n + 1);
    uint64_t rnd = 1;
    for (size_t i = 0; i < n; i++)
        noise[i] = (char)('!' + (rnd = hash_mix(rnd, i)) % 90);
    noise[n] = '\0';
    struct store_event e = event(2, noise);
    struct position p = {.input = SLICE("i"), .part = SLICE("p"), .offset = 5, .blob = SLICE("b")};
    struct checkpoint c = {.events = &e, .n_events = 1, .positions = &p, .n_positions = 1};
    c.counts.v[COUNT_lines_in] = 1;
    ck_assert_int_eq(store_commit(s, &c), STORE_FULL);
    ck_assert_int_eq(store_commit(s, &c), STORE_FULL);
    ck_assert_uint_eq(totals(s).ready, 1);
    ck_assert_uint_eq(counts(s).v[COUNT_lines_in], 0);
    store_positions(s, none_expected, NULL);
    struct store_row *r = next(s); /* what is there is still delivered */
    ck_assert_int_eq(r->id, 1);
    store_row_free(r);
    store_sent(s, 1);

    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
    ck_assert_uint_eq(totals(s).ready, 1);
    ck_assert_uint_eq(counts(s).v[COUNT_lines_in], 1);
    free(noise);
    store_close(s);
}
END_TEST

/* Takes every block that is left. */
static void fill_disk(const char *folder)
{
    char *name = xasprintf("%s/others", folder);
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ck_assert_int_ge(fd, 0);
    static const char block[4096];
    while (write(fd, block, sizeof block) > 0)
        ;
    ck_assert_int_eq(errno, ENOSPC);
    close(fd);
    free(name);
}

/* Puts open and ready events until the WAL is beyond what it has from the start, takes the rest of the disk, and dies.
 */
static void fill_and_die(const char *folder)
{
    enum { CHECKPOINTS = 5, EVENTS = 60 };
    static char noise[EVENTS][3001];
    struct store_event e[EVENTS];
    struct store *s = open_it();
    uint64_t rnd = 1;
    for (unsigned n = 0; n < CHECKPOINTS; n++) {
        for (unsigned i = 0; i < EVENTS; i++) {
            for (size_t k = 0; k < sizeof noise[i] - 1; k++)
                noise[i][k] = (char)('!' + (rnd = hash_mix(rnd, k)) % 90);
            e[i] = event(n * EVENTS + i, noise[i]);
            e[i].open = i % 3 == 0;
        }
        struct store_report r = {.reason = SLICE("suppressed"), .category = SLICE("error"), .quantity = EVENTS};
        struct checkpoint c = {.events = e, .n_events = EVENTS, .reports = &r, .n_reports = 1};
        if (store_commit(s, &c) != STORE_OK)
            _exit(1);
    }
    fill_disk(folder);
    _exit(0);
}

static void any_report(void *u, const struct store_report *r)
{
    *(uint64_t *)u += r->quantity;
}

static uint64_t reported(struct store *s)
{
    uint64_t quantity = 0;
    store_reports(s, SLICE(""), any_report, &quantity);
    return quantity;
}

/* After kill -9 the WAL ends where the disk does. The first transaction of each kind goes in all the same. */
static void first_on_a_full_disk(const char *folder, void (*first)(struct store *s))
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        fill_and_die(folder);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    struct store *s = open_it();
    first(s);
    store_close_open(s);
    uint64_t sent = counts(s).v[COUNT_sent];
    for (struct store_row *r; (r = next(s)) != NULL; sent++) {
        store_sent(s, r->id);
        store_row_free(r);
    }
    ck_assert_int_eq(store_flush(s), STORE_OK);
    ck_assert_uint_eq(totals(s).open + totals(s).ready, 0);
    ck_assert_uint_eq(counts(s).v[COUNT_sent], sent);
    ck_assert_int_eq(put(s, event(1000, "{\"room\":1}")), STORE_OK);
    store_close(s);
}

static void closes_open(struct store *s)
{
    ck_assert_uint_eq(store_close_open(s), 100);
    ck_assert_uint_eq(totals(s).open, 0);
}

static void notes_a_report(struct store *s)
{
    store_report_told(
        s, &(struct store_report){.reason = SLICE("suppressed"), .category = SLICE("error"), .quantity = 100});
    ck_assert_uint_eq(reported(s), 200);
}

static void drops(struct store *s)
{
    ck_assert_int_eq(store_drop(s, 0, false), 300);
}

static void writes_outcomes(struct store *s)
{
    struct store_row *r = next(s), *other = next(s);
    store_retry(s, r->id, 0, "HTTP 503");
    store_sent(s, other->id);
    store_row_free(r);
    store_row_free(other);
    store_flush(s);
    ck_assert_uint_eq(counts(s).v[COUNT_sent], 1);
}

START_TEST(first_transaction_on_a_full_disk)
{
    static void (*const firsts[])(struct store *) = {closes_open, notes_a_report, drops, writes_outcomes};
    char *folder = xasprintf("%s/small", dir);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    if (mount("none", folder, "tmpfs", 0, "size=4m") == 0) { /* root only */
        snprintf(path, sizeof path, "%s/crumbd.db", folder);
        first_on_a_full_disk(folder, firsts[_i]);
    }
    free(folder);
}
END_TEST

/* Commits checkpoints of five events, a position and counts, sending some, until it is killed. Never returns. */
static void churn(void)
{
    struct store *s = open_it();
    uint64_t offset = 0;
    struct counts have = counts(s);
    offset = have.v[COUNT_lines_in];
    for (;;) {
        struct store_event e[5];
        for (unsigned i = 0; i < 5; i++)
            e[i] = event((unsigned)offset + i, "{\"some\":\"payload\"}");
        offset += 5;
        struct position p = {.input = SLICE("i"), .part = SLICE("p"), .offset = offset, .blob = SLICE("b")};
        struct checkpoint c = {.events = e, .n_events = 5, .positions = &p, .n_positions = 1};
        c.counts.v[COUNT_lines_in] = c.counts.v[COUNT_event] = 5;
        if (store_commit(s, &c) != STORE_OK)
            _exit(1);
        for (int i = 0; i < 4; i++) {
            struct store_row *r = next(s);
            if (r)
                store_sent(s, r->id);
            store_row_free(r);
        }
    }
}

static void offset_of(void *u, const struct position *p)
{
    *(uint64_t *)u = p->offset;
}

START_TEST(killed_at_any_moment)
{
    store_close(open_it());
    uint64_t rnd = (uint64_t)time(NULL), last = 0;
    for (int round = 0; round < 25 || last == 0; round++) {
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0)
            churn();
        /* Not a wait for a fact: the moment itself is what varies. On a machine so busy that nothing was stored it
         * comes later. */
        uint64_t within_ns = round < 25 ? 40000000 : 900000000;
        struct timespec t = {.tv_nsec = (long)((rnd = hash_mix(rnd, 1)) % within_ns)};
        nanosleep(&t, NULL);
        kill(pid, SIGKILL);
        int status;
        waitpid(pid, &status, 0);
        ck_assert(WIFSIGNALED(status));

        struct store *s = open_it();
        struct counts c = counts(s);
        uint64_t offset = 0;
        store_positions(s, offset_of, &offset);
        ck_assert_uint_eq(c.v[COUNT_lines_in], offset);
        ck_assert_uint_eq(c.v[COUNT_event], offset);
        ck_assert_uint_eq(c.v[COUNT_sent] + totals(s).ready, offset);
        ck_assert_uint_ge(offset, last);
        last = offset;
        store_close(s);
    }
    ck_assert_uint_gt(last, 0);
    ck_assert_int_eq(ask_sql("SELECT integrity_check='ok' FROM pragma_integrity_check"), 1);
}
END_TEST

/* A power loss leaves the database file and any prefix of the WAL: each opens at some consistent checkpoint, ever
 * later. */
START_TEST(any_prefix_of_the_wal_is_a_checkpoint)
{
    struct store *s = open_it();
    for (unsigned i = 0; i < 20; i++) {
        struct store_event e = event(i, "{\"some\":\"payload\"}");
        struct position p = {.input = SLICE("i"), .part = SLICE("p"), .offset = i + 1, .blob = SLICE("b")};
        struct checkpoint c = {.events = &e, .n_events = 1, .positions = &p, .n_positions = 1};
        c.counts.v[COUNT_lines_in] = 1;
        ck_assert_int_eq(store_commit(s, &c), STORE_OK);
    }
    char *copy = xasprintf("%s/copy.db", dir);
    char *wal = xasprintf("%s-wal", path), *cmd = xasprintf("cp '%s' '%s/base.db'", path, dir);
    ck_assert_int_eq(system(cmd), 0);
    free(cmd);
    struct stat st;
    ck_assert_int_eq(stat(wal, &st), 0);
    uint64_t last = 0;
    for (off_t checkpoint = st.st_size; checkpoint > 0; checkpoint -= 40009) {
        cmd = xasprintf("cd '%s' && rm -f copy.db* && cp base.db copy.db && head -c %lld '%s' >copy.db-wal", dir,
                        (long long)checkpoint, wal);
        ck_assert_int_eq(system(cmd), 0);
        free(cmd);
        struct diag d = {0};
        struct store *c = store_open(copy, STORE_DAEMON, 0, &d);
        ck_assert_ptr_nonnull(c);
        struct counts got = counts(c);
        uint64_t offset = 0;
        store_positions(c, offset_of, &offset);
        ck_assert_uint_eq(got.v[COUNT_lines_in], offset);
        ck_assert_uint_eq(totals(c).ready, offset);
        ck_assert(checkpoint == st.st_size ? offset == 20 : offset <= last);
        last = offset;
        store_close(c);
    }
    free(copy);
    free(wal);
    store_close(s);
}
END_TEST

static bool seen_one(void *u, const struct store_row *r)
{
    (void)r;
    ++*(unsigned *)u;
    return true;
}

/* A tool that reads, requeues and drops all the time, while the daemon commits. */
START_TEST(tools_beside_a_busy_daemon)
{
    int go[2];
    ck_assert_int_eq(pipe(go), 0);
    pid_t pid = fork(); /* before anything is open: SQLite must not be carried across */
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        char c;
        if (read(go[0], &c, 1) != 1)
            _exit(2);
        for (int i = 0; i < 40; i++) {
            struct store *tool = open_at(path, STORE_TOOL, 0);
            unsigned n = 0;
            if (!store_each(tool, seen_one, &n) || store_requeue(tool, 0) < 0 || store_drop(tool, i + 1, false) < 0)
                _exit(1);
            store_close(tool);
        }
        _exit(0);
    }
    struct store *s = open_it();
    ck_assert_int_eq(write(go[1], "x", 1), 1);
    int status = -1;
    unsigned n = 0;
    for (pid_t done = 0; done == 0; done = waitpid(pid, &status, WNOHANG)) {
        ck_assert_int_eq(put(s, event(++n, "{\"some\":\"payload\"}")), STORE_OK);
        poll(NULL, 0, 3); /* a daemon's pace, if a fast one: it commits every 200 ms */
    }
    ck_assert_int_eq(status, 0);
    close(go[0]);
    close(go[1]);
    ck_assert_uint_eq(totals(s).ready + counts(s).v[COUNT_dropped_by_hand], n);
    store_close(s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("store");
    TCase *t = tcase_create("store");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, made_as_it_should_be);
    tcase_add_test(t, one_daemon_many_tools);
    tcase_add_test(t, tools_beside_a_busy_daemon);
    tcase_add_test(t, refused_with_a_remedy);
    tcase_add_test(t, rows_and_their_ways);
    tcase_add_test(t, dead_letters_some_at_a_time);
    tcase_add_test(t, a_few_outcomes_do_not_sync);
    tcase_add_test(t, titles_and_answers_of_others_have_no_secrets);
    tcase_add_test(t, oldest_due_first_and_no_starving);
    tcase_add_test(t, no_longer_than_any_delay);
    tcase_add_test(t, retried_whatever_the_clock);
    tcase_add_test(t, expiry_by_a_clock_that_was_wrong);
    tcase_add_test(t, the_newest_word_about_a_monitor);
    tcase_add_test(t, dropped_while_it_is_open);
    tcase_add_test(t, rows_that_go_unnamed);
    tcase_add_test(t, what_is_waited_for);
    tcase_add_test(t, what_is_held);
    tcase_add_test(t, an_older_store_learns_check_ins);
    tcase_add_test(t, open_rows);
    tcase_add_test(t, positions_and_counts);
    tcase_add_test(t, rows_of_flood_control);
    tcase_add_test(t, rows_that_rest);
    tcase_add_test(t, what_inputs_use);
    tcase_add_test(t, payloads_come_back_as_they_went);
    tcase_add_test(t, damaged_rows_do_not_stop_the_rest);
    tcase_add_test(t, damaged_pages_do_not_stop_the_rest);
    tcase_add_test(t, limit);
    tcase_add_test(t, limit_without_a_dsn);
    tcase_add_test(t, limit_without_a_dsn_spares_a_quiet_input);
    tcase_add_test(t, limit_without_a_dsn_keeps_samples);
    tcase_add_test(t, repeats_make_room);
    tcase_add_test(t, limit_without_a_dsn_and_open_events);
    tcase_add_test(t, a_checkpoint_larger_than_the_limit);
    tcase_add_test(t, space_is_given_back);
    tcase_add_test(t, disk_full);
    tcase_add_loop_test(t, first_transaction_on_a_full_disk, 0, 4);
    tcase_add_test(t, killed_at_any_moment);
    tcase_add_test(t, any_prefix_of_the_wal_is_a_checkpoint);
    suite_add_tcase(s, t);
    return unit_run(s);
}
