/*
 * Rotation faster than anyone looks: the names change while nothing runs here, so that files come and go that were
 * never seen under the name of their log. What still lies in the folder is read, each line once, and nothing else.
 */
#include "tests/unit/tail.h"

/* a.log.N-1 becomes a.log.N, and so on; of more than KEEP the oldest is deleted. */
enum { KEEP = 9 };

static void rotate(struct rig *r, const char *log)
{
    char from[48], to[48];
    snprintf(to, sizeof to, "%s.%d", log, KEEP);
    unlink(rig_path(r, to));
    for (int i = KEEP; i > 0; i--) {
        snprintf(from, sizeof from, i == 1 ? "%s" : "%s.%d", log, i - 1);
        snprintf(to, sizeof to, "%s.%d", log, i);
        rename(rig_path(r, from), rig_path(r, to));
    }
}

static void copytruncate(struct rig *r, const char *log)
{
    char first[48];
    snprintf(first, sizeof first, "%s.1", log);
    rig_rename(r, log, "aside");
    rotate(r, log);
    rig_rename(r, "aside", log);
    rig_copy(r, log, first);
    rig_truncate(r, log);
}

static void ck_numbers(struct rig *r, unsigned n)
{
    char *seen = xcalloc(n, 1);
    rig_until(r, r->n >= n);
    rig_settle(r);
    for (unsigned i = 0; i < r->n; i++) {
        unsigned long at = strtoul(r->msg[i].text, NULL, 10);
        ck_assert_msg(at < n && !seen[at]++, "line %lu twice, of %u", at, n);
    }
    ck_assert_uint_eq(r->n, n);
    free(seen);
}

/* _i & 1: without inotify; & 2: by copytruncate; & 4: nothing was written to the log that is there. */
START_TEST(several_between_two_looks)
{
    struct rig *r = rig_new("a.log", _i & 1);
    unsigned n = 0;
    rig_append(r, "a.log", "%u line number\n", n++);
    rig_start(r);
    rig_until(r, r->n == 1);
    for (int round = 1; round < 5; round++) {
        rig_settle(r);
        for (int i = 0; i < round; i++) {
            rig_append(r, "a.log", "%u line number\n", n++);
            (_i & 2 ? copytruncate : rotate)(r, "a.log");
        }
        rig_append(r, "a.log", _i & 4 ? "%s" : "%s%u line number\n", "", n);
        n += !(_i & 4);
        ck_numbers(r, n);
    }
    ck_assert_uint_eq(r->counts.v[COUNT_files_gone_unread], 0);
    rig_free(r);
}
END_TEST

START_TEST(under_every_name)
{
    static const char *const names[] = {"a.log.old",      "a.log.bak",  "a.log~",        "a.log-20261123",
                                        "a-20261123.log", "a.log.prev", "a.log.1.2.bak", "a.old.log"};
    unsigned n = 0;
    struct rig *r = rig_new("a.log", _i);
    rig_append(r, "a.log", "%u line number\n", n++);
    rig_start(r);
    rig_until(r, r->n == 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        rig_settle(r);
        rig_rename(r, "a.log", "a.log.7");
        rig_append(r, "a.log", "%u line number\n", n++);
        rig_rename(r, "a.log", names[i]);
        rig_append(r, "a.log", "%u line number\n", n++);
        ck_numbers(r, n);
    }
    rig_free(r);
}
END_TEST

/* What lay there before is not read, whatever is rotated, copied or touched; nor is another log beside it. */
START_TEST(history_stays_history)
{
    struct rig *r = rig_new("a.log", _i & 1);
    r->opt.from_start = !(_i & 2);
    rig_append(r, "a.log", "0 line number\n");
    rig_append(r, "a.log.1", "history one\n");
    rig_append(r, "a.log.2", "history two\n");
    rig_append(r, "a.2.log", "another log\n");
    rig_start(r);
    rig_settle(r);
    for (unsigned i = 0; i < r->n; i++)
        ck_assert_str_eq(r->msg[i].text, "0 line number");
    unsigned n = r->n;
    rig_append(r, "a.log", "1 line number\n");
    rig_copy(r, "a.log", "a.log.bak");
    rig_copy(r, "a.log.2", "a.log.20");
    ck_assert_int_eq(utimensat(AT_FDCWD, rig_path(r, "a.log.1"), NULL, 0), 0);
    rotate(r, "a.log");
    rig_append(r, "a.2.log", "goes on\n");
    rig_append(r, "a.log", "2 line number\n");
    rotate(r, "a.log");
    rig_append(r, "a.log", "3 line number\n");
    rig_until(r, r->n == n + 3);
    rig_settle(r);
    ck_assert_uint_eq(r->n, n + 3);
    rig_free(r);
}
END_TEST

/* The inode of a deleted file is given out again at once, and the new file is as long as the old one was. */
START_TEST(an_inode_again)
{
    struct rig *r = rig_new("a.log", _i & 1);
    unsigned n = 0;
    rig_append(r, "a.log", "%04u line number\n", n++);
    rig_start(r);
    rig_until(r, r->n == 1);
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 2; i++) {
            unlink(rig_path(r, "a.log.2"));
            rename(rig_path(r, "a.log.1"), rig_path(r, "a.log.2"));
            rig_rename(r, "a.log", "a.log.1");
            rig_append(r, "a.log", "%04u line number\n", n++);
        }
        ck_numbers(r, n);
    }
    rig_free(r);
}
END_TEST

/* A log that is older than any look for rotated files goes back to is truncated, written to, and renamed before anyone
   has seen that. _i & 1: without inotify; & 2: while stopped. */
START_TEST(truncated_and_renamed)
{
    enum { OLD_MS = 2500 };
    struct rig *r = rig_new("a.log", _i & 1);
    unsigned n = 0;
    rig_append(r, "a.log", "%u line number\n", n++);
    rig_start(r);
    rig_until(r, r->n == 1);
    uint64_t born = tail_wall_ms();
    rig_until(r, tail_wall_ms() > born + OLD_MS);
    rig_append(r, "a.log", "%u line number\n", n++);
    rig_until(r, r->n == 2);
    rig_settle(r);
    rig_commit(r);
    if (_i & 2)
        rig_stop(r);
    copytruncate(r, "a.log");
    rig_append(r, "a.log", "%u line number\n", n++);
    rotate(r, "a.log");
    rig_append(r, "a.log", "%u line number\n", n++);
    if (_i & 2)
        rig_start(r);
    ck_numbers(r, n);
    rig_free(r);
}
END_TEST

static bool make_in_inode(struct rig *r, const char *name, ino_t ino)
{
    struct stat st;
    for (int i = 0; i < 200; i++) {
        char other[32];
        rig_append(r, name, "%s", "");
        if (stat(rig_path(r, name), &st) == 0 && st.st_ino == ino)
            return true;
        snprintf(other, sizeof other, "other%d", i);
        rig_rename(r, name, other);
    }
    return false;
}

/* The inode of a rotated log that is empty is given to a file that is nobody's log. _i & 2: while stopped; & 4: where
   the file system does not tell when a file was made. */
START_TEST(an_empty_file_is_no_other)
{
    struct stat st;
    struct rig *r = rig_new("a.log", _i & 1);
    rig_append(r, "a.log", "%s", "");
    rig_start(r);
    rig_settle(r);
    rig_rename(r, "a.log", "a.log.1");
    rig_append(r, "a.log", "one\n");
    rig_expect_only(r, "one|");
    struct tail_file *f = TAILQ_FIRST(&((struct tail *)r->in)->files);
    rig_until(r, f->fd < 0);
    if (_i & 4)
        f->id.head_hash = 0;
    rig_commit(r);
    if (_i & 2)
        rig_stop(r);
    ck_assert_int_eq(stat(rig_path(r, "a.log.1"), &st), 0);
    unlink(rig_path(r, "a.log.1"));
    if (!make_in_inode(r, "secret", st.st_ino))
        printf("SKIP an_empty_file_is_no_other: no inode is given out again here\n");
    rig_append(r, "secret", "nobody's line\n");
    if (_i & 2)
        rig_start(r);
    rig_append(r, "a.log", "two\n");
    rig_expect_only(r, "one|two|");
    rig_free(r);
}
END_TEST

/* Killed between the look and the commit, and in the middle of all: the same files come again. */
START_TEST(killed_meanwhile)
{
    struct rig *r = rig_new("a.log", _i & 1);
    unsigned n = 0;
    rig_append(r, "a.log", "%u line number\n", n++);
    rig_start(r);
    rig_until(r, r->n == 1);
    rig_commit(r);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 3; i++) {
            rig_append(r, "a.log", "%u line number\n", n++);
            rotate(r, "a.log");
            unlink(rig_path(r, "a.log.9"));
        }
        rig_append(r, "a.log", "%u line number\n", n++);
        if (round & 1)
            rig_until(r, r->n > r->committed);
        rig_crash(r);
        if (round & 2)
            rotate(r, "a.log");
        rig_start(r);
        ck_numbers(r, n);
        rig_commit(r);
    }
    rig_free(r);
}
END_TEST

/* The files are kept by somebody whose clock is 87 s behind. */
static void append_behind(struct rig *r, unsigned *n)
{
    struct timespec at[2];
    rig_append(r, "a.log", "%u line number\n", (*n)++);
    clock_gettime(CLOCK_REALTIME, &at[0]);
    at[0].tv_sec -= 87;
    at[1] = at[0];
    ck_assert_int_eq(utimensat(AT_FDCWD, rig_path(r, "a.log"), at, 0), 0);
}

/* _i & 1: without inotify; & 2: while it was stopped. */
START_TEST(the_files_clock_is_behind)
{
    struct rig *r = rig_new("a.log", _i & 1);
    unsigned n = 0;
    append_behind(r, &n);
    rig_start(r);
    rig_until(r, r->n == 1);
    for (int round = 0; round < 3; round++) {
        rig_settle(r);
        rig_commit(r);
        if (_i & 2)
            rig_stop(r);
        for (int i = 0; i < 3; i++) {
            append_behind(r, &n);
            rotate(r, "a.log");
        }
        append_behind(r, &n);
        if (_i & 2)
            rig_start(r);
        ck_numbers(r, n);
    }
    rig_free(r);
}
END_TEST

static void gzip(struct rig *r, const char *name)
{
    char *command = xasprintf("gzip %s", rig_path(r, name));
    ck_assert_int_eq(system(command), 0);
    free(command);
}

static void write_many(struct rig *r, unsigned *n, unsigned lines)
{
    FILE *f = fopen(rig_path(r, "a.log"), "a");
    ck_assert_ptr_nonnull(f);
    for (; lines; lines--, ++*n)
        fprintf(f, "%u %.*s\n", *n, (int)(*n * 7 % 60),
                "the quick brown fox jumps over the lazy dog and does not care");
    fclose(f);
}

/* Each line's offset and key are those of the text, whatever it is kept in. */
static void ck_one_key(const struct rig *r, unsigned from, unsigned to)
{
    uint64_t key = 0, offset = 0;
    for (unsigned n = from; n < to; n++)
        for (unsigned i = 0; i < r->n; i++)
            if (strtoul(r->msg[i].text, NULL, 10) == n) {
                ck_assert(n == from || (r->msg[i].key == key && r->msg[i].offset == offset));
                key = r->msg[i].key;
                offset = r->msg[i].offset + strlen(r->msg[i].text) + 1;
            }
}

/* Rotated and compressed while it stood still, in the middle of a file: read on there. _i & 2: by copytruncate; & 4:
   killed in the middle of the compressed file, too. */
START_TEST(compressed_before_it_was_read)
{
    enum { LINES = 9000 };
    struct rig *r = rig_new("a.log", _i & 1);
    unsigned n = 0;
    r->pause_after = 700;
    write_many(r, &n, LINES);
    rig_start(r);
    rig_until(r, r->n == 700);
    rig_commit(r);
    rig_crash(r);
    (_i & 2 ? copytruncate : rotate)(r, "a.log");
    gzip(r, "a.log.1");
    write_many(r, &n, 1);
    if (_i & 4) {
        r->pause_after = 3000;
        rig_start(r);
        rig_until(r, r->n == 3000);
        rig_commit(r);
        rig_crash(r);
        rig_rename(r, "a.log.1.gz", "a.log.2.gz");
    }
    r->pause_after = 0;
    rig_start(r);
    ck_numbers(r, n);
    ck_one_key(r, 0, LINES);
    ck_assert_uint_eq(r->counts.v[COUNT_files_gone_unread] + r->counts.v[COUNT_rotation_gap], 0);
    /* And not again, when it is rotated on, or at the next start. */
    rig_commit(r);
    rename(rig_path(r, "a.log.1.gz"), rig_path(r, "a.log.2.gz"));
    rotate(r, "a.log");
    gzip(r, "a.log.1");
    write_many(r, &n, 1);
    ck_numbers(r, n);
    rig_commit(r);
    rig_stop(r);
    rig_start(r);
    ck_numbers(r, n);
    rig_free(r);
}
END_TEST

/* Several generations, each compressed at once, as logrotate does it without delaycompress. */
START_TEST(compressed_before_it_was_seen)
{
    struct rig *r = rig_new(_i & 2 ? "a.log*" : "a.log", _i & 1);
    unsigned n = 0;
    write_many(r, &n, 100);
    rig_start(r);
    rig_until(r, r->n == 100);
    rig_commit(r);
    for (int round = 0; round < 3; round++) {
        rig_settle(r);
        for (int i = 4; i > 0; i--) {
            char to[32];
            snprintf(to, sizeof to, "a.log.%d", round * 4 + 5 - i);
            write_many(r, &n, 50);
            rig_rename(r, "a.log", to);
            gzip(r, to);
        }
        write_many(r, &n, 50);
        if (round == 1) {
            rig_crash(r);
            rig_start(r);
        }
        ck_numbers(r, n);
        rig_commit(r);
    }
    rig_free(r);
}
END_TEST

/* An archive beside it that is no log, one that was there before, and one that ends early. */
START_TEST(other_archives)
{
    struct rig *r = rig_new(_i & 2 ? "*" : "a.log", _i & 1);
    unsigned n = 0;
    rig_append(r, "a.log.7", "history\n");
    gzip(r, "a.log.7");
    write_many(r, &n, 10);
    rig_start(r);
    rig_until(r, r->n == n);
    rig_settle(r);
    rig_append(r, "other.1", "not of this log\n");
    gzip(r, "other.1");
    rig_append(r, "dump-20261130.tar.gz", "%s", "\x1f\x8b\x08");
    rig_rename(r, "a.log.7.gz", "a.log.8.gz");
    rotate(r, "a.log");
    write_many(r, &n, 3000);
    rotate(r, "a.log");
    gzip(r, "a.log.1");
    struct stat st;
    ck_assert_int_eq(stat(rig_path(r, "a.log.1.gz"), &st), 0);
    ck_assert_int_eq(truncate(rig_path(r, "a.log.1.gz"), st.st_size / 2), 0);
    rig_append(r, "a.log", "last\n");
    rig_until(r, r->counts.v[COUNT_rotation_gap] == 1);
    rig_settle(r);
    ck_assert_ptr_nonnull(strstr(rig_all(r), "last|"));
    ck_assert(!strstr(rig_all(r), "history") && !strstr(rig_all(r), "not of this"));
    ck_assert_msg(r->n > 100 && r->n < n, "%u of %u", r->n, n);
    rig_look(r);
    ck_assert_uint_eq(r->counts.v[COUNT_rotation_gap], 1);
    rig_free(r);
}
END_TEST

static void ck_losses(const struct rig *r, unsigned unread, unsigned gap)
{
    ck_assert_uint_eq(r->counts.v[COUNT_files_gone_unread], unread);
    ck_assert_uint_eq(r->counts.v[COUNT_rotation_gap], gap);
}

static void restart(struct rig *r, unsigned *n)
{
    rig_append(r, "a.log", "%u line number\n", *n);
    rig_start(r);
    ck_numbers(r, ++*n);
    rig_commit(r);
}

/* Deleted while stopped. Of the log itself nobody knows whether more had come to it; a rotated file that nobody wrote
   to any more had been read to its end. _i & 2: the pattern leads to rotated names, too. */
START_TEST(gone_while_stopped)
{
    struct rig *r = rig_new(_i & 2 ? "a.log*" : "a.log", _i & 1);
    unsigned n = 0;
    restart(r, &n);
    rig_rename(r, "a.log", "a.log.1");
    rig_append(r, "a.log", "%u line number\n", n++);
    ck_numbers(r, n);
    rig_commit(r);
    rig_stop(r);
    rotate(r, "a.log");
    unlink(rig_path(r, "a.log.2"));
    restart(r, &n);
    ck_losses(r, 0, 0);
    rig_stop(r);
    rig_append(r, "a.log", "lost\n");
    rotate(r, "a.log");
    rig_append(r, "a.log", "%s", ""); /* before its inode is free */
    unlink(rig_path(r, "a.log.1"));
    restart(r, &n);
    ck_losses(r, 0, 1);
    rig_stop(r);
    restart(r, &n);
    ck_losses(r, 0, 1);
    rig_free(r);
}
END_TEST

/* A rotated file in whose middle it was killed. _i & 2: the log itself, which nothing follows. */
START_TEST(gone_in_its_middle)
{
    enum { LINES = 9000, READ = 700 };
    struct rig *r = rig_new("a.log", _i & 1);
    unsigned n = 0;
    write_many(r, &n, LINES);
    r->pause_after = READ;
    rig_start(r);
    rig_until(r, r->n == READ);
    if (!(_i & 2)) {
        rig_rename(r, "a.log", "a.log.1");
        rig_look(r);
    }
    rig_commit(r);
    rig_crash(r);
    r->pause_after = 0;
    unlink(rig_path(r, _i & 2 ? "a.log" : "a.log.1"));
    rig_start(r);
    rig_settle(r);
    ck_assert_uint_eq(r->n, READ);
    ck_losses(r, 1, 0);
    rig_free(r);
}
END_TEST

/* Copied and truncated, written to, rotated and deleted while stopped; the copy of what was read is still there. */
START_TEST(gone_after_its_copy)
{
    struct rig *r = rig_new("a.log", _i);
    unsigned n = 0;
    restart(r, &n);
    rig_stop(r);
    rig_append(r, "a.log", "%u line number\n", n++);
    copytruncate(r, "a.log");
    restart(r, &n);
    ck_losses(r, 0, 0);
    rig_stop(r);
    rig_append(r, "a.log", "%u line number\n", n++);
    copytruncate(r, "a.log");
    rig_append(r, "a.log", "lost\n");
    rotate(r, "a.log");
    rig_append(r, "a.log", "%s", ""); /* before its inode is free */
    unlink(rig_path(r, "a.log.1"));
    restart(r, &n);
    ck_losses(r, 0, 1);
    rig_stop(r);
    restart(r, &n);
    ck_losses(r, 0, 1);
    rig_free(r);
}
END_TEST

/* The log has another content in the same inode, as after deleting and creating where the file system gives the number
   out again, or after emptying. _i & 2: it had not been read to its end. */
START_TEST(made_anew_while_stopped)
{
    enum { LINES = 9000, READ = 700 };
    struct rig *r = rig_new("a.log", _i & 1);
    unsigned n = 0;
    write_many(r, &n, _i & 2 ? LINES : READ);
    r->pause_after = READ;
    rig_start(r);
    rig_until(r, r->n == READ);
    rig_commit(r);
    rig_crash(r);
    r->pause_after = 0;
    rig_append(r, "a.log", "lost\n");
    rig_truncate(r, "a.log");
    rig_append(r, "a.log", "new\n");
    rig_start(r);
    rig_until(r, r->n == READ + 1);
    rig_settle(r);
    ck_assert_uint_eq(r->n, READ + 1);
    ck_losses(r, _i & 2 ? 1 : 0, _i & 2 ? 0 : 1);
    rig_commit(r);
    rig_stop(r);
    rig_start(r);
    rig_settle(r);
    ck_losses(r, _i & 2 ? 1 : 0, _i & 2 ? 0 : 1);
    rig_free(r);
}
END_TEST

/* A log that was read to its end and has been removed for good, as a container's is. */
START_TEST(nothing_follows)
{
    struct rig *r = rig_new("*.log", _i);
    unsigned n = 0;
    restart(r, &n);
    rig_stop(r);
    unlink(rig_path(r, "a.log"));
    rig_start(r);
    rig_settle(r);
    ck_losses(r, 0, 0);
    rig_free(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tail_rotation");
    TCase *t = tcase_create("tail_rotation");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, several_between_two_looks, 0, 8);
    tcase_add_loop_test(t, under_every_name, 0, 2);
    tcase_add_loop_test(t, history_stays_history, 0, 4);
    tcase_add_loop_test(t, an_inode_again, 0, 2);
    tcase_add_loop_test(t, truncated_and_renamed, 0, 4);
    tcase_add_loop_test(t, an_empty_file_is_no_other, 0, 8);
    tcase_add_loop_test(t, killed_meanwhile, 0, 2);
    tcase_add_loop_test(t, the_files_clock_is_behind, 0, 4);
    tcase_add_loop_test(t, compressed_before_it_was_read, 0, 8);
    tcase_add_loop_test(t, compressed_before_it_was_seen, 0, 4);
    tcase_add_loop_test(t, other_archives, 0, 4);
    tcase_add_loop_test(t, gone_while_stopped, 0, 4);
    tcase_add_loop_test(t, gone_in_its_middle, 0, 4);
    tcase_add_loop_test(t, gone_after_its_copy, 0, 2);
    tcase_add_loop_test(t, made_anew_while_stopped, 0, 4);
    tcase_add_loop_test(t, nothing_follows, 0, 2);
    suite_add_tcase(s, t);
    return unit_run(s);
}
