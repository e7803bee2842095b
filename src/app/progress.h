/*
 * progress: how far a long piece of work is: bytes, rate, time left, in one line of the terminal that standard error
 * is. Elsewhere it shows nothing. One thread.
 */
#ifndef APP_PROGRESS_H
#define APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum { PROGRESS_EVERY_MS = 500 };

struct progress {
    bool on;
    uint64_t total_bytes; /* 0: nobody knows */
    uint64_t done_bytes;
    int64_t begin_ms, due_ms; /* of the monotonic clock */
};

/* Bytes of these files, as they are on disk; 0: of one, such as standard input, it is not known. */
uint64_t progress_size(char *const *paths, unsigned n);
/* Nothing is shown before PROGRESS_EVERY_MS: most work is over by then. */
void progress_begin(struct progress *p, uint64_t total_bytes);
/* So much more is done; shown now and then. */
void progress_add(struct progress *p, uint64_t bytes);
/* Shows it now, with what else there is to say. */
void progress_show(const struct progress *p, const char *besides);
/* Takes the line away. */
void progress_end(const struct progress *p);

#endif
