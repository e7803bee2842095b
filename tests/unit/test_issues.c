/* What is kept of issues, without a store: rings of numbers, tallies, what an event says. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/issue_about.h"
#include "core/issue_history.h"
#include "core/issue_tally.h"

static const int64_t SECOND = 1000000, MINUTE = 60 * INT64_C(1000000), DAY = 86400 * INT64_C(1000000);
/* 2026-11-23 10:00:30 UTC */
static const int64_t now = INT64_C(1795428030000000);

static uint64_t sum(const struct issue_history *h, enum issue_scale s)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < issue_slots[s]; i++)
        n += h->v[s][i];
    return n;
}

START_TEST(slots_are_minutes_hours_and_days)
{
    struct issue_history h = {0};
    issue_history_add(&h, now - 59 * MINUTE, 1, now);
    issue_history_add(&h, now - 60 * MINUTE, 2, now);
    issue_history_add(&h, now - 23 * 60 * MINUTE, 4, now);
    issue_history_add(&h, now - 24 * 60 * MINUTE, 8, now);
    issue_history_add(&h, now - 29 * DAY, 16, now);
    issue_history_add(&h, now - 30 * DAY, 32, now);
    issue_history_add(&h, now, 64, now);
    issue_history_turn(&h, now);
    ck_assert_uint_eq(h.v[ISSUE_MINUTES][0], 1);
    ck_assert_uint_eq(h.v[ISSUE_MINUTES][59], 64);
    ck_assert_uint_eq(sum(&h, ISSUE_MINUTES), 65);
    ck_assert_uint_eq(h.v[ISSUE_HOURS][0], 4);
    ck_assert_uint_eq(h.v[ISSUE_HOURS][22], 3);
    ck_assert_uint_eq(sum(&h, ISSUE_HOURS), 71);
    ck_assert_uint_eq(h.v[ISSUE_DAYS][0], 16);
    ck_assert_uint_eq(h.v[ISSUE_DAYS][29], 1 + 2 + 64);
    ck_assert_uint_eq(h.v[ISSUE_DAYS][28], 4 + 8);
}
END_TEST

START_TEST(time_moves_what_was)
{
    struct issue_history h = {0};
    issue_history_add(&h, now, 5, now);
    issue_history_turn(&h, now + 10 * MINUTE);
    ck_assert_uint_eq(h.v[ISSUE_MINUTES][49], 5);
    ck_assert_uint_eq(h.v[ISSUE_HOURS][23], 5);
    issue_history_turn(&h, now + INT64_C(400) * DAY);
    ck_assert_uint_eq(sum(&h, ISSUE_DAYS), 0);
    issue_history_add(&h, now + INT64_C(400) * DAY, 1, now + INT64_C(400) * DAY);
    ck_assert_uint_eq(h.v[ISSUE_DAYS][29], 1);
}
END_TEST

/* A clock that was ahead, and is set right: what it counted is not out of sight for ever. */
START_TEST(what_is_ahead_of_the_clock_is_now)
{
    struct issue_history h = {0};
    int64_t ahead = now + 100 * DAY;
    issue_history_add(&h, ahead, 7, ahead);
    issue_history_add(&h, now, 1, now);
    ck_assert_uint_eq(h.v[ISSUE_MINUTES][59], 8);
    issue_history_add(&h, now + 3 * DAY, 2, now); /* the record's clock, not ours */
    ck_assert_uint_eq(h.v[ISSUE_DAYS][29], 10);
}
END_TEST

START_TEST(two_are_joined)
{
    struct issue_history h = {0}, other = {0};
    issue_history_add(&h, now, 1, now);
    issue_history_add(&other, now - 10 * MINUTE, 2, now - 5 * MINUTE);
    issue_history_join(&h, &other);
    issue_history_join(&other, &h);
    for (unsigned i = 0; i < 2; i++) {
        const struct issue_history *one = i ? &other : &h;
        ck_assert_uint_eq(one->v[ISSUE_MINUTES][59], 1);
        ck_assert_uint_eq(one->v[ISSUE_MINUTES][49], i ? 4 : 2);
        ck_assert_uint_eq(sum(one, ISSUE_DAYS), i ? 5 : 3);
    }
    issue_history_join(&(struct issue_history){0}, &h);
}
END_TEST

START_TEST(history_comes_back_from_its_bytes)
{
    struct issue_history h = {0}, back;
    struct sbuf b;
    sbuf_init(&b, ISSUE_HISTORY_BYTES_MAX);
    issue_history_add(&h, now - 30 * MINUTE, 300, now);
    issue_history_add(&h, now, UINT64_MAX / 2, now);
    issue_history_write(&h, &b);
    ck_assert_uint_lt(b.n, 64);
    ck_assert(issue_history_read(sbuf_slice(&b), &back) && memcmp(&h, &back, sizeof h) == 0);
    for (size_t n = 0; n < b.n; n++)
        ck_assert(!issue_history_read(slice_of(b.p, n), &back) && back.last[0] == 0);
    sbuf_addc(&b, 'x');
    ck_assert(!issue_history_read(sbuf_slice(&b), &back));
    memset(&h, 0xff, sizeof h);
    for (unsigned s = 0; s < ISSUE_SCALES; s++)
        h.last[s] = INT64_MAX;
    sbuf_reset(&b);
    issue_history_write(&h, &b);
    ck_assert(!b.over && issue_history_read(sbuf_slice(&b), &back));
    sbuf_done(&b);
}
END_TEST

struct told {
    unsigned rows;
    uint64_t n, suppressed;
};

static void tell(void *u, const struct issue_count *c)
{
    struct told *t = u;
    t->rows++;
    t->n += c->n;
    t->suppressed += c->suppressed;
    ck_assert(c->first_us <= c->last_us && c->suppressed <= c->n);
}

START_TEST(a_tally_is_exact)
{
    struct issue_tally t;
    struct told told = {0};
    uint64_t uncounted = 0;
    issue_tally_init(&t, &uncounted);
    for (unsigned i = 0; i < 100000; i++)
        issue_tally_add(&t, 1 + i % 3, now + i % 2 * SECOND, 1, i % 5 > 0);
    issue_tally_add(&t, 0, now, 9, 0);
    issue_tally_tell(&t, tell, &told);
    ck_assert(told.rows == 3 && told.n == 100000 && told.suppressed == 80000 && uncounted == 0);
    issue_tally_tell(&t, tell, &told);
    ck_assert_uint_eq(told.rows, 3);
    issue_tally_done(&t);
}
END_TEST

/* Above its bounds the time is not exact, or the issue unnamed; the number is kept. */
START_TEST(a_tally_is_bounded)
{
    struct issue_tally t;
    struct told told = {0};
    uint64_t uncounted = 0;
    issue_tally_init(&t, &uncounted);
    for (unsigned i = 0; i < 1000; i++)
        issue_tally_add(&t, 1, now + i * MINUTE, 1, 0);
    issue_tally_tell(&t, tell, &told);
    ck_assert(told.rows == ISSUE_TALLY_MINUTES && told.n == 1000);
    for (uint64_t i = 1; i <= ISSUE_TALLY_MAX + 10; i++)
        issue_tally_add(&t, i, now, 2, 0);
    issue_tally_add(&t, 1, now + MINUTE, 1, 0);
    told = (struct told){0};
    issue_tally_tell(&t, tell, &told);
    ck_assert(told.rows == ISSUE_TALLY_MAX && told.n == 2 * ISSUE_TALLY_MAX + 1 && uncounted == 20);
    issue_tally_done(&t);
}
END_TEST

START_TEST(an_event_tells_what_it_is)
{
    struct arena a = {0};
    struct issue_about about = {0};
    struct slice name, value, tags;
    about.text[ISSUE_TITLE] = SLICE("stays");
    ck_assert(issue_about_read(
        SLICE("{\"level\":\"fatal\",\"server_name\":\"web-1\",\"transaction\":\"GET "
              "/\",\"logentry\":{\"formatted\":\"no\"},"
              "\"exception\":{\"values\":[{\"type\":\"Cause\",\"value\":\"c\"},{\"type\":\"Outer\",\"value\":\"o\","
              "\"stacktrace\":{\"frames\":[{\"type\":\"x\"}]}}]},\"tags\":{\"rule\":\"r.one\",\"app\":\"shop\",\"k\":"
              "\"a\\tb\\nc\"},"
              "\"contexts\":{\"level\":\"x\",\"tags\":{\"k\":\"y\"}}}"),
        &a, &about));
    ck_slice(about.text[ISSUE_TITLE], "stays");
    ck_slice(about.text[ISSUE_LEVEL], "fatal");
    ck_slice(about.text[ISSUE_HOST], "web-1");
    ck_slice(about.text[ISSUE_TRANSACTION], "GET /");
    ck_slice(about.text[ISSUE_TYPE], "Outer");
    ck_slice(about.text[ISSUE_VALUE], "o");
    ck_slice(about.text[ISSUE_RULE], "r.one");
    ck_slice(about.text[ISSUE_APP], "shop");
    tags = about.text[ISSUE_TAGS];
    ck_slice(tags, "rule\tr.one\napp\tshop\nk\ta b c\n");
    ck_assert(issue_about_tag(&tags, &name, &value) && issue_about_tag(&tags, &name, &value));
    ck_slice(name, "app");
    ck_assert(issue_about_tag(&tags, &name, &value));
    ck_slice(value, "a b c");
    ck_assert(!issue_about_tag(&tags, &name, &value));
    ck_assert(issue_about_read(SLICE("{\"logentry\":{\"formatted\":\"said\"}}"), &a, &about));
    ck_slice(about.text[ISSUE_VALUE], "said");
    ck_slice(about.text[ISSUE_TYPE], "");
    ck_assert(!issue_about_read(SLICE("{\"logentry\":"), &a, &about));
    arena_done(&a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("issues");
    TCase *t = tcase_create("issues");
    tcase_add_test(t, slots_are_minutes_hours_and_days);
    tcase_add_test(t, time_moves_what_was);
    tcase_add_test(t, what_is_ahead_of_the_clock_is_now);
    tcase_add_test(t, two_are_joined);
    tcase_add_test(t, history_comes_back_from_its_bytes);
    tcase_add_test(t, a_tally_is_exact);
    tcase_add_test(t, a_tally_is_bounded);
    tcase_add_test(t, an_event_tells_what_it_is);
    suite_add_tcase(s, t);
    return unit_run(s);
}
