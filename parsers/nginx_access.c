/*
 * nginx_access: lines of nginx's access log, also of Apache's combined log.
 *
 *   combined     [$host] $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent
 *                "$http_referer" "$http_user_agent" [name=value …]
 *   contrib's    the same, and then $pid $connection $request_id $msec
 *   main         (nginx.conf as it is packaged) the same, and then "$http_x_forwarded_for"
 *   ingress      (ingress-nginx) the same, and then what INGRESS_FORMAT says
 *   escape=json  one object a line, under nginx's names of the variables or the usual ones of people
 *   custom       the text of the log_format directive, in ctx->log_format
 *
 * An access line tells how a request ended; what went wrong is in the error log. So that one fault is one
 * event, no status makes a line worse than a warning: 5xx is a warning, everything else information. The
 * message is the request line and the status. A line of none of these shapes becomes a record without level,
 * with all of it as the message.
 *
 * Values are slices of the line; one with escapes in it is copied to the arena.
 */
#include "parsers/parsers.h"

#include "parsers/nginx_json.h"
#include "parsers/nginx_list.h"
#include "parsers/nginx_variable.h"
#include "text/json.h"

/* Behind an odd number of backslashes. */
static bool is_escaped(struct slice s, size_t at)
{
    size_t slashes = 0;
    while (slashes < at && s.p[at - 1 - slashes] == '\\')
        slashes++;
    return slashes % 2;
}

/*
 * Takes a value and the literal behind it off *rest; without a literal, all of it. A quote behind a backslash
 * is part of the value: nginx writes none, Apache and escape=json do.
 */
static inline bool nginx_access_value_from(struct slice *rest, struct slice literal, struct slice *value)
{
    if (literal.n == 0) {
        *value = *rest;
        *rest = SLICE_NONE;
        return true;
    }
    for (size_t from = 0; from < rest->n;) {
        ptrdiff_t at = slice_find_near(slice_of(rest->p + from, rest->n - from), literal);
        if (at < 0)
            return false;
        size_t end = from + (size_t)at;
        from = end + 1;
        if (literal.p[0] == '"' && is_escaped(*rest, end))
            continue;
        *value = slice_of(rest->p, end);
        *rest = slice_of(rest->p + end + literal.n, rest->n - end - literal.n);
        return true;
    }
    return false;
}

static bool is_status(struct slice s)
{
    return s.n >= 3 && ascii_digit(s.p[0]) && ascii_digit(s.p[1]) && ascii_digit(s.p[2]) && (s.n == 3 || s.p[3] == ' ');
}

/* A request with quotes in it (escape=none) ends where a status follows. */
static bool nginx_access_request_from(struct slice *rest, struct slice *value)
{
    static const struct slice end = {"\" ", 2};
    struct slice s = *rest, part;
    while (nginx_access_value_from(&s, end, &part))
        if (is_status(s)) {
            *value = slice_of(rest->p, (size_t)(part.p + part.n - rest->p));
            *rest = s;
            return true;
        }
    return nginx_access_value_from(rest, end, value);
}

/* Where all of them are there, takes them off *rest. */
static bool take_values(struct nginx_line *l, struct slice *rest, struct slice s, enum nginx_variable_index first,
                        const struct slice *v, unsigned n)
{
    nginx_variable_set_row(l, first, v, n, slice_chr(slice_of(rest->p, rest->n - s.n), '\\'));
    *rest = s;
    return true;
}

static bool take_common(struct nginx_line *l, struct slice *rest)
{
    struct slice s = *rest, v[5];
    return nginx_access_value_from(&s, SLICE(" - "), &v[0]) && nginx_access_value_from(&s, SLICE(" ["), &v[1]) &&
           nginx_access_value_from(&s, SLICE("] \""), &v[2]) && nginx_access_request_from(&s, &v[3]) &&
           nginx_access_value_from(&s, SLICE(" "), &v[4]) && take_values(l, rest, s, NGINX_REMOTE_ADDR, v, 5);
}

static bool take_combined(struct nginx_line *l, struct slice *rest)
{
    struct slice s = *rest, v[3];
    return nginx_access_value_from(&s, SLICE(" \""), &v[0]) && nginx_access_value_from(&s, SLICE("\" \""), &v[1]) &&
           nginx_access_value_from(&s, SLICE("\""), &v[2]) && take_values(l, rest, s, NGINX_BODY_BYTES_SENT, v, 3);
}

static bool take_contrib(struct nginx_line *l, struct slice *rest)
{
    struct slice s = *rest, v[4];
    return nginx_access_value_from(&s, SLICE(" "), &v[0]) && nginx_access_value_from(&s, SLICE(" "), &v[1]) &&
           nginx_access_value_from(&s, SLICE(" "), &v[2]) && nginx_access_value_from(&s, SLICE_NONE, &v[3]) &&
           take_values(l, rest, s, NGINX_PID, v, 4);
}

/* Apache's vhost_combined and its like: "shop.test:443 203.0.113.9 - - [". A list of addresses has commas. */
static struct slice virtual_host(struct slice *line)
{
    struct slice rest = *line, host = slice_split(&rest, ' ');
    if (!host.n || host.p[host.n - 1] == ',' || slice_starts(rest, SLICE("- ")) || slice_chr(host, '"') ||
        slice_chr(host, '['))
        return SLICE_NONE;
    *line = rest;
    return host;
}

/* What contrib's format has at the end; other people's have other numbers there. */
static bool is_contrib(struct slice s)
{
    struct slice pid = slice_split(&s, ' '), connection = slice_split(&s, ' '), id = slice_split(&s, ' ');
    uint64_t n;
    return slice_u64(pid, &n) && slice_u64(connection, &n) && (slice_is(id, "-") || (id.n == 32 && slice_is_hex(id)));
}

static bool is_in_name(char c)
{
    return ascii_alnum(c) || c == '_';
}

/* Takes a value without quotes off *rest. */
static struct slice bare_value_from(struct nginx_line *l, struct slice field, struct slice *rest)
{
    size_t n = nginx_list_is(field) ? nginx_list_end(*rest, SLICE_NONE, &l->tries) : 0;
    if (!n)
        return slice_split(rest, ' ');
    struct slice value = slice_sub(*rest, 0, n);
    *rest = slice_from(*rest, n);
    return value;
}

/* rt=0.123 urt="0.100, 0.020", as many add behind the combined format. */
static void read_pairs(struct nginx_line *l, struct slice s)
{
    while (s.n) {
        struct slice rest = s, name = slice_split(&rest, '='), value;
        if (!name.n || !rest.p || slice_span(name, is_in_name) != name.n)
            return;
        const struct nginx_variable *var = nginx_variable_of(name);
        if (slice_starts(rest, SLICE("\""))) {
            rest = slice_from(rest, 1);
            if (!nginx_access_value_from(&rest, SLICE("\""), &value))
                return;
        } else {
            value = bare_value_from(l, var ? var->field : name, &rest);
        }
        nginx_variable_set(l, var, name, nginx_variable_unescaped(l->ctx->arena, value));
        while (rest.n && *rest.p == ' ')
            rest = slice_from(rest, 1);
        s = rest;
    }
}

/* Takes a variable, $name or ${name}, off the front of *format. */
static struct slice variable_from(struct slice *format)
{
    struct slice s = slice_from(*format, 1);
    bool braces = s.n && s.p[0] == '{';
    s = slice_from(s, braces);
    size_t n = 0;
    while (n < s.n && (ascii_alnum(s.p[n]) || s.p[n] == '_'))
        n++;
    *format = slice_from(s, n + (braces && n < s.n && s.p[n] == '}'));
    return slice_sub(s, 0, n);
}

static struct slice literal_from(struct slice *format)
{
    const char *dollar = slice_chr(*format, '$');
    struct slice literal = slice_sub(*format, 0, dollar ? (size_t)(dollar - format->p) : format->n);
    *format = slice_from(*format, literal.n);
    return literal;
}

/* Takes the value of the variable and the literal behind it off *rest. */
static bool variable_value_from(struct nginx_line *l, struct slice name, struct slice *rest, struct slice literal,
                                struct slice *value)
{
    size_t n = literal.n && nginx_list_is(name) ? nginx_list_end(*rest, literal, &l->tries) : 0;
    if (!n)
        return nginx_access_value_from(rest, literal, value);
    *value = slice_sub(*rest, 0, n);
    *rest = slice_from(*rest, n + literal.n);
    return true;
}

static bool read_custom(struct nginx_line *l, struct slice rest, struct slice format)
{
    struct slice value, literal = literal_from(&format);
    if (!slice_starts(rest, literal))
        return false;
    rest = slice_from(rest, literal.n);
    while (format.n) {
        struct slice name = variable_from(&format);
        literal = literal_from(&format);
        if (!variable_value_from(l, name, &rest, literal, &value))
            return false;
        nginx_variable_set(l, nginx_variable_of(name), name, nginx_variable_unescaped(l->ctx->arena, value));
    }
    return true;
}

/* What ingress-nginx's format, "upstreaminfo", has behind the combined one. */
#define INGRESS_FORMAT                                                                                                 \
    SLICE("$request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr "    \
          "$upstream_response_length $upstream_response_time $upstream_status $req_id")

static bool has(struct slice s, struct slice needle)
{
    return slice_find(s, needle) >= 0;
}

static bool is_ingress(struct slice s)
{
    struct slice length = slice_split(&s, ' '), time = slice_split(&s, ' ');
    uint64_t n;
    return slice_u64(length, &n) && json_number_ok(time) && slice_starts(s, SLICE("[")) && has(s, SLICE("] ["));
}

static bool read_combined(struct nginx_line *l)
{
    struct slice rest = l->r->raw, host = virtual_host(&rest);
    if (!take_common(l, &rest) || l->r->time_us == RECORD_NO_TIME)
        return false;
    if (host.n)
        record_add(l->r, SLICE("server"), host, FIELD_STRING);
    if (!take_combined(l, &rest)) {
        nginx_variable_set(l, nginx_variable_at(NGINX_BODY_BYTES_SENT), SLICE_NONE, slice_split(&rest, ' '));
        return true;
    }
    if (!slice_starts(rest, SLICE(" ")))
        return true;
    rest = slice_from(rest, 1);
    if (slice_starts(rest, SLICE("\""))) {
        struct slice quoted = slice_from(rest, 1);
        if (nginx_access_value_from(&quoted, SLICE("\""), &rest))
            nginx_variable_set(l, nginx_variable_at(NGINX_HTTP_X_FORWARDED_FOR), SLICE_NONE,
                               nginx_variable_unescaped(l->ctx->arena, rest));
    } else if (is_contrib(rest)) {
        take_contrib(l, &rest);
    } else if (!is_ingress(rest) || !read_custom(l, rest, INGRESS_FORMAT)) {
        read_pairs(l, rest);
    }
    return true;
}

static bool json_value(struct nginx_line *l, struct slice v, enum field_type type)
{
    if (l->depth != 1)
        return true;
    const struct nginx_variable *var = nginx_variable_of(l->key);
    v = arena_dup(l->ctx->arena, v);
    if (var || type == FIELD_STRING)
        nginx_variable_set(l, var, l->key, v);
    else
        record_add(l->r, l->key, v, type);
    return true;
}

static bool nginx_access_on_string(void *u, struct slice v)
{
    return json_value(u, v, FIELD_STRING);
}

static bool nginx_access_on_number(void *u, struct slice v)
{
    return json_value(u, v, FIELD_NUMBER);
}

static bool nginx_access_on_boolean(void *u, bool v)
{
    return json_value(u, v ? SLICE("true") : SLICE("false"), FIELD_BOOL);
}

static bool nginx_access_on_key(void *u, struct slice v)
{
    struct nginx_line *l = u;
    if (l->depth == 1)
        l->key = arena_dup(l->ctx->arena, v);
    return true;
}

static bool nginx_access_on_start(void *u)
{
    ((struct nginx_line *)u)->depth++;
    return true;
}

static bool nginx_access_on_end(void *u)
{
    ((struct nginx_line *)u)->depth--;
    return true;
}

/* The members of the object; what they hold in turn is left out. */
static bool read_json(struct nginx_line *l, struct slice text)
{
    static const struct json_handler h = {.boolean = nginx_access_on_boolean,
                                          .number = nginx_access_on_number,
                                          .string = nginx_access_on_string,
                                          .key = nginx_access_on_key,
                                          .map_start = nginx_access_on_start,
                                          .map_end = nginx_access_on_end,
                                          .array_start = nginx_access_on_start,
                                          .array_end = nginx_access_on_end};
    return json_read(text, &h, l, NULL) == JSON_OK;
}

static void forget(struct nginx_line *l)
{
    struct parse_ctx *ctx = l->ctx;
    struct record *r = l->r;
    record_init(r, FORMAT_NGINX_ACCESS, r->raw);
    *l = (struct nginx_line){.ctx = ctx, .r = r};
}

static bool read_text(struct nginx_line *l)
{
    struct slice format = l->ctx->log_format;
    return format.n ? read_custom(l, l->r->raw, format) : read_combined(l);
}

static bool read_line(struct nginx_line *l)
{
    bool object = slice_starts(l->r->raw, SLICE("{"));
    if (object && read_json(l, l->r->raw))
        return true;
    if (object)
        forget(l);
    if (read_text(l))
        return true;
    forget(l);
    if (object && read_json(l, nginx_json_mend(l->r->raw, l->ctx->arena)))
        return true;
    forget(l);
    return false;
}

/* "GET /cart HTTP/1.1 -> 502" */
static void set_message(struct nginx_line *l)
{
    struct slice parts[5] = {l->request};
    if (!l->request.n) {
        parts[0] = l->method;
        parts[1] = l->method.n && l->uri.n ? SLICE(" ") : SLICE_NONE;
        parts[2] = l->method.n || l->uri.n ? l->uri : SLICE("no request");
    }
    parts[3] = l->status.n ? SLICE(" -> ") : SLICE_NONE;
    parts[4] = l->status;
    size_t n = 0;
    for (int i = 0; i < 5; i++)
        n += parts[i].n;
    char *p = arena_alloc(l->ctx->arena, n), *at = p;
    for (int i = 0; i < 5; i++)
        if (parts[i].n) {
            memcpy(at, parts[i].p, parts[i].n);
            at += parts[i].n;
        }
    l->r->message = slice_of(p, n);
}

static bool nginx_access_parse(struct parse_ctx *ctx, struct record *r)
{
    struct nginx_line l = {.ctx = ctx, .r = r};
    if (!read_line(&l) || !(l.request.n || l.method.n || l.uri.n || l.status.n)) {
        r->message = r->raw;
        return true;
    }
    bool failed = l.status.n == 3 && l.status.p[0] == '5';
    r->level = failed ? LEVEL_WARNING : LEVEL_INFO;
    set_message(&l);
    return true;
}

/* ---- detection ---- */

enum { FRONT_BYTES = 300 }; /* within which the time begins */

/* An application that logs its requests says a level or a message as well; nginx has none. */
static bool is_access_json(struct slice s)
{
    static const struct slice said[] = {{"\"level\"", 7},      {"\"short_message\"", 15},
                                        {"\"severity\"", 10},  {"\"levelname\"", 11},
                                        {"\"log.level\"", 11}, {"\"loglevel\"", 10},
                                        {"\"lvl\"", 5},        {"\"message\"", 9},
                                        {"\"msg\"", 5},        {"\"@l\"", 4},
                                        {"\"@m\"", 4},         {"\"@mt\"", 5}};
    if (!has(s, SLICE("\"status")) || !(has(s, SLICE("\"remote_")) || has(s, SLICE("\"request"))))
        return false;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (has(s, said[i]))
            return false;
    return true;
}

/* An address, or the name of a host that looks one up: what client and server are called in front of an access line. */
static bool is_place(struct slice s)
{
    bool dotted = slice_is(s, "localhost");
    for (size_t i = 0; i < s.n; i++) {
        bool dot = s.p[i] == '.' || s.p[i] == ':';
        dotted |= dot;
        if (!dot && !ascii_alnum(s.p[i]) && !strchr("-_[]%", s.p[i]))
            return false;
    }
    return dotted;
}

/* [host] addr - user [23/Nov/2026:10:00:00 +0000] ", or Werkzeug's [23/Nov/2026 10:00:00] ", from the first byte on:
 * further behind it is a part of another message. */
static bool is_access(struct slice s)
{
    int64_t us;
    const char *open = slice_chr(slice_sub(s, 0, FRONT_BYTES), '[');
    struct slice stamp = open ? slice_from(s, (size_t)(open - s.p) + 1) : SLICE_NONE;
    bool timed = open && (stamp_clf(&stamp, &us) || stamp_clf_local(&stamp, &us));
    if (!timed || !slice_starts(stamp, SLICE("] \"")))
        return false;
    struct slice words = slice_sub(s, 0, (size_t)(open - s.p)), first = slice_split(&words, ' '),
                 second = slice_split(&words, ' ');
    return is_place(first) && (second.n == 1 || is_place(second));
}

static const char *nginx_access_detect(struct slice line)
{
    struct slice s = parser_front(line);
    if (*s.p == '{')
        return is_access_json(s) ? "an object with a status and a request, and without a level or a message" : NULL;
    return is_access(s) ? "[time] and a quoted request behind a client and a user" : NULL;
}

/* "203.0.113.9 - user [", the stamp of the line before, "] \"": the shape that is_access knows, in the form that most
 * lines have. */
static bool nginx_access_again(struct slice s, const struct stamp_memo *memo)
{
    enum { ADDRESS_MAX = 15, CLF_BYTES = sizeof memo->text };
    size_t n = 0, dots = 0;
    for (; n < s.n && n <= ADDRESS_MAX && (ascii_digit(s.p[n]) || s.p[n] == '.'); n++)
        dots += s.p[n] == '.';
    if (dots != 3 || memo->n != CLF_BYTES || memo->text[2] != '/' || !slice_starts(slice_from(s, n), SLICE(" - ")))
        return false;
    const char *open = slice_chr(slice_sub(s, n, FRONT_BYTES), '[');
    struct slice stamp = open ? slice_from(s, (size_t)(open - s.p) + 1) : SLICE_NONE;
    return stamp_is_again(memo, stamp, CLF_BYTES) && slice_starts(slice_from(stamp, CLF_BYTES), SLICE("] \""));
}

const struct parser parser_nginx_access = {.nesting = PARSER_NESTED,
                                           .detect = nginx_access_detect,
                                           .again = nginx_access_again,
                                           .parse = nginx_access_parse,
                                           .settled = record_names_of_origin};
