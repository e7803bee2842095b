#include "parsers/nested.h"

static bool near(int64_t a, int64_t b)
{
    static const int64_t NEAR_US = 600 * STAMP_SECOND;
    return a > b ? a - b < NEAR_US : b - a < NEAR_US;
}

/*
 * Programs in containers mostly write UTC, whatever the zone of their host is, and few name it. The carrier knows what
 * time it is: when read in the zone the text would be hours off, and in UTC it is not, it is UTC.
 */
static void mend_zone(const struct zone *z, int64_t carrier_us, int64_t *us)
{
    if (!z || carrier_us == RECORD_NO_TIME || *us == RECORD_NO_TIME || near(*us, carrier_us))
        return;
    int64_t offset_us = stamp_offset(z, *us / STAMP_SECOND) * STAMP_SECOND;
    if (near(*us + offset_us, carrier_us))
        *us += offset_us;
}

static void prefer(struct slice *member, struct slice carriers)
{
    if (carriers.n)
        *member = carriers;
}

static void take_carrier(struct parse_ctx *ctx, struct record *r, const struct record *carrier)
{
    if (r->time_us == RECORD_NO_TIME)
        r->time_us = carrier->time_us;
    if (carrier->time_us != RECORD_NO_TIME)
        r->carried_us = carrier->time_us;
    mend_zone(ctx->zone, carrier->time_us, &r->time_us);
    if (r->level == LEVEL_NONE)
        r->level = carrier->level;
    if (carrier->severity >= 0) {
        r->severity = carrier->severity;
        r->facility = carrier->facility;
    }
    prefer(&r->host, carrier->host);
    prefer(&r->app, carrier->app);
    prefer(&r->procid, carrier->procid);
    prefer(&r->msgid, carrier->msgid);
}

/* Parses text as format f into r. What r knew of the carrier wins over what the text says, but for time and
 * level. */
static bool parse_as(struct parse_ctx *ctx, struct record *r, struct slice text, enum format f)
{
    const struct parser *p = ctx->formats->parsers[f];
    struct record carrier;
    const char *reason = ctx->reason;
    record_copy_head(&carrier, r);
    r->raw = text;
    r->format = f;
    if (!p || !p->parse(ctx, r)) {
        record_copy_head(r, &carrier);
        ctx->reason = reason;
        return false;
    }
    if (!ctx->formats->traits[r->format]->access)
        r->raw = carrier.raw;
    if (!format_is_web(r->format))
        r->format = carrier.format;
    take_carrier(ctx, r, &carrier);
    return true;
}

bool nested_web(struct parse_ctx *ctx, struct record *r, struct slice text, enum format f)
{
    return format_is_web(f) && parse_as(ctx, r, text, f);
}

bool nested_json(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    return text.n && *text.p == '{' && parse_as(ctx, r, text, FORMAT_JSON);
}

bool nested_log_json(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    struct record before;
    record_copy_head(&before, r);
    r->level = LEVEL_NONE;
    if (nested_json(ctx, r, text) && r->level != LEVEL_NONE) {
        r->line = SLICE_NONE;
        return true;
    }
    record_copy_head(r, &before);
    return false;
}

bool nested_docker(struct parse_ctx *ctx, struct record *r, struct slice text, enum format f)
{
    return f == FORMAT_DOCKER && parse_as(ctx, r, text, f);
}

static bool is_log_line(const struct parse_ctx *ctx, struct slice text)
{
    return text.n && (ascii_digit(*text.p) || *text.p == '[') && ctx->formats->parsers[FORMAT_TEXT]->tells(text);
}

void nested_thread(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    struct record line;
    if (!is_log_line(ctx, text))
        return;
    record_init(&line, FORMAT_TEXT, text);
    ctx->formats->parsers[FORMAT_TEXT]->parse(ctx, &line);
    r->thread = line.thread;
}

void nested_log_line(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    struct record before;
    if (!is_log_line(ctx, text))
        return;
    record_copy_head(&before, r);
    parse_as(ctx, r, text, FORMAT_TEXT);
    if (r->level == LEVEL_NONE)
        record_copy_head(r, &before);
}

void nested_any(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    enum format f = ctx->formats->detect(text);
    /* What begins with an ISO stamp and words is a program's own layout more often than a syslog file. */
    if (f == FORMAT_SYSLOG && ascii_digit(*text.p))
        f = FORMAT_TEXT;
    r->message = text;
    enum parser_nesting nesting = ctx->formats->parsers[f]->nesting;
    if (nesting == PARSER_NESTED)
        parse_as(ctx, r, text, f);
    else if (nesting == PARSER_NESTED_JSON)
        nested_json(ctx, r, text);
}
