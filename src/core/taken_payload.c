#include "core/taken_payload.h"

#include "core/fold.h"
#include "text/json_rewrite.h"

/* What is left out of the event itself, and who writes what stands in its place. */
struct rewrite {
    const char *const *without; /* the last is NULL */
    void (*members)(const struct rewrite *w, struct json *json);
    void (*crumbd)(const struct rewrite *w, struct json *json);
    const struct verdict *v;
    struct slice kind;
    bool contexts; /* there were some */
};

enum { CONTEXTS = JSON_ROOT + 1 };

static int member(void *u, int place, const struct json_node *m, struct json *json)
{
    struct rewrite *w = u;
    (void)json;
    if (place == CONTEXTS)
        return slice_is(m->key, "crumbd") ? JSON_LEFT_OUT : JSON_DEEPER;
    for (const char *const *name = w->without; *name; name++)
        if (slice_is(m->key, *name))
            return JSON_LEFT_OUT;
    if (!slice_is(m->key, "contexts") || m->type != JSON_MAP)
        return JSON_DEEPER;
    if (w->contexts)
        return JSON_LEFT_OUT; /* a second one */
    w->contexts = true;
    return CONTEXTS;
}

static void put_crumbd(const struct rewrite *w, struct json *json)
{
    json_key(json, "crumbd");
    json_map(json);
    w->crumbd(w, json);
    json_map_end(json);
}

static void end(void *u, int place, struct json *json)
{
    const struct rewrite *w = u;
    if (place == CONTEXTS) {
        put_crumbd(w, json);
        return;
    }
    if (!w->contexts) {
        json_key(json, "contexts");
        json_map(json);
        put_crumbd(w, json);
        json_map_end(json);
    }
    w->members(w, json);
}

static bool rewrite(struct rewrite *w, struct slice payload, struct sbuf *out)
{
    return json_rewrite(payload, &(struct json_rewriter){.member = member, .end = end, .u = w}, out);
}

static void taken_payload_no_members(const struct rewrite *w, struct json *json)
{
    (void)w, (void)json;
}

static void taken_payload_numbers(const struct rewrite *w, struct json *json)
{
    (void)w;
    json_key(json, "summary");
    json_bool(json, true);
    json_key(json, "suppressed");
    json_int(json, 1);
    json_key(json, "first");
    json_time(json, 0);
    json_key(json, "last");
    json_time(json, 0);
}

bool taken_payload_sample(struct slice payload, struct sbuf *out)
{
    static const char *const without[] = {"breadcrumbs", "_meta", NULL};
    struct rewrite w = {.without = without, .members = taken_payload_no_members, .crumbd = taken_payload_numbers};
    return rewrite(&w, payload, out);
}

static void taken_payload_fold_members(const struct rewrite *w, struct json *json)
{
    json_key(json, "fingerprint");
    json_array(json);
    for (unsigned i = 0; i < w->v->n_fingerprint; i++)
        json_str(json, w->v->fingerprint[i]);
    json_array_end(json);
    json_key(json, "exception");
    json_map(json);
    json_key(json, "values");
    json_array(json);
    json_map(json);
    json_key(json, "type");
    json_str(json, w->v->texts->type);
    json_key(json, "value");
    json_str(json, w->v->texts->value);
    json_map_end(json);
    json_array_end(json);
    json_map_end(json);
}

static void taken_payload_kind(const struct rewrite *w, struct json *json)
{
    json_key(json, "kind");
    json_str(json, w->kind);
}

bool taken_payload_fold(struct slice payload, const struct verdict *v, struct slice kind, struct sbuf *out)
{
    static const char *const without[] = {"fingerprint", "exception", "logentry", "message", "threads", "_meta", NULL};
    struct rewrite w = {
        .without = without, .members = taken_payload_fold_members, .crumbd = taken_payload_kind, .v = v, .kind = kind};
    return rewrite(&w, payload, out);
}
