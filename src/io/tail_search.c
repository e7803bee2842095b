/* tail_search: where the bytes of a known file are now, when its name leads to others or to nothing. */
#include "io/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/safe_glob.h"

static void leave(struct tail_place *p)
{
    if (p->path)
        close(p->fd);
    free(p->path);
    p->path = NULL;
}

static bool newer(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec > b->st_mtim.tv_sec
                                                  : a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

/* True when these are the bytes of a known file, or may be; not when only its inode has been given out again. */
static bool is_anothers(const struct tail *t, int fd, const struct stat *st)
{
    const struct tail_file *f = tail_by_inode(t, st->st_dev, st->st_ino);
    return f && (f->fd >= 0 || (f->id.head_bytes && tail_head_match(fd, &f->id) != TAIL_MATCH_OTHER));
}

bool tail_is_other_inputs(const struct tail *t, int fd, const struct stat *st)
{
    const struct tail *o = t->earlier;
    while (o && !is_anothers(o, fd, st))
        o = o->earlier;
    if (o)
        return true;
    for (o = t->later; o && !is_anothers(o, fd, st);)
        o = o->later;
    return o != NULL;
}

/* Whether bytes of this length may be those of f; of what is compressed it cannot be said. */
static bool is_long_enough(const struct tail_file *f, const char *path, const struct stat *st)
{
    return (uint64_t)st->st_size >= tail_file_reach(f) || slice_ends(slice_str(path), SLICE(".gz"));
}

void tail_try_place(const struct tail *t, const struct tail_file *f, const char *path, struct tail_place *p)
{
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || !is_long_enough(f, path, &st) ||
        (p->path && !newer(&st, &p->st)))
        return;
    struct safe_why why;
    int fd = safe_open(path, &st, &why);
    if (fd < 0) {
        p->unknown |= safe_unknown(&why);
        return;
    }
    enum tail_match head = tail_head_match(fd, &f->id);
    p->unknown |= head == TAIL_MATCH_UNREADABLE;
    if (!is_long_enough(f, path, &st) || head != TAIL_MATCH_SAME || is_anothers(t, fd, &st)) {
        close(fd);
        return;
    }
    leave(p);
    *p = (struct tail_place){xstrdup(path), st, fd, p->unknown};
}

/* The folder of a known file, listed in search of it. */
struct search {
    const struct tail *t;
    const struct tail_file *f;
    struct tail_place *place; /* place of the copy */
    char *folder, *path;      /* path: where its inode is now, or NULL */
    struct stat st;
};

/* Searches the folder. False: it could not be listed to its end. */
static bool search_folder(struct search *s, bool (*name)(void *u, const struct dirent *e))
{
    struct safe_why why;
    s->folder = tail_folder_of(s->f->path);
    int folder = safe_open_folder(s->folder, &why);
    bool all = folder >= 0 && safe_list(folder, name, s, &why);
    if (folder >= 0)
        close(folder);
    free(s->folder);
    return all || !safe_unknown(&why);
}

/* Whether rotation may have given f this name, or its copy. That may have been when the file still had its first name.
 */
static bool named_as_copy(const struct tail_file *f, const char *name)
{
    return tail_named_as_copy(tail_base_name(f->path), name) || tail_named_as_copy(tail_base_name(f->source), name);
}

static bool tail_search_try_name(void *u, const struct dirent *e)
{
    struct search *s = u;
    if (!named_as_copy(s->f, e->d_name) || tail_is_compressed(e->d_name))
        return true;
    char *path = xasprintf("%s/%s", s->folder, e->d_name);
    tail_try_place(s->t, s->f, path, s->place);
    free(path);
    return true;
}

static bool tail_search_try_packed(void *u, const struct dirent *e)
{
    struct search *s = u;
    struct slice name = slice_str(e->d_name);
    if (!slice_ends(name, SLICE(".gz")))
        return true;
    char *plain = slice_dup(slice_sub(name, 0, name.n - strlen(".gz")));
    if (strcmp(plain, tail_base_name(s->f->path)) == 0 || named_as_copy(s->f, plain)) {
        char *path = xasprintf("%s/%s", s->folder, e->d_name);
        tail_try_place(s->t, s->f, path, s->place);
        free(path);
    }
    free(plain);
    return true;
}

struct tail_place tail_find_packed(const struct tail *t, const struct tail_file *f)
{
    struct tail_place p = {0};
    struct search s = {.t = t, .f = f, .place = &p};
    if (f->id.head_bytes && !search_folder(&s, tail_search_try_packed))
        p.unknown = true;
    return p;
}

struct tail_place tail_find_copy(const struct tail *t, const struct tail_file *f)
{
    struct tail_place p = {0};
    struct search s = {.t = t, .f = f, .place = &p};
    if (f->id.head_bytes && !search_folder(&s, tail_search_try_name))
        p.unknown = true;
    return p;
}

static bool has_inode(const struct tail_file *f, const char *path, struct stat *st)
{
    return lstat(path, st) == 0 && st->st_dev == f->id.dev && st->st_ino == f->id.ino && S_ISREG(st->st_mode);
}

static bool tail_search_try_inode(void *u, const struct dirent *e)
{
    struct search *s = u;
    const struct tail_id *id = &s->f->id;
    /* Where nothing but the inode tells the file, a foreign name is another's. */
    if (e->d_ino != id->ino || (!id->head_bytes && !id->head_hash && !named_as_copy(s->f, e->d_name)))
        return true;
    s->path = xasprintf("%s/%s", s->folder, e->d_name);
    if (has_inode(s->f, s->path, &s->st))
        return false;
    free(s->path);
    s->path = NULL;
    return true;
}

char *tail_find_inode(const struct tail_file *f, struct stat *st, bool *unknown)
{
    *unknown = false;
    if (has_inode(f, f->path, st))
        return xstrdup(f->path);
    struct search s = {.f = f};
    *unknown = !search_folder(&s, tail_search_try_inode);
    *st = s.st;
    return s.path;
}

bool tail_may_come_back(const struct tail_file *f)
{
    struct stat st;
    char *folder = tail_folder_of(f->path);
    bool there = false, unreadable = false;
    while (!(there = stat(folder, &st) == 0)) {
        unreadable |= errno != ENOENT && errno != ENOTDIR;
        char *above = tail_folder_of(folder);
        bool top = strcmp(above, folder) == 0 || strcmp(folder, ".") == 0;
        free(folder);
        folder = above;
        if (top)
            break;
    }
    unreadable |= there && access(folder, R_OK | X_OK) != 0;
    free(folder);
    return unreadable || !there || st.st_dev != f->id.dev;
}
