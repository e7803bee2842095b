/* What the store keeps of issues: exact numbers, the first event and the newest ten, bounded on disk. */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "io/clock.h"
#include "io/store_issues.h"

static char folder[] = "/tmp/crumbd-issues-XXXXXX", path[64];
static struct store *store;
static int64_t now;

static void open_store(uint64_t store_limit, uint64_t limit)
{
    struct diag d = {0};
    store = store_open(path, STORE_DAEMON, store_limit, &d);
    if (!store)
        err_print(&d, stderr);
    ck_assert_ptr_nonnull(store);
    store_keep_issues(store, limit, INT64_C(86400000000));
}

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/crumbd.db", folder);
    now = clock_wall_us();
}

static void tear_down(void)
{
    char command[128];
    store_close(store);
    store = NULL;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    memcpy(folder, "/tmp/crumbd-issues-XXXXXX", sizeof folder);
}

/* What they take of the pages in use. */
static uint64_t issues_bytes(void)
{
    return store_used(store) - store_rows_used(store);
}

/* Asked of the file, by SQLite alone. */
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

enum { PAYLOAD_BYTES = 2000, MOST = 200 };
static char payloads[MOST][PAYLOAD_BYTES];

/* Event number i of an issue, a second later than the one before. The payload is the same only to itself. */
static struct store_event event_of(unsigned i, uint64_t issue)
{
    struct store_event e = {.issue = issue,
                            .time_us = now - INT64_C(3600000000) + i * INT64_C(1000000),
                            .project = SLICE("billing"),
                            .level = SLICE("error")};
    char *p = payloads[i % MOST];
    int n = snprintf(p, PAYLOAD_BYTES,
                     "{\"event_id\":\"x\",\"server_name\":\"host-%u\",\"tags\":{\"rule\":\"r\"},\"extra\":\"", i);
    for (unsigned at = (unsigned)n; at < PAYLOAD_BYTES - 4; at++)
        p[at] = (char)('a' + (at * at * (i + 1) + at / 7) % 26);
    memcpy(p + PAYLOAD_BYTES - 4, "\"}", 3);
    snprintf(e.event_id, sizeof e.event_id, "%016llx%016x", (unsigned long long)issue, i);
    e.title = scrubbed_vouch(SLICE("it broke"));
    e.payload = scrubbed_vouch(slice_str(p));
    return e;
}

static enum store_result put_events(uint64_t issue, unsigned from, unsigned n)
{
    struct store_event events[MOST];
    struct issue_count counts = {.key = issue, .n = n + 5, .suppressed = 5, .first_us = now, .last_us = now};
    for (unsigned i = 0; i < n; i++)
        events[i] = event_of(from + i, issue);
    return store_commit(store, &(struct checkpoint){.events = events, .n_events = n, .issues = &counts, .n_issues = 1});
}

/* An issue as it was read; its texts live as long as `texts`. */
static struct arena texts;
static struct store_issue get(uint64_t key)
{
    struct store_issue i;
    ck_assert(store_issue(store, key, now, &texts, &i));
    return i;
}

struct seen_events {
    unsigned n;
    char ids[20][33];
};

static void see_event(void *u, const struct store_kept *k)
{
    struct seen_events *s = u;
    ck_assert_uint_lt(s->n, 20);
    ck_assert(slice_ends(k->payload, SLICE("\"}")) && k->payload.n == PAYLOAD_BYTES - 2);
    snprintf(s->ids[s->n++], 33, "%s", k->event_id);
}

static void damage(void)
{
    FILE *f = fopen(path, "r+b");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, 68, SEEK_SET), 0); /* whose program's it is */
    ck_assert_uint_eq(fwrite("\0\0\0\7", 1, 4, f), 4);
    fclose(f);
}

/* Set aside as damaged, while it runs or before, it goes on with the issues that can be read. */
START_TEST(a_new_store_takes_its_place)
{
    open_store(0, 1 << 20);
    ck_assert_int_eq(put_events(7, 0, 3), STORE_OK);
    struct store_issue before = get(7);
    uint64_t bytes = issues_bytes();
    if (_i == 0) {
        store_close(store);
        damage();
        open_store(0, 1 << 20);
    } else {
        ck_assert_int_eq(unlink(path), 0);
        ck_assert_int_eq(put_events(8, 50, 1), STORE_OK);
    }
    ck_assert_uint_eq(store_counted(store)->v[COUNT_stores_renewed], 1);
    struct store_issue after = get(7);
    ck_assert_uint_eq(after.count, before.count);
    ck_assert_uint_eq(after.suppressed, before.suppressed);
    ck_assert_uint_eq(after.events, 3);
    ck_slice(after.about.text[ISSUE_TITLE], "it broke");
    ck_assert_uint_ge(issues_bytes(), bytes);
}
END_TEST

START_TEST(the_first_and_the_newest_stay)
{
    struct seen_events seen = {0};
    open_store(0, 1 << 20);
    for (unsigned i = 0; i < 60; i += 12)
        ck_assert_int_eq(put_events(7, i, 12), STORE_OK);
    ck_assert_int_eq(ask("SELECT count(*) FROM event"), 60);
    ck_assert(store_issue_events(store, 7, see_event, &seen));
    ck_assert_uint_eq(seen.n, STORE_ISSUE_EVENTS + 1);
    ck_assert_str_eq(seen.ids[0], event_of(59, 7).event_id);
    ck_assert_str_eq(seen.ids[9], event_of(50, 7).event_id);
    ck_assert_str_eq(seen.ids[10], event_of(0, 7).event_id);
    struct store_issue i = get(7);
    ck_assert(i.count == 5 * 17 && i.suppressed == 25 && i.events == 11);
    ck_slice(i.about.text[ISSUE_TITLE], "it broke");
    ck_slice(i.about.text[ISSUE_PROJECT], "billing");
    ck_slice(i.about.text[ISSUE_HOST], "host-59");
    ck_slice(i.about.text[ISSUE_RULE], "r");
    ck_assert_uint_eq(i.history.v[ISSUE_MINUTES][59], 5 * 17);
    ck_assert(store_kept_event(store, event_of(59, 7).event_id, see_event, &seen));
    ck_assert(!store_kept_event(store, event_of(30, 7).event_id, see_event, &seen));
    store_close(store);
    open_store(0, 1 << 20);
    ck_assert_uint_eq(issues_bytes(), (uint64_t)ask("SELECT bytes FROM issue"));
    ck_assert_uint_eq(get(7).count, 5 * 17);
}
END_TEST

/* By their times, in whatever order they come, as of old files. */
START_TEST(what_is_older_does_not_speak)
{
    struct seen_events seen = {0};
    struct store_event events[40];
    struct issue_count counts = {.key = 7, .n = 40, .first_us = now, .last_us = now};
    open_store(0, 1 << 20);
    for (unsigned i = 0; i < 40; i++)
        events[i] = event_of(100 + i * 7 % 40, 7);
    ck_assert_int_eq(
        store_commit(store, &(struct checkpoint){.events = events, .n_events = 40, .issues = &counts, .n_issues = 1}),
        STORE_OK);
    ck_slice(get(7).about.text[ISSUE_HOST], "host-139");
    ck_assert_int_eq(put_events(7, 20, 15), STORE_OK);
    ck_slice(get(7).about.text[ISSUE_HOST], "host-139");
    ck_assert(store_issue_events(store, 7, see_event, &seen) && seen.n == 11);
    for (unsigned i = 0; i < 10; i++)
        ck_assert_str_eq(seen.ids[i], event_of(139 - i, 7).event_id);
    ck_assert_str_eq(seen.ids[10], event_of(20, 7).event_id);
}
END_TEST

/* Delivered, dropped or waiting: what is kept is of no matter to the outbox. */
START_TEST(what_was_delivered_stays)
{
    struct seen_events seen = {0};
    open_store(0, 1 << 20);
    ck_assert_int_eq(put_events(7, 0, 3), STORE_OK);
    for (unsigned i = 0; i < 3; i++) {
        struct store_row *r = store_next(store, SLICE("billing"), ITEM_EVENT, now + 1);
        store_sent(store, r->id);
        store_row_free(r);
    }
    store_flush(store);
    ck_assert_int_eq(ask("SELECT count(*) FROM event"), 0);
    ck_assert(store_issue_events(store, 7, see_event, &seen) && seen.n == 3);
}
END_TEST

/* By a tool beside the daemon. */
START_TEST(what_is_dropped_by_hand_is_gone)
{
    struct diag d = {0};
    open_store(0, 1 << 20);
    ck_assert_int_eq(put_events(7, 0, 3), STORE_OK);
    struct store *tool = store_open(path, STORE_TOOL, 0, &d);
    ck_assert_ptr_nonnull(tool);
    ck_assert_int_eq(store_drop(tool, store_find(tool, event_of(1, 7).event_id), false), 1);
    ck_assert_uint_eq(get(7).events, 2);
    ck_assert_int_eq(ask("SELECT count(*) FROM kept"), 2);
    ck_assert_int_eq(ask("SELECT bytes FROM issue"), ask("SELECT 1024+sum(length(payload)+256) FROM kept"));
    ck_assert_int_eq(store_drop(tool, 0, false), 2);
    ck_assert(get(7).events == 0 && get(7).count == 8);
    store_close(tool);
}
END_TEST

/* The open form and the closed one are one event; what a crash has left open is kept when it is closed. */
START_TEST(open_forms_count_once)
{
    struct seen_events seen = {0};
    open_store(0, 1 << 20);
    struct store_event e = event_of(0, 7), other = event_of(1, 7);
    struct issue_count counts = {.key = 7, .n = 2, .first_us = now, .last_us = now};
    e.open = other.open = true;
    struct store_event both[] = {e, other};
    ck_assert_int_eq(
        store_commit(store, &(struct checkpoint){.events = both, .n_events = 2, .issues = &counts, .n_issues = 1}),
        STORE_OK);
    ck_assert(get(7).events == 0 && get(7).about.text[ISSUE_TITLE].n > 0);
    e.open = false;
    e.written_open = true;
    ck_assert_int_eq(store_commit(store, &(struct checkpoint){.events = &e, .n_events = 1}), STORE_OK);
    ck_assert(get(7).events == 1 && get(7).count == 2);
    store_close(store);
    open_store(0, 1 << 20);
    ck_assert_uint_eq(store_close_open(store), 1);
    ck_assert(store_issue_events(store, 7, see_event, &seen) && seen.n == 2);
    ck_assert_uint_eq(get(7).events, 2);
    ck_assert_uint_eq(issues_bytes(), (uint64_t)ask("SELECT bytes FROM issue"));
}
END_TEST

/* Each issue a day apart from the clock of the other: those seen longest ago go first, and are counted. */
START_TEST(old_and_large_ones_go)
{
    open_store(0, 32 << 10);
    for (unsigned i = 0; i < 40; i++) {
        struct store_event e = event_of(i, 100 + i);
        struct issue_count counts = {.key = 100 + i, .n = 1, .first_us = now + i, .last_us = now + i};
        ck_assert_int_eq(
            store_commit(store, &(struct checkpoint){.events = &e, .n_events = 1, .issues = &counts, .n_issues = 1}),
            STORE_OK);
        ck_assert_uint_le(issues_bytes(), 32 << 10);
    }
    uint64_t left = (uint64_t)ask("SELECT count(*) FROM issue");
    ck_assert(left > 5 && left < 40);
    ck_assert_uint_eq(store_counted(store)->v[COUNT_issues_evicted], 40 - left);
    ck_assert_int_eq(ask("SELECT value FROM count WHERE name='issues_evicted'"), (int64_t)(40 - left));
    ck_assert_int_eq(ask("SELECT min(key) FROM issue"), (int64_t)(140 - left));
    ck_assert_int_eq(ask("SELECT count(*) FROM kept WHERE issue NOT IN(SELECT key FROM issue)"), 0);
    ck_assert_uint_eq(issues_bytes(), (uint64_t)ask("SELECT sum(bytes) FROM issue"));
    struct issue_count old = {.key = 7, .n = 1, .first_us = 1, .last_us = now - INT64_C(86400000001)};
    store_close(store);
    open_store(0, 32 << 10);
    ck_assert_int_eq(store_commit(store, &(struct checkpoint){.issues = &old, .n_issues = 1}), STORE_OK);
    ck_assert_uint_eq(store_counted(store)->v[COUNT_issues_expired], 1);
    ck_assert_int_eq(ask("SELECT count(*) FROM issue"), (int64_t)left);
    store_close(store);
    open_store(0, 0);
    ck_assert_int_eq(ask("SELECT (SELECT count(*) FROM issue)+(SELECT count(*) FROM kept)"), 0);
    ck_assert_int_eq(put_events(7, 0, 3), STORE_OK);
    ck_assert_int_eq(ask("SELECT count(*) FROM issue"), 0);
}
END_TEST

static void see_key(void *u, const struct store_issue *i)
{
    uint64_t **at = u;
    *(*at)++ = i->key;
}

static bool odd(void *u, const struct store_issue *i)
{
    (void)u;
    return i->key % 2;
}

/* Pages of 7 bring all of 50, each once, in order, also where many are equal. */
START_TEST(pages_bring_all)
{
    struct issue_count counts[50];
    open_store(0, 1 << 20);
    for (unsigned i = 0; i < 50; i++)
        counts[i] = (struct issue_count){
            .key = (uint64_t)(i + 1) << 58 | i, .n = 1 + i % 4, .first_us = now - i, .last_us = now};
    ck_assert_int_eq(store_commit(store, &(struct checkpoint){.issues = counts, .n_issues = 50}), STORE_OK);
    for (unsigned sort = 0; sort < STORE_ISSUES_SORTS; sort++) {
        struct store_issues_asked asked = {.sort = (enum store_issues_sort)sort, .limit = 7, .now_us = now};
        uint64_t keys[64], *at = keys, total = 0;
        bool more = true;
        for (unsigned page = 0; more; page++) {
            ck_assert(store_issues(store, &asked, see_key, &at, &total, &more, &asked.at));
            asked.beyond = true;
            ck_assert_uint_eq(total, 50);
            ck_assert_uint_le(page, 7);
        }
        ck_assert_int_eq(at - keys, 50);
        for (unsigned i = 1; i < 50; i++) {
            struct store_issue one = get(keys[i - 1]), other = get(keys[i]);
            int64_t a = sort == STORE_ISSUES_COUNT ? (int64_t)one.count : sort == STORE_ISSUES_FIRST ? one.first_us : 0;
            int64_t b = sort == STORE_ISSUES_COUNT   ? (int64_t)other.count
                        : sort == STORE_ISSUES_FIRST ? other.first_us
                                                     : 0;
            ck_assert(a > b || (a == b && one.key > other.key));
        }
        asked = (struct store_issues_asked){.limit = 1000, .match = odd, .now_us = now};
        at = keys;
        ck_assert(store_issues(store, &asked, see_key, &at, &total, &more, &asked.at));
        ck_assert(total == 25 && at - keys == 25 && !more);
    }
}
END_TEST

/* What does not fit goes, each counted, and a page of what is left is as quick as it is small. */
START_TEST(a_hundred_thousand_issues)
{
    enum { ISSUES = 100000, STEP = 5000 };
    static struct issue_count counts[STEP];
    open_store(0, 64 << 20);
    for (unsigned n = 0; n < ISSUES; n += STEP) {
        for (unsigned i = 0; i < STEP; i++)
            counts[i] =
                (struct issue_count){.key = hash_mix(7, n + i), .n = 1, .first_us = now, .last_us = now + n + i};
        ck_assert_int_eq(store_commit(store, &(struct checkpoint){.issues = counts, .n_issues = STEP}), STORE_OK);
        ck_assert_uint_le(issues_bytes(), 64 << 20);
    }
    uint64_t left = (uint64_t)ask("SELECT count(*) FROM issue"), total, keys[50], *at = keys;
    ck_assert_uint_eq(left, (64 << 20) / STORE_ISSUE_BYTES);
    ck_assert_uint_eq(store_counted(store)->v[COUNT_issues_evicted], ISSUES - left);
    struct store_issues_asked asked = {.limit = 50, .now_us = now};
    struct store_issues_at next;
    bool more;
    ck_assert(store_issues(store, &asked, see_key, &at, &total, &more, &next) && total == left && more);
    for (unsigned i = 0; i < 50; i++)
        ck_assert_uint_eq(keys[i], hash_mix(7, ISSUES - 1 - i));
}
END_TEST

START_TEST(a_unique_beginning_is_enough)
{
    static const uint64_t all[] = {UINT64_C(0x0123456789abcdef), UINT64_C(0x01ffffffffffffff),
                                   UINT64_C(0xfedcba9876543210)};
    struct issue_count counts[3];
    uint64_t key = 0;
    open_store(0, 1 << 20);
    for (unsigned i = 0; i < 3; i++)
        counts[i] = (struct issue_count){.key = all[i], .n = 1, .first_us = now, .last_us = now};
    ck_assert_int_eq(store_commit(store, &(struct checkpoint){.issues = counts, .n_issues = 3}), STORE_OK);
    ck_assert(store_issue_find(store, SLICE("f"), &key) == 1 && key == all[2]);
    ck_assert(store_issue_find(store, SLICE("012"), &key) == 1 && key == all[0]);
    ck_assert(store_issue_find(store, SLICE("01FFFFFFFFFFFFFF"), &key) == 1 && key == all[1]);
    ck_assert_uint_eq(store_issue_find(store, SLICE("01"), &key), 2);
    ck_assert_uint_eq(store_issue_find(store, SLICE(""), &key), 0);
    ck_assert_uint_eq(store_issue_find(store, SLICE("3"), &key), 0);
    ck_assert_uint_eq(store_issue_find(store, SLICE("0g"), &key), 0);
    ck_assert_uint_eq(store_issue_find(store, SLICE("0123456789abcdef0"), &key), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("store_issues");
    TCase *t = tcase_create("store_issues");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_first_and_the_newest_stay);
    tcase_add_test(t, what_is_older_does_not_speak);
    tcase_add_test(t, what_was_delivered_stays);
    tcase_add_test(t, what_is_dropped_by_hand_is_gone);
    tcase_add_test(t, open_forms_count_once);
    tcase_add_test(t, a_hundred_thousand_issues);
    tcase_add_test(t, old_and_large_ones_go);
    tcase_add_loop_test(t, a_new_store_takes_its_place, 0, 2);
    tcase_add_test(t, pages_bring_all);
    tcase_add_test(t, a_unique_beginning_is_enough);
    suite_add_tcase(s, t);
    return unit_run(s);
}
