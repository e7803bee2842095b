/*
 * The rule sets of the sandbox, tried in children: what a role may do works, what it may not do fails as it should. A
 * build with sanitizers allows more calls; the scenario `release_build` tries the exact set.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/sandbox_parts.h"

static char dir[64];
static struct sandbox *box;

static const char *in_dir(const char *name)
{
    static char path[8][256];
    static unsigned n;
    char *p = path[n++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void make(const char *name)
{
    int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ck_assert(fd >= 0 && write(fd, "x\n", 2) == 2);
    close(fd);
}

static void set_up(void)
{
    static const char *const folders[] = {"logs", "logs/old", "store", "secret", "sockets", "elsewhere"};
    strcpy(dir, "/tmp/crumbd-sandbox-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        ck_assert_int_eq(mkdir(in_dir(folders[i]), 0755), 0);
    make("logs/a.log");
    make("secret/key");
    make("store/crumbd.db");
    make("sockets/s");
    box = sandbox_new();
    sandbox_allow(box, SANDBOX_WORKER, SANDBOX_READ, in_dir("logs"));
    sandbox_allow(box, SANDBOX_WORKER, SANDBOX_REMOVE, in_dir("sockets"));
    sandbox_allow(box, SANDBOX_MAIN, SANDBOX_WRITE, in_dir("store"));
}

static void tear_down(void)
{
    char *command = xasprintf("rm -rf %s", dir);
    sandbox_free(box);
    ck_assert_int_eq(system(command), 0);
    free(command);
}

/* Runs f in a child; the line of the first `must` that does not hold comes back, 0 when all hold. A signal: its
 * negative number. */
static int in_child(void (*f)(void))
{
    pid_t pid = fork();
    ck_assert(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        f();
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* The line is told in a byte; 0 is none. */
#define must(x_)                                                                                                       \
    do {                                                                                                               \
        if (!(x_)) {                                                                                                   \
            fprintf(stderr, "%s:%d: " #x_ " (errno %d)\n", __FILE__, __LINE__, errno);                                 \
            _exit(__LINE__ % 255 + 1);                                                                                 \
        }                                                                                                              \
    } while (0)

static int try_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0644);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? errno : 0;
}

static bool no_landlock(void)
{
    if (sandbox_landlock_abi() == 0)
        printf("SKIP sandbox: no Landlock in this kernel\n");
    return sandbox_landlock_abi() == 0;
}

/* ---- files ---- */

static unsigned abi; /* of the test at hand */

static void worker_files(void)
{
    must(sandbox_fence(box, SANDBOX_WORKER, abi));
    must(try_open(in_dir("logs/a.log"), O_RDONLY) == 0);
    must(try_open(in_dir("logs/old"), O_RDONLY | O_DIRECTORY) == 0);
    must(try_open(in_dir("secret/key"), O_RDONLY) == EACCES);
    must(try_open(in_dir("store/crumbd.db"), O_RDONLY) == EACCES);
    must(try_open(in_dir("logs/a.log"), O_RDWR) == EACCES);
    must(try_open(in_dir("logs/b.log"), O_WRONLY | O_CREAT) == EACCES);
    must(unlink(in_dir("logs/a.log")) != 0 && errno == EACCES);
    must(unlink(in_dir("sockets/s")) == 0);
    must(abi < 3 || (truncate(in_dir("logs/a.log"), 0) != 0 && errno == EACCES));
}

static void main_files(void)
{
    must(sandbox_fence(box, SANDBOX_MAIN, abi));
    must(try_open(in_dir("store/crumbd.db-wal"), O_RDWR | O_CREAT | O_EXCL) == 0);
    must(try_open(in_dir("store/crumbd.db-wal"), O_RDWR | O_TRUNC) == 0);
    must(unlink(in_dir("store/crumbd.db-wal")) == 0);
    must(try_open(in_dir("logs/a.log"), O_RDONLY) == 0);
    must(try_open(in_dir("elsewhere/f"), O_WRONLY | O_CREAT) == EACCES);
    must(mkdir(in_dir("store/d"), 0755) != 0 && errno == EACCES);
    must(symlink("/", in_dir("store/l")) != 0 && errno == EACCES);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr any = {.sa_family = AF_INET};
    must(abi < 4 || (bind(s, &any, 16) != 0 && errno == EACCES));
}

static void relay_files(void)
{
    must(sandbox_fence(box, SANDBOX_RELAY, abi));
    must(try_open(in_dir("logs/a.log"), O_RDONLY) == EACCES);
    must(try_open("/etc/passwd", O_RDONLY) == EACCES);
}

/* Every version that a kernel may have; those that this one lacks are what it has. */
START_TEST(each_version_of_landlock)
{
    if (no_landlock())
        return;
    abi = (unsigned)_i < sandbox_landlock_abi() ? (unsigned)_i : sandbox_landlock_abi();
    ck_assert_int_eq(in_child(worker_files), 0);
    ck_assert_int_eq(in_child(main_files), 0);
    ck_assert_int_eq(in_child(relay_files), 0);
}
END_TEST

/* Made by somebody outside, who tells by a byte. */
static int told[2];

static void sees_what_comes(void)
{
    char byte;
    must(sandbox_fence(box, SANDBOX_WORKER, 0));
    must(write(told[1], "x", 1) == 1);
    must(read(told[1], &byte, 1) == 1);
    must(try_open(in_dir("logs/new/deep/c.log"), O_RDONLY) == 0);
    must(try_open(in_dir("logs/a.log"), O_RDONLY) == 0);
    must(try_open(in_dir("logs/old/a.log.1"), O_RDONLY) == 0);
    must(try_open(in_dir("logs/link.log"), O_RDONLY) == EACCES);
}

START_TEST(what_comes_later)
{
    char byte;
    if (no_landlock())
        return;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, told), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        sees_what_comes();
        _exit(0);
    }
    ck_assert_int_eq(read(told[0], &byte, 1), 1);
    ck_assert_int_eq(mkdir(in_dir("logs/new"), 0755) | mkdir(in_dir("logs/new/deep"), 0755), 0);
    make("logs/new/deep/c.log");
    ck_assert_int_eq(rename(in_dir("logs/a.log"), in_dir("logs/old/a.log.1")), 0);
    make("logs/a.log");
    ck_assert_int_eq(symlink("../secret/key", in_dir("logs/link.log")), 0);
    ck_assert_int_eq(write(told[0], "x", 1), 1);
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

static void *worker_inside_main(void *u)
{
    (void)u;
    must(sandbox_fence(box, SANDBOX_WORKER, 0));
    must(try_open(in_dir("logs/a.log"), O_RDONLY) == 0);
    must(try_open(in_dir("store/crumbd.db"), O_RDONLY) == EACCES);
    return NULL;
}

static void two_threads(void)
{
    pthread_t thread;
    must(sandbox_fence(box, SANDBOX_MAIN, 0));
    must(pthread_create(&thread, NULL, worker_inside_main, NULL) == 0 && pthread_join(thread, NULL) == 0);
    must(try_open(in_dir("store/crumbd.db"), O_RDWR) == 0);
    must(try_open(in_dir("secret/key"), O_RDONLY) == EACCES);
}

START_TEST(a_fence_for_each_thread)
{
    if (!no_landlock())
        ck_assert_int_eq(in_child(two_threads), 0);
}
END_TEST

static void without_landlock(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 444, 0, 1), /* landlock_create_ruleset */
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0);
    must(sandbox_landlock_abi() == 0);
    must(!sandbox_fence(box, SANDBOX_MAIN, 0) && errno == ENOSYS);
    must(try_open(in_dir("secret/key"), O_RDONLY) == 0);
}

START_TEST(a_kernel_without_landlock)
{
    ck_assert_int_eq(in_child(without_landlock), 0);
}
END_TEST

START_TEST(what_is_covered)
{
    make("logs/old/b.log");
    ck_assert_int_eq(symlink("../secret/key", in_dir("logs/out.log")), 0);
    ck_assert_int_eq(symlink("../logs/old/b.log", in_dir("secret/back.log")), 0);
    ck_assert(sandbox_covers(box, SANDBOX_WORKER, in_dir("logs/old/b.log")));
    ck_assert(sandbox_covers(box, SANDBOX_WORKER, in_dir("secret/back.log")));
    ck_assert(!sandbox_covers(box, SANDBOX_WORKER, in_dir("logs/out.log")));
    ck_assert(!sandbox_covers(box, SANDBOX_WORKER, in_dir("store/crumbd.db")));
    ck_assert(sandbox_covers(box, SANDBOX_MAIN, in_dir("store/crumbd.db")));
    ck_assert(sandbox_covers(box, SANDBOX_MAIN, in_dir("logs/a.log")));
    ck_assert(!sandbox_covers(box, SANDBOX_RELAY, in_dir("logs/a.log")));
    ck_assert(!sandbox_covers(box, SANDBOX_WORKER, in_dir("logs/not-there")));
    /* What is not there yet stands for the nearest folder that is; a name that only begins alike is another one. */
    sandbox_allow(box, SANDBOX_WORKER, SANDBOX_READ, in_dir("elsewhere/later/logs"));
    make("elsewhere/f");
    ck_assert(sandbox_covers(box, SANDBOX_WORKER, in_dir("elsewhere/f")));
    ck_assert_int_eq(mkdir(in_dir("logs2"), 0755), 0);
    ck_assert(!sandbox_covers(box, SANDBOX_WORKER, in_dir("logs2")));
}
END_TEST

/* ---- calls ---- */

static bool no_filters(void)
{
    if (!sandbox_has_filters())
        printf("SKIP sandbox: no seccomp in this build or kernel\n");
    return !sandbox_has_filters();
}

static void worker_calls(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0), pair[2];
    struct sockaddr any = {.sa_family = AF_INET};
    socklen_t len = sizeof any;
    must(bind(listener, &any, len) == 0 && listen(listener, 1) == 0 && bind(udp, &any, len) == 0);
    must(getsockname(udp, &any, &len) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    must(sandbox_filter(box, SANDBOX_WORKER));
    must(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
    must(connect(udp, &any, len) != 0 && errno == EPERM);
    must(sendto(udp, "x", 1, 0, &any, len) < 0);
    must(listen(listener, 5) != 0 && errno == EPERM);
    must(send(pair[0], "x", 1, 0) == 1);
    must(accept4(-1, NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EBADF);
    must(try_open(in_dir("logs/a.log"), O_RDONLY) == 0);
    must(mkdir(in_dir("logs/x"), 0755) != 0 && errno == EPERM);
    must(syscall(999) < 0 && errno == ENOSYS);
    struct rlimit files;
    must(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_cur > 64 ? files.rlim_cur - 1 : files.rlim_cur;
    must(setrlimit(RLIMIT_NOFILE, &files) == 0);
#ifndef SANDBOX_SANITIZER
    must(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    void *room = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(room != MAP_FAILED && mprotect(room, 4096, PROT_READ | PROT_EXEC) != 0);
    must(fork() < 0 && kill(getppid(), 0) != 0);
#endif
}

static void *nothing(void *u)
{
    return u;
}

static void main_calls(void)
{
    pthread_t thread;
    must(sandbox_filter(box, SANDBOX_MAIN));
    must(socket(AF_INET, SOCK_STREAM, 0) >= 0 && socket(AF_INET6, SOCK_DGRAM, 0) >= 0 &&
         socket(AF_UNIX, SOCK_DGRAM, 0) >= 0);
    must(socket(AF_NETLINK, SOCK_RAW, 0) < 0 && socket(AF_PACKET, SOCK_RAW, 0) < 0);
    must(pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0);
    must(setuid(0) != 0 && errno == EPERM);
#ifndef SANDBOX_SANITIZER
    must(fork() < 0 && kill(getppid(), 0) != 0);
    must(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
#endif
}

static void main_passes_signals_on(void)
{
    sandbox_command(box, getppid());
    must(sandbox_filter(box, SANDBOX_MAIN));
    must(kill(getppid(), 0) == 0);
#ifndef SANDBOX_SANITIZER
    must(kill(getpid(), 0) != 0);
#endif
}

static void relay_calls(void)
{
    must(sandbox_filter(box, SANDBOX_RELAY));
    must(write(STDOUT_FILENO, "", 0) == 0);
    must(socket(AF_UNIX, SOCK_DGRAM, 0) < 0 && errno == EPERM);
#ifndef SANDBOX_SANITIZER
    must(try_open("/dev/null", O_RDONLY) == EPERM);
#endif
}

static void log_calls(void)
{
    must(sandbox_filter(box, SANDBOX_LOG));
    must(write(STDOUT_FILENO, "", 0) == 0);
    must(socket(AF_UNIX, SOCK_DGRAM, 0) < 0 && errno == EPERM);
#ifndef SANDBOX_SANITIZER
    must(try_open("/dev/null", O_RDONLY) == EPERM);
#endif
}

static void worker_runs_a_program(void)
{
    must(sandbox_filter(box, SANDBOX_WORKER));
    execl("/bin/true", "true", (char *)NULL);
}

static void main_runs_a_program(void)
{
    must(sandbox_filter(box, SANDBOX_MAIN));
    execl("/bin/true", "true", (char *)NULL);
}

START_TEST(calls_of_each_role)
{
    if (no_filters())
        return;
    ck_assert_int_eq(in_child(worker_calls), 0);
    ck_assert_int_eq(in_child(main_calls), 0);
    ck_assert_int_eq(in_child(main_passes_signals_on), 0);
    ck_assert_int_eq(in_child(relay_calls), 0);
    ck_assert_int_eq(in_child(log_calls), 0);
    ck_assert_int_eq(in_child(worker_runs_a_program), -SIGSYS);
    ck_assert_int_eq(in_child(main_runs_a_program), -SIGSYS);
}
END_TEST

START_TEST(printed)
{
    struct sbuf out;
    sbuf_init(&out, 1 << 20);
    sandbox_print(box, "# ", &out);
    const char *text = sbuf_cstr(&out);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        ck_assert(line[0] == '#');
    static const char *const wanted[] = {"Landlock",           "seccomp", "worker may read", "main may write",
                                         "mmap: no PROT_EXEC", "execve",  "/logs",           "/store"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        ck_assert_msg(strstr(text, wanted[i]) != NULL, "no %s in %s", wanted[i], text);
    sbuf_done(&out);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sandbox");
    TCase *t = tcase_create("sandbox");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, each_version_of_landlock, 1, 8);
    tcase_add_test(t, what_comes_later);
    tcase_add_test(t, a_fence_for_each_thread);
    tcase_add_test(t, a_kernel_without_landlock);
    tcase_add_test(t, what_is_covered);
    tcase_add_test(t, calls_of_each_role);
    tcase_add_test(t, printed);
    suite_add_tcase(s, t);
    return unit_run(s);
}
