#include "tests/unit/unit.h"

#include "core/scrub.h"
#include "core/trouble.h"
#include "tests/unit/event_at.h"

enum { S = 1000000 };
static const int64_t HOUR = 3600 * INT64_C(1000000);

START_TEST(is_told_when_it_begins_and_ends)
{
    struct trouble t = {0};
    ck_assert_int_eq(trouble_look(&t, false, 10 * S, 1 * S), TROUBLE_AS_BEFORE);
    ck_assert_int_eq(trouble_look(&t, true, 10 * S, 2 * S), TROUBLE_AS_BEFORE);
    ck_assert_int_eq(trouble_look(&t, false, 10 * S, 11 * S), TROUBLE_AS_BEFORE); /* not so for long */
    ck_assert_int_eq(trouble_look(&t, true, 10 * S, 12 * S), TROUBLE_AS_BEFORE);
    ck_assert_int_eq(trouble_look(&t, true, 10 * S, 21 * S), TROUBLE_AS_BEFORE);
    ck_assert(!t.on && !t.wants_event);
    ck_assert_int_eq(trouble_look(&t, true, 10 * S, 22 * S), TROUBLE_BEGINS);
    ck_assert(t.on && t.wants_event);
    ck_assert_int_eq(trouble_look(&t, true, 10 * S, 99 * S), TROUBLE_AS_BEFORE);
    ck_assert_int_eq(trouble_look(&t, false, 10 * S, 100 * S), TROUBLE_ENDS);
    ck_assert_int_eq(trouble_look(&t, false, 10 * S, 101 * S), TROUBLE_AS_BEFORE);
    ck_assert(!t.on && t.wants_event); /* it may not have been possible yet */
}
END_TEST

START_TEST(events_of_one_are_an_hour_apart)
{
    struct trouble t = {0};
    struct trouble_budget b = {0};
    unsigned made = 0;
    for (int64_t now = S; now < 10 * HOUR; now += S) {
        trouble_look(&t, now / S % 2 == 0, 0, now); /* it flaps */
        if (trouble_may_make_event(&t, &b, now)) {
            trouble_event_made(&t, &b);
            made++;
        }
    }
    ck_assert_uint_eq(made, 10);
}
END_TEST

START_TEST(all_together_are_bounded)
{
    struct trouble many[100] = {{0}};
    struct trouble_budget b = {0};
    unsigned made[3] = {0};
    for (unsigned hour = 0; hour < 3; hour++)
        for (unsigned i = 0; i < 100; i++) {
            trouble_look(&many[i], true, 0, 1 + hour * HOUR);
            if (trouble_may_make_event(&many[i], &b, 1 + hour * HOUR)) {
                trouble_event_made(&many[i], &b);
                made[hour]++;
            }
        }
    for (unsigned hour = 0; hour < 3; hour++)
        ck_assert_uint_eq(made[hour], TROUBLE_EVENTS);
}
END_TEST

START_TEST(an_event_says_what_about)
{
    const struct options opt = {
        .environment = SLICE("production"), .server_name = SLICE("web-1"), .scrub = {.defaults = true}};
    const struct trouble_event e = {.event_id = "0123456789abcdef0123456789abcdef",
                                    .kind = "silent",
                                    .text = "crumbd: the input udp://\"x\" has gone silent",
                                    .about = SLICE("/l/?password=Zq7Xw3Lk9Pm2"),
                                    .time_us = INT64_C(1700000000250000)};
    struct scrub *scrub = scrub_new(&opt);
    struct arena a = {0};
    struct sbuf out;
    sbuf_init(&out, 4096);
    struct json_node *event = json_tree(&a, trouble_event_write(&e, &opt, scrub, &out).text);
    ck_assert_ptr_nonnull(event);
    ck_at(event, "event_id", e.event_id);
    ck_at(event, "timestamp", "1700000000.250000");
    ck_at(event, "level", "warning");
    ck_at(event, "logentry/formatted", e.text);
    ck_at(event, "server_name", "web-1");
    ck_at(event, "environment", "production");
    ck_at(event, "fingerprint/0", "crumbd");
    ck_at(event, "fingerprint/1", "silent");
    ck_at(event, "fingerprint/2", "/l/?password=[Filtered]");
    ck_at(event, "tags/crumbd.health", "silent");
    ck_at(event, "tags/crumbd.about", "/l/?password=[Filtered]");
    sbuf_done(&out);
    arena_done(&a);
    scrub_free(scrub);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("trouble");
    TCase *t = tcase_create("trouble");
    tcase_add_test(t, is_told_when_it_begins_and_ends);
    tcase_add_test(t, events_of_one_are_an_hour_apart);
    tcase_add_test(t, all_together_are_bounded);
    tcase_add_test(t, an_event_says_what_about);
    suite_add_tcase(s, t);
    return unit_run(s);
}
