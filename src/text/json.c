#include "text/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

#include "base/utf8.h"

struct reader {
    const struct json_handler *h;
    void *u;
    yajl_handle y;
    unsigned depth;
    bool too_deep;
};

static int json_on_null(void *ctx)
{
    struct reader *r = ctx;
    return !r->h->null || r->h->null(r->u);
}

static int json_on_boolean(void *ctx, int v)
{
    struct reader *r = ctx;
    return !r->h->boolean || r->h->boolean(r->u, v != 0);
}

static int json_on_number(void *ctx, const char *p, size_t n)
{
    struct reader *r = ctx;
    return !r->h->number || r->h->number(r->u, slice_of(p, n));
}

static int json_on_string(void *ctx, const unsigned char *p, size_t n)
{
    struct reader *r = ctx;
    return !r->h->string || r->h->string(r->u, slice_of((const char *)p, n));
}

static int json_on_key(void *ctx, const unsigned char *p, size_t n)
{
    struct reader *r = ctx;
    return !r->h->key || r->h->key(r->u, slice_of((const char *)p, n));
}

static bool descend(struct reader *r)
{
    r->too_deep = ++r->depth > JSON_DEPTH_MAX;
    return !r->too_deep;
}

static int json_on_map_start(void *ctx)
{
    struct reader *r = ctx;
    return descend(r) && (!r->h->map_start || r->h->map_start(r->u));
}

static int json_on_map_end(void *ctx)
{
    struct reader *r = ctx;
    r->depth--;
    return !r->h->map_end || r->h->map_end(r->u);
}

static int json_on_array_start(void *ctx)
{
    struct reader *r = ctx;
    return descend(r) && (!r->h->array_start || r->h->array_start(r->u));
}

static int json_on_array_end(void *ctx)
{
    struct reader *r = ctx;
    r->depth--;
    return !r->h->array_end || r->h->array_end(r->u);
}

static const yajl_callbacks callbacks = {
    .yajl_null = json_on_null,
    .yajl_boolean = json_on_boolean,
    .yajl_number = json_on_number,
    .yajl_string = json_on_string,
    .yajl_start_map = json_on_map_start,
    .yajl_map_key = json_on_key,
    .yajl_end_map = json_on_map_end,
    .yajl_start_array = json_on_array_start,
    .yajl_end_array = json_on_array_end,
};

/* One value of `text` through yajl with these callbacks; *r is their context. */
static enum json_result run(struct slice text, const yajl_callbacks *cb, struct reader *r, size_t *used)
{
    yajl_handle y = yajl_alloc(cb, NULL, r);
    assert(y);
    r->y = y;
    /* Trailing bytes are the caller's to judge: Graylog reads the first value of a payload and no more. */
    yajl_config(y, yajl_allow_trailing_garbage, 1);
    yajl_config(y, yajl_dont_validate_strings, 1);
    yajl_status st = yajl_parse(y, (const unsigned char *)(text.p ? text.p : ""), text.n);
    size_t consumed = yajl_get_bytes_consumed(y);
    bool fed = st == yajl_status_ok;
    if (fed)
        st = yajl_complete_parse(y);
    enum json_result result = JSON_OK;
    if (r->too_deep)
        result = JSON_TOO_DEEP;
    else if (st == yajl_status_client_canceled)
        result = JSON_STOPPED;
    else if (st != yajl_status_ok)
        result = fed ? JSON_INCOMPLETE : JSON_BAD;
    yajl_free(y);
    if (used)
        *used = consumed;
    return result;
}

enum json_result json_read(struct slice text, const struct json_handler *h, void *u, size_t *used)
{
    struct reader r = {.h = h, .u = u};
    return run(text, &callbacks, &r, used);
}

struct member_reader {
    struct reader r; /* first: the callbacks are given its address */
    struct slice text;
    struct arena *arena;
    unsigned levels;
    unsigned arrays; /* open arrays: what is inside them is not handed out */
    bool (*member)(void *u, const struct json_member *m);
    struct slice key[JSON_DEPTH_MAX + 1]; /* by depth of the object it stands in */
    size_t start[JSON_DEPTH_MAX + 1];     /* where the object or array that opened at this depth began */
};

/* yajl decodes a string in place when it has no escapes; only a decoded copy must be kept. */
static struct slice keep(struct member_reader *m, const void *p, size_t n)
{
    uintptr_t at = (uintptr_t)p, from = (uintptr_t)m->text.p;
    if (at >= from && at - from <= m->text.n && n <= m->text.n - (at - from))
        return slice_of(m->text.p + (at - from), n);
    return arena_dup(m->arena, slice_of(p, n));
}

/* Without the cap, one long key above many short ones would cost their product. */
static struct slice path(struct member_reader *m, unsigned depth)
{
    if (depth == 1)
        return m->key[1];
    size_t n = depth - 1;
    for (unsigned d = 1; d <= depth; d++)
        n += m->key[d].n;
    if (n > JSON_PATH_MAX)
        return SLICE_NONE;
    char *p = arena_alloc(m->arena, n), *at = p;
    for (unsigned d = 1; d <= depth; d++) {
        if (d > 1)
            *at++ = '.';
        if (m->key[d].n)
            memcpy(at, m->key[d].p, m->key[d].n);
        at += m->key[d].n;
    }
    return slice_of(p, n);
}

/* True when a value that stands at this depth is to be handed out. */
static bool wanted(const struct member_reader *m, unsigned depth)
{
    return m->arrays == 0 && depth >= 1 && depth <= m->levels;
}

static int give(struct member_reader *m, unsigned depth, enum json_type type, struct slice value)
{
    struct json_member out = {.name = path(m, depth), .value = value, .type = type, .depth = depth};
    return !out.name.p || m->member(m->r.u, &out);
}

static int json_member_null(void *ctx)
{
    struct member_reader *m = ctx;
    return !wanted(m, m->r.depth) || give(m, m->r.depth, JSON_NULL, SLICE(""));
}

static int json_member_boolean(void *ctx, int v)
{
    struct member_reader *m = ctx;
    return !wanted(m, m->r.depth) || give(m, m->r.depth, JSON_BOOL, v ? SLICE("true") : SLICE("false"));
}

static int json_member_number(void *ctx, const char *p, size_t n)
{
    struct member_reader *m = ctx;
    return !wanted(m, m->r.depth) || give(m, m->r.depth, JSON_NUMBER, keep(m, p, n));
}

static int json_member_string(void *ctx, const unsigned char *p, size_t n)
{
    struct member_reader *m = ctx;
    return !wanted(m, m->r.depth) || give(m, m->r.depth, JSON_STRING, keep(m, p, n));
}

static int json_member_key(void *ctx, const unsigned char *p, size_t n)
{
    struct member_reader *m = ctx;
    if (wanted(m, m->r.depth))
        m->key[m->r.depth] = keep(m, p, n);
    return 1;
}

static int member_open(struct member_reader *m)
{
    if (!descend(&m->r))
        return 0;
    m->start[m->r.depth] = yajl_get_bytes_consumed(m->r.y) - 1;
    return 1;
}

static int member_close(struct member_reader *m, enum json_type type)
{
    size_t from = m->start[m->r.depth--];
    return !wanted(m, m->r.depth) ||
           give(m, m->r.depth, type, slice_sub(m->text, from, yajl_get_bytes_consumed(m->r.y)));
}

static int json_member_map_start(void *ctx)
{
    return member_open(ctx);
}

static int json_member_map_end(void *ctx)
{
    return member_close(ctx, JSON_MAP);
}

static int json_member_array_start(void *ctx)
{
    struct member_reader *m = ctx;
    m->arrays++;
    return member_open(m);
}

static int json_member_array_end(void *ctx)
{
    struct member_reader *m = ctx;
    m->arrays--;
    return member_close(m, JSON_ARRAY);
}

static const yajl_callbacks member_callbacks = {
    .yajl_null = json_member_null,
    .yajl_boolean = json_member_boolean,
    .yajl_number = json_member_number,
    .yajl_string = json_member_string,
    .yajl_start_map = json_member_map_start,
    .yajl_map_key = json_member_key,
    .yajl_end_map = json_member_map_end,
    .yajl_start_array = json_member_array_start,
    .yajl_end_array = json_member_array_end,
};

enum json_result json_members(struct slice text, struct arena *a, unsigned depth,
                              bool (*member)(void *u, const struct json_member *m), void *u, size_t *used)
{
    assert(depth >= 1 && depth <= JSON_DEPTH_MAX);
    size_t i = 0;
    while (i < text.n && ascii_space(text.p[i]))
        i++;
    if (i == text.n || text.p[i] != '{') {
        if (used)
            *used = i;
        return JSON_BAD;
    }
    struct member_reader m;
    m.r = (struct reader){.u = u};
    m.text = text;
    m.arena = a;
    m.levels = depth;
    m.arrays = 0;
    m.member = member;
    return run(text, &member_callbacks, &m.r, used);
}

/* The word of a number that JSON has not, at the front of s: its length, or 0. */
static size_t not_a_number(struct slice s)
{
    static const struct slice words[] = {{"NaN", 3}, {"Infinity", 8}, {"-Infinity", 9}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_starts(s, words[i]) && (s.n == words[i].n || !ascii_alnum(s.p[words[i].n])))
            return words[i].n;
    return 0;
}

static bool comma_dangles(struct slice s)
{
    size_t i = 1;
    while (i < s.n && ascii_space(s.p[i]))
        i++;
    return i < s.n && (s.p[i] == '}' || s.p[i] == ']');
}

/* What stands at the front of rest, inside a string: a control byte becomes an escape. Returns how many bytes of rest
 * it is. */
static size_t repair_inside(struct slice rest, char *out, size_t *n)
{
    static const char hex[] = "0123456789abcdef";
    char c = *rest.p;
    if ((unsigned char)c < 0x20) {
        memcpy(out + *n, "\\u00", 4);
        out[*n + 4] = hex[c >> 4];
        out[*n + 5] = hex[c & 15];
        *n += 6;
        return 1;
    }
    out[(*n)++] = c;
    if (c != '\\' || rest.n < 2 || (unsigned char)rest.p[1] < 0x20)
        return 1;
    out[(*n)++] = rest.p[1];
    return 2;
}

/* The same outside of strings: NaN becomes null, a comma before a closing bracket goes. */
static size_t repair_outside(struct slice rest, char *out, size_t *n)
{
    char c = *rest.p;
    size_t word = c == 'N' || c == 'I' || c == '-' ? not_a_number(rest) : 0;
    if (word) {
        memcpy(out + *n, "null", 4);
        *n += 4;
        return word;
    }
    if (c != ',' || !comma_dangles(rest))
        out[(*n)++] = c;
    return 1;
}

struct slice json_repair(struct arena *a, struct slice text)
{
    size_t controls = 0, n = 0;
    for (size_t i = 0; i < text.n; i++)
        controls += (unsigned char)text.p[i] < 0x20;
    /* NaN, the shortest, grows by one byte. */
    char *p = arena_alloc(a, text.n + text.n / 3 + controls * 5 + 1);
    bool inside = false;
    for (size_t i = 0; i < text.n;) {
        struct slice rest = slice_from(text, i);
        if (text.p[i] == '"') {
            inside = !inside;
            p[n++] = text.p[i++];
        } else {
            i += inside ? repair_inside(rest, p, &n) : repair_outside(rest, p, &n);
        }
    }
    return slice_of(p, n);
}

/* Beyond ASCII there are only strings, and yajl hands them on without cutting a character. */
static void json_print(void *ctx, const char *p, size_t n)
{
    if (n == 1) /* most are punctuation */
        sbuf_addc(ctx, *p);
    else
        utf8_json(ctx, slice_of(p, n));
}

void json_start(struct json *j, struct sbuf *out)
{
    yajl_gen g = yajl_gen_alloc(NULL);
    assert(g);
    yajl_gen_config(g, yajl_gen_print_callback, json_print, out);
    *j = (struct json){.out = out, .gen = g};
}

void json_end(struct json *j)
{
    yajl_gen_free(j->gen);
    j->gen = NULL;
}

void json_map(struct json *j)
{
    yajl_gen_map_open(j->gen);
}

void json_map_end(struct json *j)
{
    yajl_gen_map_close(j->gen);
}

void json_array(struct json *j)
{
    yajl_gen_array_open(j->gen);
}

void json_array_end(struct json *j)
{
    yajl_gen_array_close(j->gen);
}

static void put_clean(struct json *j, struct slice v)
{
    yajl_gen_string(j->gen, (const unsigned char *)(v.p ? v.p : ""), v.n);
}

void json_str(struct json *j, struct slice v)
{
    if (utf8_is_clean(v)) {
        put_clean(j, v);
        return;
    }
    struct sbuf clean;
    sbuf_init(&clean, v.n * 3 + 1); /* a bad byte becomes three */
    utf8_clean(&clean, v);
    put_clean(j, sbuf_slice(&clean));
    sbuf_done(&clean);
}

void json_str_max(struct json *j, struct slice v, size_t max_points)
{
    assert(max_points > 3);
    if (v.n <= max_points && utf8_is_clean(v)) {
        put_clean(j, v);
        return;
    }
    struct sbuf clean;
    sbuf_init(&clean, v.n * 3 + 4);
    utf8_clean(&clean, v);
    struct slice s = sbuf_slice(&clean);
    if (utf8_prefix(s, max_points).n < s.n) {
        clean.n = utf8_prefix(s, max_points - 3).n;
        sbuf_adds(&clean, SLICE("..."));
        s = sbuf_slice(&clean);
    }
    put_clean(j, s);
    sbuf_done(&clean);
}

void json_key(struct json *j, const char *key)
{
    json_str(j, slice_str(key));
}

void json_key_s(struct json *j, struct slice key)
{
    json_str(j, key);
}

void json_int(struct json *j, int64_t v)
{
    yajl_gen_integer(j->gen, v);
}

void json_bool(struct json *j, bool v)
{
    yajl_gen_bool(j->gen, v);
}

void json_time(struct json *j, int64_t us)
{
    char text[40];
    bool negative = us < 0;
    uint64_t u = negative ? -(uint64_t)us : (uint64_t)us;
    int n = snprintf(text, sizeof text, "%s%" PRIu64 ".%06" PRIu64, negative ? "-" : "", u / 1000000, u % 1000000);
    json_raw(j, slice_of(text, (size_t)n));
}

void json_raw(struct json *j, struct slice v)
{
    yajl_gen_number(j->gen, v.p, v.n);
}

/* The whole part of a number at i, of at most 15 digits: its end, or i. */
static size_t whole_end(struct slice v, size_t i)
{
    size_t end = i;
    while (end < v.n && ascii_digit(v.p[end]))
        end++;
    bool zeros = end - i > 1 && v.p[i] == '0';
    return end - i > 15 || zeros ? i : end;
}

bool json_number_ok(struct slice v)
{
    size_t start = v.n && v.p[0] == '-', i = whole_end(v, start);
    if (i == start || i == v.n)
        return i > start;
    if (v.p[i] != '.' || i + 1 == v.n)
        return false;
    for (i++; i < v.n; i++)
        if (!ascii_digit(v.p[i]))
            return false;
    return v.n <= 40;
}
