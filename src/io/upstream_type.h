/*
 * upstream_type: the kinds of upstreams: how an item travels to one, and what an answer of it means. The scheme of the
 * address chooses. The sender goes by these alone; what is stored is the same for all. A new kind is a file with one
 * `const struct upstream_type` and its row in upstream_type.c.
 */
#ifndef IO_UPSTREAM_TYPE_H
#define IO_UPSTREAM_TYPE_H

#include "io/client_report.h"
#include "io/dsn.h"
#include "io/http_client.h"
#include "io/item_kind.h"

/* What is sent of a row. */
struct upstream_item {
    const char *event_id; /* 32 hex digits */
    struct slice payload;
};

struct upstream_type {
    const char *schemes[4]; /* the last is NULL */
    unsigned takes;         /* kinds of items: 1 << enum item_kind; what it does not take stays in the store */
    unsigned batch;         /* rows in one request, whatever their kind says; 0: as that says */
    /* Of one that is spoken to over HTTP; another has its own way (up_kafka.h), and NULL here. */
    struct http_client_target *(*target)(const struct dsn *to, const struct http_client_options *opt);
    /* The body of a request with n items of a kind, compressed. now_us: of this try, since servers correct clocks by
     * it. False: they do not fit. */
    bool (*items)(enum item_kind kind, const struct upstream_item *items, unsigned n, int64_t now_us,
                  struct sbuf *body);
    /* Writes what the project has not been told of losses. False, and r is empty: there is nothing to tell. */
    bool (*losses)(struct client_report *r, struct store *store, struct slice project, int64_t now_us,
                   struct sbuf *body);
    enum reply_verdict (*judge)(const struct reply_answer *a, struct reply_limits *limits);
};

extern const struct upstream_type up_sentry, up_kafka;

/* Returns the type by the scheme of an address that was taken; there is always one. */
const struct upstream_type *upstream_type_of(struct slice url);

#endif
