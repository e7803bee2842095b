/*
 * tail_names: what the folders of files hold that are searched for, listed once in a scan however many they are.
 *
 * While names change a listing may lack some of them, and those that it has may lead elsewhere by now. It is quiet when
 * the folder has not changed for long enough before it, nor while it was made: only then what it lacks is not there.
 * Lives until the end of the scan.
 */
#include "io/tail.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/safe_glob.h"

static bool tail_names_add(void *u, const struct dirent *e)
{
    struct tail_names *l = u;
    l->v = xroom(l->v, l->n, sizeof *l->v);
    l->v[l->n++] = (struct tail_name){xstrdup(e->d_name), e->d_ino};
    return true;
}

bool tail_is_quiet(int folder, const struct stat *before)
{
    struct stat now;
    return fstat(folder, &now) == 0 && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == before->st_mtim.tv_nsec && tail_mtime_ms(before) + TAIL_QUIET_MS < tail_wall_ms();
}

static void list(struct tail_names *l)
{
    struct stat before;
    struct safe_why why;
    int fd = safe_open_folder(l->folder, &why);
    bool all = fd >= 0 && fstat(fd, &before) == 0 && safe_list(fd, tail_names_add, l, &why);
    l->known = all || !safe_unknown(&why);
    l->quiet = !all || tail_is_quiet(fd, &before);
    if (fd >= 0)
        close(fd);
}

const struct tail_names *tail_names_of(struct tail *t, const struct tail_file *f)
{
    char *folder = tail_folder_of(f->path);
    struct tail_names *l = t->names;
    while (l && strcmp(l->folder, folder) != 0)
        l = l->next;
    if (l) {
        free(folder);
        return l;
    }
    l = xcalloc(1, sizeof *l);
    *l = (struct tail_names){.next = t->names, .folder = folder};
    t->names = l;
    list(l);
    return l;
}

void tail_names_done(struct tail *t)
{
    struct tail_names *l;
    while ((l = t->names)) {
        t->names = l->next;
        for (size_t i = 0; i < l->n; i++)
            free(l->v[i].name);
        free(l->v);
        free(l->folder);
        free(l);
    }
}
