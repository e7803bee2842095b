/*
 * kafka_producer: messages to one topic of Kafka, each with a key, and what became of them.
 *
 * Librdkafka's idempotent producer: while it lives, no message is there twice and those of a key are in order. Its own
 * threads speak with the brokers; answers are handed on from the loop. It is opened with the first message, and made
 * anew after an error that it does not get over. Messages of one key go to one partition, by the same rule as Kafka's
 * own clients (murmur2).
 *
 * Bounds: PRODUCER_QUEUED_KIB of messages on their way, of which each is given up after PRODUCER_GIVE_UP_MS: it may be
 * there all the same, so whoever sends it again sends the same bytes.
 */
#ifndef IO_KAFKA_PRODUCER_H
#define IO_KAFKA_PRODUCER_H

#include <event2/event.h>

#include "base/err.h"
#include "io/http_client.h"
#include "io/kafka_options.h"

enum { PRODUCER_QUEUED_KIB = 32 << 10, PRODUCER_GIVE_UP_MS = 10000 };

struct kafka_producer;

struct kafka_item {
    struct slice key, value;
};

/* Connects to nobody and makes no thread. Options and base must outlive it. */
struct kafka_producer *kafka_producer_new(struct event_base *base, const struct kafka_options *opt);
/* What has not been answered is not. NULL is allowed. */
void kafka_producer_free(struct kafka_producer *p);
/* All of them have one answer, which comes later, from the loop: status 200 when the brokers have all of them, 413 when
 * they will never take one of them, 0 with `error` when they have not, or it is not known. */
void kafka_producer_send(struct kafka_producer *p, const struct kafka_item *items, unsigned n,
                         http_client_answer_f *done, void *u);
/* The same with a loop of its own; `done` is called before it returns. */
void kafka_producer_once(const struct kafka_options *opt, const struct kafka_item *item, http_client_answer_f *done,
                         void *u);
/* What librdkafka would refuse: entries in d. False: there are errors. */
bool kafka_producer_check(const struct kafka_options *opt, struct err_place place, struct diag *d);

#endif
