#include "core/contains.h"

#include <stdio.h>

struct compare {
    struct sbuf path;
    const char *what;
    struct mismatch *m;
};

static bool differ(struct compare *c, const struct conf_node *want, struct slice got, const char *how)
{
    struct mismatch *m = c->m;
    m->node = want;
    snprintf(m->text, sizeof m->text, "%s%s%s: %s%.*s", c->what, c->path.n ? "." : "", sbuf_cstr(&c->path), how,
             SLICE_ARG(slice_sub(got, 0, 200)));
    return false;
}

static struct slice json_words(const struct json_node *n)
{
    switch (n->type) {
    case JSON_BOOL:
        return n->truth ? SLICE("true") : SLICE("false");
    case JSON_NULL:
        return SLICE("null");
    case JSON_MAP:
        return SLICE("a map");
    case JSON_ARRAY:
        return SLICE("a list");
    default:
        return n->text;
    }
}

static bool holds(struct compare *c, const struct conf_node *want, const struct json_node *got);

static bool contains_map(struct compare *c, const struct conf_node *want, const struct json_node *got)
{
    for (const struct conf_node *w = want->child; w; w = w->next) {
        size_t mark = c->path.n;
        const struct json_node *g = got->child;
        while (g && !slice_eq(g->key, w->key))
            g = g->next;
        sbuf_addf(&c->path, "%s%.*s", mark ? "." : "", SLICE_ARG(w->key));
        if (!g)
            return differ(c, w, slice_str(c->what), "is not in the ");
        if (!holds(c, w, g))
            return false;
        c->path.n = mark;
    }
    return true;
}

static bool contains_list(struct compare *c, const struct conf_node *want, const struct json_node *got)
{
    const struct conf_node *w = want->child;
    const struct json_node *g = got->child;
    for (unsigned i = 0; w && g; w = w->next, g = g->next, i++) {
        size_t mark = c->path.n;
        sbuf_addf(&c->path, "[%u]", i);
        if (!holds(c, w, g))
            return false;
        c->path.n = mark;
    }
    if (w)
        return differ(c, w, SLICE_NONE, "the list is shorter");
    return g ? differ(c, want, json_words(g), "the list has also ") : true;
}

/* Scalars are compared as text: a sample may say 111 where the payload has "111". */
static bool holds(struct compare *c, const struct conf_node *want, const struct json_node *got)
{
    if (want->type == CONF_MAP)
        return got->type == JSON_MAP ? contains_map(c, want, got)
                                     : differ(c, want, json_words(got), "is not a map but ");
    if (want->type == CONF_LIST)
        return got->type == JSON_ARRAY ? contains_list(c, want, got)
                                       : differ(c, want, json_words(got), "is not a list but ");
    if (got->type == JSON_MAP || got->type == JSON_ARRAY || !slice_eq(want->text, json_words(got)))
        return differ(c, want, json_words(got), "is ");
    return true;
}

bool contains(const struct conf_node *want, const struct json_node *got, const char *what, struct mismatch *m)
{
    struct compare c = {.what = what, .m = m};
    sbuf_init(&c.path, 1024);
    bool ok = holds(&c, want, got);
    sbuf_done(&c.path);
    return ok;
}
