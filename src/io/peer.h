/*
 * peer: who sent something: an address as 16 bytes (IPv4 mapped), as text, the `allow` check on it, and the
 * rate cap.
 *
 * No fd and no clock. `struct rates` is a fixed table of token buckets, so a flood of forged addresses can
 * only make it forget, never grow. One thread at a time.
 */
#ifndef IO_PEER_H
#define IO_PEER_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "io/input.h"

struct peer {
    uint8_t addr[16];
    bool local; /* on this host: a loopback address, or no network at all */
    uint16_t port;
    uint8_t n;                   /* length of text */
    char text[INET6_ADDRSTRLEN]; /* without port, IPv4 in its own dotted form; empty for a unix socket */
};

/* Anything but AF_INET and AF_INET6 gives an empty text and a zero address; of these only AF_UNIX is local. */
void peer_set(struct peer *p, const struct sockaddr *sa);
/* Returns the peer of what needs no network: a unix socket, a file, the journal, standard input. */
static inline struct peer peer_none(void)
{
    return (struct peer){.local = true};
}

/* The sender is on this host: 127.0.0.0/8, ::1, also mapped, or a unix socket. */
static inline bool peer_is_local(const struct peer *p)
{
    return p->local;
}

/* Fills in the part of the address that one sender can hardly leave: the whole IPv4 address, mapped, or the first 64
   bits of an IPv6 address. Shares and domains go by it. */
void peer_network(const struct peer *p, uint8_t out[16]);
/* Writes into the stream who sends, and with it address, ring, domain and trust. Every input calls it for every sender,
   so that nothing of the sender before lives on. p must live as long as s. */
void peer_to_stream(const struct peer *p, const struct input_options *opt, struct stream *s);
/* True when sa is the address p was set from; the port is not looked at. */
bool peer_is(const struct peer *p, const struct sockaddr *sa);
/* True when opt has no allow list, or one of its ranges holds p. Unix sockets are guarded by file modes
 * alone. */
bool peer_allowed(const struct peer *p, const struct input_options *opt);

/* No share bounds p: it is this host, or one of the exempt ranges holds it. */
bool peer_exempt(const struct peer *p, const struct input_cidr *exempt, unsigned n);

static inline struct slice peer_slice(const struct peer *p)
{
    return (struct slice){p->text, p->n};
}

struct rates;

/* per_s: tokens a second and the size of a burst. NULL when it is 0: no cap. */
struct rates *rates_new(unsigned per_s);
void rates_free(struct rates *r);
/* Takes one token of p's. 0 when there was one, else the microseconds until there will be. NULL r always has
 * one. */
int64_t rates_take(struct rates *r, const struct peer *p, int64_t now_us);
/* Gives the same answer without taking a token. */
int64_t rates_wait(struct rates *r, const struct peer *p, int64_t now_us);

#endif
