#include "core/event_request.h"

#include "core/origin.h"
#include "core/request_fields.h"
#include "parsers/parser.h"

enum { URL_MAX = 256, QUERY_MAX = 1000, HEADER_MAX = 512, METHOD_MAX = 32 };

struct request {
    struct slice method, url, query, host, referrer, agent;
};

static void set(struct slice *to, struct slice value)
{
    if (!to->n)
        *to = value;
}

/* --- the request --- */

/* Splits the query off the URL. */
static void split_query(struct request *q)
{
    if (q->query.n)
        return;
    q->query = q->url;
    q->url = slice_split(&q->query, '?');
}

/* Fills in method and target of a request line. */
static void from_line(struct request *q, struct slice line)
{
    struct slice method = slice_split(&line, ' ');
    set(&q->method, method);
    q->url = slice_split(&line, ' ');
}

/* What Apache's error log has at the end of a message. */
static struct slice apache_referrer(const struct record *r)
{
    const struct slice mark = SLICE(", referer: ");
    struct slice line = r->message;
    line = slice_split(&line, '\n');
    ptrdiff_t at = record_value(r, "client").n ? slice_rfind(line, mark) : -1;
    return at < 0 ? SLICE_NONE : slice_from(line, (size_t)at + mark.n);
}

static void from_record(struct event_writer *w, struct request *q)
{
    const struct record *r = w->src->record;
    struct slice line = record_value(r, "request");
    if (format_is_web(r->format)) {
        q->host = record_value(r, "host");
        q->referrer = record_value(r, "referrer");
        q->agent = record_value(r, "agent");
        q->method = record_get(r, SLICE("request.method"));
        from_line(q, line);
        set(&q->url, record_value(r, "request_uri"));
        set(&q->url, record_value(r, "uri"));
        return;
    }
    struct request_fields said;
    if (request_fields_find(r, w->arena, &said))
        *q = (struct request){.method = said.method, .url = said.url, .host = said.host, .agent = said.agent};
    struct slice rest = line, method = slice_split(&rest, ' ');
    if (!q->url.n && request_fields_are(method, rest))
        from_line(q, line);
    set(&q->referrer, apache_referrer(r));
}

static void from_access(struct event_writer *w, struct request *q)
{
    const struct event_access *access = &w->src->access;
    if (!q->url.n && access->request.n)
        from_line(q, access->request);
    set(&q->agent, access->agent);
    set(&q->referrer, access->referrer);
}

static void from_rule(struct event_writer *w, struct request *q)
{
    const struct event_texts *texts = w->src->verdict->texts;
    if (texts->url.n) {
        q->url = texts->url;
        q->query = SLICE_NONE;
        split_query(q);
    }
    if (texts->method.n)
        q->method = texts->method;
    if (texts->query_string.n)
        q->query = texts->query_string;
    if (texts->user_agent.n)
        q->agent = texts->user_agent;
}

/* The log does not say whether the client spoke TLS: the URL says http. */
static struct slice whole_url(struct event_writer *w, const struct request *q)
{
    if (!slice_starts(q->url, SLICE("/")) || !q->host.n)
        return q->url;
    struct sbuf b;
    sbuf_init(&b, 4096);
    sbuf_addf(&b, "http://%.*s", SLICE_ARG(slice_sub(q->host, 0, 255)));
    sbuf_adds(&b, slice_sub(q->url, 0, 2048));
    struct slice url = arena_dup(w->arena, sbuf_slice(&b));
    sbuf_done(&b);
    return url;
}

static struct request request_of(struct event_writer *w)
{
    struct request q = {.method = SLICE_NONE};
    from_record(w, &q);
    from_access(w, &q);
    split_query(&q);
    q.url = whole_url(w, &q);
    from_rule(w, &q);
    return q;
}

/* Without scheme and host. */
static struct slice path_of(struct slice url)
{
    ptrdiff_t host = slice_starts(url, SLICE("http")) ? slice_find(url, SLICE("://")) : -1;
    if (host < 0)
        return url;
    url = slice_from(url, (size_t)host + 3);
    ptrdiff_t path = slice_find(url, SLICE("/"));
    return path < 0 ? SLICE("/") : slice_from(url, (size_t)path);
}

struct slice event_request_route(struct event_writer *w)
{
    struct request q = request_of(w);
    return origin_route(q.method, path_of(q.url), w->arena);
}

/* --- writing --- */

static bool is_method(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 'A' || s.p[i] > 'Z')
            return false;
    return s.n >= 1 && s.n <= METHOD_MAX;
}

static void put_header(struct event_writer *w, const char *name, struct slice value)
{
    if (value.n == 0)
        return;
    json_array(&w->json);
    json_str(&w->json, slice_str(name));
    event_writer_value(w, slice_str(name), value, HEADER_MAX);
    json_array_end(&w->json);
}

static void put_headers(struct event_writer *w, const struct request *q)
{
    if (!q->host.n && !q->referrer.n && !q->agent.n)
        return;
    json_key(&w->json, "headers");
    json_array(&w->json);
    put_header(w, "Host", q->host);
    put_header(w, "Referer", q->referrer);
    put_header(w, "User-Agent", q->agent);
    json_array_end(&w->json);
}

void event_request_put(struct event_writer *w)
{
    const struct record *r = w->src->record;
    struct request q = request_of(w);
    struct slice client = record_value(r, "client");
    if (!q.url.n && !(format_is_web(r->format) && (q.host.n || q.referrer.n)))
        return;
    json_key(&w->json, "request");
    json_map(&w->json);
    if (is_method(q.method))
        event_writer_text(w, "method", q.method, METHOD_MAX);
    event_writer_text(w, "url", q.url, URL_MAX);
    if (q.query.n) {
        json_key(&w->json, "query_string");
        json_str_max(&w->json, scrub_query(w->scrub, q.query, w->arena), QUERY_MAX);
    }
    put_headers(w, &q);
    if (w->opt->scrub.send_ip && client.n) {
        json_key(&w->json, "env");
        json_map(&w->json);
        event_writer_text(w, "REMOTE_ADDR", client, 64);
        json_map_end(&w->json);
    }
    json_map_end(&w->json);
}
