#include "base/arena.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_EMULATED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_EMULATED 1
#endif
#endif

enum { FIRST_CHUNK = 4096, LARGEST_CHUNK = 1 << 20, LASTING_CHUNK = 1 << 15 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t cap, used;
    _Alignas(max_align_t) char bytes[];
};

static struct arena_chunk *chunk_new(struct arena *a, size_t cap)
{
    struct arena_chunk *c = xmalloc(sizeof *c + cap);
    *c = (struct arena_chunk){.next = a->chunk, .cap = cap};
    a->chunk = c;
    return c;
}

void arena_begin(struct arena *a, size_t n)
{
    assert(!a->chunk);
#ifndef ARENA_EMULATED
    chunk_new(a, n);
#else
    (void)n;
#endif
}

size_t arena_taken_bytes(const struct arena *a)
{
#ifdef ARENA_EMULATED
    return a->total_bytes;
#else
    size_t bytes = 0;
    for (const struct arena_chunk *c = a->chunk; c; c = c->next)
        bytes += sizeof *c + c->cap;
    return bytes;
#endif
}

void *arena_alloc(struct arena *a, size_t n)
{
    const size_t align = _Alignof(max_align_t);
    assert(n < SIZE_MAX / 2);
    a->total_bytes += n;
#ifdef ARENA_EMULATED
    struct arena_chunk *own = chunk_new(a, n);
    own->used = n;
    (void)align;
    return own->bytes;
#else
    n = (n + align - 1) & ~(align - 1);
    struct arena_chunk *c = a->chunk;
    if (!c || c->cap - c->used < n) {
        size_t cap = c ? c->cap * 2 : FIRST_CHUNK;
        size_t most = a->lasting ? LASTING_CHUNK : LARGEST_CHUNK;
        cap = cap > most ? most : cap;
        c = chunk_new(a, cap < n ? n : cap);
    }
    void *p = c->bytes + c->used;
    c->used += n;
    return p;
#endif
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
    size_t n;
    bool fits = !__builtin_mul_overflow(count, size, &n);
    assert(fits);
    return memset(arena_alloc(a, n), 0, n);
}

struct slice arena_dup(struct arena *a, struct slice s)
{
    return (struct slice){arena_cstr(a, s), s.n};
}

char *arena_cstr(struct arena *a, struct slice s)
{
    char *p = arena_alloc(a, s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *keep = NULL;
#ifndef ARENA_EMULATED
    /* The newest chunk is the largest but for a single oversized request, which is not worth keeping. */
    if (a->chunk && a->chunk->cap <= LARGEST_CHUNK)
        keep = a->chunk;
#endif
    for (struct arena_chunk *c = keep ? keep->next : a->chunk, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    if (keep) {
        keep->next = NULL;
        keep->used = 0;
    }
    *a = (struct arena){.chunk = keep, .lasting = a->lasting};
}

void arena_done(struct arena *a)
{
    for (struct arena_chunk *c = a->chunk, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    *a = (struct arena){0};
}
