#include "app/tool_store.h"

#include <stdio.h>

#include "app/settings.h"
#include "base/xalloc.h"

/* Caller frees; NULL and entries in d. */
static char *configured_path(const char *config, struct diag *d)
{
    struct settings *s = settings_load(config, d);
    char *path = s ? xstrdup(s->store) : NULL;
    settings_unref(s);
    return path;
}

struct store *tool_store_open(const char *command, const char *config, const char *path, char **its_path)
{
    struct diag d = {0};
    *its_path = path ? xstrdup(path) : configured_path(config, &d);
    struct store *s = *its_path ? store_open(*its_path, STORE_TOOL, 0, &d) : NULL;
    if (!s) {
        err_print(&d, stderr);
        if (!*its_path)
            fprintf(stderr, "crumbd %s: with --store PATH no configuration is read\n", command);
    }
    err_done(&d);
    return s;
}
