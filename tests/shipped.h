/* shipped: the rules that crumbd ships, loaded from the sources: for tests that need all of them. */
#ifndef TESTS_SHIPPED_H
#define TESTS_SHIPPED_H

#undef NDEBUG
#include <assert.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "core/rule_set.h"

static inline void shipped_load_text(struct rule_set *set, const char *name, struct slice text)
{
    struct diag d = {0};
    struct conf_file *f = conf_parse(name, text, &d);
    if (!f || !rule_set_load(set, f, &d))
        err_print(&d, stderr);
    assert(d.errors == 0);
    err_done(&d);
}

static inline void shipped_load_file(struct rule_set *set, const char *path)
{
    struct sbuf text;
    FILE *f = fopen(path, "r");
    assert(f);
    sbuf_init(&text, CONF_BYTES_MAX);
    for (size_t n = 1; n > 0; text.n += n) {
        char *room = sbuf_room(&text, 65536);
        assert(room);
        n = fread(room, 1, 65536, f);
    }
    fclose(f);
    shipped_load_text(set, path, sbuf_slice(&text));
    sbuf_done(&text);
}

/* Adds them to the set; rule_set_ready is the caller's. They stand in the folder rules of CRUMBD_DATA, or of where the
 * test runs. */
static inline void shipped_load(struct rule_set *set)
{
    const char *data = getenv("CRUMBD_DATA");
    char pattern[4096];
    glob_t g;
    snprintf(pattern, sizeof pattern, "%s/rules/*.yaml", data ? data : ".");
    if (glob(pattern, 0, NULL, &g) != 0) {
        fprintf(stderr, "%s finds nothing; set CRUMBD_DATA to the folder of the sources\n", pattern);
        abort();
    }
    for (size_t i = 0; i < g.gl_pathc; i++)
        shipped_load_file(set, g.gl_pathv[i]);
    globfree(&g);
}

#endif
