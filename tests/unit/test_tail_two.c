/* Two inputs that lead to the same files: each line is handed on once. */
#include "tests/unit/tail.h"

/* b works in a's folder. */
struct two {
    struct rig *a, *b;
};

static void begin(struct two *t, const char *first, const char *second, int mode)
{
    t->a = rig_new(first, mode);
    t->b = rig_new("unused", mode);
    free(t->b->opt.text);
    t->b->opt.text = xstrdup(rig_path(t->a, second));
}

static void start(struct two *t)
{
    struct rig *b = t->b;
    rig_start(t->a);
    b->in = in_tail.start(b->base, &b->opt, &b->sink, &b->diag);
    ck_assert_ptr_nonnull(b->in);
    in_tail.after(b->in, t->a->in);
    tail_tune(b->in, &b->tuning);
    in_tail.restore(b->in, b->row, b->n_rows);
}

static void stop(struct two *t)
{
    rig_commit(t->a);
    rig_commit(t->b);
    rig_stop(t->a);
    rig_stop(t->b);
}

static void settle(struct two *t)
{
    for (int i = 0; i < 2; i++) {
        rig_settle(t->a);
        rig_settle(t->b);
    }
}

static void end(struct two *t)
{
    rig_free(t->b);
    rig_free(t->a);
}

#define ck_read(t, by_a, by_b)                                                                                         \
    do {                                                                                                               \
        settle(t);                                                                                                     \
        ck_assert_str_eq(rig_all((t)->a), by_a);                                                                       \
        ck_assert_str_eq(rig_all((t)->b), by_b);                                                                       \
    } while (0)

START_TEST(the_first_has_it_by_name)
{
    struct two t;
    begin(&t, "*.log", "error.log", _i);
    rig_append(t.a, "error.log", "one\n");
    start(&t);
    ck_read(&t, "one|", "");
    rig_append(t.a, "error.log", "two\n");
    ck_read(&t, "one|two|", "");
    stop(&t);
    rig_append(t.a, "error.log", "three\n");
    start(&t);
    ck_read(&t, "one|two|three|", "");
    end(&t);
}
END_TEST

START_TEST(another_name_of_the_same_file)
{
    struct two t;
    begin(&t, "pods/*.log", "containers/*.log", _i);
    mkdir(rig_path(t.a, "pods"), 0777);
    mkdir(rig_path(t.a, "containers"), 0777);
    rig_append(t.a, "pods/a.log", "one\n");
    ck_assert_int_eq(symlink("../pods/a.log", rig_path(t.a, "containers/b.log")), 0);
    start(&t);
    ck_read(&t, "one|", "");
    rig_append(t.a, "containers/c.log", "two\n");
    ck_read(&t, "one|", "two|");
    end(&t);
}
END_TEST

START_TEST(rotated_into_the_others_pattern)
{
    struct two t;
    begin(&t, "error.log", "error.log*", _i);
    rig_append(t.a, "error.log", "one\n");
    start(&t);
    ck_read(&t, "one|", "");
    rig_append(t.a, "error.log", "two\n");
    rig_rename(t.a, "error.log", "error.log.1");
    rig_append(t.a, "error.log", "three\n");
    settle(&t);
    ck_assert_uint_eq(t.a->n + t.b->n, 3);
    stop(&t);
    rig_rename(t.a, "error.log", "error.log.2");
    rig_append(t.a, "error.log", "four\n");
    start(&t);
    settle(&t);
    ck_assert_uint_eq(t.a->n + t.b->n, 4);
    end(&t);
}
END_TEST

START_TEST(a_pattern_that_is_gone)
{
    struct two t;
    begin(&t, "*.log", "e*.log", _i);
    rig_append(t.a, "error.log", "one\n");
    start(&t);
    ck_read(&t, "one|", "");
    stop(&t);
    /* Both know the file as one of an input that is no longer there. */
    for (unsigned i = 0; i < t.a->n_rows; i++) {
        free((void *)(uintptr_t)t.a->row[i].input.p);
        t.a->row[i].input = slice_of(slice_dup(SLICE("gone")), 4);
        t.b->row[t.b->n_rows++] = rig_copy_row(&t.a->row[i]);
    }
    rig_append(t.a, "error.log", "two\n");
    start(&t);
    ck_read(&t, "one|two|", "");
    /* It is kept under the name of the input that has it now, and no longer under the other. */
    rig_commit(t.a);
    ck_assert_uint_eq(rig_offset(t.a, "error.log"), 8);
    for (unsigned i = 0; i < t.a->n_rows; i++)
        ck_assert(t.a->row[i].part.n == 0 || slice_is(t.a->row[i].input, t.a->opt.text));
    end(&t);
}
END_TEST

START_TEST(one_of_them_ends)
{
    struct two t;
    begin(&t, "a.log", "*.log", _i);
    start(&t);
    rig_stop(t.a);
    rig_append(t.a, "a.log", "one\n");
    rig_settle(t.b);
    ck_assert_str_eq(rig_all(t.b), "one|");
    end(&t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tail_two");
    TCase *t = tcase_create("tail_two");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, the_first_has_it_by_name, 0, 2);
    tcase_add_loop_test(t, another_name_of_the_same_file, 0, 2);
    tcase_add_loop_test(t, rotated_into_the_others_pattern, 0, 2);
    tcase_add_loop_test(t, a_pattern_that_is_gone, 0, 2);
    tcase_add_loop_test(t, one_of_them_ends, 0, 2);
    suite_add_tcase(s, t);
    return unit_run(s);
}
