/*
 * hash: the two hashes of crumbd.
 *
 * hash128 is SipHash-2-4 with 128 bits (Aumasson, Bernstein 2012), chained: the hash so far is the key of the next
 * part, so that parts cannot run into each other. It begins with HASH128_START, which is no secret: the same on every
 * host and in every run, for what leaves the process or is stored: event ids, fingerprints. Each word is added to the
 * state and stirred by a permutation: no word makes different states equal, as a product with 0 does.
 *
 * hash64 is for tables in memory whose keys are text from outside: the state is multiplied with each word (64x64 -> 128
 * bits, folded), both under a secret of the process. Fast, not cryptographic: there is a word that erases the state,
 * and who does not know the secret does not know it.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/slice.h"

struct hash128 {
    uint64_t low, high;
};

#define HASH128_START ((struct hash128){0, 0})

struct hash128 hash128(struct hash128 before, struct slice part);
/* Its low half alone, which costs less: for keys, where no part follows. */
uint64_t hash128_low(struct hash128 before, struct slice part);

/* Random; {0, 0} where nothing comes from outside. */
struct hash_secret {
    uint64_t a, b;
};

uint64_t hash64(const struct hash_secret *secret, uint64_t before, struct slice part);

#endif
