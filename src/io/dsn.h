/*
 * dsn: a Sentry DSN taken apart (reference: sentry.io develop docs, "DSN"; grammar in the header of dsn.c).
 */
#ifndef IO_DSN_H
#define IO_DSN_H

#include "base/err.h"

struct dsn {
    char *public_key, *secret; /* 32 letters and digits; secret NULL when absent or empty */
    char *envelope_url;        /* scheme://host[:port]prefix/api/ID/envelope/ */
    char *shown;               /* the DSN without key and secret, for people */
    char *project_id;          /* decimal digits */
};

/* White space around the text is ignored (files end in a newline). False and an entry in d (no place) that names the
 * part that is wrong; never prints the key. */
bool dsn_parse(struct dsn *out, struct slice text, struct diag *d);
/* What stands in place of one where events go to a topic of Kafka. */
void dsn_of_topic(struct dsn *out, const char *topic, struct slice broker);
void dsn_done(struct dsn *d);
/* Whether the DSN is http:// to another host than this one. */
bool dsn_in_the_clear(const struct dsn *d);

#endif
