/*
 * correlation: by which keys the breadcrumb trail finds a line again. Pure.
 */
#ifndef CORE_CORRELATION_H
#define CORE_CORRELATION_H

#include "base/hash.h"
#include "core/stream.h"
#include "core/breadcrumbs.h"

/* Fills in the keys: the ring of the worker process, container or unit, the connection, and the request. A weak key
   joins an access line that does not know its connection, and tells the requests of one connection apart in its error
   lines. */
void correlation_of(const struct stream *s, const struct record *r, const struct hash_secret *secret,
                    struct correlation *k);
/* Returns the key made of client and request line; 0 when the record lacks one of them. */
uint64_t correlation_weak_key(const struct stream *s, const struct record *r, const struct hash_secret *secret);
/* Returns the key made of the client alone; 0 when the record names none. */
uint64_t correlation_client_key(const struct stream *s, const struct record *r, const struct hash_secret *secret);
/* Returns the key as the domain of s has it, since two domains may call different things the same. Keys of the domain
   `local` stay as they are, and with them the keys in stores. */
uint64_t correlation_domain_key(const struct stream *s, uint64_t key);

#endif
