/*
 * kafka_trouble: which errors of Kafka people are told, how often, and what to do about them. For in_kafka and, of
 * what to do, kafka_producer.
 *
 * librdkafka tells an error as long as it lasts, of each broker, and with times and counts in it. A kind of them, which
 * is what stands before the first colon, is said once a minute.
 */
#ifndef IO_KAFKA_TROUBLE_H
#define IO_KAFKA_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

enum { KAFKA_SAY_AGAIN_MS = 60000, KAFKA_SAID = 8, KAFKA_SAID_NAME_MAX = 48 };

/* The kinds that were said last. All zero: none were. */
struct kafka_said {
    struct {
        char name[KAFKA_SAID_NAME_MAX];
        int64_t ms;
    } last[KAFKA_SAID];
    unsigned n;
};

/* That brokers are down comes after what they are down by: whether it was told within the last minute. */
bool kafka_trouble_follows(const struct kafka_said *s, const char *what, int64_t now_ms);
/* Whether this kind was said within the last minute; from now on it was. */
bool kafka_trouble_was_said(struct kafka_said *s, const char *what, int64_t now_ms);
/* What to do about it; a fixed text. */
const char *kafka_trouble_remedy(const char *what);

#endif
