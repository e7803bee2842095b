/* tail_folders: which folders reading a pattern's files depends on, and who may write them. */
#include "io/tail.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/sbuf.h"
#include "base/xalloc.h"
#include "io/safe_glob.h"

enum { SAID_MAX = 4096, SAID_TEXT_MAX = 2048 };

/* ---- those that others may write ---- */

static void note_shared(void *u, int fd, const struct stat *st)
{
    struct tail *t = u;
    uint64_t key = hash_mix(hash_mix(1, st->st_dev), st->st_ino);
    if (!safe_shared(st) || table_get(&t->shared, key) || t->shared.n >= SAID_MAX)
        return;
    table_put(&t->shared, key, t);
    char *path = safe_path_of(fd);
    if (path)
        sbuf_addf(&t->shared_news, "%s%s", t->shared_news.n ? " " : "", path);
    free(path);
}

void tail_note_folders(struct tail *t, const char *path)
{
    safe_walk(path, note_shared, t);
}

void tail_say_shared(struct tail *t)
{
    if (!t->shared_news.n)
        return;
    log_warn("others may write in folders that are followed, and so choose what is read there", log_c("tail", t->opt->text),
             log_s("folders", sbuf_slice(&t->shared_news)),
             log_c("remedy", safe_anyone_may_link() ? "chmod go-w, where nobody needs to write there, and sysctl fs.protected_hardlinks=1"
                                               : "chmod go-w, where nobody needs to write there"));
    sbuf_free(&t->shared_news);
    sbuf_init(&t->shared_news, SAID_TEXT_MAX);
}

void tail_folders_init(struct tail *t)
{
    sbuf_init(&t->shared_news, SAID_TEXT_MAX);
}

void tail_folders_free(struct tail *t)
{
    sbuf_free(&t->shared_news);
    table_free(&t->shared);
}

/* ---- those that are needed ---- */

struct needed {
    void (*folder)(void *u, const char *path);
    void *u;
    struct table seen;
    char *last; /* folder of a walk */
};

static void need(struct needed *n, const char *path)
{
    uint64_t key = hash128_low(HASH128_START, slice_str(path)) | 1;
    if (table_get(&n->seen, key))
        return;
    table_put(&n->seen, key, n);
    n->folder(n->u, path);
}

static void note_last(void *u, int fd, const struct stat *st)
{
    struct needed *n = u;
    (void)st;
    free(n->last);
    n->last = safe_path_of(fd);
}

/* The folder itself, or the one that holds the file. */
static bool need_last_of(struct needed *n, const char *path)
{
    bool there = safe_walk(path, note_last, n);
    if (there && n->last)
        need(n, n->last);
    free(n->last);
    n->last = NULL;
    return there;
}

bool tail_can_follow(const char *path)
{
    struct stat st;
    struct safe_why why;
    return safe_look(path, &st, &why);
}

static void need_of_found(void *u, const char *path, int folder)
{
    (void)folder;
    if (tail_can_follow(path))
        need_last_of(u, path);
}

static void need_listed(void *u, const char *folder)
{
    need_last_of(u, folder);
}

void tail_folders(const char *pattern, void (*folder)(void *u, const char *path), void *u)
{
    struct needed n = {.folder = folder, .u = u};
    char *fixed = slice_dup(slice_sub(slice_str(pattern), 0, strcspn(pattern, "*?[")));
    for (bool there = false; !there;) {
        char *above = tail_folder_of(fixed);
        there = need_last_of(&n, above) || strcmp(above, fixed) == 0 || strcmp(above, ".") == 0;
        free(fixed);
        fixed = above;
    }
    free(fixed);
    safe_glob(pattern, &(struct safe_glob){&n, need_of_found, NULL, need_listed});
    table_free(&n.seen);
}
