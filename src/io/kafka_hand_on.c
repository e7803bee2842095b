#include "io/kafka_hand_on.h"

#include "base/hash.h"
#include "parsers/otlp.h"

enum {
    KAFKA_FIELDS = KAFKA_HEADERS_MAX + 2,
    KAFKA_FIELD_MAX = 1024,
    KAFKA_JSON_BLOW_UP = 6, /* \u0001 */
};

void kafka_handing_init(struct kafka_handing *h, struct input *in, const struct input_sink *sink,
                        const struct input_options *opt)
{
    *h = (struct kafka_handing){.input = in, .sink = sink, .opt = opt};
    sbuf_init(&h->record, KAFKA_JSON_BLOW_UP * (opt->max_message_bytes + 4096));
}

void kafka_handing_done(struct kafka_handing *h)
{
    arena_done(&h->arena);
    sbuf_done(&h->record);
}

static void add_field(struct field *v, unsigned *n, struct slice name, struct slice value)
{
    v[(*n)++] = (struct field){.name = name, .value = slice_sub(value, 0, KAFKA_FIELD_MAX), .type = FIELD_STRING};
}

static struct slice header_name(struct kafka_handing *h, struct slice name)
{
    static const char before[] = "kafka.header.";
    name = slice_sub(name, 0, KAFKA_FIELD_MAX);
    char *p = arena_alloc(&h->arena, sizeof before + name.n);
    memcpy(p, before, sizeof before - 1);
    memcpy(p + sizeof before - 1, name.p, name.n);
    return slice_of(p, sizeof before - 1 + name.n);
}

/* What is handed on: a message, or one of several in it. */
struct handed {
    struct kafka_handing *by;
    const struct kafka_message *from;
    struct message m;
    struct field fields[KAFKA_FIELDS]; /* once they have been asked for */
};

static const struct field *kafka_beside(void *carrier, unsigned *n)
{
    struct handed *d = carrier;
    struct kafka_header headers[KAFKA_HEADERS_MAX];
    unsigned n_headers = kafka_client_headers(d->from, headers);
    *n = 0;
    add_field(d->fields, n, SLICE("kafka.topic"), slice_str(d->from->topic));
    if (d->from->key.n)
        add_field(d->fields, n, SLICE("kafka.key"), d->from->key);
    for (unsigned i = 0; i < n_headers; i++)
        if (headers[i].value.n)
            add_field(d->fields, n, header_name(d->by, headers[i].name), headers[i].value);
    return d->fields;
}

static void kafka_on_record(void *u, struct slice record)
{
    struct handed *d = u;
    d->m.text = record;
    input_message(d->by->sink, d->by->input, &d->m);
    d->m.nth++;
}

bool kafka_is_several(const struct kafka_handing *h, const struct kafka_message *m)
{
    enum format f = h->opt->format;
    return (f == FORMAT_AUTO || f == FORMAT_JSON) && otlp_begins(m->value);
}

bool kafka_is_protobuf(const struct kafka_handing *h, const struct kafka_message *m)
{
    enum format f = h->opt->format;
    return (f == FORMAT_AUTO || f == FORMAT_JSON) && otlp_is_protobuf(m->value);
}

void kafka_hand_on(struct kafka_handing *h, struct stream *s, const struct kafka_message *m, int read)
{
    size_t max = h->opt->max_message_bytes;
    struct handed d;
    d.by = h;
    d.from = m;
    d.m = (struct message){.stream = s,
                           .text = slice_sub(m->value, 0, max),
                           .truncated_bytes = m->value.n > max ? m->value.n - max : 0,
                           .lines = 1,
                           .offset = (uint64_t)m->offset,
                           .end = (uint64_t)m->offset + 1,
                           .received_us = m->time_us,
                           .beside = kafka_beside,
                           .carrier = &d,
                           .read = read,
                           .ahead = m->ahead};
    s->ring = m->key.n ? hash_mix(s->file_key, hash128_low(HASH128_START, m->key)) : s->file_key;
    if (!kafka_is_several(h, m) || !otlp_records(d.m.text, &h->arena, &h->record, kafka_on_record, &d))
        input_message(h->sink, h->input, &d.m);
    arena_reset(&h->arena);
}
