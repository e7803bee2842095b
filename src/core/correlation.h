/*
 * correlation: by which keys the breadcrumb trail finds a line again. Pure.
 */
#ifndef CORE_CORRELATION_H
#define CORE_CORRELATION_H

#include "base/hash.h"
#include "core/stream.h"
#include "core/breadcrumbs.h"

/*
 * The ring of the worker process, container or unit, the connection, and the request. Only an access line that does not
 * know its connection is found weakly: two error lines belong together by connection alone.
 */
void correlation_of(const struct stream *s, const struct record *r, const struct hash_secret *secret,
                    struct correlation *k);
/* By client and request line; 0 when it lacks one of them. */
uint64_t correlation_weak_key(const struct stream *s, const struct record *r, const struct hash_secret *secret);
/* A key as it is in the domain of s: what one domain calls so is not what another does. Keys of `local` stay as they
 * are, and with them the keys of stores. */
uint64_t correlation_domain_key(const struct stream *s, uint64_t key);

#endif
