/*
 * arena: memory for the life of one line or one set of rules, given back all at once.
 *
 * Chunks of doubling size; reset keeps the largest one. Where it is `lasting`, as for rules, they are small ones, and
 * at most that much is taken from the heap and not used. Under AddressSanitizer every allocation is its own malloc, so
 * that overruns inside an arena are seen. Pointers stay valid until reset or free. One thread at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk;
    size_t total_bytes; /* handed out since the last reset */
    bool lasting;       /* the caller's: it is filled once and then stays */
};

/* A zeroed struct arena is ready for use. One that will hold about so many bytes may begin with as many. */
void arena_begin(struct arena *a, size_t n);
/* What it takes from the heap. */
size_t arena_taken_bytes(const struct arena *a);
void *arena_alloc(struct arena *a, size_t n) __attribute__((returns_nonnull));
void *arena_calloc(struct arena *a, size_t count, size_t size) __attribute__((returns_nonnull));
/* A copy of s with a NUL behind it that is not counted. */
struct slice arena_dup(struct arena *a, struct slice s);
char *arena_cstr(struct arena *a, struct slice s);
void arena_reset(struct arena *a);
void arena_done(struct arena *a);

#endif
