#include "parsers/gelf.h"

#include "parsers/field_names.h"
#include "parsers/parsers.h"
#include "parsers/syslog_parts.h"
#include "text/json.h"
#include "text/zip.h"

struct reader {
    struct parse_ctx *ctx;
    struct record *r;
    struct slice short_message, message, source, facility, level_word, container, stack, error_type, error;
    unsigned stack_rank, level_rank, error_rank;
    bool bad_host;
};

static bool is_text(const struct json_member *m)
{
    return m->type == JSON_STRING && slice_trim(m->value).n > 0;
}

static void take_level(struct reader *rd, const struct json_member *m)
{
    struct record *r = rd->r;
    struct slice v = m->type == JSON_BOOL ? slice_is(m->value, "true") ? SLICE("1") : SLICE_NONE : slice_trim(m->value);
    uint64_t n;
    r->level = field_names_level(v);
    r->severity = slice_u64(slice_split(&v, '.'), &n) && n <= 7 ? (int)n : -1;
}

/* The members the format itself names. False: it is an additional field. */
static bool take_native(struct reader *rd, const struct json_member *m)
{
    struct record *r = rd->r;
    switch (m->name.n) {
    case 4:
        if (!slice_is(m->name, "host"))
            return false;
        rd->bad_host = !is_text(m);
        r->host = rd->bad_host ? SLICE_NONE : slice_trim(m->value);
        return true;
    case 5:
        if (!slice_is(m->name, "level"))
            return false;
        take_level(rd, m);
        return true;
    case 6:
        if (!slice_is(m->name, "source"))
            return false;
        rd->source = is_text(m) ? slice_trim(m->value) : SLICE_NONE;
        return true;
    case 7:
        if (slice_is(m->name, "message"))
            rd->message = is_text(m) ? m->value : SLICE_NONE;
        return slice_is(m->name, "message") || slice_is(m->name, "version");
    case 9:
        if (!slice_is(m->name, "timestamp"))
            return false;
        if ((m->type != JSON_NUMBER && m->type != JSON_STRING) ||
            !field_names_time(m->value, rd->ctx->zone, &r->time_us))
            r->time_us = RECORD_NO_TIME;
        return true;
    case 12:
        if (!slice_is(m->name, "full_message"))
            return false;
        r->full_message = is_text(m) ? m->value : SLICE_NONE;
        return true;
    case 13:
        if (!slice_is(m->name, "short_message"))
            return false;
        rd->short_message = is_text(m) ? m->value : SLICE_NONE;
        return true;
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

/* What an additional field says beyond its value. */
static void take_role(struct reader *rd, struct slice name, struct slice v)
{
    unsigned rank;
    enum role role = field_names_role(name, &rank);
    if (role == ROLE_STACK && (!rd->stack.p || rank < rd->stack_rank)) {
        rd->stack = v;
        rd->stack_rank = rank;
    } else if (role == ROLE_ERROR_TYPE && (!rd->error_type.p || rank < rd->error_rank)) {
        rd->error_type = v;
        rd->error_rank = rank;
    } else if (role == ROLE_ERROR && !rd->error.p) {
        rd->error = v;
    } else if (role == ROLE_LEVEL && (!rd->level_word.p || rank < rd->level_rank)) {
        rd->level_word = v;
        rd->level_rank = rank;
    } else if (role >= ROLE_LOGGER && role <= ROLE_TRACEPARENT && role != ROLE_HOST) {
        field_names_take(rd->r, role, v);
    } else if (slice_is(name, "facility")) {
        rd->facility = v;
    } else if (slice_is(name, "container_name")) {
        rd->container = slice_from(v, *v.p == '/');
    }
}

static bool gelf_member(void *u, const struct json_member *m)
{
    static const enum field_type types[] = {
        [JSON_NUMBER] = FIELD_NUMBER, [JSON_STRING] = FIELD_STRING, [JSON_MAP] = FIELD_JSON, [JSON_ARRAY] = FIELD_JSON};
    struct reader *rd = u;
    if (take_native(rd, m) || m->type == JSON_NULL || m->type == JSON_BOOL)
        return true;
    struct slice name = slice_from(m->name, m->name.n > 1 && *m->name.p == '_'), v = m->value;
    if (m->type == JSON_STRING)
        v = slice_trim(v);
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
    int known = syslog_facility(rd->facility);
    if (slice_u64(rd->facility, &n) && n <= 23)
        known = (int)n;
    if (known >= 0)
        r->facility = known;
    else if (!r->logger.n)
        r->logger = rd->facility; /* graypy and others of GELF 1.0 name the logger there */
}

static bool finish(struct reader *rd)
{
    struct record *r = rd->r;
    if (rd->bad_host) {
        rd->ctx->reason = "GELF: host is empty or no text";
        return false;
    }
    r->message = rd->short_message.p ? rd->short_message : rd->message;
    if (!r->message.p) {
        rd->ctx->reason = "GELF: no short_message";
        return false;
    }
    if (!r->host.n)
        r->host = rd->source;
    if (!r->app.n && !r->untrusted)
        r->app = rd->container;
    if (r->level == LEVEL_NONE && rd->level_word.n)
        r->level = field_names_level(rd->level_word);
    /* A stack in a field of its own, unless full_message is longer than a line itself. */
    if (rd->stack.n && !slice_chr(r->full_message, '\n') && slice_chr(rd->stack, '\n'))
        r->full_message = rd->stack;
    if (rd->facility.n)
        take_facility(rd);
    field_names_error(r, rd->error_type, rd->error);
    return true;
}

static enum json_result read_object(struct parse_ctx *ctx, struct record *r, struct slice text, struct reader *rd)
{
    *rd = (struct reader){.ctx = ctx, .r = r};
    return json_members(text, ctx->arena, 1, gelf_member, rd, NULL);
}

static bool gelf_parse(struct parse_ctx *ctx, struct record *r)
{
    struct reader rd;
    struct record before;
    struct slice text = r->raw;
    record_copy_head(&before, r);
    if (slice_starts(text, SLICE("\xef\xbb\xbf")))
        text = slice_from(text, 3);
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
        ctx->reason = result == JSON_TOO_DEEP     ? "GELF: JSON nested too deep"
                      : result == JSON_INCOMPLETE ? "GELF: JSON is not complete"
                                                  : "GELF: not a JSON object";
        return false;
    }
    return finish(&rd);
}

/* The length of the JSON object at the front of s by its braces, or 0 if it does not end, or not in its line. */
static size_t object_length(struct slice s, bool in_line)
{
    size_t depth = 0;
    bool inside = false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\n' && in_line)
            return 0;
        if (inside && c == '\\')
            i++;
        else if (c == '"')
            inside = !inside;
        else if (!inside && c == '{')
            depth++;
        else if (!inside && c == '}' && --depth == 0)
            return i + 1;
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

static const struct format_traits traits = {.tells_nothing_apart = gelf_tells_nothing_apart, .by_message = true};

const struct parser parser_gelf = {
    .traits = &traits, .nesting = PARSER_NESTED, .framing = gelf_framing, .detect = gelf_detect, .parse = gelf_parse};
