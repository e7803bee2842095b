/*
 * redis: one connection to a Redis on the loop: connects, logs in, hands on commands and their answers, comes back.
 *
 * Answers come in the order of the commands. What is wrong with the other side (it is away, silent, refuses the
 * password, sends what is no answer) ends the connection and is told; another try follows after REDIS_RETRY_MS, later
 * and later to REDIS_RETRY_MOST_MS. Nothing here waits: a name is resolved by libevent. Bounded: REDIS_UNANSWERED_MAX
 * commands, REDIS_OUT_BYTES of them unsent, most_bytes of an answer. No callback comes from within a call of this file
 * but redis_free's. One thread.
 */
#ifndef IO_REDIS_H
#define IO_REDIS_H

#include <event2/event.h>

#include "base/err.h"
#include "io/redis_options.h"
#include "io/redis_reply.h"

enum {
    REDIS_PORT = 6379,
    REDIS_RETRY_MS = 100,
    REDIS_RETRY_MOST_MS = 5000,
    REDIS_CONNECT_MS = 3000,
    REDIS_UNANSWERED_MAX = 8192,
    REDIS_OUT_BYTES = 4 << 20
};

struct redis_setup {
    struct event_base *base;
    const struct redis_address *at; /* outlives it */
    size_t most_bytes;              /* of an answer */
    int64_t silent_ms;              /* a command that has no answer for so long ends the connection */
    void *u;
    void (*ready)(void *u);
    /* False: what is answered cannot be used, and another connection may do better. */
    bool (*reply)(void *u, uint64_t tag, const struct redis_value *v);
    void (*down)(void *u, const char *why);
};

struct redis;

/* Begins to connect. NULL and an entry in d: the certificates cannot be read. */
struct redis *redis_new(const struct redis_setup *setup, struct diag *d);
void redis_free(struct redis *r);
/* Sends what is not sent yet, for which it waits so long at most: before an end. */
void redis_flush(struct redis *r, int ms);
/* False: it is not ready, or has too much to do. */
bool redis_send(struct redis *r, uint64_t tag, const struct slice *words, unsigned n);
/* It does what it is for: should it fail, the next try comes soon again. */
void redis_does_well(struct redis *r);

#endif
