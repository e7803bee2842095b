#include "tests/unit/unit.h"

#include <stdio.h>

#include "core/flood.h"
#include "core/breadcrumbs.h"
#include "core/program.h"

/* --- trail --- */

static void push(struct breadcrumbs *t, uint64_t ring, uint64_t conn, uint64_t request, int64_t at, const char *text)
{
    static uint64_t came;
    const struct correlation k = {.ring = ring, .conn = conn, .request = request};
    breadcrumbs_push(t, &k,
                     &(struct breadcrumbs_line){.time_us = at,
                                                .came = ++came,
                                                .format = FORMAT_TEXT,
                                                .level = LEVEL_INFO,
                                                .app = SLICE("app"),
                                                .text = slice_str(text)});
}

static unsigned collect(struct breadcrumbs *t, struct correlation k, int64_t now, unsigned max, struct arena *a,
                        struct breadcrumb *out)
{
    unsigned seen, after;
    const struct breadcrumbs_want want = {.keys = &k, .time_us = now, .max = max, .others = 5};
    return breadcrumbs_collect(t, &want, a, out, &seen, &after);
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
    ck_assert(c[0].connection && !c[0].request && !breadcrumb_is_related(&c[1]));
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
    ck_assert(c[0].request && c[1].request && !c[0].connection && !c[0].weak);
    arena_done(&a);
    breadcrumbs_free(t);
}
END_TEST

/* A busy worker has lines of a thousand requests: a few of them tell how it is, more would hide one's own. */
/* A log that is read once more has its lines once, also in a ring that other logs share. */
START_TEST(trail_forgets_a_log)
{
    struct breadcrumbs *t = breadcrumbs_new(1 << 20);
    struct arena a = {0};
    struct breadcrumb c[8];
    const struct correlation k = {.ring = 10};
    for (unsigned again = 0; again < 2; again++) {
        if (again)
            breadcrumbs_forget(t, 7);
        for (uint32_t log = 7; log < 9 - again; log++)
            breadcrumbs_push(t, &k,
                             &(struct breadcrumbs_line){.time_us = 1000 + log,
                                                        .log = log,
                                                        .app = SLICE("app"),
                                                        .text = log == 7 ? SLICE("seven") : SLICE("eight")});
    }
    ck_assert_uint_eq(collect(t, k, 3000, 8, &a, c), 2);
    ck_slice(c[0].text, "seven");
    ck_slice(c[1].text, "eight");
    breadcrumbs_forget(t, 8);
    ck_assert_uint_eq(collect(t, k, 3000, 8, &a, c), 1);
    ck_slice(c[0].text, "seven");
    arena_done(&a);
    breadcrumbs_free(t);
}
END_TEST

START_TEST(trail_has_few_of_others)
{
    struct breadcrumbs *t = breadcrumbs_new(1 << 20);
    struct arena a = {0};
    struct breadcrumb c[30];
    for (int i = 0; i < 40; i++) {
        push(t, 1, 8, 0, 1001 + 2 * i, "another connection");
        push(t, 1, 0, 0, 1002 + 2 * i, "of the worker itself");
    }
    push(t, 1, 7, 0, 1200, "mine");
    unsigned n = collect(t, (struct correlation){.ring = 1, .conn = 7}, 4000, 30, &a, c), others = 0;
    ck_assert_uint_eq(n, 30);
    for (unsigned i = 0; i < n; i++)
        others += slice_is(c[i].text, "another connection");
    ck_assert_uint_eq(others, 5);
    ck_slice(c[29].text, "mine");
    ck_assert_int_eq(c[28].time_us, 1002 + 2 * 39);
    ck_assert_int_eq(c[27].time_us, 1001 + 2 * 39);
    /* One that has neither has no others. */
    n = collect(t, (struct correlation){.ring = 1}, 4000, 30, &a, c);
    for (unsigned i = others = 0; i < n; i++)
        others += slice_is(c[i].text, "another connection");
    ck_assert_uint_eq(n, 30);
    ck_assert_uint_eq(others, 14);
    arena_done(&a);
    breadcrumbs_free(t);
}
END_TEST

START_TEST(a_file_is_called_after_its_program)
{
    static const char *const names[][2] = {{"/var/log/php8.2-fpm.log.1", "php8.2-fpm"},
                                           {"/var/log/apache2/error.log", "apache2.error"},
                                           {"/var/log/httpd/ssl_error_log-20261123", "ssl_error"},
                                           {"/var/log/httpd/error_log", "httpd.error"},
                                           {"/var/log/redis/redis-server.log.2.gz", "redis-server"},
                                           {"/var/log/postgresql/postgresql-15-main.log", "postgresql-15-main"},
                                           {"/srv/shop/log/production.log", "shop.production"},
                                           {"/var/log/syslog", "syslog"},
                                           {"/var/log/app-2026-11-23.log", "app"},
                                           {"error.log", "error"},
                                           {"/log/error.log", "error"},
                                           {"/x/.log", ".log"},
                                           {"/", ""},
                                           {"", ""}};
    struct arena a = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_slice(program_of_file(slice_str(names[i][0]), &a), names[i][1]);
    arena_done(&a);
}
END_TEST

static void ck_order(struct breadcrumb *v, unsigned n, const char *want)
{
    char got[64] = "";
    breadcrumbs_order(v, n);
    for (unsigned i = 0; i < n; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s", SLICE_ARG(v[i].text));
    for (unsigned i = 0; i < n; i++) {
        ck_assert(!i || v[i].shown_us >= v[i - 1].shown_us);
        ck_assert_int_eq(v[i].shown_us / 1000000, v[i].time_us / 1000000);
        ck_assert(v[i].shown_us == v[i].time_us || v[i].time_us % 1000000 == 0);
    }
    ck_assert_str_eq(got, want);
}

/* Of a log with whole seconds it is not known when in its second a line was written. */
START_TEST(trail_order_within_a_second)
{
    enum { S = 1000000 };
    struct breadcrumb whole[] = {
        {.time_us = 5 * S, .seq = 4, .format = FORMAT_NGINX_ERROR, .text = SLICE("d")},
        {.time_us = 5 * S, .seq = 2, .request = true, .format = FORMAT_NGINX_ACCESS, .text = SLICE("b")},
        {.time_us = 5 * S, .seq = 1, .format = FORMAT_NGINX_ACCESS, .text = SLICE("a")},
        {.time_us = 6 * S + 2, .seq = 5, .format = FORMAT_TEXT, .text = SLICE("e")},
        {.time_us = 6 * S + 1, .seq = 6, .format = FORMAT_TEXT, .text = SLICE("f")},
        {.time_us = 4 * S + 9, .seq = 7, .format = FORMAT_TEXT, .text = SLICE("g")}};
    ck_order(whole, 6, "gadbfe"); /* b ends the request */
    /* An access log with fractions, of which a turn was read before the error log, and one request after another. */
    struct breadcrumb mixed[] = {
        {.time_us = 5 * S + 10, .seq = 1, .connection = true, .format = FORMAT_NGINX_ACCESS, .text = SLICE("1")},
        {.time_us = 5 * S + 20,
         .seq = 2,
         .connection = true,
         .request = true,
         .format = FORMAT_NGINX_ACCESS,
         .text = SLICE("2")},
        {.time_us = 5 * S + 30, .seq = 3, .connection = true, .format = FORMAT_NGINX_ACCESS, .text = SLICE("3")},
        {.time_us = 5 * S,
         .seq = 4,
         .connection = true,
         .request = true,
         .format = FORMAT_NGINX_ERROR,
         .text = SLICE("e")},
        {.time_us = 5 * S, .seq = 5, .format = FORMAT_NGINX_ERROR, .text = SLICE("o")},
        {.time_us = 5 * S, .seq = 6, .request = true, .format = FORMAT_NGINX_ACCESS, .text = SLICE("=")},
        {.time_us = 5 * S + 25, .seq = 7, .format = FORMAT_TEXT, .text = SLICE("t")}};
    ck_order(mixed, 7, "1e2=ot3");
}
END_TEST

/* The lines of one request lie in three rings, and each ring is walked by itself: the newest of all of them come out.
 */
START_TEST(trail_newest_over_rings)
{
    struct breadcrumbs *t = breadcrumbs_new(1 << 20);
    struct arena a = {0};
    struct breadcrumb c[8];
    char text[32];
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

/* A line that was held for a trace is pushed later than a line without fraction which came behind it. */
START_TEST(trail_order_of_a_line_that_was_held)
{
    static const struct {
        int64_t time_us;
        uint64_t came;
        const char *text;
    } lines[] = {{5000000, 2, "no fraction, behind it"}, {5400000, 1, "held"}, {5000000, 3, "last"}};
    struct breadcrumbs *t = breadcrumbs_new(1 << 20);
    struct arena a = {0};
    struct breadcrumb c[8];
    const struct correlation k = {.ring = 10};
    for (unsigned i = 0; i < 3; i++)
        breadcrumbs_push(t, &k,
                         &(struct breadcrumbs_line){.time_us = lines[i].time_us,
                                                    .came = lines[i].came,
                                                    .format = FORMAT_TEXT,
                                                    .text = slice_str(lines[i].text)});
    ck_assert_uint_eq(collect(t, k, 6000000, 8, &a, c), 3);
    breadcrumbs_order(c, 3);
    ck_slice(c[0].text, "held");
    ck_slice(c[1].text, "no fraction, behind it");
    ck_slice(c[2].text, "last");
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

/* How many lines a full ring has depends on how they lie in it: on what was before them, which whoever reads from a
 * later one does not have. */
START_TEST(a_full_ring_tells_as_many_lines_wherever_they_lie)
{
    char text[BREADCRUMBS_TEXT_MAX + 1];
    struct arena a = {0};
    struct breadcrumb c[8];
    memset(text, 'x', sizeof text);
    for (size_t size = 20; size <= BREADCRUMBS_TEXT_MAX; size += BREADCRUMBS_TEXT_MAX - 20)
        for (size_t before = 0; before < BREADCRUMBS_TEXT_MAX; before += 50) {
            struct breadcrumbs *t = breadcrumbs_new(1 << 20);
            const struct correlation k = {.ring = 1};
            const struct breadcrumbs_want want = {.keys = &k, .time_us = 10000, .max = 4, .others = 4};
            unsigned seen, after;
            text[before] = '\0';
            push(t, 1, 0, 0, 1, text);
            text[before] = 'x';
            text[size] = '\0';
            for (int i = 0; i < 5000; i++)
                push(t, 1, 0, 0, 2 + i, text);
            text[size] = 'x';
            ck_assert_uint_eq(breadcrumbs_collect(t, &want, &a, c, &seen, &after), 4);
            ck_assert_uint_eq(seen, BREADCRUMBS_SEEN_MAX);
            arena_reset(&a);
            breadcrumbs_free(t);
        }
    arena_done(&a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("trail");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, trail_prefers_the_connection);
    tcase_add_test(t, trail_joins_rings_by_request);
    tcase_add_test(t, trail_forgets_a_log);
    tcase_add_test(t, trail_has_few_of_others);
    tcase_add_test(t, a_file_is_called_after_its_program);
    tcase_add_test(t, trail_order_within_a_second);
    tcase_add_test(t, trail_newest_over_rings);
    tcase_add_test(t, trail_order_of_a_line_that_was_held);
    tcase_add_test(t, trail_weak_only_within_two_seconds);
    tcase_add_test(t, trail_ring_keeps_what_is_newest);
    tcase_add_test(t, trail_memory_is_capped);
    tcase_add_test(t, a_full_ring_tells_as_many_lines_wherever_they_lie);
    suite_add_tcase(s, t);
    return unit_run(s);
}
