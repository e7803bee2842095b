/* prefilter_impl: what the files of prefilter.h share. */
#ifndef TEXT_PREFILTER_IMPL_H
#define TEXT_PREFILTER_IMPL_H

#include "config.h"

#include "text/prefilter.h"

#ifdef HAVE_HS
#include <hs/hs.h>

typedef hs_error_t hs_scan_f(const hs_database_t *db, const char *text, unsigned n, unsigned flags,
                             hs_scratch_t *scratch, match_event_handler on_match, void *ctx);
/* Libraries for more than one kind of processor have one of these for each, and libhs takes the widest. */
__attribute__((weak)) hs_scan_f avx2_hs_scan;
#endif

/*
 * Two databases: the literals of the patterns that have some (cheap to compile and to run), and the other patterns as
 * regular expressions. What neither can hold is always a candidate.
 */
struct prefilter {
    unsigned n;             /* bits */
    unsigned always, empty; /* patterns that are always candidates, and those of them that match everything */
    uint64_t *is_always, *is_empty;
    uint64_t *is_regex; /* those that the regular expressions know */
    bool is_part;       /* the databases are another's, */
    unsigned *bits;     /* whose bits are these here */
    struct owned {      /* of each literal: its pattern's bit, and the bytes that are looked for */
        unsigned bit, n;
    } * owned;
    unsigned n_literals;
#ifdef HAVE_HS
    hs_scan_f *scan; /* NULL: libhs cannot be trusted here */
    hs_platform_info_t platform;
    hs_database_t *literals, *regexes; /* NULL: empty */
#endif
};

struct prefilter_scratch {
#ifdef HAVE_HS
    hs_scratch_t *hs;
#else
    char unused;
#endif
};

static inline unsigned words_for(unsigned n)
{
    return (n + 63) / 64;
}

static inline void set_bit(uint64_t *word, unsigned i)
{
    word[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline bool has_bit(const uint64_t *word, unsigned i)
{
    return word[i / 64] >> (i % 64) & 1;
}

/* The bit of a literal or an expression is found; of a part, it may have none. */
static inline void set_hit(uint64_t *word, unsigned bit)
{
    if (bit != PREFILTER_NO_BIT)
        set_bit(word, bit);
}

#ifdef HAVE_HS
struct hit_words {
    const struct owned *owned;
    const unsigned *bits; /* of a part */
    uint64_t *word;
};

/* False: libhs could not take the text. */
bool prefilter_scan_regexes(const struct prefilter *s, struct prefilter_scratch *x, struct slice text,
                            struct hit_words *r);
#endif

#endif
