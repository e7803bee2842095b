/*
 * docker: the json-file log driver: {"log":"text\n","stream":"stderr","time":"RFC 3339","attrs":{…}}.
 *
 * A line longer than 16 KiB comes in pieces without LF, which partial.h joins before this parser; a piece met
 * here has the field `partial`. The text is read further when it is of a format of its own (nested.h). `attrs`
 * (labels, env, tag) become fields.
 */
#include "parsers/nested.h"
#include "parsers/parsers.h"
#include "parsers/partial.h"

static bool docker_parse(struct parse_ctx *ctx, struct record *r)
{
    struct docker_line line;
    if (!docker_read(ctx->arena, r->raw, r, &line)) {
        ctx->reason = "no line of Docker's json-file driver: log, stream, time";
        return false;
    }
    r->time_us = line.time_us;
    record_add(r, SLICE("stream"), line.stream, FIELD_STRING);
    if (line.partial)
        record_add(r, SLICE("partial"), SLICE("true"), FIELD_BOOL);
    nested_any(ctx, r, line.text, NESTED_PRINTED);
    return true;
}

static bool has(struct slice s, struct slice needle)
{
    return slice_find(s, needle) >= 0;
}

/* What the driver writes behind the text, which may be long: the stream and the time, as RFC 3339. */
static bool has_marks(struct slice line)
{
    struct slice end = slice_from(line, line.n > PARSER_FRONT_BYTES ? line.n - PARSER_FRONT_BYTES : 0), time = end;
    ptrdiff_t at = slice_find(end, SLICE("\"time\":"));
    /* With that it is Fluent Bit's, which says more. In a text its quotes are escaped. */
    if (at < 0 || has(line, SLICE("\"kubernetes\":")) || !has(parser_front(line), SLICE("\"log\"")) ||
        !(has(end, SLICE("\"stream\":\"std")) || has(end, SLICE("\"stream\": \"std"))))
        return false;
    time = slice_trim(slice_from(time, (size_t)at + 7));
    return time.n > 20 && time.p[0] == '"' && time.p[11] == 'T';
}

static const char *docker_detect(struct slice line)
{
    return *line.p == '{' && has_marks(line) ? "an object with log, stream and an RFC 3339 time" : NULL;
}

const struct format_traits format_docker = {0};
const struct parser parser_docker = {
    .nesting = PARSER_NESTED_JSON, .partial = PARTIAL_DOCKER, .detect = docker_detect, .parse = docker_parse};
