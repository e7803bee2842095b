#include "text/scan.h"

#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"

#ifdef HAVE_HS
#include <hs/hs.h>
#endif

struct scan {
    unsigned n;       /* patterns */
    unsigned always;  /* how many of them the database does not hold */
    uint64_t *is_always;
#ifdef HAVE_HS
    hs_database_t *db; /* NULL: every pattern is always a candidate */
#endif
};

struct scan_scratch {
#ifdef HAVE_HS
    hs_scratch_t *hs;
#else
    char unused;
#endif
};

static unsigned words_for(unsigned n)
{
    return (n + 63) / 64;
}

static void set_bit(uint64_t *word, unsigned i)
{
    word[i / 64] |= UINT64_C(1) << (i % 64);
}

static void mark_always(struct scan *s, unsigned i)
{
    set_bit(s->is_always, i);
    s->always++;
}

#ifdef HAVE_HS
/*
 * PREFILTER makes libhs accept what it cannot match exactly (lookarounds, back references) by matching a superset; SINGLEMATCH
 * because one report per pattern is all that is asked.
 */
static bool build(struct scan *s, const struct scan_pattern *patterns)
{
    const char **regex = xcalloc(s->n, sizeof *regex);
    unsigned *flags = xcalloc(s->n, sizeof *flags), *ids = xcalloc(s->n, sizeof *ids), n = 0;
    for (unsigned i = 0; i < s->n; i++) {
        if (s->is_always[i / 64] >> (i % 64) & 1)
            continue;
        regex[n] = patterns[i].regex.p;
        flags[n] = HS_FLAG_PREFILTER | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY |
                   (patterns[i].ignore_case ? HS_FLAG_CASELESS : 0);
        ids[n++] = i;
    }
    hs_compile_error_t *err = NULL;
    int bad = -1;
    hs_error_t rc = n ? hs_compile_multi(regex, flags, ids, n, HS_MODE_BLOCK, NULL, &s->db, &err) : HS_SUCCESS;
    if (rc != HS_SUCCESS) {
        s->db = NULL;
        bad = err ? err->expression : -1;
        if (bad >= 0)
            mark_always(s, ids[bad]);
        hs_free_compile_error(err);
    }
    free(regex);
    free(flags);
    free(ids);
    if (rc != HS_SUCCESS && bad < 0) /* not one pattern's fault: go on without a prefilter */
        for (unsigned i = 0; i < s->n; i++)
            if (!(s->is_always[i / 64] >> (i % 64) & 1))
                mark_always(s, i);
    return rc == HS_SUCCESS || bad < 0;
}
#endif

struct scan *scan_compile(const struct scan_pattern *patterns, unsigned n)
{
    struct scan *s = xcalloc(1, sizeof *s);
    s->n = n;
    s->is_always = xcalloc(words_for(n), sizeof *s->is_always);
    for (unsigned i = 0; i < n; i++)
        /* A pattern that sets its own modes ("(*UTF)") or holds a NUL is not one libhs reads the same way. */
        if (slice_starts(patterns[i].regex, SLICE("(*")) || slice_chr(patterns[i].regex, '\0'))
            mark_always(s, i);
#ifdef HAVE_HS
    while (!build(s, patterns))
        ;
#else
    for (unsigned i = 0; i < n; i++)
        if (!(s->is_always[i / 64] >> (i % 64) & 1))
            mark_always(s, i);
#endif
    return s;
}

void scan_free(struct scan *s)
{
    if (!s)
        return;
#ifdef HAVE_HS
    hs_free_database(s->db);
#endif
    free(s->is_always);
    free(s);
}

unsigned scan_always(const struct scan *s)
{
    return s->always;
}

struct scan_scratch *scan_scratch_new(void)
{
    return xcalloc(1, sizeof(struct scan_scratch));
}

void scan_scratch_fit(struct scan_scratch *x, const struct scan *s)
{
#ifdef HAVE_HS
    if (s->db) {
        hs_error_t rc = hs_alloc_scratch(s->db, &x->hs);
        assert(rc == HS_SUCCESS);
    }
#else
    (void)x;
    (void)s;
#endif
}

void scan_scratch_free(struct scan_scratch *x)
{
    if (!x)
        return;
#ifdef HAVE_HS
    hs_free_scratch(x->hs);
#endif
    free(x);
}

#ifdef HAVE_HS
static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
    (void)from;
    (void)to;
    (void)flags;
    set_bit(ctx, id);
    return 0;
}
#endif

void scan_run(const struct scan *s, struct scan_scratch *x, struct slice text, struct scan_hits *hits)
{
    unsigned words = words_for(s->n);
    assert(hits->n >= words);
    memcpy(hits->word, s->is_always, words * sizeof *hits->word);
#ifdef HAVE_HS
    if (!s->db)
        return;
    /* A text beyond what libhs can take in one block is judged in full instead. */
    if (text.n > UINT32_MAX || hs_scan(s->db, text.p ? text.p : "", (unsigned)text.n, 0, x->hs, on_match, hits->word) != HS_SUCCESS)
        memset(hits->word, 0xff, words * sizeof *hits->word);
#else
    (void)x;
    (void)text;
#endif
}

struct scan_hits scan_hits_new(unsigned patterns)
{
    unsigned words = words_for(patterns ? patterns : 1);
    return (struct scan_hits){.word = xcalloc(words, sizeof(uint64_t)), .n = words};
}

void scan_hits_free(struct scan_hits *h)
{
    free(h->word);
    *h = (struct scan_hits){0};
}

const char *scan_version(void)
{
#ifdef HAVE_HS
    return hs_version();
#else
    return "none";
#endif
}
