/* envelope: what one crumbd hands to another is no line of a log: it is taken up as it is (core/pipeline_taken.c), and
 * no line is of it. */
#include "parsers/parsers.h"

static const char *envelope_detect(struct slice line)
{
    (void)line;
    return NULL;
}

static bool envelope_parse(struct parse_ctx *ctx, struct record *r)
{
    (void)r;
    ctx->reason = "an envelope is not parsed";
    return false;
}

const struct parser parser_envelope = {.detect = envelope_detect, .parse = envelope_parse};
const struct format_traits format_envelope = {.made = true};
