#include "core/forwarded.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text/json.h"

enum { VERSION = 1, HEX = 16, DEPTH = 4 };

/* 30 days: a longer period of a rule is none. */
#define PERIOD_MAX_US (INT64_C(366) * 86400 * 1000000)
/* The year 2500; what is before 1970 is nobody's. */
#define TIME_MAX_US INT64_C(16725225600000000)

static const char *const types[FORWARDED_KINDS] = {
    [FORWARDED_EVENT] = "event", [FORWARDED_COUNT] = "crumbd.count", [FORWARDED_CHECK_IN] = "check_in"};

/* ---- writing ---- */

static void put_hex(struct json *j, const char *key, uint64_t v)
{
    char text[HEX + 1];
    snprintf(text, sizeof text, "%016" PRIx64, v);
    json_key(j, key);
    json_str(j, slice_str(text));
}

static void put_text(struct json *j, const char *key, struct slice v)
{
    json_key(j, key);
    json_str(j, v);
}

static void put_int(struct json *j, const char *key, int64_t v)
{
    json_key(j, key);
    json_int(j, v);
}

bool forwarded_write(const struct forwarded *f, struct sbuf *out)
{
    struct json j;
    struct sbuf header;
    sbuf_init(&header, FORWARDED_HEADER_MAX);
    json_start(&j, &header);
    json_map(&j);
    put_text(&j, "event_id", slice_str(f->event_id));
    json_key(&j, "crumbd");
    json_map(&j);
    put_int(&j, "v", VERSION);
    put_hex(&j, "from", f->from);
    put_hex(&j, "issue", f->issue);
    put_int(&j, "time", f->time_us);
    put_text(&j, "level", f->level);
    put_text(&j, "title", slice_sub(f->title, 0, FORWARDED_TITLE_MAX));
    json_map_end(&j);
    json_map_end(&j);
    json_end(&j);
    sbuf_adds(out, sbuf_slice(&header));
    sbuf_addf(out, "\n{\"type\":\"%s\",\"length\":%zu}\n", types[f->kind], f->payload.n);
    sbuf_adds(out, f->payload);
    bool ok = !header.over && !out->over && f->payload.n <= FORWARDED_PAYLOAD_MAX;
    sbuf_done(&header);
    return ok;
}

void forwarded_put_lines(struct json *j, const struct line_run *v, unsigned n)
{
    struct sbuf text;
    if (!n)
        return;
    sbuf_init(&text, FORWARDED_PAYLOAD_MAX);
    line_runs_write(v, n, &text);
    put_text(j, "lines", sbuf_slice(&text));
    sbuf_done(&text);
}

void forwarded_write_count(const struct forwarded *f, struct sbuf *out)
{
    struct json j;
    json_start(&j, out);
    json_map(&j);
    put_int(&j, "n", (int64_t)f->n);
    put_int(&j, "first", f->first_us);
    put_int(&j, "last", f->last_us);
    put_text(&j, "project", f->limits.project);
    put_int(&j, "burst", f->limits.burst);
    put_int(&j, "period", f->limits.period_us);
    json_key(&j, "constant");
    json_bool(&j, f->limits.constant);
    json_key(&j, "remote");
    json_bool(&j, f->limits.remote);
    forwarded_put_lines(&j, f->lines, f->n_lines);
    json_map_end(&j);
    json_end(&j);
}

/* ---- reading ---- */

/* What is being read; `had`: a bit for each member that was there, FATAL for one that was wrong. */
struct reading {
    struct forwarded *f;
    struct slice event_id;
    unsigned had;
    struct slice type;
    uint64_t length;
    struct arena *arena;
    uint64_t n_lines; /* the sum of f->lines */
};

enum had { HAD_VERSION = 1, HAD_FROM = 2, HAD_ISSUE = 4, HAD_TIME = 8, HAD_LENGTH = 16, HAD_N = 32, WRONG = 64 };

static void mark(struct reading *r, bool ok, enum had had)
{
    r->had |= ok ? (unsigned)had : WRONG;
}

static bool read_number(const struct json_member *m, uint64_t most, uint64_t *out)
{
    uint64_t v;
    if (m->type != JSON_NUMBER || !slice_u64(m->value, &v) || v > most)
        return false;
    *out = v;
    return true;
}

static bool read_time(const struct json_member *m, int64_t *out)
{
    uint64_t v;
    bool ok = read_number(m, TIME_MAX_US, &v);
    *out = ok ? (int64_t)v : 0;
    return ok;
}

static bool read_hex(const struct json_member *m, uint64_t *out)
{
    uint64_t v = 0;
    if (m->type != JSON_STRING || m->value.n != HEX || !slice_is_hex(m->value))
        return false;
    for (size_t i = 0; i < HEX; i++)
        v = v << 4 | (unsigned)ascii_hex_value(m->value.p[i]);
    *out = v;
    return true;
}

static struct slice read_text(const struct json_member *m, size_t most)
{
    return m->type == JSON_STRING ? slice_sub(m->value, 0, most) : SLICE_NONE;
}

static bool forwarded_on_header(void *u, const struct json_member *m)
{
    struct reading *r = u;
    uint64_t version;
    if (slice_is(m->name, "event_id"))
        r->event_id = read_text(m, FORWARDED_HEADER_MAX);
    else if (slice_is(m->name, "crumbd.v"))
        mark(r, read_number(m, VERSION, &version) && version == VERSION, HAD_VERSION);
    else if (slice_is(m->name, "crumbd.from"))
        mark(r, read_hex(m, &r->f->from), HAD_FROM);
    else if (slice_is(m->name, "crumbd.issue"))
        mark(r, read_hex(m, &r->f->issue), HAD_ISSUE);
    else if (slice_is(m->name, "crumbd.time"))
        mark(r, read_time(m, &r->f->time_us), HAD_TIME);
    else if (slice_is(m->name, "crumbd.level"))
        r->f->level = read_text(m, 16);
    else if (slice_is(m->name, "crumbd.title"))
        r->f->title = read_text(m, FORWARDED_TITLE_MAX);
    return true;
}

static bool forwarded_on_item(void *u, const struct json_member *m)
{
    struct reading *r = u;
    if (slice_is(m->name, "type"))
        r->type = read_text(m, 64);
    else if (slice_is(m->name, "length"))
        mark(r, read_number(m, FORWARDED_PAYLOAD_MAX, &r->length), HAD_LENGTH);
    return true;
}

/* The last of them counts. */
static bool read_lines(struct reading *r, struct slice text)
{
    return line_runs_read(text, r->arena, &r->f->lines, &r->f->n_lines, &r->n_lines);
}

/* name: behind what stands before it in the payload. */
static void read_limit(struct reading *r, struct slice name, const struct json_member *m)
{
    struct forwarded_limits *l = &r->f->limits;
    uint64_t v = 0;
    if (slice_is(name, "project"))
        l->project = read_text(m, FORWARDED_PROJECT_MAX);
    else if (slice_is(name, "burst"))
        l->burst = read_number(m, INT32_MAX, &v) ? (unsigned)v : 0;
    else if (slice_is(name, "period"))
        l->period_us = read_number(m, PERIOD_MAX_US, &v) ? (int64_t)v : 0;
    else if (slice_is(name, "constant"))
        l->constant = m->type == JSON_BOOL && slice_is(m->value, "true");
    else if (slice_is(name, "remote"))
        l->remote = m->type == JSON_BOOL && slice_is(m->value, "true");
    else if (slice_is(name, "lines"))
        mark(r, m->type == JSON_STRING && read_lines(r, m->value), 0);
}

static bool forwarded_on_event(void *u, const struct json_member *m)
{
    static const struct slice before = {"contexts.crumbd.forward.", sizeof "contexts.crumbd.forward." - 1};
    struct reading *r = u;
    if (m->depth == 1 && slice_is(m->name, "event_id") &&
        (m->type != JSON_STRING || !slice_is(m->value, r->f->event_id)))
        r->had |= WRONG;
    else if (slice_is(m->name, "tags.peer"))
        r->f->peer = read_text(m, 256);
    else if (slice_starts(m->name, before))
        read_limit(r, slice_from(m->name, before.n), m);
    return true;
}

static bool forwarded_on_count(void *u, const struct json_member *m)
{
    struct reading *r = u;
    if (slice_is(m->name, "n"))
        mark(r, read_number(m, FORWARDED_COUNT_MAX, &r->f->n) && r->f->n, HAD_N);
    else if (slice_is(m->name, "first"))
        mark(r, read_time(m, &r->f->first_us), 0);
    else if (slice_is(m->name, "last"))
        mark(r, read_time(m, &r->f->last_us), 0);
    else
        read_limit(r, m->name, m);
    return true;
}

static bool forwarded_on_check_in(void *u, const struct json_member *m)
{
    struct reading *r = u;
    if (slice_is(m->name, "crumbd_project"))
        r->f->limits.project = read_text(m, FORWARDED_PROJECT_MAX);
    return true;
}

/* The text is one object, and nothing else. */
static bool read_object(struct slice text, struct arena *a, bool (*member)(void *u, const struct json_member *m),
                        struct reading *r)
{
    size_t used = 0;
    return json_members(text, a, DEPTH, member, r, &used) == JSON_OK && !slice_trim(slice_from(text, used)).n &&
           !(r->had & WRONG);
}

/* Takes a line with its LF off the front. False: it is too long, or has no end. */
static bool take_line(struct slice *text, struct slice *line)
{
    const char *end = slice_chr(slice_sub(*text, 0, FORWARDED_HEADER_MAX), '\n');
    if (!end)
        return false;
    *line = slice_sub(*text, 0, (size_t)(end - text->p));
    slice_skip(text, line->n + 1);
    return true;
}

static bool take_id(struct reading *r)
{
    if (r->event_id.n != 32 || !slice_is_hex(r->event_id))
        return false;
    for (size_t i = 0; i < 32; i++) {
        char c = r->event_id.p[i];
        r->f->event_id[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    }
    return true;
}

static bool take_kind(struct reading *r)
{
    for (unsigned i = 0; i < FORWARDED_KINDS; i++)
        if (slice_is(r->type, types[i])) {
            r->f->kind = (enum forwarded_kind)i;
            return true;
        }
    return false;
}

static const char *read_headers(struct slice *text, struct arena *a, struct reading *r)
{
    enum { NEEDED = HAD_VERSION | HAD_FROM | HAD_ISSUE | HAD_TIME };
    struct slice line;
    if (!take_line(text, &line) || !read_object(line, a, forwarded_on_header, r))
        return "its first line is no header of an envelope";
    if ((r->had & NEEDED) != NEEDED || !take_id(r))
        return "its header is none that a crumbd writes which forwards";
    if (!take_line(text, &line) || !read_object(line, a, forwarded_on_item, r) || !(r->had & HAD_LENGTH))
        return "its second line is no header of an item";
    if (!take_kind(r))
        return "its item is of a kind that crumbd does not take";
    if (text->n != r->length && !(text->n == r->length + 1 && text->p[r->length] == '\n'))
        return "its payload is longer or shorter than its header says";
    return NULL;
}

static const char *read_payload(struct arena *a, struct reading *r)
{
    static bool (*const readers[FORWARDED_KINDS])(void *u, const struct json_member *m) = {
        [FORWARDED_EVENT] = forwarded_on_event,
        [FORWARDED_COUNT] = forwarded_on_count,
        [FORWARDED_CHECK_IN] = forwarded_on_check_in};
    struct forwarded *f = r->f;
    if (!read_object(f->payload, a, readers[f->kind], r))
        return "its payload is not the JSON object that its header tells of";
    if (f->kind == FORWARDED_COUNT && !(r->had & HAD_N))
        return "it counts nothing";
    if (f->kind != FORWARDED_CHECK_IN && !f->issue)
        return "it is of no issue";
    if (r->n_lines > (f->kind == FORWARDED_COUNT ? f->n : 1))
        return "it names more lines than it tells of";
    if (f->kind == FORWARDED_EVENT && f->n_lines)
        f->limits.line = f->lines[0];
    f->first_us = f->first_us ? f->first_us : f->time_us;
    f->last_us = f->last_us < f->first_us ? f->first_us : f->last_us;
    return NULL;
}

bool forwarded_read(struct slice text, struct arena *a, struct forwarded *f, const char **reason)
{
    struct reading r = {.f = f, .arena = a};
    *f = (struct forwarded){0};
    const char *why = read_headers(&text, a, &r);
    if (!why) {
        f->payload = slice_sub(text, 0, (size_t)r.length);
        why = read_payload(a, &r);
    }
    if (why)
        *reason = why;
    return !why;
}
