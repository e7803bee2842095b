#include "io/sandbox_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static const char *const role_names[] = {
    [SANDBOX_MAIN] = "main", [SANDBOX_WORKER] = "worker", [SANDBOX_RELAY] = "relay",
    [SANDBOX_LOG] = "log",   [SANDBOX_LOADER] = "loader", [SANDBOX_ENGINE] = "engine"};
_Static_assert(sizeof role_names / sizeof *role_names == SANDBOX_ROLES, "a name for each role");

struct sandbox *sandbox_new(void)
{
    struct sandbox *s = xcalloc(1, sizeof *s);
    s->abi = sandbox_landlock_abi();
    s->filters = sandbox_has_filters();
#ifdef SANDBOX_SANITIZER
    for (int role = 0; role < SANDBOX_ROLES; role++)
        sandbox_allow(s, (enum sandbox_role)role, SANDBOX_READ, "/proc");
#endif
    return s;
}

void sandbox_free(struct sandbox *s)
{
    for (int role = 0; s && role < SANDBOX_ROLES; role++) {
        for (unsigned i = 0; i < s->paths[role].n; i++)
            free(s->paths[role].v[i].path);
        free(s->paths[role].v);
    }
    free(s);
}

void sandbox_command(struct sandbox *s, pid_t pid)
{
    s->command = pid;
}

void sandbox_let_connect(struct sandbox *s)
{
    s->worker_connects = true;
}

void sandbox_abstract_sockets(struct sandbox *s)
{
    s->abstract_sockets = true;
}

/* ---- paths ---- */

static bool is_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return strcmp(folder, "/") == 0 || (strncmp(path, folder, n) == 0 && (path[n] == '/' || !path[n]));
}

/* Returns the path, or the nearest one above it that is there, without links. The caller frees it. */
static char *there(const char *path)
{
    char *at = path[0] == '/' ? xstrdup(path) : xasprintf("./%s", path);
    char *found = realpath(at, NULL);
    for (char *slash; !found && (slash = strrchr(at, '/'));) {
        *slash = '\0';
        found = realpath(*at ? at : "/", NULL);
    }
    free(at);
    return found ? found : xstrdup("/");
}

static bool has(const struct sandbox_paths *paths, const char *path, unsigned rights)
{
    for (unsigned i = 0; i < paths->n; i++)
        if ((paths->v[i].rights & rights) == rights && is_below(path, paths->v[i].path))
            return true;
    return false;
}

static void add(struct sandbox_paths *paths, const char *path, unsigned rights)
{
    if (has(paths, path, rights))
        return;
    paths->v = xroom(paths->v, paths->n, sizeof *paths->v);
    paths->v[paths->n++] = (struct sandbox_path){xstrdup(path), rights};
}

void sandbox_allow(struct sandbox *s, enum sandbox_role role, unsigned rights, const char *path)
{
    char *real = there(path);
    rights |= rights & SANDBOX_WRITE ? SANDBOX_READ | SANDBOX_REMOVE : 0;
    add(&s->paths[role], real, rights);
    if (role == SANDBOX_WORKER)
        add(&s->paths[SANDBOX_MAIN], real, rights);
    free(real);
}

unsigned sandbox_abi(const struct sandbox *s)
{
    return s->abi;
}

bool sandbox_filters(const struct sandbox *s)
{
    return s->filters;
}

bool sandbox_covers(const struct sandbox *s, enum sandbox_role role, const char *path)
{
    char *real = realpath(path, NULL);
    bool covered = real && has(&s->paths[role], real, SANDBOX_READ);
    free(real);
    return covered;
}

/* ---- for people ---- */

static void print_paths(const struct sandbox *s, enum sandbox_role role, unsigned rights, const char *what,
                        const char *before, struct sbuf *out)
{
    const struct sandbox_paths *paths = &s->paths[role];
    bool any = false;
    for (unsigned i = 0; i < paths->n; i++) {
        if (!(paths->v[i].rights & rights) || (rights == SANDBOX_REMOVE && paths->v[i].rights & SANDBOX_WRITE))
            continue;
        if (!any)
            sbuf_addf(out, "%s  %s may %s below:\n", before, role_names[role], what);
        any = true;
        sbuf_addf(out, "%s    %s\n", before, paths->v[i].path);
    }
    if (!any)
        sbuf_addf(out, "%s  %s may %s: nothing\n", before, role_names[role], what);
}

void sandbox_print(const struct sandbox *s, const char *before, struct sbuf *out)
{
    unsigned abi = sandbox_landlock_abi();
    sbuf_addf(out, "%sLandlock: ", before);
    sbuf_addf(out, abi ? "version %u of this kernel\n" : "not in this kernel; it would be\n", abi);
    for (int role = 0; role < SANDBOX_ROLES; role++) {
        if (role == SANDBOX_LOADER || role == SANDBOX_ENGINE) {
            sbuf_addf(out, "%s  %s may read and write: as main\n", before, role_names[role]);
            continue;
        }
        print_paths(s, role, SANDBOX_READ, "read", before, out);
        print_paths(s, role, SANDBOX_WRITE, "write", before, out);
        if (role == SANDBOX_MAIN || role == SANDBOX_WORKER)
            print_paths(s, role, SANDBOX_REMOVE, "remove sockets", before, out);
    }
    sbuf_addf(out, "%sseccomp: ", before);
    sbuf_addf(out, "%s\n",
              strcmp(sandbox_seccomp_version(), "none") == 0 ? "not in this build (libseccomp); it would be"
              : sandbox_has_filters()                        ? "in force where the sandbox is"
                                                             : "not in this kernel; it would be");
    for (int role = 0; role < SANDBOX_ROLES; role++) {
        sbuf_addf(out, "%s  %s may call:\n", before, role_names[role]);
        sandbox_print_calls(s, role, before, out);
    }
}
