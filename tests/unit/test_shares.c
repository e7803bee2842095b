/* How the store is divided among inputs. */
#include "tests/unit/unit.h"

#include "io/shares.h"

enum { LIMIT = 1200 };

/* Two files, the journal, and two inputs that others send to. */
static struct shares five(uint64_t limit)
{
    static char name[5][2] = {"a", "b", "j", "u", "t"};
    const struct input_options inputs[] = {{.kind = INPUT_TAIL, .text = name[0]},
                                           {.kind = INPUT_TAIL, .text = name[1]},
                                           {.kind = INPUT_JOURNAL, .text = name[2]},
                                           {.kind = INPUT_GELF, .text = name[3]},
                                           {.kind = INPUT_SYSLOG, .text = name[4]}};
    struct shares s;
    shares_init(&s, inputs, 5, limit);
    return s;
}

START_TEST(nobody_keeps_others_out)
{
    struct shares s = five(LIMIT);
    ck_assert_uint_eq(shares_left(&s, 0), LIMIT / 2 + LIMIT / 4 / 3);
    ck_assert_uint_eq(shares_left(&s, 3), LIMIT / 2 + LIMIT / 4 / 2);
    shares_take(&s, 3, 750); /* all that it may */
    ck_assert_uint_eq(shares_left(&s, 3), 0);
    ck_assert_uint_eq(shares_left(&s, 4), LIMIT / 8);
    ck_assert_uint_eq(shares_left(&s, 0), LIMIT / 12);
    shares_take(&s, 4, 1000); /* more than it may, as one event can be */
    ck_assert_uint_eq(shares_left(&s, 4), 0);
    ck_assert_uint_eq(shares_left(&s, 2), LIMIT / 12);
    shares_done(&s);
    s = five(LIMIT);
    shares_take(&s, 0, 700);
    ck_assert_uint_eq(shares_left(&s, 0), 0);
    ck_assert_uint_eq(shares_left(&s, 1), LIMIT / 12);
    ck_assert_uint_eq(shares_left(&s, 3), LIMIT / 8);
    shares_done(&s);
}
END_TEST

START_TEST(what_is_nobodys_is_taken_from_what_is_common)
{
    struct shares s = five(LIMIT);
    shares_take(&s, SHARES_NOBODY, LIMIT);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_uint_eq(shares_left(&s, i), i < 3 ? LIMIT / 12 : LIMIT / 8);
    struct shares *copy = shares_copy(&s);
    shares_take(copy, 1, 50);
    ck_assert_uint_eq(shares_left(copy, 1), LIMIT / 12 - 50);
    ck_assert_uint_eq(shares_left(&s, 1), LIMIT / 12);
    ck_assert_int_eq(shares_find(&s, SLICE("t")), 4);
    ck_assert_int_eq(shares_find(&s, SLICE("x")), SHARES_NOBODY);
    ck_assert_int_eq(shares_find(&s, SLICE("")), SHARES_NOBODY);
    shares_done(copy);
    free(copy);
    shares_done(&s);
}
END_TEST

START_TEST(one_kind_has_all_and_no_limit_is_none)
{
    const struct input_options one = {.kind = INPUT_SYSLOG, .text = (char[]){"u"}};
    struct shares s;
    shares_init(&s, &one, 1, LIMIT);
    ck_assert_uint_eq(shares_left(&s, 0), LIMIT);
    shares_done(&s);
    s = five(0);
    shares_take(&s, 3, UINT64_MAX / 2);
    ck_assert_uint_gt(shares_left(&s, 0), UINT64_MAX / 4);
    ck_assert_uint_gt(shares_left(&s, 3), UINT64_MAX / 4);
    shares_done(&s);
}
END_TEST

/* What came again makes room for a file, and for what has not come before: the sender's own first, then that of who
 * uses most of what is kept for nobody. */
START_TEST(repeats_make_room)
{
    struct shares s = five(64 * 1000);
    s.of[3].waits = s.of[4].waits = false; /* as if both were datagrams */
    ck_assert_uint_eq(shares_shortage(&s, 0), 0);
    ck_assert_int_eq(shares_victim(&s, 0), SHARES_NOBODY);
    shares_take(&s, 3, 8000 + 31000); /* all that is kept for it, and nearly all that is for nobody */
    shares_take(&s, 4, 8000 + 1000);
    shares_take(&s, 0, 16000 / 3);
    ck_assert_uint_eq(shares_left(&s, 0), 0);
    ck_assert_uint_eq(shares_shortage(&s, 0), 8000); /* an eighth: the limit is small */
    ck_assert_int_eq(shares_victim(&s, 0), 3);
    ck_assert_int_eq(shares_victim(&s, 4), 4);
    ck_assert_uint_eq(shares_shortage(&s, 4), 0); /* it may wait for room, but it must not make others smaller */
    shares_take(&s, 4, 500);                      /* that had not come before */
    ck_assert_uint_eq(shares_shortage(&s, 4), 500);
    shares_give(&s, 4, 500);
    ck_assert_uint_eq(shares_shortage(&s, 4), 0);
    shares_give(&s, 3, 8000);
    ck_assert_uint_eq(shares_shortage(&s, 0), 0);
    ck_assert_uint_eq(shares_left(&s, 0), 8000);
    s.of[3].no_repeats = true;
    ck_assert_int_eq(shares_victim(&s, 0), 4);
    s.of[4].no_repeats = true;
    ck_assert_int_eq(shares_victim(&s, 0), SHARES_NOBODY);
    shares_let_firsts_in(&s); /* there is room again: what comes again from now on may go */
    ck_assert(!s.of[3].no_repeats && s.first_bytes == 8000);
    shares_done(&s);
}
END_TEST

static void ck_projects(const struct shares *s, uint64_t first, uint64_t second)
{
    ck_assert_uint_eq(s->projects[0].left_bytes, first);
    ck_assert_uint_eq(s->projects[1].left_bytes, second);
}

/* Only where another can be delivered to, and not by turns at the bound. */
START_TEST(a_dead_project_has_half)
{
    struct shares s = five(1600);
    shares_add_project(&s, SLICE(""));
    shares_add_project(&s, SLICE("far"));
    ck_assert_int_eq(shares_find_project(&s, SLICE("far")), 1);
    ck_assert_int_eq(shares_find_project(&s, SLICE("near")), SHARES_NOBODY);
    shares_take_project(&s, 1, 700);
    shares_judge_projects(&s);
    ck_projects(&s, UINT64_MAX, UINT64_MAX);
    s.projects[1].delivers = false;
    shares_judge_projects(&s);
    ck_projects(&s, UINT64_MAX, 100);
    shares_take_project(&s, 1, 150);
    ck_projects(&s, UINT64_MAX, 0);
    shares_judge_projects(&s);
    ck_projects(&s, UINT64_MAX, 0);
    struct shares *next = shares_copy(&s);
    next->projects[1].used_bytes = 701;
    shares_judge_projects(next);
    ck_projects(next, UINT64_MAX, 0);
    next->projects[1].used_bytes = 699;
    shares_judge_projects(next);
    ck_projects(next, UINT64_MAX, 101);
    shares_remember(&s, next);
    ck_assert(!s.projects[1].closed);
    next->projects[0].delivers = false;
    next->projects[1].used_bytes = 1500;
    shares_judge_projects(next);
    ck_projects(next, UINT64_MAX, UINT64_MAX);
    shares_done(next);
    free(next);
    /* Its rows take more pages than their bytes are. */
    s.projects[0].used_bytes = 100;
    s.projects[1].used_bytes = 300;
    shares_spread(&s, 600, 400);
    ck_assert(s.projects[0].used_bytes == 250 && s.projects[1].used_bytes == 750);
    shares_spread(&s, 600, 0);
    ck_assert_uint_eq(s.projects[1].used_bytes, 750);
    shares_done(&s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("shares");
    TCase *t = tcase_create("all");
    tcase_add_test(t, nobody_keeps_others_out);
    tcase_add_test(t, what_is_nobodys_is_taken_from_what_is_common);
    tcase_add_test(t, one_kind_has_all_and_no_limit_is_none);
    tcase_add_test(t, repeats_make_room);
    tcase_add_test(t, a_dead_project_has_half);
    suite_add_tcase(s, t);
    return unit_run(s);
}
