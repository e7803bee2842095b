#include "base/hash.h"

#include <endian.h>

/* Eight bytes of the text; the same number on every host, whatever its byte order. */
static uint64_t word_at(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

/* --- SipHash-2-4 with an output of 128 bits --- */

static uint64_t rotate(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

static inline __attribute__((always_inline)) void rounds(uint64_t v[4], unsigned n)
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < n; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32) + v[3];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static inline __attribute__((always_inline)) void add_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    rounds(v, 2);
    v[0] ^= word;
}

/* Returns the low half; the rest of the hash is in v. */
static inline __attribute__((always_inline)) uint64_t half(struct hash128 before, struct slice part, uint64_t v[4])
{
    v[0] = before.low ^ 0x736f6d6570736575;
    v[1] = before.high ^ 0x646f72616e646f6d ^ 0xee;
    v[2] = before.low ^ 0x6c7967656e657261;
    v[3] = before.high ^ 0x7465646279746573;
    size_t whole = part.n & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8)
        add_word(v, word_at(part.p + i));
    add_word(v, (uint64_t)part.n << 56 | (part.n > whole ? slice_word(slice_from(part, whole)) : 0));
    v[2] ^= 0xee;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hash128_low(struct hash128 before, struct slice part)
{
    uint64_t v[4];
    return half(before, part, v);
}

struct hash128 hash128(struct hash128 before, struct slice part)
{
    uint64_t v[4];
    struct hash128 out = {.low = half(before, part, v)};
    v[1] ^= 0xdd;
    rounds(v, 4);
    out.high = v[0] ^ v[1] ^ v[2] ^ v[3];
    return out;
}

/* --- for tables --- */

static uint64_t stir(const struct hash_secret *secret, uint64_t h, uint64_t word)
{
    unsigned __int128 m =
        (unsigned __int128)(h ^ secret->a ^ 0x9e3779b97f4a7c15) * (word ^ secret->b ^ 0xd6e8feb86659fd93);
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

uint64_t hash64(const struct hash_secret *secret, uint64_t before, struct slice part)
{
    if (part.n < 8) { /* the bytes and their number are one word, which no text of eight bytes or more begins with */
        uint64_t few = (uint64_t)part.n << 56 | (part.n ? slice_word(part) : 0);
        return stir(secret, stir(secret, before, few), 0xa0761d6478bd642f);
    }
    uint64_t h = stir(secret, before, part.n + 0x51ed270b9f5c8d3d), word;
    for (; part.n >= 8; part.p += 8, part.n -= 8) {
        memcpy(&word, part.p, 8);
        h = stir(secret, h, word);
    }
    if (part.n)
        h = stir(secret, h, slice_word(part));
    return stir(secret, h, 0xa0761d6478bd642f);
}
