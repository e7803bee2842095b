/* tail_folders: who may write the folders that are followed. */
#include "io/tail.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/sbuf.h"
#include "base/xalloc.h"

enum { SAID_MAX = 4096, SAID_TEXT_MAX = 2048 };

static void tail_folders_note_shared(void *u, int fd, const struct stat *st)
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
    safe_walk(path, tail_folders_note_shared, t);
}

void tail_say_shared(struct tail *t)
{
    if (!t->shared_news.n)
        return;
    log_warn("others may write in folders that are followed, and so choose what is read there",
             log_c("tail", t->opt->text), log_s("folders", sbuf_slice(&t->shared_news)),
             log_c("remedy", safe_anyone_may_link()
                                 ? "chmod go-w, where nobody needs to write there, and sysctl fs.protected_hardlinks=1"
                                 : "chmod go-w, where nobody needs to write there"));
    sbuf_done(&t->shared_news);
    sbuf_init(&t->shared_news, SAID_TEXT_MAX);
}

void tail_folders_init(struct tail *t)
{
    sbuf_init(&t->shared_news, SAID_TEXT_MAX);
}

void tail_folders_done(struct tail *t)
{
    sbuf_done(&t->shared_news);
    table_done(&t->shared);
}
