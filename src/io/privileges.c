#include "io/privileges.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/lockfile.h"

enum { CAPABILITIES = 64, GROUPS_FIRST = 32 };

#define CAP_BIT(cap_) (UINT64_C(1) << (cap_))

/* ---- whom to become ---- */

static bool is_number(const char *text, unsigned *out)
{
    uint64_t n;
    bool ok = slice_u64(slice_str(text), &n) && n < UINT32_MAX;
    *out = ok ? (unsigned)n : 0;
    return ok;
}

static bool find_group(const char *group, gid_t *gid, struct diag *d)
{
    unsigned number;
    const struct group *g = getgrnam(group);
    if (!g && !is_number(group, &number))
        return err_plain(d, "group: this host has no group %s; make it (groupadd --system %s), or name another one",
                         group, group);
    *gid = g ? g->gr_gid : (gid_t)number;
    return true;
}

static void find_groups(struct privileges *p, const char *user)
{
    int n = GROUPS_FIRST;
    p->groups = xrealloc(p->groups, (size_t)n, sizeof *p->groups);
    if (getgrouplist(user, p->gid, p->groups, &n) < 0) {
        p->groups = xrealloc(p->groups, (size_t)n, sizeof *p->groups);
        if (getgrouplist(user, p->gid, p->groups, &n) < 0)
            n = 0;
    }
    p->n_groups = n;
}

static bool find_user(struct privileges *p, const char *user, struct diag *d)
{
    unsigned number = 0;
    bool numeric = is_number(user, &number);
    const struct passwd *pw = numeric ? getpwuid((uid_t)number) : getpwnam(user);
    if (!pw && !numeric)
        return err_plain(d, "user: this host has no user %s; make it (useradd --system %s), or name another one", user,
                         user);
    p->uid = pw ? pw->pw_uid : (uid_t)number;
    p->gid = pw ? pw->pw_gid : (gid_t)number;
    if (pw)
        find_groups(p, pw->pw_name);
    if (p->uid == 0)
        return err_plain(d,
                         "user: root is what crumbd was started as; name a user without rights, or leave the key out");
    return true;
}

bool privileges_find(struct privileges *p, const char *user, const char *group, struct diag *d)
{
    *p = (struct privileges){.uid = geteuid(), .gid = getegid()};
    if (!user && !group)
        return true;
    if ((user && !find_user(p, user, d)) || (group && !find_group(group, &p->gid, d)))
        return false;
    if (group) {
        p->groups = xrealloc(p->groups, (size_t)p->n_groups + 1, sizeof *p->groups);
        p->groups[p->n_groups++] = p->gid;
    }
    if (geteuid() == 0)
        p->name = user ? user : group;
    else if (p->uid != geteuid() || p->gid != getegid())
        err_add(d, ERR_WARNING, (struct err_place){0},
                "only root can become somebody else: user and group of the configuration are left out");
    return true;
}

void privileges_done(struct privileges *p)
{
    free(p->groups);
    *p = (struct privileges){0};
}

/* ---- files of that user ---- */

void privileges_borrow(const struct privileges *p)
{
    if (p->name && (setgroups((size_t)p->n_groups, p->groups) != 0 || setegid(p->gid) != 0 || seteuid(p->uid) != 0))
        abort();
}

void privileges_return(const struct privileges *p)
{
    if (p->name && (seteuid(getuid()) != 0 || setegid(getgid()) != 0))
        abort();
}

bool privileges_make_folder(const struct privileges *p, const char *folder, struct diag *d)
{
    struct stat st;
    if (!p->name || stat(folder, &st) == 0)
        return true;
    char *inside = xasprintf("%s/", folder);
    bool made = lockfile_mkdirs(inside, d);
    int fd = made ? open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    bool given = fd >= 0 && fchown(fd, p->uid, p->gid) == 0;
    if (made && !given)
        err_plain(d, "the folder %s cannot be given to %s: %s", folder, p->name, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(inside);
    return given;
}

/* ---- giving up ---- */

void privileges_harden(void)
{
    static const struct rlimit none = {0};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}

static bool get_capabilities(struct __user_cap_data_struct data[2])
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    return syscall(SYS_capget, &head, data) == 0;
}

static uint64_t both(uint32_t low, uint32_t high)
{
    return (uint64_t)high << 32 | low;
}

static void drop_bounds(uint64_t keep)
{
    for (int cap = 0; cap < CAPABILITIES; cap++)
        if (!(keep & CAP_BIT(cap)) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
            prctl(PR_CAPBSET_DROP, cap, 0, 0,
                  0); /* EPERM without CAP_SETPCAP: there is nothing left then that could use them */
}

/* Drops every capability that is not in `keep` for good, and puts those that are kept in force. */
static bool keep_capabilities(uint64_t keep)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (!get_capabilities(data))
        return false;
    uint64_t had = both(data[0].permitted, data[1].permitted), kept = had & keep;
    bool inherits = data[0].inheritable || data[1].inheritable;
    if (had == kept && !inherits && both(data[0].effective, data[1].effective) == kept)
        return true; /* a policy of the service manager may forbid the call itself */
    for (int i = 0; i < 2; i++) {
        data[i].permitted = data[i].effective = (uint32_t)(kept >> 32 * i);
        data[i].inheritable = 0;
    }
    return syscall(SYS_capset, &head, data) == 0;
}

static bool change_user(const struct privileges *p)
{
    return setgroups((size_t)p->n_groups, p->groups) == 0 && setresgid(p->gid, p->gid, p->gid) == 0 &&
           setresuid(p->uid, p->uid, p->uid) == 0;
}

/* Whether every id is the new one, and the way back is shut. */
static bool is_for_good(const struct privileges *p)
{
    uid_t uids[3];
    gid_t gids[3];
    if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 || getresgid(&gids[0], &gids[1], &gids[2]) != 0)
        return false;
    for (int i = 0; i < 3; i++)
        if (uids[i] != p->uid || gids[i] != p->gid)
            return false;
    return p->uid == 0 || (setuid(0) != 0 && seteuid(0) != 0 && setreuid((uid_t)-1, 0) != 0);
}

bool privileges_become(const struct privileges *p, bool signals, struct diag *d)
{
    bool stays_root = geteuid() == 0 && p->uid == 0;
    uint64_t keep = p->keep_read ? CAP_BIT(CAP_DAC_READ_SEARCH) : 0;
    /* Root needs these to open any log, and a store that may belong to somebody else; SQLite gives -wal and -shm the
       owner of the database. */
    if (stays_root)
        keep |= CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_FOWNER);
    if (signals)
        keep |= CAP_BIT(CAP_KILL);
    drop_bounds(keep);
    bool ok = true;
    if (p->name) {
        prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
        ok = change_user(p);
    }
    ok = ok && keep_capabilities(keep) && (!p->name || is_for_good(p));
    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* a change of user resets it */
    if (ok)
        return true;
    return err_plain(d, "root's rights cannot be given up (%s): crumbd does not go on with them%s%s", strerror(errno),
                     p->name ? "; it was to become " : "", p->name ? p->name : "");
}

void privileges_drop_all(void)
{
    drop_bounds(0);
    keep_capabilities(0);
}
