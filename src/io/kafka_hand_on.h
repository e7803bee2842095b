/*
 * kafka_hand_on: a message of Kafka to the sink, as one or as several, with what stands beside it as fields. Part of
 * in_kafka; for it alone.
 */
#ifndef IO_KAFKA_HAND_ON_H
#define IO_KAFKA_HAND_ON_H

#include "base/arena.h"
#include "io/input.h"
#include "io/kafka_client.h"

struct kafka_handing {
    struct input *input;
    const struct input_sink *sink;
    const struct input_options *opt;
    struct arena arena; /* of one message */
    struct sbuf record; /* one of several in a message */
};

/* What it is given must outlive it. */
void kafka_handing_init(struct kafka_handing *h, struct input *in, const struct input_sink *sink,
                        const struct input_options *opt);
/* Also of one that is all zero. */
void kafka_handing_done(struct kafka_handing *h);
/* It may be one of which several are made. */
bool kafka_is_several(const struct kafka_handing *h, const struct kafka_message *m);
/* It is one that is not read: OpenTelemetry's in protobuf. */
bool kafka_is_protobuf(const struct kafka_handing *h, const struct kafka_message *m);
/* read: of struct message. The stream gets the ring of the message's key. */
void kafka_hand_on(struct kafka_handing *h, struct stream *s, const struct kafka_message *m, int read);

#endif
