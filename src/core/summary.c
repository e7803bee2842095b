#include "core/summary.h"

#include "text/json_rewrite.h"

struct rewrite {
    const char *event_id;
    int64_t time_us;
    const struct event_summary *numbers;
};

/* Where a member of the sample stands. */
enum { ROOT = JSON_ROOT, TAGS, CONTEXTS, CRUMBD };

static bool is_one_of(struct slice key, const char *const *names)
{
    for (; *names; names++)
        if (slice_is(key, *names))
            return true;
    return false;
}

/* What is of the one occurrence that the sample was made from, and of no other. */
static bool is_of_one(int place, struct slice key)
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

/* Writes a member anew, if it is one that changes. */
static bool replaced(const struct rewrite *w, int place, struct slice key, struct json *json)
{
    static const char *const at_root[] = {"event_id", "timestamp", NULL}, *const in_crumbd[] = {"suppressed", "first",
                                                                                                "last", NULL};
    if (!(place == ROOT && is_one_of(key, at_root)) && !(place == CRUMBD && is_one_of(key, in_crumbd)))
        return false;
    json_key_s(json, key);
    if (slice_is(key, "event_id"))
        json_str(json, slice_str(w->event_id));
    else if (slice_is(key, "suppressed"))
        json_int(json, (int64_t)w->numbers->suppressed);
    else
        json_time(json, slice_is(key, "first")  ? w->numbers->first_us
                        : slice_is(key, "last") ? w->numbers->last_us
                                                : w->time_us);
    return true;
}

/* "1234 more were held back": what a reader of the issue looks for first. */
static void put_breadcrumb(const struct rewrite *w, struct json *json)
{
    struct sbuf text;
    sbuf_init(&text, 128);
    sbuf_addf(&text, "%llu more %s of this issue %s held back", (unsigned long long)w->numbers->suppressed,
              w->numbers->suppressed == 1 ? "occurrence" : "occurrences", w->numbers->suppressed == 1 ? "was" : "were");
    json_key(json, "breadcrumbs");
    json_map(json);
    json_key(json, "values");
    json_array(json);
    json_map(json);
    json_key(json, "timestamp");
    json_time(json, w->time_us);
    json_key(json, "type");
    json_str(json, SLICE("info"));
    json_key(json, "category");
    json_str(json, SLICE("crumbd"));
    json_key(json, "level");
    json_str(json, SLICE("info"));
    json_key(json, "message");
    json_str(json, sbuf_slice(&text));
    json_key(json, "data");
    json_map(json);
    json_key(json, "suppressed");
    json_int(json, (int64_t)w->numbers->suppressed);
    json_map_end(json);
    json_map_end(json);
    json_array_end(json);
    json_map_end(json);
    sbuf_done(&text);
}

static int member(void *u, int place, const struct json_node *m, struct json *json)
{
    if (is_of_one(place, m->key) || replaced(u, place, m->key, json))
        return JSON_LEFT_OUT;
    if (place == ROOT)
        return slice_is(m->key, "tags") ? TAGS : slice_is(m->key, "contexts") ? CONTEXTS : JSON_DEEPER;
    return place == CONTEXTS && slice_is(m->key, "crumbd") ? CRUMBD : JSON_DEEPER;
}

/* Writes what a summary has and its sample does not. */
static void end(void *u, int place, struct json *json)
{
    const struct rewrite *w = u;
    if (place == CRUMBD && w->numbers->top.n) {
        json_key(json, "top");
        json_raw(json, w->numbers->top);
    }
    if (place == TAGS) {
        json_key(json, "crumbd.summary");
        json_str(json, SLICE("true"));
    }
    if (place == ROOT)
        put_breadcrumb(w, json);
}

bool summary_write(struct slice payload, const char *event_id, int64_t time_us, const struct event_summary *numbers,
                   struct sbuf *out)
{
    struct rewrite w = {.event_id = event_id, .time_us = time_us, .numbers = numbers};
    return json_rewrite(payload, &(struct json_rewriter){.member = member, .end = end, .u = &w}, out);
}
