/* The tree of json.h, made by its reader. */
#include "text/json.h"

struct builder {
    struct arena *a;
    struct json_node *root;
    struct json_node *stack[JSON_DEPTH_MAX + 1];
    struct json_node *last[JSON_DEPTH_MAX + 1];
    unsigned depth;
    struct slice key;
};

static struct json_node *append(struct builder *b, int type)
{
    struct json_node *n = arena_calloc(b->a, 1, sizeof *n);
    n->type = type;
    if (b->depth == 0) {
        b->root = n;
        return n;
    }
    struct json_node *parent = b->stack[b->depth - 1], **last = &b->last[b->depth - 1];
    if (parent->type == JSON_MAP)
        n->key = b->key;
    if (*last)
        (*last)->next = n;
    else
        parent->child = n;
    *last = n;
    return n;
}

static bool json_tree_null(void *u)
{
    append(u, JSON_NULL);
    return true;
}

static bool json_tree_boolean(void *u, bool v)
{
    append(u, JSON_BOOL)->truth = v;
    return true;
}

static bool json_tree_number(void *u, struct slice v)
{
    struct builder *b = u;
    append(b, JSON_NUMBER)->text = arena_dup(b->a, v);
    return true;
}

static bool json_tree_string(void *u, struct slice v)
{
    struct builder *b = u;
    append(b, JSON_STRING)->text = arena_dup(b->a, v);
    return true;
}

static bool json_tree_key(void *u, struct slice v)
{
    struct builder *b = u;
    b->key = arena_dup(b->a, v);
    return true;
}

static bool push(struct builder *b, int type)
{
    struct json_node *n = append(b, type);
    b->stack[b->depth] = n;
    b->last[b->depth] = NULL;
    b->depth++;
    return true;
}

static bool json_tree_map(void *u)
{
    return push(u, JSON_MAP);
}

static bool json_tree_array(void *u)
{
    return push(u, JSON_ARRAY);
}

static bool json_tree_pop(void *u)
{
    ((struct builder *)u)->depth--;
    return true;
}

struct json_node *json_tree(struct arena *a, struct slice text)
{
    static const struct json_handler h = {json_tree_null,   json_tree_boolean, json_tree_number,
                                          json_tree_string, json_tree_map,     json_tree_key,
                                          json_tree_pop,    json_tree_array,   json_tree_pop};
    struct builder b = {.a = a};
    size_t used;
    if (json_read(text, &h, &b, &used) != JSON_OK || slice_trim(slice_from(text, used)).n)
        return NULL;
    return b.root;
}

const struct json_node *json_get(const struct json_node *map, const char *key)
{
    if (!map || map->type != JSON_MAP)
        return NULL;
    for (const struct json_node *n = map->child; n; n = n->next)
        if (slice_is(n->key, key))
            return n;
    return NULL;
}
