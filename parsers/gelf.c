#include "parsers/gelf.h"

#include "parsers/error_text.h"
#include "parsers/field_names.h"
#include "parsers/nested.h"
#include "parsers/parsers.h"
#include "parsers/syslog_parts.h"
#include "text/json.h"
#include "text/zip.h"

struct pick {
    struct slice value;
    unsigned rank;
};

struct reader {
    struct parse_ctx *ctx;
    struct record *r;
    struct slice short_message, message, source, facility, container;
    struct pick level_word, stack, error_type, error;
    bool bad_host;
    bool empty; /* there is a message, of no text */
};

static bool is_text(const struct json_member *m)
{
    return m->type == JSON_STRING && slice_trim(m->value).n > 0;
}

static bool is_empty(const struct json_member *m)
{
    return m->type == JSON_STRING && slice_trim(m->value).n == 0;
}

/* Each of these takes its member, and says so. */
static bool take_level(struct reader *rd, const struct json_member *m)
{
    struct record *r = rd->r;
    struct slice v = m->type == JSON_BOOL ? slice_is(m->value, "true") ? SLICE("1") : SLICE_NONE : slice_trim(m->value);
    uint64_t n;
    r->level = field_names_level(v);
    r->severity = slice_u64(slice_split(&v, '.'), &n) && n <= 7 ? (int)n : -1;
    return true;
}

static bool take_host(struct reader *rd, const struct json_member *m)
{
    rd->bad_host = !is_text(m);
    rd->r->host = rd->bad_host ? SLICE_NONE : slice_trim(m->value);
    return true;
}

static bool take_source(struct reader *rd, const struct json_member *m)
{
    rd->source = is_text(m) ? slice_trim(m->value) : SLICE_NONE;
    return true;
}

static bool take_message(struct reader *rd, const struct json_member *m)
{
    rd->message = is_text(m) ? m->value : SLICE_NONE;
    rd->empty |= is_empty(m);
    return true;
}

static bool take_timestamp(struct reader *rd, const struct json_member *m)
{
    bool may = m->type == JSON_NUMBER || m->type == JSON_STRING;
    if (!may || !field_names_time(m->value, rd->ctx->zone, &rd->r->time_us))
        rd->r->time_us = RECORD_NO_TIME;
    return true;
}

static bool take_full_message(struct reader *rd, const struct json_member *m)
{
    rd->r->full_message = is_text(m) ? m->value : SLICE_NONE;
    return true;
}

static bool take_short_message(struct reader *rd, const struct json_member *m)
{
    rd->short_message = is_text(m) ? m->value : SLICE_NONE;
    rd->empty |= is_empty(m);
    return true;
}

/* The members the format itself names. False: it is an additional field. */
static bool take_native(struct reader *rd, const struct json_member *m)
{
    switch (m->name.n) {
    case 4:
        return slice_is(m->name, "host") && take_host(rd, m);
    case 5:
        return slice_is(m->name, "level") && take_level(rd, m);
    case 6:
        return slice_is(m->name, "source") && take_source(rd, m);
    case 7:
        return (slice_is(m->name, "message") && take_message(rd, m)) || slice_is(m->name, "version");
    case 9:
        return slice_is(m->name, "timestamp") && take_timestamp(rd, m);
    case 12:
        return slice_is(m->name, "full_message") && take_full_message(rd, m);
    case 13:
        return slice_is(m->name, "short_message") && take_short_message(rd, m);
    default:
        return false;
    }
}

/* Graylog's rule for names of fields: word characters, `.`, `-` and `@`. */
static bool name_ok(struct slice name)
{
    static const bool allowed[256] = {['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['_'] = true,
                                      ['.'] = true,         ['-'] = true,         ['@'] = true};
    bool ok = name.n > 0;
    for (size_t i = 0; i < name.n; i++)
        ok &= allowed[(unsigned char)name.p[i]];
    return ok;
}

/* The value whose name says it best counts. */
static void offer(struct pick *p, struct slice v, unsigned rank)
{
    if (!p->value.p || rank < p->rank)
        *p = (struct pick){v, rank};
}

/* What an additional field says beyond its value. */
static void take_role(struct reader *rd, struct slice name, struct slice v)
{
    unsigned rank;
    enum role role = field_names_role(name, &rank);
    if (role == ROLE_STACK)
        offer(&rd->stack, v, rank);
    else if (role == ROLE_ERROR_TYPE)
        offer(&rd->error_type, v, rank);
    else if (role == ROLE_ERROR)
        offer(&rd->error, v, rank);
    else if (role == ROLE_LEVEL)
        offer(&rd->level_word, v, rank);
    else if (role >= ROLE_LOGGER && role <= ROLE_TRACEPARENT && role != ROLE_HOST)
        field_names_take(rd->r, role, v);
    else if (slice_is(name, "facility"))
        rd->facility = v;
    else if (slice_is(name, "container_name"))
        rd->container = slice_from(v, *v.p == '/');
}

static bool gelf_member(void *u, const struct json_member *m)
{
    static const enum field_type types[] = {
        [JSON_NULL] = FIELD_JSON,     [JSON_BOOL] = FIELD_BOOL, [JSON_NUMBER] = FIELD_NUMBER,
        [JSON_STRING] = FIELD_STRING, [JSON_MAP] = FIELD_JSON,  [JSON_ARRAY] = FIELD_JSON};
    struct reader *rd = u;
    if (take_native(rd, m))
        return true;
    struct slice name = slice_from(m->name, m->name.n > 1 && *m->name.p == '_'), v = m->value;
    if (m->type == JSON_STRING)
        v = slice_trim(v);
    if (m->type == JSON_NULL)
        v = SLICE("null");
    if (!v.n || !name_ok(name))
        return true;
    record_put(rd->r, name, v, types[m->type]);
    if (m->type == JSON_STRING || m->type == JSON_NUMBER)
        take_role(rd, name, v);
    return true;
}

static void take_facility(struct reader *rd)
{
    struct record *r = rd->r;
    uint64_t n;
    int known = level_facility(rd->facility);
    if (slice_u64(rd->facility, &n) && n <= 23)
        known = (int)n;
    if (known >= 0)
        r->facility = known;
    else if (!r->logger.n)
        r->logger = rd->facility; /* graypy and others of GELF 1.0 name the logger there */
}

/* What the format's own members did not say. */
static void fill_gaps(struct reader *rd)
{
    struct record *r = rd->r;
    if (!r->host.n)
        r->host = rd->source;
    if (!r->app.n && !r->untrusted)
        r->app = rd->container;
    if (r->level == LEVEL_NONE && rd->level_word.value.n)
        r->level = field_names_level(rd->level_word.value);
    /* A stack in a field of its own, unless full_message is longer than a line itself. */
    if (rd->stack.value.n && !slice_chr(r->full_message, '\n') && slice_chr(rd->stack.value, '\n'))
        r->full_message = error_text_headed(rd->ctx->arena, rd->error_type.value, rd->error.value, rd->stack.value);
}

/* Docker cuts a line into pieces of 16 KiB, and its driver for GELF does not say so. Bytes that are no UTF-8 have
 * become longer in between; an object shows that it lacks its end. */
static bool is_piece(struct slice s)
{
    enum { DOCKER_PIECE = 16 << 10, NEAR = 256 };
    bool near = s.n > DOCKER_PIECE - NEAR && s.n < DOCKER_PIECE + NEAR;
    return s.n == DOCKER_PIECE || (near && *s.p == '{' && !slice_ends(s, SLICE("}")));
}

static void mark_cut(struct record *r)
{
    r->piece = is_piece(r->message);
    r->truncated |= r->piece;
    if (r->piece)
        record_add(r, SLICE("partial"), SLICE("true"), FIELD_BOOL);
}

static bool finish(struct reader *rd)
{
    struct record *r = rd->r;
    if (rd->bad_host) {
        rd->ctx->reason = "GELF: host is empty or no text";
        return false;
    }
    r->message = rd->short_message.p ? rd->short_message : rd->message;
    struct slice lines = slice_trim(r->full_message);
    if (!r->message.p && lines.n) /* all is there but the summary, which a logger left out */
        r->message = slice_split(&lines, '\n');
    if (!r->message.p) {
        rd->ctx->reason = "GELF: no short_message";
        fill_gaps(rd); /* a trace may have a blank line there: whose it is tells which one */
        r->empty = rd->empty && !r->full_message.n;
        return false;
    }
    fill_gaps(rd);
    if (rd->facility.n)
        take_facility(rd);
    field_names_error(r, rd->error_type.value, rd->error.value);
    /* Of Docker's driver it is a line that the container has printed, and the level says by which stream. */
    bool docker = record_field(r, SLICE("container_id"));
    if (docker)
        mark_cut(r);
    nested_any(rd->ctx, r, r->message, docker || r->level == LEVEL_NONE ? NESTED_PRINTED : NESTED_SAID);
    return true;
}

static enum json_result read_object(struct parse_ctx *ctx, struct record *r, struct slice text, struct reader *rd)
{
    size_t used;
    *rd = (struct reader){.ctx = ctx, .r = r};
    enum json_result result = json_members(text, ctx->arena, 1, gelf_member, rd, &used);
    if (result == JSON_OK && slice_starts(slice_trim(slice_from(text, used)), SLICE("{")))
        ctx->bad_part = "another object behind"; /* without the NUL or the LF that would make it a message */
    return result;
}

/* "<11>…", also behind an octet count. */
static bool is_syslog(struct slice s)
{
    struct slice rest = slice_from(s, slice_span(s, ascii_digit));
    if (rest.n && rest.n < s.n && *rest.p == ' ')
        s = slice_from(rest, 1);
    size_t digits = s.n && *s.p == '<' ? slice_span(slice_from(s, 1), ascii_digit) : 0;
    return digits && digits <= 3 && digits + 1 < s.n && s.p[digits + 1] == '>';
}

static const char *why_not(struct slice text, enum json_result result)
{
    if (is_syslog(text))
        return "GELF: this is syslog; point its sender at a syslog input";
    return result == JSON_TOO_DEEP     ? "GELF: JSON nested too deep"
           : result == JSON_INCOMPLETE ? "GELF: JSON is not complete"
                                       : "GELF: not a JSON object";
}

static bool gelf_parse(struct parse_ctx *ctx, struct record *r)
{
    struct reader rd;
    struct record before;
    struct slice text = frame_skip_lead(r->raw);
    record_copy_head(&before, r);
    if (text.n < 2) {
        ctx->reason = "GELF: shorter than two bytes";
        return false;
    }
    enum json_result result = read_object(ctx, r, text, &rd);
    if (result == JSON_BAD) {
        record_copy_head(r, &before);
        result = read_object(ctx, r, json_repair(ctx->arena, text), &rd);
    }
    if (result != JSON_OK) {
        ctx->reason = why_not(text, result);
        return false;
    }
    return finish(&rd);
}

/* The length of the JSON object at the front of s, which begins with its brace, by its braces; 0 if it does not end, or
 * not in its line. */
static size_t object_length(struct slice s, bool in_line)
{
    size_t depth = 0;
    bool inside = false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\n' && in_line)
            return 0;
        if (inside && c == '\\') {
            i++;
        } else if (c == '"') {
            inside = !inside;
        } else if (!inside) {
            depth += c == '{';
            depth -= c == '}';
            if (depth == 0)
                return i + 1;
        }
    }
    return 0;
}

void gelf_body_open(struct gelf_body *b, struct slice bytes)
{
    *b = (struct gelf_body){.rest = bytes, .search_bytes = 4 * bytes.n};
}

/* The length of the object at the front of s, or 0. A search for an end that is not there is paid from
 * search_bytes: without that, every '{' of a body of nothing else would search all that is behind it. */
static size_t find_object(struct gelf_body *b, struct slice s)
{
    if (s.n > b->search_bytes)
        return object_length(s, true);
    size_t n = object_length(s, false);
    b->search_bytes -= n ? 0 : s.n;
    return n;
}

bool gelf_next(struct gelf_body *b, struct slice *message)
{
    size_t i = 0, n;
    while (i < b->rest.n && (ascii_space(b->rest.p[i]) || strchr(",[]", b->rest.p[i])))
        i++;
    struct slice s = slice_from(b->rest, i);
    if (!s.n)
        return false;
    n = *s.p == '{' ? find_object(b, s) : 0;
    if (!n) {
        const char *end = slice_chr(s, '\n');
        n = end ? (size_t)(end - s.p) : s.n;
    }
    *message = slice_sub(s, 0, n);
    b->rest = slice_from(s, n);
    return true;
}

enum gelf_open gelf_open_payload(struct slice payload, struct sbuf *room, struct slice *out)
{
    if (payload.n < 2)
        return GELF_SHORT;
    unsigned char first = (unsigned char)payload.p[0];
    if (zip_is_gzip(payload) || zip_is_zlib(payload)) {
        sbuf_reset(room);
        enum zip_result z = zip_inflate(payload, room);
        if (z != ZIP_OK)
            return z == ZIP_TOO_LARGE ? GELF_TOO_LARGE : GELF_BAD_ZIP;
        *out = sbuf_slice(room);
        return GELF_INFLATED;
    }
    if (first == 0x1e || first == 0x1f || first == 0x78)
        return GELF_UNKNOWN;
    *out = payload;
    return GELF_PLAIN;
}

static const char *gelf_detect(struct slice line)
{
    bool short_message = *line.p == '{' && slice_find(parser_front(line), SLICE("\"short_message\"")) >= 0;
    return short_message ? "an object with a short_message" : NULL;
}

/*
 * In a file it is one object per line, or objects that NUL ends (crumbd(8), --format). Where lines are the frames, one
 * that is broken must not swallow those after it; an object that goes on over its line can only be ended by a NUL.
 */
static enum frame_mode gelf_framing(struct slice first)
{
    if (slice_chr(first, '\0'))
        return FRAME_NUL;
    return slice_is(slice_trim(slice_split(&first, '\n')), "{") ? FRAME_GELF : FRAME_LINES;
}

/* Docker's driver for GELF says in each message whose it is; tags say that of the container. */
static bool gelf_tells_nothing_apart(const struct record *r, struct slice name)
{
    static const char *const docker[] = {"container_id", "container_name", "image_id",
                                         "image_name",   "command",        "created"};
    for (size_t i = 0; i < sizeof docker / sizeof *docker; i++)
        if (slice_is(name, docker[i]))
            return record_value(r, "container_id").n > 0;
    return false;
}

const struct format_traits format_gelf = {
    .tells_nothing_apart = gelf_tells_nothing_apart, .by_message = true, .says_stream = true};

const struct parser parser_gelf = {
    .nesting = PARSER_NESTED, .framing = gelf_framing, .detect = gelf_detect, .parse = gelf_parse};
