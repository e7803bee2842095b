/*
 * container_file: the container that a log file belongs to, from its path and the file that Docker keeps beside it.
 * Reads at most CONTAINER_CONFIG_MAX bytes of that; one that is missing, may not be read or is broken is no matter.
 */
#ifndef IO_CONTAINER_FILE_H
#define IO_CONTAINER_FILE_H

#include "parsers/container.h"

enum { CONTAINER_CONFIG_MAX = 1 << 20 };

/* found: the path as it was given, which may be a link whose name tells something too; real: where it leads to, NULL
 * when that is to be found out. NULL: no log of a container. Lives in the arena. */
struct container *container_of_file(struct arena *a, const char *found, const char *real);
/* The same for a file that was found in a folder: what a path says counts only where nobody but root and crumbd's user
 * chose it, which is below the folders of the kubelet and Docker (also of a host whose file system is mounted where
 * only they may write), and where only they may write on the whole way. */
struct container *container_of_found_file(struct arena *a, const char *found, const char *real);

#endif
