#include "parsers/piece.h"

#include "text/json.h"
#include "text/stamp.h"

enum { HEAD_ROOM = 4096 };

struct docker_members {
    struct record *r;
    struct slice log, stream, time;
};

static bool docker_member(void *u, const struct json_member *m)
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

bool docker_read(struct arena *a, struct slice raw, struct record *r, struct docker_line *out)
{
    struct docker_members d = {.r = r};
    int64_t us;
    bool zoned;
    if (json_members(raw, a, r ? 2 : 1, docker_member, &d, NULL) != JSON_OK || !d.log.p ||
        !is_stream(d.stream))
        return false;
    if (!stamp_rfc3339(&d.time, &us, &zoned) || d.time.n || !zoned)
        return false;
    bool lf = slice_ends(d.log, SLICE("\n")), crlf = slice_ends(d.log, SLICE("\r\n"));
    *out = (struct docker_line){.text = slice_sub(d.log, 0, d.log.n - lf - crlf),
                                .stream = d.stream,
                                .time_us = us,
                                .partial = !lf && d.log.n >= PIECE_DOCKER_BYTES};
    return true;
}

bool cri_read(struct slice raw, struct cri_line *out)
{
    struct slice s = raw;
    bool zoned;
    struct cri_line line;
    if (!stamp_rfc3339(&s, &line.time_us, &zoned) || !zoned || !s.n || *s.p != ' ')
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

void piece_init(struct piece_join *j, enum format format, size_t max_bytes)
{
    *j = (struct piece_join){.format = format, .max_bytes = max_bytes};
    for (int i = 0; i < PIECE_STREAMS; i++) {
        sbuf_init(&j->held[i].text, max_bytes + HEAD_ROOM);
        sbuf_init(&j->held[i].tail, HEAD_ROOM);
    }
}

void piece_free(struct piece_join *j)
{
    for (int i = 0; i < PIECE_STREAMS; i++) {
        sbuf_free(&j->held[i].text);
        sbuf_free(&j->held[i].tail);
    }
    arena_free(&j->arena);
}

bool piece_holds(const struct piece_join *j)
{
    return j->held[0].lines || j->held[1].lines;
}

uint64_t piece_done(const struct piece_join *j, uint64_t now)
{
    for (int i = 0; i < PIECE_STREAMS; i++)
        if (j->held[i].lines && j->held[i].offset < now)
            now = j->held[i].offset;
    return now;
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

static void append(struct piece_join *j, struct piece_held *h, struct slice text, uint64_t cut_bytes)
{
    size_t left = j->max_bytes > h->text.n ? j->max_bytes - h->text.n : 0, n = text.n;
    if (n > left)
        n = j->format == FORMAT_DOCKER ? whole_escapes(text, left) : left;
    sbuf_add(&h->text, text.p, n);
    h->cut_bytes += cut_bytes + (text.n - n);
    h->lines++;
}

static void emit(struct piece_held *h, struct piece_out *out)
{
    sbuf_adds(&h->text, sbuf_slice(&h->tail));
    *out = (struct piece_out){
        .text = sbuf_slice(&h->text), .lines = h->lines, .cut_bytes = h->cut_bytes, .offset = h->offset};
    h->lines = 0;
    h->cut_bytes = 0;
}

static void begin(struct piece_held *h, struct slice head, struct slice tail, uint64_t offset)
{
    sbuf_reset(&h->text);
    sbuf_reset(&h->tail);
    sbuf_adds(&h->text, head);
    sbuf_adds(&h->tail, tail);
    h->offset = offset;
}

static bool feed_cri(struct piece_join *j, struct slice line, uint64_t cut_bytes, uint64_t offset,
                     struct piece_out *out)
{
    struct cri_line c;
    if (!cri_read(line, &c) || c.head.n > HEAD_ROOM)
        return true;
    struct piece_held *h = &j->held[slice_is(c.stream, "stderr")];
    if (!c.partial && !h->lines)
        return true;
    if (!h->lines)
        begin(h, c.head, SLICE_NONE, offset);
    append(j, h, c.text, cut_bytes);
    if (c.partial)
        return false;
    /* The head is the first piece's; its tag becomes that of the last. */
    for (size_t i = 0, spaces = 0; i < h->text.n && spaces < 2; i++)
        if (h->text.p[i] == ' ' && ++spaces == 2)
            h->text.p[i + 1] = 'F';
    emit(h, out);
    return false;
}

/* Where the value of "log", which Docker writes first, stands in the line, escapes and all. */
static bool log_span(struct slice line, struct slice *head, struct slice *value, struct slice *tail)
{
    size_t i = 0;
    const struct slice parts[] = {{"{", 1}, {"\"log\"", 5}, {":", 1}, {"\"", 1}};
    for (size_t k = 0; k < 4; k++) {
        while (i < line.n && ascii_space(line.p[i]))
            i++;
        if (!slice_starts(slice_from(line, i), parts[k]))
            return false;
        i += parts[k].n;
    }
    size_t from = i;
    while (i < line.n && line.p[i] != '"')
        i += line.p[i] == '\\' ? 2 : 1;
    if (i >= line.n)
        return false;
    *head = slice_sub(line, 0, from);
    *value = slice_sub(line, from, i);
    *tail = slice_from(line, i);
    return true;
}

static bool feed_docker(struct piece_join *j, struct slice line, uint64_t cut_bytes, uint64_t offset,
                        struct piece_out *out)
{
    struct slice head, value, tail;
    struct docker_line d;
    if (!log_span(line, &head, &value, &tail) || tail.n > HEAD_ROOM / 2)
        return true;
    /* Decoding only makes it shorter: a short value is no piece, and with nothing held that is all there is
     * to know. */
    if (!piece_holds(j) && (value.n < PIECE_DOCKER_BYTES || slice_ends(value, SLICE("\\n"))))
        return true;
    arena_reset(&j->arena);
    if (!docker_read(&j->arena, line, NULL, &d))
        return true;
    struct piece_held *h = &j->held[slice_is(d.stream, "stderr")];
    if (!d.partial && !h->lines)
        return true;
    if (!h->lines)
        begin(h, head, tail, offset);
    append(j, h, value, cut_bytes);
    if (!d.partial)
        emit(h, out);
    return false;
}

bool piece_feed(struct piece_join *j, struct slice line, uint64_t cut_bytes, uint64_t offset,
                struct piece_out *out)
{
    struct piece_out own = {.text = line, .lines = 1, .cut_bytes = cut_bytes, .offset = offset};
    struct piece_out joined = {0};
    bool passes = j->format == FORMAT_CRI ? feed_cri(j, line, cut_bytes, offset, &joined)
                                          : feed_docker(j, line, cut_bytes, offset, &joined);
    if (passes)
        *out = own;
    else if (joined.lines)
        *out = joined;
    return passes || joined.lines;
}

bool piece_flush(struct piece_join *j, struct piece_out *out)
{
    struct piece_held *h = &j->held[0];
    if (!h->lines || (j->held[1].lines && j->held[1].offset < h->offset))
        h = &j->held[1];
    if (!h->lines)
        return false;
    emit(h, out);
    return true;
}
