#include "tests/unit/unit.h"

#include <stdio.h>

#include "core/flood.h"
#include "core/breadcrumbs.h"

/* --- trail --- */

static void push(struct breadcrumbs *t, uint64_t ring, uint64_t conn, uint64_t request, int64_t at, const char *text)
{
    const struct correlation k = {.ring = ring, .conn = conn, .request = request};
    breadcrumbs_push(
        t, &k,
        &(struct breadcrumbs_line){
            .time_us = at, .format = FORMAT_TEXT, .level = LEVEL_INFO, .app = SLICE("app"), .text = slice_str(text)});
}

static unsigned collect(struct breadcrumbs *t, struct correlation k, int64_t now, unsigned max, struct arena *a,
                        struct breadcrumb *out)
{
    unsigned seen;
    return breadcrumbs_collect(t, &k, now, 0, max, a, out, &seen);
}

START_TEST(trail_prefers_the_connection)
{
    struct breadcrumbs *t = breadcrumbs_new(1 << 20);
    struct arena a = {0};
    struct breadcrumb c[8];
    push(t, 1, 7, 0, 1000, "mine, early");
    for (int i = 0; i < 50; i++)
        push(t, 1, 8, 0, 2000 + i, "another connection");
    push(t, 2, 0, 0, 3000, "another worker");
    unsigned n = collect(t, (struct correlation){.ring = 1, .conn = 7}, 4000, 4, &a, c);
    ck_assert_uint_eq(n, 4);
    ck_slice(c[0].text, "mine, early");
    ck_assert(c[0].related && !c[1].related);
    ck_assert(c[1].time_us <= c[2].time_us && c[2].time_us <= c[3].time_us);
    ck_assert_int_eq(c[3].time_us, 2049); /* of the rest the newest */
    arena_done(&a);
    breadcrumbs_free(t);
}
END_TEST

START_TEST(trail_joins_rings_by_request)
{
    struct breadcrumbs *t = breadcrumbs_new(1 << 20);
    struct arena a = {0};
    struct breadcrumb c[8];
    push(t, 10, 0, 99, 1000, "access line");
    push(t, 11, 0, 99, 2000, "application line");
    push(t, 12, 0, 98, 2500, "another request");
    unsigned n = collect(t, (struct correlation){.ring = 13, .request = 99}, 3000, 8, &a, c);
    ck_assert_uint_eq(n, 2);
    ck_slice(c[0].text, "access line");
    ck_slice(c[1].text, "application line");
    arena_done(&a);
    breadcrumbs_free(t);
}
END_TEST

/* The lines of one request lie in three rings, and each ring is walked by itself: the newest of all of them come out.
 */
START_TEST(trail_newest_over_rings)
{
    struct breadcrumbs *t = breadcrumbs_new(1 << 20);
    struct arena a = {0};
    struct breadcrumb c[8];
    char text[16];
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "line %d", i);
        push(t, 10 + (uint64_t)(i * i % 3), 0, 99, 1000 + i, text);
        push(t, 10, 0, 98, 1000 + i, "another request");
    }
    for (uint64_t home = 9; home <= 11; home++) {
        unsigned n = collect(t, (struct correlation){.ring = home, .request = 99}, 3000, 8, &a, c);
        ck_assert_uint_eq(n, 8);
        for (int i = 0; i < 8; i++) {
            snprintf(text, sizeof text, "line %d", 92 + i);
            ck_slice(c[i].text, text);
        }
    }
    arena_done(&a);
    breadcrumbs_free(t);
}
END_TEST

START_TEST(trail_weak_only_within_two_seconds)
{
    struct breadcrumbs *t = breadcrumbs_new(1 << 20);
    struct arena a = {0};
    struct breadcrumb c[8];
    const struct correlation access = {.ring = 20, .weak = 5};
    breadcrumbs_push(
        t, &access,
        &(struct breadcrumbs_line){
            .time_us = 10000000, .format = FORMAT_NGINX_ACCESS, .level = LEVEL_INFO, .text = SLICE("near")});
    breadcrumbs_push(t, &access,
                     &(struct breadcrumbs_line){
                         .time_us = 1000000, .format = FORMAT_NGINX_ACCESS, .level = LEVEL_INFO, .text = SLICE("far")});
    unsigned n = collect(t, (struct correlation){.ring = 21, .weak = 5}, 11000000, 8, &a, c);
    ck_assert_uint_eq(n, 1);
    ck_slice(c[0].text, "near");
    ck_assert(c[0].weak);
    arena_done(&a);
    breadcrumbs_free(t);
}
END_TEST

/* Every line pushed lately is there, byte for byte, whatever the ring did in between. */
START_TEST(trail_ring_keeps_what_is_newest)
{
    struct breadcrumbs *t = breadcrumbs_new(1 << 20);
    struct arena a = {0};
    static struct breadcrumb c[64];
    char text[1100];
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(text, sizeof text, "%d:%0*d", i, (i * 37) % 900 + 1, i);
        ck_assert(n > 0);
        push(t, 1, 0, 0, i, text);
    }
    unsigned n = collect(t, (struct correlation){.ring = 1}, 20000, 64, &a, c);
    ck_assert_uint_eq(n, 64);
    for (int i = 0; i < 64; i++) {
        int number = 20000 - 64 + i;
        snprintf(text, sizeof text, "%d:%0*d", number, (number * 37) % 900 + 1, number);
        ck_slice(c[i].text, text);
    }
    ck_assert_uint_le(breadcrumbs_bytes(t), BREADCRUMBS_RING_MAX_BYTES + 4096);
    arena_done(&a);
    breadcrumbs_free(t);
}
END_TEST

START_TEST(trail_memory_is_capped)
{
    struct breadcrumbs *t = breadcrumbs_new(256 * 1024);
    struct arena a = {0};
    struct breadcrumb c[4];
    for (uint64_t ring = 1; ring <= 10000; ring++)
        push(t, ring, 0, ring, (int64_t)ring, "a line");
    ck_assert_uint_le(breadcrumbs_bytes(t), 256 * 1024);
    ck_assert_uint_eq(collect(t, (struct correlation){.ring = 10000}, 10001, 4, &a, c), 1);
    ck_assert_uint_eq(collect(t, (struct correlation){.ring = 1}, 10001, 4, &a, c), 0); /* used longest ago */
    arena_done(&a);
    breadcrumbs_free(t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("trail");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, trail_prefers_the_connection);
    tcase_add_test(t, trail_joins_rings_by_request);
    tcase_add_test(t, trail_newest_over_rings);
    tcase_add_test(t, trail_weak_only_within_two_seconds);
    tcase_add_test(t, trail_ring_keeps_what_is_newest);
    tcase_add_test(t, trail_memory_is_capped);
    suite_add_tcase(s, t);
    return unit_run(s);
}
