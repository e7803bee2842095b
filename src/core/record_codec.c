#include "core/record_codec.h"

#include <limits.h>

#include "parsers/container.h"

/* Kept in stores: a number is never given another meaning. A field, or a label, is two members, its name first. */
enum tag {
    TAG_FORMAT = 1,
    TAG_LEVEL,
    TAG_TIME,
    TAG_MESSAGE,
    TAG_FULL_MESSAGE,
    TAG_HOST,
    TAG_APP,
    TAG_PROCID,
    TAG_MSGID,
    TAG_LOGGER,
    TAG_REQUEST_ID,
    TAG_TRACE_ID,
    TAG_SPAN_ID,
    TAG_SOURCE,
    TAG_FIELD_NAME,
    TAG_FIELD_STRING,
    TAG_FIELD_NUMBER,
    TAG_FIELD_BOOL,
    TAG_FIELD_JSON,
    TAG_CONTAINER_NAME,
    TAG_CONTAINER_APP,
    TAG_CONTAINER_ID,
    TAG_IMAGE,
    TAG_POD,
    TAG_POD_UID,
    TAG_NAMESPACE,
    TAG_LABEL_NAME,
    TAG_LABEL,
    TAG_INPUT,
    TAG_PEER,
    TAG_UNTRUSTED,
    TAG_SCRUBBED, /* how many captures there are, in decimal */
    TAG_CAPTURE_NUMBER,
    TAG_CAPTURE,
    TAG_TIMES
};

enum { HEAD_BYTES = 3 };

static void put(struct sbuf *out, enum tag tag, struct slice v)
{
    v = slice_sub(v, 0, RECORD_CODEC_TEXT_MAX);
    if (!v.n || out->n + HEAD_BYTES + v.n > RECORD_CODEC_MAX)
        return;
    const unsigned char head[HEAD_BYTES] = {(unsigned char)tag, (unsigned char)(v.n & 0xff), (unsigned char)(v.n >> 8)};
    sbuf_add(out, head, sizeof head);
    sbuf_adds(out, v);
}

struct packer {
    struct scrub *scrub;
    struct arena arena; /* of texts that had secrets */
    struct sbuf *out;
};

static void put_text(struct packer *w, enum tag tag, struct slice v)
{
    put(w->out, tag, scrub_text(w->scrub, slice_sub(v, 0, RECORD_CODEC_TEXT_MAX), &w->arena));
}

static void put_named(struct packer *w, enum tag name_tag, struct slice name, enum tag tag, struct slice value)
{
    if (value.n > RECORD_CODEC_TEXT_MAX || name.n > RECORD_CODEC_TEXT_MAX)
        return;
    value = scrub_value(w->scrub, name, value, &w->arena);
    if (w->out->n + 2 * HEAD_BYTES + name.n + value.n > RECORD_CODEC_MAX)
        return;
    put(w->out, name_tag, name);
    put(w->out, tag, value);
}

static void put_container(struct packer *w, const struct container *c)
{
    put_text(w, TAG_CONTAINER_NAME, c->name);
    put_text(w, TAG_CONTAINER_APP, c->app);
    put_text(w, TAG_CONTAINER_ID, c->id);
    put_text(w, TAG_IMAGE, c->image);
    put_text(w, TAG_POD, c->pod);
    put_text(w, TAG_POD_UID, c->pod_uid);
    put_text(w, TAG_NAMESPACE, c->namespace);
    for (unsigned i = 0; i < c->n_labels; i++)
        put_named(w, TAG_LABEL_NAME, c->labels[i].key, TAG_LABEL, c->labels[i].value);
}

/* Writes a number that is not negative in decimal, in the arena. */
static struct slice number_text(struct arena *a, uint64_t v)
{
    char text[24];
    unsigned i = sizeof text;
    do
        text[--i] = (char)('0' + v % 10);
    while (v /= 10);
    return arena_dup(a, slice_of(text + i, sizeof text - i));
}

/* Returns the scrubbed capture, or the mark when the scrubbed message lacks it: alone a capture may not look like a
   secret. */
static struct slice clean_capture(struct packer *w, struct slice message, struct slice capture)
{
    struct slice clean = scrub_text(w->scrub, capture, &w->arena);
    return slice_find(message, clean) < 0 ? SLICE(SCRUB_MARK) : clean;
}

static void put_captures(struct packer *w, struct slice message, const struct slice *captures, unsigned n)
{
    n = n < RECORD_CODEC_CAPTURES_MAX ? n : RECORD_CODEC_CAPTURES_MAX;
    put(w->out, TAG_SCRUBBED, number_text(&w->arena, n));
    message = n > 1 ? scrub_text(w->scrub, message, &w->arena) : SLICE_NONE;
    for (unsigned i = 1; i < n; i++) {
        if (!captures[i].n)
            continue;
        put(w->out, TAG_CAPTURE_NUMBER, number_text(&w->arena, i));
        put(w->out, TAG_CAPTURE, slice_sub(clean_capture(w, message, captures[i]), 0, RECORD_CODEC_CAPTURE_MAX));
    }
}

void record_codec_write(const struct record *r, const struct record_codec_extra *extra, const struct slice *captures,
                        struct scrub *s, struct sbuf *out)
{
    struct packer w = {.scrub = s, .out = out};
    sbuf_reset(out);
    put_captures(&w, r->message, captures, extra->n_captures);
    put(out, TAG_FORMAT, slice_str(format_name(r->format)));
    put(out, TAG_LEVEL, slice_str(level_name(r->level)));
    if (r->time_us > 0)
        put(out, TAG_TIME, number_text(&w.arena, (uint64_t)r->time_us));
    put_text(&w, TAG_MESSAGE, r->message);
    put_text(&w, TAG_HOST, r->host);
    put_text(&w, TAG_APP, r->app);
    put_text(&w, TAG_PROCID, r->procid);
    put_text(&w, TAG_MSGID, r->msgid);
    put_text(&w, TAG_LOGGER, r->logger);
    put_text(&w, TAG_REQUEST_ID, r->request_id);
    put_text(&w, TAG_TRACE_ID, r->trace_id);
    put_text(&w, TAG_SPAN_ID, r->span_id);
    put(out, TAG_SOURCE, extra->source);
    put(out, TAG_INPUT, r->input);
    put(out, TAG_PEER, r->peer);
    if (r->times > 1)
        put(out, TAG_TIMES, number_text(&w.arena, r->times));
    if (r->untrusted)
        put(out, TAG_UNTRUSTED, SLICE("yes"));
    if (r->container)
        put_container(&w, r->container);
    for (unsigned i = 0; i < r->n_fields; i++) {
        const struct field *f = &r->fields[i];
        put_named(&w, TAG_FIELD_NAME, f->name, (enum tag)((unsigned)TAG_FIELD_STRING + f->type), f->value);
    }
    put_text(&w, TAG_FULL_MESSAGE, r->full_message);
    arena_done(&w.arena);
}

struct reader {
    struct record *r;
    struct container *container; /* NULL: no member of it has come */
    struct arena *arena;
    struct slice name; /* of the field or label whose value comes next */
    struct record_codec *out;
    unsigned group; /* of the capture that comes next */
};

/* Where the text of a member belongs; NULL: it is none of those that are one text. */
static struct slice *text_of(struct reader *in, unsigned tag)
{
    struct record *r = in->r;
    switch (tag) {
    case TAG_MESSAGE:
        return &r->message;
    case TAG_FULL_MESSAGE:
        return &r->full_message;
    case TAG_HOST:
        return &r->host;
    case TAG_APP:
        return &r->app;
    case TAG_PROCID:
        return &r->procid;
    case TAG_MSGID:
        return &r->msgid;
    case TAG_LOGGER:
        return &r->logger;
    case TAG_REQUEST_ID:
        return &r->request_id;
    case TAG_TRACE_ID:
        return &r->trace_id;
    case TAG_SPAN_ID:
        return &r->span_id;
    case TAG_SOURCE:
        return &in->out->source;
    case TAG_INPUT:
        return &r->input;
    case TAG_PEER:
        return &r->peer;
    case TAG_FIELD_NAME:
    case TAG_LABEL_NAME:
        return &in->name;
    default:
        return NULL;
    }
}

static void take_container(struct reader *in, unsigned tag, struct slice v)
{
    if (!in->container)
        in->r->container = in->container = arena_calloc(in->arena, 1, sizeof *in->container);
    struct container *c = in->container;
    struct slice *const texts[] = {&c->name, &c->app, &c->id, &c->image, &c->pod, &c->pod_uid, &c->namespace};
    if (tag != TAG_LABEL)
        *texts[tag - TAG_CONTAINER_NAME] = v;
    else if (c->n_labels < CONTAINER_LABELS_MAX)
        c->labels[c->n_labels++] = (struct container_label){in->name, v};
}

/* Reads the number of a group; max for a text that is no number or a larger one. */
static unsigned group_of(struct slice v, unsigned max)
{
    uint64_t n;
    return slice_u64(v, &n) && n < max ? (unsigned)n : max;
}

static void take_time(struct record *r, struct slice v)
{
    uint64_t time;
    if (slice_u64(v, &time) && time < INT64_MAX / 2)
        r->time_us = (int64_t)time;
}

static void take_format(struct record *r, struct slice v)
{
    enum format f = format_by_name(v);
    r->format = f < FORMAT_N ? f : r->format;
}

static void take(struct reader *in, unsigned tag, struct slice v)
{
    struct record *r = in->r;
    struct slice *text = text_of(in, tag);
    if (text) {
        *text = v;
        return;
    }
    switch (tag) {
    case TAG_FORMAT:
        take_format(r, v);
        return;
    case TAG_UNTRUSTED:
        r->untrusted = true;
        return;
    case TAG_LEVEL:
        r->level = level_by_name(v);
        return;
    case TAG_TIME:
        take_time(r, v);
        return;
    case TAG_TIMES:
        r->times = group_of(v, UINT_MAX);
        return;
    case TAG_FIELD_STRING ... TAG_FIELD_JSON:
        record_add(r, in->name, v, (enum field_type)(tag - TAG_FIELD_STRING));
        in->name = SLICE_NONE;
        return;
    case TAG_SCRUBBED:
        in->out->scrubbed = true;
        in->out->n_captures = group_of(v, RECORD_CODEC_CAPTURES_MAX);
        return;
    case TAG_CAPTURE_NUMBER:
        in->group = group_of(v, in->out->n_captures ? in->out->n_captures - 1 : 0);
        return;
    case TAG_CAPTURE:
        in->out->captures[in->group] = v;
        return;
    case TAG_CONTAINER_NAME ... TAG_LABEL:
        take_container(in, tag, v);
    }
}

bool record_codec_read(struct slice bytes, struct arena *a, struct record *r, struct record_codec *out)
{
    struct reader in = {.r = r, .arena = a, .out = out};
    record_init(r, FORMAT_TEXT, SLICE_NONE);
    *out = (struct record_codec){.scrubbed = false};
    while (bytes.n) {
        const unsigned char *head = (const unsigned char *)bytes.p;
        if (bytes.n < HEAD_BYTES)
            return false;
        size_t n = head[1] | (size_t)head[2] << 8;
        if (bytes.n - HEAD_BYTES < n)
            return false;
        take(&in, head[0], slice_sub(bytes, HEAD_BYTES, HEAD_BYTES + n));
        bytes = slice_from(bytes, HEAD_BYTES + n);
    }
    return true;
}
