/* tail_search: where the bytes of a known file are now, when its name leads to others or to nothing. */
#include "io/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"

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
    *p = (struct tail_place){.path = xstrdup(path), .st = st, .fd = fd, .unknown = p->unknown};
}

/* Whether rotation may have given f this name, or its copy. That may have been when the file still had its first name.
 */
static bool named_as_copy(const struct tail_file *f, const char *name)
{
    return tail_named_as_copy(tail_base_name(f->path), name) || tail_named_as_copy(tail_base_name(f->source), name);
}

/* The same of what has been compressed, where the name itself may have got no more than the ending. */
static bool named_as_packed(const struct tail_file *f, const char *name)
{
    struct slice s = slice_str(name);
    if (!slice_ends(s, SLICE(".gz")))
        return false;
    char *plain = slice_dup(slice_sub(s, 0, s.n - strlen(".gz")));
    bool is = strcmp(plain, tail_base_name(f->path)) == 0 || named_as_copy(f, plain);
    free(plain);
    return is;
}

static void try_names(struct tail *t, const struct tail_file *f, const struct tail_names *l, bool packed,
                      struct tail_place *p)
{
    for (size_t i = 0; i < l->n; i++) {
        const char *name = l->v[i].name;
        if (packed ? !named_as_packed(f, name) : tail_is_compressed(name) || !named_as_copy(f, name))
            continue;
        char *path = xasprintf("%s/%s", l->folder, name);
        tail_try_place(t, f, path, p);
        free(path);
    }
}

struct tail_place tail_find_copy(struct tail *t, const struct tail_file *f)
{
    struct tail_place p = {0};
    if (!f->id.head_bytes)
        return p;
    const struct tail_names *l = tail_names_of(t, f);
    try_names(t, f, l, false, &p);
    if (!p.path)
        try_names(t, f, l, true, &p);
    p.unknown |= !l->known;
    p.unquiet = !l->quiet;
    return p;
}

static bool has_inode(const struct tail_file *f, const char *path, struct stat *st)
{
    return lstat(path, st) == 0 && st->st_dev == f->id.dev && st->st_ino == f->id.ino && S_ISREG(st->st_mode);
}

char *tail_find_inode(struct tail *t, const struct tail_file *f, struct stat *st, bool *unknown)
{
    const struct tail_id *id = &f->id;
    *unknown = false;
    if (has_inode(f, f->path, st))
        return xstrdup(f->path);
    const struct tail_names *l = tail_names_of(t, f);
    *unknown = !l->known;
    for (size_t i = 0; i < l->n; i++) {
        /* Where nothing but the inode tells the file, a foreign name is another's. */
        if (l->v[i].ino != id->ino || (!id->head_bytes && !id->head_hash && !named_as_copy(f, l->v[i].name)))
            continue;
        char *path = xasprintf("%s/%s", l->folder, l->v[i].name);
        if (has_inode(f, path, st))
            return path;
        free(path);
    }
    return NULL;
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
