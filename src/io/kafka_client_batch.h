/*
 * kafka_client_batch: messages that have come and are handed on next, their values side by side in one block, as lines
 * lie in a file: so the rules' literals are looked for in many at once (core/look_ahead.h). Part of kafka_client; for
 * it alone.
 *
 * A value for which the block has no room ends the batch. It stays where librdkafka has it, and nothing is known of the
 * bytes around it.
 */
#ifndef IO_KAFKA_CLIENT_BATCH_H
#define IO_KAFKA_CLIENT_BATCH_H

#include <librdkafka/rdkafka.h>

#include "io/kafka_client.h"
#include "parsers/frame.h"

enum { KAFKA_BATCH_MESSAGES = 256, KAFKA_BLOCK_BYTES = 64 << 10 };

struct kafka_client_batch {
    struct kafka_came {
        rd_kafka_message_t *from; /* NULL: it is handed on no more */
        struct slice value;
    } came[KAFKA_BATCH_MESSAGES];
    unsigned n;
    size_t bytes; /* of the block */
    struct frame_ahead ahead;
    char block[KAFKA_BLOCK_BYTES];
};

/* The message is the batch's from then on. False: that is full, and has to be handed on before another comes: what is
 * handed on may let the other's partition be forgotten. */
bool kafka_client_batch_add(struct kafka_client_batch *b, rd_kafka_message_t *from);
/* Hands on all of them, in their order; then it is empty. */
void kafka_client_batch_hand_on(struct kafka_client_batch *b, const struct kafka_handler *handler);
/* The partition is another's, or is read from another place: what has come of it is handed on no more. Also while they
 * are handed on. */
void kafka_client_batch_forget(struct kafka_client_batch *b, const char *topic, int32_t partition);

#endif
