/*
 * up_kafka: a topic of Kafka as an upstream: rows as messages for the crumbd behind this one (core/forwarded.h).
 */
#ifndef IO_UP_KAFKA_H
#define IO_UP_KAFKA_H

#include "io/kafka_producer.h"
#include "io/store.h"

/* Sends rows of one kind, which have one answer: see kafka_producer_send. store_id: whose rows they are. False: one of
 * them is too large to be a message, and none is sent. */
bool up_kafka_send(struct kafka_producer *p, const uint8_t *store_id, struct store_row *const *rows, unsigned n,
                   http_client_answer_f *done, void *u);
/* One event, now, see sender_post_once. */
bool up_kafka_once(const struct kafka_options *opt, const char *event_id, struct slice payload,
                   http_client_answer_f *done, void *u);

#endif
