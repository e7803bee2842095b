/*
 * A store that an older version made (old-store.sql) goes on with its keys: a line that is read again gives the event
 * that is there already, and what was known, counted or waited for still is.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "core/pipeline.h"
#include "io/store.h"
#include "io/tail_position.h"

/* What the old version read, from its first byte. */
static const char *const lines[] = {"ERROR refused by alpha", "ERROR the disk is on fire", "INFO BEGIN job-1",
                                    "INFO BEAT heart",        "ERROR refused by alpha",    "ERROR refused by alpha",
                                    "ERROR refused by beta"};

static const char rules_text[] =
    "pack: old\n"
    "rules:\n"
    "  - {id: old.pair, match: 'BEGIN (?<job>\\S+)', pair: {end: 'END (?<job>\\S+)', within: 1h, by: ['{job}']}}\n"
    "  - {id: old.beat, match: 'BEAT (?<who>\\S+)', absence: {every: 1d, by: ['{who}']}}\n"
    "  - {id: old.refused, match: 'refused by (?<who>\\S+)', event: {type: Refused, fingerprint: [refused, "
    "'{who}']}}\n";

static char folder[] = "/tmp/crumbd-upgrade-XXXXXX", path[64];
static struct rule_set rules;
static struct store *store;
static struct pipeline *pipeline;
static struct stream stream;
static char ids[8][33];
static unsigned n_ids;
static struct deadline_row rows[8];
static unsigned n_rows;

static void run_sql(const char *text)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void make_store(const char *sql)
{
    const char *top = getenv("top_srcdir");
    static char text[65536], name[4096];
    snprintf(name, sizeof name, "%s/tests/unit/%s", top ? top : ".", sql);
    FILE *f = fopen(name, "r");
    ck_assert_msg(f != NULL, "%s cannot be read", name);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/old.db", folder);
    run_sql(text);
}

static void make_old_store(void)
{
    make_store("old-store.sql");
}

static void open_store(void)
{
    struct diag d = {0};
    store = store_open(path, STORE_DAEMON, 0, &d);
    if (!store)
        err_print(&d, stderr);
    ck_assert_ptr_nonnull(store);
    err_done(&d);
}

static bool on_event(void *u, const struct event_out *e)
{
    (void)u;
    ck_assert_uint_lt(n_ids, 8);
    memcpy(ids[n_ids++], e->event_id, 33);
    return true;
}

static void on_deadline_row(void *u, const struct deadline_row *row)
{
    (void)u;
    ck_assert_uint_lt(n_rows, 8);
    rows[n_rows++] = *row;
}

static void restore_flood(void *u, const struct flood_row *row)
{
    flood_gate_restore(pipeline_flood_gate(u), row);
}

static void restore_deadline(void *u, const struct deadline_row *row)
{
    deadline_event_restore(pipeline_deadlines(u), row);
}

static void take_file(void *u, const struct position *p)
{
    struct tail_position at;
    if (tail_position_read(p, &at))
        *(uint64_t *)u = at.key;
}

static void start(void)
{
    static const struct options options = {
        .fallback = FALLBACK_EVENT,
        .crumbs = {.memory_bytes = 1 << 16},
        .limits = {.burst = 2, .period_us = INT64_C(2592000000000), .per_minute = 300, .per_day = 100000}};
    struct diag d = {0};
    struct conf_file *f = conf_parse("old.yaml", slice_str(rules_text), &d);
    ck_assert(f && rule_set_load(&rules, f, &d));
    rule_set_ready(&rules, true);
    const struct pipeline_setup setup = {.options = &options,
                                         .rules = &rules,
                                         .store_id = store_id(store),
                                         .old_keys = store_has_old_keys(store),
                                         .secret = {1, 2},
                                         .hooks = {.emit = on_event, .deadline_row = on_deadline_row}};
    pipeline = pipeline_new(&setup);
    store_floods(store, restore_flood, pipeline);
    deadline_event_restore_clock(pipeline_deadlines(pipeline), store_clock(store));
    store_deadlines(store, restore_deadline, pipeline);
    stream = (struct stream){
        .format = FORMAT_TEXT, .source = SLICE("/var/log/app.log"), .ring = 1, .last_us = RECORD_NO_TIME};
    store_positions(store, take_file, &stream.file_key);
    ck_assert_uint_ne(stream.file_key, 0);
    err_done(&d);
}

/* Reads line n again, or another text at the end. */
static void feed(unsigned n, const char *text)
{
    uint64_t offset = 0;
    for (unsigned i = 0; i < n; i++)
        offset += strlen(lines[i]) + 1;
    pipeline_message(pipeline,
                     &(struct message){.stream = &stream, .text = slice_str(text), .lines = 1, .offset = offset},
                     INT64_C(1795954600000000));
    pipeline_tick(pipeline, INT64_C(1795954600000000));
}

/* The event that the old version made of it is in the store. */
static void ck_same_event(unsigned n, int64_t row)
{
    unsigned before = n_ids;
    feed(n, lines[n]);
    ck_assert_uint_eq(n_ids, before + 1);
    ck_assert_int_eq(store_find(store, ids[before]), row);
}

START_TEST(an_old_store_keeps_its_keys)
{
    make_old_store();
    open_store();
    ck_assert(store_has_old_keys(store));
    store_close(store);
    open_store(); /* it has the new schema now */
    ck_assert(store_has_old_keys(store));
    start();
    unsigned known = flood_gate_issues(pipeline_flood_gate(pipeline));
    ck_assert_uint_eq(known, 3);
    ck_same_event(0, 1);
    ck_same_event(1, 2);
    ck_same_event(6, 4);
    ck_assert_uint_eq(flood_gate_issues(pipeline_flood_gate(pipeline)), known);
    feed(3, lines[3]);
    feed(7, "INFO END job-1");
    pipeline_checkpoint(pipeline);
    ck_assert_uint_eq(n_rows, 2);
    ck_assert(rows[0].closed);
    ck_assert_uint_eq(rows[0].key, UINT64_C(4918349252555293563)); /* as `SELECT key, rule FROM overdue` says */
    ck_assert_uint_eq(rows[1].key, UINT64_C(7269624030296983364));
    pipeline_free(pipeline);
    rule_set_done(&rules);
    store_close(store);
}
END_TEST

/* By what the old version remembered of its first bytes, a file is found again; by other bytes it is not. */
START_TEST(a_file_is_known_by_the_old_hash)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/app.log", folder);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        dprintf(fd, "%s\n", lines[i]);
    /* As `SELECT head_bytes, head_hash FROM file` says. */
    struct tail_id old = {.head_bytes = 150, .head_hash = (uint64_t)INT64_C(-7808838181285204667)}, fresh = {0};
    ck_assert_int_eq(tail_head_match(fd, &old), TAIL_MATCH_SAME);
    tail_head_learn(fd, old.head_bytes, &fresh);
    ck_assert(tail_head_match(fd, &fresh) == TAIL_MATCH_SAME && fresh.head_hash != old.head_hash);
    ck_assert_int_eq(pwrite(fd, "W", 1, 0), 1);
    ck_assert(tail_head_match(fd, &old) == TAIL_MATCH_OTHER && tail_head_match(fd, &fresh) == TAIL_MATCH_OTHER);
    close(fd);
}
END_TEST

START_TEST(a_new_store_has_new_keys)
{
    char id[33], old_id[33];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/new.db", folder);
    open_store();
    ck_assert(!store_has_old_keys(store));
    ck_assert_uint_eq(store_grouping(store), GROUPING_NEWEST);
    ck_assert(store_use_grouping(store, 1));
    store_close(store);
    open_store();
    ck_assert_uint_eq(store_grouping(store), 1);
    event_make_id(id, store_id(store), 1, 2, 3);
    event_make_old_id(old_id, store_id(store), 1, 2, 3);
    ck_assert_str_ne(id, old_id);
    store_close(store);
}
END_TEST

static int64_t ask(const char *file, const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    ck_assert_int_eq(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &q, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return v;
}

static const char *beside(const char *end)
{
    static char name[8][128];
    static unsigned i;
    char *p = name[i++ % 8];
    snprintf(p, sizeof name[0], "%s%s", path, end);
    return p;
}

/* What the store says when it refuses to open, for the caller to free. */
static char *refusal(void)
{
    struct diag d = {0};
    ck_assert_ptr_null(store_open(path, STORE_DAEMON, 0, &d));
    ck_assert_uint_gt(d.n, 0);
    char *text = strdup(d.v[0].text);
    err_done(&d);
    return text;
}

/* The older version finds in it what it left; of a store of this version none is made. */
struct found {
    unsigned files, seen, cursors;
};

static void find(void *u, const struct position *p)
{
    struct found *n = u;
    struct tail_position at;
    if (tail_position_read(p, &at) && slice_is(p->input, "/tmp/v8/app.log")) {
        ck_assert_uint_eq(at.key, (uint64_t)INT64_C(-6469265174992363892));
        ck_assert(at.id.dev == 65024 && at.id.ino == 10412330 && at.id.head_bytes == 26);
        ck_assert_uint_eq(at.id.head_hash, (uint64_t)INT64_C(-7207991137823527570));
        ck_assert(at.at.offset == 26 && at.at.held[0] == 0 && at.at.held[1] == 0);
        ck_slice(at.path, "/tmp/v8/app.log");
        n->files++;
    } else if (tail_position_read(p, &at)) {
        ck_slice(p->part, "000000000000004e");
        ck_assert(at.at.offset == 9 && at.at.held[0] == 5 && at.at.held[1] == UINT64_MAX);
        n->files++;
    } else if (slice_is(p->input, "journal:all")) {
        ck_assert(p->part.n == 0 && slice_is(p->blob, "cursor1 s=0123456789abcdef0123456789abcdef;i=1;x=1"));
        n->cursors++;
    } else {
        ck_assert(p->part.n == 0 && slice_is(p->input, "/tmp/v8/app.log") && slice_is(p->blob, "seen1 1a228474d50"));
        n->seen++;
    }
}

/* As `SELECT * FROM file` says of the store of schema 8. */
START_TEST(positions_stay)
{
    struct found n = {0};
    make_store("old-store-8.sql");
    open_store();
    store_positions(store, find, &n);
    ck_assert(n.files == 2 && n.seen == 1 && n.cursors == 1);
    store_close(store);
}
END_TEST

static const int versions[] = {2, 3, 4, 6, 7, 9, 10, 11, 13};

struct seen_file {
    char path[32];
    uint64_t offset;
    unsigned n;
};

static void see_file(void *u, const struct position *p)
{
    struct seen_file *f = u;
    struct tail_position at;
    if (!tail_position_read(p, &at))
        return;
    snprintf(f->path, sizeof f->path, "%.*s", SLICE_ARG(at.path));
    f->offset = at.at.offset;
    f->n++;
}

/*
 * A store of each version that a program ever made (5 and 8 have tests of their own) had read 66 bytes of a file: an
 * event of two lines each, a breadcrumb of the third. What it holds is asked of the file before it is upgraded, by
 * SQLite alone.
 */
START_TEST(every_version_goes_on)
{
    char name[32], log[32];
    int version = versions[_i];
    snprintf(name, sizeof name, "old-store-%d.sql", version);
    snprintf(log, sizeof log, "/tmp/v%d/app.log", version);
    make_store(name);
    ck_assert_int_eq(ask(path, "PRAGMA user_version"), version);
    ck_assert_int_eq(ask(path, "SELECT count(*) FROM event WHERE state=1"), 2);
    ck_assert_int_eq(ask(path, version < 9 ? "SELECT offset FROM file WHERE path LIKE '/tmp/v%'"
                                           : "SELECT offset FROM position WHERE part<>''"),
                     66);
    run_sql("CREATE TABLE before AS SELECT event_id,title,payload FROM event");
    open_store();
    ck_assert_uint_eq(store_grouping(store), version < 11 ? 1 : 2); /* its issues stay what they are */
    struct counts c;
    struct seen_file f = {0};
    store_counts(store, &c);
    store_positions(store, see_file, &f);
    ck_assert(c.v[COUNT_lines_in] == 3 && c.v[COUNT_event] == 2 && c.v[COUNT_crumb] == 1);
    ck_assert(f.n == 1 && f.offset == 66);
    ck_assert_int_eq(ask(path, "SELECT count(*) FROM event JOIN before USING(event_id,title,payload)"), 2);
    ck_assert_str_eq(f.path, log);
    /* From 13 on an event says of which issue it is. */
    ck_assert_int_eq(ask(path, "SELECT count(*) FROM issue WHERE count=1 AND title<>''"), version < 13 ? 0 : 2);
    for (unsigned i = 0; i < 2; i++) {
        struct store_row *row = store_next(store, SLICE(""), ITEM_EVENT, INT64_C(4000000000000000));
        ck_assert_ptr_nonnull(row);
        ck_assert(slice_find(row->event.payload.text, SLICE("\"event_id\"")) >= 0);
        store_sent(store, row->id);
        store_row_free(row);
    }
    store_close(store);
    ck_assert_int_eq(ask(path, "SELECT count(*) FROM event"), 0);
}
END_TEST

START_TEST(a_copy_is_made_before)
{
    struct stat st;
    make_old_store();
    ck_assert_int_eq(chmod(path, 0600), 0);
    open_store();
    store_close(store);
    const char *copy = beside(".schema-5");
    ck_assert_int_eq(stat(copy, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_int_eq(access(beside(".schema-5.part"), F_OK), -1);
    ck_assert_int_eq(ask(copy, "PRAGMA user_version"), 5);
    ck_assert_int_eq(ask(copy, "SELECT count(*) FROM event"), 5);
    ck_assert_int_eq(ask(copy, "SELECT sum(offset) FROM file WHERE path<>''"), 150);
    ck_assert_int_eq(ask(copy, "SELECT integrity_check='ok' FROM pragma_integrity_check"), 1);
    ck_assert_int_gt(ask(path, "PRAGMA user_version"), 5);
    ck_assert_int_eq(unlink(copy), 0);
    open_store();
    store_close(store);
    char command[128];
    snprintf(command, sizeof command, "! ls %s | grep schema-", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(no_room_for_the_copy)
{
    struct rlimit before, tight;
    make_old_store();
    run_sql("UPDATE event SET payload=randomblob(300000) WHERE id=1");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    tight = before;
    tight.rlim_cur = 100000;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);
    char *text = refusal();
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_msg(strstr(text, "no room for") && strstr(text, "make room"), "%s", text);
    free(text);
    ck_assert_int_eq(access(beside(".schema-5"), F_OK), -1);
    ck_assert_int_eq(access(beside(".schema-5.part"), F_OK), -1);
    ck_assert_int_eq(ask(path, "PRAGMA user_version"), 5);
    open_store();
    store_close(store);
    ck_assert_int_eq(ask(beside(".schema-5"), "SELECT count(*) FROM event"), 5);
}
END_TEST

static size_t read_file(const char *name, char *out, size_t max)
{
    FILE *f = fopen(name, "r");
    ck_assert_msg(f != NULL, "%s", name);
    size_t n = fread(out, 1, max, f);
    fclose(f);
    return n;
}

/* As a newer version that was killed leaves it: part of it is in the WAL. */
START_TEST(a_later_store_is_refused_and_untouched)
{
    enum { MAX = 1 << 20 };
    static char file[2][MAX], wal[2][MAX];
    sqlite3 *db;
    char command[256];
    make_old_store();
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA user_version=4711", NULL, NULL, NULL),
                     SQLITE_OK);
    snprintf(command, sizeof command, "cp %s %s/later.db && cp %s-wal %s/later.db-wal", path, folder, path, folder);
    ck_assert_int_eq(system(command), 0);
    sqlite3_close(db);
    snprintf(path, sizeof path, "%s/later.db", folder);
    size_t n = read_file(path, file[0], MAX), n_wal = read_file(beside("-wal"), wal[0], MAX);
    ck_assert_uint_gt(n_wal, 4096);
    char *text = refusal();
    ck_assert_msg(strstr(text, "newer crumbd") && strstr(text, "4711"), "%s", text);
    free(text);
    ck_assert_uint_eq(read_file(path, file[1], MAX), n);
    ck_assert_mem_eq(file[0], file[1], n);
    ck_assert_uint_eq(read_file(beside("-wal"), wal[1], MAX), n_wal);
    ck_assert_mem_eq(wal[0], wal[1], n_wal);
}
END_TEST

static void tear_down(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

int main(void)
{
    Suite *s = suite_create("upgrade");
    TCase *t = tcase_create("upgrade");
    tcase_add_checked_fixture(t, NULL, tear_down);
    tcase_add_test(t, an_old_store_keeps_its_keys);
    tcase_add_test(t, a_file_is_known_by_the_old_hash);
    tcase_add_test(t, a_new_store_has_new_keys);
    tcase_add_test(t, positions_stay);
    tcase_add_loop_test(t, every_version_goes_on, 0, sizeof versions / sizeof *versions);
    tcase_add_test(t, a_copy_is_made_before);
    tcase_add_test(t, no_room_for_the_copy);
    tcase_add_test(t, a_later_store_is_refused_and_untouched);
    suite_add_tcase(s, t);
    return unit_run(s);
}
