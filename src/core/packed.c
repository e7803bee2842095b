#include "core/packed.h"

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
    TAG_UNTRUSTED
};

enum { HEAD_BYTES = 3 };

static void put(struct sbuf *out, enum tag tag, struct slice v)
{
    v = slice_sub(v, 0, PACKED_TEXT_MAX);
    if (!v.n || out->n + HEAD_BYTES + v.n > PACKED_MAX)
        return;
    const unsigned char head[HEAD_BYTES] = {(unsigned char)tag, (unsigned char)(v.n & 0xff), (unsigned char)(v.n >> 8)};
    sbuf_add(out, head, sizeof head);
    sbuf_adds(out, v);
}

static void put_field(struct sbuf *out, const struct field *f)
{
    if (out->n + 2 * HEAD_BYTES + f->name.n + f->value.n > PACKED_MAX || f->value.n > PACKED_TEXT_MAX || f->name.n > PACKED_TEXT_MAX)
        return;
    put(out, TAG_FIELD_NAME, f->name);
    put(out, (enum tag)(TAG_FIELD_STRING + f->type), f->value);
}

static void put_container(struct sbuf *out, const struct container *c)
{
    put(out, TAG_CONTAINER_NAME, c->name);
    put(out, TAG_CONTAINER_APP, c->app);
    put(out, TAG_CONTAINER_ID, c->id);
    put(out, TAG_IMAGE, c->image);
    put(out, TAG_POD, c->pod);
    put(out, TAG_POD_UID, c->pod_uid);
    put(out, TAG_NAMESPACE, c->namespace);
    for (unsigned i = 0; i < c->n_labels; i++) {
        put(out, TAG_LABEL_NAME, c->labels[i].key);
        put(out, TAG_LABEL, c->labels[i].value);
    }
}

void packed_write(const struct record *r, struct slice source, struct sbuf *out)
{
    char time[24];
    sbuf_reset(out);
    put(out, TAG_FORMAT, slice_str(format_name(r->format)));
    put(out, TAG_LEVEL, slice_str(level_name(r->level)));
    if (r->time_us > 0) {
        unsigned i = sizeof time;
        for (uint64_t v = (uint64_t)r->time_us; v; v /= 10)
            time[--i] = (char)('0' + v % 10);
        put(out, TAG_TIME, slice_of(time + i, sizeof time - i));
    }
    put(out, TAG_MESSAGE, r->message);
    put(out, TAG_HOST, r->host);
    put(out, TAG_APP, r->app);
    put(out, TAG_PROCID, r->procid);
    put(out, TAG_MSGID, r->msgid);
    put(out, TAG_LOGGER, r->logger);
    put(out, TAG_REQUEST_ID, r->request_id);
    put(out, TAG_TRACE_ID, r->trace_id);
    put(out, TAG_SPAN_ID, r->span_id);
    put(out, TAG_SOURCE, source);
    put(out, TAG_INPUT, r->input);
    put(out, TAG_PEER, r->peer);
    if (r->untrusted)
        put(out, TAG_UNTRUSTED, SLICE("yes"));
    if (r->container)
        put_container(out, r->container);
    for (unsigned i = 0; i < r->n_fields; i++)
        put_field(out, &r->fields[i]);
    put(out, TAG_FULL_MESSAGE, r->full_message);
}

struct reader {
    struct record *r;
    struct container *container; /* NULL: no member of it has come */
    struct arena *arena;
    struct slice name; /* of the field or label whose value comes next */
    struct slice *source;
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
        return in->source;
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

static void take(struct reader *in, unsigned tag, struct slice v)
{
    struct record *r = in->r;
    struct slice *text = text_of(in, tag);
    uint64_t time;
    if (text) {
        *text = v;
    } else if (tag == TAG_FORMAT) {
        enum format f = format_by_name(v);
        r->format = f < FORMAT_N ? f : r->format;
    } else if (tag == TAG_UNTRUSTED) {
        r->untrusted = true;
    } else if (tag == TAG_LEVEL) {
        r->level = level_by_name(v);
    } else if (tag == TAG_TIME) {
        if (slice_u64(v, &time) && time < INT64_MAX / 2)
            r->time_us = (int64_t)time;
    } else if (tag >= TAG_FIELD_STRING && tag <= TAG_FIELD_JSON) {
        record_add(r, in->name, v, (enum field_type)(tag - TAG_FIELD_STRING));
        in->name = SLICE_NONE;
    } else if (tag >= TAG_CONTAINER_NAME && tag <= TAG_LABEL) {
        take_container(in, tag, v);
    }
}

bool packed_read(struct slice bytes, struct arena *a, struct record *r, struct slice *source)
{
    struct reader in = {.r = r, .arena = a, .source = source};
    record_init(r, FORMAT_TEXT, SLICE_NONE);
    *source = SLICE_NONE;
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
