/*
 * redis_reply: what a Redis answers, byte by byte, as values. The door of hiredis, whose parser it is (RESP2).
 *
 * Whoever answers may be anybody: what one answer takes is bounded in bytes, of what has come and of the values made of
 * it, and in its depth (7 arrays in each other). Behind the first thing that is no answer nothing is read.
 * No descriptor, no clock. One thread.
 */
#ifndef IO_REDIS_REPLY_H
#define IO_REDIS_REPLY_H

#include "base/arena.h"

enum redis_type { REDIS_NIL, REDIS_INTEGER, REDIS_STRING, REDIS_STATUS, REDIS_ERROR, REDIS_ARRAY };

struct redis_value {
    enum redis_type type;
    int64_t number;             /* INTEGER */
    struct slice text;          /* STRING, STATUS, ERROR */
    struct redis_value **items; /* ARRAY: n of them, none is NULL */
    unsigned n;
};

struct redis_reader;

/* An answer, valid during the call. False: no more of them. */
typedef bool redis_reply_f(void *u, const struct redis_value *v);

/* Whether crumbd was built with hiredis; its version as text, or "none". Without it redis_reader_new gives NULL. */
bool redis_is_built_in(void);
const char *redis_version(void);

/* most_bytes: of one answer. */
struct redis_reader *redis_reader_new(size_t most_bytes);
void redis_reader_free(struct redis_reader *r);
/* Calls back for each answer that is whole. NULL, or what is wrong: then it can only be freed. */
const char *redis_reader_feed(struct redis_reader *r, struct slice bytes, redis_reply_f *each, void *u);

/* Whether that was an answer above most_bytes. */
bool redis_reader_too_large(const struct redis_reader *r);

/* A member of an array, 0 where it is no integer, or there is none. */
int64_t redis_integer(const struct redis_value *v, unsigned i);
/* NULL: there is no such member, or v is no array, or NULL. */
const struct redis_value *redis_member(const struct redis_value *v, unsigned i);
/* The same as a text; empty where it is none. */
struct slice redis_text(const struct redis_value *v, unsigned i);
/* A number that stands there as a text; `without`: there is none. */
int64_t redis_number(const struct redis_value *v, unsigned i, int64_t without);

#endif
