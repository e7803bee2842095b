#include "parsers/nginx_variable.h"

#include "text/json.h"

#define VARIABLE(name, field, kind)                                                                                    \
    {                                                                                                                  \
        {name, sizeof name - 1}, {field, sizeof field - 1}, kind                                                       \
    }
static const struct nginx_variable variables[] = {
    VARIABLE("remote_addr", "client", NGINX_KIND_TEXT),
    VARIABLE("remote_user", "user", NGINX_KIND_TEXT),
    VARIABLE("time_local", "time_local", NGINX_KIND_TIME_LOCAL),
    VARIABLE("request", "request", NGINX_KIND_REQUEST),
    VARIABLE("status", "status", NGINX_KIND_STATUS),
    VARIABLE("body_bytes_sent", "bytes", NGINX_KIND_NUMBER),
    VARIABLE("http_referer", "referrer", NGINX_KIND_TEXT),
    VARIABLE("http_user_agent", "agent", NGINX_KIND_TEXT),
    VARIABLE("pid", "pid", NGINX_KIND_NUMBER),
    VARIABLE("connection", "connection", NGINX_KIND_NUMBER),
    VARIABLE("request_id", "request_id", NGINX_KIND_REQUEST_ID),
    VARIABLE("msec", "msec", NGINX_KIND_TIME_EPOCH),
    VARIABLE("http_x_forwarded_for", "http_x_forwarded_for", NGINX_KIND_TEXT),
    /* Those above are in the order of enum nginx_variable_index. */
    VARIABLE("time_iso8601", "time_iso8601", NGINX_KIND_TIME_ISO),
    VARIABLE("request_method", "request_method", NGINX_KIND_METHOD),
    VARIABLE("request_uri", "request_uri", NGINX_KIND_URI),
    VARIABLE("uri", "uri", NGINX_KIND_URI),
    VARIABLE("request_time", "request_time", NGINX_KIND_NUMBER),
    VARIABLE("request_length", "request_length", NGINX_KIND_NUMBER),
    VARIABLE("bytes_sent", "bytes_sent", NGINX_KIND_NUMBER),
    VARIABLE("connection_requests", "connection_requests", NGINX_KIND_NUMBER),
    VARIABLE("connection_time", "connection_time", NGINX_KIND_NUMBER),
    VARIABLE("upstream_status", "upstream_status", NGINX_KIND_NUMBER),
    VARIABLE("upstream_response_time", "upstream_response_time", NGINX_KIND_NUMBER),
    VARIABLE("upstream_connect_time", "upstream_connect_time", NGINX_KIND_NUMBER),
    VARIABLE("upstream_header_time", "upstream_header_time", NGINX_KIND_NUMBER),
    VARIABLE("upstream_response_length", "upstream_response_length", NGINX_KIND_NUMBER),
    VARIABLE("http_host", "host", NGINX_KIND_TEXT),
    VARIABLE("server_name", "server", NGINX_KIND_TEXT),
    VARIABLE("http_traceparent", "traceparent", NGINX_KIND_TRACE),
    VARIABLE("http_sentry_trace", "sentry_trace", NGINX_KIND_TRACE),
    VARIABLE("http_x_request_id", "http_x_request_id", NGINX_KIND_REQUEST_ID),
    VARIABLE("req_id", "request_id", NGINX_KIND_REQUEST_ID), /* ingress-nginx: the client's, else $request_id */
    /* Names people give. */
    VARIABLE("client", "client", NGINX_KIND_TEXT),
    VARIABLE("client_ip", "client", NGINX_KIND_TEXT),
    VARIABLE("remote_ip", "client", NGINX_KIND_TEXT),
    VARIABLE("user", "user", NGINX_KIND_TEXT),
    VARIABLE("method", "request_method", NGINX_KIND_METHOD),
    VARIABLE("path", "uri", NGINX_KIND_URI),
    VARIABLE("url", "request_uri", NGINX_KIND_URI),
    VARIABLE("status_code", "status", NGINX_KIND_STATUS),
    VARIABLE("bytes", "bytes", NGINX_KIND_NUMBER),
    VARIABLE("size", "bytes", NGINX_KIND_NUMBER),
    VARIABLE("referer", "referrer", NGINX_KIND_TEXT),
    VARIABLE("referrer", "referrer", NGINX_KIND_TEXT),
    VARIABLE("http_referrer", "referrer", NGINX_KIND_TEXT),
    VARIABLE("agent", "agent", NGINX_KIND_TEXT),
    VARIABLE("user_agent", "agent", NGINX_KIND_TEXT),
    VARIABLE("time", "time", NGINX_KIND_TIME_ISO),
    VARIABLE("timestamp", "timestamp", NGINX_KIND_TIME_ISO),
    VARIABLE("@timestamp", "timestamp", NGINX_KIND_TIME_ISO),
    VARIABLE("ts", "ts", NGINX_KIND_TIME_ISO),
    VARIABLE("rt", "request_time", NGINX_KIND_NUMBER),
    VARIABLE("urt", "upstream_response_time", NGINX_KIND_NUMBER),
    VARIABLE("uct", "upstream_connect_time", NGINX_KIND_NUMBER),
    VARIABLE("uht", "upstream_header_time", NGINX_KIND_NUMBER),
    VARIABLE("traceparent", "traceparent", NGINX_KIND_TRACE),
    VARIABLE("trace_id", "trace_id", NGINX_KIND_TRACE),
};

enum { VARIABLES = sizeof variables / sizeof *variables };

/* One escape behind a backslash at the front of *s, and what it stands for; false leaves the backslash a
 * plain one. */
static bool escape_from(struct slice *s, char *out)
{
    static const char letters[] = "\"\"\\\\//n\nr\rt\tb\bf\f";
    if (s->n == 0)
        return false;
    for (const char *l = letters; *l; l += 2)
        if (s->p[0] == *l) {
            *out = l[1];
            *s = slice_from(*s, 1);
            return true;
        }
    /* \xHH, and \u00HH of escape=json: it writes no other \u. */
    size_t skip = s->p[0] == 'x' ? 1 : slice_starts(*s, SLICE("u00")) ? 3 : 0;
    struct slice hex = slice_sub(*s, skip, skip + 2);
    if (!skip || hex.n < 2 || !slice_is_hex(hex))
        return false;
    *out = (char)(ascii_hex_value(hex.p[0]) * 16 + ascii_hex_value(hex.p[1]));
    *s = slice_from(*s, skip + 2);
    return true;
}

struct slice nginx_variable_unescaped(struct arena *arena, struct slice v)
{
    if (!slice_chr(v, '\\'))
        return v;
    char *p = arena_alloc(arena, v.n), *end = p;
    while (v.n) {
        char c = v.p[0];
        v = slice_from(v, 1);
        if (c == '\\')
            escape_from(&v, &c);
        *end++ = c;
    }
    return slice_of(p, (size_t)(end - p));
}

static enum field_type number_type(struct slice v)
{
    return json_number_ok(v) ? FIELD_NUMBER : FIELD_STRING; /* "0.012, 0.300" is a list of tries */
}

/* 00-TRACE-SPAN-01 of W3C or TRACE-SPAN-1 of Sentry. */
static void set_trace(struct record *r, struct slice v)
{
    if (slice_starts(v, SLICE("00-")))
        v = slice_from(v, 3);
    struct slice trace = slice_split(&v, '-'), span = slice_split(&v, '-');
    if (trace.n != 32 || !slice_is_hex(trace))
        return;
    r->trace_id = trace;
    if (span.n == 16 && slice_is_hex(span))
        r->span_id = span;
}

/* Most lines have the second of the line before them. */
static bool take_clf(struct stamp_memo *memo, struct slice v, int64_t *us)
{
    struct slice rest = v;
    if (memo && v.n == memo->n && stamp_is_again(memo, v, v.n)) {
        *us = memo->us;
        return true;
    }
    bool ok = stamp_clf(&rest, us);
    if (ok && !rest.n)
        stamp_keep(memo, v, *us);
    return ok;
}

static void set_time(struct nginx_line *l, enum nginx_kind kind, struct slice v)
{
    int64_t us;
    bool zone = true;
    bool ok = kind == NGINX_KIND_TIME_LOCAL
                  ? take_clf(l->ctx->memo, v, &us) || !(zone = !stamp_clf_local(&v, &us))
                  : stamp_rfc3339(&v, &us, &zone) || stamp_epoch(&v, &us) || stamp_clf(&v, &us);
    if (!ok || kind < l->time_kind)
        return;
    l->time_kind = kind;
    l->r->time_us = zone ? us : stamp_local(l->ctx->zone, us, l->ctx->last_us);
}

static void set_status(struct nginx_line *l, struct slice v)
{
    l->status = v;
    /* 000 (nothing was sent) and 009 (an HTTP/0.9 answer) are numbers too, but not as JSON spells them. */
    while (v.n > 1 && v.p[0] == '0')
        v = slice_from(v, 1);
    record_add(l->r, SLICE("status"), v, number_type(v));
}

static void set_request_id(struct nginx_line *l, struct slice field, struct slice v)
{
    record_add(l->r, field, v, FIELD_STRING);
    if (!l->r->request_id.n)
        l->r->request_id = v;
}

static bool is_absent(struct slice v)
{
    return v.n == 0 || (v.n == 1 && *v.p == '-');
}

static inline void set(struct nginx_line *l, const struct nginx_variable *var, struct slice v)
{
    switch (var->kind) {
    case NGINX_KIND_REQUEST:
        l->request = v;
        break;
    case NGINX_KIND_METHOD:
        l->method = v;
        break;
    case NGINX_KIND_URI:
        if (!l->uri.n || var->field.p[0] == 'r') /* request_uri is what the client asked for */
            l->uri = v;
        break;
    case NGINX_KIND_STATUS:
        set_status(l, v);
        return;
    case NGINX_KIND_TIME_LOCAL:
    case NGINX_KIND_TIME_ISO:
    case NGINX_KIND_TIME_EPOCH:
        set_time(l, var->kind, v);
        return;
    case NGINX_KIND_REQUEST_ID:
        set_request_id(l, var->field, v);
        return;
    case NGINX_KIND_TRACE:
        set_trace(l->r, v);
        return;
    case NGINX_KIND_NUMBER:
        record_add(l->r, var->field, v, number_type(v));
        return;
    case NGINX_KIND_TEXT:
        break;
    }
    record_add(l->r, var->field, v, FIELD_STRING);
}

void nginx_variable_set(struct nginx_line *l, const struct nginx_variable *var, struct slice name, struct slice v)
{
    if (is_absent(v))
        return;
    if (var)
        set(l, var, v);
    else
        record_add(l->r, name, v, FIELD_STRING);
}

void nginx_variable_set_row(struct nginx_line *l, enum nginx_variable_index first, const struct slice *v, unsigned n,
                            bool escapes)
{
    for (unsigned i = 0; i < n; i++)
        if (!is_absent(v[i]))
            set(l, &variables[first + i], escapes ? nginx_variable_unescaped(l->ctx->arena, v[i]) : v[i]);
}

const struct nginx_variable *nginx_variable_of(struct slice name)
{
    for (const struct nginx_variable *v = variables; v < variables + VARIABLES; v++)
        if (slice_eq(v->name, name))
            return v;
    return NULL;
}

const struct nginx_variable *nginx_variable_at(enum nginx_variable_index i)
{
    return &variables[i];
}
