/*
 * tail_packed: the text of a rotated file that has been compressed with gzip.
 *
 * Places are those of the text, so that a file keeps its key and its offsets when rotation compresses it. The way to a
 * place is a new inflation from the beginning: each call of read does a bounded piece of it. About 70 KiB while it is
 * read. Worker thread only; used by the files of tail.h alone.
 */
#ifndef IO_TAIL_PACKED_H
#define IO_TAIL_PACKED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"

struct tail_packed;

struct tail_packed *tail_packed_new(void);
/* NULL is allowed. */
void tail_packed_free(struct tail_packed *p);
/* Puts up to max bytes of the text, from `at` on, into `to`. 0: none yet, or no more (tail_packed_left tells). -1:
   errno says why the file cannot be read. */
ssize_t tail_packed_read(struct tail_packed *p, int fd, uint64_t at, char *to, size_t max);
/* How many bytes of the file, and at least one while there is text, are still to be looked at; it is this long now. */
uint64_t tail_packed_left(const struct tail_packed *p, uint64_t file_bytes);
/* Whether the text has ended as it should. */
bool tail_packed_is_whole(const struct tail_packed *p);

/* The first bytes of a file's text, also of one that is not compressed. -1: errno. */
ssize_t tail_packed_first(int fd, char *to, size_t max);
bool tail_is_packed(int fd);
/* How long the text is, modulo 2^32 (of the last member, where there are several). */
uint32_t tail_packed_text_bytes(int fd, uint64_t file_bytes);

#endif
