#include "parsers/inner.h"

/* Parses text as format f into r. What r knew of the carrier wins over what the text says, but for time and
 * level. */
static bool parse_as(struct parse_ctx *ctx, struct record *r, struct slice text, enum format f)
{
    const struct parser *p = parser_of(f);
    struct record carrier;
    unsigned n = r->n_fields;
    const char *reason = ctx->reason;
    memcpy(&carrier, r, offsetof(struct record, fields));
    r->raw = text;
    if (!p || !p->parse(ctx, r)) {
        memcpy(r, &carrier, offsetof(struct record, fields));
        r->n_fields = n;
        ctx->reason = reason;
        return false;
    }
    r->raw = carrier.raw;
    r->format = carrier.format;
    if (r->time_us == RECORD_NO_TIME)
        r->time_us = carrier.time_us;
    if (r->level == LEVEL_NONE)
        r->level = carrier.level;
    if (carrier.severity >= 0) {
        r->severity = carrier.severity;
        r->facility = carrier.facility;
    }
    if (carrier.host.n)
        r->host = carrier.host;
    if (carrier.app.n)
        r->app = carrier.app;
    if (carrier.procid.n)
        r->procid = carrier.procid;
    if (carrier.msgid.n)
        r->msgid = carrier.msgid;
    return true;
}

bool inner_nginx(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    enum format f = parser_detect(text);
    if ((f != FORMAT_NGINX_ERROR && f != FORMAT_NGINX_ACCESS) || !parse_as(ctx, r, text, f))
        return false;
    r->format = f;
    return true;
}

bool inner_json(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    return text.n && *text.p == '{' && parse_as(ctx, r, text, FORMAT_JSON);
}

void inner_any(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    enum format f = parser_detect(text);
    r->message = text;
    if (f == FORMAT_NGINX_ERROR || f == FORMAT_NGINX_ACCESS)
        inner_nginx(ctx, r, text);
    else if (f == FORMAT_JSON || f == FORMAT_LOGFMT || f == FORMAT_TEXT)
        parse_as(ctx, r, text, f);
}
