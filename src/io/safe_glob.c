#include "io/safe_glob.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "base/xalloc.h"

bool safe_is_pattern(const char *path)
{
    return strpbrk(path, "*?[");
}

bool safe_list(int folder, bool (*name)(void *u, const struct dirent *e), void *u, struct safe_why *why)
{
    int fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    bool more = d;
    if (d)
        rewinddir(d);
    *why = (struct safe_why){.reason = SAFE_FAILED, .error = errno};
    while (more) {
        errno = 0;
        struct dirent *e = readdir(d);
        why->error = errno;
        more = e && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || name(u, e));
        if (e)
            why->error = 0;
    }
    if (d)
        closedir(d);
    else if (fd >= 0)
        close(fd);
    return why->error == 0;
}

/* ---- the names of one folder ---- */

struct names {
    const char *part; /* part of the pattern that the names must fit */
    bool folders;     /* only names that may be folders are wanted */
    char **v;
    size_t n;
};

static bool safe_glob_add_name(void *u, const struct dirent *e)
{
    struct names *a = u;
    if ((a->folders && e->d_type != DT_DIR && e->d_type != DT_LNK && e->d_type != DT_UNKNOWN) ||
        fnmatch(a->part, e->d_name, FNM_PERIOD) != 0)
        return true;
    a->v = xroom(a->v, a->n, sizeof *a->v);
    a->v[a->n++] = xstrdup(e->d_name);
    return true;
}

static int safe_glob_by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_done(struct names *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->v[i]);
    free(a->v);
}

/* ---- the pattern, part by part ---- */

static void expand(const struct safe_glob *to, const char *before, const char *rest);

static void say_not_listed(const struct safe_glob *to, const char *folder, const struct safe_why *why)
{
    if (to->not_listed && !safe_absent(why))
        to->not_listed(to->u, folder, why);
}

/* The folder as the pattern writes it, without the slash behind it. Caller frees. */
static char *folder_text(const char *before)
{
    size_t n = strlen(before);
    while (n > 1 && before[n - 1] == '/')
        n--;
    return n ? slice_dup(slice_of(before, n)) : xstrdup(".");
}

/* Lists the folder `before` for names like part; `after` is what follows that in the pattern. */
static void expand_part(const struct safe_glob *to, const char *before, const char *part, const char *after)
{
    struct names a = {.part = part, .folders = *after};
    struct safe_why why;
    char *text = folder_text(before);
    int folder = safe_open_folder(text, &why);
    if (folder < 0 || !safe_list(folder, safe_glob_add_name, &a, &why))
        say_not_listed(to, text, &why);
    if (folder >= 0 && to->listed)
        to->listed(to->u, text);
    if (a.n)
        qsort(a.v, a.n, sizeof *a.v, safe_glob_by_name);
    size_t slashes = strspn(after, "/");
    if (*after && folder >= 0)
        close(folder);
    for (size_t i = 0; i < a.n; i++) {
        char *path = xasprintf("%s%s%.*s", before, a.v[i], (int)slashes, after);
        if (*after)
            expand(to, path, after + slashes);
        else
            to->found(to->u, path, folder);
        free(path);
    }
    if (!*after && folder >= 0)
        close(folder);
    names_done(&a);
    free(text);
}

static void expand(const struct safe_glob *to, const char *before, const char *rest)
{
    const char *wild = strpbrk(rest, "*?["), *part = wild;
    if (!wild) {
        char *path = xasprintf("%s%s", before, rest);
        to->found(to->u, path, -1);
        free(path);
        return;
    }
    while (part > rest && part[-1] != '/')
        part--;
    const char *after = strchrnul(part, '/');
    char *fixed = xasprintf("%s%.*s", before, (int)(part - rest), rest);
    char *text = slice_dup(slice_of(part, (size_t)(after - part)));
    expand_part(to, fixed, text, after);
    free(text);
    free(fixed);
}

void safe_glob(const char *pattern, const struct safe_glob *to)
{
    expand(to, "", pattern);
}
