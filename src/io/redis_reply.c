#include "io/redis_reply.h"

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

int64_t redis_integer(const struct redis_value *v, unsigned i)
{
    return v->type == REDIS_ARRAY && i < v->n && v->items[i]->type == REDIS_INTEGER ? v->items[i]->number : 0;
}

const struct redis_value *redis_member(const struct redis_value *v, unsigned i)
{
    return v && v->type == REDIS_ARRAY && i < v->n ? v->items[i] : NULL;
}

struct slice redis_text(const struct redis_value *v, unsigned i)
{
    const struct redis_value *m = redis_member(v, i);
    return m && m->type == REDIS_STRING ? m->text : SLICE_NONE;
}

int64_t redis_number(const struct redis_value *v, unsigned i, int64_t without)
{
    uint64_t n;
    return slice_u64(redis_text(v, i), &n) && n < INT64_MAX ? (int64_t)n : without;
}

#ifdef HAVE_HIREDIS
#include <hiredis/hiredis.h>

enum { DEPTH_MAX = 7 };

struct redis_reader {
    redisReader *parser;
    struct arena arena; /* of the answer that is being read */
    size_t most_bytes;
    bool too_large;
};

/* What hiredis calls a task names the array that the value is in. */
static void *put(const redisReadTask *task, const struct redis_value *v, size_t bytes)
{
    struct redis_reader *r = task->privdata;
    if (bytes > r->most_bytes || r->arena.total_bytes > r->most_bytes - bytes) {
        r->too_large = true;
        return NULL;
    }
    struct redis_value *own = arena_alloc(&r->arena, sizeof *own);
    *own = *v;
    if (task->parent)
        ((struct redis_value *)task->parent->obj)->items[task->idx] = own;
    return own;
}

static void *redis_reply_string(const redisReadTask *task, char *text, size_t n)
{
    struct redis_reader *r = task->privdata;
    struct redis_value v = {.type = task->type == REDIS_REPLY_ERROR    ? REDIS_ERROR
                                    : task->type == REDIS_REPLY_STATUS ? REDIS_STATUS
                                                                       : REDIS_STRING};
    struct redis_value *own = put(task, &v, n + sizeof v);
    if (own)
        own->text = n ? arena_dup(&r->arena, slice_of(text, n)) : SLICE("");
    return own;
}

/* hiredis has a bound of its own before 1.0 alone. */
static bool is_too_deep(const redisReadTask *task)
{
    unsigned depth = 1;
    while ((task = task->parent) && depth <= DEPTH_MAX)
        depth++;
    return depth > DEPTH_MAX;
}

/* Until all members have come each is NIL. */
static void *redis_reply_array(const redisReadTask *task, size_t n)
{
    static const struct redis_value nil;
    struct redis_reader *r = task->privdata;
    if (n > r->most_bytes / sizeof(struct redis_value *)) {
        r->too_large = true;
        return NULL;
    }
    if (is_too_deep(task))
        return NULL;
    struct redis_value v = {.type = REDIS_ARRAY, .n = (unsigned)n};
    struct redis_value *own = put(task, &v, sizeof v + n * sizeof *v.items);
    if (!own)
        return NULL;
    own->items = arena_alloc(&r->arena, (n + 1) * sizeof *own->items);
    for (size_t i = 0; i < n; i++)
        own->items[i] = (struct redis_value *)(uintptr_t)&nil;
    return own;
}

static void *redis_reply_integer(const redisReadTask *task, long long number)
{
    const struct redis_value v = {.type = REDIS_INTEGER, .number = number};
    return put(task, &v, sizeof v);
}

static void *redis_reply_nil(const redisReadTask *task)
{
    const struct redis_value v = {.type = REDIS_NIL};
    return put(task, &v, sizeof v);
}

/* The arena has it. */
static void redis_reply_release(void *value)
{
    (void)value;
}

#if HIREDIS_MAJOR < 1
static void *redis_reply_array_of(const redisReadTask *task, int n)
{
    return redis_reply_array(task, n > 0 ? (size_t)n : 0);
}
#else
/* Of RESP3, which nobody has asked for. */
static void *redis_reply_double(const redisReadTask *task, double number, char *text, size_t n)
{
    (void)number;
    return redis_reply_string(task, text, n);
}

static void *redis_reply_bool(const redisReadTask *task, int truth)
{
    return redis_reply_integer(task, truth);
}
#define redis_reply_array_of redis_reply_array
#endif

/* Not const: hiredis takes it as it is, and writes nothing there. */
static redisReplyObjectFunctions functions = {
    .createString = redis_reply_string,
    .createArray = redis_reply_array_of,
    .createInteger = redis_reply_integer,
    .createNil = redis_reply_nil,
#if HIREDIS_MAJOR >= 1
    .createDouble = redis_reply_double,
    .createBool = redis_reply_bool,
#endif
    .freeObject = redis_reply_release,
};

bool redis_is_built_in(void)
{
    return true;
}

const char *redis_version(void)
{
#define TEXT_(x_) #x_
#define TEXT(x_) TEXT_(x_)
    return TEXT(HIREDIS_MAJOR) "." TEXT(HIREDIS_MINOR) "." TEXT(HIREDIS_PATCH);
}

struct redis_reader *redis_reader_new(size_t most_bytes)
{
    struct redis_reader *r = xcalloc(1, sizeof *r);
    r->most_bytes = most_bytes;
    r->parser = redisReaderCreateWithFunctions(&functions);
    if (!r->parser)
        abort();
    r->parser->privdata = r;
    return r;
}

void redis_reader_free(struct redis_reader *r)
{
    if (!r)
        return;
    redisReaderFree(r->parser);
    arena_done(&r->arena);
    free(r);
}

/* Bytes that are in no value yet. */
static size_t unread(const struct redis_reader *r)
{
    return r->parser->len - r->parser->pos;
}

const char *redis_reader_feed(struct redis_reader *r, struct slice bytes, redis_reply_f *each, void *u)
{
    void *value = NULL;
    if (bytes.n > r->most_bytes || redisReaderFeed(r->parser, bytes.p, bytes.n) != REDIS_OK)
        return "no memory for an answer";
    for (;;) {
        if (redisReaderGetReply(r->parser, &value) != REDIS_OK)
            return r->too_large ? "an answer is too large" : "it does not speak as Redis does";
        if (!value)
            break;
        bool more = each(u, value);
        arena_reset(&r->arena);
        if (!more)
            return "no more";
    }
    r->too_large |= unread(r) + r->arena.total_bytes > 2 * r->most_bytes;
    return r->too_large ? "an answer is too large" : NULL;
}

bool redis_reader_too_large(const struct redis_reader *r)
{
    return r->too_large;
}

#else

bool redis_is_built_in(void)
{
    return false;
}

bool redis_reader_too_large(const struct redis_reader *r)
{
    (void)r;
    return false;
}

const char *redis_version(void)
{
    return "none";
}

struct redis_reader *redis_reader_new(size_t most_bytes)
{
    (void)most_bytes;
    return NULL;
}

void redis_reader_free(struct redis_reader *r)
{
    (void)r;
}

const char *redis_reader_feed(struct redis_reader *r, struct slice bytes, redis_reply_f *each, void *u)
{
    (void)r, (void)bytes, (void)each, (void)u;
    return "built without hiredis";
}

#endif
