/* traces: the grammars of stack traces that crumbd ships, loaded from the sources: for tests that need all of them. */
#ifndef TESTS_TRACES_H
#define TESTS_TRACES_H

#undef NDEBUG
#include <assert.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "core/trace_load.h"

static inline void traces_load_file(struct trace_set *set, const char *path)
{
    struct diag d = {0};
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
    struct conf_file *c = conf_parse(path, sbuf_slice(&text), &d);
    if (!c || !trace_set_load(set, c, &d))
        err_print(&d, stderr);
    assert(d.errors == 0);
    err_done(&d);
    sbuf_done(&text);
}

/* A set that is ready; they stand in the folder rules/traces of CRUMBD_DATA, or of where the test runs. */
static inline struct trace_set *traces_load(bool prefilter)
{
    const char *data = getenv("CRUMBD_DATA");
    char pattern[4096];
    glob_t g;
    struct trace_set *set = trace_set_new(false);
    snprintf(pattern, sizeof pattern, "%s/rules/traces/*.yaml", data ? data : ".");
    if (glob(pattern, 0, NULL, &g) != 0) {
        fprintf(stderr, "%s finds nothing; set CRUMBD_DATA to the folder of the sources\n", pattern);
        abort();
    }
    for (size_t i = 0; i < g.gl_pathc; i++)
        traces_load_file(set, g.gl_pathv[i]);
    globfree(&g);
    trace_set_ready(set, prefilter);
    return set;
}

#endif
