#include "tests/unit/tail.h"

#include <sys/prctl.h>
#include <sys/resource.h>

START_TEST(lines_as_they_come)
{
    struct rig *r = rig_new("a.log", _i);
    rig_start(r);
    rig_turn(r);
    rig_append(r, "a.log", "one\ntwo\r\nhal");
    rig_expect_only(r, "one|two|");
    ck_assert(in_tail.drained(r->in));
    rig_append(r, "a.log", "f\n\n");
    rig_expect_only(r, "one|two|half||");
    ck_assert_uint_eq(r->msg[2].offset, 9);
    ck_assert_ptr_null(TAILQ_FIRST(&((struct tail *)r->in)->files)->lines.framer.p);
    rig_free(r);
}
END_TEST

/* What a program has said last may lack its end. */
START_TEST(half_a_line)
{
    struct rig *r = rig_new("a.log", _i);
    r->tuning.half_ms = 100;
    rig_start(r);
    rig_turn(r);
    rig_append(r, "a.log", "one\nkap");
    rig_expect(r, "one|kap|");
    rig_append(r, "a.log", "pa\nmu");
    rig_expect(r, "one|kap|pa|mu|");
    ck_assert_uint_eq(r->msg[3].offset, 10);
    rig_free(r);
}
END_TEST

/* A file in UTF-16, read from its beginning and from the middle. */
START_TEST(utf16)
{
    static const char text[] = "\xff\xfeo\0n\0e\0\r\0\n\0t\0w\0o\0\n";
    for (unsigned from_start = 0; from_start < 2; from_start++) {
        struct rig *r = rig_new("a.log", _i);
        r->opt.from_start = from_start;
        rig_append_bytes(r, "a.log", slice_of(text, sizeof text));
        rig_start(r);
        rig_turn(r);
        rig_expect(r, from_start ? "one|two|" : "");
        rig_append_bytes(r, "a.log", slice_of("t\0h\0\xe4\0\n", 8));
        rig_expect_only(r, from_start ? "one|two|th\xc3\xa4|" : "th\xc3\xa4|");
        rig_commit(r);
        rig_stop(r);
        rig_append_bytes(r, "a.log", slice_of("x\0\n", 4));
        rig_start(r);
        rig_expect_only(r, from_start ? "one|two|th\xc3\xa4|x|" : "th\xc3\xa4|x|");
        rig_free(r);
    }
}
END_TEST

START_TEST(inotify_alone_suffices)
{
    struct rig *r = rig_new("*/*.log", 0);
    r->tuning.poll_ms = 1000000;
    rig_start(r);
    rig_turn(r);
    mkdir(rig_path(r, "d"), 0777);
    rig_append(r, "d/a.log", "one\n");
    rig_expect(r, "one|");
    rig_append(r, "d/a.log", "two\n");
    rig_expect(r, "one|two|");
    rig_rename(r, "d/a.log", "d/a.log.1");
    rig_append(r, "d/a.log", "three\n");
    rig_expect(r, "one|two|three|");
    mkdir(rig_path(r, "e"), 0777);
    rig_append(r, "e/b.log", "four\n");
    rig_expect(r, "one|two|three|four|");
    rig_truncate(r, "e/b.log");
    rig_append(r, "e/b.log", "five\n");
    rig_expect(r, "one|two|three|four|five|");
    rig_free(r);
}
END_TEST

START_TEST(a_folder_that_comes_later)
{
    struct rig *r = rig_new("x/y/a.log", _i);
    r->tuning.poll_ms = _i ? 20 : 1000000;
    rig_start(r);
    rig_turn(r);
    mkdir(rig_path(r, "x"), 0777);
    for (int i = 0; i < 20; i++)
        rig_turn(r);
    mkdir(rig_path(r, "x/y"), 0777);
    rig_append(r, "x/y/a.log", "one\n");
    rig_expect(r, "one|");
    rig_free(r);
}
END_TEST

START_TEST(from_end)
{
    struct rig *r = rig_new("*.log", _i);
    r->opt.from_start = false;
    rig_append(r, "a.log", "old\nold too\nbegun");
    rig_append(r, "c.log", "begun");
    rig_start(r);
    rig_settle(r);
    rig_append(r, "a.log", " line\n");
    rig_expect(r, "begun line|");
    rig_append(r, "b.log", "later\n");
    rig_expect(r, "begun line|later|");
    rig_append(r, "c.log", " now\n");
    rig_expect_only(r, "begun line|later|begun now|");
    rig_free(r);
}
END_TEST

START_TEST(from_is_asked_once)
{
    struct rig *r = rig_new("*.log", _i);
    r->opt.from_start = false;
    rig_append(r, "a.log", "old\n");
    rig_start(r);
    rig_settle(r);
    rig_commit(r);
    rig_stop(r);
    rig_append(r, "a.log", "while stopped\n");
    rig_append(r, "b.log", "new while stopped\n");
    rig_start(r);
    rig_expect_only(r, "while stopped|new while stopped|");
    rig_commit(r);
    /* Also when nothing is left that is known. */
    unlink(rig_path(r, "a.log"));
    unlink(rig_path(r, "b.log"));
    rig_until(r, TAILQ_EMPTY(&((struct tail *)r->in)->files));
    rig_commit(r);
    rig_commit(r);
    ck_assert_uint_eq(r->n_rows, 1);
    rig_stop(r);
    rig_append(r, "c.log", "first of another\n");
    rig_start(r);
    rig_expect_only(r, "while stopped|new while stopped|first of another|");
    rig_free(r);
}
END_TEST

START_TEST(rotated_by_rename)
{
    struct rig *r = rig_new("a.log", _i);
    rig_append(r, "a.log", "one\n");
    rig_start(r);
    rig_expect(r, "one|");
    int fd = open(rig_path(r, "a.log"), O_WRONLY | O_APPEND);
    in_tail.pause(r->in, true);
    rig_append(r, "a.log", "two\n");
    rig_rename(r, "a.log", "a.log.1");
    rig_append(r, "a.log", "three\n");
    rig_look(r);
    in_tail.pause(r->in, false);
    rig_until(r, r->n == 3);
    ck_assert(strstr(rig_all(r), "two|") && strstr(rig_all(r), "three|"));
    /* Its writer has not been told yet, and goes on in the old file, even after that is deleted. */
    ck_assert_int_eq(write(fd, "four\n", 5), 5);
    rig_until(r, r->n == 4);
    unlink(rig_path(r, "a.log.1"));
    rig_settle(r);
    ck_assert_int_eq(write(fd, "five\nlast", 9), 9);
    rig_until(r, r->n == 5);
    close(fd);
    /* Nobody can write to it now: the line that has no end is handed on, the file forgotten. */
    rig_until(r, r->n == 6);
    ck_assert_str_eq(r->msg[5].text, "last");
    rig_settle(r);
    ck_assert_ptr_null(TAILQ_NEXT(TAILQ_FIRST(&((struct tail *)r->in)->files), all));
    ck_assert_uint_eq(r->n, 6);
    rig_free(r);
}
END_TEST

START_TEST(rotated_within_the_pattern)
{
    struct rig *r = rig_new("a.log*", _i);
    rig_append(r, "a.log", "same\n");
    rig_start(r);
    rig_expect(r, "same|");
    for (int i = 3; i > 0; i--) {
        char from[24], to[24];
        snprintf(from, sizeof from, i == 1 ? "a.log" : "a.log.%d", i - 1);
        snprintf(to, sizeof to, "a.log.%d", i);
        rename(rig_path(r, from), rig_path(r, to));
    }
    /* A new file is new, also when it holds the same lines. */
    rig_append(r, "a.log", "same\n");
    rig_expect_only(r, "same|same|");
    rig_append(r, "a.log.1", "late\n");
    rig_expect_only(r, "same|same|late|");
    ck_assert(r->msg[0].key == r->msg[2].key && r->msg[0].key != r->msg[1].key);
    rig_free(r);
}
END_TEST

/* _i & 2: the copy's name is one the pattern leads to. */
START_TEST(copied_and_truncated)
{
    struct rig *r = rig_new(_i & 2 ? "a.log*" : "a.log", _i & 1);
    rig_append(r, "a.log", "one\n");
    rig_start(r);
    rig_expect(r, "one|");
    in_tail.pause(r->in, true);
    rig_append(r, "a.log", "two\nhal");
    rig_copy(r, "a.log", "a.log.1");
    if (_i & 4)
        rig_look(r);
    rig_append(r, "a.log.1", "f\n");
    rig_truncate(r, "a.log");
    rig_append(r, "a.log", "three\n");
    in_tail.pause(r->in, false);
    rig_until(r, r->n == 4);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 4);
    ck_assert(strstr(rig_all(r), "two|half|") && strstr(rig_all(r), "three|"));
    ck_assert_uint_eq(r->counts.v[COUNT_files_truncated], 1);
    for (unsigned i = 0; i < 4; i++)
        ck_assert(strcmp(r->msg[i].text, "three") == 0 ? r->msg[i].key != r->msg[0].key && r->msg[i].offset == 0
                                                       : r->msg[i].key == r->msg[0].key);
    /* And once more, with the older copy in the way. */
    rig_rename(r, "a.log.1", "a.log.2");
    rig_append(r, "a.log", "four\n");
    rig_copy(r, "a.log", "a.log.1");
    rig_truncate(r, "a.log");
    rig_append(r, "a.log", "five\n");
    rig_until(r, r->n == 6);
    rig_commit(r);
    rig_stop(r);
    rig_start(r);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 6);
    rig_free(r);
}
END_TEST

START_TEST(a_copy_is_not_read)
{
    struct rig *r = rig_new("a*", _i);
    rig_append(r, "a.log", "one\ntwo\n");
    rig_start(r);
    rig_expect(r, "one|two|");
    /* Seen before it holds anything, and as it grows. */
    rig_append(r, "a.log-20261123", "%s", "");
    rig_settle(r);
    rig_append(r, "a.log-20261123", "one\nt");
    rig_settle(r);
    rig_append(r, "a.log-20261123", "wo\n");
    rig_settle(r);
    rig_expect_only(r, "one|two|");
    rig_append(r, "a.log", "three\n");
    rig_expect_only(r, "one|two|three|");
    /* What only began like it is read from its start. */
    rig_append(r, "a-2.log", "one\n");
    rig_settle(r);
    rig_append(r, "a-2.log", "other\n");
    rig_expect_only(r, "one|two|three|one|other|");
    rig_free(r);
}
END_TEST

START_TEST(same_lines_in_many_files)
{
    struct rig *r = rig_new("*.log", _i);
    rig_start(r);
    rig_turn(r);
    rig_append(r, "a.log", "same\n");
    rig_append(r, "b.log", "same\n");
    rig_append(r, "a-worker.log", "same\n");
    rig_expect_only(r, "same|same|same|");
    rig_free(r);
}
END_TEST

START_TEST(truncated)
{
    struct rig *r = rig_new("a.log", _i);
    rig_append(r, "a.log", "one\ntwo");
    rig_start(r);
    rig_expect(r, "one|");
    rig_settle(r);
    rig_truncate(r, "a.log");
    rig_append(r, "a.log", "ONE\nTWO\n");
    rig_expect(r, "one|two|ONE|TWO|");
    ck_assert_uint_ne(r->msg[0].key, r->msg[2].key);
    /* To the same length, and to a greater one. */
    rig_settle(r);
    rig_truncate(r, "a.log");
    rig_append(r, "a.log", "1ne\n2wo\n");
    rig_expect(r, "one|two|ONE|TWO|1ne|2wo|");
    rig_settle(r);
    rig_truncate(r, "a.log");
    rig_append(r, "a.log", "longer than before\n");
    rig_expect_only(r, "one|two|ONE|TWO|1ne|2wo|longer than before|");
    ck_assert_uint_eq(r->counts.v[COUNT_files_truncated], 3);
    rig_free(r);
}
END_TEST

START_TEST(truncated_under_a_writer_without_append)
{
    struct rig *r = rig_new("a.log", _i);
    rig_start(r);
    int fd = open(rig_path(r, "a.log"), O_WRONLY | O_CREAT, 0666);
    char line[10000];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    ck_assert(write(fd, line, sizeof line) == sizeof line);
    rig_until(r, r->n == 1);
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    ck_assert_int_eq(write(fd, "after the hole\n", 15), 15);
    rig_until(r, r->n == 2);
    ck_assert_str_eq(r->msg[1].text, "after the hole");
    ck_assert_uint_eq(r->msg[1].offset, sizeof line);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 2);
    close(fd);
    rig_free(r);
}
END_TEST

START_TEST(replaced)
{
    struct rig *r = rig_new("a.log", _i);
    rig_append(r, "a.log", "one\n");
    rig_start(r);
    rig_expect(r, "one|");
    rig_append(r, "new", "two\n");
    rig_rename(r, "new", "a.log");
    rig_expect_only(r, "one|two|");
    /* By what an editor makes of it: the same bytes, and more. */
    char text[200];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    rig_append(r, "a.log", "%s\n", text);
    rig_until(r, r->n == 3);
    rig_copy(r, "a.log", "new");
    rig_append(r, "new", "three\n");
    rig_rename(r, "new", "a.log");
    rig_until(r, r->n == 4);
    ck_assert_str_eq(r->msg[3].text, "three");
    ck_assert_uint_eq(r->msg[3].key, r->msg[2].key);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 4);
    rig_free(r);
}
END_TEST

START_TEST(removed_while_read)
{
    struct rig *r = rig_new("*.log", _i);
    for (int i = 0; i < 20000; i++)
        rig_append(r, "a.log", "%d\n", i);
    rig_start(r);
    rig_until(r, r->n > 0);
    unlink(rig_path(r, "a.log"));
    rig_until(r, r->n == 20000);
    rig_until(r, TAILQ_EMPTY(&((struct tail *)r->in)->files));
    rig_commit(r);
    ck_assert_uint_eq(r->n_rows, 1);
    ck_assert(TAILQ_EMPTY(&((struct tail *)r->in)->removed)); /* the store has been told */
    rig_append(r, "b.log", "%s", "");
    mkdir(rig_path(r, "c.log"), 0777);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 20000);
    rig_free(r);
}
END_TEST

START_TEST(long_lines)
{
    struct rig *r = rig_new("a.log", _i);
    r->opt.max_message_bytes = 1000;
    char block[10000];
    memset(block, 'x', sizeof block);
    rig_append(r, "a.log", "first\n");
    for (int i = 0; i < 1000; i++)
        rig_append(r, "a.log", "%.*s", (int)sizeof block, block);
    rig_start(r);
    rig_expect_only(r, "first|");
    ck_assert_uint_le(TAILQ_FIRST(&((struct tail *)r->in)->files)->lines.framer.cap, 1000);
    rig_commit(r);
    ck_assert_uint_eq(rig_offset(r, "a.log"), 6);
    rig_append(r, "a.log", "\nlast\n");
    rig_until(r, r->n == 3);
    ck_assert_uint_eq(strlen(r->msg[1].text), 1000);
    ck_assert_uint_eq(r->msg[1].truncated_bytes, 1000 * sizeof block - 1000);
    ck_assert_str_eq(r->msg[2].text, "last");
    rig_free(r);
}
END_TEST

START_TEST(fair)
{
    struct rig *r = rig_new("*.log", _i);
    for (int i = 0; i < 30000; i++)
        rig_append(r, "a.log", "%0200d\n", i);
    rig_append(r, "b.log", "quiet\n");
    rig_start(r);
    unsigned at = 0;
    rig_until(r, r->n == 30001);
    while (strcmp(r->msg[at].text, "quiet") != 0)
        at++;
    ck_assert_uint_le(at, 2 * TAIL_READ_BYTES / 201);
    rig_free(r);
}
END_TEST

START_TEST(paused)
{
    struct rig *r = rig_new("a.log", _i);
    rig_append(r, "a.log", "1\n2\n3\n4\n");
    r->pause_after = 2;
    rig_start(r);
    rig_until(r, r->n == 2);
    uint64_t scans = ((struct tail *)r->in)->scans;
    rig_until(r, ((struct tail *)r->in)->scans > scans + 3);
    ck_assert_uint_eq(r->n, 2);
    ck_assert(!in_tail.drained(r->in));
    ck_assert_uint_eq(r->in->files, 1);
    rig_commit(r);
    ck_assert_uint_eq(rig_offset(r, "a.log"), 4);
    in_tail.pause(r->in, false);
    rig_expect_only(r, "1|2|3|4|");
    rig_free(r);
}
END_TEST

/* Looked for now and then, without a watch; then read from its first byte, as everything that is new. */
START_TEST(awaited)
{
    struct rig *r = rig_new("logs/*.log", 0);
    r->opt.awaited = true;
    r->opt.from_start = false;
    r->tuning.await_ms = 1;
    rig_start(r);
    struct tail *t = (struct tail *)r->in;
    rig_until(r, t->looks > 5);
    ck_assert(in_tail.drained(r->in) && !t->watch && t->scans == 0);
    ck_assert_int_eq(tail_await_ms(t), 1);
    rig_commit(r); /* also if it comes while crumbd is stopped */
    ck_assert_uint_eq(r->n_rows, 1);
    ck_assert_int_eq(mkdir(rig_path(r, "logs"), 0700), 0);
    ck_assert_int_eq(symlink("/dev/null", rig_path(r, "logs/b.log")), 0);
    unsigned looks = t->looks;
    rig_until(r, t->looks > looks + 3);
    ck_assert(t->awaits);
    t->looks = 60;
    ck_assert_int_eq(tail_await_ms(t), 60);
    rig_append(r, "logs/a.log", "one\n");
    rig_expect_only(r, "one|");
    ck_assert(t->watch && !t->awaits);
    ck_assert_uint_eq(r->in->files, 1);
    rig_append(r, "logs/a.log", "two\n");
    rig_expect_only(r, "one|two|");
    rig_free(r);
}
END_TEST

#define HEAD "2026/11/23 10:00:00 [error] 7#7: *1 "

START_TEST(entries_of_several_lines)
{
    struct rig *r = rig_new("a.log", _i);
    r->opt.format = _i & 2 ? FORMAT_AUTO : FORMAT_NGINX_ERROR;
    rig_start(r);
    rig_append(r, "a.log", HEAD "a\nmore\n" HEAD "b\n");
    rig_expect(r, HEAD "a\nmore|");
    ck_assert(!in_tail.drained(r->in));
    rig_commit(r);
    ck_assert_uint_eq(rig_offset(r, "a.log"), strlen(HEAD "a\nmore\n"));
    rig_append(r, "a.log", "of b\n" HEAD "unfini");
    rig_expect_only(r, HEAD "a\nmore|" HEAD "b\nof b|");
    ck_assert_uint_eq(r->msg[1].lines, 2);
    rig_append(r, "a.log", "shed\n");
    rig_expect_only(r, HEAD "a\nmore|" HEAD "b\nof b|" HEAD "unfinished|");
    rig_free(r);
}
END_TEST

START_TEST(names)
{
    static const struct {
        const char *pattern, *path;
        bool rotated;
    } rows[] = {
        {"/l/*error.log", "/l/error.log.1", true},
        {"/l/*error.log", "/l/x-error.log-20261123", true},
        {"/l/*error.log", "/l/error-20261123.log", true},
        {"/l/error.log", "/l/error.log.2026-11-23T10", true},
        {"error.log", "error.log.1", true},
        {"/l/app.log", "/l/app-2.log", false},
        {"/l/app.log", "/l/app.log.txt", false},
        {"/l/app.log", "/l/.1", false},
        {"/l/app.log", "/l/app.log", false},
        {"/l/app.log", "/l/other.log.1", false},
        {"/l/1", "/l/1.1", true},
        {"/l/app.log", "/l/app.log.old", true},
        {"/l/app.log", "/l/app.log.bak", true},
        {"/l/app.log", "/l/app.log~", true},
        {"/l/app.log", "/l/app.log.prev", true},
        {"/l/app.log", "/l/app.log.1.old", true},
        {"/l/app.log", "/l/app.log.old.3", true},
        {"/l/app.log", "/l/app.log.20261123.2", true},
        {"/l/app.log", "/l/app.log.2026-11-23T10:11:12Z", true},
        {"/l/app.log", "/l/app.old.log", true},
        {"/l/app.log", "/l/app.3.log", false},
        {"/l/app.log", "/l/app.2026.log", false},
        {"/l/app.log", "/l/app.log.told", false},
        {"/l/app.log", "/l/old", false},
        {"/l/app.log", "/l/~", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(tail_rotated_name(rows[i].pattern, rows[i].path) == rows[i].rotated, "%s", rows[i].path);
    ck_assert(tail_named_as_copy("a.log", "a.log.1") && tail_named_as_copy("a.log", "a.log-20261123") &&
              tail_named_as_copy("a.log", "a-20261123.log") && tail_named_as_copy("a.log", "a.1.log"));
    ck_assert(!tail_named_as_copy("a.log.1", "a.log") && !tail_named_as_copy("a.log", "a.log") &&
              !tail_named_as_copy("a.log", "a-worker.log") && !tail_named_as_copy("a.log", "b.log.1"));
}
END_TEST

START_TEST(refused)
{
    static const char *const devices[] = {"/dev/stderr", "/proc/self/fd/2", "link"};
    for (size_t i = 0; i < 5; i++) {
        struct rig *r = rig_new("a.log", 0);
        /* With its own output in a file the link would lead to a regular one, and crumbd would read what it
         * says. */
        int out = open(rig_path(r, "own"), O_WRONLY | O_CREAT, 0666), before = dup(2);
        dup2(out, 2);
        if (i < 2)
            ck_assert_int_eq(symlink(devices[i], rig_path(r, "a.log")), 0);
        else if (i == 2)
            ck_assert(symlink("/dev/stdout", rig_path(r, "link")) == 0 && symlink("link", rig_path(r, "a.log")) == 0);
        else
            ck_assert_int_eq(i == 3 ? mkfifo(rig_path(r, "a.log"), 0666) : mkdir(rig_path(r, "a.log"), 0777), 0);
        ck_assert_ptr_null(in_tail.start(r->base, &r->opt, &r->sink, &r->diag));
        dup2(before, 2);
        close(before);
        close(out);
        ck_assert_uint_eq(r->diag.errors, 1);
        ck_assert_ptr_nonnull(strstr(r->diag.v[0].text, i == 4 ? "/*.log" : i == 3 ? "named pipe" : "volume"));
        ck_assert(i < 3 || !strstr(r->diag.v[0].text, "nginx"));
        rig_free(r);
    }
    /* Among others it is left out. */
    struct rig *r = rig_new("*.log", 0);
    ck_assert_int_eq(symlink("/dev/stderr", rig_path(r, "a.log")), 0);
    ck_assert_int_eq(mkfifo(rig_path(r, "b.log"), 0666), 0);
    ck_assert_int_eq(symlink("nowhere", rig_path(r, "c.log")), 0);
    ck_assert_int_eq(symlink("d.txt", rig_path(r, "d.log")), 0);
    rig_append(r, "d.txt", "one\n");
    rig_append(r, "e.log.gz", "two\n");
    rig_start(r);
    rig_expect_only(r, "one|");
    rig_free(r);
}
END_TEST

/* What is compressed, or an archive, is never lines: by its name under a pattern, by its first bytes anywhere. */
START_TEST(archives)
{
    static const struct {
        const char *name;
        struct slice bytes;
    } rows[] = {
        {"a.log.1.gz", SLICE("one\n")},
        {"a.log.2.zst", SLICE("one\n")},
        {"a.log.3.xz", SLICE("one\n")},
        {"a.log.gzip", SLICE("\x1f\x8b\x08\0\0\none\n")},
        {"a.log.zstd", SLICE("\x28\xb5\x2f\xfd\none\n")},
        {"a.log.xzed", SLICE("\xfd\x37zXZ\0\none\n")},
        {"a.log.bzip", SLICE("BZh91AY&SY\none\n")},
    };
    for (int late = 0; late < 2; late++) {
        struct rig *r = rig_new(_i & 2 ? "a.log*" : "*", _i & 1);
        rig_append(r, "a.log", "text\n");
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            rig_append_bytes(r, rows[i].name, late ? SLICE("") : rows[i].bytes);
        rig_start(r);
        rig_expect_only(r, "text|");
        for (size_t i = 0; late && i < sizeof rows / sizeof *rows; i++)
            rig_append_bytes(r, rows[i].name, rows[i].bytes);
        rig_append(r, "a.log", "more\n");
        rig_expect_only(r, "text|more|");
        rig_look(r);
        ck_assert_uint_eq(r->counts.v[COUNT_files_refused], 4);
        rig_free(r);
    }
}
END_TEST

START_TEST(not_allowed_yet)
{
    uid_t uid = geteuid();
    struct rig *r = rig_new("*.log", _i);
    r->opt.from_start = false;
    rig_append(r, "a.log", "old\n");
    rig_append(r, "b.log", "old\n");
    if (uid == 0)
        ck_assert(chown(r->dir, 65534, 65534) == 0 && chown(rig_path(r, "a.log"), 65534, 65534) == 0 &&
                  chown(rig_path(r, "b.log"), 65534, 65534) == 0 && seteuid(65534) == 0);
    chmod(rig_path(r, "a.log"), 0);
    rig_start(r);
    rig_settle(r);
    rig_commit(r);
    rig_append(r, "b.log", "one\n");
    rig_expect_only(r, "one|");
    /* It was there when `from` was asked. */
    chmod(rig_path(r, "a.log"), 0666);
    rig_settle(r);
    rig_append(r, "a.log", "two\n");
    rig_expect_only(r, "one|two|");
    /* Known, and unreadable when crumbd comes back: neither forgotten nor taken for new. */
    rig_commit(r);
    rig_stop(r);
    chmod(rig_path(r, "a.log"), 0);
    rig_start(r);
    rig_settle(r);
    rig_commit(r);
    chmod(rig_path(r, "a.log"), 0666);
    rig_append(r, "a.log", "three\n");
    rig_expect_only(r, "one|two|three|");
    /* The leak checker traces its process, which one that changed its user does not allow. */
    ck_assert(seteuid(uid) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
    rig_free(r);
}
END_TEST

START_TEST(a_thousand_files)
{
    struct rig *r = rig_new("*.log", _i);
    struct rlimit limit = {256, 4096};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 256;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    char name[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        rig_append(r, name, "%d\n", i);
    }
    rig_start(r);
    rig_until(r, r->n == 1000);
    rig_append(r, "500.log", "again\n");
    rig_until(r, r->n == 1001);
    rig_commit(r);
    rig_crash(r);
    rig_append(r, "501.log", "again\n");
    rig_start(r);
    rig_until(r, r->n == 1002);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 1002);
    rig_free(r);
}
END_TEST

START_TEST(rotated_files_are_bounded)
{
    struct rig *r = rig_new("a.log", _i);
    int fd[TAIL_ROTATED_MAX + 10];
    rig_start(r);
    for (int i = 0; i < TAIL_ROTATED_MAX + 10; i++) {
        rig_append(r, "a.log", "%d\n", i);
        /* Kept open by its writer. */
        fd[i] = open(rig_path(r, "a.log"), O_WRONLY | O_APPEND);
        rig_until(r, r->n == (unsigned)i + 1);
        char to[16];
        snprintf(to, sizeof to, "%d", i);
        rig_rename(r, "a.log", to);
    }
    unsigned rotated;
    struct tail_file *f;
    do {
        rig_turn(r);
        rotated = 0;
        TAILQ_FOREACH (f, &((struct tail *)r->in)->files, all)
            rotated += f->fd >= 0 && f->rotated;
    } while (rotated > TAIL_ROTATED_MAX);
    /* One that was closed is found to grow all the same. */
    ck_assert_int_eq(write(fd[0], "more\n", 5), 5);
    rig_until(r, r->n == TAIL_ROTATED_MAX + 11);
    for (int i = 0; i < TAIL_ROTATED_MAX + 10; i++)
        close(fd[i]);
    rig_free(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tail");
    TCase *t = tcase_create("tail");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, inotify_alone_suffices);
    tcase_add_loop_test(t, lines_as_they_come, 0, 2);
    tcase_add_loop_test(t, half_a_line, 0, 2);
    tcase_add_loop_test(t, utf16, 0, 2);
    tcase_add_loop_test(t, a_folder_that_comes_later, 0, 2);
    tcase_add_loop_test(t, from_end, 0, 2);
    tcase_add_loop_test(t, from_is_asked_once, 0, 2);
    tcase_add_loop_test(t, rotated_by_rename, 0, 2);
    tcase_add_loop_test(t, rotated_within_the_pattern, 0, 2);
    tcase_add_loop_test(t, copied_and_truncated, 0, 8);
    tcase_add_loop_test(t, a_copy_is_not_read, 0, 2);
    tcase_add_loop_test(t, same_lines_in_many_files, 0, 2);
    tcase_add_loop_test(t, truncated, 0, 2);
    tcase_add_loop_test(t, truncated_under_a_writer_without_append, 0, 2);
    tcase_add_loop_test(t, replaced, 0, 2);
    tcase_add_loop_test(t, removed_while_read, 0, 2);
    tcase_add_loop_test(t, long_lines, 0, 2);
    tcase_add_loop_test(t, fair, 0, 2);
    tcase_add_loop_test(t, paused, 0, 2);
    tcase_add_test(t, awaited);
    tcase_add_loop_test(t, entries_of_several_lines, 0, 4);
    tcase_add_test(t, names);
    tcase_add_test(t, refused);
    tcase_add_loop_test(t, archives, 0, 4);
    tcase_add_loop_test(t, not_allowed_yet, 0, 2);
    tcase_add_loop_test(t, a_thousand_files, 0, 2);
    tcase_add_loop_test(t, rotated_files_are_bounded, 0, 2);
    suite_add_tcase(s, t);
    return unit_run(s);
}
