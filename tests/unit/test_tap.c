/* The ring between the thread that judges and the one that shows: nothing is torn, lost unseen or out of order. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "io/tap.h"
#include "tests/unit/unit.h"

enum { LINES = 200000 };

static char filler[TAP_MESSAGE_MAX + 100];

static void put(struct tap *t, const struct tap_line *l)
{
    if (tap_has_room(t, l->fate))
        tap_put(t, l);
}

/* Line n, whose texts can be told from n alone. */
static struct tap_line line_of(unsigned n, char number[16])
{
    struct tap_line l = {
        .time_us = n, .issue = ~(uint64_t)n, .format = FORMAT_SYSLOG, .level = LEVEL_ERROR, .fate = COUNT_crumb};
    snprintf(number, 16, "%u", n);
    l.texts[TAP_RULE] = slice_str(number);
    l.texts[TAP_MESSAGE] = slice_of(filler, n * 7 % 700);
    l.texts[TAP_HOST] = slice_of(filler, n % 13);
    return l;
}

static void check_line(const struct tap_line *l)
{
    char number[16];
    const struct tap_line want = line_of((unsigned)l->time_us, number);
    ck_assert_uint_eq(l->issue, want.issue);
    ck_assert(l->format == want.format && l->level == want.level && l->fate == want.fate);
    for (unsigned i = 0; i < TAP_TEXTS; i++)
        ck_assert(slice_eq(l->texts[i], want.texts[i]));
}

static void *write_lines(void *u)
{
    char number[16];
    for (unsigned n = 0; n < LINES; n++) {
        const struct tap_line l = line_of(n, number);
        put(u, &l);
        if (n % 1000 == 0)
            sched_yield();
    }
    return NULL;
}

START_TEST(two_threads)
{
    struct tap *t = tap_new();
    struct tap_line l;
    pthread_t writer;
    uint64_t taken = 0;
    int64_t last_us = -1;
    tap_open(t, true);
    ck_assert_int_eq(pthread_create(&writer, NULL, write_lines, t), 0);
    while (taken + tap_skipped(t) < LINES) {
        while (tap_take(t, &l)) {
            ck_assert_int_gt(l.time_us, last_us);
            last_us = l.time_us;
            check_line(&l);
            taken++;
        }
        sched_yield();
    }
    pthread_join(writer, NULL);
    ck_assert_uint_gt(taken, 100);
    ck_assert_uint_eq(taken + tap_skipped(t), LINES);
    tap_free(t);
}
END_TEST

/* Events have room when everything else is skipped, and are skipped when there is none at all. */
START_TEST(events_have_room)
{
    struct tap *t = tap_new();
    char number[16];
    struct tap_line l = line_of(1, number), got;
    unsigned crumbs = 0, events = 0;
    tap_open(t, true);
    for (; !tap_skipped(t); crumbs++)
        put(t, &l);
    uint64_t skipped = tap_skipped(t);
    l.fate = COUNT_event;
    for (; tap_skipped(t) == skipped; events++)
        put(t, &l);
    ck_assert_uint_gt(events, crumbs / 4);
    for (unsigned i = 0; i < crumbs + events - 2; i++) {
        ck_assert(tap_take(t, &got));
        ck_assert_uint_eq(got.fate, i < crumbs - 1 ? COUNT_crumb : COUNT_event);
    }
    ck_assert(!tap_take(t, &got));
    tap_free(t);
}
END_TEST

START_TEST(texts_are_cut)
{
    struct tap *t = tap_new();
    struct tap_line l = {.fate = COUNT_event}, got;
    for (unsigned i = 0; i < TAP_TEXTS; i++)
        l.texts[i] = slice_of(filler, sizeof filler);
    tap_open(t, true);
    put(t, &l);
    ck_assert(tap_take(t, &got));
    for (unsigned i = 0; i < TAP_TEXTS; i++)
        ck_assert_uint_eq(got.texts[i].n, i == TAP_MESSAGE ? TAP_MESSAGE_MAX : TAP_TEXT_MAX);
    tap_free(t);
}
END_TEST

START_TEST(what_was_put_before_is_not_given)
{
    struct tap *t = tap_new();
    char number[16];
    struct tap_line l = line_of(1, number), got;
    ck_assert(!tap_is_open(NULL) && !tap_is_open(t));
    tap_open(t, true);
    ck_assert(tap_is_open(t));
    put(t, &l);
    tap_open(t, false);
    ck_assert(!tap_is_open(t));
    put(t, &l); /* a writer that had looked before */
    tap_open(t, true);
    ck_assert(!tap_take(t, &got));
    tap_free(t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tap");
    TCase *c = tcase_create("tap");
    memset(filler, 'x', sizeof filler);
    for (size_t i = 0; i < sizeof filler; i += 9)
        filler[i] = (char)('a' + i % 26);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, two_threads);
    tcase_add_test(c, events_have_room);
    tcase_add_test(c, texts_are_cut);
    tcase_add_test(c, what_was_put_before_is_not_given);
    suite_add_tcase(s, c);
    return unit_run(s);
}
