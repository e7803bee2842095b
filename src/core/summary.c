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

/* Where a member of the sample stands. */
enum place { ROOT, TAGS, CONTEXTS, CRUMBD, DEEPER };

static enum place below(enum place place, struct slice key)
{
    if (place == ROOT)
        return slice_is(key, "tags") ? TAGS : slice_is(key, "contexts") ? CONTEXTS : DEEPER;
    return place == CONTEXTS && slice_is(key, "crumbd") ? CRUMBD : DEEPER;
}

static bool is_one_of(struct slice key, const char *const *names)
{
    for (; *names; names++)
        if (slice_is(key, *names))
            return true;
    return false;
}

/* What is of the one occurrence that the sample was made from, and of no other. */
static bool is_of_one(enum place place, struct slice key)
{
    static const char *const members[] = {"request", "user", "breadcrumbs", "_meta", NULL};
    static const char *const tags[] = {"transaction_id", "crumbd.summary", NULL};
    static const char *const contexts[] = {"crumbd", "log", "container", NULL}; /* those that stay */
    switch (place) {
    case ROOT:
        return is_one_of(key, members);
    case TAGS:
        return is_one_of(key, tags);
    case CONTEXTS:
        return !is_one_of(key, contexts);
    default:
        return false;
    }
}

/* Writes the new value of a member, if it is one that changes. */
static bool replaced(struct rewrite *w, enum place place, struct slice key)
{
    if (place == ROOT && slice_is(key, "event_id"))
        json_str(&w->json, slice_str(w->event_id));
    else if (place == ROOT && slice_is(key, "timestamp"))
        json_time(&w->json, w->time_us);
    else
        return place == CRUMBD && replaced_number(w, key);
    return true;
}

/* "1234 more were held back": what a reader of the issue looks for first. */
static void put_breadcrumb(struct rewrite *w)
{
    struct sbuf text;
    sbuf_init(&text, 128);
    sbuf_addf(&text, "%llu more %s of this issue %s held back", (unsigned long long)w->numbers->suppressed,
              w->numbers->suppressed == 1 ? "occurrence" : "occurrences", w->numbers->suppressed == 1 ? "was" : "were");
    json_key(&w->json, "breadcrumbs");
    json_map(&w->json);
    json_key(&w->json, "values");
    json_array(&w->json);
    json_map(&w->json);
    json_key(&w->json, "timestamp");
    json_time(&w->json, w->time_us);
    json_key(&w->json, "type");
    json_str(&w->json, SLICE("info"));
    json_key(&w->json, "category");
    json_str(&w->json, SLICE("crumbd"));
    json_key(&w->json, "level");
    json_str(&w->json, SLICE("info"));
    json_key(&w->json, "message");
    json_str(&w->json, sbuf_slice(&text));
    json_key(&w->json, "data");
    json_map(&w->json);
    json_key(&w->json, "suppressed");
    json_int(&w->json, (int64_t)w->numbers->suppressed);
    json_map_end(&w->json);
    json_map_end(&w->json);
    json_array_end(&w->json);
    json_map_end(&w->json);
    sbuf_done(&text);
}

/* Writes what a summary has and its sample does not. */
static void put_own(struct rewrite *w, enum place place)
{
    if (place == CRUMBD && w->numbers->top.n) {
        json_key(&w->json, "top");
        json_raw(&w->json, w->numbers->top);
    }
    if (place == TAGS) {
        json_key(&w->json, "crumbd.summary");
        json_str(&w->json, SLICE("true"));
    }
    if (place == ROOT)
        put_breadcrumb(w);
}

static void copy(struct rewrite *w, const struct json_node *n, enum place place);

static void copy_map(struct rewrite *w, const struct json_node *n, enum place place)
{
    json_map(&w->json);
    for (const struct json_node *c = n->child; c; c = c->next) {
        if (is_of_one(place, c->key))
            continue;
        json_key_s(&w->json, c->key);
        if (!replaced(w, place, c->key))
            copy(w, c, below(place, c->key));
    }
    put_own(w, place);
    json_map_end(&w->json);
}

/* Bounded recursion: the reader caps depth at JSON_DEPTH_MAX. */
static void copy(struct rewrite *w, const struct json_node *n, enum place place)
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
            copy(w, c, DEEPER);
        json_array_end(&w->json);
        break;
    case JSON_MAP:
        copy_map(w, n, place);
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
        copy(&w, root, ROOT);
        json_end(&w.json);
    }
    arena_done(&a);
    return ok && !out->over;
}
