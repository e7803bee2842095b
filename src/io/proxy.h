/*
 * proxy: the header a load balancer puts in front of a connection to say whose it is (HAProxy's PROXY
 * protocol, versions 1 and 2). Pure: bytes in, an address out.
 *
 * The header stands before everything, TLS included. Version 2 gives its length after 16 bytes; version 1 is
 * a line of at most 107 bytes, so a reader that takes no byte beyond the header has to ask after each piece.
 */
#ifndef IO_PROXY_H
#define IO_PROXY_H

#include <sys/socket.h>

#include "base/slice.h"

/* Version 2 may carry up to 64 KiB of extras; what balancers add (TLS facts, unique ids) is a few hundred
 * bytes. */
enum { PROXY_HEADER_MAX = 4096 };

enum proxy_result {
    PROXY_DONE, /* *from is set, or has family AF_UNSPEC when the balancer speaks for itself (health checks)
                   or knows none */
    PROXY_MORE, /* read exactly *want more bytes and ask again; none of them lies beyond the header */
    PROXY_BAD,
};

/* Reads the header, of which `head` is all that was read so far. Never asks for more than PROXY_HEADER_MAX bytes in
   all. */
enum proxy_result proxy_read(struct slice head, struct sockaddr_storage *from, size_t *want);

#endif
