/* More files than descriptors: every line of every file once, and nothing that could not be seen is taken for gone. */
#include "tests/unit/tail.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { LIMIT = 64, FILES = 200 };

static void limit_descriptors(unsigned n)
{
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){n, n}), 0);
}

static struct tail *tail_of(struct rig *r)
{
    return (struct tail *)r->in;
}

static unsigned open_files(struct rig *r)
{
    unsigned n = 0;
    struct tail_file *f;
    TAILQ_FOREACH (f, &tail_of(r)->files, all)
        n += f->fd >= 0;
    return n;
}

static unsigned loose_files(struct rig *r)
{
    unsigned n = 0;
    struct tail_file *f;
    TAILQ_FOREACH (f, &tail_of(r)->files, all)
        n += f->rotated;
    return n;
}

/* How many of those are called so. */
static unsigned loose_is(struct rig *r, const char *name)
{
    unsigned n = 0;
    struct tail_file *f;
    TAILQ_FOREACH (f, &tail_of(r)->files, all) {
        const char *slash = strrchr(f->path, '/');
        n += f->rotated && strcmp(slash ? slash + 1 : f->path, name) == 0;
    }
    return n;
}

static void append_to_all(struct rig *r, unsigned files, const char *what)
{
    char name[32];
    for (unsigned i = 0; i < files; i++) {
        snprintf(name, sizeof name, "%u.log", i);
        rig_append(r, name, "%u %s\n", i, what);
    }
}

/* Each file's line of that kind came, and once. */
static void check_once(struct rig *r, unsigned files, const char *what)
{
    unsigned *seen = xcalloc(files, sizeof *seen);
    for (unsigned k = 0; k < r->n; k++) {
        char kind[32];
        unsigned i;
        if (sscanf(r->msg[k].text, "%u %31s", &i, kind) == 2 && i < files && strcmp(kind, what) == 0)
            seen[i]++;
    }
    for (unsigned i = 0; i < files; i++)
        ck_assert_msg(seen[i] == 1, "line '%u %s' came %u times", i, what, seen[i]);
    free(seen);
}

START_TEST(read_in_turn)
{
    static const char *const rounds[] = {"first", "second", "third"};
    struct rig *r = rig_new("*.log", _i);
    limit_descriptors(LIMIT);
    for (unsigned k = 0; k < 3; k++) {
        append_to_all(r, FILES, rounds[k]);
        if (k == 0)
            rig_start(r);
        rig_until(r, r->n >= (k + 1) * FILES);
        rig_settle(r);
        ck_assert_uint_le(open_files(r), LIMIT / 2);
        ck_assert_uint_eq(open_files(r), tail_of(r)->n_open);
        ck_assert_uint_eq(loose_files(r), 0);
        check_once(r, FILES, rounds[k]);
        ck_assert_uint_eq(r->n, (k + 1) * FILES);
    }
    ck_assert_uint_gt(r->counts.v[COUNT_files_parked], 0);
    ck_assert_uint_eq(r->counts.v[COUNT_files_truncated], 0);
    ck_assert_uint_eq(r->counts.v[COUNT_files_gone_unread], 0);
    /* And over a restart, as after kill -9. */
    rig_commit(r);
    rig_crash(r);
    append_to_all(r, FILES, "fourth");
    rig_start(r);
    rig_until(r, r->n >= 4 * FILES);
    rig_settle(r);
    check_once(r, FILES, "fourth");
    ck_assert_uint_eq(r->n, 4 * FILES);
    rig_free(r);
}
END_TEST

/* What was there when it started is not read from its start only because its turn came later. */
START_TEST(from_end_holds_for_all)
{
    struct rig *r = rig_new("*.log", _i);
    r->opt.from_start = false;
    limit_descriptors(LIMIT);
    append_to_all(r, FILES, "old");
    rig_start(r);
    rig_settle(r);
    append_to_all(r, FILES, "new");
    rig_until(r, r->n >= FILES);
    rig_settle(r);
    check_once(r, FILES, "new");
    ck_assert_uint_eq(r->n, FILES);
    rig_free(r);
}
END_TEST

/* A line that waits for its end, and an entry of several lines, survive that their file is closed in between. */
START_TEST(unfinished_lines)
{
    struct rig *r = rig_new("*.log", _i);
    limit_descriptors(LIMIT);
    append_to_all(r, FILES, "first\nhal");
    /* Each file ends without LF: "N first", LF, "hal". */
    for (unsigned i = 0; i < FILES; i++) {
        char name[32];
        struct stat st;
        snprintf(name, sizeof name, "%u.log", i);
        ck_assert(stat(rig_path(r, name), &st) == 0 && truncate(rig_path(r, name), st.st_size - 1) == 0);
    }
    rig_start(r);
    rig_until(r, r->n >= FILES);
    rig_settle(r);
    ck_assert_uint_eq(r->n, FILES);
    for (unsigned i = 0; i < FILES; i++) {
        char name[32];
        snprintf(name, sizeof name, "%u.log", i);
        rig_append(r, name, "f of %u\n", i);
    }
    rig_until(r, r->n >= 2 * FILES);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 2 * FILES);
    for (unsigned i = FILES; i < r->n; i++)
        ck_assert_int_eq(strncmp(r->msg[i].text, "half of ", 8), 0);
    rig_free(r);
}
END_TEST

/* Rotated, truncated and copied while they are closed. _i & 2: the pattern leads to the copies as well. */
START_TEST(changed_while_parked)
{
    char name[32], to[32];
    struct rig *r = rig_new(_i & 2 ? "*.log*" : "*.log", _i & 1);
    limit_descriptors(LIMIT);
    append_to_all(r, FILES, "first");
    rig_start(r);
    rig_until(r, r->n >= FILES);
    rig_settle(r);
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "%u.log", i);
        snprintf(to, sizeof to, "%u.log.1", i);
        rig_append(r, name, "%u late\n", i);
        if (i % 3 == 0)
            rig_rename(r, name, to);
        if (i % 3 == 1) {
            rig_copy(r, name, to);
            rig_truncate(r, name);
        }
        if (i % 3 == 2)
            rig_copy(r, name, to);
        rig_append(r, name, "%u second\n", i);
    }
    rig_until(r, r->n >= 3 * FILES);
    rig_settle(r);
    check_once(r, FILES, "late");
    check_once(r, FILES, "second");
    ck_assert_uint_eq(r->n, 3 * FILES);
    rig_free(r);
}
END_TEST

/* As many files as may be open, and all with more to read than anyone reads at once: one more is opened in the place of
 * one of them. */
START_TEST(files_that_never_rest)
{
    enum { BUSY = 20, LINES = 4000 };
    static char line[1024];
    const struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    char name[32];
    struct rig *r = rig_new("*.log", _i);
    limit_descriptors(2 * BUSY);
    memset(line, 'x', sizeof line - 1);
    for (unsigned i = 0; i < BUSY; i++) {
        snprintf(name, sizeof name, "%u.log", i);
        FILE *f = fopen(rig_path(r, name), "w");
        for (unsigned k = 0; k < LINES / BUSY; k++)
            fprintf(f, "%u %s\n", i, line);
        fclose(f);
        /* Nothing but what is left to read tells that it is to be opened again. */
        ck_assert_int_eq(utimensat(AT_FDCWD, rig_path(r, name), old, 0), 0);
    }
    rig_start(r);
    in_tail.look(r->in);
    struct tail_file *f, *quiet = NULL;
    TAILQ_FOREACH (f, &tail_of(r)->files, all) {
        ck_assert(f->is_ready);
        f->opened -= 1000;
    }
    rig_append(r, "quiet.log", "quiet\n");
    in_tail.look(r->in);
    TAILQ_FOREACH (f, &tail_of(r)->files, all)
        if (strcmp(tail_base_name(f->path), "quiet.log") == 0)
            quiet = f;
    ck_assert(quiet && quiet->fd >= 0);
    ck_assert_uint_eq(open_files(r), BUSY);
    rig_until(r, r->n == LINES / BUSY * BUSY + 1);
    rig_settle(r);
    ck_assert_uint_eq(r->n, LINES / BUSY * BUSY + 1);
    rig_free(r);
}
END_TEST

/* Files that never rest must not keep the others from being read. */
START_TEST(busy_files_take_turns)
{
    enum { BUSY = 30 };
    char name[32];
    struct rig *r = rig_new("*.log", _i);
    limit_descriptors(40); /* of which a dozen may be taken */
    for (unsigned i = 0; i < BUSY; i++) {
        snprintf(name, sizeof name, "%u.log", i);
        char *block = xmalloc(1 << 20);
        memset(block, 'x', 1 << 20);
        for (unsigned at = 1023; at < 1 << 20; at += 1024)
            block[at] = '\n';
        int fd = open(rig_path(r, name), O_WRONLY | O_CREAT, 0666);
        ck_assert_int_eq(write(fd, block, 1 << 20), 1 << 20);
        close(fd);
        free(block);
    }
    rig_start(r);
    rig_until(r, r->n >= BUSY * 1024);
    rig_settle(r);
    ck_assert_uint_eq(r->n, BUSY * 1024);
    ck_assert_uint_le(open_files(r), 20);
    rig_free(r);
}
END_TEST

/* Two inputs: the one with few files has all of them open. */
START_TEST(fair_between_inputs)
{
    struct rig *a = rig_new("*.log", _i), *b = rig_new("*.log", _i);
    limit_descriptors(LIMIT);
    append_to_all(a, FILES, "first");
    rig_start(a);
    rig_until(a, a->n >= FILES);
    append_to_all(b, 10, "first");
    rig_start(b);
    in_tail.after(b->in, a->in);
    rig_until(b, b->n >= 10 && !TAILQ_FIRST(&tail_of(b)->turns));
    ck_assert_uint_eq(open_files(b), 10);
    ck_assert_uint_le(open_files(a) + open_files(b), LIMIT / 2);
    append_to_all(a, FILES, "second");
    append_to_all(b, 10, "second");
    rig_until(b, b->n >= 20);
    rig_until(a, a->n >= 2 * FILES);
    check_once(a, FILES, "second");
    check_once(b, 10, "second");
    rig_free(b);
    rig_free(a);
}
END_TEST

/* Takes every descriptor that is left. */
static int hold_all(int *hold, int n)
{
    while (n < 4096 && (hold[n] = open("/", O_PATH)) >= 0)
        n++;
    ck_assert_int_eq(errno, EMFILE);
    return n;
}

/* With no descriptor left nothing can be listed, opened or searched for: nothing is rotated, gone or lost. */
START_TEST(no_descriptor_is_no_news)
{
    enum { OPEN = 20 };
    struct rig *r = rig_new(_i & 2 ? "*/*.log" : "*.log", _i & 1);
    static int hold[4096];
    int n = 0;
    if (_i & 2) {
        mkdir(rig_path(r, "d"), 0777);
        strcat(r->dir, "/d");
    }
    append_to_all(r, OPEN, "first");
    rig_start(r);
    rig_until(r, r->n >= OPEN);
    rig_settle(r);
    int stream = open(rig_path(r, "7.log"), O_WRONLY | O_APPEND);
    limit_descriptors(128);
    n = hold_all(hold, 0);
    rig_look(r);
    ck_assert_uint_eq(loose_files(r), 0);
    ck_assert_int_eq(write(stream, "7 second\n", 9), 9);
    rig_until(r, r->n == OPEN + 1);
    /* Truncated, with a copy that cannot be found now, and one renamed. */
    for (int i = 0; i < 2; i++)
        close(hold[--n]);
    in_tail.pause(r->in, true);
    rig_append(r, "3.log", "3 late\n");
    rig_copy(r, "3.log", "x");
    rig_truncate(r, "3.log");
    rig_rename(r, "x", "3.log.1");
    rig_rename(r, "4.log", "4.log.1");
    n = hold_all(hold, n);
    rig_look(r);
    in_tail.pause(r->in, false);
    n = hold_all(hold, n);
    rig_look(r);
    /* 4.log and the copy of 3.log, if there was room to see them. */
    ck_assert_uint_le(loose_files(r), loose_is(r, "4.log") + loose_is(r, "4.log.1") + loose_is(r, "3.log.1"));
    while (n)
        close(hold[--n]);
    rig_append(r, "4.log.1", "4 late\n");
    rig_append(r, "3.log", "3 second\n");
    rig_until(r, r->n >= OPEN + 4);
    rig_settle(r);
    ck_assert_uint_eq(r->n, OPEN + 4);
    close(stream);
    if (_i & 2)
        *strrchr(r->dir, '/') = '\0';
    rig_free(r);
}
END_TEST

/* Folders that may not be read any more hide their files, and take none away: one, and more than are remembered by
 * name. */
START_TEST(folders_without_rights)
{
    const unsigned folders = _i & 2 ? TAIL_UNKNOWN_MAX + 6 : 1;
    char folder[16], file[32];
    uid_t uid = geteuid();
    struct rig *r = rig_new("*/*.log", _i & 1);
    ck_assert_int_eq(chmod(r->dir, 0777), 0);
    if (uid == 0)
        ck_assert(chown(r->dir, 65534, 65534) == 0 && seteuid(65534) == 0);
    for (unsigned i = 0; i < folders; i++) {
        snprintf(folder, sizeof folder, "%u", i);
        snprintf(file, sizeof file, "%u/a.log", i);
        mkdir(rig_path(r, folder), 0777);
        rig_append(r, file, "one\n");
    }
    rig_start(r);
    rig_until(r, r->n == folders);
    rig_settle(r);
    for (unsigned i = 0; i < folders; i++) {
        snprintf(folder, sizeof folder, "%u", i);
        chmod(rig_path(r, folder), 0);
    }
    rig_look(r);
    ck_assert_uint_eq(loose_files(r), 0);
    ck_assert_uint_eq(open_files(r), folders);
    for (unsigned i = 0; i < folders; i++) {
        snprintf(folder, sizeof folder, "%u", i);
        snprintf(file, sizeof file, "%u/a.log", i);
        chmod(rig_path(r, folder), 0755);
        rig_append(r, file, "two\n");
    }
    rig_until(r, r->n == 2 * folders);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 2 * folders);
    ck_assert(seteuid(uid) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
    rig_free(r);
}
END_TEST

/* Deleted while it was closed and had more to read: that is said and counted. */
START_TEST(deleted_while_parked)
{
    struct rig *r = rig_new("*.log", _i);
    limit_descriptors(LIMIT);
    append_to_all(r, FILES, "first");
    rig_start(r);
    rig_until(r, r->n >= FILES);
    rig_settle(r);
    struct tail_file *f;
    unsigned parked = 0;
    in_tail.pause(r->in, true);
    TAILQ_FOREACH (f, &tail_of(r)->files, all) {
        if (f->fd >= 0)
            continue;
        int fd = open(f->path, O_WRONLY | O_APPEND);
        ck_assert_int_eq(write(fd, "more\n", 5), 5);
        close(fd);
    }
    rig_look(r);
    TAILQ_FOREACH (f, &tail_of(r)->files, all)
        if (f->is_in_turn && f->size > f->read_at) {
            unlink(f->path);
            parked++;
        }
    in_tail.pause(r->in, false);
    rig_settle(r);
    ck_assert_uint_gt(parked, 0);
    ck_assert_uint_eq(r->counts.v[COUNT_files_gone_unread], parked);
    rig_free(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tail_share");
    TCase *t = tcase_create("tail_share");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, read_in_turn, 0, 2);
    tcase_add_loop_test(t, from_end_holds_for_all, 0, 2);
    tcase_add_loop_test(t, unfinished_lines, 0, 2);
    tcase_add_loop_test(t, changed_while_parked, 0, 4);
    tcase_add_loop_test(t, files_that_never_rest, 0, 2);
    tcase_add_loop_test(t, busy_files_take_turns, 0, 2);
    tcase_add_loop_test(t, fair_between_inputs, 0, 2);
    tcase_add_loop_test(t, no_descriptor_is_no_news, 0, 4);
    tcase_add_loop_test(t, folders_without_rights, 0, 4);
    tcase_add_loop_test(t, deleted_while_parked, 0, 2);
    suite_add_tcase(s, t);
    return unit_run(s);
}
