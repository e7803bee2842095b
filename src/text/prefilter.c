#include "text/prefilter_impl.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "text/literal.h"
#include "text/relax.h"

static void mark_always(struct prefilter *s, unsigned bit)
{
    s->always += !has_bit(s->is_always, bit);
    set_bit(s->is_always, bit);
}

static void mark_empty(struct prefilter *s, unsigned bit)
{
    s->empty += !has_bit(s->is_empty, bit);
    set_bit(s->is_empty, bit);
}

static void bits_new(struct prefilter *s, unsigned n)
{
    s->is_always = xcalloc(words_for(n), sizeof *s->is_always);
    s->is_empty = xcalloc(words_for(n), sizeof *s->is_empty);
    s->is_regex = xcalloc(words_for(n), sizeof *s->is_regex);
}

/* The bit of the pattern i, behind one whose bit is this. */
static unsigned bit_after(const struct prefilter_pattern *patterns, unsigned i, unsigned bit)
{
    return i && !patterns[i].same_bit ? bit + 1 : bit;
}

#ifdef HAVE_HS
/* --- which code of libhs to trust --- */

static int prefilter_on_probe(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
    (void)id;
    (void)from;
    (void)to;
    (void)flags;
    *(bool *)ctx = true;
    return 0;
}

/* Is `needle` found wherever it stands in a text that is longer than any vector? */
static bool finds(hs_scan_f *scan, const hs_platform_info_t *platform, const char *regex, const char *needle)
{
    enum { TEXT_N = 200, NEEDLE_N = 2 };
    hs_database_t *db = NULL;
    hs_scratch_t *scratch = NULL;
    hs_compile_error_t *err = NULL;
    bool all = hs_compile(regex, HS_FLAG_SINGLEMATCH, HS_MODE_BLOCK, platform, &db, &err) == HS_SUCCESS &&
               hs_alloc_scratch(db, &scratch) == HS_SUCCESS;
    for (unsigned at = 0; all && at + NEEDLE_N <= TEXT_N; at++) {
        char text[TEXT_N];
        bool hit = false;
        memset(text, '_', sizeof text);
        memcpy(text + at, needle, NEEDLE_N);
        all = scan(db, text, sizeof text, 0, scratch, prefilter_on_probe, &hit) == HS_SUCCESS && hit;
    }
    hs_free_compile_error(err);
    hs_free_scratch(scratch);
    hs_free_database(db);
    return all;
}

/* One pattern for each way in which Vectorscan skips what cannot match, by one byte and by two. */
static bool is_sound(hs_scan_f *scan, const hs_platform_info_t *platform)
{
    return finds(scan, platform, "x", "x_") && finds(scan, platform, "[x-z]1", "y1") &&
           finds(scan, platform, "x.*z", "xz");
}

/* The processor as libhs sees it, or as its AVX2 code does. False: libhs has no code for it. */
static bool platform_of(enum prefilter_code code, hs_platform_info_t *platform)
{
    if (code == PREFILTER_NONE || hs_populate_platform(platform) != HS_SUCCESS)
        return false;
    if (code == PREFILTER_AVX2)
        platform->cpu_features = HS_CPU_FEATURES_AVX2;
    return true;
}

/* --- compiling --- */

/* The literals of all patterns in one list, each with its owner. */
struct literal_list {
    const char **text;
    size_t *len;
    unsigned *flags, *ids, n;
};

static size_t length_of_last_word(struct slice s)
{
    size_t n = 0;
    while (n < s.n && ascii_alnum(s.p[s.n - 1 - n]))
        n++;
    return n;
}

/*
 * libhs looks for the last eight bytes of a literal, and asks for the rest where it finds them. " request" is in every
 * line of some logs: the last word is cut short so that three bytes before it are among the eight.
 */
static struct slice told_apart(struct slice s)
{
    enum { LOOKED_AT = 8, BEFORE = 3 };
    size_t word = length_of_last_word(s), most = LOOKED_AT - BEFORE;
    return word > most && s.n >= word + BEFORE ? slice_sub(s, 0, s.n - word + most) : s;
}

static void list_add(struct literal_list *l, const struct literal *lit)
{
    const struct slice text = told_apart(lit->text);
    l->text = xroom(l->text, l->n, sizeof *l->text);
    l->len = xroom(l->len, l->n, sizeof *l->len);
    l->flags = xroom(l->flags, l->n, sizeof *l->flags);
    l->ids = xroom(l->ids, l->n, sizeof *l->ids);
    l->text[l->n] = text.p;
    l->len[l->n] = text.n;
    l->flags[l->n] = lit->ignore_case ? HS_FLAG_CASELESS : 0; /* every place is reported: see the block */
    l->ids[l->n] = l->n;
    l->n++;
}

static void list_free(struct literal_list *l)
{
    free(l->text);
    free(l->len);
    free(l->flags);
    free(l->ids);
}

/* False: libhs would not have them; their owners are left to the other database. */
static bool build_literals(struct prefilter *s, const struct literal_list *l)
{
    hs_compile_error_t *err = NULL;
    if (!l->n)
        return true;
    if (hs_compile_lit_multi(l->text, l->flags, l->ids, l->len, l->n, HS_MODE_BLOCK, &s->platform, &s->literals,
                             &err) == HS_SUCCESS)
        return true;
    hs_free_compile_error(err);
    s->literals = NULL;
    return false;
}

/*
 * PREFILTER makes libhs accept what it cannot match exactly (lookarounds, back references) by matching a superset.
 * False: one pattern was refused and marked, try again without it.
 */
static bool build_regexes(struct prefilter *s, const struct prefilter_pattern *patterns, unsigned n_patterns,
                          const uint64_t *held)
{
    struct arena arena = {0};
    const char **regex = xcalloc(n_patterns, sizeof *regex);
    unsigned *flags = xcalloc(n_patterns, sizeof *flags), *ids = xcalloc(n_patterns, sizeof *ids), n = 0;
    for (unsigned i = 0, bit = 0; i < n_patterns; i++) {
        bit = bit_after(patterns, i, bit);
        if (has_bit(s->is_always, bit) || has_bit(held, i))
            continue;
        regex[n] = relax_pattern(patterns[i].regex, &arena).p;
        if (!regex[n]) {
            mark_always(s, bit);
            continue;
        }
        flags[n] = HS_FLAG_PREFILTER | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY |
                   (patterns[i].ignore_case ? HS_FLAG_CASELESS : 0);
        ids[n++] = bit;
    }
    hs_compile_error_t *err = NULL;
    hs_error_t rc =
        n ? hs_compile_multi(regex, flags, ids, n, HS_MODE_BLOCK, &s->platform, &s->regexes, &err) : HS_SUCCESS;
    int bad = rc != HS_SUCCESS && err ? err->expression : -1;
    for (unsigned i = 0; rc == HS_SUCCESS && i < n; i++)
        set_bit(s->is_regex, ids[i]);
    if (rc != HS_SUCCESS) {
        s->regexes = NULL;
        hs_free_compile_error(err);
        if (bad >= 0)
            mark_always(s, ids[bad]);
        for (unsigned i = 0; bad < 0 && i < n; i++) /* not one pattern's fault: go on without them */
            mark_always(s, ids[i]);
    }
    free(regex);
    free(flags);
    free(ids);
    arena_done(&arena);
    return rc == HS_SUCCESS || bad < 0;
}

/* Whether the bit has this literal from another pattern. */
static bool has_literal(const struct prefilter *s, const struct literal_list *l, unsigned bit,
                        const struct literal *lit)
{
    const struct slice text = told_apart(lit->text);
    unsigned flags = lit->ignore_case ? HS_FLAG_CASELESS : 0;
    for (unsigned i = l->n; i-- > 0 && s->owned[i].bit == bit;)
        if (l->flags[i] == flags && slice_eq(slice_of(l->text[i], l->len[i]), text))
            return true;
    return false;
}

static void add_literal(struct prefilter *s, struct literal_list *l, unsigned bit, const struct literal *lit)
{
    if (has_literal(s, l, bit, lit))
        return;
    list_add(l, lit);
    s->owned = xroom(s->owned, s->n_literals, sizeof *s->owned);
    s->owned[s->n_literals++] = (struct owned){.bit = bit, .n = (unsigned)l->len[l->n - 1]};
}

static void build(struct prefilter *s, const struct prefilter_pattern *patterns, unsigned n)
{
    struct arena arena = {0};
    struct literal_list list = {0};
    struct literal_census census = {0};
    for (unsigned i = 0; i < n; i++)
        literal_count(&census, patterns[i].regex, patterns[i].ignore_case, i);
    uint64_t *held = xcalloc(words_for(n), sizeof *held);
    for (unsigned i = 0, bit = 0; i < n; i++) {
        struct literals found;
        bit = bit_after(patterns, i, bit);
        if (has_bit(s->is_always, bit))
            continue;
        literal_find(patterns[i].regex, patterns[i].ignore_case, &census, &arena, &found);
        for (unsigned k = 0; k < found.n; k++)
            add_literal(s, &list, bit, &found.v[k]);
        if (found.n)
            set_bit(held, i);
    }
    if (!build_literals(s, &list))
        memset(held, 0, words_for(n) * sizeof *held);
    while (!build_regexes(s, patterns, n, held))
        ;
    s->owned = xrealloc(s->owned, s->n_literals ? s->n_literals : 1, sizeof *s->owned);
    list_free(&list);
    literal_census_done(&census);
    arena_done(&arena);
    free(held);
}
#endif

/*
 * The AVX-512 code of Vectorscan 5.4.9, which is Debian 12's, misses matches behind the first 64 bytes of a text; its
 * AVX2 code does not. So whatever the library, its code is asked before it is trusted.
 */
enum prefilter_code prefilter_probe(void)
{
#ifdef HAVE_HS
    hs_platform_info_t platform;
    if (!platform_of(PREFILTER_OWN, &platform))
        return PREFILTER_NONE;
    if (is_sound(hs_scan, &platform))
        return PREFILTER_OWN;
    bool has_avx2 = platform.cpu_features & HS_CPU_FEATURES_AVX2;
    platform.cpu_features = HS_CPU_FEATURES_AVX2;
    if (avx2_hs_scan && has_avx2 && is_sound(avx2_hs_scan, &platform))
        return PREFILTER_AVX2;
#endif
    return PREFILTER_NONE;
}

struct prefilter *prefilter_compile(enum prefilter_code code, const struct prefilter_pattern *patterns, unsigned n)
{
    struct prefilter *s = xcalloc(1, sizeof *s);
    bits_new(s, n);
    for (unsigned i = 0, bit = 0; i < n; i++) {
        bit = bit_after(patterns, i, bit);
        s->n = bit + 1;
        /* A pattern that sets its own modes ("(*UTF)") or holds a NUL is not one libhs reads the same way; an empty one
         * matches. */
        if (!patterns[i].regex.n || slice_starts(patterns[i].regex, SLICE("(*")) || slice_chr(patterns[i].regex, '\0'))
            mark_always(s, bit);
        if (!patterns[i].regex.n)
            mark_empty(s, bit);
    }
#ifdef HAVE_HS
    if (platform_of(code, &s->platform)) {
        s->scan = code == PREFILTER_AVX2 ? avx2_hs_scan : hs_scan;
        build(s, patterns, n);
        return s;
    }
#else
    (void)code;
#endif
    for (unsigned bit = 0; bit < s->n; bit++)
        mark_always(s, bit);
    return s;
}

/* Hits of what the part has not are passed over. */
struct prefilter *prefilter_part(const struct prefilter *whole, const unsigned *bits, unsigned n)
{
    struct prefilter *s = xcalloc(1, sizeof *s);
    *s = *whole;
    s->n = n;
    s->is_part = true;
    s->always = s->empty = 0;
    bits_new(s, n);
    s->bits = xcalloc(whole->n, sizeof *s->bits);
    s->owned = xcalloc(whole->n_literals, sizeof *s->owned);
    bool has_regexes = false;
    for (unsigned i = 0; i < whole->n; i++) {
        s->bits[i] = bits[i];
        if (bits[i] == PREFILTER_NO_BIT)
            continue;
        has_regexes |= has_bit(whole->is_regex, i);
        if (has_bit(whole->is_always, i))
            mark_always(s, bits[i]);
        if (has_bit(whole->is_empty, i))
            mark_empty(s, bits[i]);
    }
    for (unsigned i = 0; i < whole->n_literals; i++)
        s->owned[i] = (struct owned){.bit = bits[whole->owned[i].bit], .n = whole->owned[i].n};
#ifdef HAVE_HS
    if (!has_regexes)
        s->regexes = NULL;
#else
    (void)has_regexes;
#endif
    return s;
}

void prefilter_free(struct prefilter *s)
{
    if (!s)
        return;
#ifdef HAVE_HS
    if (!s->is_part) {
        hs_free_database(s->literals);
        hs_free_database(s->regexes);
    }
#endif
    free(s->owned);
    free(s->bits);
    free(s->is_always);
    free(s->is_empty);
    free(s->is_regex);
    free(s);
}

unsigned prefilter_always(const struct prefilter *s)
{
    return s->always;
}

struct prefilter_scratch *prefilter_scratch_new(void)
{
    return xcalloc(1, sizeof(struct prefilter_scratch));
}

void prefilter_scratch_fit(struct prefilter_scratch *x, const struct prefilter *s)
{
#ifdef HAVE_HS
    hs_database_t *const both[] = {s->literals, s->regexes};
    for (unsigned i = 0; i < 2; i++) {
        hs_error_t rc = both[i] ? hs_alloc_scratch(both[i], &x->hs) : HS_SUCCESS;
        assert(rc == HS_SUCCESS);
    }
#else
    (void)x;
    (void)s;
#endif
}

void prefilter_scratch_free(struct prefilter_scratch *x)
{
    if (!x)
        return;
#ifdef HAVE_HS
    hs_free_scratch(x->hs);
#endif
    free(x);
}

#ifdef HAVE_HS
static int prefilter_on_literal(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
    const struct hit_words *r = ctx;
    (void)from;
    (void)to;
    (void)flags;
    set_hit(r->word, r->owned[id].bit);
    return 0;
}

static int prefilter_on_regex(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
    const struct hit_words *r = ctx;
    (void)from;
    (void)to;
    (void)flags;
    set_hit(r->word, r->bits ? r->bits[id] : id);
    return 0;
}

static bool run(const struct prefilter *s, const hs_database_t *db, struct prefilter_scratch *x, struct slice text,
                match_event_handler on_match, struct hit_words *r)
{
    return !db || (text.n <= UINT32_MAX &&
                   s->scan(db, text.p ? text.p : "", (unsigned)text.n, 0, x->hs, on_match, r) == HS_SUCCESS);
}

bool prefilter_scan_regexes(const struct prefilter *s, struct prefilter_scratch *x, struct slice text,
                            struct hit_words *r)
{
    return run(s, s->regexes, x, text, prefilter_on_regex, r);
}
#endif

void prefilter_run(const struct prefilter *s, struct prefilter_scratch *x, struct slice text,
                   struct prefilter_hits *hits)
{
    unsigned words = words_for(s->n);
    assert(hits->n >= words);
    memcpy(hits->word, s->is_always, words * sizeof *hits->word);
#ifdef HAVE_HS
    struct hit_words r = {.owned = s->owned, .bits = s->bits, .word = hits->word};
    /* What libhs cannot take in one block is judged in full instead. */
    if (!run(s, s->literals, x, text, prefilter_on_literal, &r) || !prefilter_scan_regexes(s, x, text, &r))
        memset(hits->word, 0xff, words * sizeof *hits->word);
#else
    (void)x;
    (void)text;
#endif
}

#ifdef HAVE_HS
static int prefilter_on_any(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
    (void)id;
    (void)from;
    (void)to;
    (void)flags;
    (void)ctx;
    return 1; /* one is enough */
}
#endif

bool prefilter_is_literal(const struct prefilter *s)
{
#ifdef HAVE_HS
    return s->always == s->empty && !s->regexes;
#else
    (void)s;
    return false;
#endif
}

bool prefilter_maybe(const struct prefilter *s, struct prefilter_scratch *x, struct slice text)
{
#ifdef HAVE_HS
    if (prefilter_is_literal(s) && text.n <= UINT32_MAX)
        return s->literals && s->scan(s->literals, text.p ? text.p : "", (unsigned)text.n, 0, x->hs, prefilter_on_any,
                                      NULL) != HS_SUCCESS;
#endif
    (void)s;
    (void)x;
    (void)text;
    return true;
}

struct prefilter_hits prefilter_hits_new(unsigned patterns)
{
    unsigned words = words_for(patterns ? patterns : 1);
    return (struct prefilter_hits){.word = xcalloc(words, sizeof(uint64_t)), .n = words};
}

void prefilter_hits_done(struct prefilter_hits *h)
{
    free(h->word);
    *h = (struct prefilter_hits){0};
}

const char *prefilter_version(void)
{
#ifdef HAVE_HS
    return hs_version();
#else
    return "none";
#endif
}

const char *prefilter_code_note(enum prefilter_code code)
{
    if (code == PREFILTER_AVX2)
        return "(its code for AVX2, since that for AVX-512 misses matches)";
#ifdef HAVE_HS
    if (code == PREFILTER_NONE)
        return "(not used, since it misses matches)";
#endif
    return "";
}
