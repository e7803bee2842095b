#include "config.h"

#ifdef HAVE_RDKAFKA

#include "io/kafka_certificate.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int kafka_certificate_check(struct kafka_certificate *c, const int *x509_error, char *why, size_t room)
{
    atomic_store(&c->code, *x509_error);
    if (*x509_error != X509_V_OK)
        snprintf(why, room, "%s", X509_verify_cert_error_string(*x509_error));
    return *x509_error == X509_V_OK;
}

const char *kafka_certificate_about(struct kafka_certificate *c, rd_kafka_resp_err_t *e, const char *text)
{
    int code = atomic_load(&c->code);
    bool tls = strstr(text, "SSL routines") != NULL;
    if (*e == RD_KAFKA_RESP_ERR__TRANSPORT && tls)
        *e = RD_KAFKA_RESP_ERR__SSL; /* as it calls the second time and those after it */
    return *e == RD_KAFKA_RESP_ERR__SSL && tls && code != X509_V_OK ? X509_verify_cert_error_string(code) : NULL;
}

#endif
