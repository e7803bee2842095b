/*
 * tail_path: what a pattern leads to, and which of it can be tailed.
 */
#include "io/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/safe_glob.h"

enum { LINKS_PER_SCAN = 4096 };

/* ---- one path ---- */

bool tail_acceptable(const struct input_options *opt, struct diag *d)
{
    struct stat st;
    struct safe_why why;
    if (safe_is_pattern(opt->text) || safe_look(opt->text, &st, &why))
        return true;
    if (why.reason == SAFE_FOLDER)
        err_add(d, ERR_ERROR, opt->place, "cannot tail %s: it is a folder; name the files in it, for example %s/*.log",
                opt->text, opt->text);
    if (why.reason != SAFE_KIND && why.reason != SAFE_PROC)
        return why.reason != SAFE_FOLDER;
    char *text = tail_why_no_file(&why);
    err_add(d, ERR_ERROR, opt->place, "cannot tail %s: %s", opt->text, text);
    free(text);
    return false;
}

int tail_open(struct tail *t, const char *path, struct stat *st)
{
    struct safe_why why;
    int fd = safe_open(path, st, &why);
    if (fd < 0)
        tail_cannot_read(t, path, &why);
    return fd;
}

/* ---- the pattern ---- */

static void add_found(struct tail_findings *all, const char *path, const struct stat *st)
{
    all->v = xroom(all->v, all->n, sizeof *all->v);
    all->v[all->n++] = (struct tail_found){xstrdup(path), *st};
}

void tail_findings_done(struct tail_findings *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->v[i].path);
    for (size_t i = 0; i < all->n_unknown; i++)
        free(all->unknown[i]);
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

/* Notes a path of which it is not known what is there: a file that is not seen there this time need not be gone. */
static void note_unknown(struct tail_findings *all, const char *path)
{
    if (all->n_unknown < TAIL_UNKNOWN_MAX)
        all->unknown[all->n_unknown++] = xstrdup(path);
    else
        all->blind = true;
}

bool tail_is_unknown(const struct tail_findings *all, const char *path)
{
    for (size_t i = 0; i < all->n_unknown; i++) {
        size_t n = strlen(all->unknown[i]);
        if (strncmp(path, all->unknown[i], n) == 0 && (!path[n] || path[n] == '/' || all->unknown[i][n - 1] == '/'))
            return true;
    }
    return all->blind;
}

struct listing {
    struct tail *t;
    struct tail_findings *all;
    unsigned looks;
};

/* True for a file that is open: it was judged then, and a second name that someone gives it must not end its reading.
 */
static bool is_open(const struct tail *t, const struct stat *st)
{
    const struct tail_file *f = S_ISREG(st->st_mode) ? tail_by_inode(t, st->st_dev, st->st_ino) : NULL;
    return f && f->fd >= 0;
}

/* A look in the folder that was listed is enough for most. Whoever may write there can make links without number. */
static bool look(struct listing *l, const char *path, int folder, struct stat *st, struct safe_why *why)
{
    if (folder >= 0 && fstatat(folder, tail_base_name(path), st, AT_SYMLINK_NOFOLLOW) == 0 &&
        (safe_plain(st) || is_open(l->t, st)))
        return true;
    if (++l->looks <= LINKS_PER_SCAN)
        return safe_look(path, st, why);
    *why = (struct safe_why){.reason = SAFE_FAILED, .error = EMLINK};
    return false;
}

static void tail_path_consider(void *u, const char *path, int folder)
{
    struct listing *l = u;
    struct stat st;
    struct safe_why why;
    bool compressed = safe_is_pattern(l->t->opt->text) && tail_is_compressed(path);
    if (compressed)
        tail_say_compressed(l->t, path);
    if (compressed || belongs_to_another(l->t, path))
        return;
    if (look(l, path, folder, &st, &why)) {
        add_found(l->all, path, &st);
        return;
    }
    if (safe_unknown(&why))
        note_unknown(l->all, path);
    tail_cannot_read(l->t, l->looks > LINKS_PER_SCAN ? l->t->opt->text : path, &why);
}

static void tail_path_not_listed(void *u, const char *folder, const struct safe_why *why)
{
    struct listing *l = u;
    if (safe_unknown(why))
        note_unknown(l->all, folder);
    tail_cannot_list(l->t, folder, why);
}

/* Notes every folder that was listed, also those that hold no file yet. */
static void tail_path_listed(void *u, const char *folder)
{
    struct listing *l = u;
    if (l->t->scans == 1)
        tail_note_folders(l->t, folder);
}

struct tail_findings tail_list(struct tail *t)
{
    struct tail_findings all = {0};
    struct listing l = {.t = t, .all = &all};
    safe_glob(t->opt->text, &(struct safe_glob){&l, tail_path_consider, tail_path_not_listed, tail_path_listed});
    return all;
}

static void note_search(struct tail_search *s, const char *path, const struct safe_why *why)
{
    if (!safe_unknown(why) || s->unknown[0])
        return;
    s->error = why->error;
    snprintf(s->unknown, sizeof s->unknown, "%s", path);
}

static void tail_path_search_one(void *u, const char *path, int folder)
{
    struct tail_search *s = u;
    struct stat st;
    struct safe_why why;
    (void)folder;
    if (s->found)
        return;
    s->found = safe_look(path, &st, &why);
    if (!s->found)
        note_search(s, path, &why);
}

static void tail_path_search_blind(void *u, const char *folder, const struct safe_why *why)
{
    note_search(u, folder, why);
}

struct tail_search tail_search(const char *pattern)
{
    struct tail_search s = {.found = false};
    safe_glob(pattern, &(struct safe_glob){&s, tail_path_search_one, tail_path_search_blind, NULL});
    return s;
}

bool tail_finds_any(const char *pattern)
{
    return tail_search(pattern).found;
}

/* ---- what rotation has put outside the pattern ---- */

struct rotated {
    const struct tail *t;
    const char *pattern;
    bool follows; /* the pattern is the path of a log that is followed */
    uint64_t since_ms;
    const char *folder; /* the folder as the pattern writes it */
    int fd;
    struct tail_findings *all;
};

static bool is_since(uint64_t ms, int64_t s, uint32_t ns)
{
    return (uint64_t)s * 1000 + ns / 1000000 >= ms;
}

/* Whether a regular file was written to since then, and made since then where the file system tells that. One that was
   truncated and written anew was not: what was known of its inode is elsewhere. */
static bool came_since(const struct rotated *r, const char *name, struct stat *st)
{
    struct statx born;
    uint64_t ms = r->since_ms;
    int folder = r->fd;
    if (fstatat(folder, name, st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st->st_mode))
        return false;
    if (tail_has_left(r->t, st))
        return true;
    if (!is_since(ms, st->st_mtim.tv_sec, (uint32_t)st->st_mtim.tv_nsec))
        return false;
    return statx(folder, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &born) != 0 || !(born.stx_mask & STATX_BTIME) ||
           is_since(ms, born.stx_btime.tv_sec, born.stx_btime.tv_nsec);
}

/* Whether the log is one that is followed, by the name that the pattern has for it. */
static bool is_known_log(const struct tail *t, const char *log)
{
    const struct tail_file *f;
    TAILQ_FOREACH (f, &t->files, all)
        if (strcmp(f->source, log) == 0 || (f->found && strcmp(f->found, log) == 0))
            return true;
    return false;
}

/* Whether rotation may have given a file of a log this path. What has been compressed must be of a log that is known:
   other archives have such names as well. */
static bool is_put_aside(const struct rotated *r, const char *path)
{
    struct slice s = slice_str(path);
    bool packed = slice_ends(s, SLICE(".gz"));
    if (!packed && (tail_is_compressed(path) || fnmatch(r->pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0))
        return false;
    char *plain = slice_dup(packed ? slice_sub(s, 0, s.n - strlen(".gz")) : s);
    char *log = tail_log_of(r->pattern, plain);
    bool is = log && (!packed || r->follows || is_known_log(r->t, log));
    free(log);
    free(plain);
    return is;
}

static bool tail_path_consider_rotated(void *u, const struct dirent *e)
{
    struct rotated *r = u;
    /* The path must be written as the pattern is: fnmatch does not know that ./a.log is a.log. */
    char *path = strchr(r->pattern, '/')
                     ? xasprintf("%s/%s", *r->folder == '/' && !r->folder[1] ? "" : r->folder, e->d_name)
                     : xstrdup(e->d_name);
    struct stat st;
    if (is_put_aside(r, path) && came_since(r, e->d_name, &st))
        add_found(r->all, path, &st);
    free(path);
    return true;
}

static void tail_path_list_rotated(void *u, const char *path, int folder)
{
    struct rotated *r = u;
    struct safe_why why;
    (void)folder;
    r->folder = path;
    struct stat before;
    r->fd = safe_open_folder(path, &why);
    bool all = r->fd >= 0 && fstat(r->fd, &before) == 0 && safe_list(r->fd, tail_path_consider_rotated, r, &why);
    r->all->unquiet |= all && !tail_is_quiet(r->fd, &before);
    if (r->fd >= 0)
        close(r->fd);
    r->all->blind |= !all && safe_unknown(&why) && why.error != EACCES && why.error != EPERM;
}

/* Where a link leads to a log its rotated files lie beside it, in another folder than the link: /var/log/containers. */
static void list_beside(struct rotated r, const struct tail_file *f)
{
    char *found = tail_folder_of(f->found), *real = tail_folder_of(f->path);
    r.pattern = f->path;
    r.follows = true;
    if (strcmp(tail_base_name(f->found), tail_base_name(f->path)) != 0 || strcmp(found, real) != 0)
        tail_path_list_rotated(&r, real, -1);
    free(found);
    free(real);
}

struct tail_findings tail_list_rotated(struct tail *t, uint64_t since_ms)
{
    const struct tail_file *f;
    struct tail_findings all = {0};
    struct rotated r = {.t = t, .pattern = t->opt->text, .since_ms = since_ms, .all = &all};
    char *folder = tail_folder_of(t->opt->text);
    safe_glob(folder, &(struct safe_glob){&r, tail_path_list_rotated, NULL, NULL});
    free(folder);
    TAILQ_FOREACH (f, &t->files, all)
        if (f->found && !f->rotated && *f->path == '/')
            list_beside(r, f);
    return all;
}
