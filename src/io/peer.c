#include "io/peer.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/xalloc.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* Reads the 16 bytes and the port; false for another family. */
static bool address_of(const struct sockaddr *sa, uint8_t out[16], uint16_t *port)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, sa, sizeof v4);
        memcpy(out, mapped, sizeof mapped);
        memcpy(out + 12, &v4.sin_addr, 4);
        *port = ntohs(v4.sin_port);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, sa, sizeof v6);
        memcpy(out, &v6.sin6_addr, 16);
        *port = ntohs(v6.sin6_port);
        return true;
    }
    return false;
}

static bool is_loopback(const uint8_t addr[16])
{
    static const uint8_t v6[16] = {[15] = 1};
    return (memcmp(addr, mapped, sizeof mapped) == 0 && addr[12] == 127) || memcmp(addr, v6, sizeof v6) == 0;
}

void peer_set(struct peer *p, const struct sockaddr *sa)
{
    *p = (struct peer){.local = sa->sa_family == AF_UNIX};
    if (!address_of(sa, p->addr, &p->port))
        return;
    p->local = is_loopback(p->addr);
    const char *text = memcmp(p->addr, mapped, sizeof mapped) == 0
                           ? inet_ntop(AF_INET, p->addr + 12, p->text, sizeof p->text)
                           : inet_ntop(AF_INET6, p->addr, p->text, sizeof p->text);
    p->n = text ? (uint8_t)strlen(text) : 0;
}

bool peer_is(const struct peer *p, const struct sockaddr *sa)
{
    uint8_t addr[16];
    uint16_t port;
    return p->n > 0 && address_of(sa, addr, &port) && memcmp(addr, p->addr, sizeof addr) == 0;
}

static bool in_range(const uint8_t *addr, const struct input_cidr *c)
{
    unsigned bytes = c->bits / 8, rest = c->bits % 8;
    if (memcmp(addr, c->addr, bytes) != 0)
        return false;
    return rest == 0 || ((addr[bytes] ^ c->addr[bytes]) >> (8 - rest)) == 0;
}

static bool in_any(const uint8_t *addr, const struct input_cidr *ranges, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (in_range(addr, &ranges[i]))
            return true;
    return false;
}

bool peer_allowed(const struct peer *p, const struct input_options *opt)
{
    return opt->n_allow == 0 || p->n == 0 || in_any(p->addr, opt->allow, opt->n_allow);
}

bool peer_exempt(const struct peer *p, const struct input_cidr *exempt, unsigned n)
{
    return p->local || p->n == 0 || in_any(p->addr, exempt, n);
}

/* Returns the breadcrumb ring of records that name no finer one: there is one for each address, whatever input it comes
   by. */
static uint64_t peer_ring(const struct peer *p)
{
    return hash128_low(HASH128_START, slice_of((const char *)p->addr, sizeof p->addr));
}

void peer_network(const struct peer *p, uint8_t out[16])
{
    bool whole = memcmp(p->addr, mapped, sizeof mapped) == 0;
    memset(out, 0, 16);
    memcpy(out, p->addr, whole ? 16 : 8);
}

/* Returns a hash that is never 0. */
static uint64_t hash_of_network(const struct peer *p)
{
    uint8_t network[16];
    peer_network(p, network);
    return hash128_low(HASH128_START, slice_of((const char *)network, sizeof network)) | 1;
}

/* Returns the domain; 0 is `local`, so no other domain has it. */
static uint64_t domain_of(const struct peer *p, const char *name)
{
    if (name)
        return strcmp(name, "local") == 0 ? 0 : slice_hash(slice_str(name), 0x646f6d61) | 1;
    return p->local ? 0 : hash_of_network(p);
}

void peer_to_stream(const struct peer *p, const struct input_options *opt, struct stream *s)
{
    s->input = slice_str(opt->text);
    s->peer = p->n ? peer_slice(p) : SLICE_NONE;
    s->sender = s->peer;
    s->peer_pid = 0;
    s->ring = peer_ring(p);
    s->domain = domain_of(p, opt->domain);
    s->join = opt->join.on ? &opt->join : NULL;
    s->remote = !p->local;
    s->network = p->local ? 0 : hash_of_network(p);
    s->trusted = opt->trust == INPUT_TRUST_ON || (opt->trust == INPUT_TRUST_LOCAL && p->local);
}

/* A bucket holds the time at which it was, or will be, full again: one number instead of tokens and a stamp.
 */
enum { RATE_SETS = 1024, RATE_WAYS = 4 };

struct bucket {
    uint8_t network[16];
    int64_t full_at_us;
};

struct rates {
    int64_t token_us; /* what one message costs */
    int64_t burst_us; /* what a full bucket is worth */
    uint64_t seed;
    struct bucket set[RATE_SETS][RATE_WAYS];
};

struct rates *rates_new(unsigned per_s)
{
    if (per_s == 0)
        return NULL;
    struct rates *r = xcalloc(1, sizeof *r);
    r->token_us = per_s < 1000000 ? 1000000 / per_s : 1;
    r->burst_us = r->token_us * per_s;
    /* Without a seed, who knows the hash could crowd a chosen sender out of its set. */
    if (getrandom(&r->seed, sizeof r->seed, GRND_NONBLOCK) != sizeof r->seed)
        r->seed = (uint64_t)(uintptr_t)r;
    return r;
}

void rates_free(struct rates *r)
{
    free(r);
}

/* Returns the bucket of p, which takes another's place when p has none. */
static struct bucket *bucket_of(struct rates *r, const struct peer *p, int64_t now_us)
{
    uint8_t network[16];
    peer_network(p, network);
    struct bucket *set = r->set[slice_hash(slice_of((const char *)network, 16), r->seed) % RATE_SETS];
    struct bucket *b = NULL, *fullest = &set[0];
    for (unsigned i = 0; i < RATE_WAYS && !b; i++) {
        if (memcmp(set[i].network, network, 16) == 0)
            b = &set[i];
        else if (set[i].full_at_us < fullest->full_at_us)
            fullest = &set[i];
    }
    if (!b) {
        /* The fullest bucket is the one whose loss changes least. */
        b = fullest;
        memcpy(b->network, network, 16);
        b->full_at_us = now_us;
    }
    /* The wall clock may have been set back. */
    if (b->full_at_us < now_us || b->full_at_us > now_us + 2 * r->burst_us)
        b->full_at_us = now_us;
    return b;
}

static int64_t wait_of(const struct rates *r, const struct bucket *b, int64_t now_us)
{
    int64_t wait_us = b->full_at_us + r->token_us - (now_us + r->burst_us);
    return wait_us > 0 ? wait_us : 0;
}

int64_t rates_wait(struct rates *r, const struct peer *p, int64_t now_us)
{
    return r ? wait_of(r, bucket_of(r, p, now_us), now_us) : 0;
}

int64_t rates_take(struct rates *r, const struct peer *p, int64_t now_us)
{
    if (!r)
        return 0;
    struct bucket *b = bucket_of(r, p, now_us);
    int64_t wait_us = wait_of(r, b, now_us);
    if (wait_us == 0)
        b->full_at_us += r->token_us;
    return wait_us;
}
