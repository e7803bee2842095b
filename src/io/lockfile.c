#include "io/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

/* Returns the pid that another process wrote, or 0. */
static uint64_t pid_in(int fd)
{
    char text[24];
    ssize_t n = pread(fd, text, sizeof text, 0);
    uint64_t pid = 0;
    if (n > 0)
        slice_u64(slice_trim(slice_of(text, (size_t)n)), &pid);
    return pid;
}

static bool refused(int fd, const char *path, const char *what, struct diag *d)
{
    uint64_t pid = pid_in(fd);
    if (pid)
        return err_plain(d,
                         "%s is in use by another crumbd, pid %llu; stop that one first, or give this one a "
                         "`store` of its own",
                         what, (unsigned long long)pid);
    return err_plain(d,
                     "%s is in use by another crumbd, which holds %s; stop that one first, or give this one "
                     "a `store` of its own",
                     what, path);
}

/* Whoever only looks (lockfile_is_held) holds the lock for a moment, too. */
static bool lock(int fd)
{
    static const struct timespec moment = {.tv_nsec = 10000000};
    for (unsigned tries = 0; tries < 3; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK)
            return false;
        nanosleep(&moment, NULL);
    }
    errno = EWOULDBLOCK;
    return false;
}

bool lockfile_is_held(const char *path, uint64_t *pid)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    *pid = 0;
    if (fd < 0)
        return false;
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (held)
        *pid = pid_in(fd);
    close(fd);
    return held;
}

int lockfile_take(const char *path, const char *what, struct diag *d)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) {
        bool may_not = errno == EACCES || errno == EPERM || errno == EROFS;
        err_plain(d, "cannot open the lock file %s: %s%s", path, strerror(errno),
                  may_not ? "; the user crumbd runs as must be able to write in its folder, or `store` names another"
                          : "");
        return -1;
    }
    struct stat st;
    bool locked = lock(fd);
    if (locked &&
        (fstat(fd, &st) != 0 || st.st_nlink == 0)) { /* the one who had it has removed it, and what it is for */
        locked = false;
        errno = EWOULDBLOCK;
    }
    if (!locked) {
        if (errno == EWOULDBLOCK)
            refused(fd, path, what, d);
        else
            err_plain(d, "cannot lock %s: %s; the file system must support flock (a local disk does)", path,
                      strerror(errno));
        close(fd);
        return -1;
    }
    char text[24];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* The pid is for people: on a full disk the lock holds without it. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
        (void)!ftruncate(fd, 0);
    return fd;
}

bool lockfile_mkdirs(const char *path, struct diag *d)
{
    char *dir = xstrdup(path);
    bool ok = true;
    for (char *p = dir + 1; ok && *dir && (p = strchr(p, '/')); p++) {
        *p = '\0';
        if (mkdir(dir, 0750) != 0 && errno != EEXIST)
            ok = err_plain(d, "cannot make the directory %s: %s; make it by hand, owned by the user crumbd runs as",
                           dir, strerror(errno));
        *p = '/';
    }
    free(dir);
    return ok;
}
