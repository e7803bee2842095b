#include "io/container_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/safe_open.h"

/* Reads all of a small regular file. NULL: there is no such file. The caller frees the text. */
static char *read_small(const char *path, size_t *n)
{
    struct stat st;
    char *text = NULL;
    struct safe_why why;
    int fd = safe_open(path, &st, &why);
    if (fd >= 0 && st.st_size > 0 && st.st_size <= CONTAINER_CONFIG_MAX) {
        text = xmalloc((size_t)st.st_size);
        *n = 0;
        for (ssize_t got = 1; got != 0 && *n < (size_t)st.st_size;) {
            got = read(fd, text + *n, (size_t)st.st_size - *n);
            if (got < 0 && errno != EINTR)
                break;
            *n += got > 0 ? (size_t)got : 0;
        }
    }
    if (fd >= 0)
        close(fd);
    return text;
}

static void read_config(struct container *c, struct arena *a, const char *log)
{
    const char *slash = strrchr(log, '/');
    char *path = xasprintf("%.*s/config.v2.json", slash ? (int)(slash - log) : 1, slash ? log : ".");
    size_t n;
    char *text = read_small(path, &n);
    if (text) {
        /* The members that are kept of the file are small, so it is read into an arena of its own. */
        struct arena own = {0};
        struct container with = *c;
        container_from_config(&with, &own, slice_of(text, n));
        *c = *container_keep(a, &with);
        arena_done(&own);
    }
    free(text);
    free(path);
}

struct container *container_of_file(struct arena *a, const char *found, const char *real)
{
    struct container c = {0};
    char *resolved = real ? NULL : realpath(found, NULL);
    real = real ? real : resolved ? resolved : found;
    bool known = container_from_path(&c, a, slice_str(found));
    known |= container_from_path(&c, a, slice_str(real));
    if (known && c.id.n)
        read_config(&c, a, real);
    free(resolved);
    if (!known)
        return NULL;
    container_finish(&c);
    return container_keep(a, &c);
}

/* The file system of a host may be mounted anywhere: its folders count there as they do at the root. */
static bool is_below_known_folder(const char *path)
{
    static const char *const known[] = {"/var/log/pods/", "/var/log/containers/", "/var/lib/docker/containers/"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *at = strstr(path, known[i]);
        if (!at || strstr(path, "/../"))
            continue;
        char *mount = slice_dup(slice_of(path, (size_t)(at - path)));
        bool ours = !*mount || safe_is_ours(mount);
        free(mount);
        return ours;
    }
    return false;
}

/* Whether the path tells a container, and only root or crumbd's user can have made it do so. */
static bool tells_container(const char *path)
{
    struct container c = {0};
    struct arena a = {0};
    bool looks = container_from_path(&c, &a, slice_str(path));
    arena_done(&a);
    if (!looks || is_below_known_folder(path) || safe_is_ours(path))
        return looks;
    log_info("a path looks like a container's, which is not believed: others may write there", log_c("path", path));
    return false;
}

struct container *container_of_found_file(struct arena *a, const char *found, const char *real)
{
    bool by_name = tells_container(found), by_place = strcmp(found, real) == 0 ? by_name : tells_container(real);
    if (!by_name && !by_place)
        return NULL;
    return container_of_file(a, by_name ? found : real, by_place ? real : found);
}
