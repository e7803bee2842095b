#include "core/judge_look.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "core/judge.h"

void judge_looks_init(struct judge_looks *l, unsigned n)
{
    *l = (struct judge_looks){.words = xcalloc((size_t)n * JUDGE_LOOKS, sizeof *l->words),
                              .aside = {.word = xcalloc(n, sizeof(uint64_t)), .n = n}};
}

void judge_looks_done(struct judge_looks *l)
{
    free(l->words);
    prefilter_hits_done(&l->aside);
    l->words = NULL;
}

static unsigned place_of(uint64_t stream, uint64_t offset)
{
    return (unsigned)(hash_mix(stream, offset) % JUDGE_LOOKS);
}

void judge_look_keep(struct judge *j, const struct record *r, uint64_t stream, uint64_t offset)
{
    unsigned i = place_of(stream, offset), n = j->hits.n;
    bool found = j->scanned && j->scanned == r->raw.p;
    j->looks.look[i] = (struct judge_look){stream, offset, found ? r->message.n : 0, r->format};
    if (found)
        memcpy(j->looks.words + (size_t)i * n, j->hits.word, n * sizeof *j->hits.word);
    j->scanned = NULL;
}

static void swap_aside(struct judge *j)
{
    struct prefilter_hits hits = j->hits;
    const char *scanned = j->scanned;
    j->hits = j->looks.aside;
    j->scanned = j->looks.scanned;
    j->looks.aside = hits;
    j->looks.scanned = scanned;
}

void judge_look_recall(struct judge *j, const struct record *r, uint64_t stream, uint64_t offset)
{
    unsigned i = place_of(stream, offset), n = j->hits.n;
    const struct judge_look *l = &j->looks.look[i];
    swap_aside(j);
    bool found =
        l->bytes && l->bytes == r->message.n && l->stream == stream && l->offset == offset && l->format == r->format;
    j->scanned = found ? r->raw.p : NULL;
    if (found)
        memcpy(j->hits.word, j->looks.words + (size_t)i * n, n * sizeof *j->hits.word);
}

void judge_look_return(struct judge *j)
{
    swap_aside(j);
}
