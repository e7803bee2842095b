#include "io/holders.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/xalloc.h"

struct holder {
    uint64_t key;
    struct held_list list; /* its connections: first the one that sent something longest ago */
    unsigned n;
};

void holders_init(struct holders *h, unsigned max_connections, const struct input_cidr *exempt, unsigned n_exempt)
{
    unsigned each = max_connections / 8;
    each = each < HOLDERS_EACH_MIN ? HOLDERS_EACH_MIN : each;
    *h = (struct holders){
        .each = each < max_connections ? each : max_connections, .exempt = exempt, .n_exempt = n_exempt};
    if (getrandom(&h->seed, sizeof h->seed, GRND_NONBLOCK) != sizeof h->seed)
        h->seed = (uint64_t)(uintptr_t)h;
}

void holders_done(struct holders *h)
{
    table_done(&h->by_network);
}

static struct holder *holder_of(struct holders *h, const struct peer *p)
{
    uint8_t network[16];
    peer_network(p, network);
    /* Two networks with one 64-bit hash, which nobody can look for without the seed, share their part. */
    uint64_t key = slice_hash(slice_of((const char *)network, sizeof network), h->seed);
    struct holder *holder = table_get(&h->by_network, key);
    if (holder)
        return holder;
    holder = xcalloc(1, sizeof *holder);
    holder->key = key;
    TAILQ_INIT(&holder->list);
    table_put(&h->by_network, key, holder);
    return holder;
}

void holders_add(struct holders *h, struct held *c, const struct peer *p)
{
    if (peer_exempt(p, h->exempt, h->n_exempt))
        return;
    c->holder = holder_of(h, p);
    TAILQ_INSERT_TAIL(&c->holder->list, c, link);
    c->holder->n++;
}

void holders_remove(struct holders *h, struct held *c)
{
    struct holder *holder = c->holder;
    if (!holder)
        return;
    TAILQ_REMOVE(&holder->list, c, link);
    c->holder = NULL;
    if (--holder->n > 0)
        return;
    table_del(&h->by_network, holder->key);
    free(holder);
}

void holders_touch(struct held *c)
{
    if (!c->holder)
        return;
    TAILQ_REMOVE(&c->holder->list, c, link);
    TAILQ_INSERT_TAIL(&c->holder->list, c, link);
}

bool holders_over(const struct holders *h, const struct held *c)
{
    return c->holder && c->holder->n > h->each;
}

static struct holder *largest(const struct holders *h)
{
    struct holder *most = NULL;
    table_each (&h->by_network, slot) {
        struct holder *holder = slot->value;
        if (holder->n > (most ? most->n : 1))
            most = holder;
    }
    return most;
}

struct held *holders_idlest(const struct holders *h, const struct held *c, bool (*idle)(const struct held *c))
{
    struct holder *holder = c ? c->holder : largest(h);
    struct held *each;
    unsigned asked = 0;
    if (!holder)
        return NULL;
    TAILQ_FOREACH (each, &holder->list, link) {
        if (each != c && idle(each))
            return each;
        if (++asked == HOLDERS_ASKED_MAX)
            break;
    }
    return NULL;
}
