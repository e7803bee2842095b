#include "parsers/nested.h"

#include <string.h>

#include "parsers/text_level.h"
#include "text/json.h"

enum { DEPTH_MAX = 4 };

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

/* Of what both know the carrier knows better. */
static void prefer(struct slice *member, struct slice carriers)
{
    if (carriers.n)
        *member = carriers;
}

/* What the text does not say. */
static void keep(struct slice *member, struct slice carriers)
{
    if (!member->n)
        *member = carriers;
}

static void take_numbers(struct record *r, const struct record *carrier)
{
    if (carrier->severity >= 0)
        r->severity = carrier->severity;
    if (carrier->facility >= 0)
        r->facility = carrier->facility;
}

static void take_time(struct parse_ctx *ctx, struct record *r, const struct record *carrier)
{
    if (r->time_us == RECORD_NO_TIME)
        r->time_us = carrier->time_us;
    if (carrier->time_us != RECORD_NO_TIME)
        r->carried_us = carrier->time_us;
    mend_zone(ctx->zone, carrier->time_us, &r->time_us);
}

static void take_carrier(struct record *r, const struct record *carrier)
{
    take_numbers(r, carrier);
    prefer(&r->host, carrier->host);
    prefer(&r->app, carrier->app);
    prefer(&r->procid, carrier->procid);
    prefer(&r->msgid, carrier->msgid);
    prefer(&r->logger, carrier->logger);
    keep(&r->full_message, carrier->full_message);
    keep(&r->error_type, carrier->error_type);
    keep(&r->error_value, carrier->error_value);
}

static bool is_better(const struct record *r, enum level carriers, enum nested_level level)
{
    return r->level == LEVEL_NONE || (level == NESTED_SAID && !format_is_web(r->format) && r->level < carriers);
}

/* Parses text as format f into r, of which nothing is known but whose it is; then with what r knew of the carrier. */
static bool parse_as(struct parse_ctx *ctx, struct record *r, struct slice text, enum format f, enum nested_level level)
{
    const struct parser *p = ctx->formats->parsers[f];
    struct record carrier;
    const char *reason = ctx->reason;
    record_copy_head(&carrier, r);
    r->raw = text;
    r->format = f;
    r->level = LEVEL_NONE;
    r->severity = r->facility = -1;
    r->time_us = RECORD_NO_TIME;
    ctx->depth++;
    bool ok = p && p->parse(ctx, r);
    ctx->depth--;
    if (!ok) {
        record_copy_head(r, &carrier);
        ctx->reason = reason;
        return false;
    }
    bool silent = r->level == LEVEL_NONE;
    if (is_better(r, carrier.level, level))
        r->level = carrier.level;
    r->unsaid = silent && level == NESTED_PRINTED && r->level == LEVEL_INFO;
    if (!ctx->formats->traits[r->format]->access)
        r->raw = carrier.raw;
    if (!format_is_web(r->format))
        r->format = carrier.format;
    take_time(ctx, r, &carrier);
    take_carrier(r, &carrier);
    return true;
}

static bool is_runtime(const struct parse_ctx *ctx, enum format f)
{
    return ctx->formats->parsers[f]->partial != PARTIAL_NONE;
}

/* As what a text is read in a message of the format `carrier`. */
static enum format format_in(const struct parse_ctx *ctx, struct slice text, enum format carrier)
{
    enum format f = ctx->formats->detect(text);
    enum parser_nesting nesting = ctx->formats->parsers[f]->nesting;
    /* What begins with an ISO stamp and words is a program's own layout more often than a syslog file, and who writes
       in a container, or to a log of its own, is not the kernel. */
    if (f == FORMAT_SYSLOG && (carrier == f || ascii_digit(*text.p) || *text.p == '['))
        return FORMAT_TEXT;
    if (is_runtime(ctx, f) && !is_runtime(ctx, carrier))
        return f;
    return nesting == PARSER_NESTED ? f : nesting == PARSER_NESTED_JSON ? FORMAT_JSON : FORMAT_TEXT;
}

struct unescaped {
    struct arena *arena;
    struct slice text;
};

static bool on_string(void *u, struct slice v)
{
    struct unescaped *to = u;
    to->text = arena_dup(to->arena, v);
    return true;
}

/* An object that a collector has put into a string twice, {\"level\":\"error\"}, as the program wrote it. */
static struct slice without_escapes(struct arena *a, struct slice text)
{
    static const struct json_handler h = {.string = on_string};
    struct unescaped to = {.arena = a};
    if (!slice_starts(text, SLICE("{\\\"")))
        return text;
    size_t used, n = text.n + 2;
    char *quoted = arena_alloc(a, n);
    quoted[0] = quoted[n - 1] = '"';
    memcpy(quoted + 1, text.p, text.n);
    bool whole = json_read(slice_of(quoted, n), &h, &to, &used) == JSON_OK && used == n;
    return whole && slice_starts(to.text, SLICE("{\"")) ? slice_trim(to.text) : text;
}

static bool is_blank(char c)
{
    return c == ' ';
}

/* "  error: text" of Pacemaker, which writes levels into a column to syslog, too: those blanks indent nothing. */
static struct slice without_column(struct slice text)
{
    enum { COLUMN_MAX = 3 };
    size_t blanks = slice_span(slice_sub(text, 0, COLUMN_MAX), is_blank), taken;
    struct slice rest = slice_from(text, blanks);
    bool level = blanks && rest.n && ascii_small(*rest.p) && text_level_at(rest, true, &taken) != LEVEL_NONE;
    return level ? rest : text;
}

void nested_any(struct parse_ctx *ctx, struct record *r, struct slice text, enum nested_level level)
{
    enum format carrier = r->format;
    text = without_escapes(ctx->arena, frame_skip_lead(text));
    text = carrier == FORMAT_SYSLOG ? without_column(text) : text;
    r->message = text;
    if (ctx->depth >= DEPTH_MAX)
        return;
    enum format f = format_in(ctx, text, carrier);
    if (!parse_as(ctx, r, text, f, level) && f != FORMAT_TEXT)
        parse_as(ctx, r, text, FORMAT_TEXT, level);
}

bool nested_marked(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    enum format f = ctx->depth < DEPTH_MAX ? format_in(ctx, text, r->format) : FORMAT_TEXT;
    if (f == FORMAT_TEXT || !parse_as(ctx, r, text, f, NESTED_PRINTED))
        return false;
    r->line = SLICE_NONE;
    return true;
}

void nested_syslog(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    r->message = text;
    if (ctx->depth < DEPTH_MAX)
        parse_as(ctx, r, text, FORMAT_SYSLOG, NESTED_PRINTED);
    r->line = SLICE_NONE;
}

bool nested_log_json(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    struct record before;
    bool object = ctx->depth < DEPTH_MAX && text.n && *text.p == '{';
    record_copy_head(&before, r);
    r->level = LEVEL_NONE;
    if (object && parse_as(ctx, r, text, FORMAT_JSON, NESTED_PRINTED) && r->level != LEVEL_NONE) {
        r->line = SLICE_NONE;
        return true;
    }
    record_copy_head(r, &before);
    return false;
}
