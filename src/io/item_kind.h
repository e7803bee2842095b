/*
 * item_kind: what crumbd sends, one row a kind. Store and sender go by the row alone: a new kind is a row here, and
 * what makes it.
 *
 * The number of a kind is in the store: new ones go to the end. Plain data.
 */
#ifndef IO_ITEM_KIND_H
#define IO_ITEM_KIND_H

#include "io/reply.h"

/* A check-in's event_id is its monitor's. A count is a number of occurrences for the crumbd behind this one. */
enum item_kind { ITEM_EVENT, ITEM_CHECK_IN, ITEM_COUNT, ITEM_KINDS };

enum { ITEM_BATCH_MAX = 100 };

struct item_traits {
    const char *type;         /* of the envelope's item */
    const char *category;     /* in client reports */
    unsigned limits;          /* rate limits that hold it up: a set of 1 << enum reply_category */
    unsigned batch;           /* rows that may leave in one envelope: 1 to ITEM_BATCH_MAX */
    unsigned in_flight;       /* requests of a project at a time, at most; fewer, as its window says (send_window.h) */
    bool is_event;            /* the envelope's header has its event_id, so there is one in it */
    bool replaces;            /* a newer one takes the place of one with its event_id that has not left */
    bool waits_alone;         /* an answer to it says nothing of the project: it waits by its own count */
    const char *refused;      /* what the log says of one, */
    const char *refused_hint; /* and advises where the answer has no hint of its own; NULL: nothing */
};

/* The table has ITEM_KINDS rows. */
extern const struct item_traits item_traits[];

/* Returns until when items of the kind have to wait; 0 or a time in the past: they need not wait. */
int64_t item_kind_until(enum item_kind kind, const struct reply_limits *limits);

#endif
