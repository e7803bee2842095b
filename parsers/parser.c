#include "parsers/parser.h"

#include "parsers/parsers.h"

static const struct parser *const parsers[FORMAT_N] = {
#define FORMAT(number, id, symbol, name) [FORMAT_##id] = &parser_##symbol,
#include "parsers/formats.def"
};

const struct parser *parser_of(enum format f)
{
    return f < FORMAT_N ? parsers[f] : NULL;
}

bool parser_settles(enum format f, struct slice name)
{
    const struct parser *parser = parser_of(f);
    for (const char *const *n = parser ? parser->settled : NULL; n && *n; n++)
        if (slice_is(name, *n))
            return true;
    return false;
}

/* What stands in the way of nothing else is asked first: the order of the rows. */
static enum format detect(struct slice line, const char **why)
{
    static const enum format formats[] = {
#define FORMAT(number, id, symbol, name) FORMAT_##id,
#include "parsers/formats.def"
    };
    for (size_t i = 0; line.n && i < sizeof formats / sizeof *formats; i++) {
        const struct parser *p = parsers[formats[i]];
        if (p->detect && (*why = p->detect(line)))
            return formats[i];
    }
    *why = "no mark of another format";
    return FORMAT_TEXT;
}

enum format parser_detect(struct slice line)
{
    const char *why;
    return detect(line, &why);
}

const char *parser_detect_why(struct slice line)
{
    const char *why;
    detect(line, &why);
    return why;
}

bool parser_tells(struct slice line, enum format found)
{
    const struct parser *p = parser_of(found);
    return !p || !p->tells || p->tells(line);
}

/* ---- parsing ---- */

static const struct formats all = {.parser_of = parser_of, .detect = parser_detect};

bool parser_parse(enum format f, struct parse_ctx *ctx, struct record *r)
{
    ctx->formats = &all;
    return parsers[f]->parse(ctx, r);
}

bool parser_begin(enum format f, struct parse_ctx *ctx, struct record *r)
{
    ctx->formats = &all;
    return (parsers[f]->begin ? parsers[f]->begin : parsers[f]->parse)(ctx, r);
}

void parser_finish(struct parse_ctx *ctx, struct record *r)
{
    const struct parser *p = parser_of(r->format);
    ctx->formats = &all;
    if (p && p->finish)
        p->finish(ctx, r);
}
