#include "tests/unit/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/store_beside.h"
#include "io/store_issues.h"

static char dir[64], path[96];

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/crumbd-beside-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/crumbd.db", dir);
}

/* In the test's folder. */
static void shell(const char *what)
{
    char *command = xasprintf("cd '%s' && %s", dir, what);
    ck_assert_int_eq(system(command), 0);
    free(command);
}

static void tear_down(void)
{
    shell("rm -rf \"$PWD\"");
}

static unsigned n_files(void)
{
    char *command = xasprintf("ls '%s' | grep -c 'crumbd-'", dir), line[32] = "";
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
    pclose(f);
    free(command);
    return (unsigned)atoi(line);
}

static struct store *open_main(void)
{
    struct diag d = {0};
    struct store *s = store_open(path, STORE_DAEMON, 0, &d);
    ck_assert_ptr_nonnull(s);
    store_keep_issues(s, 1 << 20, INT64_C(1000000000000000000));
    return s;
}

static struct store *open_beside(char **its_path)
{
    struct diag d = {0};
    struct store *s = store_beside_open(path, 0, its_path, &d);
    ck_assert_ptr_nonnull(s);
    store_keep_issues(s, 1 << 20, INT64_C(1000000000000000000));
    return s;
}

/* An event of an issue that occurred twice, a loss to be told and what flood control holds back. */
static void put(struct store *s, unsigned n, bool open)
{
    struct store_event e = {.open = open,
                            .issue = 78,
                            .time_us = 1700000000000000,
                            .level = SLICE("error"),
                            .title = {SLICE("t")},
                            .payload = {SLICE("{}")}};
    struct flood_row row = {.key = 77, .start_us = 5, .period_us = 10, .burst = 1, .count = 4, .suppressed = 3};
    struct store_report report = {
        .project = SLICE(""), .reason = SLICE("sample_rate"), .category = SLICE("error"), .quantity = 3};
    snprintf(e.event_id, sizeof e.event_id, "%08x000040008000000000000000", n);
    struct issue_count count = {
        .key = 78, .n = 2, .suppressed = 1, .first_us = 1700000000000000, .last_us = 1700000000000000};
    struct checkpoint c = {.events = &e,
                           .n_events = 1,
                           .limits = &row,
                           .n_floods = 1,
                           .issues = &count,
                           .n_issues = 1,
                           .reports = &report,
                           .n_reports = 1};
    ck_assert_int_eq(store_commit(s, &c), STORE_OK);
}

static void ck_issue(struct store *s, unsigned events)
{
    struct arena a = {0};
    struct store_issue i;
    ck_assert(store_issue(s, 78, 1700000000000001, &a, &i));
    ck_assert(i.count == 2 * events && i.suppressed == events && i.events == events);
    ck_assert_uint_eq(i.history.v[ISSUE_MINUTES][59], 2 * events);
    arena_done(&a);
}

static void beside_on_flood(void *u, const struct flood_row *row)
{
    uint64_t *suppressed = u;
    *suppressed += row->suppressed;
}

static void beside_on_report(void *u, const struct store_report *r)
{
    uint64_t *quantity = u;
    *quantity += r->quantity;
}

/* So many ready, so much held back and to be told, and no row that no count knows. */
static void ck_holds(struct store *s, uint64_t ready, uint64_t held_back, uint64_t to_be_told)
{
    struct store_totals t;
    struct counts counts;
    uint64_t suppressed = 0, quantity = 0;
    int64_t unnamed = -1;
    store_totals(s, &t);
    store_counts(s, &counts);
    store_floods(s, beside_on_flood, &suppressed);
    store_reports(s, SLICE(""), beside_on_report, &quantity);
    ck_assert_uint_eq(t.ready, ready);
    ck_assert_uint_eq(t.open, 0);
    ck_assert_uint_eq(counts.v[COUNT_stored], ready);
    ck_assert_uint_eq(suppressed, held_back);
    ck_assert_uint_eq(quantity, to_be_told);
    ck_assert(store_unnamed_rows(s, &unnamed));
    ck_assert_int_eq(unnamed, 0);
}

START_TEST(one_of_its_own_for_each)
{
    char *first, *second, *want = xasprintf("%s/crumbd-%d.db", dir, (int)getpid());
    struct store *daemon = open_main(), *a = open_beside(&first), *b = open_beside(&second);
    ck_assert_str_eq(first, want);
    ck_assert_str_ne(second, first); /* as of a process of the same number in another container */
    store_discard(a);
    store_discard(b);
    ck_assert_uint_eq(n_files(), 0);
    store_close(daemon);
    free(first);
    free(second);
    free(want);
}
END_TEST

START_TEST(what_was_left)
{
    char *first, *again;
    struct store *daemon = open_main(), *s = open_beside(&first);
    put(s, 1, false);
    store_close(s);
    s = open_beside(&again);
    ck_assert_str_eq(again, first); /* the next one goes on with it */
    put(s, 2, true);
    store_close(s); /* and was killed while one waited for its lines */
    put(daemon, 3, false);
    shell("cp crumbd-*.db kept");
    store_beside_take_up(daemon, path);
    ck_assert_uint_eq(n_files(), 0);
    ck_holds(daemon, 3, 6, 9);
    ck_issue(daemon, 3);
    /* A crash came before the files were gone. */
    char *back = xasprintf("cp '%s/kept' '%s'", dir, first);
    ck_assert_int_eq(system(back), 0);
    free(back);
    store_beside_take_up(daemon, path);
    ck_assert_uint_eq(n_files(), 0);
    ck_holds(daemon, 3, 6, 9);
    ck_issue(daemon, 3);
    store_close(daemon);
    free(first);
    free(again);
}
END_TEST

/* One that is in use is nobody's; what only looks alike is no store. */
START_TEST(what_is_left_alone)
{
    char *first;
    struct store *daemon = open_main(), *s = open_beside(&first);
    put(s, 1, false);
    shell("echo text >crumbd-notes.db; echo text >crumbd-12.db");
    store_beside_take_up(daemon, path);
    ck_holds(daemon, 0, 0, 0);
    ck_assert_int_eq(access(first, F_OK), 0);
    shell("grep -q text crumbd-notes.db && grep -q text crumbd-12.db");
    store_close(s);
    store_close(daemon);
    free(first);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("beside");
    TCase *t = tcase_create("beside");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, one_of_its_own_for_each);
    tcase_add_test(t, what_was_left);
    tcase_add_test(t, what_is_left_alone);
    suite_add_tcase(s, t);
    return unit_run(s);
}
