/*
 * Generations of a log that came and went while crumbd was stopped: the numbers of those that are there tell that they
 * were, and each is a named loss. Where numbers mean something else, nothing is said.
 */
#include "tests/unit/tail.h"

static void line(struct rig *r, const char *name, unsigned n)
{
    rig_append(r, name, "%u line number\n", n);
}

/* a.log.N-1 becomes a.log.N, and so on. */
static void rotate(struct rig *r)
{
    char from[24], to[24];
    for (int i = 9; i > 0; i--) {
        snprintf(from, sizeof from, i == 1 ? "a.log" : "a.log.%d", i - 1);
        snprintf(to, sizeof to, "a.log.%d", i);
        rename(rig_path(r, from), rig_path(r, to));
    }
}

/* A log of one line, which a run has read that has ended. */
static struct rig *stopped(unsigned mode)
{
    struct rig *r = rig_new("a.log", (int)mode);
    line(r, "a.log", 0);
    rig_start(r);
    rig_until(r, r->n == 1);
    rig_commit(r);
    rig_stop(r);
    return r;
}

/* All has been seen that can be: more polls than a hole has to be there for. */
static void rest(struct rig *r)
{
    for (unsigned i = 0; i < 6; i++)
        rig_settle(r);
}

/* _i & 2: it is compressed, the hole is beside it; & 4: the log was rotated by the run that was there before. */
START_TEST(a_number_lacks)
{
    struct rig *r = stopped(_i & 1);
    unsigned n = 1;
    if (_i & 4) {
        rotate(r);
        line(r, "a.log", n++);
        rig_start(r);
        rig_until(r, r->n == n);
        rig_settle(r);
        rig_commit(r);
        rig_stop(r);
    }
    for (unsigned i = 0; i < 5; i++) {
        rotate(r);
        line(r, "a.log", n + i);
    }
    unlink(rig_path(r, "a.log.2"));
    unlink(rig_path(r, "a.log.3"));
    if (_i & 2)
        rename(rig_path(r, "a.log.4"), rig_path(r, "a.log.4.1")); /* a name that begins with its number */
    rig_start(r);
    rig_until(r, r->counts.v[COUNT_rotation_gap] == 2);
    rest(r);
    ck_assert_uint_eq(r->counts.v[COUNT_rotation_gap], 2);
    ck_assert_uint_eq(r->n, n + 3);
    rig_commit(r);
    rig_stop(r);
    rig_start(r);
    rest(r);
    ck_assert_uint_eq(r->counts.v[COUNT_rotation_gap], 2);
    rig_free(r);
}
END_TEST

START_TEST(none_lacks)
{
    struct rig *r = stopped(_i & 1);
    for (unsigned i = 1; i < 6; i++) {
        rotate(r);
        line(r, "a.log", i);
    }
    rig_start(r);
    rig_until(r, r->n == 6);
    rest(r);
    ck_assert_uint_eq(r->counts.v[COUNT_rotation_gap], 0);
    rig_free(r);
}
END_TEST

/* The newest has the highest number, and the oldest have gone. _i & 2: there is no other. */
START_TEST(numbers_that_grow)
{
    struct rig *r = rig_new("a.log", _i & 1);
    if (!(_i & 2))
        line(r, "a.log.5", 1000);
    line(r, "a.log", 0);
    rig_start(r);
    rig_until(r, r->n == 1);
    rig_commit(r);
    rig_stop(r);
    rig_rename(r, "a.log", "a.log.7");
    line(r, "a.log", 1);
    rig_start(r);
    rig_until(r, r->n == 2);
    rest(r);
    ck_assert_uint_eq(r->counts.v[COUNT_rotation_gap], 0);
    rig_free(r);
}
END_TEST

/* A rotation that renames one after the other has holes, for a while. */
START_TEST(in_the_middle_of_a_rotation)
{
    struct rig *r = stopped(_i & 1);
    rotate(r);
    line(r, "a.log", 1);
    rig_rename(r, "a.log.1", "a.log.2");
    line(r, "a.log.3", 1000);
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    ck_assert_int_eq(utimensat(AT_FDCWD, rig_path(r, "a.log.3"), old, 0), 0);
    r->tuning.poll_ms = 500; /* longer than what comes next takes */
    rig_start(r);
    rig_until(r, r->n == 2);
    rig_rename(r, "a.log", "a.log.1");
    line(r, "a.log", 2);
    rig_until(r, r->n == 3);
    rig_settle(r);
    rig_settle(r);
    ck_assert_uint_eq(r->counts.v[COUNT_rotation_gap], 0);
    rig_free(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tail_holes");
    TCase *t = tcase_create("tail_holes");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, a_number_lacks, 0, 8);
    tcase_add_loop_test(t, none_lacks, 0, 2);
    tcase_add_loop_test(t, numbers_that_grow, 0, 4);
    tcase_add_loop_test(t, in_the_middle_of_a_rotation, 0, 2);
    suite_add_tcase(s, t);
    return unit_run(s);
}
