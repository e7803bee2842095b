/* tail_watch: inotify. It only says when to look; what is there is found out by looking. */
#include "io/tail.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/safe_glob.h"

enum {
    FOLDER_EVENTS = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF,
    FILE_EVENTS = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF,
    FOLDERS_MAX = 4096,
};

struct tail_watch {
    struct tail *t;
    int fd;
    struct event *readable;
    struct table by_wd; /* wd -> its file, or &folder */
    unsigned folders;
    bool complained;
};

static char folder;

static uint64_t wd_key(int wd)
{
    return (uint64_t)wd;
}

static void all_ready(struct tail *t)
{
    struct tail_file *f;
    TAILQ_FOREACH (f, &t->files, all)
        tail_ready(t, f);
}

/* Whether something of that name can be a file of the pattern, or a folder on the way to one. */
static bool name_matters(const struct tail *t, const struct inotify_event *e)
{
    const char *slash = strrchr(t->opt->text, '/');
    return e->len == 0 || e->mask & IN_ISDIR || fnmatch(slash ? slash + 1 : t->opt->text, e->name, FNM_PERIOD) == 0;
}

static void take_event(struct tail_watch *w, const struct inotify_event *e)
{
    struct tail *t = w->t;
    if (e->mask & IN_Q_OVERFLOW) {
        all_ready(t);
        tail_scan_soon(t);
        return;
    }
    void *of = table_get(&w->by_wd, wd_key(e->wd));
    if (!of)
        return;
    if (e->mask & IN_IGNORED) {
        table_del(&w->by_wd, wd_key(e->wd));
        w->folders -= of == &folder;
        if (of != &folder)
            ((struct tail_file *)of)->wd = -1;
        return;
    }
    if (of == &folder) {
        if (name_matters(t, e))
            tail_scan_soon(t);
        return;
    }
    if (e->mask & IN_MODIFY)
        tail_ready(t, of);
    if (e->mask & ~(uint32_t)IN_MODIFY)
        tail_scan_soon(t);
}

static void tail_watch_on_readable(evutil_socket_t fd, short what, void *u)
{
    struct tail_watch *w = u;
    char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    (void)what;
    ssize_t n = read(fd, buf, sizeof buf);
    for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= n;) {
        const struct inotify_event *e = (const struct inotify_event *)(const void *)(buf + at);
        take_event(w, e);
        at += (ssize_t)(sizeof *e + e->len);
    }
}

static void complain(struct tail_watch *w, const char *what)
{
    if (w && w->complained)
        return;
    if (w)
        w->complained = true;
    log_warn("no inotify for every file, they are looked at once a second", log_c("failed", what),
             log_c("error", strerror(errno)),
             log_c("remedy", "raise fs.inotify.max_user_watches and fs.inotify.max_user_instances (sysctl)"));
}

struct tail_watch *tail_watch_new(struct tail *t)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) {
        complain(NULL, "inotify_init1");
        return NULL;
    }
    struct tail_watch *w = xcalloc(1, sizeof *w);
    w->t = t;
    w->fd = fd;
    w->readable = event_new(t->base, fd, EV_READ | EV_PERSIST, tail_watch_on_readable, w);
    if (!w->readable || event_add(w->readable, NULL) != 0) {
        tail_watch_free(w);
        return NULL;
    }
    return w;
}

void tail_watch_free(struct tail_watch *w)
{
    if (!w)
        return;
    if (w->readable)
        event_free(w->readable);
    close(w->fd);
    table_done(&w->by_wd);
    free(w);
}

/* Watches the inode that is open, not what its name may lead to by now. */
static int watch(const struct tail_watch *w, int fd, uint32_t events)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return inotify_add_watch(w->fd, link, events);
}

void tail_watch_file(struct tail_watch *w, struct tail_file *f)
{
    if (!w)
        return;
    f->wd = watch(w, f->fd, FILE_EVENTS);
    if (f->wd < 0)
        complain(w, "inotify_add_watch");
    else
        table_put(&w->by_wd, wd_key(f->wd), f);
}

void tail_unwatch_file(struct tail_watch *w, struct tail_file *f)
{
    if (!w || f->wd < 0)
        return;
    if (table_get(&w->by_wd, wd_key(f->wd)) == f) {
        table_del(&w->by_wd, wd_key(f->wd));
        inotify_rm_watch(w->fd, f->wd);
    }
    f->wd = -1;
}

/* Watches a folder. False: there is no such folder. One that must not be entered is not watched, nor is one above
   it. */
static bool watch_folder(struct tail_watch *w, const char *path)
{
    struct safe_why why;
    int fd = safe_open_folder(path, &why);
    if (fd < 0)
        return !safe_absent(&why);
    errno = ENOSPC;
    int wd = w->folders < FOLDERS_MAX ? watch(w, fd, FOLDER_EVENTS | IN_ONLYDIR | IN_EXCL_UNLINK) : -1;
    int error = errno;
    close(fd);
    if (wd < 0) {
        errno = error;
        if (errno == ENOSPC)
            complain(w, "inotify_add_watch");
        return true;
    }
    if (!table_get(&w->by_wd, wd_key(wd))) {
        table_put(&w->by_wd, wd_key(wd), &folder);
        w->folders++;
    }
    return true;
}

/* Watches the folder, or while it is not there the nearest one above it. */
static void watch_nearest(struct tail_watch *w, char *path)
{
    while (!watch_folder(w, *path ? path : "/")) {
        char *slash = strrchr(path, '/');
        if (!slash) {
            watch_folder(w, ".");
            return;
        }
        *slash = '\0';
        if (slash == path) {
            watch_folder(w, "/");
            return;
        }
    }
}

static void watch_found(void *u, const char *path, int fd)
{
    (void)fd;
    watch_folder(u, path);
}

void tail_watch_folders(struct tail_watch *w, const char *pattern)
{
    const char *slash = strchr(pattern, '/');
    if (!w)
        return;
    if (!slash)
        watch_folder(w, ".");
    for (; slash; slash = strchr(slash + 1, '/')) {
        const char *next = strchr(slash + 1, '/');
        char *prefix = slice_dup(slice_of(pattern, (size_t)(slash - pattern)));
        char *part = slice_dup(next ? slice_of(slash + 1, (size_t)(next - slash - 1)) : slice_str(slash + 1));
        if (safe_is_pattern(prefix))
            safe_glob(prefix, &(struct safe_glob){w, watch_found, NULL, NULL});
        else if (!next || safe_is_pattern(part))
            watch_nearest(w, prefix);
        free(part);
        free(prefix);
    }
}
