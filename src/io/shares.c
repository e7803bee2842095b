#include "io/shares.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum {
    STEPS = 64,             /* room is made by such a part of the limit, */
    STEP_LEAST = 128 << 10, /* but not by less, */
    STEPS_LEAST = 8,        /* nor by more than such a part */
    BACK = 8,               /* a project must have become less by such a part of its bound before it may store again */
};

static bool input_waits(const struct input_options *opt)
{
    const struct input_type *type = input_type_of(opt->kind, opt->transport);
    return !type || !type->never_waits;
}

void shares_init(struct shares *s, const struct input_options *inputs, unsigned n, uint64_t limit_bytes)
{
    unsigned senders = 0;
    *s = (struct shares){.of = xcalloc(n, sizeof *s->of),
                         .n = n,
                         .limit_bytes = limit_bytes ? limit_bytes : UINT64_MAX,
                         .common_bytes = limit_bytes ? limit_bytes / 2 : UINT64_MAX};
    for (unsigned i = 0; i < n; i++)
        senders += input_listens(&inputs[i]);
    uint64_t kept = senders && senders < n ? limit_bytes / 4 : limit_bytes / 2;
    for (unsigned i = 0; i < n; i++) {
        unsigned alike = input_listens(&inputs[i]) ? senders : n - senders;
        s->of[i] = (struct share){
            .input = slice_str(inputs[i].text), .kept_bytes = kept / alike, .waits = input_waits(&inputs[i])};
    }
}

void shares_add_project(struct shares *s, struct slice name)
{
    s->projects = xroom(s->projects, s->n_projects, sizeof *s->projects);
    s->projects[s->n_projects++] = (struct project_share){.name = name, .left_bytes = UINT64_MAX, .delivers = true};
}

void shares_done(struct shares *s)
{
    free(s->of);
    free(s->projects);
    *s = (struct shares){0};
}

static void *copy_of(const void *v, size_t n, size_t size)
{
    void *c = xcalloc(n, size);
    if (n)
        memcpy(c, v, n * size);
    return c;
}

struct shares *shares_copy(const struct shares *s)
{
    struct shares *c = xcalloc(1, sizeof *c);
    *c = *s;
    c->of = copy_of(s->of, s->n, sizeof *s->of);
    c->projects = copy_of(s->projects, s->n_projects, sizeof *s->projects);
    return c;
}

int shares_find(const struct shares *s, struct slice input)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->of[i].input.p == input.p || slice_eq(s->of[i].input, input))
            return (int)i;
    return SHARES_NOBODY;
}

int shares_find_project(const struct shares *s, struct slice name)
{
    for (unsigned i = 0; i < s->n_projects; i++)
        if (slice_eq(s->projects[i].name, name))
            return (int)i;
    return SHARES_NOBODY;
}

/* By how much room is made. */
static uint64_t step_of(const struct shares *s)
{
    uint64_t step = s->limit_bytes / STEPS, most = s->limit_bytes / STEPS_LEAST;
    step = step < STEP_LEAST ? STEP_LEAST : step;
    return step < most ? step : most;
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

void shares_take_project(struct shares *s, int project, uint64_t bytes)
{
    if (project < 0)
        return;
    struct project_share *p = &s->projects[project];
    p->used_bytes += bytes;
    if (p->left_bytes != UINT64_MAX)
        p->left_bytes -= bytes < p->left_bytes ? bytes : p->left_bytes;
}

void shares_spread(struct shares *s, uint64_t beyond_bytes, uint64_t told_bytes)
{
    for (unsigned i = 0; told_bytes && i < s->n_projects; i++) {
        uint64_t *used = &s->projects[i].used_bytes;
        *used += (uint64_t)((unsigned __int128)beyond_bytes * *used / told_bytes);
    }
}

void shares_give(struct shares *s, unsigned input, uint64_t bytes)
{
    struct share *of = &s->of[input];
    uint64_t above = of->used_bytes > of->kept_bytes ? of->used_bytes - of->kept_bytes : 0;
    uint64_t common = bytes < above ? bytes : above;
    of->used_bytes -= bytes < of->used_bytes ? bytes : of->used_bytes;
    s->common_used -= common < s->common_used ? common : s->common_used;
}

uint64_t shares_shortage(const struct shares *s, unsigned input)
{
    const struct share *of = &s->of[input];
    uint64_t left = shares_left(s, input), step = step_of(s);
    uint64_t above = of->used_bytes > of->kept_bytes ? of->used_bytes - of->kept_bytes : 0;
    uint64_t over = s->common_used > s->common_bytes ? s->common_used - s->common_bytes : 0;
    if (of->waits)
        return left < step ? step - left : 0;
    return above < over ? above : over;
}

static bool has_repeats(const struct share *of)
{
    return !of->waits && !of->no_repeats && of->used_bytes;
}

/* Its own, since its senders are to be kept from pushing out what others sent; else those of the one that uses most of
 * what is kept for nobody. */
int shares_victim(const struct shares *s, unsigned input)
{
    int most = SHARES_NOBODY;
    uint64_t most_bytes = 0;
    if (has_repeats(&s->of[input]))
        return (int)input;
    for (unsigned i = 0; i < s->n; i++) {
        const struct share *of = &s->of[i];
        uint64_t above = of->used_bytes > of->kept_bytes ? of->used_bytes - of->kept_bytes : 0;
        if (has_repeats(of) && above > most_bytes) {
            most = (int)i;
            most_bytes = above;
        }
    }
    return most;
}

/* One server at least does not take anything, and another does. */
static bool some_deliver(const struct shares *s)
{
    for (unsigned i = 0; i < s->n_projects; i++)
        if (s->projects[i].delivers)
            return true;
    return false;
}

void shares_judge_projects(struct shares *s)
{
    uint64_t bound = s->limit_bytes / 2;
    bool others = s->limit_bytes != UINT64_MAX && some_deliver(s);
    for (unsigned i = 0; i < s->n_projects; i++) {
        struct project_share *p = &s->projects[i];
        uint64_t below = p->closed ? bound - bound / BACK : bound;
        p->closed = others && !p->delivers && p->used_bytes >= below;
        p->left_bytes = !others || p->delivers ? UINT64_MAX : p->closed ? 0 : bound - p->used_bytes;
    }
}

void shares_let_firsts_in(struct shares *s)
{
    bool any = false;
    for (unsigned i = 0; i < s->n; i++) {
        struct share *of = &s->of[i];
        of->no_repeats &= shares_left(s, i) == 0;
        any |= has_repeats(of);
    }
    s->first_bytes = any ? step_of(s) : 0;
}

void shares_remember(struct shares *s, const struct shares *measured)
{
    for (unsigned i = 0; i < s->n; i++)
        s->of[i].no_repeats = measured->of[i].no_repeats;
    for (unsigned i = 0; i < s->n_projects; i++)
        s->projects[i].closed = measured->projects[i].closed;
}
