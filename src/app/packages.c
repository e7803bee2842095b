#include "app/packages.h"

#include <dirent.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum { LIBRARIES_MAX = 64, NAME_BYTES = 128, LINE_BYTES = 4096 };

/* Those that crumbd calls itself: what they load in turn has packages of its own. */
static const char *const ours[] = {"libc.so",    "libcrypto.so", "libcurl",    "libevent",   "libfyaml",
                                   "libhiredis", "libhs",        "libpcre2",   "librdkafka", "libseccomp",
                                   "libsqlite3", "libssl",       "libsystemd", "libyajl",    "libz.so"};

struct library {
    const char *path; /* as it was loaded, without /usr in front: / and /usr are one on most systems */
    char package[NAME_BYTES], version[NAME_BYTES];
};

struct libraries {
    struct library v[LIBRARIES_MAX];
    unsigned n;
};

static const char *without_usr(const char *path)
{
    return strncmp(path, "/usr/", 5) == 0 ? path + 4 : path;
}

static int packages_on_loaded(struct dl_phdr_info *info, size_t size, void *u)
{
    struct libraries *all = u;
    const char *name = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
    (void)size;
    for (size_t i = 0; name && all->n < LIBRARIES_MAX && i < sizeof ours / sizeof *ours; i++)
        if (strncmp(name + 1, ours[i], strlen(ours[i])) == 0) {
            all->v[all->n++].path = without_usr(info->dlpi_name);
            break;
        }
    return 0;
}

static bool next_line(FILE *f, char line[LINE_BYTES])
{
    if (!f || !fgets(line, LINE_BYTES, f))
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

/* PACKAGE.list or PACKAGE:ARCHITECTURE.list: the paths a package has put there. */
static void read_list(const char *path, const char *file, struct libraries *all)
{
    char line[LINE_BYTES];
    FILE *f = fopen(path, "re");
    while (next_line(f, line))
        for (unsigned i = 0; i < all->n; i++)
            if (strcmp(without_usr(line), all->v[i].path) == 0)
                snprintf(all->v[i].package, NAME_BYTES, "%.*s", (int)strcspn(file, ":"), file);
    if (f)
        fclose(f);
}

static void find_owners(const char *dpkg, struct libraries *all)
{
    char *folder = xasprintf("%s/info", dpkg);
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        const char *end = strrchr(e->d_name, '.');
        /* The C library's package and the others that matter begin alike; a thousand lists would take a while. */
        if (!end || strcmp(end, ".list") != 0 ||
            (strncmp(e->d_name, "lib", 3) != 0 && strncmp(e->d_name, "zlib", 4) != 0))
            continue;
        char *path = xasprintf("%s/%s", folder, e->d_name);
        char *file =
            strchr(e->d_name, ':') ? xstrdup(e->d_name) : slice_dup(slice_of(e->d_name, (size_t)(end - e->d_name)));
        read_list(path, file, all);
        free(file);
        free(path);
    }
    if (d)
        closedir(d);
    free(folder);
}

/* "Package: NAME", then lines of it, "Version: V" among them; an empty line ends it. */
static void find_versions(const char *dpkg, struct libraries *all)
{
    char line[LINE_BYTES], package[NAME_BYTES] = "";
    char *path = xasprintf("%s/status", dpkg);
    FILE *f = fopen(path, "re");
    while (next_line(f, line)) {
        if (strncmp(line, "Package: ", 9) == 0)
            snprintf(package, sizeof package, "%.100s", line + 9);
        for (unsigned i = 0; i < all->n && strncmp(line, "Version: ", 9) == 0; i++)
            if (strcmp(all->v[i].package, package) == 0)
                snprintf(all->v[i].version, NAME_BYTES, "%.100s", line + 9);
    }
    if (f)
        fclose(f);
    free(path);
}

static bool is_repeated(const struct libraries *all, unsigned i)
{
    for (unsigned k = 0; k < i; k++)
        if (strcmp(all->v[k].package, all->v[i].package) == 0)
            return true;
    return false;
}

void packages_put(const char *dpkg, struct sbuf *out)
{
    struct libraries *all = xcalloc(1, sizeof *all);
    dl_iterate_phdr(packages_on_loaded, all);
    find_owners(dpkg, all);
    find_versions(dpkg, all);
    bool any = false;
    for (unsigned i = 0; i < all->n; i++) {
        if (!*all->v[i].version || is_repeated(all, i))
            continue;
        sbuf_addf(out, "%s%s %s", any ? ", " : "", all->v[i].package, all->v[i].version);
        any = true;
    }
    free(all);
}
