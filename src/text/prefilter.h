/*
 * prefilter: the one door to libhs (Vectorscan or Hyperscan): which of many patterns can match a text at all, in one
 * pass.
 *
 * A prefilter may let too much through, never too little: a pattern that libhs refuses, or any without libhs, or with
 * one that misses matches on this processor, is reported for every text. A compiled scan is immutable and shared; a
 * scratch belongs to one thread.
 */
#ifndef TEXT_PREFILTER_H
#define TEXT_PREFILTER_H

#include <limits.h>

#include "base/slice.h"

struct prefilter;
struct prefilter_scratch;

struct prefilter_pattern {
    struct slice regex; /* PCRE2 syntax */
    bool ignore_case;
    bool same_bit; /* as the pattern before it, which is not the first of them: which of them it is nobody asks */
};

/* One bit for each pattern that has its own. */
struct prefilter_hits {
    uint64_t *word;
    unsigned n; /* words */
};

/* Which code of libhs finds what it should on this processor. */
enum prefilter_code { PREFILTER_NONE, PREFILTER_OWN, PREFILTER_AVX2 };

/* Some milliseconds of trying: once for all that is compiled. */
enum prefilter_code prefilter_probe(void);
struct prefilter *prefilter_compile(enum prefilter_code code, const struct prefilter_pattern *patterns, unsigned n);
/*
 * Some of the patterns of another, with which it shares what was compiled, and which it must not outlive. bits: for
 * each bit of the whole, which one it is here; n: how many there are here.
 */
#define PREFILTER_NO_BIT UINT_MAX
struct prefilter *prefilter_part(const struct prefilter *whole, const unsigned *bits, unsigned n);
void prefilter_free(struct prefilter *s);
/* How many of its patterns the prefilter cannot judge, so that they are tried on every text. */
unsigned prefilter_always(const struct prefilter *s);
struct prefilter_scratch *prefilter_scratch_new(void);
/* Prepares the scratch for this scan; call once per scan before the first run. */
void prefilter_scratch_fit(struct prefilter_scratch *x, const struct prefilter *s);
void prefilter_scratch_free(struct prefilter_scratch *x);
/* Sets in hits (the scan's own width, cleared first) the bit of every pattern that may match. */
void prefilter_run(const struct prefilter *s, struct prefilter_scratch *x, struct slice text,
                   struct prefilter_hits *hits);
/*
 * False: none of its patterns can match any part of this text. So one look at a text tells that a piece of it, whose
 * bounds would cost more to find, is of no interest. True whenever a pattern is not known by its literals; of empty
 * ones nothing is said.
 */
bool prefilter_maybe(const struct prefilter *s, struct prefilter_scratch *x, struct slice text);
/* All its patterns but empty ones are known by their literals: so what it tells of a text holds for every part of it.
 */
bool prefilter_is_literal(const struct prefilter *s);
/*
 * Literals found in a block of many texts at once, which costs half of looking at text by text. At most
 * PREFILTER_BLOCK_HITS of them are kept, in the order of their ends.
 */
enum { PREFILTER_BLOCK_BYTES = 64 << 10, PREFILTER_BLOCK_HITS = 8192 };
struct prefilter_block;
struct prefilter_block *prefilter_block_new(void);
void prefilter_block_free(struct prefilter_block *b);
/* At most PREFILTER_BLOCK_BYTES. The bytes are not needed any more when it returns. False: there are more hits than are
 * kept, or libhs is not there; the block says nothing. */
bool prefilter_block_look(struct prefilter_block *b, const struct prefilter *s, struct prefilter_scratch *x,
                          struct slice bytes);
/* As prefilter_run, for the text that stands at `at` of the block of this prefilter; cheapest when texts are asked for
 * in the order in which they stand there. */
void prefilter_run_at(const struct prefilter *s, struct prefilter_scratch *x, struct prefilter_block *b, size_t at,
                      struct slice text, struct prefilter_hits *hits);
struct prefilter_hits prefilter_hits_new(unsigned patterns);
void prefilter_hits_done(struct prefilter_hits *h);
/* Version of libhs, or "none" when built without. */
const char *prefilter_version(void);
/* Which code of libhs is used, and why, in parentheses, where it is not what libhs takes by itself; else "". */
const char *prefilter_code_note(enum prefilter_code code);

#endif
