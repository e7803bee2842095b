#include "io/redis_group.h"

#include <event2/util.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

enum { ACKS = 256 /* in one command */, ACK_WORDS = 16 /* beside them */ };

/* -> the fencing number, 0: it is another's; ms left of his lease */
static const char script_lease[] = "local o = redis.call('GET', KEYS[1])\n"
                                   "if not o then\n"
                                   "  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"
                                   "  return {redis.call('INCR', KEYS[2]), 0}\n"
                                   "end\n"
                                   "if o ~= ARGV[1] then return {0, redis.call('PTTL', KEYS[1])} end\n"
                                   "redis.call('PEXPIRE', KEYS[1], ARGV[2])\n"
                                   "return {tonumber(redis.call('GET', KEYS[2]) or 0), 0}\n";

/* Of the owner: position, entries judged, entries gone before; then the ids. -> 1: done */
static const char script_ack[] =
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end\n"
    "redis.call('HSET', KEYS[3], 'offset', ARGV[4], 'text', ARGV[5], 'judged', ARGV[6], 'base', ARGV[7])\n"
    "for i = 9, #ARGV do redis.call('XACK', KEYS[4], ARGV[3], ARGV[i]) end\n"
    "if ARGV[8] == '1' then redis.call('DEL', KEYS[1]) end\n"
    "return 1\n";

/* ARGV[4] 1: with its numbers, for which Redis also copies its first and its last entry.
   -> entries; how many were ever added, -1: not known, or not asked */
static const char script_read[] =
    "local r = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[3], 'STREAMS', KEYS[1], '>')\n"
    "local i, added = ARGV[4] == '1' and redis.call('XINFO', 'STREAM', KEYS[1]) or {}, -1\n"
    "for k = 1, #i, 2 do if i[k] == 'entries-added' then added = i[k + 1] end end\n"
    "return {r and r[1][2] or {}, added}\n";

/* Counts who is alive. -> how many are */
static const char script_members[] = "local now = tonumber(redis.call('TIME')[1])\n"
                                     "redis.call('ZADD', KEYS[1], now, ARGV[1])\n"
                                     "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])\n"
                                     "redis.call('EXPIRE', KEYS[1], 3600)\n"
                                     "return redis.call('ZCARD', KEYS[1])\n";

/* Makes the group. -> entries that were gone before it, or -1 */
static const char script_begin[] =
    "local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], ARGV[2], 'MKSTREAM')\n"
    "if type(made) == 'table' and made.err and not string.find(made.err, 'BUSYGROUP') then return made end\n"
    "local p = redis.call('HMGET', KEYS[2], 'offset', 'text', 'judged', 'base')\n"
    "if type(made) == 'table' and made.err then return {p, -1} end\n"
    "local i, added, length = redis.call('XINFO', 'STREAM', KEYS[1]), -1, 0\n"
    "for k = 1, #i, 2 do\n"
    "  if i[k] == 'entries-added' then added = i[k + 1] elseif i[k] == 'length' then length = i[k + 1] end\n"
    "end\n"
    "if added < 0 then return {p, -1} end\n"
    "return {p, ARGV[2] == '0' and added - length or added}\n";

/* As XAUTOCLAIM of one entry, but of one larger than ARGV[4] bytes its id and its bytes: no answer can hold it. Each
   field counts with what it takes beside its text. */
static const char script_claim_one[] =
    "local r = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'COUNT', 1)\n"
    "local e, n = r[2][1], 0\n"
    "if type(e) ~= 'table' or type(e[2]) ~= 'table' then return r end\n"
    "for i = 1, #e[2] do n = n + #e[2][i] + 64 end\n"
    "if n > tonumber(ARGV[4]) then r[2] = {{e[1], n}} end\n"
    "return r\n";

static const char *const scripts[] = {script_lease,   script_ack,   script_read,
                                      script_members, script_begin, script_claim_one};

static uint64_t tag_of(enum redis_ask ask, unsigned what)
{
    return (uint64_t)ask << 32 | what;
}

#define SEND(in_, kind_, what_, ...)                                                                                   \
    redis_send((in_)->redis, tag_of(kind_, what_), (const struct slice[]){__VA_ARGS__},                                \
               sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice))
#define T(text_) slice_str(text_)

struct number {
    char text[24];
};

static const char *number(struct number *n, int64_t v)
{
    snprintf(n->text, sizeof n->text, "%" PRId64, v);
    return n->text;
}

enum redis_ask redis_group_ask(uint64_t tag)
{
    return (enum redis_ask)(tag >> 32);
}

unsigned redis_group_which(uint64_t tag)
{
    return (unsigned)tag;
}

void redis_group_init(struct redis_group *g, const char *group)
{
    uint64_t random;
    char host[65] = "crumbd";
    *g = (struct redis_group){.group = group};
    evutil_secure_rng_get_bytes(&random, sizeof random);
    gethostname(host, sizeof host - 1);
    snprintf(g->consumer, sizeof g->consumer, "%s", host);
    snprintf(g->me, sizeof g->me, "%.40s-%016" PRIx64, host, random);
    g->members = xasprintf("crumbd:%s:members", group);
    sbuf_init(&g->text, PARTITION_POSITION_TEXT_MAX);
}

void redis_group_done(struct redis_group *g)
{
    free(g->members);
    sbuf_done(&g->text);
}

void redis_group_load(struct redis_group *g)
{
    uint64_t random[2];
    char name[33];
    evutil_secure_rng_get_bytes(random, sizeof random);
    snprintf(name, sizeof name, "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
    for (unsigned i = 0; i < REDIS_SCRIPTS; i++)
        SEND(g, REDIS_LOAD, i, SLICE("SCRIPT"), SLICE("LOAD"), T(scripts[i]));
    SEND(g, REDIS_OTHER, 0, SLICE("SET"), SLICE("crumbd:redis"), T(name), SLICE("NX"));
    SEND(g, REDIS_NAME, 0, SLICE("GET"), SLICE("crumbd:redis"));
}

bool redis_group_loaded(struct redis_group *g, unsigned script, const struct redis_value *v)
{
    if (v->type != REDIS_STRING || v->text.n != REDIS_SHA_CHARS || script >= REDIS_SCRIPTS)
        return false;
    memcpy(g->sha[script], v->text.p, v->text.n);
    return true;
}

void redis_group_ask_members(struct redis_group *g)
{
    struct number s;
    SEND(g, REDIS_MEMBERS, 0, SLICE("EVALSHA"), T(g->sha[REDIS_MEMBERS]), SLICE("1"), T(g->members), T(g->me),
         T(number(&s, REDIS_LEASE_MS / 1000)));
}

void redis_group_leave(struct redis_group *g)
{
    SEND(g, REDIS_OTHER, 0, SLICE("ZREM"), T(g->members), T(g->me));
}

bool redis_group_ask_lease(struct redis_group *g, unsigned at, const struct redis_stream *s)
{
    struct number ms;
    return SEND(g, REDIS_LEASE, at, SLICE("EVALSHA"), T(g->sha[REDIS_LEASE]), SLICE("2"), T(s->lease), T(s->fence),
                T(g->me), T(number(&ms, REDIS_LEASE_MS)));
}

bool redis_group_begin(struct redis_group *g, unsigned at, const struct redis_stream *s, bool from_end)
{
    return SEND(g, REDIS_BEGIN, at, SLICE("EVALSHA"), T(g->sha[REDIS_BEGIN]), SLICE("2"), T(s->name), T(s->place),
                T(g->group), from_end ? SLICE("$") : SLICE("0"));
}

bool redis_group_read(struct redis_group *g, unsigned at, const struct redis_stream *s, bool numbers, size_t most_bytes)
{
    struct number count, most;
    const char *n = number(&count, s->count);
    if (s->phase == REDIS_CLAIMS && s->count == 1)
        return SEND(g, REDIS_CLAIM, at, SLICE("EVALSHA"), T(g->sha[REDIS_CLAIM_ONE]), SLICE("1"), T(s->name),
                    T(g->group), T(g->consumer), T(s->cursor), T(number(&most, (int64_t)most_bytes)));
    if (s->phase == REDIS_CLAIMS)
        return SEND(g, REDIS_CLAIM, at, SLICE("XAUTOCLAIM"), T(s->name), T(g->group), T(g->consumer), SLICE("0"),
                    T(s->cursor), SLICE("COUNT"), T(n));
    return s->phase == REDIS_READS &&
           SEND(g, REDIS_READ, at, SLICE("EVALSHA"), T(g->sha[REDIS_READ]), SLICE("1"), T(s->name), T(g->group),
                T(g->consumer), T(n), numbers ? SLICE("1") : SLICE("0"));
}

bool redis_group_acknowledge(struct redis_group *g, unsigned at, struct redis_stream *s, bool last)
{
    struct number fence, offset, judged, base;
    char(*ids)[REDIS_ID_MAX] = xmalloc(ACKS * sizeof *ids);
    unsigned n = 0;
    uint64_t taken;
    while (n < ACKS && redis_stream_next_ack(s, &taken))
        redis_stream_id(taken, ids[n++]);
    bool more = n == ACKS;
    sbuf_reset(&g->text);
    partition_position_write(&s->part->row, &g->text);
    struct slice words[ACK_WORDS + ACKS] = {SLICE("EVALSHA"),
                                            T(g->sha[REDIS_ACK]),
                                            SLICE("4"),
                                            T(s->lease),
                                            T(s->fence),
                                            T(s->place),
                                            T(s->name),
                                            T(g->me),
                                            T(number(&fence, s->fence_number)),
                                            T(g->group),
                                            T(number(&offset, (int64_t)s->part->row.offset)),
                                            sbuf_slice(&g->text),
                                            T(number(&judged, (int64_t)s->row_judged)),
                                            T(number(&base, s->base)),
                                            last && !more ? SLICE("1") : SLICE("0")};
    words[ACK_WORDS - 1] = SLICE("0-0"); /* no entry has it: there is always one */
    for (unsigned i = 0; i < n; i++)
        words[ACK_WORDS + i] = T(ids[i]);
    bool sent = redis_send(g->redis, tag_of(REDIS_ACK, at), words, ACK_WORDS + n);
    if (sent)
        redis_stream_acked(s);
    else
        s->acked_to = 0;
    free(ids);
    return sent && more;
}
