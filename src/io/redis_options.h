/*
 * redis_options: what the configuration says of a Redis, and of a `redis:` input.
 */
#ifndef IO_REDIS_OPTIONS_H
#define IO_REDIS_OPTIONS_H

#include "base/slice.h"

struct redis_address {
    char *host; /* or the path of a unix socket */
    uint16_t port;
    char *user, *password; /* NULL: none */
    unsigned database;
    bool tls;
    char *ca_file; /* of the certificates by which it is known; NULL: the system's */
    char *shown;   /* the address without its password, for people */
};

/* A Redis as it is written, and as it is meant; url NULL: none. */
struct redis_where {
    char *url, *password_file, *ca_file;
    struct redis_address at;
};

struct redis_options {
    struct redis_where where;
    struct slice *streams;
    unsigned n_streams;
    char *group, *field;
    bool from_end;
};

#endif
