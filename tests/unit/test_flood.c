/* Flood control of known fingerprints, and how many new ones there may be. */
#include "tests/unit/unit.h"

#include "core/new_issues.h"

static const int64_t HOUR_US = INT64_C(3600000000);

struct sums {
    uint64_t suppressed, summaries;
};

static void on_summary(void *u, const struct flood_row *row)
{
    struct sums *s = u;
    s->suppressed += row->suppressed;
    s->summaries++;
}

static const struct flood_budget plenty = {.per_minute = 1000000, .per_day = 1000000};

START_TEST(limit_passes_burst_then_doublings)
{
    struct sums sums = {0};
    struct flood *l = flood_new(on_summary, &sums, NULL);
    const struct flood_issue issue = {.key = 1, .burst = 10, .period_us = 3600000000};
    uint64_t passed = 0, last = 0;
    for (uint64_t i = 1; i <= 1000; i++)
        if (flood_admit(l, &issue, &plenty, (int64_t)i) == FLOOD_PASS) {
            passed++;
            last = i;
        }
    ck_assert_uint_eq(passed, 10 + 6); /* 20 40 80 160 320 640 */
    ck_assert_uint_eq(last, 640);
    ck_assert_int_eq(flood_tick(l, 3600000000 - 1), 3600000001);
    ck_assert_uint_eq(sums.summaries, 0);
    flood_tick(l, 3600000001);
    ck_assert_uint_eq(sums.summaries, 1);
    ck_assert_uint_eq(passed + sums.suppressed, 1000);
    ck_assert_int_eq(flood_admit(l, &issue, &plenty, 3600000002), FLOOD_PASS); /* a new period, a new first */
    flood_free(l);
}
END_TEST

/* What was held back of a log that goes to another process is told; what others have held back as well waits for them.
 */
START_TEST(limit_tells_what_leaves)
{
    static const struct flood_issue issues[] = {{.key = 1, .burst = 1, .period_us = 3600000000, .log = 7},
                                                {.key = 2, .burst = 1, .period_us = 3600000000, .log = 7},
                                                {.key = 2, .burst = 1, .period_us = 3600000000, .log = 8},
                                                {.key = 3, .burst = 1, .period_us = 3600000000}};
    struct sums sums = {0};
    struct flood *l = flood_new(on_summary, &sums, NULL);
    uint64_t passed = 0;
    for (int i = 0; i < 30; i++)
        passed += flood_admit(l, &issues[i % 4], &plenty, 1000 + i) == FLOOD_PASS;
    flood_leave(l, 7);
    ck_assert_uint_eq(sums.summaries, 1);
    ck_assert_uint_eq(sums.suppressed, 8 - 4); /* of eight these pass: 1, 2, 4, 8 */
    flood_leave(l, 7);
    ck_assert_uint_eq(sums.summaries, 1);
    for (int i = 0; i < 8; i++)
        passed += flood_admit(l, &issues[1], &plenty, 2000 + i) == FLOOD_PASS;
    flood_leave(l, 7);
    ck_assert_msg(sums.summaries == 1, "others are among those of issue 2");
    flood_summarise(l);
    ck_assert_uint_eq(passed + sums.suppressed, 38);
    for (int i = 0; i < 8; i++)
        flood_admit(l, &issues[1], &plenty, 3000 + i);
    flood_leave(l, 7);
    ck_assert_msg(sums.summaries == 4, "and not any more");
    flood_free(l);
}
END_TEST

START_TEST(limit_first_passes_over_budget)
{
    struct sums sums = {0};
    struct flood *l = flood_new(on_summary, &sums, NULL);
    const struct flood_budget small = {.per_minute = 5, .per_day = 100};
    uint64_t passed = 0;
    for (uint64_t key = 1; key <= 20; key++)
        for (int i = 0; i < 3; i++)
            passed += flood_admit(l, &(struct flood_issue){.key = key, .burst = 10, .period_us = 1000000}, &small,
                                  1000) == FLOOD_PASS;
    ck_assert_uint_eq(passed, 3 + 1 + 1 + 18 - 0); /* three of the first, then only firsts once five are spent */
    flood_summarise(l);
    ck_assert_uint_eq(passed + sums.suppressed, 60);
    flood_free(l);
}
END_TEST

START_TEST(limit_is_exact_when_it_forgets)
{
    struct sums sums = {0};
    uint64_t evicted = 0, passed = 0, total = 0;
    struct flood *l = flood_new(on_summary, &sums, &evicted);
    for (uint64_t i = 0; i < 200000; i++)
        for (uint64_t repeat = 0; repeat < 3; repeat++, total++)
            passed += flood_admit(l, &(struct flood_issue){.key = i * 7 + 1, .burst = 1, .period_us = 3600000000},
                                  &plenty, (int64_t)i) == FLOOD_PASS;
    ck_assert_uint_le(flood_size(l), FLOOD_ENTRIES_MAX);
    ck_assert_uint_gt(evicted, 0);
    flood_summarise(l);
    ck_assert_uint_eq(passed + sums.suppressed, total);
    flood_free(l);
}
END_TEST

struct kept {
    struct flood_row rows[16];
    unsigned n;
};

static void keep_row(void *u, const struct flood_row *row)
{
    struct kept *k = u;
    ck_assert_uint_lt(k->n, 16);
    k->rows[k->n] = *row;
    k->rows[k->n++].sample = NULL;
}

START_TEST(limit_survives_a_restart)
{
    struct sums sums = {0};
    struct kept kept = {0};
    const struct flood_issue issue = {.key = 5, .project = 77, .burst = 2, .period_us = 3600000000};
    struct flood *l = flood_new(on_summary, &sums, NULL);
    uint64_t passed = 0;
    for (int i = 0; i < 7; i++)
        passed += flood_admit(l, &issue, &plenty, 100 + i) == FLOOD_PASS;
    ck_assert_uint_eq(passed, 3); /* 1, 2 and 4 */
    flood_changed(l, keep_row, &kept);
    flood_free(l);
    l = flood_new(on_summary, &sums, NULL);
    for (unsigned i = 0; i < kept.n; i++)
        flood_restore(l, &kept.rows[i]);
    ck_assert_int_eq(flood_admit(l, &issue, &plenty, 200), FLOOD_PASS); /* the eighth */
    ck_assert_int_ne(flood_admit(l, &issue, &plenty, 201), FLOOD_PASS);
    flood_summarise(l);
    ck_assert_uint_eq(sums.suppressed, 4 + 1);
    flood_free(l);
}
END_TEST

static struct flood_issue issue_of(uint64_t key, bool remote)
{
    return (struct flood_issue){.key = key, .burst = 3, .period_us = HOUR_US, .remote = remote};
}

static enum flood_answer admit(struct flood *l, struct flood_issue issue, const struct flood_budget *b, int64_t now_us)
{
    return flood_admit(l, &issue, b, now_us);
}

/* Only what was never seen passes a budget that is spent; a known one of a later period does not. */
START_TEST(limit_knows_what_rests)
{
    struct sums sums = {0};
    struct flood *l = flood_new(on_summary, &sums, NULL);
    const struct flood_budget spent = {.per_minute = 0, .per_day = 0};
    ck_assert(!flood_knows(l, 1));
    ck_assert_int_eq(admit(l, issue_of(1, false), &spent, 0), FLOOD_PASS);
    flood_tick(l, HOUR_US);
    ck_assert_uint_eq(flood_size(l), 0);
    ck_assert(flood_knows(l, 1));
    ck_assert_int_eq(admit(l, issue_of(1, false), &spent, HOUR_US + 1), FLOOD_HOLD_FIRST);
    ck_assert_int_eq(admit(l, issue_of(2, false), &spent, HOUR_US + 1), FLOOD_PASS);
    flood_tick(l, HOUR_US + 2);
    ck_assert_uint_eq(flood_size(l), 2);
    flood_tick(l, (FLOOD_KNOWN_DAYS + 1) * 24 * HOUR_US);
    flood_summarise(l);
    ck_assert_uint_eq(sums.suppressed, 1);
    admit(l, issue_of(3, false), &plenty, (FLOOD_KNOWN_DAYS + 1) * 24 * HOUR_US);
    flood_tick(l, (FLOOD_KNOWN_DAYS + 2) * 24 * HOUR_US);
    ck_assert(!flood_knows(l, 1) && flood_knows(l, 3));
    flood_free(l);
}
END_TEST

/* However many come from other hosts, what this host has sent is known, also when it rests and they do not. */
START_TEST(limit_forgets_remote_ones_first)
{
    struct sums sums = {0};
    uint64_t evicted = 0;
    struct flood *l = flood_new(on_summary, &sums, &evicted);
    for (uint64_t key = 1; key <= 1000; key++)
        admit(l, issue_of(key, false), &plenty, 0);
    admit(l, issue_of(2000, true), &plenty, 0);
    admit(l, issue_of(2000, false), &plenty, 0); /* this one both have sent */
    flood_tick(l, HOUR_US);
    for (uint64_t key = 10000; key < 10000 + 2 * FLOOD_ENTRIES_MAX; key++)
        admit(l, issue_of(key, true), &plenty, HOUR_US);
    for (uint64_t key = 1; key <= 1000; key++)
        ck_assert_msg(flood_knows(l, key), "%llu", (unsigned long long)key);
    ck_assert(flood_knows(l, 2000));
    ck_assert(!flood_knows(l, 10000));
    ck_assert_uint_eq(evicted, FLOOD_ENTRIES_MAX + 1001);
    flood_free(l);
}
END_TEST

static void keep_last(void *u, const struct flood_row *row)
{
    struct kept *k = u;
    k->rows[0] = *row;
    k->n++;
}

START_TEST(limit_rests_over_a_restart)
{
    struct sums sums = {0};
    struct kept kept = {0};
    struct flood *l = flood_new(on_summary, &sums, NULL);
    for (int i = 0; i < 5; i++)
        admit(l, issue_of(1, true), &plenty, 0);
    flood_tick(l, HOUR_US);
    ck_assert_uint_eq(sums.suppressed, 2);
    flood_changed(l, keep_last, &kept);
    ck_assert_uint_eq(kept.n, 2); /* and the budget */
    kept.n = 0;
    admit(l, issue_of(1, true), &plenty, HOUR_US);
    flood_tick(l, 2 * HOUR_US);
    flood_changed(l, keep_row, &kept);
    ck_assert_uint_eq(kept.n, 2);
    ck_assert(kept.rows[0].restarted && kept.rows[0].remote && !kept.rows[0].closed);
    ck_assert_uint_eq(kept.rows[0].count, 0);
    flood_free(l);
    l = flood_new(on_summary, &sums, NULL);
    flood_restore(l, &kept.rows[0]);
    ck_assert(flood_knows(l, 1));
    ck_assert_uint_eq(flood_size(l), 0);
    flood_tick(l, 3 * HOUR_US);
    ck_assert_uint_eq(sums.suppressed, 2);
    flood_free(l);
}
END_TEST

START_TEST(an_issue_is_news)
{
    const int64_t day_us = 24 * HOUR_US;
    const struct flood_issue issue = {.key = 1, .burst = 10, .period_us = HOUR_US};
    struct sums sums = {0};
    struct flood *l = flood_new(on_summary, &sums, NULL);
    /* Days, and what an occurrence is on each; its period of an hour counts as seen. */
    static const struct {
        int64_t us;
        enum issue_news news;
    } seen[] = {{0, ISSUE_NEW},         {1, ISSUE_KNOWN},      {7 * 24, ISSUE_KNOWN}, {14 * 24 + 1, ISSUE_BACK},
                {15 * 24, ISSUE_KNOWN}, {35 * 24, ISSUE_BACK}, {66 * 24, ISSUE_NEW}};
    for (unsigned i = 0; i < sizeof seen / sizeof *seen; i++) {
        flood_tick(l, seen[i].us * HOUR_US);
        flood_admit(l, &issue, &plenty, seen[i].us * HOUR_US);
        ck_assert_msg(flood_news(l) == seen[i].news, "%u", i);
    }
    flood_tick(l, 67 * day_us);
    flood_free(l);
}
END_TEST

/* --- new_issues --- */

/* So many of them that `tries` in a row give. */
static unsigned taken(struct new_issues *n, struct new_issue issue, unsigned most, unsigned tries, int64_t now_us)
{
    unsigned room = 0, first = 0;
    for (unsigned i = 0; i < tries; i++) {
        enum new_issues_answer a = new_issues_take(n, &issue, most, now_us);
        room += a == NEW_ISSUES_ROOM;
        first += a == NEW_ISSUES_FULL_FIRST;
    }
    ck_assert_uint_le(first, 1);
    return room;
}

START_TEST(new_issues_are_shared_out)
{
    struct new_issues *n = new_issues_new();
    const struct new_issue far = {.project = 1, .peer = 7}, farther = {.project = 1, .peer = 8}, near = {.project = 1};
    const struct new_issue rule = {.project = 1, .constant = true},
                           far_rule = {.project = 1, .peer = 7, .constant = true};
    ck_assert_uint_eq(taken(n, far, 200, 1000, 0), 100); /* a peer has half */
    ck_assert_uint_eq(taken(n, far_rule, 200, 1000, 0), 0);
    ck_assert_uint_eq(taken(n, farther, 200, 20, 0), 20);
    ck_assert_uint_eq(taken(n, near, 200, 1000, 0), 30);
    ck_assert_uint_eq(taken(n, farther, 200, 1000, 0), 0);
    ck_assert_uint_eq(taken(n, rule, 200, 1000, 0), 50);                              /* the last quarter */
    ck_assert_uint_eq(taken(n, (struct new_issue){.project = 2}, 200, 1000, 0), 150); /* another project has its own */
    ck_assert_uint_eq(taken(n, near, 200, 1000, HOUR_US - 1), 0);
    ck_assert_uint_eq(taken(n, near, 200, 1000, HOUR_US), 150);
    ck_assert_uint_eq(taken(n, far, 1, 5, 2 * HOUR_US), 1);
    new_issues_free(n);
}
END_TEST

START_TEST(new_issues_are_told_once)
{
    struct new_issues *n = new_issues_new();
    const struct new_issue issue = {.project = 1};
    ck_assert_uint_eq(taken(n, issue, 4, 3, 0), 3);
    ck_assert_int_eq(new_issues_take(n, &issue, 4, 1), NEW_ISSUES_FULL_FIRST);
    ck_assert_int_eq(new_issues_take(n, &issue, 4, 1), NEW_ISSUES_FULL);
    ck_assert_int_eq(new_issues_take(n, &issue, 4, HOUR_US), NEW_ISSUES_ROOM);
    taken(n, issue, 4, 2, HOUR_US);
    ck_assert_int_eq(new_issues_take(n, &issue, 4, HOUR_US), NEW_ISSUES_FULL_FIRST);
    new_issues_free(n);
}
END_TEST

START_TEST(new_issues_survive_a_restart)
{
    struct new_issues *n = new_issues_new();
    struct kept kept = {0};
    const struct new_issue far = {.project = 1, .peer = 7};
    ck_assert_uint_eq(taken(n, far, 200, 60, 5), 60);
    new_issues_changed(n, keep_row, &kept);
    ck_assert_uint_eq(kept.n, 2);
    new_issues_changed(n, keep_row, &kept);
    ck_assert_uint_eq(kept.n, 2); /* only what is new is told */
    new_issues_free(n);
    n = new_issues_new();
    for (unsigned i = 0; i < kept.n; i++)
        new_issues_restore(n, &kept.rows[i]);
    kept.n = 0;
    new_issues_changed(n, keep_row, &kept);
    ck_assert_uint_eq(kept.n, 0); /* a cut before the first message */
    ck_assert_uint_eq(taken(n, far, 200, 1000, 6), 40);
    taken(n, far, 200, 1, HOUR_US + 5);
    taken(n, (struct new_issue){.project = 2}, 200, 1, 2 * HOUR_US + 5);
    kept.n = 0;
    new_issues_changed(n, keep_row, &kept);
    unsigned closed = 0;
    for (unsigned i = 0; i < kept.n; i++)
        closed += kept.rows[i].closed;
    ck_assert_uint_eq(kept.n, 3);
    ck_assert_uint_eq(closed, 2);
    new_issues_free(n);
}
END_TEST

static void count_row(void *u, const struct flood_row *row)
{
    (void)row;
    ++*(unsigned *)u;
}

/* Invented addresses and projects do not grow it, and what they share is bounded as one. */
static void count_closed(void *u, const struct flood_row *row)
{
    *(unsigned *)u += row->closed;
}

START_TEST(new_issues_all_end)
{
    enum { PROJECTS = 150 }; /* more than one look closes */
    struct new_issues *n = new_issues_new();
    unsigned closed = 0, ignored = 0;
    for (uint64_t i = 1; i <= PROJECTS; i++)
        taken(n, (struct new_issue){.project = i}, 200, 1, 5);
    new_issues_changed(n, count_closed, &ignored);
    taken(n, (struct new_issue){.project = PROJECTS + 1}, 200, 1, HOUR_US + 5);
    for (unsigned i = 0; i < 4; i++) /* without a new one between */
        new_issues_changed(n, count_closed, &closed);
    ck_assert_uint_eq(ignored, 0);
    ck_assert_uint_eq(closed, PROJECTS);
    new_issues_free(n);
}
END_TEST

START_TEST(new_issues_are_bounded)
{
    struct new_issues *n = new_issues_new();
    unsigned rows = 0, room = 0;
    for (uint64_t project = 1; project < 20000; project++)
        room += new_issues_take(n, &(struct new_issue){.project = project, .peer = project}, 200, 0) == NEW_ISSUES_ROOM;
    new_issues_changed(n, count_row, &rows);
    ck_assert_uint_le(rows, NEW_ISSUES_WINDOWS_MAX + 1);
    ck_assert_uint_le(room, NEW_ISSUES_WINDOWS_MAX / 2 + 200);
    new_issues_free(n);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("limit, new_issues");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, limit_passes_burst_then_doublings);
    tcase_add_test(t, limit_first_passes_over_budget);
    tcase_add_test(t, limit_tells_what_leaves);
    tcase_add_test(t, limit_is_exact_when_it_forgets);
    tcase_add_test(t, limit_survives_a_restart);
    tcase_add_test(t, limit_knows_what_rests);
    tcase_add_test(t, limit_forgets_remote_ones_first);
    tcase_add_test(t, limit_rests_over_a_restart);
    tcase_add_test(t, an_issue_is_news);
    tcase_add_test(t, new_issues_are_shared_out);
    tcase_add_test(t, new_issues_are_told_once);
    tcase_add_test(t, new_issues_survive_a_restart);
    tcase_add_test(t, new_issues_are_bounded);
    tcase_add_test(t, new_issues_all_end);
    suite_add_tcase(s, t);
    return unit_run(s);
}
