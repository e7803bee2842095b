/*
 * holders: how the connections of an input are divided among the addresses they come from, an IPv6 one by its first 64
 * bits.
 *
 * One address holds an eighth of max_connections at most, though HOLDERS_EACH_MIN of them in any case; with one more it
 * gives up the one that has been idle longest. Loopback, unix sockets and addresses in `exempt` are not counted here.
 * Bounded by the connections that are added. No fd and no clock; one thread.
 */
#ifndef IO_HOLDERS_H
#define IO_HOLDERS_H

#include <sys/queue.h>

#include "base/table.h"
#include "io/peer.h"

enum { HOLDERS_EACH_MIN = 4, HOLDERS_ASKED_MAX = 64 };

struct holder;

/* What each connection has for holders. All zero: it is not counted. */
struct held {
    TAILQ_ENTRY(held) link;
    struct holder *holder;
};

TAILQ_HEAD(held_list, held);

struct holders {
    struct table by_network; /* of struct holder */
    unsigned each;           /* connections of one address */
    const struct input_cidr *exempt;
    unsigned n_exempt;
    uint64_t seed;
};

/* exempt: ranges that are not counted; they outlive it. */
void holders_init(struct holders *h, unsigned max_connections, const struct input_cidr *exempt, unsigned n_exempt);
/* After all connections have been removed. */
void holders_done(struct holders *h);
/* Counts a connection of p, unless p is exempt. */
void holders_add(struct holders *h, struct held *c, const struct peer *p);
void holders_remove(struct holders *h, struct held *c);
/* Notes that the connection has sent something. */
void holders_touch(struct held *c);
/* Whether the connection's address has more than its part. */
bool holders_over(const struct holders *h, const struct held *c);
/* Returns the connection that has been idle longest of c's address, or where c is NULL of the address that holds most,
   if it holds more than one. Asks `idle` for a few connections, since what they sent may not have been read yet. NULL:
   none is idle. */
struct held *holders_idlest(const struct holders *h, const struct held *c, bool (*idle)(const struct held *c));

#endif
