#include "parsers/parser.h"

#include "parsers/parsers.h"

const struct parser *const parser_table[FORMAT_N] = {
#define FORMAT(rank, id, symbol, name, web) [FORMAT_##id] = &parser_##symbol,
#include "parsers/formats.def"
};

static const struct format_traits none = {0};

const struct format_traits *const format_traits_table[FORMAT_N] = {
    [FORMAT_AUTO] = &none,
#define FORMAT(rank, id, symbol, name, web) [FORMAT_##id] = &format_##symbol,
#include "parsers/formats.def"
};

enum {
    SUM_OF_RANKS = 0
#define FORMAT(rank, id, symbol, name, web) +rank
#include "parsers/formats.def"
};
_Static_assert(SUM_OF_RANKS == (FORMAT_N - 2) * (FORMAT_N - 1) / 2, "a rank is missing, or given twice");

bool parser_settles(enum format f, struct slice name)
{
    const struct parser *parser = parser_of(f);
    for (const char *const *n = parser ? parser->settled : NULL; n && *n; n++)
        if (slice_is(name, *n))
            return true;
    return false;
}

static enum format detect(struct slice line, const char **why)
{
    static const enum format by_rank[FORMAT_N - 1] = {
#define FORMAT(rank, id, symbol, name, web) [rank] = FORMAT_##id,
#include "parsers/formats.def"
    };
    for (unsigned i = 1; line.n && i < FORMAT_N - 1; i++)
        if ((*why = parser_table[by_rank[i]]->detect(line)))
            return by_rank[i];
    *why = "no mark of another format";
    return by_rank[0];
}

enum format parser_detect(struct slice line)
{
    const char *why;
    return detect(frame_skip_lead(line), &why);
}

const char *parser_detect_why(struct slice line)
{
    const char *why;
    detect(frame_skip_lead(line), &why);
    return why;
}

bool parser_tells(struct slice line, enum format found)
{
    const struct parser *p = parser_of(found);
    return !p || !p->tells || p->tells(line);
}

/* The same as parser_detect, for the next line of such a stream. */
static enum format detect_next(struct slice line, struct parser_seen *seen, const struct stamp_memo *memo)
{
    const struct parser *last = parser_of(seen->last);
    if (last && last->again && memo && last->again(line, memo))
        return seen->last;
    enum format found = parser_detect(line), text = FORMAT_TEXT;
    const struct parser *p = parser_of(found), *shown = parser_of(seen->shown);
    if (!shown && (found == text || p->may_be) && parser_tells(line, found))
        seen->shown = found;
    else if (seen->shown == text && p->may_be_text && p->may_be_text(line))
        found = text;
    else if (found == text && shown && shown->may_be && shown->may_be(line))
        found = seen->shown;
    return seen->last = found;
}

/* ---- parsing ---- */

static const struct formats all = {.parsers = parser_table, .traits = format_traits_table, .detect = parser_detect};

/* Of nothing but that some of it stays: no parser is given an empty text for one that is not. */
static void skip_lead(struct record *r)
{
    struct slice s = frame_skip_lead(r->raw);
    r->raw = s.n ? s : r->raw;
}

bool parser_parse(enum format f, struct parse_ctx *ctx, struct record *r)
{
    ctx->formats = &all;
    skip_lead(r);
    return parser_table[f]->parse(ctx, r);
}

bool parser_begin(enum format f, struct parse_ctx *ctx, struct record *r)
{
    ctx->formats = &all;
    skip_lead(r);
    return (parser_table[f]->begin ? parser_table[f]->begin : parser_table[f]->parse)(ctx, r);
}

void parser_finish(struct parse_ctx *ctx, struct record *r)
{
    const struct parser *p = parser_of(r->format);
    ctx->formats = &all;
    if (p && p->finish)
        p->finish(ctx, r);
}

static bool parse_next(struct parser_seen *seen, struct parse_ctx *ctx, struct record *r,
                       bool (*parse)(enum format f, struct parse_ctx *ctx, struct record *r))
{
    struct slice raw = r->raw;
    bool untrusted = r->untrusted;
    r->format = ctx->headed ? (seen->last = FORMAT_NGINX_ERROR) : detect_next(raw, seen, ctx->memo);
    if (parse(r->format, ctx, r))
        return true;
    if (r->empty || seen->last != FORMAT_JSON)
        return false;
    record_init(r, FORMAT_TEXT, raw);
    r->untrusted = untrusted;
    return parse(seen->last = FORMAT_TEXT, ctx, r);
}

bool parser_parse_next(struct parser_seen *seen, struct parse_ctx *ctx, struct record *r)
{
    return parse_next(seen, ctx, r, parser_parse);
}

bool parser_begin_next(struct parser_seen *seen, struct parse_ctx *ctx, struct record *r)
{
    return parse_next(seen, ctx, r, parser_begin);
}
