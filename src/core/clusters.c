#include "core/clusters.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/table.h"
#include "base/xalloc.h"
#include "core/log_template.h"
#include "core/recognise.h"

enum {
    SHAPES_MAX = 200000,    /* remembered */
    SHAPE_BYTES_MAX = 8192, /* of a message; longer ones have none */
    ID_MIN = 6,
    MEMORY_MAX = 64 << 20, /* beyond it a leaf has one example */
    TOKENS_MAX = 48,       /* of a template that are asked whether they vary */
    NAMES_MIN = 4,
    WORDS_MIN = 10,
    LITERALS_MIN = 2, /* words besides, without which anything would be alike */
};

struct leaf {
    struct cluster c;
    struct cluster_example examples[CLUSTERS_EXAMPLES];
    struct slice refined; /* its text, less what varies */
    unsigned cluster;
};

struct clusters {
    struct arena arena;
    struct log_template template;
    struct leaf **leaves;
    unsigned n_leaves;
    struct table by_text, by_shape; /* by_shape: of the leaf; in by_wide, of one that takes no more examples */
    struct table by_wide;
    struct joined **clusters; /* after clusters_refine */
    unsigned n_clusters;
    uint64_t n, lost;
};

/* --- shapes --- */

/* A number is one digit, and so is a long word of letters and digits in turn, whose letters vary as well; a name with a
 * number at its end may be a name of its own, as ssh2 is. */
static size_t end_word(char *word, size_t n)
{
    unsigned turns = 0;
    for (size_t i = 1; i < n; i++)
        turns += ascii_digit(word[i]) != ascii_digit(word[i - 1]);
    bool number = n && !turns && ascii_digit(word[0]), id = turns > 1 && n >= ID_MIN;
    if (!number && !id)
        return n;
    word[0] = number ? '0' : '#';
    return 1;
}

/* As much as a template looks at: two lines that are not empty. */
static struct slice looked_at(struct slice message)
{
    struct slice rest = message;
    for (unsigned lines = 0; rest.p && lines < 2;)
        lines += slice_trim(slice_split(&rest, '\n')).n > 0;
    return rest.p ? slice_sub(message, 0, (size_t)(rest.p - message.p)) : message;
}

/* Of a byte: recognise_word_byte, and ascii_digit. */
enum { BYTE_OF_WORD = 1, BYTE_DIGIT = 2 };

static const unsigned char byte_kind[256] = {['a' ... 'z'] = BYTE_OF_WORD,
                                             ['A' ... 'Z'] = BYTE_OF_WORD,
                                             ['_'] = BYTE_OF_WORD,
                                             ['0' ... '9'] = BYTE_OF_WORD | BYTE_DIGIT,
                                             [0x80 ... 0xff] = BYTE_OF_WORD};

/* A name with a number of many digits behind it is none of its own: blk_1073741825. How many there are stays, since
 * that may tell what the number is. */
static size_t end_wide_word(char *word, size_t n)
{
    size_t left = end_word(word, n), digits = 0;
    while (left == n && digits < n && ascii_digit(word[n - digits - 1]))
        digits++;
    if (digits >= ID_MIN)
        memset(word + n - digits, '0', digits);
    return left;
}

/* Of a UUID at p, where a word begins: some parts have digits and letters in turn, others one of these alone. */
static size_t uuid_at(const char *p, const char *e)
{
    enum { FIRST_PART = 8 };
    return e - p > FIRST_PART && p[FIRST_PART] == '-' ? recognise_uuid(p, e) : 0;
}

/* 0: it has none. Nobody gains by two shapes of one hash: it is his own log. A wide shape is that of more messages. */
static inline uint64_t shape_by(struct slice message, bool wide)
{
    static const struct hash_secret no_secret;
    struct slice text = looked_at(message);
    char shape[SHAPE_BYTES_MAX];
    size_t n = 0, word = 0;
    unsigned kinds = 0; /* of the bytes of the word: most have no digit, and stay */
    if (text.n > SHAPE_BYTES_MAX)
        return 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        unsigned kind = byte_kind[(unsigned char)c];
        if (wide && kind && n == word) {
            size_t uuid = uuid_at(text.p + i, text.p + text.n);
            i += uuid ? uuid - 1 : 0;
            c = uuid ? '\0' : c;
            kind = uuid ? BYTE_OF_WORD : kind;
        }
        if (!kind) {
            n = kinds & BYTE_DIGIT ? word + (wide ? end_wide_word : end_word)(shape + word, n - word) : n;
            word = n + 1;
            kinds = 0;
        }
        shape[n++] = c;
        kinds |= kind;
    }
    n = kinds & BYTE_DIGIT ? word + (wide ? end_wide_word : end_word)(shape + word, n - word) : n;
    return hash64(&no_secret, wide ? 2 : 1, slice_of(shape, n)) | 1;
}

/* --- leaves --- */

static void add_example(struct clusters *c, struct leaf *l, struct slice message)
{
    struct slice some = slice_sub(message, 0, CLUSTERS_EXAMPLE_BYTES);
    l->examples[l->c.n_examples++] =
        (struct cluster_example){.message = arena_dup(&c->arena, some), .number = c->n, .cut = some.n < message.n};
}

static struct leaf *leaf_new(struct clusters *c, struct slice text)
{
    if (c->n_leaves == CLUSTERS_MAX)
        return NULL;
    struct leaf *l = arena_calloc(&c->arena, 1, sizeof *l);
    l->c = (struct cluster){.text = arena_dup(&c->arena, text), .first = c->n, .examples = l->examples};
    l->cluster = c->n_leaves;
    c->leaves = xroom(c->leaves, c->n_leaves, sizeof *c->leaves);
    c->leaves[c->n_leaves++] = l;
    table_put(&c->by_text, hash128_low(HASH128_START, text), l);
    return l;
}

static bool has_room(const struct clusters *c, const struct leaf *l)
{
    return !l->c.n_examples || (l->c.n_examples < CLUSTERS_EXAMPLES && c->arena.total_bytes < MEMORY_MAX);
}

/* One that has its template, which now also knows the shape. */
static struct leaf *find_by_template(struct clusters *c, struct slice message, uint64_t shape, bool *fresh)
{
    log_template_message(message, &c->template);
    struct slice text = sbuf_slice(&c->template.text);
    struct leaf *l = table_get(&c->by_text, hash128_low(HASH128_START, text));
    l = l ? l : leaf_new(c, text);
    if (!l)
        return NULL;
    *fresh = has_room(c, l);
    if (*fresh)
        add_example(c, l, message);
    if (shape && c->by_shape.n < SHAPES_MAX)
        table_put(&c->by_shape, shape, l);
    return l;
}

/* Of a message whose shape is new. As long as its leaf looks for examples of other shapes, it is looked at; afterwards
 * a wide shape is enough. */
static struct leaf *find_leaf(struct clusters *c, struct slice message, uint64_t shape, bool *fresh)
{
    uint64_t wide = shape ? shape_by(message, true) : 0;
    struct leaf *l = wide ? table_get(&c->by_wide, wide) : NULL;
    if (l)
        return l;
    l = find_by_template(c, message, shape, fresh);
    if (l && wide && !has_room(c, l) && c->by_wide.n < SHAPES_MAX)
        table_put(&c->by_wide, wide, l);
    return l;
}

uint64_t clusters_shape(struct slice message)
{
    return shape_by(message, false);
}

int clusters_add(struct clusters *c, struct slice message, uint64_t shape, bool *fresh)
{
    bool dummy, *is_fresh = fresh ? fresh : &dummy;
    struct leaf *l = shape ? table_get(&c->by_shape, shape) : NULL;
    *is_fresh = false;
    l = l ? l : find_leaf(c, message, shape, is_fresh);
    c->n++;
    c->lost += !l;
    if (!l)
        return CLUSTERS_NONE;
    l->c.n++;
    return (int)l->cluster;
}

/* --- what varies --- */

struct tokens {
    struct slice v[TOKENS_MAX];
    uint64_t before[TOKENS_MAX + 1]; /* hash of those before each */
    uint64_t behind[TOKENS_MAX + 1]; /* of those from it on */
    unsigned n, literals;
    struct slice rest; /* behind the last */
};

static bool is_placeholder(struct slice s)
{
    return slice_starts(s, SLICE("<"));
}

static bool has_letters(struct slice s)
{
    unsigned n = 0;
    for (size_t i = 0; i < s.n && n < 2; i++)
        n = ascii_alpha(s.p[i]) ? n + 1 : 0;
    return n == 2;
}

static void read_tokens(struct slice text, struct tokens *t)
{
    t->n = t->literals = 0;
    t->rest = text;
    t->before[0] = 1;
    while (t->rest.p && t->n < TOKENS_MAX) {
        struct slice s = slice_split(&t->rest, ' ');
        t->literals += !is_placeholder(s) && has_letters(s);
        t->before[t->n + 1] = hash128_low((struct hash128){t->before[t->n], 0}, s);
        t->v[t->n++] = s;
    }
    t->behind[t->n] = hash128_low((struct hash128){t->n, 2}, t->rest);
    for (unsigned i = t->n; i-- > 0;)
        t->behind[i] = hash128_low((struct hash128){t->behind[i + 1], 3}, t->v[i]);
}

/* A name of parts: org.acme.Foo, environment:os.name=<*>, Outer$Inner; not the end of a sentence. */
static bool is_qualified(struct slice s)
{
    bool joined = false;
    for (size_t i = 1; i + 1 < s.n; i++) {
        bool mark = s.p[i] == '.' || s.p[i] == '$';
        joined |= mark && ascii_alpha(s.p[i - 1]) && ascii_alpha(s.p[i + 1]);
    }
    return joined;
}

static struct slice without_names(struct clusters *c, const struct tokens *t)
{
    struct sbuf b;
    unsigned names = 0, literals = t->literals;
    sbuf_init(&b, 2 * LOG_TEMPLATE_TEXT_MAX);
    for (unsigned i = 0; i < t->n; i++) {
        bool name = is_qualified(t->v[i]) && !is_placeholder(t->v[i]);
        names += name;
        literals -= name;
        sbuf_addf(&b, "%s%.*s", i ? " " : "", SLICE_ARG(name ? SLICE("<*>") : t->v[i]));
    }
    if (t->rest.p)
        sbuf_addf(&b, " %.*s", SLICE_ARG(t->rest));
    struct slice text = names && literals ? arena_dup(&c->arena, sbuf_slice(&b)) : SLICE_NONE;
    sbuf_done(&b);
    return text;
}

/* A place in a leaf's text, by what stands around it; or all of it, less its names. */
struct place {
    uint64_t around;
    struct leaf *leaf;
    unsigned at;
    unsigned n; /* how many differ there */
    struct slice text;
};

struct places {
    struct place *v;
    size_t n;
};

static void places_add(struct places *p, struct place one)
{
    p->v = xroom(p->v, p->n, sizeof *p->v);
    p->v[p->n++] = one;
}

static int clusters_by_around(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    if (a->around != b->around)
        return a->around < b->around ? -1 : 1;
    if (a->leaf != b->leaf)
        return a->leaf->cluster < b->leaf->cluster ? -1 : 1;
    return 0;
}

/* How many texts differ at each place: those of one text, joined before, count once. */
static void count_places(struct places *p)
{
    if (p->n)
        qsort(p->v, p->n, sizeof *p->v, clusters_by_around);
    for (size_t i = 0, k; i < p->n; i = k) {
        for (k = i; k < p->n && p->v[k].around == p->v[i].around;)
            k++;
        for (size_t j = i; j < k; j++)
            p->v[j].n = (unsigned)(k - i);
    }
}

static void join_names(struct clusters *c)
{
    struct places p = {0};
    for (unsigned i = 0; i < c->n_leaves; i++) {
        struct tokens t;
        read_tokens(c->leaves[i]->refined, &t);
        struct slice text = without_names(c, &t);
        if (text.n)
            places_add(&p, (struct place){hash128_low(HASH128_START, text), c->leaves[i], 0, 0, text});
    }
    count_places(&p);
    for (size_t i = 0; i < p.n; i++)
        if (p.v[i].n >= NAMES_MIN)
            p.v[i].leaf->refined = p.v[i].text;
    free(p.v);
}

static struct slice without_token(struct clusters *c, const struct tokens *t, unsigned at)
{
    struct sbuf b;
    sbuf_init(&b, 2 * LOG_TEMPLATE_TEXT_MAX);
    for (unsigned i = 0; i < t->n; i++)
        sbuf_addf(&b, "%s%.*s", i ? " " : "", SLICE_ARG(i == at ? SLICE("<*>") : t->v[i]));
    if (t->rest.p)
        sbuf_addf(&b, " %.*s", SLICE_ARG(t->rest));
    struct slice text = arena_dup(&c->arena, sbuf_slice(&b));
    sbuf_done(&b);
    return text;
}

static void places_of_words(struct places *p, struct leaf *l)
{
    struct tokens t;
    read_tokens(l->refined, &t);
    for (unsigned i = 0; i < t.n; i++) {
        bool literal = !is_placeholder(t.v[i]) && has_letters(t.v[i]);
        uint64_t around = hash128_low((struct hash128){t.before[i], t.behind[i + 1]}, SLICE_NONE);
        if (literal && t.literals > LITERALS_MIN)
            places_add(p, (struct place){.around = around, .leaf = l, .at = i});
    }
}

/* Of several places of a leaf the one where most differ, the first of these. */
static void join_words(struct clusters *c)
{
    struct places p = {0};
    struct place *best = xcalloc(c->n_leaves + 1, sizeof *best);
    for (unsigned i = 0; i < c->n_leaves; i++)
        places_of_words(&p, c->leaves[i]);
    count_places(&p);
    for (size_t i = 0; i < p.n; i++) {
        struct place *b = &best[p.v[i].leaf->cluster];
        if (p.v[i].n >= WORDS_MIN && (p.v[i].n > b->n || (p.v[i].n == b->n && p.v[i].at < b->at)))
            *b = p.v[i];
    }
    for (unsigned i = 0; i < c->n_leaves; i++) {
        struct tokens t;
        if (!best[i].n)
            continue;
        read_tokens(c->leaves[i]->refined, &t);
        c->leaves[i]->refined = without_token(c, &t, best[i].at);
    }
    free(best);
    free(p.v);
}

/* --- clusters --- */

struct joined {
    struct cluster c;
    struct cluster_example examples[CLUSTERS_EXAMPLES];
};

/* The first few of the first leaves. */
static void take_leaf(struct joined *to, const struct leaf *l)
{
    to->c.n += l->c.n;
    for (unsigned i = 0; i < l->c.n_examples && to->c.n_examples < CLUSTERS_EXAMPLES; i++)
        to->examples[to->c.n_examples++] = l->examples[i];
}

static struct joined *cluster_new(struct clusters *c, const struct leaf *l)
{
    struct joined *to = arena_calloc(&c->arena, 1, sizeof *to);
    to->c = (struct cluster){.text = l->refined, .first = l->c.first, .examples = to->examples};
    c->clusters = xroom(c->clusters, c->n_clusters, sizeof *c->clusters);
    c->clusters[c->n_clusters++] = to;
    return to;
}

void clusters_refine(struct clusters *c)
{
    struct table by_text = {0};
    for (unsigned i = 0; i < c->n_leaves; i++)
        c->leaves[i]->refined = c->leaves[i]->c.text;
    join_names(c);
    join_words(c);
    for (unsigned i = 0; i < c->n_leaves; i++) {
        struct leaf *l = c->leaves[i];
        uint64_t key = hash128_low(HASH128_START, l->refined);
        uintptr_t known = (uintptr_t)table_get(&by_text, key);
        struct joined *to = known ? c->clusters[known - 1] : cluster_new(c, l);
        if (!known)
            table_put(&by_text, key, (void *)(uintptr_t)c->n_clusters);
        l->cluster = known ? (unsigned)(known - 1) : c->n_clusters - 1;
        take_leaf(to, l);
    }
    table_done(&by_text);
}

unsigned clusters_count(const struct clusters *c)
{
    return c->clusters ? c->n_clusters : c->n_leaves;
}

const struct cluster *clusters_get(const struct clusters *c, unsigned i)
{
    return c->clusters ? &c->clusters[i]->c : &c->leaves[i]->c;
}

unsigned clusters_of(const struct clusters *c, int leaf)
{
    return c->leaves[leaf]->cluster;
}

uint64_t clusters_lost(const struct clusters *c)
{
    return c->lost;
}

struct clusters *clusters_new(const struct log_masks *masks)
{
    struct clusters *c = xcalloc(1, sizeof *c);
    log_template_init(&c->template);
    log_template_use(&c->template, 0, masks);
    return c;
}

void clusters_free(struct clusters *c)
{
    log_template_done(&c->template);
    table_done(&c->by_text);
    table_done(&c->by_shape);
    table_done(&c->by_wide);
    arena_done(&c->arena);
    free(c->leaves);
    free(c->clusters);
    free(c);
}
