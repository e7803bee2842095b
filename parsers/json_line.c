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

static bool nested(struct field_map *w, const struct json_member *m, enum field_type type)
{
    struct slice inside = m->name, outer = slice_split(&inside, '.'), json_line_member = inside;
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
        return (ctx->cut || r->piece) && r->n_fields > n;
    return result == JSON_OK && !slice_trim(slice_from(*s, used)).n;
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
    /* Without a level it is no logger's record but a collector's, who brings what somebody has printed. */
    if (r->level == LEVEL_NONE && !r->empty && r->message.p != r->raw.p)
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
