#include "core/access_join.h"

#include "core/correlation.h"
#include "core/pipeline_trace.h"
#include "core/request_fields.h"
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

/* "request completed" of a logger whose records have the request in an object tells little without it. */
static struct slice with_request(const struct record *r, struct slice said, struct arena *a)
{
    struct request_fields q;
    struct slice message = slice_sub(said, 0, BREADCRUMBS_TEXT_MAX);
    if (!request_fields_of_object(r, a, &q) || slice_find(message, q.url) >= 0)
        return said;
    struct sbuf text;
    sbuf_init(&text, 2 * BREADCRUMBS_TEXT_MAX);
    sbuf_adds(&text, message);
    sbuf_addf(&text, "%s%.*s ", message.n ? ": " : "", SLICE_ARG(q.method));
    sbuf_adds(&text, slice_sub(q.url, 0, BREADCRUMBS_TEXT_MAX / 2));
    struct slice kept = arena_dup(a, sbuf_slice(&text));
    sbuf_done(&text);
    return kept;
}

struct slice access_join_text(const struct stream *s, const struct record *r, struct arena *a)
{
    if (!format_traits(r->format)->access) {
        bool trace = r->trace && r->trace->n_exceptions;
        struct slice message = trace ? pipeline_trace_brief(r, a) : r->message;
        return r->n_fields ? with_request(r, message, a) : message;
    }
    return s->log_format.n && r->n_fields ? as_json(r, a) : r->raw;
}

static void fill(struct pending *w, struct slice *to, struct slice value)
{
    if (!to->n && value.n)
        *to = arena_dup(&w->arena, value);
}

/* Fills in what the line says, and another of the same request has not said. */
static void add_access(struct pending *w, const struct record *access)
{
    struct event_access *to = &w->src.access;
    uint64_t status;
    fill(w, &to->transaction_id, access->request_id);
    fill(w, &to->request, record_value(access, "request"));
    fill(w, &to->agent, record_value(access, "agent"));
    fill(w, &to->referrer, record_value(access, "referrer"));
    if (!to->status && slice_u64(record_value(access, "status"), &status) && status >= 100 && status <= 999)
        to->status = (unsigned)status;
}

/* Whether the error knows nothing of its request but what it says. */
static bool is_by_path(const struct pending *w)
{
    const struct correlation *k = &w->keys;
    return !k->conn && !k->request && !k->weak && !k->client;
}

static void take_access(struct pending *w, const struct record *access, enum pending_access how)
{
    w->access = how;
    w->src.access = (struct event_access){.by_path = is_by_path(w)};
    add_access(w, access);
}

/* Whether the line, which shares a key with the event, may be of its request. */
static bool may_be_own(const struct pending *w, const struct record *access)
{
    struct slice mine = record_value(w->record, "request"), its = record_value(access, "request");
    return !mine.n || !its.n || slice_eq(mine, its);
}

/* Whether it is the request whose line was found already, which another log has as well. */
static bool is_same(const struct pending *w, const struct record *access)
{
    return access->request_id.n && slice_eq(access->request_id, w->src.access.transaction_id);
}

/* The access lines among its breadcrumbs are of other requests, unless an id has told. */
static void disown(struct pending *w)
{
    for (unsigned i = 0; !w->keys.request && i < w->n_crumbs; i++)
        if (format_traits(w->crumbs[i].format)->access)
            w->crumbs[i].request = w->crumbs[i].weak = false;
}

/* --- by the client alone --- */

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

struct by_client {
    struct pending *w;
    struct breadcrumb found;
    struct arena *arena;
    int64_t now_us;
};

static bool read_line(struct record *r, enum format format, struct slice text, struct arena *a, int64_t now_us)
{
    struct parse_ctx ctx = {.arena = a, .now_us = now_us, .last_us = RECORD_NO_TIME};
    record_init(r, format, text);
    return parser_parse(format, &ctx, r);
}

static void access_join_failed(void *u, const struct breadcrumbs_line *line)
{
    struct by_client *b = u;
    struct record *r = arena_alloc(b->arena, sizeof *r);
    if (!read_line(r, line->format, line->text, b->arena, b->now_us) || !join_by_client(b->w, r, line->time_us))
        return;
    b->found = (struct breadcrumb){.time_us = line->time_us,
                                   .seq = UINT64_MAX >> 2, /* behind what was read before */
                                   .format = line->format,
                                   .level = line->level,
                                   .request = true,
                                   .by_file = line->by_file,
                                   .app = arena_dup(&b->w->arena, line->app),
                                   .text = arena_dup(&b->w->arena, line->text)};
}

void access_join_client(struct pending *w, const struct failed_requests *failed, struct arena *a, int64_t now_us)
{
    struct by_client b = {.w = w, .arena = a, .now_us = now_us};
    if (!w->keys.client)
        return;
    failed_requests_of(failed, w->keys.client, now_us, access_join_failed, &b);
    if (w->access == PENDING_ACCESS_AFTER && w->n_crumbs < w->cap_crumbs) {
        w->crumbs[w->n_crumbs++] = b.found;
        w->src.crumbs_seen++;
    }
}

/* --- by the path that the error names --- */

static bool is_of_path(char c)
{
    return ascii_alnum(c) || memchr("/_.~%-", c, 6);
}

/* "Exception on /cart/17 [GET]": whether the first lines of the text have the path as a word of their own. */
static bool names_path(struct slice text, struct slice path)
{
    enum { LOOKED_AT_MAX = 1024, PATH_MIN = 2 };
    text = slice_sub(text, 0, LOOKED_AT_MAX);
    for (ptrdiff_t at; path.n >= PATH_MIN && (at = slice_find(text, path)) >= 0;
         text = slice_from(text, (size_t)at + 1)) {
        size_t end = (size_t)at + path.n;
        bool begins = at == 0 || !is_of_path(text.p[at - 1]), ends = end == text.n || !is_of_path(text.p[end]);
        if (begins && ends)
            return true;
    }
    return false;
}

/* Lines of one log are of many requests at a time, so that a line which came next says nothing. */
static bool is_named(const struct pending *w, const struct record *access)
{
    struct slice request = record_value(access, "request"), path;
    slice_split(&request, ' '); /* the method */
    path = slice_split(&request, ' ');
    return names_path(w->record->message, slice_split(&path, '?'));
}

/* --- by what the line shares with the error --- */

bool access_join_line(struct pending *w, const struct record *line, int64_t time_us)
{
    if (!format_traits(line->format)->access)
        return false;
    if (w->keys.client)
        return join_by_client(w, line, time_us);
    if (is_by_path(w) && !is_named(w, line))
        return false;
    if (w->access != PENDING_ACCESS_NONE && is_same(w, line)) {
        add_access(w, line);
        return true;
    }
    if (w->access == PENDING_ACCESS_AFTER || !may_be_own(w, line))
        return false;
    disown(w); /* what was read before may have been of an earlier request of the same line */
    take_access(w, line, PENDING_ACCESS_AFTER);
    return true;
}

/* One of the event's breadcrumbs, the newest first. */
static void join_crumb(struct pending *w, struct breadcrumb *c, struct record *access)
{
    bool weak = c->weak;
    if (is_by_path(w) && !is_named(w, access))
        return;
    if (w->access == PENDING_ACCESS_NONE && may_be_own(w, access)) {
        disown(w);
        take_access(w, access, PENDING_ACCESS_BEFORE);
    } else if (is_same(w, access)) {
        add_access(w, access);
    } else {
        return;
    }
    c->request = true;
    c->weak = weak;
}

void access_join_crumbs(struct pending *w, int64_t time_us, struct arena *a, int64_t now_us)
{
    for (unsigned i = w->n_crumbs; i-- > 0;) {
        struct breadcrumb *c = &w->crumbs[i];
        int64_t apart = c->time_us > time_us ? c->time_us - time_us : time_us - c->time_us;
        struct record *r;
        bool asked = breadcrumb_is_related(c) || is_by_path(w);
        if (!format_traits(c->format)->access || !asked || apart > BREADCRUMBS_WEAK_WINDOW_US)
            continue;
        r = arena_alloc(a, sizeof *r);
        if (read_line(r, c->format, c->text, a, now_us))
            join_crumb(w, c, r);
    }
}
