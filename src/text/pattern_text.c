#include "text/pattern_text.h"

#include "text/pattern_tree.h"

/* STEPS_MAX: groups of nothing, counted inside each other, write no byte that would end it. */
enum { COUNT_MAX = 64, STEPS_MAX = 50000 };

struct writing {
    struct sbuf *out;
    uint64_t chance; /* 0: none, the shortest text */
    unsigned steps;
};

/* From 0 to most - 1; 0 where there is no chance. */
static unsigned choose(struct writing *w, unsigned most)
{
    if (!w->chance)
        return 0;
    w->chance = hash_mix(w->chance, 1);
    return (unsigned)(w->chance % most);
}

/* What reads like a word or a number comes first, and blanks last. */
static char byte_of(struct writing *w, const struct pattern_set *s)
{
    static const char *const kinds[] = {
        "abcdefghijklmnopqrstuvwxyz",         "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "/-_.:=,;+*()[]{}<>\"'|!#$%&?@\\^`~", " ",          "\t\n"};
    bool ascii = s->bits[0] | s->bits[1];
    for (unsigned k = 0; ascii && k < sizeof kinds / sizeof *kinds; k++) {
        size_t n = strlen(kinds[k]), from = choose(w, (unsigned)n);
        for (size_t i = 0; i < n; i++)
            if (pattern_set_has(s, (unsigned char)kinds[k][(from + i) % n]))
                return kinds[k][(from + i) % n];
    }
    for (unsigned i = 0; i < 4; i++) {
        uint64_t bits = i ? s->bits[i] : s->bits[0] & ~UINT64_C(1);
        if (bits)
            return (char)(64 * i + (unsigned)__builtin_ctzll(bits));
    }
    return 'a';
}

static unsigned count_of(struct writing *w, const struct pattern_node *n)
{
    unsigned more = n->many ? 6 : !n->min ? 2 : 1;
    unsigned count = n->min + choose(w, more);
    return count < COUNT_MAX ? count : COUNT_MAX;
}

static const struct pattern_branch *branch_of(struct writing *w, const struct pattern_branch *first)
{
    unsigned n = 0;
    for (const struct pattern_branch *b = first; b; b = b->next)
        n++;
    for (unsigned i = choose(w, n); i; i--)
        first = first->next;
    return first;
}

/* As deep as the tree, which is bounded. */
static void write_nodes(struct writing *w, const struct pattern_node *n)
{
    for (; n && !w->out->over; n = n->next)
        for (unsigned count = count_of(w, n); count && !w->out->over && w->steps < STEPS_MAX; count--, w->steps++)
            if (!n->is_group)
                sbuf_addc(w->out, byte_of(w, &n->set));
            else if (n->branches)
                write_nodes(w, branch_of(w, n->branches)->first);
}

bool pattern_text(struct slice pattern, unsigned number, struct sbuf *out)
{
    struct arena a = {0};
    struct writing w = {.out = out, .chance = number};
    const struct pattern_branch *all = pattern_tree(pattern, &a);
    if (all)
        write_nodes(&w, branch_of(&w, all)->first);
    arena_done(&a);
    return all && !out->over && w.steps < STEPS_MAX;
}
