#include "io/safe_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

#include "base/slice.h"
#include "base/xalloc.h"

enum { RETRIES = 3 };

/* ---- the store's own files ---- */

static char **own;
static unsigned n_own;

void safe_own(const char *store_path)
{
    own = xroom(own, n_own, sizeof *own);
    own[n_own++] = xstrdup(store_path);
}

void safe_disown(const char *store_path)
{
    for (unsigned i = 0; i < n_own; i++) {
        if (strcmp(own[i], store_path) == 0) {
            free(own[i]);
            own[i] = own[--n_own];
            break;
        }
    }
    if (n_own == 0) {
        free(own);
        own = NULL;
    }
}

/* Whether the file is the store's, told by its inode, so that no second name of it helps. */
static bool is_own(const struct stat *st)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal", ".lock", ".positions"};
    for (unsigned i = 0; i < n_own; i++) {
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
            struct stat s;
            char *path = xasprintf("%s%s", own[i], ends[k]);
            bool same = stat(path, &s) == 0 && s.st_dev == st->st_dev && s.st_ino == st->st_ino;
            free(path);
            if (same)
                return true;
        }
    }
    return false;
}

/* ---- who may have put it there ---- */

static bool is_trusted(uid_t owner)
{
    return owner == 0 || owner == geteuid();
}

bool safe_shared(const struct stat *folder)
{
    return folder->st_mode & (S_IWGRP | S_IWOTH);
}

/* Whether someone beside root and crumbd's user may put names there. */
static bool is_open_to_others(const struct stat *folder)
{
    return safe_shared(folder) || !is_trusted(folder->st_uid);
}

/*
 * In a user namespace every owner that has no number there shows as this one (user_namespaces(7)): two files
 * that it owns need not have one owner.
 */
static bool is_ambiguous(uid_t owner)
{
    enum { OVERFLOW_UID = 65534 };
    unsigned long long first = 0, outside = 0, n = 0;
    if (owner != OVERFLOW_UID)
        return false;
    FILE *map = fopen("/proc/self/uid_map", "re");
    bool whole = map && fscanf(map, "%llu %llu %llu", &first, &outside, &n) == 3 && first == 0 && n == UINT32_MAX;
    if (map)
        fclose(map);
    return !whole;
}

static bool is_same_owner(uid_t a, uid_t b)
{
    return a == b && !is_ambiguous(a);
}

/* ---- the walk ---- */

struct safe_open_walk {
    int at, folder; /* O_PATH; folder holds at, -1: it is not known */
    struct stat st, folder_st;
    char name[NAME_MAX + 1]; /* of at in folder */
    unsigned links, steps;
    bool strict; /* see safe_open_real */
    struct safe_why *why;
    void (*each)(void *u, int fd, const struct stat *st); /* or NULL */
    void *u;
};

static bool failed(struct safe_open_walk *w, int error)
{
    w->why->reason = SAFE_FAILED;
    w->why->error = error;
    return false;
}

static bool refused(struct safe_open_walk *w, enum safe_reason reason, uid_t owner, uid_t target_owner)
{
    w->why->reason = reason;
    w->why->error = 0;
    w->why->owner = owner;
    w->why->target_owner = target_owner;
    return false;
}

static void close_at(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Puts the walk on fd, which `folder` holds. */
static bool stand_on(struct safe_open_walk *w, int fd)
{
    struct statfs fs;
    if (fd < 0)
        return failed(w, errno);
    close_at(&w->folder);
    w->folder = w->at;
    w->folder_st = w->st;
    w->at = fd;
    if (fstat(fd, &w->st) != 0)
        return failed(w, errno);
    if ((w->folder < 0 || w->folder_st.st_dev != w->st.st_dev) && fstatfs(fd, &fs) == 0 &&
        fs.f_type == PROC_SUPER_MAGIC)
        return refused(w, SAFE_PROC, w->st.st_uid, w->st.st_uid);
    if (w->each && S_ISDIR(w->st.st_mode))
        w->each(w->u, fd, &w->st);
    return true;
}

/* Opens a folder with O_DIRECTORY first where one is wanted: without that nothing is mounted on an automount point. */
static int open_component(int folder, const char *name, bool want_folder)
{
    const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    int fd = want_folder ? openat(folder, name, flags | O_DIRECTORY) : -1;
    return fd >= 0 || (want_folder && errno != ENOTDIR) ? fd : openat(folder, name, flags);
}

static bool walk_path(struct safe_open_walk *w, const char *path);

/* Notes the first link on the way: whoever has to do something about a path that cannot be read must know whose link
   made it that path. */
static void note_link(struct safe_open_walk *w, const struct stat *link, const char *text)
{
    static const char *const streams[] = {"/proc/self/fd/1", "/proc/self/fd/2"};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        w->why->is_standard_stream |= strcmp(text, streams[i]) == 0;
    if (w->why->link[0] || link->st_uid == 0)
        return;
    memcpy(w->why->link, w->name, sizeof w->name);
    w->why->link_owner = link->st_uid;
}

/* Goes on from the symbolic link on which the walk stands to where it leads, and judges by what was found there. */
static bool follow(struct safe_open_walk *w)
{
    char text[PATH_MAX], name[NAME_MAX + 1];
    const struct stat link = w->st;
    bool anyones_name = link.st_nlink > 1 && is_open_to_others(&w->folder_st);
    memcpy(name, w->name, sizeof name);
    ssize_t n = readlinkat(w->at, "", text, sizeof text);
    if (n < 0 || (size_t)n >= sizeof text || ++w->links > SAFE_LINKS_MAX)
        return failed(w, n < 0 ? errno : ELOOP);
    text[n] = '\0';
    note_link(w, &link, text);
    close_at(&w->at);
    w->at = w->folder;
    w->st = w->folder_st;
    w->folder = -1;
    if (!walk_path(w, text))
        return false;
    if (!anyones_name && (is_trusted(link.st_uid) || is_same_owner(link.st_uid, w->st.st_uid)))
        return true;
    memcpy(w->why->name, name, sizeof name);
    return refused(w, SAFE_LINK, link.st_uid, w->st.st_uid);
}

static bool step(struct safe_open_walk *w, const char *name, bool more)
{
    if (!S_ISDIR(w->st.st_mode))
        return failed(w, ENOTDIR);
    if (!*name || strcmp(name, ".") == 0)
        return true;
    if (++w->steps > SAFE_STEPS_MAX) /* links of links could ask for a hundred thousand steps */
        return failed(w, ELOOP);
    memcpy(w->name, name, strlen(name) + 1);
    memcpy(w->why->name, w->name, sizeof w->name);
    return stand_on(w, open_component(w->at, name, more)) && (!S_ISLNK(w->st.st_mode) || follow(w));
}

/* Walks a path from where the walk stands, or from the root. */
static bool walk_path(struct safe_open_walk *w, const char *path)
{
    if (!*path)
        return failed(w, ENOENT);
    if (*path == '/') {
        close_at(&w->at);
        close_at(&w->folder);
        if (!stand_on(w, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)))
            return false;
    }
    for (const char *slash;; path = slash + 1) {
        char name[NAME_MAX + 1];
        slash = strchrnul(path, '/');
        size_t n = (size_t)(slash - path);
        if (n >= sizeof name)
            return failed(w, ENAMETOOLONG);
        memcpy(name, path, n);
        name[n] = '\0';
        if (!step(w, name, *slash))
            return false;
        if (!*slash)
            return true;
    }
}

static void leave(struct safe_open_walk *w)
{
    close_at(&w->at);
    close_at(&w->folder);
}

static bool begin_here(struct safe_open_walk *w)
{
    return stand_on(w, open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* Opens the folder in one call where no link is on the way there. -1: it has to be walked. */
static int open_without_links(const char *folder)
{
#ifdef SYS_openat2
    const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                                 .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, AT_FDCWD, folder, &how, sizeof how);
#else
    (void)folder;
    return -1;
#endif
}

/* Begins the walk. Whatever openat2 says but success, the walk finds out better: ENOSYS of an old kernel, EPERM of a
   seccomp profile, ELOOP for a link on the way. */
static bool begin(struct safe_open_walk *w, const char **path)
{
    const char *slash = strrchr(*path, '/');
    char folder[PATH_MAX];
    size_t n = slash ? (size_t)(slash - *path) + 1 : 0;
    if (n && n < sizeof folder && !w->each) {
        memcpy(folder, *path, n);
        folder[n] = '\0';
        int fd = open_without_links(folder);
        if (fd >= 0) {
            *path = slash + 1;
            return stand_on(w, fd);
        }
    }
    return **path == '/' || begin_here(w);
}

static bool safe_open_walk(struct safe_open_walk *w, const char *path, struct safe_why *why)
{
    w->at = w->folder = -1;
    w->why = why;
    *why = (struct safe_why){0};
    if (!*path)
        return failed(w, ENOENT);
    if (!begin(w, &path))
        return false;
    return !*path || walk_path(w, path);
}

/* ---- what is at its end ---- */

bool safe_plain(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_nlink == 1;
}

static bool judge_file(struct safe_open_walk *w)
{
    uid_t owner = w->st.st_uid, folder_owner = w->folder_st.st_uid;
    w->why->mode = w->st.st_mode;
    if (!S_ISREG(w->st.st_mode))
        return refused(w, S_ISDIR(w->st.st_mode) ? SAFE_FOLDER : SAFE_KIND, owner, owner);
    if (is_own(&w->st))
        return refused(w, SAFE_OWN, owner, owner);
    if (w->st.st_nlink > 1 && is_open_to_others(&w->folder_st) && (w->strict || !is_trusted(owner)) &&
        !is_same_owner(owner, folder_owner))
        return refused(w, SAFE_HARD_LINK, folder_owner, owner);
    return true;
}

bool safe_look(const char *path, struct stat *st, struct safe_why *why)
{
    struct safe_open_walk w = {0};
    bool there = safe_open_walk(&w, path, why);
    if (there)
        *st = w.st;
    bool good = there && judge_file(&w);
    leave(&w);
    return good;
}

/* Opens the file that was judged, and no other that has taken its name since: -1 with ESTALE then. Only what was judged
   is opened at all, since closing any descriptor of the store's file would drop SQLite's locks on it. */
static int open_outcome(struct safe_open_walk *w, struct stat *st)
{
    int fd = openat(w->folder, w->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool same = fd >= 0 && fstat(fd, st) == 0 && st->st_dev == w->st.st_dev && st->st_ino == w->st.st_ino;
    if (!same) {
        failed(w, fd >= 0 || errno == ELOOP ? ESTALE : errno);
        close_at(&fd);
    }
    return fd;
}

static int open_as(const struct safe_open_walk *how, const char *path, struct stat *st, struct safe_why *why)
{
    int fd = -1;
    for (int i = 0; i < RETRIES && (i == 0 || (why->reason == SAFE_FAILED && why->error == ESTALE)); i++) {
        struct safe_open_walk w = *how;
        if (safe_open_walk(&w, path, why) && judge_file(&w))
            fd = open_outcome(&w, st);
        leave(&w);
        if (fd >= 0)
            break;
    }
    return fd;
}

int safe_open(const char *path, struct stat *st, struct safe_why *why)
{
    const struct safe_open_walk how = {0};
    return open_as(&how, path, st, why);
}

int safe_open_real(const char *path, struct stat *st, struct safe_why *why)
{
    const struct safe_open_walk how = {.links = SAFE_LINKS_MAX, .strict = true};
    return open_as(&how, path, st, why);
}

int safe_open_folder(const char *path, struct safe_why *why)
{
    struct safe_open_walk w = {0};
    int fd = -1;
    if (safe_open_walk(&w, path, why)) {
        fd = openat(w.at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            failed(&w, errno);
    }
    leave(&w);
    return fd;
}

bool safe_walk(const char *path, void (*folder)(void *u, int fd, const struct stat *st), void *u)
{
    struct safe_open_walk w = {.each = folder, .u = u};
    struct safe_why why;
    bool there = safe_open_walk(&w, path, &why);
    leave(&w);
    return there;
}

struct way {
    bool ours, sticky; /* sticky: the last folder is open to others, but our names in it stay where they are */
};

static void safe_open_judge_folder(void *u, int fd, const struct stat *st)
{
    struct way *w = u;
    (void)fd;
    w->sticky = safe_shared(st) && st->st_mode & S_ISVTX;
    w->ours &= is_trusted(st->st_uid) && (w->sticky || !safe_shared(st));
}

bool safe_is_ours(const char *path)
{
    struct way w = {.ours = *path == '/'};
    return safe_walk(path, safe_open_judge_folder, &w) && w.ours && !w.sticky;
}

bool safe_absent(const struct safe_why *why)
{
    return why->reason == SAFE_FAILED && (why->error == ENOENT || why->error == ENOTDIR);
}

bool safe_unknown(const struct safe_why *why)
{
    return why->reason == SAFE_FAILED && !safe_absent(why) && why->error != ELOOP && why->error != ENAMETOOLONG;
}

bool safe_anyone_may_link(void)
{
    char text = '1';
    int fd = open("/proc/sys/fs/protected_hardlinks", O_RDONLY | O_CLOEXEC);
    bool said = fd >= 0 && read(fd, &text, 1) == 1;
    close_at(&fd);
    return said && text == '0';
}

char *safe_path_of(int fd)
{
    static const char deleted[] = " (deleted)";
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0 || path[0] != '/' || slice_ends(slice_of(path, (size_t)n), slice_str(deleted)))
        return NULL;
    path[n] = '\0';
    return xstrdup(path);
}
