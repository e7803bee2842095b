#include "io/shares.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void shares_init(struct shares *s, const struct input_options *inputs, unsigned n, uint64_t limit_bytes)
{
    unsigned senders = 0;
    *s = (struct shares){
        .of = xcalloc(n, sizeof *s->of), .n = n, .common_bytes = limit_bytes ? limit_bytes / 2 : UINT64_MAX};
    for (unsigned i = 0; i < n; i++)
        senders += input_listens(&inputs[i]);
    uint64_t kept = senders && senders < n ? limit_bytes / 4 : limit_bytes / 2;
    for (unsigned i = 0; i < n; i++) {
        unsigned alike = input_listens(&inputs[i]) ? senders : n - senders;
        s->of[i] = (struct share){.input = slice_str(inputs[i].text), .kept_bytes = kept / alike};
    }
}

void shares_done(struct shares *s)
{
    free(s->of);
    *s = (struct shares){0};
}

struct shares *shares_copy(const struct shares *s)
{
    struct shares *c = xcalloc(1, sizeof *c);
    *c = *s;
    c->of = xcalloc(s->n, sizeof *c->of);
    if (s->n)
        memcpy(c->of, s->of, s->n * sizeof *c->of);
    return c;
}

int shares_find(const struct shares *s, struct slice input)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->of[i].input.p == input.p || slice_eq(s->of[i].input, input))
            return (int)i;
    return SHARES_NOBODY;
}

static uint64_t own_left(const struct share *of)
{
    return of->used_bytes < of->kept_bytes ? of->kept_bytes - of->used_bytes : 0;
}

void shares_take(struct shares *s, int input, uint64_t bytes)
{
    uint64_t own = input >= 0 ? own_left(&s->of[input]) : 0;
    if (input >= 0)
        s->of[input].used_bytes += bytes;
    s->common_used += bytes > own ? bytes - own : 0;
}

uint64_t shares_left(const struct shares *s, unsigned input)
{
    return own_left(&s->of[input]) + (s->common_used < s->common_bytes ? s->common_bytes - s->common_used : 0);
}
