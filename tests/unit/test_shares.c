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

int main(void)
{
    Suite *s = suite_create("shares");
    TCase *t = tcase_create("all");
    tcase_add_test(t, nobody_keeps_others_out);
    tcase_add_test(t, what_is_nobodys_is_taken_from_what_is_common);
    tcase_add_test(t, one_kind_has_all_and_no_limit_is_none);
    suite_add_tcase(s, t);
    return unit_run(s);
}
