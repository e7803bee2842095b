/*
 * redis_lost: entries of a stream that nobody judges: trimmed before, or too large to be read. Said and counted. Part
 * of in_redis; for it alone.
 */
#ifndef IO_REDIS_LOST_H
#define IO_REDIS_LOST_H

#include "base/count.h"
#include "io/redis_stream.h"

/* input: its name. So many were gone before they were judged; 0 is none. */
void redis_lost_note(const char *input, struct counts *counts, const struct redis_stream *s, uint64_t n);
/* One is gone. */
void redis_lost_gone(const char *input, struct counts *counts, struct redis_stream *s, uint64_t offset);
/* One of so many bytes is passed over. */
void redis_lost_large(const char *input, struct counts *counts, struct redis_stream *s, uint64_t offset, int64_t bytes);

#endif
