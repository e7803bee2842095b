/*
 * cri: container log files of Kubernetes (containerd, CRI-O): "TIME STREAM P|F[:tag…] text", one space
 * between, the rest verbatim.
 *
 * P is a piece of a longer line; partial.h joins them before this parser, a piece met here has the field
 * `partial`. The text is read further when it is of a format of its own (nested.h).
 */
#include "parsers/nested.h"
#include "parsers/parsers.h"
#include "parsers/partial.h"

static bool cri_parse(struct parse_ctx *ctx, struct record *r)
{
    struct cri_line line;
    if (!cri_read(r->raw, &line)) {
        ctx->reason = "no line of a CRI log: time, stream, P or F, text";
        return false;
    }
    r->time_us = line.time_us;
    record_add(r, SLICE("stream"), line.stream, FIELD_STRING);
    if (line.partial)
        record_add(r, SLICE("partial"), SLICE("true"), FIELD_BOOL);
    nested_any(ctx, r, line.text, NESTED_PRINTED);
    return true;
}

static const char *cri_detect(struct slice line)
{
    struct cri_line read;
    return cri_read(line, &read) ? "a time, stdout or stderr, and P or F in front" : NULL;
}

const struct format_traits format_cri = {0};
const struct parser parser_cri = {.partial = PARTIAL_CRI, .detect = cri_detect, .parse = cri_parse};
