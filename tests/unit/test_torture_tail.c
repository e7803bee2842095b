/*
 * A tail while the file system fails: the n-th open, read, stat or listing by which it works answers EIO, for every n
 * that the course below reaches. Each line comes exactly once all the same, a crash, a restart and a rotation in
 * between.
 *
 * The calls are wrapped by the linker (-Wl,--wrap), so what fails is what crumbd asks the system, not a stand-in of it.
 */
#include "tests/unit/tail.h"

#include <dirent.h>
#include <errno.h>

static long left = -1; /* calls that still go well; negative: all do */
static unsigned made;

static bool fails(void)
{
    if (left < 0 || left-- > 0)
        return false;
    made++;
    errno = EIO;
    return true;
}

int __real_openat(int folder, const char *name, int flags, ...);
int __real_open(const char *name, int flags, ...);
ssize_t __real_pread(int fd, void *to, size_t n, off_t at);
ssize_t __real_read(int fd, void *to, size_t n);
int __real_fstat(int fd, struct stat *st);
int __real_fstatat(int folder, const char *name, struct stat *st, int flags);
DIR *__real_fdopendir(int fd);
int __wrap_openat(int folder, const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
ssize_t __wrap_pread(int fd, void *to, size_t n, off_t at);
ssize_t __wrap_read(int fd, void *to, size_t n);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstatat(int folder, const char *name, struct stat *st, int flags);
DIR *__wrap_fdopendir(int fd);

int __wrap_openat(int folder, const char *name, int flags, ...)
{
    return fails() ? -1 : __real_openat(folder, name, flags);
}

int __wrap_open(const char *name, int flags, ...)
{
    return fails() ? -1 : __real_open(name, flags);
}

ssize_t __wrap_pread(int fd, void *to, size_t n, off_t at)
{
    return fails() ? -1 : __real_pread(fd, to, n, at);
}

ssize_t __wrap_read(int fd, void *to, size_t n)
{
    return fails() ? -1 : __real_read(fd, to, n);
}

int __wrap_fstat(int fd, struct stat *st)
{
    return fails() ? -1 : __real_fstat(fd, st);
}

int __wrap_fstatat(int folder, const char *name, struct stat *st, int flags)
{
    return fails() ? -1 : __real_fstatat(folder, name, st, flags);
}

DIR *__wrap_fdopendir(int fd)
{
    return fails() ? NULL : __real_fdopendir(fd);
}

static bool has(const struct rig *r, const char *line)
{
    for (unsigned i = 0; i < r->n; i++)
        if (strcmp(r->msg[i].text, line) == 0)
            return true;
    return false;
}

static void begin(struct rig *r)
{
    rig_start(r);
    in_tail.look(r->in);
    rig_commit(r);
}

static void course(struct rig *r, long n)
{
    static const char *const lines[] = {"one", "two", "three", "four", "five"};
    rig_append(r, "a.log", "one\ntwo\n");
    begin(r);
    rig_until(r, has(r, "two"));
    rig_append(r, "a.log", "three\n");
    rig_until(r, has(r, "three"));
    rig_commit(r);
    rig_rename(r, "a.log", "a.log.1");
    rig_append(r, "a.log", "four\n");
    rig_until(r, has(r, "four"));
    rig_crash(r);
    begin(r);
    rig_append(r, "a.log", "five\n");
    rig_until(r, has(r, "four") && has(r, "five"));
    rig_settle(r);
    ck_assert_msg(r->n == 5, "fault %ld: %s", n, rig_all(r));
    for (unsigned i = 0; i < 5; i++)
        ck_assert_msg(has(r, lines[i]), "fault %ld: %s is missing", n, lines[i]);
}

START_TEST(each_line_once)
{
    for (long n = 0;; n++) {
        struct rig *r = rig_new("a.log", _i);
        r->tuning = (struct tail_tuning){.poll_ms = 2, .idle_ms = 5, .no_inotify = _i};
        made = 0;
        left = n;
        course(r, n);
        left = -1;
        rig_free(r);
        if (!made) {
            ck_assert_int_gt(n, 50);
            break;
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("torture of a tail");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, each_line_once, 0, 2);
    suite_add_tcase(s, c);
    return unit_run(s);
}
