#include "core/access_join.h"

#include "core/correlation.h"
#include "parsers/parser.h"
#include "text/json.h"

void access_join_error(const struct stream *s, const struct record *r, const struct hash_secret *secret,
                       struct correlation *keys)
{
    if (format_traits(r->format)->seeks_access)
        keys->weak = correlation_weak_key(s, r, secret);
}

/* An access line in a form of its own can only be read with its log_format, so what breadcrumbs need of it is
   remembered as nginx writes it in JSON. */
static struct slice as_json(const struct record *r, struct arena *a)
{
    static const char *const names[] = {"request", "request_method", "uri", "status", "request_id"};
    struct sbuf text;
    struct json j;
    sbuf_init(&text, BREADCRUMBS_TEXT_MAX);
    json_start(&j, &text);
    json_map(&j);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct slice v = record_value(r, names[i]);
        json_key(&j, names[i]);
        json_str_max(&j, v, BREADCRUMBS_TEXT_MAX / 2);
    }
    json_map_end(&j);
    json_end(&j);
    struct slice kept = text.over ? r->raw : arena_dup(a, sbuf_slice(&text));
    sbuf_done(&text);
    return kept;
}

struct slice access_join_text(const struct stream *s, const struct record *r, struct arena *a)
{
    if (!format_traits(r->format)->access)
        return r->message;
    return s->log_format.n && r->n_fields ? as_json(r, a) : r->raw;
}

static void take_access(struct pending *w, const struct record *access)
{
    struct slice mine = record_value(w->record, "request"), its = record_value(access, "request");
    uint64_t status;
    if (mine.n && its.n && !slice_eq(mine, its))
        return;
    if (!w->src.transaction_id.n && access->request_id.n)
        w->src.transaction_id = arena_dup(&w->arena, access->request_id);
    if (!w->src.response_status && slice_u64(record_value(access, "status"), &status) && status >= 100 && status <= 999)
        w->src.response_status = (unsigned)status;
}

void access_join_line(struct pending *w, const struct record *line)
{
    if (format_traits(line->format)->access)
        take_access(w, line);
}

void access_join_crumbs(struct pending *w, int64_t time_us, struct arena *a, int64_t now_us)
{
    for (unsigned i = 0; i < w->n_crumbs; i++) {
        const struct breadcrumb *c = &w->crumbs[i];
        int64_t apart = c->time_us > time_us ? c->time_us - time_us : time_us - c->time_us;
        if (!format_traits(c->format)->access || !c->related || apart > BREADCRUMBS_WEAK_WINDOW_US)
            continue;
        struct parse_ctx ctx = {.arena = a, .now_us = now_us, .last_us = RECORD_NO_TIME};
        struct record *r = arena_alloc(a, sizeof *r);
        record_init(r, c->format, c->text);
        if (parser_parse(c->format, &ctx, r))
            take_access(w, r);
    }
}
