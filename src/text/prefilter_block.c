/* prefilter_block: many texts at once. See prefilter.h. */
#include "text/prefilter_impl.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"

struct prefilter_block {
    unsigned n;
    unsigned cursor; /* of the text that was asked for last: its first hit, or the next one */
    bool sorted;
    struct block_hit {
        uint32_t end, literal;
    } hit[PREFILTER_BLOCK_HITS];
};

struct prefilter_block *prefilter_block_new(void)
{
    return xmalloc(sizeof(struct prefilter_block));
}

void prefilter_block_free(struct prefilter_block *b)
{
    free(b);
}

#ifdef HAVE_HS
static int prefilter_on_block_hit(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                                  void *ctx)
{
    struct prefilter_block *b = ctx;
    (void)from;
    (void)flags;
    if (b->n == PREFILTER_BLOCK_HITS)
        return 1;
    b->sorted &= !b->n || b->hit[b->n - 1].end <= to;
    b->hit[b->n++] = (struct block_hit){.end = (uint32_t)to, .literal = id};
    return 0;
}

static int prefilter_by_end(const void *pa, const void *pb)
{
    const struct block_hit *a = pa, *b = pb;
    return a->end < b->end ? -1 : a->end > b->end;
}
#endif

bool prefilter_block_look(struct prefilter_block *b, const struct prefilter *s, struct prefilter_scratch *x,
                          struct slice bytes)
{
    b->n = b->cursor = 0;
    b->sorted = true;
#ifdef HAVE_HS
    if (bytes.n > PREFILTER_BLOCK_BYTES || !s->scan)
        return false;
    if (s->literals &&
        s->scan(s->literals, bytes.p, (unsigned)bytes.n, 0, x->hs, prefilter_on_block_hit, b) != HS_SUCCESS)
        return false;
    if (!b->sorted) /* libhs promises no order */
        qsort(b->hit, b->n, sizeof *b->hit, prefilter_by_end);
    return true;
#else
    (void)s;
    (void)x;
    (void)bytes;
    return false;
#endif
}

void prefilter_run_at(const struct prefilter *s, struct prefilter_scratch *x, struct prefilter_block *b, size_t at,
                      struct slice text, struct prefilter_hits *hits)
{
    unsigned words = words_for(s->n), i = b->cursor;
    assert(hits->n >= words);
    memcpy(hits->word, s->is_always, words * sizeof *hits->word);
#ifdef HAVE_HS
    while (i > 0 && b->hit[i - 1].end > at)
        i--;
    while (i < b->n && b->hit[i].end <= at)
        i++;
    b->cursor = i;
    for (; i < b->n && b->hit[i].end <= at + text.n; i++) {
        const struct owned *o = &s->owned[b->hit[i].literal];
        if (b->hit[i].end - at >= o->n) /* all of it stands in the text */
            set_hit(hits->word, o->bit);
    }
    struct hit_words r = {.bits = s->bits, .word = hits->word};
    if (!prefilter_scan_regexes(s, x, text, &r))
        memset(hits->word, 0xff, words * sizeof *hits->word);
#else
    (void)x;
    (void)at;
    (void)text;
    (void)i;
#endif
}
