/*
 * sandbox_landlock: the rule sets for files, as the kernel wants them (landlock(7)).
 *
 * What the installed headers lack is defined here, so that a build on an old system uses what a new kernel has. Each
 * version of the interface knows more rights; those that the running kernel does not know are left out.
 */
#include "io/sandbox_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset /* the same numbers on every architecture */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { CREATE_VERSION = 1, RULE_PATH_BENEATH = 1 };

/* Rights on files, in the order of their bits; REFER came with version 2, TRUNCATE with 3, IOCTL_DEV with 5. */
enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_CHAR = 1 << 6,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    MAKE_SOCK = 1 << 9,
    MAKE_FIFO = 1 << 10,
    MAKE_BLOCK = 1 << 11,
    MAKE_SYM = 1 << 12,
    REFER = 1 << 13,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15,
    OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
};
enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1 };     /* version 4 */
enum { SCOPE_ABSTRACT_UNIX = 1 << 0, SCOPE_SIGNAL = 1 << 1 }; /* version 6 */

/* The kernel takes the structure in any length that it knows. */
struct ruleset_attr {
    uint64_t files, net, scoped;
};
struct path_attr {
    uint64_t rights;
    int32_t parent;
} __attribute__((packed));

struct version {
    unsigned abi;
    uint64_t files;
    size_t attr_bytes;
};

/* Returns the newest version that is not newer than abi. */
static struct version version_of(unsigned abi)
{
    static const struct version versions[] = {
        {1, (REFER - 1), 8},
        {2, (REFER - 1) | REFER, 8},
        {3, (REFER - 1) | REFER | TRUNCATE, 8},
        {4, (REFER - 1) | REFER | TRUNCATE, 16},
        {5, (REFER - 1) | REFER | TRUNCATE | IOCTL_DEV, 16},
        {6, (REFER - 1) | REFER | TRUNCATE | IOCTL_DEV, 24},
    };
    enum { VERSIONS = sizeof versions / sizeof *versions };
    return versions[(abi < VERSIONS ? abi : VERSIONS) - 1];
}

unsigned sandbox_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
    return abi > 0 ? (unsigned)abi : 0;
}

static uint64_t rights_of(unsigned rights)
{
    uint64_t files = 0;
    if (rights & SANDBOX_READ)
        files |= READ_FILE | READ_DIR;
    if (rights & SANDBOX_WRITE)
        files |= WRITE_FILE | MAKE_REG | TRUNCATE;
    if (rights & SANDBOX_REMOVE)
        files |= REMOVE_FILE;
    return files;
}

/* Adds a path; one that is gone since the rules were made needs no rule. */
static bool add_path(int ruleset, const struct sandbox_path *p, uint64_t known)
{
    struct stat st;
    int fd = open(p->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
    struct path_attr attr = {.rights = rights_of(p->rights) & known, .parent = fd};
    bool ok = fstat(fd, &st) == 0;
    if (ok && !S_ISDIR(st.st_mode))
        attr.rights &= OF_FILES;
    ok = ok && (attr.rights == 0 || syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &attr, 0) == 0);
    int e = errno;
    close(fd);
    errno = e;
    return ok;
}

static struct ruleset_attr handled(const struct sandbox *s, enum sandbox_role role, const struct version *v)
{
    struct ruleset_attr a = {.files = v->files, .net = NET_BIND_TCP, .scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL};
    if (role != SANDBOX_MAIN && !(role == SANDBOX_WORKER && s->worker_connects))
        a.net |= NET_CONNECT_TCP;
    if (role == SANDBOX_MAIN && s->abstract_sockets)
        a.scoped &= ~(uint64_t)SCOPE_ABSTRACT_UNIX;
    if (role == SANDBOX_MAIN && s->command)
        a.scoped &= ~(uint64_t)SCOPE_SIGNAL;
    return a;
}

/* A path may be of a role more than once with different rights; Landlock adds them up. */
static bool add_paths(int ruleset, const struct sandbox_paths *paths, uint64_t known)
{
    bool ok = true;
    for (unsigned i = 0; ok && i < paths->n; i++)
        ok = add_path(ruleset, &paths->v[i], known);
    return ok;
}

bool sandbox_fence(const struct sandbox *s, enum sandbox_role role, unsigned abi)
{
    unsigned have = sandbox_landlock_abi();
    if (have == 0) {
        errno = ENOSYS;
        return false;
    }
    const struct version v = version_of(abi && abi < have ? abi : have);
    const struct ruleset_attr attr = handled(s, role, &v);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, v.attr_bytes, 0);
    if (ruleset < 0)
        return false;
    bool ok = add_paths(ruleset, &s->paths[role], v.files) && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    int e = errno;
    close(ruleset);
    errno = e;
    return ok;
}
