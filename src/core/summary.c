#include "core/summary.h"

#include "text/json.h"

struct rewrite {
    struct json json;
    const char *event_id;
    int64_t time_us;
    const struct event_summary *numbers;
};

/* Writes the new value of a member of contexts.crumbd, if it is one that changes. */
static bool replaced_number(struct rewrite *w, struct slice key)
{
    if (slice_is(key, "suppressed"))
        json_int(&w->json, (int64_t)w->numbers->suppressed);
    else if (slice_is(key, "first"))
        json_time(&w->json, w->numbers->first_us);
    else if (slice_is(key, "last"))
        json_time(&w->json, w->numbers->last_us);
    else
        return false;
    return true;
}

/* Writes the new value of a member, if it is one that changes. */
static bool replaced(struct rewrite *w, struct slice key, unsigned depth, bool in_crumbd)
{
    if (depth == 1 && slice_is(key, "event_id"))
        json_str(&w->json, slice_str(w->event_id));
    else if (depth == 1 && slice_is(key, "timestamp"))
        json_time(&w->json, w->time_us);
    else
        return in_crumbd && replaced_number(w, key);
    return true;
}

/* Bounded recursion: the reader caps depth at JSON_DEPTH_MAX. */
static void copy(struct rewrite *w, const struct json_node *n, unsigned depth, bool in_contexts, bool in_crumbd)
{
    switch (n->type) {
    case JSON_NULL: /* an event holds none */
    case JSON_BOOL:
        json_bool(&w->json, n->truth);
        break;
    case JSON_NUMBER:
        json_raw(&w->json, n->text);
        break;
    case JSON_STRING:
        json_str(&w->json, n->text);
        break;
    case JSON_ARRAY:
        json_array(&w->json);
        for (const struct json_node *c = n->child; c; c = c->next)
            copy(w, c, depth + 1, false, false);
        json_array_end(&w->json);
        break;
    case JSON_MAP:
        json_map(&w->json);
        for (const struct json_node *c = n->child; c; c = c->next) {
            json_key_s(&w->json, c->key);
            if (!replaced(w, c->key, depth, in_crumbd))
                copy(w, c, depth + 1, depth == 1 && slice_is(c->key, "contexts"),
                     in_contexts && slice_is(c->key, "crumbd"));
        }
        if (in_crumbd && w->numbers->top.n) {
            json_key(&w->json, "top");
            json_raw(&w->json, w->numbers->top);
        }
        json_map_end(&w->json);
        break;
    }
}

bool summary_write(struct slice payload, const char *event_id, int64_t time_us, const struct event_summary *numbers,
                   struct sbuf *out)
{
    struct arena a = {0};
    struct rewrite w = {.event_id = event_id, .time_us = time_us, .numbers = numbers};
    const struct json_node *root = json_tree(&a, payload);
    bool ok = root && root->type == JSON_MAP;
    if (ok) {
        json_start(&w.json, out);
        copy(&w, root, 1, false, false);
        json_end(&w.json);
    }
    arena_done(&a);
    return ok && !out->over;
}
