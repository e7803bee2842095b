#include "parsers/otlp.h"

#include "text/json.h"

/* Of the semantic conventions: names that the json format knows by others. */
static const struct known {
    const char *otel, *name;
} known[] = {
    {"service.name", "service"},
    {"host.name", "hostname"},
    {"k8s.node.name", "hostname"},
    {"k8s.pod.name", "pod_name"},
    {"k8s.namespace.name", "namespace_name"},
    {"k8s.container.name", "container_name"},
    {"container.image.name", "image_name"},
    {"container.id", "container_id"},
    {"process.pid", "pid"},
    {"exception.type", "exception.type"},
};

struct walk {
    struct sbuf *out;
    void (*each)(void *u, struct slice record);
    void *u;
    unsigned n;
};

/* What stands once in front of many records costs each of them. */
enum { SHARED_MAX = 256 };

static struct slice name_of(struct slice otel, bool shared)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_is(otel, known[i].otel))
            return slice_str(known[i].name);
    return shared ? SLICE_NONE : otel;
}

/* AnyValue: {"stringValue":"…"} and its like. */
static void put_value(struct json *j, const struct json_node *any, size_t max)
{
    const struct json_node *v = any ? any->child : NULL;
    if (v && (v->type == JSON_STRING || v->type == JSON_NUMBER))
        json_str(j, slice_sub(v->text, 0, max));
    else if (v && v->type == JSON_BOOL)
        json_bool(j, v->truth);
    else
        json_str(j, SLICE_NONE);
}

static bool is_scalar(const struct json_node *any)
{
    const struct json_node *v = any && any->type == JSON_MAP ? any->child : NULL;
    return v && (v->type == JSON_STRING || v->type == JSON_NUMBER || v->type == JSON_BOOL);
}

/* shared: of the resource, of which only what says where a record is from is put into it. */
static void put_attributes(struct json *j, const struct json_node *of, bool shared)
{
    const struct json_node *list = json_get(of, "attributes");
    unsigned n = 0;
    for (const struct json_node *a = list ? list->child : NULL; a && n < OTLP_ATTRIBUTES_MAX; a = a->next, n++) {
        const struct json_node *key = json_get(a, "key"), *value = json_get(a, "value");
        struct slice name = key && key->type == JSON_STRING ? name_of(key->text, shared) : SLICE_NONE;
        if (!name.n || !is_scalar(value))
            continue;
        json_key_s(j, name);
        put_value(j, value, shared ? SHARED_MAX : SIZE_MAX);
    }
}

static void put_text(struct json *j, const char *key, const struct json_node *v)
{
    if (!v || v->type != JSON_STRING || !v->text.n)
        return;
    json_key(j, key);
    json_str(j, slice_sub(v->text, 0, SHARED_MAX));
}

/* Nanoseconds since 1970, as text or as a number. */
static bool read_time(const struct json_node *v, uint64_t *out_us)
{
    uint64_t ns;
    if (!v || (v->type != JSON_STRING && v->type != JSON_NUMBER) || !slice_u64(v->text, &ns) || ns == 0)
        return false;
    *out_us = ns / 1000;
    return true;
}

/* 1 to 24 in six groups of four. */
static const char *level_of(const struct json_node *number)
{
    static const char *const levels[] = {"trace", "debug", "info", "warn", "error", "fatal"};
    uint64_t n;
    return number && number->type == JSON_NUMBER && slice_u64(number->text, &n) && n >= 1 && n <= 24
               ? levels[(n - 1) / 4]
               : NULL;
}

static void put_record(struct json *j, const struct json_node *r)
{
    const struct json_node *body = json_get(r, "body");
    const char *level = level_of(json_get(r, "severityNumber"));
    uint64_t us;
    if (read_time(json_get(r, "timeUnixNano"), &us) || read_time(json_get(r, "observedTimeUnixNano"), &us)) {
        json_key(j, "timestamp");
        json_time(j, (int64_t)(us > INT64_MAX ? 0 : us));
    }
    if (level) {
        json_key(j, "level");
        json_str(j, slice_str(level));
    } else {
        put_text(j, "level", json_get(r, "severityText"));
    }
    json_key(j, "message");
    put_value(j, body && body->type == JSON_MAP ? body : NULL, SIZE_MAX);
    put_text(j, "trace_id", json_get(r, "traceId"));
    put_text(j, "span_id", json_get(r, "spanId"));
}

static void hand_on(struct walk *w, const struct json_node *resource, const struct json_node *scope,
                    const struct json_node *r)
{
    struct json j;
    sbuf_reset(w->out);
    json_start(&j, w->out);
    json_map(&j);
    put_record(&j, r);
    put_text(&j, "logger", json_get(scope, "name"));
    put_attributes(&j, resource, true);
    put_attributes(&j, r, false);
    json_map_end(&j);
    json_end(&j);
    w->each(w->u, w->out->over ? SLICE_NONE : sbuf_slice(w->out));
    w->n++;
}

static const struct json_node *list_of(const struct json_node *map, const char *key)
{
    const struct json_node *list = map && map->type == JSON_MAP ? json_get(map, key) : NULL;
    return list && list->type == JSON_ARRAY ? list->child : NULL;
}

static void walk_scopes(struct walk *w, const struct json_node *of)
{
    const struct json_node *resource = json_get(of, "resource");
    for (const struct json_node *s = list_of(of, "scopeLogs"); s; s = s->next)
        for (const struct json_node *r = list_of(s, "logRecords"); r && w->n < OTLP_RECORDS_MAX; r = r->next)
            if (r->type == JSON_MAP)
                hand_on(w, resource, json_get(s, "scope"), r);
}

/* --- protobuf --- */

enum { VARINT_MAX = 5, LENGTH_DELIMITED = 2, FIELDS_LOOKED_AT = 10000 };

/* Takes a field with a length off the front, whose number is at most `most`. */
static bool take_field(struct slice *s, unsigned most, struct slice *inside)
{
    uint64_t length = 0;
    size_t i = 1;
    unsigned char key = s->n ? (unsigned char)*s->p : 0, b = 0x80;
    if ((key & 7) != LENGTH_DELIMITED || key >> 3 == 0 || key >> 3 > most)
        return false;
    for (; b & 0x80 && i <= VARINT_MAX && i < s->n; i++) {
        b = (unsigned char)s->p[i];
        length |= (uint64_t)(b & 0x7f) << 7 * (i - 1);
    }
    if (b & 0x80 || length > s->n - i)
        return false;
    *inside = slice_sub(*s, i, i + length);
    slice_skip(s, i + length);
    return true;
}

static bool are_fields(struct slice s, unsigned most, struct slice *first)
{
    struct slice inside;
    unsigned n = 0;
    for (; s.n && n < FIELDS_LOOKED_AT; n++)
        if (!take_field(&s, most, n ? &inside : first))
            return false;
    return n > 0;
}

bool otlp_is_protobuf(struct slice bytes)
{
    struct slice resource, first;
    return are_fields(bytes, 1, &resource) && are_fields(resource, 3, &first);
}

/* --- JSON --- */

bool otlp_begins(struct slice text)
{
    text = slice_trim(text);
    if (!slice_starts(text, SLICE("{")))
        return false;
    return slice_starts(slice_trim(slice_from(text, 1)), SLICE("\"resourceLogs\""));
}

unsigned otlp_records(struct slice text, struct arena *a, struct sbuf *out, void (*each)(void *u, struct slice record),
                      void *u)
{
    struct walk w = {.out = out, .each = each, .u = u};
    const struct json_node *tree = json_tree(a, text);
    for (const struct json_node *r = list_of(tree, "resourceLogs"); r; r = r->next)
        if (r->type == JSON_MAP)
            walk_scopes(&w, r);
    return w.n;
}
