/*
 * kafka_options: what the configuration says of a `kafka:` input.
 */
#ifndef IO_KAFKA_OPTIONS_H
#define IO_KAFKA_OPTIONS_H

#include "io/oauth_token.h"
#include "text/keys.h"

/* Where a partition is begun of which this group has read nothing: at its first message, at what comes now, or not at
 * all. */
enum kafka_from { KAFKA_FROM_START, KAFKA_FROM_END, KAFKA_FROM_STORED };

struct kafka_options {
    struct slice *brokers, *topics; /* a topic that begins with ^ is a pattern */
    unsigned n_brokers, n_topics;
    char *group;
    char *topic; /* of a producer */
    enum kafka_from from;
    struct {
        bool on;
        char *ca, *cert, *key; /* paths; NULL: the system's authorities, no certificate of one's own */
        bool verify;
    } tls;
    struct {
        bool on;
        enum { KAFKA_SASL_PLAIN, KAFKA_SASL_SCRAM_256, KAFKA_SASL_SCRAM_512, KAFKA_SASL_OAUTHBEARER } mechanism;
        char *username, *password_file;
        struct oauth_options oauth;
    } sasl;
    char *client_id, *instance; /* instance: NULL: the member has no name of its own */
    struct key_pair *options;   /* librdkafka's own properties */
    unsigned n_options;
};

#endif
