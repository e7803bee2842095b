#include "parsers/partial.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "text/json.h"
#include "text/stamp.h"

/* What stands before the text of a line and behind it: Docker's attrs may be long. */
enum { HEAD_MAX = 64 << 10 };

struct docker_members {
    struct record *r;
    struct slice log, stream, time;
};

static bool partial_docker_member(void *u, const struct json_member *m)
{
    struct docker_members *d = u;
    if (m->depth == 2) {
        struct slice name = m->name, top = slice_split(&name, '.');
        if (d->r && slice_is(top, "attrs") && m->type == JSON_STRING)
            record_put(d->r, name, m->value, FIELD_STRING);
        return true;
    }
    struct slice *to = slice_is(m->name, "log")      ? &d->log
                       : slice_is(m->name, "stream") ? &d->stream
                       : slice_is(m->name, "time")   ? &d->time
                                                     : NULL;
    if (!to)
        return true;
    if (m->type != JSON_STRING)
        return false;
    *to = m->value;
    return true;
}

static bool is_stream(struct slice s)
{
    return slice_is(s, "stdout") || slice_is(s, "stderr");
}

/* The line behind half of one, whose writer died: in a text its quotes would be escaped. */
static struct slice behind_half(struct slice raw)
{
    ptrdiff_t at = slice_rfind(raw, SLICE("{\"log\":\""));
    return at > 0 ? slice_from(raw, (size_t)at) : SLICE_NONE;
}

bool docker_read(struct arena *a, struct slice raw, struct record *r, struct docker_line *out)
{
    struct docker_members d = {.r = r};
    int64_t us;
    bool zoned;
    unsigned n = r ? r->n_fields : 0;
    if (json_members(raw, a, r ? 2 : 1, partial_docker_member, &d, NULL) != JSON_OK) {
        struct slice behind = r ? behind_half(raw) : SLICE_NONE; /* a piece of a line must be whole */
        if (!behind.n)
            return false;
        r->n_fields = n;
        return docker_read(a, behind, r, out); /* once: it is the last one */
    }
    if (!d.log.p || !is_stream(d.stream))
        return false;
    if (!stamp_rfc3339(&d.time, &us, &zoned) || d.time.n || !zoned)
        return false;
    bool lf = slice_ends(d.log, SLICE("\n")), crlf = slice_ends(d.log, SLICE("\r\n"));
    *out = (struct docker_line){.text = slice_sub(d.log, 0, d.log.n - lf - crlf),
                                .stream = d.stream,
                                .time_us = us,
                                .partial = !lf && d.log.n >= PARTIAL_DOCKER_BYTES};
    return true;
}

bool cri_read(struct slice raw, struct cri_line *out)
{
    struct slice s = raw;
    bool zoned;
    struct cri_line line;
    /* Asked for every line that has a time: the runtimes write the letter. */
    if (s.n < 11 || s.p[10] != 'T' || !stamp_rfc3339(&s, &line.time_us, &zoned) || !zoned ||
        !slice_starts(s, SLICE(" ")))
        return false;
    s = slice_from(s, 1);
    line.stream = slice_split(&s, ' ');
    const char *tags = s.p;
    struct slice rest = s, tag = slice_split(&rest, ' '), kind = slice_split(&tag, ':');
    if (!is_stream(line.stream) || !tags || !(slice_is(kind, "P") || slice_is(kind, "F")))
        return false;
    line.partial = *kind.p == 'P';
    line.head = slice_of(raw.p, rest.p ? (size_t)(rest.p - raw.p) : raw.n);
    line.text = rest.p ? rest : slice_from(raw, raw.n);
    *out = line;
    return true;
}

void partial_init(struct partial_join *j, enum partial_kind kind, size_t max_bytes)
{
    *j = (struct partial_join){.kind = kind, .max_bytes = max_bytes};
    for (int i = 0; i < PARTIAL_STREAMS; i++) {
        sbuf_init(&j->held[i].text, max_bytes + 2 * HEAD_MAX + 4);
        sbuf_init(&j->held[i].tail, HEAD_MAX);
    }
}

void partial_done(struct partial_join *j)
{
    for (int i = 0; i < PARTIAL_STREAMS; i++) {
        sbuf_done(&j->held[i].text);
        sbuf_done(&j->held[i].tail);
        free(j->held[i].more);
        j->held[i].more = NULL;
        j->held[i].n_more = 0;
    }
    arena_done(&j->arena);
}

static bool holds_any(const struct partial_join *j)
{
    return j->held[0].lines || j->held[1].lines;
}

void partial_trim(struct partial_join *j)
{
    if (!holds_any(j))
        partial_done(j);
}

/* The stream whose line has waited longest. */
static struct partial_held *oldest(struct partial_join *j)
{
    struct partial_held *out = &j->held[0], *err = &j->held[1];
    return !out->lines || (err->lines && err->offset < out->offset) ? err : out;
}

uint64_t partial_mark(const struct partial_join *j)
{
    const struct partial_held *h = oldest((struct partial_join *)(uintptr_t)j);
    return h->lines ? hash_mix(hash_mix(1, h->offset), h->lines) | 1 : 0;
}

/* The longest prefix of escaped JSON text of at most n bytes that cuts no escape. */
static size_t whole_escapes(struct slice s, size_t n)
{
    size_t i = 0, step = 0;
    for (; i < s.n; i += step) {
        step = s.p[i] != '\\' ? 1 : i + 1 < s.n && s.p[i + 1] == 'u' ? 6 : 2;
        if (i + step > n)
            break;
    }
    return i < s.n ? i : s.n;
}

static void append(struct partial_join *j, struct partial_held *h, struct slice text, uint64_t truncated_bytes)
{
    size_t left = h->truncated_bytes ? 0 : j->max_bytes - h->text_bytes, n = text.n;
    if (n > left)
        n = j->kind == PARTIAL_DOCKER ? whole_escapes(text, left) : left;
    sbuf_add(&h->text, text.p, n);
    h->text_bytes += n;
    h->truncated_bytes += truncated_bytes + (text.n - n);
    h->lines++;
}

/* Where it stands in the file. */
static void append_place(struct partial_held *h, const struct message *line)
{
    uint64_t *end = h->n_more ? &h->more[h->n_more - 1].to : &h->end;
    if (*end == line->offset) {
        *end = line->end;
    } else if (h->n_more < PARTIAL_SPANS_MAX) {
        h->more = xroom(h->more, h->n_more, sizeof *h->more);
        h->more[h->n_more++] = (struct frame_span){line->offset, line->end};
    }
}

static void emit(struct partial_held *h, struct message *out)
{
    sbuf_adds(&h->text, sbuf_slice(&h->tail));
    *out = (struct message){.text = sbuf_slice(&h->text),
                            .lines = h->lines,
                            .truncated_bytes = h->truncated_bytes,
                            .offset = h->offset,
                            .end = h->end,
                            .more = h->more,
                            .n_more = h->n_more};
    h->lines = 0;
}

static void begin(struct partial_held *h, struct slice head, struct slice tail, uint64_t offset)
{
    sbuf_reset(&h->text);
    sbuf_reset(&h->tail);
    sbuf_adds(&h->text, head);
    if (!tail.p && !slice_ends(head, SLICE(" ")))
        sbuf_addc(&h->text, ' '); /* an empty text may have come without the space before it */
    sbuf_adds(&h->tail, tail);
    h->text_bytes = 0;
    h->truncated_bytes = 0;
    h->offset = h->end = offset;
    h->n_more = 0;
}

/* A line of either format, as far as joining has to know it. */
struct piece {
    struct slice head, text, tail; /* as they stand in the file, escapes and all */
    int stream;
    bool partial;
};

static bool read_cri(struct slice line, struct piece *p)
{
    struct cri_line c;
    if (!cri_read(line, &c))
        return false;
    *p = (struct piece){.head = c.head, .text = c.text, .stream = slice_is(c.stream, "stderr"), .partial = c.partial};
    return true;
}

/* Behind the string that begins at s.p[i], or s.n. */
static size_t string_end(struct slice s, size_t i)
{
    for (i++; i < s.n && s.p[i] != '"'; i++)
        i += s.p[i] == '\\';
    return i < s.n ? i + 1 : s.n;
}

/* Where the string value of the outermost "log" stands; whatever the order of the members is. */
static bool log_span(struct slice line, struct piece *p)
{
    unsigned depth = 0;
    bool key = false;
    for (size_t i = 0; i < line.n;) {
        char c = line.p[i];
        if (c != '"') {
            depth += c == '{' || c == '[';
            depth -= depth && (c == '}' || c == ']');
            key &= ascii_space(c) || c == ':';
            i++;
            continue;
        }
        size_t end = string_end(line, i);
        if (key && end > i + 1) {
            p->head = slice_sub(line, 0, i + 1);
            p->text = slice_sub(line, i + 1, end - 1);
            p->tail = slice_from(line, end - 1);
            return true;
        }
        key = depth == 1 && slice_is(slice_sub(line, i, end), "\"log\"");
        i = end;
    }
    return false;
}

static bool read_docker(struct arena *a, struct slice line, struct piece *p)
{
    struct docker_line d;
    arena_reset(a);
    if (!docker_read(a, line, NULL, &d) || !log_span(line, p))
        return false;
    p->stream = slice_is(d.stream, "stderr");
    p->partial = d.partial;
    return true;
}

static bool read_piece(struct partial_join *j, struct slice line, struct piece *p)
{
    bool known = j->kind == PARTIAL_CRI ? read_cri(line, p) : read_docker(&j->arena, line, p);
    return known && p->head.n <= HEAD_MAX && p->tail.n <= HEAD_MAX;
}

int partial_stream(struct partial_join *j, struct slice line)
{
    struct piece p;
    return read_piece(j, line, &p) ? p.stream : -1;
}

/* The last piece of the line that h holds is in it: makes its form that of a whole line. */
static void complete(const struct partial_join *j, struct partial_held *h)
{
    if (j->kind == PARTIAL_DOCKER) {
        if (h->truncated_bytes)
            sbuf_adds(&h->text, SLICE("\\n"));
        return;
    }
    /* The head is the first piece's; its tag becomes that of the last. */
    for (size_t i = 0, spaces = 0; i < h->text.n && spaces < 2; i++)
        if (h->text.p[i] == ' ' && ++spaces == 2)
            h->text.p[i + 1] = 'F';
}

enum partial_step partial_feed(struct partial_join *j, const struct message *line, struct message *out)
{
    struct piece p;
    bool holds = holds_any(j);
    if (holds && line->offset - oldest(j)->offset > partial_span(j->max_bytes))
        return partial_flush(j, out), PARTIAL_FIRST;
    /* With nothing held, a line that is shorter than a piece is all there is to know. */
    bool whole = !holds && j->kind == PARTIAL_DOCKER && line->text.n < PARTIAL_DOCKER_BYTES;
    if (!whole && !read_piece(j, line->text, &p)) {
        /* What is no line of the runtime tells that its writer was disturbed: nothing is joined over it. */
        if (holds)
            return partial_flush(j, out), PARTIAL_FIRST;
        whole = true;
    }
    if (whole || (!p.partial && !j->held[p.stream].lines)) {
        *out = *line;
        return PARTIAL_WHOLE;
    }
    struct partial_held *h = &j->held[p.stream];
    if (!h->lines)
        begin(h, p.head, p.tail, line->offset);
    append(j, h, p.text, line->truncated_bytes);
    append_place(h, line);
    if (p.partial)
        return PARTIAL_HELD;
    complete(j, h);
    emit(h, out);
    return PARTIAL_WHOLE;
}

bool partial_flush(struct partial_join *j, struct message *out)
{
    if (!holds_any(j))
        return false;
    emit(oldest(j), out);
    return true;
}
