/*
 * source_files: source files that frames of a trace name, as far as the folders reach that the configuration allows
 * (`source_roots`).
 *
 * A log may name any file, so what is read is narrow: a regular file that lies below a root when all links are
 * resolved, and is opened by that path without following any (io/safe_open); of at most SOURCE_FILE_BYTES; text, with
 * an ending that sources have, or a #! line where it has none. Names that begin with a dot, and what lies in .git, are
 * no sources. Absolute names must lie below a root as they are; others are looked for below each root in turn.
 *
 * Keeps SOURCE_CACHE_FILES texts and SOURCE_CACHE_BYTES, those that were asked for last, of files that have not changed
 * since; one that was not asked for in SOURCE_CACHE_AGE_MS goes when the next is asked for. Holds no descriptor between
 * calls. One thread.
 */
#ifndef IO_SOURCE_FILES_H
#define IO_SOURCE_FILES_H

#include "core/trace_source.h"

enum {
    SOURCE_FILE_BYTES = 4 << 20,
    SOURCE_CACHE_FILES = 64,
    SOURCE_CACHE_BYTES = 16 << 20,
    SOURCE_CACHE_AGE_MS = 600000
};

struct source_files;

/* The roots are absolute; they are copied. */
struct source_files *source_files_new(const struct slice *roots, unsigned n);
void source_files_free(struct source_files *s);
/* For trace_source_fill; it asks s. */
struct trace_source source_files_source(struct source_files *s);

#endif
