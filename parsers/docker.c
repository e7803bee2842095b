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

static bool parse(struct parse_ctx *ctx, struct record *r)
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
    nested_any(ctx, r, line.text);
    return true;
}

const struct parser parser_docker = {.name = "docker", .format = FORMAT_DOCKER, .head = NULL, .parse = parse};
