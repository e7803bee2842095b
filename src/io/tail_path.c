/*
 * tail_path: what a pattern leads to, which of it can be tailed, and what to tell about the rest.
 */
#include "io/tail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/descriptors.h"

enum { COMPLAINTS_MAX = 4096, SWEEP_MAX = 64, LINKS_MAX = 16 };

enum { NOT_REGULAR = -1 }; /* what a complaint is about that has no errno */

static const char nginx_hint[] =
    "only regular files can be tailed; the official nginx image links its logs to /dev/stderr and "
    "/dev/stdout: mount a volume over "
    "/var/log/nginx that crumbd shares, or let nginx send its log with error_log syslog:server=HOST:5514";

/* ---- complaints: one line of log for each path and reason ---- */

struct complaint {
    int reason;
    bool at_end;   /* it was there at the first scan: `from` holds for it too */
    uint64_t scan; /* the last one that had reason to */
};

static uint64_t path_key(const char *path)
{
    return slice_hash(slice_str(path), 2);
}

void tail_complaints_free(struct tail *t)
{
    table_each (&t->complaints, s)
        free(s->value);
    table_free(&t->complaints);
}

/* True when this is news. */
static bool complain(struct tail *t, const char *path, int reason)
{
    struct complaint *c = table_get(&t->complaints, path_key(path));
    if (!c) {
        if (t->complaints.n >= COMPLAINTS_MAX)
            tail_complaints_free(t);
        c = xcalloc(1, sizeof *c);
        c->at_end = t->at_end && reason != NOT_REGULAR;
        table_put(&t->complaints, path_key(path), c);
    }
    bool news = c->reason != reason;
    c->reason = reason;
    c->scan = t->scans;
    return news;
}

void tail_complaints_sweep(struct tail *t)
{
    uint64_t over[SWEEP_MAX];
    size_t n = 0;
    table_each (&t->complaints, s)
        if (((struct complaint *)s->value)->scan != t->scans && n < SWEEP_MAX)
            over[n++] = s->key;
    while (n)
        free(table_del(&t->complaints, over[--n]));
}

void tail_readable(struct tail *t, const char *path)
{
    struct complaint *c = table_del(&t->complaints, path_key(path));
    if (c)
        log_info("file can be read now", log_c("path", path));
    free(c);
}

/* What to do about it. Caller frees. */
static char *remedy(const char *path, int error)
{
    struct stat st;
    if (error == EMFILE || error == ENFILE)
        return xstrdup("raise the limit of open files (LimitNOFILE= in the systemd unit, ulimit -n)");
    if (error != EACCES && error != EPERM)
        return xstrdup("it is tried again with every poll");
    if (stat(path, &st) != 0)
        return xstrdup("give the user crumbd runs as access to the folders above it (x), or add it to their "
                       "group, often adm");
    char buf[4096];
    struct group g, *found = NULL;
    if (st.st_mode & S_IRGRP && st.st_gid != 0 && getgrgid_r(st.st_gid, &g, buf, sizeof buf, &found) == 0 &&
        found)
        return xasprintf(
            "add the user crumbd runs as to group %s (SupplementaryGroups=%s in the systemd unit)", g.gr_name,
            g.gr_name);
    return xasprintf("let the user crumbd runs as read it, for example: setfacl -m u:USER:r %s", path);
}

static void cannot_open(struct tail *t, const char *path, int error)
{
    if (error == ENOENT || error == ENOTDIR || !complain(t, path, error))
        return;
    char *what = remedy(path, error);
    log_warn("cannot read a file, will keep trying", log_c("path", path), log_c("error", strerror(error)),
             log_c("remedy", what));
    free(what);
}

/* ---- one path ---- */

/* Follows symbolic links. True when they lead into /dev or /proc: what is there belongs to this process or to
 * no file. */
static bool leads_to_device(const char *path)
{
    char at[4096], target[4096];
    if (strlen(path) >= sizeof at)
        return false;
    strcpy(at, path);
    for (int i = 0; i < LINKS_MAX; i++) {
        ssize_t n = readlink(at, target, sizeof target - 1);
        if (n <= 0)
            return false;
        target[n] = '\0';
        if (strncmp(target, "/dev/", 5) == 0 || strncmp(target, "/proc/", 6) == 0)
            return true;
        char *slash = strrchr(at, '/');
        size_t dir = target[0] == '/' || !slash ? 0 : (size_t)(slash - at) + 1;
        if (dir + (size_t)n >= sizeof at)
            return false;
        memcpy(at + dir, target, (size_t)n + 1);
    }
    return false;
}

enum path_kind { PATH_REGULAR, PATH_FOLDER, PATH_OTHER, PATH_NONE };

/* PATH_NONE: errno says why. */
static enum path_kind kind_of(const char *path, struct stat *st)
{
    if (lstat(path, st) != 0)
        return PATH_NONE;
    if (S_ISLNK(st->st_mode)) {
        if (leads_to_device(path))
            return PATH_OTHER;
        if (stat(path, st) != 0)
            return PATH_NONE;
    }
    return S_ISREG(st->st_mode) ? PATH_REGULAR : S_ISDIR(st->st_mode) ? PATH_FOLDER : PATH_OTHER;
}

bool tail_can_follow(const char *path)
{
    struct stat st;
    return kind_of(path, &st) == PATH_REGULAR;
}

bool tail_acceptable(const struct input_options *opt, struct diag *d)
{
    struct stat st;
    if (strpbrk(opt->text, "*?["))
        return true;
    switch (kind_of(opt->text, &st)) {
    case PATH_FOLDER:
        err_add(d, ERR_ERROR, opt->place,
                "cannot tail %s: it is a folder; name the files in it, for example %s/*.log", opt->text,
                opt->text);
        return false;
    case PATH_OTHER:
        err_add(d, ERR_ERROR, opt->place, "cannot tail %s: %s", opt->text, nginx_hint);
        return false;
    case PATH_REGULAR:
    case PATH_NONE:
        break;
    }
    return true;
}

int tail_open_quietly(const char *path, struct stat *st)
{
    const int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    int fd = open(path, flags);
    if (fd < 0 && errno == EMFILE && descriptors_more())
        fd = open(path, flags);
    if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode))) {
        close(fd);
        errno = ENOENT;
        return -1;
    }
    return fd;
}

int tail_open(struct tail *t, const char *path, struct stat *st)
{
    int fd = tail_open_quietly(path, st);
    if (fd < 0)
        cannot_open(t, path, errno);
    return fd;
}

/* ---- names ---- */

const char *tail_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *tail_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : slice_dup(slice_of(path, (size_t)(slash - path)));
}

bool tail_unreadable_at_first(const struct tail *t, const char *path)
{
    char *folder = tail_folder_of(path);
    const struct complaint *file = table_get(&t->complaints, path_key(path));
    const struct complaint *above = table_get(&t->complaints, path_key(folder));
    free(folder);
    return (file && file->at_end) || (above && above->at_end);
}

static bool compressed(const char *path)
{
    static const char *const suffixes[] = {".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (slice_ends(slice_str(path), slice_str(suffixes[i])))
            return true;
    /* The kubelet compresses into 0.log.20261123-100000.tmp. */
    return strstr(tail_base_name(path), ".log.") && slice_ends(slice_str(path), SLICE(".tmp"));
}

bool tail_named_as_copy(const char *original, const char *copy)
{
    size_t n = strlen(original);
    if (strncmp(copy, original, n) == 0)
        return copy[n] && strchr(".-_~", copy[n]);
    const char *ext = strrchr(original, '.');
    if (!ext || ext == original)
        return false;
    size_t stem = (size_t)(ext - original), m = strlen(copy), tail = strlen(ext);
    if (strncmp(copy, original, stem) != 0 || m <= stem + tail + 1 || strcmp(copy + m - tail, ext) != 0)
        return false;
    return strchr(".-_", copy[stem]) && strspn(copy + stem, ".-_0123456789T") >= m - tail - stem;
}

/*
 * Where the suffix begins that a rotation has put at the end of [name, end): separators and at least so many
 * digits. `end` when there is none.
 */
static const char *rotation_suffix(const char *name, const char *end, unsigned digits_min)
{
    const char *at = end, *suffix = end;
    for (unsigned digits = 0; at > name && strchr(".-_T0123456789", at[-1]); at--) {
        digits += ascii_digit(at[-1]);
        if (digits >= digits_min && strchr(".-_", at[-1]))
            suffix = at - 1;
    }
    return suffix;
}

bool tail_rotated_name(const char *pattern, const char *path)
{
    /* app-2.log is a second log beside app.log, app-20261123.log an old one. */
    enum { NUMBER = 1, DATE = 6 };
    const char *name = tail_base_name(path), *end = name + strlen(name), *ext = strrchr(name, '.');
    const char *suffix = rotation_suffix(name, end, NUMBER);
    if (suffix == end && ext)
        suffix = rotation_suffix(name, end = ext, DATE);
    if (suffix == name || suffix == end)
        return false;
    char *plain = xasprintf("%.*s%s", (int)(suffix - path), path, end);
    bool rotated = fnmatch(pattern, plain, FNM_PATHNAME | FNM_PERIOD) == 0;
    free(plain);
    return rotated;
}

/* ---- the pattern ---- */

static void add_found(struct tail_findings *all, const char *path, const struct stat *st)
{
    if (all->n == all->cap) {
        all->cap = all->cap ? all->cap * 2 : 16;
        all->v = xrealloc(all->v, all->cap, sizeof *all->v);
    }
    all->v[all->n++] = (struct tail_found){xstrdup(path), *st};
}

void tail_findings_free(struct tail_findings *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->v[i].path);
    free(all->v);
    *all = (struct tail_findings){0};
}

const struct tail *tail_owner(const struct tail *t, const char *path)
{
    const struct tail *e = t->earlier;
    while (e && fnmatch(e->opt->text, path, FNM_PATHNAME | FNM_PERIOD) != 0)
        e = e->earlier;
    return e;
}

static bool belongs_to_another(const struct tail *t, const char *path)
{
    const struct tail *owner = tail_owner(t, path);
    if (owner && t->scans == 1)
        log_warn("two inputs lead to a file, it is read as the first of them says", log_c("path", path),
                 log_c("first", owner->opt->text), log_c("second", t->opt->text));
    return owner != NULL;
}

static void consider(struct tail *t, struct tail_findings *all, const char *path, bool wild)
{
    struct stat st;
    if ((wild && compressed(path)) || belongs_to_another(t, path))
        return;
    switch (kind_of(path, &st)) {
    case PATH_REGULAR:
        add_found(all, path, &st);
        break;
    case PATH_OTHER:
        if (complain(t, path, NOT_REGULAR))
            log_error("this is no file to tail, it is left out", log_c("path", path),
                      log_c("remedy", nginx_hint));
        break;
    case PATH_NONE:
        cannot_open(t, path, errno);
        break;
    case PATH_FOLDER:
        break;
    }
}

/* glob's error callback has no argument of its own; scans run on one thread each. */
static _Thread_local struct tail *globbing;

static int cannot_list(const char *path, int error)
{
    if (error != ENOENT && error != ENOTDIR && complain(globbing, path, error))
        log_warn(
            "cannot list a folder, will keep trying", log_c("path", path), log_c("error", strerror(error)),
            log_c("remedy",
                  "give the user crumbd runs as access to it (r and x), or add it to its group, often adm"));
    return 0;
}

static void list_rotated(const struct tail *t, const char *folder, struct tail_findings *all)
{
    const char *pattern = t->opt->text;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        /* In the words of the pattern: fnmatch does not know that ./a.log is a.log. */
        char *path = strchr(pattern, '/')
                         ? xasprintf("%s/%s", *folder == '/' && !folder[1] ? "" : folder, e->d_name)
                         : xstrdup(e->d_name);
        struct stat st;
        if (!compressed(path) && tail_rotated_name(pattern, path) &&
            fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) != 0 && lstat(path, &st) == 0 &&
            S_ISREG(st.st_mode))
            add_found(all, path, &st);
        free(path);
    }
    if (d)
        closedir(d);
}

struct tail_findings tail_list_rotated(struct tail *t)
{
    struct tail_findings all = {0};
    char *folder = tail_folder_of(t->opt->text);
    glob_t g;
    if (glob(folder, GLOB_ONLYDIR, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc; i++)
            list_rotated(t, g.gl_pathv[i], &all);
    globfree(&g);
    free(folder);
    return all;
}

struct tail_findings tail_list(struct tail *t)
{
    struct tail_findings all = {0};
    if (!strpbrk(t->opt->text, "*?[")) {
        consider(t, &all, t->opt->text, false);
        return all;
    }
    glob_t g;
    globbing = t;
    if (glob(t->opt->text, 0, cannot_list, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc; i++)
            consider(t, &all, g.gl_pathv[i], true);
    globfree(&g);
    return all;
}
