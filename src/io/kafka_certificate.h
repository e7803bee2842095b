/*
 * kafka_certificate: what is wrong with the certificate that a broker showed last, of which librdkafka tells less. For
 * kafka_client and kafka_producer; only with librdkafka.
 */
#ifndef IO_KAFKA_CERTIFICATE_H
#define IO_KAFKA_CERTIFICATE_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

/* X509_V_…, set by threads of brokers' and read by another. */
struct kafka_certificate {
    atomic_int code;
};

/* What librdkafka's ssl_cert_verify_cb answers, by its arguments. */
int kafka_certificate_check(struct kafka_certificate *c, const int *x509_error, char *why, size_t room);
/* librdkafka's text names ssl.ca.location, whatever it is. NULL: that is not it. *e may become the error that it is. */
const char *kafka_certificate_about(struct kafka_certificate *c, rd_kafka_resp_err_t *e, const char *text);

#endif
