#include "core/event_breadcrumbs.h"

#include "core/program.h"

enum { TEXT_MAX = 1024, CATEGORY_MAX = 128, METHOD_MAX = 32, URL_MAX = 256, QUERY_MAX = 512 };

/* What can be said of a line beside its text. The record is that of an access line, or NULL. */
struct crumb {
    const struct breadcrumb *line;
    const struct record *access;
    struct slice text;
};

static bool parse_access(struct event_writer *w, const struct breadcrumb *c, struct record *r)
{
    struct parse_ctx ctx = {.arena = w->arena, .now_us = c->time_us, .last_us = RECORD_NO_TIME};
    record_init(r, c->format, c->text);
    return parser_parse(c->format, &ctx, r);
}

/* Returns the message of a line that was of no interest when it came: nobody has looked yet where its message ends. */
static struct slice finished_text(struct event_writer *w, const struct breadcrumb *c, struct record *r)
{
    struct parse_ctx ctx = {.arena = w->arena, .now_us = c->time_us, .last_us = RECORD_NO_TIME};
    if (!c->partial)
        return c->text;
    record_init(r, c->format, c->text);
    r->message = c->text;
    parser_finish(&ctx, r);
    return r->message;
}

/* Adds the status to what is scrubbed already: behind "/oauth/token -> " it would be taken for a secret. */
static struct slice with_status(struct event_writer *w, struct slice request, struct slice status)
{
    struct sbuf b;
    if (!json_number_ok(status))
        return request;
    sbuf_init(&b, 2 * TEXT_MAX);
    sbuf_adds(&b, slice_sub(request, 0, TEXT_MAX));
    sbuf_adds(&b, SLICE(" -> "));
    sbuf_adds(&b, slice_sub(status, 0, 16));
    struct slice text = arena_dup(w->arena, sbuf_slice(&b));
    sbuf_done(&b);
    return text;
}

/* Returns "GET /cart -> 502", scrubbed, without the query, which is scrubbed by its names. */
static struct slice request_text(struct event_writer *w, const struct record *access)
{
    struct slice method = record_get(access, SLICE("request.method")), path = record_get(access, SLICE("request.path"));
    struct slice text;
    struct sbuf b;
    if (!method.n || !path.n)
        return scrub_text(w->scrub, access->message, w->arena);
    sbuf_init(&b, 2 * TEXT_MAX);
    sbuf_adds(&b, slice_sub(method, 0, METHOD_MAX));
    sbuf_adds(&b, SLICE(" "));
    sbuf_adds(&b, slice_sub(path, 0, TEXT_MAX));
    text = arena_dup(w->arena, scrub_text(w->scrub, sbuf_slice(&b), w->arena));
    sbuf_done(&b);
    return with_status(w, text, record_value(access, "status"));
}

static void put_request(struct event_writer *w, const struct crumb *c)
{
    struct slice target = record_value(c->access, "request"), status = record_value(c->access, "status");
    slice_split(&target, ' ');
    target = slice_split(&target, ' ');
    struct slice path = slice_split(&target, '?');
    event_writer_text(w, "method", record_get(c->access, SLICE("request.method")), METHOD_MAX);
    event_writer_text(w, "url", path, URL_MAX);
    if (target.n) {
        json_key(&w->json, "http.query");
        json_str_max(&w->json, scrub_query(w->scrub, target, w->arena), QUERY_MAX);
    }
    if (json_number_ok(status)) {
        json_key(&w->json, "status_code");
        json_raw(&w->json, status);
    }
}

/* Marks a line of the event's own connection or request: the number or id that they share, or true where it has none to
   show. */
static void put_mark(struct event_writer *w, const char *key, struct slice value)
{
    json_key(&w->json, key);
    if (json_number_ok(value))
        json_raw(&w->json, value);
    else if (value.n)
        json_str_max(&w->json, scrub_text(w->scrub, value, w->arena), 128);
    else
        json_bool(&w->json, true);
}

static struct slice request_id(const struct event_writer *w)
{
    const struct record *r = w->src->record;
    struct slice id = w->src->access.transaction_id.n ? w->src->access.transaction_id : r->request_id;
    return id.n ? id : r->trace_id;
}

static void put_data(struct event_writer *w, const struct crumb *c)
{
    const struct breadcrumb *line = c->line;
    if (!c->access && !breadcrumb_is_related(line))
        return;
    json_key(&w->json, "data");
    json_map(&w->json);
    if (line->connection)
        put_mark(w, "connection", record_value(w->src->record, "connection"));
    if (line->request)
        put_mark(w, "request", request_id(w));
    if (c->access)
        put_request(w, c);
    if (line->weak)
        event_writer_text(w, "joined_by", SLICE("client and request line"), 32);
    json_map_end(&w->json);
}

/* Returns what the lines of the program are called, by the program alone where it is known. */
static struct slice category(struct event_writer *w, const struct breadcrumb *c)
{
    const char *own = format_traits(c->format)->category;
    struct slice program = c->by_file ? program_of_file(c->app, w->arena) : c->app;
    bool misnamed = c->by_file || (format_traits(c->format)->access && program.n && !slice_is(program, "nginx"));
    return own && !misnamed ? slice_str(own) : program.n ? program : slice_str(format_name(c->format));
}

static void put_crumb(struct event_writer *w, const struct crumb *c)
{
    const struct breadcrumb *line = c->line;
    const char *type = c->access ? "http" : line->level >= LEVEL_ERROR ? "error" : "default";
    json_map(&w->json);
    json_key(&w->json, "timestamp");
    json_time(&w->json, line->shown_us);
    json_key(&w->json, "type");
    json_str(&w->json, slice_str(type));
    event_writer_text(w, "category", category(w, line), CATEGORY_MAX);
    json_key(&w->json, "level");
    json_str(&w->json, slice_str(line->level ? level_name(line->level) : "info"));
    json_key(&w->json, "message");
    json_str_max(&w->json, c->text.n ? c->text : SLICE("(empty message)"), TEXT_MAX);
    put_data(w, c);
    json_map_end(&w->json);
}

void event_breadcrumbs_put(struct event_writer *w)
{
    const struct event_source *src = w->src;
    if (!src->n_crumbs)
        return;
    struct record *scratch = arena_alloc(w->arena, sizeof *scratch);
    json_key(&w->json, "breadcrumbs");
    json_map(&w->json);
    json_key(&w->json, "values");
    json_array(&w->json);
    for (unsigned i = 0; i < src->n_crumbs; i++) {
        struct crumb c = {.line = &src->crumbs[i]};
        if (format_traits(c.line->format)->access && parse_access(w, c.line, scratch))
            c.access = scratch;
        c.text =
            c.access ? request_text(w, c.access) : scrub_text(w->scrub, finished_text(w, c.line, scratch), w->arena);
        put_crumb(w, &c);
    }
    json_array_end(&w->json);
    json_map_end(&w->json);
}
