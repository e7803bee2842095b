#include "text/json_rewrite.h"

static void copy(const struct json_rewriter *r, struct json *json, const struct json_node *n, int place);

static void copy_map(const struct json_rewriter *r, struct json *json, const struct json_node *n, int place)
{
    json_map(json);
    for (const struct json_node *c = n->child; c; c = c->next) {
        int below = place == JSON_DEEPER ? JSON_DEEPER : r->member(r->u, place, c, json);
        if (below == JSON_LEFT_OUT)
            continue;
        json_key_s(json, c->key);
        copy(r, json, c, below);
    }
    if (place != JSON_DEEPER)
        r->end(r->u, place, json);
    json_map_end(json);
}

/* Bounded recursion: json_tree caps depth at JSON_DEPTH_MAX. */
static void copy(const struct json_rewriter *r, struct json *json, const struct json_node *n, int place)
{
    switch (n->type) {
    case JSON_NULL:
        json_raw(json, SLICE("null"));
        break;
    case JSON_BOOL:
        json_bool(json, n->truth);
        break;
    case JSON_NUMBER:
        json_raw(json, n->text);
        break;
    case JSON_STRING:
        json_str(json, n->text);
        break;
    case JSON_ARRAY:
        json_array(json);
        for (const struct json_node *c = n->child; c; c = c->next)
            copy(r, json, c, JSON_DEEPER);
        json_array_end(json);
        break;
    case JSON_MAP:
        copy_map(r, json, n, place);
        break;
    }
}

bool json_rewrite(struct slice text, const struct json_rewriter *r, struct sbuf *out)
{
    struct arena a = {0};
    struct json json;
    const struct json_node *root = json_tree(&a, text);
    bool ok = root && root->type == JSON_MAP;
    if (ok) {
        json_start(&json, out);
        copy(r, &json, root, JSON_ROOT);
        json_end(&json);
    }
    arena_done(&a);
    return ok && !out->over;
}
