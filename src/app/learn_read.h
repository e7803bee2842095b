/*
 * learn_read: the messages of logs, judged by several threads at once and told in the order of the log.
 *
 * A log is cut into blocks. Each is judged by a pipeline of its own, which is first given the end of the block before
 * it, and behind it as much of the next one as what is held waits for: so a stack trace that lies over the border is
 * one message, and told by the block that it begins in. What a log is made of (parser_seen) is told by its first block,
 * which is judged before the others. So what is told depends on the log alone, and not on how many threads there are.
 *
 * Bounded: as many blocks as threads and two, of LEARN_BLOCK_BYTES each, what is told of them, and one more block. What
 * is in memory twice is let go block by block. All functions are for one thread, which also makes the machine code of
 * patterns (snapshot_make_code).
 */
#ifndef APP_LEARN_READ_H
#define APP_LEARN_READ_H

#include "app/snapshot.h"
#include "core/stream.h"

enum {
    LEARN_BLOCK_BYTES = 4 << 20,
    LEARN_BLOCK_LINES = 64 << 10,
    LEARN_BORDER_BYTES = 64 << 10,
    LEARN_THREADS_MAX = 16
};

/* A message that no rule knows and that is no access line. Valid during the call. */
struct learn_told {
    struct slice message; /* of the record */
    struct slice line;    /* the first of the log that it is made of, */
    uint64_t number;      /* and its number, from 1 */
    uint64_t shape;       /* clusters_shape of the message */
    enum level level;
};

/* All messages; those known to a rule; and access lines. */
struct learn_counts {
    uint64_t messages, known, access;
};

typedef void learn_told_f(void *u, const struct learn_told *m);

struct learn_reader;

/* The snapshot and the options must outlive it; the snapshot is for more than one thread. threads 0: as many as there
 * are processors for this process. */
struct learn_reader *learn_reader_new(const struct snapshot *now, const struct options *options, unsigned threads,
                                      learn_told_f *each, void *u);
/* A log begins; the stream is copied, what it names must live until the log ends. */
void learn_reader_begin(struct learn_reader *r, const struct stream *s);
/* Its next message. */
void learn_reader_add(struct learn_reader *r, const struct message *m);
/* Nothing is behind it: all of it has been told when this returns. */
void learn_reader_end(struct learn_reader *r);
struct learn_counts learn_reader_counts(const struct learn_reader *r);
void learn_reader_free(struct learn_reader *r);

#endif
