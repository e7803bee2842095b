/*
 * Turns: whoever has much to read leaves room for the others. All of it is measured in bytes of the busy file, so that
 * no machine is too slow for it.
 */
#include "tests/unit/tail.h"

#include "io/in_stdin.h"

enum { LINE = 4096, BUSY_BYTES = 32 << 20, EARLY_BYTES = 1 << 20 };

/* A busy file, and what happens when EARLY_BYTES of it have been handed on. */
struct busy {
    struct rig *r;
    FILE *grows; /* two lines more for each that is read, so that the reader never comes to its end; NULL: it stays as
                    it is */
    uint64_t read_bytes, asked_at, quiet_at, pipe_at;
    int pipe[2];
    struct event *other;
};

static void add_lines(FILE *f, unsigned n)
{
    static char line[LINE];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    for (; n; n--)
        ck_assert_uint_eq(fwrite(line, 1, sizeof line, f), sizeof line);
    fflush(f);
}

static void ask_for_others(struct busy *b)
{
    b->asked_at = b->read_bytes;
    rig_append(b->r, "quiet.log", "quiet\n");
    ck_assert_int_eq(write(b->pipe[1], "x", 1), 1);
}

static void take_line(void *u, const struct message *m)
{
    struct busy *b = u;
    if (slice_is(m->text, "quiet")) {
        b->quiet_at = b->read_bytes;
        return;
    }
    b->read_bytes += m->text.n + 1;
    if (b->grows && !b->quiet_at)
        add_lines(b->grows, 2);
    if (!b->asked_at && b->read_bytes >= EARLY_BYTES)
        ask_for_others(b);
}

static void on_pipe(evutil_socket_t fd, short what, void *u)
{
    struct busy *b = u;
    (void)fd, (void)what;
    b->pipe_at = b->read_bytes;
}

static struct busy *busy_new(bool grows, int mode)
{
    struct busy *b = xcalloc(1, sizeof *b);
    b->r = rig_new("*.log", mode);
    rig_append(b->r, "quiet.log", "%s", "");
    FILE *f = fopen(rig_path(b->r, "busy.log"), "a");
    add_lines(f, (grows ? 2 * EARLY_BYTES : BUSY_BYTES) / LINE);
    b->grows = grows ? f : NULL;
    if (!grows)
        fclose(f);
    ck_assert_int_eq(pipe(b->pipe), 0);
    b->other = event_new(b->r->base, b->pipe[0], EV_READ, on_pipe, b);
    event_add(b->other, NULL);
    b->r->sink.u = b;
    b->r->sink.message = take_line;
    rig_start(b->r);
    return b;
}

static void busy_free(struct busy *b)
{
    event_free(b->other);
    close(b->pipe[0]);
    close(b->pipe[1]);
    if (b->grows)
        fclose(b->grows);
    rig_free(b->r);
    free(b);
}

START_TEST(quiet_beside_busy)
{
    struct busy *b = busy_new(_i, 0);
    rig_until(b->r, b->quiet_at && b->pipe_at);
    ck_assert_uint_le(b->pipe_at - b->asked_at, TAIL_TURN_BYTES + TAIL_READ_BYTES);
    ck_assert_uint_le(b->quiet_at - b->asked_at, TAIL_TURN_BYTES + 2 * TAIL_READ_BYTES);
    busy_free(b);
}
END_TEST

START_TEST(many_busy_ones)
{
    enum { FILES = 20 };
    struct busy *b = busy_new(false, 0);
    for (int i = 0; i < FILES; i++) {
        char name[32];
        snprintf(name, sizeof name, "busy%d.log", i);
        FILE *f = fopen(rig_path(b->r, name), "a");
        add_lines(f, 4 * EARLY_BYTES / LINE);
        fclose(f);
    }
    rig_until(b->r, b->quiet_at);
    /* Each of the others comes once before it. */
    ck_assert_uint_le(b->quiet_at - b->asked_at, TAIL_TURN_BYTES + (FILES + 2) * TAIL_READ_BYTES);
    busy_free(b);
}
END_TEST

START_TEST(one_turn_is_bounded)
{
    struct busy *b = busy_new(false, _i);
    for (uint64_t before = 0; b->read_bytes < BUSY_BYTES; before = b->read_bytes) {
        event_base_loop(b->r->base, EVLOOP_ONCE);
        ck_assert_uint_le(b->read_bytes - before, TAIL_TURN_BYTES + TAIL_READ_BYTES);
    }
    busy_free(b);
}
END_TEST

START_TEST(looking_reads_nothing)
{
    struct busy *b = busy_new(false, _i);
    in_tail.look(b->r->in);
    rig_commit(b->r);
    ck_assert_uint_eq(b->read_bytes, 0);
    ck_assert_uint_eq(b->r->n_rows, 3); /* two files, and that the input has been here */
    busy_free(b);
}
END_TEST

START_TEST(stdin_is_no_exception)
{
    struct busy b = {0};
    struct rig *r = b.r = rig_new("none", 1);
    FILE *f = fopen(rig_path(r, "file"), "w+");
    add_lines(f, BUSY_BYTES / LINE);
    rewind(f);
    r->opt.kind = INPUT_STDIN;
    b.asked_at = 1;
    const struct input_sink sink = {.u = &b, .message = take_line, .counts = &r->counts, .now_us = rig_now};
    struct input *in = stdin_open(r->base, &r->opt, &sink, fileno(f), &r->diag);
    ck_assert_ptr_nonnull(in);
    for (uint64_t before = 0; !in->type->drained(in); before = b.read_bytes) {
        event_base_loop(r->base, EVLOOP_ONCE);
        ck_assert_uint_le(b.read_bytes - before, STDIN_READ + LINE);
    }
    ck_assert_uint_eq(b.read_bytes, BUSY_BYTES);
    in->type->stop(in);
    fclose(f);
    rig_free(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("turns");
    TCase *t = tcase_create("turns");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, quiet_beside_busy, 0, 2);
    tcase_add_test(t, many_busy_ones);
    tcase_add_loop_test(t, one_turn_is_bounded, 0, 2);
    tcase_add_loop_test(t, looking_reads_nothing, 0, 2);
    tcase_add_test(t, stdin_is_no_exception);
    suite_add_tcase(s, t);
    return unit_run(s);
}
