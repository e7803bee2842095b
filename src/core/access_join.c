#include "core/access_join.h"

#include "core/correlation.h"
#include "parsers/parser.h"
#include "text/json.h"

void access_join_error(const struct stream *s, const struct record *r, const struct hash_secret *secret,
                       struct correlation *keys)
{
    if (format_traits(r->format)->seeks_access)
        keys->weak = correlation_weak_key(s, r, secret);
    keys->client = keys->conn || keys->request || keys->weak || record_value(r, "request").n
                       ? 0
                       : correlation_client_key(s, r, secret);
}

/* Writes the members that are set, the last of them only with `agent`. False: they do not fit. */
static bool put_json(const struct record *r, bool agent, struct sbuf *text)
{
    static const char *const names[] = {"request", "request_method", "uri", "status", "request_id", "agent"};
    struct json j;
    json_start(&j, text);
    json_map(&j);
    for (size_t i = 0; i < sizeof names / sizeof *names - !agent; i++) {
        struct slice v = record_value(r, names[i]);
        json_key(&j, names[i]);
        json_str_max(&j, v, BREADCRUMBS_TEXT_MAX / 2);
    }
    json_map_end(&j);
    json_end(&j);
    return !text->over;
}

/* An access line in a form of its own can only be read with its log_format, so what breadcrumbs need of it is
   remembered as nginx writes it in JSON. */
static struct slice as_json(const struct record *r, struct arena *a)
{
    struct slice kept = r->raw;
    for (int agent = 1; agent >= 0; agent--) {
        struct sbuf text;
        sbuf_init(&text, BREADCRUMBS_TEXT_MAX);
        bool fits = put_json(r, agent, &text);
        if (fits)
            kept = arena_dup(a, sbuf_slice(&text));
        sbuf_done(&text);
        if (fits)
            break;
    }
    return kept;
}

struct slice access_join_text(const struct stream *s, const struct record *r, struct arena *a)
{
    if (!format_traits(r->format)->access)
        return r->message;
    return s->log_format.n && r->n_fields ? as_json(r, a) : r->raw;
}

static void take_access(struct pending *w, const struct record *access, enum pending_access how)
{
    struct event_access *to = &w->src.access;
    uint64_t status;
    w->access = how;
    *to = (struct event_access){.transaction_id = arena_dup(&w->arena, access->request_id),
                                .request = arena_dup(&w->arena, record_value(access, "request")),
                                .agent = arena_dup(&w->arena, record_value(access, "agent")),
                                .referrer = arena_dup(&w->arena, record_value(access, "referrer"))};
    if (slice_u64(record_value(access, "status"), &status) && status >= 100 && status <= 999)
        to->status = (unsigned)status;
}

/* Whether the line, which shares a key with the event, may be of its request. */
static bool may_be_own(const struct pending *w, const struct record *access)
{
    struct slice mine = record_value(w->record, "request"), its = record_value(access, "request");
    return !mine.n || !its.n || slice_eq(mine, its);
}

/* The access lines among its breadcrumbs are of other requests, unless an id has told. */
static void disown(struct pending *w)
{
    for (unsigned i = 0; !w->keys.request && i < w->n_crumbs; i++)
        if (format_traits(w->crumbs[i].format)->access)
            w->crumbs[i].request = w->crumbs[i].weak = false;
}

/* The request of an error that knows its client alone. Apache writes the time at which the request began. */
static bool join_by_client(struct pending *w, const struct record *access, int64_t time_us)
{
    static const int64_t LONGEST_REQUEST_US = INT64_C(600000000);
    int64_t error_us = event_time(w->record, w->src.received_us);
    if (w->access == PENDING_ACCESS_UNSURE || time_us > error_us + BREADCRUMBS_CLOCKS_US ||
        time_us < error_us - LONGEST_REQUEST_US)
        return false;
    if (w->access == PENDING_ACCESS_NONE) {
        take_access(w, access, PENDING_ACCESS_AFTER);
        w->src.access.by_client = true;
        return true;
    }
    if (slice_eq(w->src.access.request, record_value(access, "request")))
        return false; /* asked again: what the first said holds */
    w->src.access = (struct event_access){.status = 0};
    w->access = PENDING_ACCESS_UNSURE;
    disown(w);
    return false;
}

bool access_join_line(struct pending *w, const struct record *line, int64_t time_us)
{
    if (!format_traits(line->format)->access)
        return false;
    if (w->keys.client)
        return join_by_client(w, line, time_us);
    if (w->access == PENDING_ACCESS_AFTER || !may_be_own(w, line))
        return false;
    disown(w); /* what was read before may have been of an earlier request of the same line */
    take_access(w, line, PENDING_ACCESS_AFTER);
    return true;
}

void access_join_crumbs(struct pending *w, int64_t time_us, struct arena *a, int64_t now_us)
{
    for (unsigned i = w->n_crumbs; i-- > 0 && w->access == PENDING_ACCESS_NONE;) {
        struct breadcrumb *c = &w->crumbs[i];
        int64_t apart = c->time_us > time_us ? c->time_us - time_us : time_us - c->time_us;
        if (!format_traits(c->format)->access || !breadcrumb_is_related(c) || apart > BREADCRUMBS_WEAK_WINDOW_US)
            continue;
        struct parse_ctx ctx = {.arena = a, .now_us = now_us, .last_us = RECORD_NO_TIME};
        struct record *r = arena_alloc(a, sizeof *r);
        record_init(r, c->format, c->text);
        if (!parser_parse(c->format, &ctx, r) || !may_be_own(w, r))
            continue;
        bool weak = c->weak;
        disown(w);
        c->request = true;
        c->weak = weak;
        take_access(w, r, PENDING_ACCESS_BEFORE);
    }
}
