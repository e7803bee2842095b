/*
 * redis_group: what the members of a group ask a Redis for: the scripts, and the commands that run them. Part of
 * in_redis; for it alone.
 */
#ifndef IO_REDIS_GROUP_H
#define IO_REDIS_GROUP_H

#include "io/redis.h"
#include "io/redis_stream.h"

enum redis_ask {
    REDIS_LEASE,
    REDIS_ACK,
    REDIS_READ,
    REDIS_MEMBERS,
    REDIS_BEGIN,
    REDIS_CLAIM_ONE,
    REDIS_SCRIPTS,
    REDIS_LOAD, /* of a script */
    REDIS_NAME, /* of the Redis */
    REDIS_CLAIM,
    REDIS_OTHER /* whose answer does not matter */
};

enum { REDIS_LEASE_MS = 10000, REDIS_SHA_CHARS = 40 };

struct redis_group {
    struct redis *redis;
    const char *group;
    char me[64], consumer[80]; /* of this run; of this host */
    char *members;             /* the key */
    char sha[REDIS_SCRIPTS][REDIS_SHA_CHARS + 1];
    struct sbuf text;
};

void redis_group_init(struct redis_group *g, const char *group);
void redis_group_done(struct redis_group *g);
/* Of the tag of an answer: what was asked, and of which stream, or script. */
enum redis_ask redis_group_ask(uint64_t tag);
unsigned redis_group_which(uint64_t tag);

/* Loads the scripts, and asks for the Redis' name, which it is given if it has none. */
void redis_group_load(struct redis_group *g);
/* A script is loaded: the answer. False: it is no such answer. */
bool redis_group_loaded(struct redis_group *g, unsigned script, const struct redis_value *v);
void redis_group_ask_members(struct redis_group *g);
void redis_group_leave(struct redis_group *g);
/* These ask for a stream by its index. False: it could not be sent. */
bool redis_group_ask_lease(struct redis_group *g, unsigned at, const struct redis_stream *s);
bool redis_group_begin(struct redis_group *g, unsigned at, const struct redis_stream *s, bool from_end);
/* The next entries, by its phase. numbers: with how many were ever added. most_bytes: of an entry that is claimed
 * alone; of a larger one comes its id with its bytes in place of its fields. */
bool redis_group_read(struct redis_group *g, unsigned at, const struct redis_stream *s, bool numbers,
                      size_t most_bytes);
/* Tells what is stored, with the next of the entries that it has; the lease ends with the last of them, if `last`.
 * Returns whether there are more. */
bool redis_group_acknowledge(struct redis_group *g, unsigned at, struct redis_stream *s, bool last);

#endif
