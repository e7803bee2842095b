/* What answers in place of a Redis, in pieces whose length the first byte says: values stay within their bound, and the
   same bytes in one piece give the same answers as far as they go. */
#include <assert.h>
#include <string.h>

#include "io/redis_reply.h"
#include "tests/fuzz/fuzz.h"

enum { MOST = 4096 };

struct seen {
    unsigned answers;
    uint64_t sum;
};

static size_t walk(const struct redis_value *v, struct seen *s, unsigned depth)
{
    size_t bytes = v->text.n + 1;
    assert(v->type <= REDIS_ARRAY && depth < 16);
    s->sum = s->sum * 31 + v->type + (uint64_t)v->number + v->text.n;
    for (size_t i = 0; i < v->text.n; i++)
        s->sum = s->sum * 31 + (unsigned char)v->text.p[i];
    for (unsigned i = 0; i < v->n; i++)
        bytes += walk(v->items[i], s, depth + 1);
    assert(redis_integer(v, v->n) == 0);
    return bytes;
}

static bool on_answer(void *u, const struct redis_value *v)
{
    struct seen *s = u;
    s->answers++;
    assert(walk(v, s, 0) <= 2 * MOST);
    return true;
}

static struct seen feed(struct slice bytes, size_t piece)
{
    struct seen s = {0};
    struct redis_reader *r = redis_reader_new(MOST);
    const char *wrong = NULL;
    for (size_t at = 0; r && !wrong && at < bytes.n; at += piece)
        wrong = redis_reader_feed(r, slice_sub(bytes, at, at + piece), on_answer, &s);
    redis_reader_free(r);
    return s;
}

int fuzz_target(const uint8_t *data, size_t n)
{
    if (n < 2 || n > MOST)
        return 0;
    struct slice bytes = slice_of((const char *)data + 1, n - 1);
    struct seen whole = feed(bytes, bytes.n), pieces = feed(bytes, data[0] % 64 + 1);
    assert(whole.answers == pieces.answers && whole.sum == pieces.sum);
    return 0;
}
