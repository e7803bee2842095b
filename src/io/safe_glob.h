/*
 * safe_glob: the paths that a pattern leads to, as glob(3) gives them, through the door of safe_open: a folder on
 * the way that may not be entered is not listed. What is found is not judged yet.
 *
 * A folder that could not be listed to its end is told, so that nobody takes what is missing for gone. Holds the
 * matching names of one folder at a time for each part of the pattern.
 */
#ifndef IO_SAFE_GLOB_H
#define IO_SAFE_GLOB_H

#include "io/safe_open.h"

struct safe_glob {
    void *u;
    /* Is called with a path, sorted within its folder. folder is the listed folder that holds the path's last part; -1:
       the path was only put together. */
    void (*found)(void *u, const char *path, int folder);
    /* NULL: nobody cares. */
    void (*not_listed)(void *u, const char *folder, const struct safe_why *why);
    /* Is called with a folder that was listed. NULL: nobody cares. */
    void (*listed)(void *u, const char *folder);
};

bool safe_is_pattern(const char *path);
void safe_glob(const char *pattern, const struct safe_glob *to);

/* Calls back for each name in a folder but . and .. until it says false. False: it could not be listed to its end, why
 * is set. */
bool safe_list(int folder, bool (*name)(void *u, const struct dirent *e), void *u, struct safe_why *why);

#endif
