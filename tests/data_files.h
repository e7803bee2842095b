/* data_files: what crumbd ships under rules, read from the sources: for tests that need all of it. */
#ifndef TESTS_DATA_FILES_H
#define TESTS_DATA_FILES_H

#undef NDEBUG
#include <assert.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "text/conf.h"

/* Takes one file into u; false: it is written to d. */
typedef bool data_file_load(void *u, struct conf_file *file, struct diag *d);

static inline void data_text(const char *name, struct slice text, data_file_load *load, void *u)
{
    struct diag d = {0};
    struct conf_file *f = conf_parse(name, text, &d);
    if (!f || !load(u, f, &d))
        err_print(&d, stderr);
    assert(d.errors == 0);
    err_done(&d);
}

static inline void data_file(const char *path, data_file_load *load, void *u)
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
    data_text(path, sbuf_slice(&text), load, u);
    sbuf_done(&text);
}

/* All files that fit the pattern, below CRUMBD_DATA, or below where the test runs. */
static inline void data_files(const char *below, data_file_load *load, void *u)
{
    const char *data = getenv("CRUMBD_DATA");
    char pattern[4096];
    glob_t g;
    snprintf(pattern, sizeof pattern, "%s/%s", data ? data : ".", below);
    if (glob(pattern, 0, NULL, &g) != 0) {
        fprintf(stderr, "%s finds nothing; set CRUMBD_DATA to the folder of the sources\n", pattern);
        abort();
    }
    for (size_t i = 0; i < g.gl_pathc; i++)
        data_file(g.gl_pathv[i], load, u);
    globfree(&g);
}

#endif
