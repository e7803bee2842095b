#include "parsers/gelf_chunk.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/hash.h"
#include "base/table.h"
#include "base/xalloc.h"

/* malloc's own cost of a block, so that the caps mean memory. */
enum { BLOCK_BYTES = 16 };

struct part {
    char *p; /* NULL: not there yet, or handed out */
    size_t n;
    uint64_t hash;
    bool here;
};

struct set {
    TAILQ_ENTRY(set) in_all, in_own; /* every set, and those of its sender */
    struct sender *sender;
    uint64_t key;
    char id[8];
    int64_t first_us;
    size_t bytes, payload_bytes;
    unsigned count, have;
    struct part part[];
};

TAILQ_HEAD(set_list, set); /* the oldest first */

struct sender {
    TAILQ_ENTRY(sender) link; /* in its weight's list */
    unsigned weight;          /* the power of two of its bytes */
    bool exempt;
    char name[GELF_SENDER_MAX];
    size_t name_n;
    uint64_t key;
    struct set_list own;
    unsigned sets;
    size_t bytes;
};

TAILQ_HEAD(sender_list, sender);
enum { WEIGHTS = 64 };

struct gelf_chunks {
    struct gelf_chunk_caps caps;
    gelf_chunk_lost *lost;
    void *u;
    struct table sets, senders;
    struct sender_list by_weight[WEIGHTS]; /* in the order in which they came to it */
    bool exempt;                           /* the chunk at hand is of such a sender */
    struct set_list all;
    unsigned waiting;
    size_t bytes;
    struct sbuf out;
};

struct gelf_chunk_caps gelf_chunk_defaults(void)
{
    return (struct gelf_chunk_caps){
        .sets = 16384,
        .sets_per_sender = 16384 / 8,
        .bytes = 32 << 20,
        .bytes_per_sender = (32 << 20) / 8,
        .message_bytes = 1 << 20,
        .timeout_us = INT64_C(5000000),
    };
}

struct gelf_chunks *gelf_chunks_new(const struct gelf_chunk_caps *caps, gelf_chunk_lost *lost, void *u)
{
    assert(caps->sets > 0 && caps->sets_per_sender > 0 && caps->message_bytes > 0);
    struct gelf_chunks *c = xcalloc(1, sizeof *c);
    c->caps = *caps;
    c->lost = lost;
    c->u = u;
    for (unsigned i = 0; i < WEIGHTS; i++)
        TAILQ_INIT(&c->by_weight[i]);
    TAILQ_INIT(&c->all);
    sbuf_init(&c->out, caps->message_bytes);
    return c;
}

bool gelf_is_chunk(struct slice d)
{
    return d.n >= 2 && (unsigned char)d.p[0] == 0x1e && (unsigned char)d.p[1] == 0x0f;
}

static bool whole(const struct set *s)
{
    return s->have == s->count;
}

/* After its bytes have changed. */
static void weigh(struct gelf_chunks *c, struct sender *s)
{
    unsigned weight = 63 - (unsigned)__builtin_clzll((unsigned long long)s->bytes | 1);
    if (weight == s->weight)
        return;
    TAILQ_REMOVE(&c->by_weight[s->weight], s, link);
    s->weight = weight;
    TAILQ_INSERT_TAIL(&c->by_weight[weight], s, link);
}

/* One of those that hold most, within a factor of two. */
static struct sender *heaviest(const struct gelf_chunks *c)
{
    unsigned weight = WEIGHTS - 1;
    while (weight > 0 && TAILQ_EMPTY(&c->by_weight[weight]))
        weight--;
    return TAILQ_FIRST(&c->by_weight[weight]);
}

static void drop_payloads(struct gelf_chunks *c, struct set *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (!s->part[i].p)
            continue;
        size_t n = s->part[i].n + BLOCK_BYTES;
        free(s->part[i].p);
        s->part[i].p = NULL;
        assert(s->bytes >= n && s->sender->bytes >= n && c->bytes >= n);
        s->bytes -= n;
        s->sender->bytes -= n;
        c->bytes -= n;
    }
}

static void unlink_set(struct gelf_chunks *c, struct set *s)
{
    struct sender *from = s->sender;
    TAILQ_REMOVE(&c->all, s, in_all);
    TAILQ_REMOVE(&from->own, s, in_own);
    from->sets--;
    from->bytes -= s->bytes;
    c->bytes -= s->bytes;
    weigh(c, from);
}

static void free_set(struct gelf_chunks *c, struct set *s)
{
    struct sender *from = s->sender;
    if (!whole(s))
        c->waiting--;
    drop_payloads(c, s);
    unlink_set(c, s);
    table_del(&c->sets, s->key);
    free(s);
    if (from->sets == 0) {
        table_del(&c->senders, from->key);
        TAILQ_REMOVE(&c->by_weight[from->weight], from, link);
        c->bytes -= sizeof *from + BLOCK_BYTES;
        free(from);
    }
}

static void give_up(struct gelf_chunks *c, struct set *s, enum gelf_chunk_loss why, struct counts *counts)
{
    static const enum count row[] = {[GELF_CHUNK_EXPIRED] = COUNT_gelf_sets_expired,
                                     [GELF_CHUNK_EVICTED] = COUNT_gelf_sets_evicted,
                                     [GELF_CHUNK_OVERSIZE] = COUNT_gelf_sets_oversize};
    if (!whole(s)) {
        counts->v[row[why]]++;
        if (c->lost)
            c->lost(c->u, why, slice_of(s->sender->name, s->sender->name_n), s->have, s->count);
    }
    free_set(c, s);
}

void gelf_chunks_free(struct gelf_chunks *c)
{
    if (!c)
        return;
    while (!TAILQ_EMPTY(&c->all))
        free_set(c, TAILQ_FIRST(&c->all));
    table_done(&c->sets);
    table_done(&c->senders);
    sbuf_done(&c->out);
    free(c);
}

void gelf_chunks_expire(struct gelf_chunks *c, int64_t now_us, struct counts *counts)
{
    struct set *oldest;
    while ((oldest = TAILQ_FIRST(&c->all)) && now_us - oldest->first_us >= c->caps.timeout_us)
        give_up(c, oldest, GELF_CHUNK_EXPIRED, counts);
}

static uint64_t hash_of(const struct gelf_chunks *c, uint64_t before, struct slice text)
{
    const struct hash_secret secret = {c->caps.seed, ~c->caps.seed};
    return hash64(&secret, before, text);
}

static struct sender *sender_of(struct gelf_chunks *c, struct slice name)
{
    name = slice_sub(name, 0, GELF_SENDER_MAX);
    uint64_t key = hash_of(c, 0, name);
    struct sender *s = table_get(&c->senders, key);
    /* Two addresses with one 64-bit hash share an allowance; their sets still differ by id. */
    if (s)
        return s;
    s = xcalloc(1, sizeof *s);
    s->key = key;
    s->name_n = name.n;
    s->exempt = c->exempt;
    TAILQ_INIT(&s->own);
    TAILQ_INSERT_TAIL(&c->by_weight[0], s, link);
    if (name.n)
        memcpy(s->name, name.p, name.n);
    table_put(&c->senders, key, s);
    c->bytes += sizeof *s + BLOCK_BYTES;
    return s;
}

static struct set *set_new(struct gelf_chunks *c, struct sender *from, uint64_t key, const char *id, unsigned count,
                           int64_t now_us)
{
    size_t n = sizeof(struct set) + count * sizeof(struct part);
    struct set *s = xcalloc(1, n);
    s->key = key;
    s->sender = from;
    memcpy(s->id, id, sizeof s->id);
    s->count = count;
    s->first_us = now_us;
    s->bytes = n + BLOCK_BYTES;
    TAILQ_INSERT_TAIL(&c->all, s, in_all);
    TAILQ_INSERT_TAIL(&from->own, s, in_own);
    from->sets++;
    from->bytes += s->bytes;
    c->bytes += s->bytes;
    weigh(c, from);
    c->waiting++;
    table_put(&c->sets, key, s);
    return s;
}

/* Lets the oldest go until the caps are kept: the sender's own where it is over its share, then those of senders that
   hold most. `keep`, the set at hand, goes last: true while it is there. */
static bool keep_caps(struct gelf_chunks *c, struct set *keep, struct counts *counts)
{
    struct sender *from = keep->sender;
    while (!from->exempt && (from->sets > c->caps.sets_per_sender || from->bytes > c->caps.bytes_per_sender)) {
        struct set *oldest = TAILQ_FIRST(&from->own);
        bool last = oldest == keep;
        give_up(c, oldest, GELF_CHUNK_EVICTED, counts);
        if (last)
            return false;
    }
    while (c->sets.n > c->caps.sets || c->bytes > c->caps.bytes) {
        struct set *oldest = TAILQ_FIRST(&heaviest(c)->own);
        bool last = oldest == keep;
        give_up(c, oldest, GELF_CHUNK_EVICTED, counts);
        if (last)
            return false;
    }
    return true;
}

static struct slice assemble(struct gelf_chunks *c, struct set *s)
{
    sbuf_reset(&c->out);
    for (unsigned i = 0; i < s->count; i++)
        sbuf_add(&c->out, s->part[i].p, s->part[i].n);
    assert(!c->out.over);
    c->waiting--;
    drop_payloads(c, s);
    weigh(c, s->sender);
    return sbuf_slice(&c->out);
}

/* Two senders must never meet in one set. */
static bool is_of(const struct set *s, struct slice sender, const char *id)
{
    return memcmp(s->id, id, sizeof s->id) == 0 &&
           slice_eq(slice_of(s->sender->name, s->sender->name_n), slice_sub(sender, 0, GELF_SENDER_MAX));
}

/* A set that is whole gets late copies of its chunks; what is none of them has its id for something else. */
static bool is_used_again(const struct set *s, unsigned seq, unsigned count, uint64_t hash)
{
    return whole(s) && (s->count != count || s->part[seq].hash != hash);
}

/* The set this chunk belongs to, new or old; NULL when the chunk is to be dropped, and counted. */
static struct set *find_set(struct gelf_chunks *c, struct slice sender, struct slice d, uint64_t hash, int64_t now_us,
                            struct counts *counts)
{
    const char *id = d.p + 2;
    unsigned seq = (unsigned char)d.p[10], count = (unsigned char)d.p[11];
    uint64_t key = hash_of(c, hash_of(c, 0, slice_sub(sender, 0, GELF_SENDER_MAX)), slice_of(id, 8));
    struct set *s = table_get(&c->sets, key);
    if (s && !is_of(s, sender, id)) {
        counts->v[COUNT_gelf_chunks_mismatch]++;
        return NULL;
    }
    if (s && now_us - s->first_us >= c->caps.timeout_us) {
        give_up(c, s, GELF_CHUNK_EXPIRED, counts);
        s = NULL;
    }
    if (s && is_used_again(s, seq, count, hash)) {
        free_set(c, s);
        s = NULL;
    }
    if (!s)
        return set_new(c, sender_of(c, sender), key, id, count, now_us);
    if (s->count == count && !s->part[seq].here)
        return s;
    counts->v[s->count == count ? COUNT_gelf_chunks_duplicate : COUNT_gelf_chunks_mismatch]++;
    return NULL;
}

bool gelf_chunks_add(struct gelf_chunks *c, struct slice sender, struct slice d, int64_t now_us, struct counts *counts,
                     struct slice *payload)
{
    counts->v[COUNT_gelf_chunks]++;
    unsigned seq = d.n < GELF_CHUNK_HEADER ? 0 : (unsigned char)d.p[10];
    unsigned count = d.n < GELF_CHUNK_HEADER ? 0 : (unsigned char)d.p[11];
    if (!gelf_is_chunk(d) || count > GELF_CHUNKS_MAX || seq >= count) {
        counts->v[COUNT_gelf_chunks_bad]++;
        return false;
    }
    gelf_chunks_expire(c, now_us, counts);
    struct slice bytes = slice_from(d, GELF_CHUNK_HEADER);
    uint64_t hash = hash_of(c, 0, bytes);
    struct set *s = find_set(c, sender, d, hash, now_us, counts);
    if (!s)
        return false;
    if (bytes.n > c->caps.message_bytes - s->payload_bytes) {
        give_up(c, s, GELF_CHUNK_OVERSIZE, counts);
        return false;
    }
    struct part *part = &s->part[seq];
    *part =
        (struct part){.p = memcpy(xmalloc(bytes.n + 1), bytes.p, bytes.n), .n = bytes.n, .hash = hash, .here = true};
    s->have++;
    s->payload_bytes += bytes.n;
    size_t n = bytes.n + BLOCK_BYTES;
    s->bytes += n;
    s->sender->bytes += n;
    c->bytes += n;
    weigh(c, s->sender);
    bool ready = whole(s);
    if (ready)
        *payload = assemble(c, s);
    keep_caps(c, s, counts); /* what is left of a whole set, to know its copies by, counts too */
    return ready;
}

bool gelf_chunks_add_exempt(struct gelf_chunks *c, struct slice sender, struct slice d, int64_t now_us,
                            struct counts *counts, struct slice *payload)
{
    c->exempt = true;
    bool ready = gelf_chunks_add(c, sender, d, now_us, counts, payload);
    c->exempt = false;
    return ready;
}

unsigned gelf_chunks_waiting(const struct gelf_chunks *c)
{
    return c->waiting;
}

size_t gelf_chunks_bytes(const struct gelf_chunks *c)
{
    return c->bytes;
}
