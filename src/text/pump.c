#include "text/pump.h"

#include <stdlib.h>

#include "base/sbuf.h"
#include "text/pattern_tree.h"

enum { COUNT_MAX = 32, PREFIX_MAX = 2048, PIECE_MAX = 256 };

struct pump {
    pump_f *each;
    void *u;
    unsigned tried;
    bool done;
    size_t text_bytes;
    struct sbuf text;
    struct sbuf whole; /* a text that the pattern matches, behind a byte that ends all repeats: the matcher looks first
                          whether a byte that it needs is there at all */
};

/* Bytes that many sets have come first, so that neighbours get the same one. */
static char pick(const struct pattern_set *s)
{
    static const char liked[] = "a1 A.,:;/-_=\"'x";
    for (unsigned i = 0; i < sizeof liked - 1; i++)
        if (pattern_set_has(s, (unsigned char)liked[i]))
            return liked[i];
    for (unsigned c = ' '; c < 256; c++)
        if (pattern_set_has(s, (unsigned char)c))
            return (char)c;
    for (unsigned c = 0; c < ' '; c++)
        if (pattern_set_has(s, (unsigned char)c))
            return (char)c;
    return 'a';
}

/* A text that the nodes up to `end` match; `full`: with one of what may be missing. Counts are only kept near the top.
 */
static void put(struct sbuf *out, const struct pattern_node *n, const struct pattern_node *end, bool full,
                unsigned depth)
{
    for (; n != end; n = n->next) {
        unsigned count = full && !n->min ? 1 : n->min, most = depth < 2 ? COUNT_MAX : 1;
        for (unsigned i = 0; i < count && i < most && !out->over; i++)
            if (!n->is_group)
                sbuf_addc(out, pick(&n->set));
            else if (n->branches)
                put(out, n->branches->first, NULL, full, depth + 1);
    }
}

/* Many times in a row, to `bytes` at most; by copying twice as much each time. */
static void put_many(struct sbuf *out, struct slice pumped, size_t bytes)
{
    size_t want = bytes / pumped.n * pumped.n, have = pumped.n;
    char *room = sbuf_room(out, want);
    if (!room || !want)
        return;
    memcpy(room, pumped.p, pumped.n);
    for (size_t n; have < want; have += n) {
        n = have < want - have ? have : want - have;
        memcpy(room + have, room, n);
    }
    out->n += want;
}

static void try_text(struct pump *p, struct slice prefix, struct slice pumped)
{
    const struct slice ends[] = {SLICE(""), SLICE("\n\001"), sbuf_slice(&p->whole)};
    if (!pumped.n || prefix.n + 2 * pumped.n + p->whole.n > p->text_bytes)
        return;
    for (unsigned i = 0; i < 3 && !p->done && p->tried < PUMPS_MAX; i++, p->tried++) {
        struct slice end = ends[i];
        sbuf_reset(&p->text);
        sbuf_adds(&p->text, prefix);
        put_many(&p->text, pumped, p->text_bytes - prefix.n - end.n);
        sbuf_adds(&p->text, end);
        p->done = p->each(p->u, sbuf_slice(&p->text), pumped);
    }
}

static void try_nodes(struct pump *p, struct slice prefix, const struct pattern_node *from,
                      const struct pattern_node *end)
{
    for (unsigned full = 0; full < 2; full++) {
        struct sbuf piece;
        sbuf_init(&piece, PIECE_MAX);
        put(&piece, from, end, full, 0);
        if (!piece.over)
            try_text(p, prefix, sbuf_slice(&piece));
        sbuf_done(&piece);
    }
}

/* Two repeats, and whatever must stand between them, can take the same bytes: one that all have. */
static void try_common(struct pump *p, struct slice prefix, const struct pattern_node *from,
                       const struct pattern_node *last)
{
    struct pattern_set common = from->set;
    for (const struct pattern_node *n = from; n != last->next; n = n->next)
        for (unsigned i = 0; i < 4 && (n->min || n == last); i++)
            common.bits[i] &= n->is_group ? 0 : n->set.bits[i];
    char c = pick(&common);
    if (!pattern_set_is_empty(&common))
        try_text(p, prefix, slice_of(&c, 1));
}

static void walk(struct pump *p, struct slice before, const struct pattern_branch *b, unsigned depth);

static void walk_nodes(struct pump *p, struct slice before, const struct pattern_node *first, unsigned depth)
{
    struct sbuf prefix;
    sbuf_init(&prefix, PREFIX_MAX);
    sbuf_adds(&prefix, before);
    for (const struct pattern_node *n = first; n && !p->done && !prefix.over; n = n->next) {
        struct slice front = sbuf_slice(&prefix);
        for (const struct pattern_branch *b = n->branches; b; b = b->next)
            try_nodes(p, front, b->first, NULL);
        if (n->many && !n->is_group)
            try_nodes(p, front, n, n->next);
        for (const struct pattern_node *m = n->many ? n->next : NULL; m; m = m->next) {
            if (!m->many)
                continue;
            try_nodes(p, front, n->next, m);
            try_common(p, front, n, m);
        }
        if (n->branches) {
            try_nodes(p, front, n, NULL);
            walk(p, front, n->branches, depth + 1);
        }
        struct sbuf own;
        sbuf_init(&own, PREFIX_MAX);
        put(&own, n, n->next, true, 0);
        sbuf_adds(&prefix, sbuf_slice(&own));
        sbuf_done(&own);
    }
    sbuf_done(&prefix);
}

static void walk(struct pump *p, struct slice before, const struct pattern_branch *b, unsigned depth)
{
    for (; b && depth <= PATTERN_NESTING_MAX && !p->done; b = b->next)
        walk_nodes(p, before, b->first, depth);
}

void pump_each(struct slice pattern, size_t text_bytes, pump_f *each, void *u)
{
    struct arena a = {0};
    struct pump p = {.each = each, .u = u, .text_bytes = text_bytes};
    const struct pattern_branch *all = pattern_tree(pattern, &a);
    sbuf_init(&p.text, text_bytes + 1);
    sbuf_init(&p.whole, PREFIX_MAX);
    sbuf_adds(&p.whole, SLICE("\n\001"));
    put(&p.whole, all ? all->first : NULL, NULL, true, 0);
    walk(&p, SLICE_NONE, all, 0);
    sbuf_done(&p.text);
    sbuf_done(&p.whole);
    arena_done(&a);
}
