#include "tests/unit/unit.h"

#include "core/send_window.h"

/* A server of so many places: a request that finds none waits its turn, and each is served for service_us. */
struct server {
    unsigned places;
    int64_t service_us;
};

static struct send_window w;
static int64_t now_us;

static void set_up(void)
{
    send_window_init(&w);
    now_us = 1000000;
}

/* As many requests at once as the window lets through, and the time that passes until all of them are answered. Returns
   how many there were. */
static unsigned round_trip(const struct server *s)
{
    send_window_renew(&w, now_us);
    unsigned n = w.size, round = w.round;
    for (unsigned i = 0; i < n; i++)
        send_window_answered(&w, round, w.size, (i / s->places + 1) * s->service_us); /* each is followed by others */
    now_us += ((n - 1) / s->places + 1) * s->service_us;
    return n;
}

static unsigned after(const struct server *s, unsigned trips)
{
    while (trips--)
        round_trip(s);
    return w.size;
}

START_TEST(it_doubles_up_to_its_most)
{
    static const struct server far = {.places = 1000, .service_us = 50000};
    for (unsigned want = 1; want <= SEND_WINDOW_MAX; want *= 2)
        ck_assert_uint_eq(round_trip(&far), want);
    ck_assert_uint_eq(after(&far, 10), SEND_WINDOW_MAX);
}
END_TEST

/* A thousand a second at 50 ms, the beginning with it. */
START_TEST(a_thousand_a_second_over_50_ms)
{
    static const struct server far = {.places = 1000, .service_us = 50000};
    int64_t began_us = now_us;
    unsigned sent = 0;
    while (sent < 100000)
        sent += round_trip(&far);
    ck_assert_int_lt(now_us - began_us, INT64_C(100) * 1000000);
}
END_TEST

START_TEST(a_sender_of_little_learns_nothing)
{
    for (int i = 0; i < 1000; i++)
        send_window_answered(&w, w.round, 1, 50000);
    ck_assert_uint_eq(w.size, 2);
}
END_TEST

/* Where more at a time are not served sooner, there are not many more. */
START_TEST(a_server_with_few_places)
{
    static const struct {
        struct server server;
        unsigned least, most;
    } rows[] = {
        {{.places = 1, .service_us = 1000000}, 1, 8}, {{.places = 1, .service_us = 100000}, 1, 8},
        {{.places = 4, .service_us = 100000}, 4, 32}, {{.places = 64, .service_us = 100000}, 64, 64},
        {{.places = 1, .service_us = 100}, 16, 64}, /* so quick that waiting is not seen */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        for (int k = 0; k < 500; k++) {
            unsigned size = after(&rows[i].server, 1);
            ck_assert_uint_le(size, rows[i].most);
        }
        unsigned served = 0;
        int64_t from_us = now_us;
        for (int k = 0; k < 500; k++)
            served += round_trip(&rows[i].server);
        ck_assert_msg(served >= 500 * (rows[i].least + 1) / 2, "row %zu: %u in 500 round trips", i, served);
        /* Its places do not stand empty. */
        int64_t could = (now_us - from_us) / rows[i].server.service_us * (int64_t)rows[i].server.places;
        ck_assert_msg(served >= could * 6 / 10, "row %zu: %u of %lld", i, served, (long long)could);
    }
}
END_TEST

START_TEST(overload_halves_and_begins_with_one)
{
    static const struct server far = {.places = 1000, .service_us = 50000};
    after(&far, 10);
    unsigned round = w.round;
    for (int i = 0; i < SEND_WINDOW_MAX; i++) /* all that were on their way, and it is one overload */
        send_window_overload(&w, round);
    ck_assert_uint_eq(w.size, 1);
    ck_assert_uint_eq(w.threshold, SEND_WINDOW_MAX / 2);
    send_window_answered(&w, round, 64, 50000); /* sent before */
    ck_assert_uint_eq(w.size, 1);
    ck_assert_uint_eq(after(&far, 5), 32);
    ck_assert_uint_eq(after(&far, 1), 33); /* and from here on one by one */
    ck_assert_uint_eq(after(&far, 1), 34);
    for (int i = 0; i < 20; i++)
        send_window_overload(&w, w.round);
    ck_assert_uint_eq(w.size, 1);
    ck_assert_uint_eq(w.threshold, 1);
}
END_TEST

/* A server that refuses what is too much: sixteen at a time are taken. */
START_TEST(it_stays_near_what_a_server_takes)
{
    static const struct server far = {.places = 1000, .service_us = 50000};
    unsigned taken = 0, refused = 0;
    for (int i = 0; i < 1000; i++) {
        send_window_renew(&w, now_us);
        if (w.size > 16) {
            refused++;
            send_window_overload(&w, w.round);
            now_us += 50000;
        } else {
            taken += round_trip(&far);
        }
    }
    ck_assert_uint_gt(taken, 1000 * 8);
    ck_assert_uint_lt(refused, 100);
}
END_TEST

START_TEST(slow_answers_halve_it)
{
    static const struct server quick = {.places = 1000, .service_us = 50000};
    after(&quick, 10);
    unsigned round = w.round;
    for (int i = 0; i < SEND_WINDOW_MAX; i++)
        send_window_answered(&w, round, SEND_WINDOW_MAX, 900000);
    ck_assert_uint_eq(w.size, 32);
}
END_TEST

/* A way that has become longer is measured anew, and is no overload for ever. */
START_TEST(a_longer_way_is_learnt)
{
    static const struct server near = {.places = 1000, .service_us = 5000}, far = {.places = 1000, .service_us = 90000};
    after(&near, 100);
    after(&far, 10);
    ck_assert_uint_lt(w.size, 4);
    ck_assert_uint_eq(after(&far, 500), SEND_WINDOW_MAX);
}
END_TEST

START_TEST(odd_times)
{
    send_window_answered(&w, w.round, 1, 0);
    send_window_answered(&w, w.round, 2, -5);
    send_window_answered(&w, w.round, 3, INT64_MAX / 8);
    send_window_renew(&w, -1);
    send_window_renew(&w, INT64_MAX / 2);
    ck_assert_uint_ge(w.size, 1);
    ck_assert_uint_le(w.size, SEND_WINDOW_MAX);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("send_window");
    TCase *t = tcase_create("send_window");
    tcase_add_checked_fixture(t, set_up, NULL);
    tcase_add_test(t, it_doubles_up_to_its_most);
    tcase_add_test(t, a_thousand_a_second_over_50_ms);
    tcase_add_test(t, a_sender_of_little_learns_nothing);
    tcase_add_test(t, a_server_with_few_places);
    tcase_add_test(t, overload_halves_and_begins_with_one);
    tcase_add_test(t, it_stays_near_what_a_server_takes);
    tcase_add_test(t, slow_answers_halve_it);
    tcase_add_test(t, a_longer_way_is_learnt);
    tcase_add_test(t, odd_times);
    suite_add_tcase(s, t);
    return unit_run(s);
}
