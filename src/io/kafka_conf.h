/*
 * kafka_conf: the options of an input, or of forward, as librdkafka's configuration. Part of kafka_client and
 * kafka_producer; for them alone.
 */
#ifndef IO_KAFKA_CONF_H
#define IO_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>

#include "base/err.h"
#include "io/kafka_options.h"

/* rdkafka.h brings syslog.h, whose names for levels are also those of base/log.h. */
#undef LOG_INFO
#undef LOG_DEBUG

/* From 2.2 on, librdkafka can be told how soon it looks again whether a full queue has room. */
enum { KAFKA_CONF_LOOKS_AGAIN = 0x02020000 };

/* Reads the files that they name. NULL, and an error in d: librdkafka refuses one. */
rd_kafka_conf_t *kafka_conf_new_producer(const struct kafka_options *opt, struct err_place place, struct diag *d);
rd_kafka_conf_t *kafka_conf_new(const struct kafka_options *opt, struct err_place place, struct diag *d);
/* The first line of a file. The caller frees. NULL, and an error in d: it cannot be read. */
char *kafka_conf_secret(const char *path, struct err_place place, struct diag *d);

#endif
