/*
 * kafka_client_token: the token with which librdkafka logs in by OAUTHBEARER. Part of kafka_client; for it alone.
 *
 * librdkafka asks for one at the start, when four fifths of its time are over, and ten seconds after it could not be
 * had. It does so on a thread that does nothing else, so whoever answers slowly holds up no messages.
 */
#ifndef IO_KAFKA_CLIENT_TOKEN_H
#define IO_KAFKA_CLIENT_TOKEN_H

#include "io/kafka_conf.h"

struct kafka_client_token {
    const struct oauth_options *opt; /* NULL: it logs in otherwise, or not at all */
    bool (*gave_up)(void *u);        /* called by the thread that asks */
    void *u;
    int64_t refused_ms; /* when one was refused last; 0: none was */
};

/* Gets one and hands it over, or says why not, which comes back as an error of the client. */
void kafka_client_token_fetch(struct kafka_client_token *t, rd_kafka_t *rk);
/* An error of logging in, on the thread that hears of errors. One of having no token is named so. Where a broker
 * refused a token another one is asked for soon, not only when that has grown old. Returns whether anybody is to hear
 * of it. */
bool kafka_client_token_error(struct kafka_client_token *t, rd_kafka_t *rk, char *text, size_t room);

#endif
