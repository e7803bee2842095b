/*
 * json_line: one JSON object per line, as bunyan, pino, winston, zap, logrus, zerolog, slog, Serilog (CLEF),
 * log4j2, logback, python-json-logger, structlog, klog, tracing and the ECS and Google layouts write it.
 *
 * Told by the names of the members (field_names.h), not by a guess at the library. Message, level, time, host, app
 * and pid become the record's; a stack becomes full_message; members of error objects become fields
 * `err.type` and so on, those of MDC-like objects fields of their own name; everything else is a field as it
 * stands, nested values as JSON text. null and empty strings are left out; of members with the same name the
 * last counts. A line that is no JSON at all is read as plain text or logfmt: what a runtime prints when it
 * crashes does not go through the logger.
 */
#include "parsers/parsers.h"
#include "parsers/field_map.h"
#include "parsers/nested.h"
#include "text/json.h"

enum { WALK_DEPTH = 3 };

static bool in_list(struct slice name, const char *const *list)
{
    for (; *list; list++)
        if (slice_ieq(name, slice_str(*list)))
            return true;
    return false;
}

/* Objects whose members become fields: with the object's name in front, or without. */
static const char *const error_objects[] = {"err",       "error",    "exception",       "exc", "thrown",
                                            "throwable", "exc_info", "ExceptionDetail", NULL};
static const char *const open_objects[] = {"mdc",     "contextMap", "Properties", "fields",      "extra", "context",
                                           "@fields", "attributes", "message",    "jsonPayload", NULL};

/* Objects that tell of the shipper itself, and one of which all that counts is taken out. */
static const char *const of_shippers[] = {"@metadata", "agent", "ecs", "container", NULL};

/* What shippers say of where a line is from: Fluent Bit, Vector, Filebeat. As which field it is known elsewhere. */
static const struct carried {
    const char *path, *name;
} carried[] = {
    {"kubernetes.pod_name", "pod_name"},
    {"kubernetes.pod.name", "pod_name"},
    {"kubernetes.namespace_name", "namespace_name"},
    {"kubernetes.pod_namespace", "namespace_name"},
    {"kubernetes.namespace", "namespace_name"},
    {"kubernetes.container_name", "container_name"},
    {"kubernetes.container.name", "container_name"},
    {"kubernetes.container_image", "image_name"},
    {"container.image.name", "image_name"},
    {"container.id", "container_id"},
    {"kubernetes.host", "hostname"},
    {"kubernetes.pod_node_name", "hostname"},
    {"kubernetes.node.name", "hostname"},
};

/* The container is the program where the line names none, and the node is the host, whatever the shipper calls itself.
 */
static void take_carried(struct field_map *w, const struct json_member *m)
{
    for (size_t i = 0; i < sizeof carried / sizeof *carried; i++) {
        struct slice name = slice_str(carried[i].name);
        if (!slice_is(m->name, carried[i].path))
            continue;
        if (slice_is(name, "hostname"))
            field_map_offer(w, name, m->value, FIELD_STRING, 0, FIELD_MAP_NO_FIELD);
        else
            field_map_put(w, name, m->value, FIELD_STRING);
        if (slice_is(name, "container_name"))
            field_map_offer(w, SLICE("service"), m->value, FIELD_STRING, FIELD_MAP_NESTED, FIELD_MAP_NO_FIELD);
    }
}

/* Filebeat's syslog input: {"log":{"syslog":{"severity":{"code":3},"appname":"shop","hostname":"web1","procid":"7"}}}
 */
static void take_syslog(struct field_map *w, struct slice name, const struct json_member *m)
{
    if (m->type == JSON_MAP && slice_is(name, "severity")) {
        const struct json_node *map = json_tree(w->ctx->arena, m->value), *code = map ? json_get(map, "code") : NULL;
        if (code && code->type == JSON_NUMBER)
            field_map_offer(w, SLICE("syslogseverity"), code->text, FIELD_NUMBER, 0, FIELD_MAP_NO_FIELD);
    } else if (m->type == JSON_STRING &&
               (slice_is(name, "appname") || slice_is(name, "hostname") || slice_is(name, "procid"))) {
        field_map_offer(w, name, m->value, FIELD_STRING, 0, FIELD_MAP_NO_FIELD);
    }
}

static bool nested(struct field_map *w, const struct json_member *m, enum field_type type)
{
    static const struct slice of_syslog = {"log.syslog.", 11};
    struct slice inside = m->name, outer = slice_split(&inside, '.'), json_line_member = inside;
    if (m->type == JSON_STRING && (slice_is(outer, "kubernetes") || slice_is(outer, "container")))
        take_carried(w, m);
    if (m->depth == 3 && slice_starts(m->name, of_syslog))
        take_syslog(w, slice_from(m->name, of_syslog.n), m);
    if (m->depth == 3 && in_list(outer, open_objects) && in_list(slice_split(&json_line_member, '.'), error_objects)) {
        /* Monolog: {"context":{"exception":{…}}} */
        field_map_offer(w, inside, m->value, type, FIELD_MAP_NESTED, field_map_put(w, inside, m->value, type));
        return true;
    }
    if (m->depth == 2 && in_list(outer, error_objects)) {
        field_map_offer(w, m->name, m->value, type, FIELD_MAP_NESTED, field_map_put(w, m->name, m->value, type));
    } else if (m->depth == 2 && in_list(outer, open_objects)) {
        if (m->type == JSON_MAP && in_list(inside, error_objects)) {
            w->error = m->value;
            return true;
        }
        struct slice name = record_field(w->r, inside) ? m->name : inside;
        field_map_offer(w, inside, m->value, type, FIELD_MAP_NESTED, field_map_put(w, name, m->value, type));
    } else {
        field_map_offer(w, m->name, m->value, type, FIELD_MAP_NESTED, FIELD_MAP_NO_FIELD);
    }
    return true;
}

static bool json_line_member(void *u, const struct json_member *m)
{
    static const enum field_type types[] = {[JSON_BOOL] = FIELD_BOOL,
                                            [JSON_NUMBER] = FIELD_NUMBER,
                                            [JSON_STRING] = FIELD_STRING,
                                            [JSON_MAP] = FIELD_JSON,
                                            [JSON_ARRAY] = FIELD_JSON};
    struct field_map *w = u;
    if (m->type == JSON_STRING && m->value.n == 0)
        field_map_empty(w, m->name);
    if (m->type == JSON_NULL || m->value.n == 0)
        return true;
    if (m->depth > 1)
        return nested(w, m, types[m->type]);
    if (m->type == JSON_MAP && in_list(m->name, error_objects))
        w->error = m->value;
    if (m->type == JSON_MAP && (in_list(m->name, error_objects) || in_list(m->name, open_objects)))
        return true;
    if (m->type == JSON_MAP && in_list(m->name, of_shippers))
        return true;
    field_map_offer(w, m->name, m->value, types[m->type], 0, field_map_put(w, m->name, m->value, types[m->type]));
    return true;
}

/*
 * The object behind half of one, whose writer died: the text of both is one line. In a string a quote is escaped, so
 * that nobody's words look so: the last brace and quote at which no member or element could stand. SLICE_NONE: none.
 */
static struct slice behind_half(struct slice s)
{
    ptrdiff_t at = slice_rfind(s, SLICE("{\""));
    bool half = at > 1 && !strchr(":,[{ \t\\", s.p[at - 1]);
    return half ? slice_from(s, (size_t)at) : SLICE_NONE;
}

static enum json_result read_object(struct field_map *w, struct slice s, unsigned n_fields, size_t *used)
{
    field_map_start(w, w->ctx, w->r);
    w->r->n_fields = n_fields;
    return json_members(s, w->ctx->arena, WALK_DEPTH, json_line_member, w, used);
}

/* Elasticsearch 7 writes the stack of an object in lines of their own, behind all that counts. */
static bool goes_on(const struct field_map *w, struct slice s)
{
    return slice_ends(slice_trim(s), SLICE(",")) && w->pick[ROLE_LEVEL].value.n && w->pick[ROLE_MESSAGE].value.n;
}

/* Of objects that two writers have put into one line that which is worst, or SLICE_NONE: it is not a line of these. */
static struct slice worst_of(struct field_map *w, struct slice s, unsigned n_fields)
{
    enum { OBJECTS_MAX = 8 };
    struct slice worst = SLICE_NONE;
    enum level level = LEVEL_NONE;
    for (int i = 0; i < OBJECTS_MAX && s.n; i++) {
        size_t used;
        if (read_object(w, s, n_fields, &used) != JSON_OK)
            return SLICE_NONE;
        enum level said = field_map_level(w);
        worst = !worst.n || said > level ? slice_sub(s, 0, used) : worst;
        level = said > level ? said : level;
        s = slice_trim(slice_from(s, used));
    }
    return s.n ? SLICE_NONE : worst;
}

/* Reads *s, mended where that helps. False: it is not one object. */
static bool read_line(struct field_map *w, struct slice *s)
{
    struct parse_ctx *ctx = w->ctx;
    struct record *r = w->r;
    unsigned n = r->n_fields;
    size_t used;
    enum json_result result = read_object(w, *s, n, &used);
    struct slice behind = result == JSON_BAD ? behind_half(*s) : SLICE_NONE;
    if (behind.n && read_object(w, behind, n, &used) == JSON_OK && used == behind.n) {
        ctx->bad_part = "half a line in front";
        r->raw = *s = behind;
        return true;
    }
    if (result == JSON_BAD) {
        *s = json_repair(ctx->arena, *s);
        result = read_object(w, *s, n, &used);
    }
    ctx->reason = result == JSON_TOO_DEEP ? "JSON nested too deep" : "not one JSON object";
    /* Of an object that was cut the members in front are whole. */
    if (result == JSON_INCOMPLETE)
        return (ctx->cut || r->piece || goes_on(w, *s)) && r->n_fields > n;
    struct slice rest = slice_trim(slice_from(*s, used));
    struct slice worst = result == JSON_OK && slice_starts(rest, SLICE("{\"")) ? worst_of(w, *s, n) : SLICE_NONE;
    if (worst.n && read_object(w, worst, n, &used) == JSON_OK) {
        ctx->bad_part = "several objects in a line";
        r->raw = *s = worst;
        return true;
    }
    return result == JSON_OK && (!rest.n || slice_is(rest, ",")); /* an element of a list, a line for each */
}

/* Docker's driver for Fluentd marks the pieces of a line that it cut, older ones all but the last. */
static bool is_piece(const struct record *r)
{
    return slice_is(record_value(r, "partial_message"), "true") && !slice_is(record_value(r, "partial_last"), "true");
}

/* Google's agents take the stream for the severity of a text. */
static bool is_printed(const struct field_map *w)
{
    struct slice log = record_value(w->r, "logName");
    return slice_is(w->pick[ROLE_MESSAGE].name, "textPayload") &&
           (slice_ends(log, SLICE("stderr")) || slice_ends(log, SLICE("stdout")));
}

static bool json_line_parse(struct parse_ctx *ctx, struct record *r)
{
    struct field_map w = {.ctx = ctx, .r = r};
    struct slice s = slice_trim(r->raw);
    if (!s.n) {
        ctx->reason = "empty message";
        return false;
    }
    if (*s.p != '{') {
        r->format = ctx->formats->detect(s) == FORMAT_LOGFMT ? FORMAT_LOGFMT : FORMAT_TEXT;
        return ctx->formats->parsers[r->format]->parse(ctx, r);
    }
    if (!read_line(&w, &s))
        return false;
    field_map_finish(&w);
    if (slice_ends(r->message, SLICE("\n"))) /* of the line that a collector brings */
        r->message.n--;
    if (r->message.n > 1 && *r->message.p == ' ' && !ascii_space(r->message.p[1])) /* rsyslog's, behind its tag */
        slice_skip(&r->message, 1);
    r->piece |= is_piece(r);
    r->truncated |= r->piece;
    /* Without a level it is no logger's record but a collector's, who brings what somebody has printed. */
    if ((r->level == LEVEL_NONE || is_printed(&w)) && !r->empty && r->message.p != r->raw.p)
        nested_any(ctx, r, r->message, NESTED_PRINTED);
    r->headed = r->level != LEVEL_NONE;
    return true;
}

static const char *json_line_detect(struct slice line)
{
    return *line.p == '{' ? "an object" : NULL;
}

const struct format_traits format_json_line = {0};
const struct parser parser_json_line = {
    .nesting = PARSER_NESTED_JSON, .detect = json_line_detect, .parse = json_line_parse};
