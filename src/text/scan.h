/*
 * scan: the one door to libhs (Vectorscan or Hyperscan): which of many patterns can match a text at all, in one pass.
 *
 * A prefilter may let too much through, never too little: a pattern that libhs refuses, or any without libhs, or with one that
 * misses matches on this processor, is reported for every text. A compiled scan is immutable and shared; a scratch belongs to one thread.
 */
#ifndef TEXT_SCAN_H
#define TEXT_SCAN_H

#include "base/slice.h"

struct scan;
struct scan_scratch;

struct scan_pattern {
    struct slice regex; /* PCRE2 syntax */
    bool ignore_case;
};

/* One bit for each pattern. */
struct scan_hits {
    uint64_t *word;
    unsigned n; /* words */
};

struct scan *scan_compile(const struct scan_pattern *patterns, unsigned n);
void scan_free(struct scan *s);
/* How many of its patterns the prefilter cannot judge, so that they are tried on every text. */
unsigned scan_always(const struct scan *s);
struct scan_scratch *scan_scratch_new(void);
/* Prepares the scratch for this scan; call once per scan before the first run. */
void scan_scratch_fit(struct scan_scratch *x, const struct scan *s);
void scan_scratch_free(struct scan_scratch *x);
/* Sets in hits (the scan's own width, cleared first) the bit of every pattern that may match. */
void scan_run(const struct scan *s, struct scan_scratch *x, struct slice text, struct scan_hits *hits);
/*
 * False: none of its patterns can match any part of this text. So one look at a text tells that a piece of it, whose bounds would
 * cost more to find, is of no interest. True whenever a pattern is not known by its literals.
 */
bool scan_maybe(const struct scan *s, struct scan_scratch *x, struct slice text);
struct scan_hits scan_hits_new(unsigned patterns);
void scan_hits_free(struct scan_hits *h);
/* Version of libhs, or "none" when built without. */
const char *scan_version(void);
/* Which code of libhs is used, and why, in parentheses, where it is not what libhs takes by itself; else "". */
const char *scan_code(void);

#endif
