#include "core/look_ahead.h"

void look_ahead_init(struct look_ahead *l, enum frame_looker looker)
{
    *l = (struct look_ahead){.block = prefilter_block_new(), .looker = looker};
}

void look_ahead_forget(struct look_ahead *l)
{
    l->prefilter = NULL;
}

void look_ahead_done(struct look_ahead *l)
{
    prefilter_block_free(l->block);
    *l = (struct look_ahead){0};
}

static bool has(const struct look_ahead *l, struct slice text)
{
    uintptr_t p = (uintptr_t)text.p;
    return p >= l->from && p <= l->to && text.n <= l->to - p;
}

static bool is_known(const struct look_ahead *l, const struct prefilter *p, struct slice text)
{
    if (!l->ahead)
        return false;
    const struct frame_look *look = &l->ahead->looks[l->looker];
    return look->by == l && look->number == l->number && l->prefilter == p && has(l, text);
}

/* Looks at the block that begins with the text. False: there is none, or the text is all of it. */
static bool look(struct look_ahead *l, const struct prefilter *p, struct prefilter_scratch *x, struct slice text)
{
    uintptr_t from = (uintptr_t)text.p, end = (uintptr_t)l->ahead->end;
    size_t asked = l->from < l->to ? l->asked : text.n, n = 3 * (asked > text.n ? asked : text.n);
    if (from < (uintptr_t)l->ahead->begin || from > end || text.n > end - from)
        return false; /* it stands elsewhere: a copy */
    n = n < PREFILTER_BLOCK_BYTES ? n : PREFILTER_BLOCK_BYTES;
    n = n < end - from ? n : end - from;
    l->asked = 0;
    l->ahead->looks[l->looker].by = NULL;
    if (n <= text.n || !prefilter_block_look(l->block, p, x, slice_of(text.p, n)))
        return false;
    l->prefilter = p;
    l->ahead->looks[l->looker] = (struct frame_look){.by = l, .number = ++l->number};
    l->from = from;
    l->to = from + n;
    return true;
}

void look_ahead_run(struct look_ahead *l, const struct prefilter *p, struct prefilter_scratch *x, struct slice text,
                    struct prefilter_hits *hits)
{
    if (!is_known(l, p, text) && (!l->ahead || !look(l, p, x, text))) {
        prefilter_run(p, x, text, hits);
        return;
    }
    prefilter_run_at(p, x, l->block, (uintptr_t)text.p - l->from, text, hits);
    l->asked = (uintptr_t)text.p + text.n - l->from;
}
