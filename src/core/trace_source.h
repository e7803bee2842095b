/*
 * trace_source: the source lines of a trace's frames, from files that somebody else reads.
 *
 * Frames that are one's own code are asked for first, the newest before older ones, those of the exception that was
 * reported before its causes'. Bounds, of one trace: TRACE_SOURCE_FRAMES places are looked for, TRACE_SOURCE_READ_BYTES
 * of files looked through, TRACE_SOURCE_BYTES of lines kept; what is beyond stays without lines.
 *
 * A line must be the one that ran. Where the text of the trace has printed it, the file's must be the same. Else the
 * file must not have been changed after the event: then another version of it may stand there. A file that was
 * replaced before the event while an older version of it still ran cannot be told from the right one.
 *
 * What is kept lives in the arena: UTF-8, cut at TRACE_SOURCE_LINE_BYTES, not scrubbed yet. Of a file that holds a
 * private key no line of that key's block is kept. Pure.
 */
#ifndef CORE_TRACE_SOURCE_H
#define CORE_TRACE_SOURCE_H

#include "core/trace.h"

enum {
    TRACE_SOURCE_FRAMES = 50,
    TRACE_SOURCE_READ_BYTES = 16 << 20,
    TRACE_SOURCE_BYTES = 100 << 10,
    TRACE_SOURCE_LINE_BYTES = 512
};

struct trace_source_file {
    struct slice text; /* valid until the next file is asked for */
    int64_t changed_us;
};

/* Who has the files. */
struct trace_source {
    void *u;
    /* The file that a trace names so; relative ones are looked for below each root. False: there is none that may be
     * read, or it is longer than `most`. NULL: no files are read. */
    bool (*file)(void *u, struct slice name, size_t most, struct trace_source_file *out);
};

/* Sets `context` of frames. event_us: when the trace was written. Returns how many have got lines. */
unsigned trace_source_fill(struct trace *t, const struct trace_source *from, int64_t event_us, struct arena *a);

#endif
