#include "config.h"

#ifdef HAVE_RDKAFKA

#include "io/kafka_client_batch.h"

bool kafka_client_batch_add(struct kafka_client_batch *b, rd_kafka_message_t *from)
{
    struct slice value = slice_of(from->payload, from->payload ? from->len : 0);
    bool fits = value.n <= KAFKA_BLOCK_BYTES - b->bytes;
    if (fits && value.n) {
        memcpy(b->block + b->bytes, value.p, value.n);
        value.p = b->block + b->bytes;
        b->bytes += value.n;
    }
    b->came[b->n++] = (struct kafka_came){from, value};
    return fits && b->n < KAFKA_BATCH_MESSAGES;
}

unsigned kafka_client_headers(const struct kafka_message *m, struct kafka_header *v)
{
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t size;
    unsigned n = 0;
    if (!m->from || rd_kafka_message_headers(m->from, &headers))
        return 0;
    for (; n < KAFKA_HEADERS_MAX && !rd_kafka_header_get_all(headers, n, &name, &value, &size); n++)
        v[n] = (struct kafka_header){slice_str(name), slice_of(value, value ? size : 0)};
    return n;
}

static void hand_on(struct kafka_client_batch *b, const struct kafka_came *came, const struct kafka_handler *handler)
{
    const rd_kafka_message_t *from = came->from;
    rd_kafka_timestamp_type_t type;
    int64_t time_ms = rd_kafka_message_timestamp(from, &type);
    struct kafka_message m = {.topic = rd_kafka_topic_name(from->rkt),
                              .partition = from->partition,
                              .offset = from->offset,
                              .time_us = time_ms > 0 && time_ms < INT64_MAX / 1000 ? time_ms * 1000 : 0,
                              .key = slice_of(from->key, from->key ? from->key_len : 0),
                              .value = came->value,
                              .ahead = &b->ahead,
                              .tombstone = !from->payload,
                              .from = from};
    handler->message(handler->u, &m);
}

static void let_go(struct kafka_came *came)
{
    if (came->from)
        rd_kafka_message_destroy(came->from);
    came->from = NULL;
}

void kafka_client_batch_hand_on(struct kafka_client_batch *b, const struct kafka_handler *handler)
{
    b->ahead = (struct frame_ahead){.begin = b->block, .end = b->block + b->bytes};
    for (unsigned i = 0; i < b->n; i++) {
        struct kafka_came came = b->came[i];
        b->came[i].from = NULL; /* whoever has it may let its partition be forgotten */
        if (came.from)
            hand_on(b, &came, handler);
        let_go(&came);
    }
    b->n = 0;
    b->bytes = 0;
}

void kafka_client_batch_forget(struct kafka_client_batch *b, const char *topic, int32_t partition)
{
    for (unsigned i = 0; i < b->n; i++) {
        const rd_kafka_message_t *m = b->came[i].from;
        if (m && m->partition == partition && strcmp(rd_kafka_topic_name(m->rkt), topic) == 0)
            let_go(&b->came[i]);
    }
}

#endif
