/*
 * sandbox_calls: which system calls each role may make, as one table, and the filters libseccomp makes of it.
 *
 * What stands in the table for the role is allowed. What stands there for another role only is refused with EPERM, as
 * is what `refused` names. What only an attacker calls ends the process. Everything else gets ENOSYS: the C library
 * takes that for an old kernel and goes another way, also with calls that nobody knew when this was written.
 */
#include "io/sandbox_parts.h"

#include "config.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MAIN = 1 << SANDBOX_MAIN,
    WORKER = 1 << SANDBOX_WORKER,
    RELAY = 1 << SANDBOX_RELAY,
    WRITER = 1 << SANDBOX_LOG,
    LOADER = 1 << SANDBOX_LOADER,
    ENGINE = 1 << SANDBOX_ENGINE,
    CONNECTS = 1 << SANDBOX_ROLES, /* a worker that speaks to a server, beside what every worker may */
    ALL = MAIN | WORKER | RELAY | WRITER | LOADER | ENGINE,
    RUNNERS = ALL & ~LOADER, /* of code that is there already */
};

static const struct calls {
    const char *what;
    unsigned roles;
    const char *names; /* with blanks between */
} allowed[] = {
    {"memory", ALL, "brk munmap mremap madvise"},
    {"threads", ALL,
     "futex futex_time64 set_robust_list get_robust_list rseq exit exit_group sched_yield sched_getaffinity gettid "
     "getpid "
     "getppid restart_syscall membarrier set_tid_address getcpu"},
    {"signals", ALL, "rt_sigaction rt_sigprocmask rt_sigreturn sigreturn rt_sigtimedwait sigaltstack"},
    {"time", ALL,
     "clock_gettime clock_gettime64 clock_getres clock_nanosleep clock_nanosleep_time64 nanosleep gettimeofday time"},
    {"open descriptors", ALL,
     "read readv write writev close fcntl fcntl64 fstat fstat64 newfstatat fstatat64 statx lseek _llseek dup dup3"},
    {"who I am", ALL,
     "getuid geteuid getgid getegid getuid32 geteuid32 getgid32 getegid32 getresuid getresgid uname getrandom "
     "getrlimit "
     "ugetrlimit capget"},
    {"the end of the command", RELAY, "wait4 waitid"},
    {"waiting for a reader", WRITER, "poll ppoll ppoll_time64"},
    {"waiting", MAIN | WORKER | LOADER | ENGINE,
     "epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 poll ppoll ppoll_time64 select _newselect "
     "pselect6 pselect6_time64 eventfd2 timerfd_create timerfd_settime timerfd_settime64 pipe2 sysinfo"},
    {"reading files", MAIN | WORKER | LOADER | ENGINE,
     "open openat openat2 stat stat64 lstat lstat64 access faccessat faccessat2 readlink readlinkat getdents "
     "getdents64 pread64 preadv fadvise64 fadvise64_64 statfs statfs64 fstatfs fstatfs64 getcwd"},
    {"watching files", MAIN | WORKER | LOADER, "inotify_init1 inotify_add_watch inotify_rm_watch name_to_handle_at"},
    {"removing files", MAIN | WORKER | LOADER, "unlink unlinkat"},
    {"open sockets", MAIN | WORKER | LOADER | ENGINE,
     "accept accept4 recvfrom recv recvmsg recvmmsg recvmmsg_time64 shutdown getsockopt setsockopt "
     "getsockname getpeername sendfile sendfile64"},
    {"listening", LOADER, "listen chmod fchmod fchmodat"},
    {"memory that becomes code", LOADER, "mmap mmap2 mprotect"},
    {"new connections", MAIN | LOADER | ENGINE | CONNECTS, "connect bind sendto sendmsg sendmmsg socketpair"},
    {"writing the store", MAIN,
     "pwrite64 pwritev ftruncate ftruncate64 truncate truncate64 fallocate fsync fdatasync flock fchmod fchmodat "
     "fchown fchown32 mkdir mkdirat rmdir rename renameat renameat2 utimensat utimensat_time64 umask"},
    {"the command of exec", MAIN, "wait4 waitid"},
#ifdef SANDBOX_SANITIZER
    {"sanitizers", ALL,
     "prctl ptrace clone fork vfork wait4 kill tgkill tkill personality process_vm_readv process_vm_writev prlimit64 "
     "open openat stat newfstatat readlink readlinkat getdents64 pipe pipe2 dup2 mmap mprotect getcwd msync "
     "sigaltstack "
     "mincore arch_prctl sched_setaffinity getrusage ioctl access mlock munlock socketpair sendmsg recvmsg"},
#endif
};

enum { CALLS = sizeof allowed / sizeof *allowed };

/* No part of crumbd or of its libraries makes these. */
static const char hostile[] = "execve execveat ptrace process_vm_readv process_vm_writev process_madvise kexec_load "
                              "kexec_file_load init_module finit_module "
                              "delete_module bpf perf_event_open userfaultfd mount umount2 move_mount open_tree fsopen "
                              "fsmount pivot_root chroot setns unshare "
                              "swapon swapoff reboot iopl ioperm add_key keyctl request_key io_uring_setup "
                              "io_uring_enter io_uring_register modify_ldt "
                              "open_by_handle_at pidfd_getfd memfd_create memfd_secret vmsplice personality";
enum known_value { FIXED, SELF, COMMAND };
enum { WHOLE_INT = 0 };

/* What is allowed with some arguments only: when the bits under the mask have this value. Several rows of a call: one
 * of them. */
static const struct condition {
    unsigned roles;
    const char *call, *text;
    unsigned argument;
    uint64_t mask; /* WHOLE_INT: an int, whose upper half is nobody's */
    uint64_t value;
    enum known_value known;
} conditions[] = {
    {RUNNERS, "mmap", "no PROT_EXEC", 2, PROT_EXEC, 0, FIXED},
    {RUNNERS, "mmap2", "no PROT_EXEC", 2, PROT_EXEC, 0, FIXED},
    {RUNNERS, "mprotect", "no PROT_EXEC", 2, PROT_EXEC, 0, FIXED},
    {ALL, "prctl", "PR_SET_NAME", 0, WHOLE_INT, PR_SET_NAME, FIXED},
    {ALL, "tgkill", "crumbd itself", 0, WHOLE_INT, 0, SELF},
    {ALL, "prlimit64", "crumbd itself", 0, WHOLE_INT, 0,
     FIXED}, /* its soft limit of descriptors is raised when they run out */
    {MAIN | WORKER | LOADER | ENGINE, "ioctl", "FIONREAD", 1, WHOLE_INT, FIONREAD, FIXED},
    {MAIN | WORKER | LOADER | ENGINE, "ioctl", "FIONBIO", 1, WHOLE_INT, FIONBIO, FIXED},
    {MAIN | WORKER | LOADER | ENGINE, "ioctl", "TCGETS", 1, WHOLE_INT, TCGETS, FIXED},
    {MAIN | LOADER | ENGINE | CONNECTS, "socket", "AF_UNIX", 0, WHOLE_INT, AF_UNIX, FIXED},
    {MAIN | LOADER | ENGINE | CONNECTS, "socket", "AF_INET", 0, WHOLE_INT, AF_INET, FIXED},
    {MAIN | LOADER | ENGINE | CONNECTS, "socket", "AF_INET6", 0, WHOLE_INT, AF_INET6, FIXED},
#ifndef __s390__ /* there the arguments stand the other way round */
    {MAIN | ENGINE, "clone", "a thread", 0, CLONE_THREAD, CLONE_THREAD, FIXED},
#else
    {MAIN | ENGINE, "clone", "a thread", 1, CLONE_THREAD, CLONE_THREAD, FIXED},
#endif
    {MAIN, "kill", "the command of exec", 0, WHOLE_INT, 0, COMMAND},
    {WORKER, "sendto", "without an address", 4, UINT64_MAX, 0, FIXED},
};

enum { CONDITIONS = sizeof conditions / sizeof *conditions };

static unsigned roles_of(const struct sandbox *s, enum sandbox_role role)
{
    return 1u << role | (role == SANDBOX_WORKER && s->worker_connects ? CONNECTS : 0);
}

void sandbox_print_calls(const struct sandbox *s, enum sandbox_role role, const char *before, struct sbuf *out)
{
    unsigned roles = roles_of(s, role);
    for (int i = 0; i < CALLS; i++)
        if (allowed[i].roles & roles)
            sbuf_addf(out, "%s    %s: %s\n", before, allowed[i].what, allowed[i].names);
    for (int i = 0; i < CONDITIONS; i++)
        if (conditions[i].roles & roles)
            sbuf_addf(out, "%s    %s: %s\n", before, conditions[i].call, conditions[i].text);
    if (role == SANDBOX_ROLES - 1)
        sbuf_addf(out, "%s  what ends the process: %s\n", before, hostile);
}

#ifdef HAVE_SECCOMP
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

static const char refused[] =
    "fork vfork kill tkill rt_sigqueueinfo socket listen setuid setuid32 setgid setgid32 setreuid setregid setresuid "
    "setresuid32 setresgid "
    "setresgid32 setgroups setgroups32 capset prctl ioctl chown lchown fchownat chmod link linkat symlink symlinkat "
    "mknod mknodat "
    "memfd_create memfd_secret vmsplice personality setxattr setrlimit setpriority sched_setscheduler sethostname "
    "settimeofday clock_settime clock_adjtime adjtimex shmget shmat "
    "msgget semget mq_open pkey_mprotect remap_file_pages acct quotactl syslog";

enum { NUMBERS_MAX = 1024 };

struct filter {
    scmp_filter_ctx ctx;
    uint32_t action;
    bool decided[NUMBERS_MAX]; /* by a rule before */
};

/* -1: this architecture has no such call. */
static int number_of(const char *name)
{
    int number = seccomp_syscall_resolve_name(name);
    return number >= 0 && number < NUMBERS_MAX ? number : -1;
}

/* Calls f for each name of a list. */
static bool each_name(const char *names, bool (*f)(void *u, const char *name), void *u)
{
    struct slice rest = slice_str(names);
    bool ok = true;
    while (ok && rest.p) {
        char name[64];
        struct slice word = slice_split(&rest, ' ');
        if (word.n == 0 || word.n >= sizeof name)
            continue;
        memcpy(name, word.p, word.n);
        name[word.n] = '\0';
        ok = f(u, name);
    }
    return ok;
}

/* The first list that names a call decides. */
static bool sandbox_calls_add_call(void *u, const char *name)
{
    struct filter *f = u;
    int number = number_of(name);
    if (number < 0 || f->decided[number])
        return true;
    f->decided[number] = true;
    return seccomp_rule_add(f->ctx, f->action, number, 0) == 0;
}

static bool add_list(struct filter *f, uint32_t action, const char *names)
{
    f->action = action;
    return each_name(names, sandbox_calls_add_call, f);
}

static bool add_allowed(struct filter *f, unsigned roles, uint32_t action)
{
    bool ok = true;
    for (int i = 0; ok && i < CALLS; i++)
        if (allowed[i].roles & roles)
            ok = add_list(f, action, allowed[i].names);
    return ok;
}

static bool add_condition(struct filter *f, const struct sandbox *s, const struct condition *c)
{
    int number = number_of(c->call);
    uint64_t mask = c->mask == WHOLE_INT ? UINT32_MAX : c->mask;
    uint64_t value = c->known == SELF ? (uint32_t)getpid() : c->known == COMMAND ? (uint32_t)s->command : c->value;
    if (number < 0 || (c->known == COMMAND && !s->command))
        return true;
    return seccomp_rule_add(f->ctx, SCMP_ACT_ALLOW, number, 1,
                            SCMP_CMP(c->argument, SCMP_CMP_MASKED_EQ, mask, value)) == 0;
}

/* A call that is allowed as a whole, as in a build with sanitizers, has no conditions; one that has some is decided by
 * them. */
static bool add_conditions(struct filter *f, const struct sandbox *s, unsigned roles)
{
    bool ok = true, conditional[NUMBERS_MAX] = {false};
    for (int i = 0; ok && i < CONDITIONS; i++) {
        int number = number_of(conditions[i].call);
        if (!(conditions[i].roles & roles) || number < 0 || f->decided[number])
            continue;
        ok = add_condition(f, s, &conditions[i]);
        conditional[number] = true;
    }
    for (int i = 0; i < NUMBERS_MAX; i++)
        f->decided[i] |= conditional[i];
    return ok;
}

static bool add_rules(struct filter *f, const struct sandbox *s, unsigned roles)
{
    return add_allowed(f, roles, SCMP_ACT_ALLOW) && add_conditions(f, s, roles) &&
           add_list(f, SCMP_ACT_KILL_PROCESS, hostile) && add_list(f, SCMP_ACT_ERRNO(EPERM), refused) &&
           add_allowed(f, ALL & ~roles, SCMP_ACT_ERRNO(EPERM));
}

bool sandbox_filter(const struct sandbox *s, enum sandbox_role role)
{
    struct filter *f = xcalloc(1, sizeof *f);
    f->ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int rc = f->ctx ? seccomp_attr_set(f->ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) : -ENOMEM;
    if (rc == 0) /* a tree instead of a list: the call comes thousands of times a second */
        seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (rc == 0 && !add_rules(f, s, roles_of(s, role)))
        rc = -EINVAL;
    if (rc == 0)
        rc = seccomp_load(f->ctx);
    seccomp_release(f->ctx);
    free(f);
    errno = -rc;
    return rc == 0;
}

bool sandbox_has_filters(void)
{
    /* Without a program EFAULT says that there could have been one, seccomp(2). */
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != 0 && errno == EFAULT;
}

const char *sandbox_seccomp_version(void)
{
    static _Thread_local char text[32];
    const struct scmp_version *v = seccomp_version();
    snprintf(text, sizeof text, "%u.%u.%u", v->major, v->minor, v->micro);
    return text;
}

#else

bool sandbox_filter(const struct sandbox *s, enum sandbox_role role)
{
    (void)s, (void)role;
    errno = ENOSYS;
    return false;
}

bool sandbox_has_filters(void)
{
    return false;
}

const char *sandbox_seccomp_version(void)
{
    return "none";
}

#endif
