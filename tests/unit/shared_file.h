/* shared_file: test data that is kept beside the sources, for tests that skip visibly without it. */
#ifndef TESTS_SHARED_FILE_H
#define TESTS_SHARED_FILE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"

/* A file of $CRUMBD_SHARED, else of ../shared beside the sources; at most 4 MB, the caller frees. NULL, and a
 * line that says so, when it is not there. */
static inline char *shared_file(const char *name, size_t *size)
{
    enum { FILE_BYTES = 4 << 20 };
    const char *shared = getenv("CRUMBD_SHARED"), *top = getenv("top_srcdir");
    char path[4096];
    snprintf(path, sizeof path, "%s%s/corpus/%s",
             shared ? shared
             : top  ? top
                    : ".",
             shared ? "" : "/../shared", name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        printf("SKIP %s: not there\n", path);
        return NULL;
    }
    char *p = malloc(FILE_BYTES);
    *size = fread(p, 1, FILE_BYTES, f);
    fclose(f);
    return p;
}

#endif
