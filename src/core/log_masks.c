#include "core/log_masks.h"

#include <stdlib.h>

#include "base/xalloc.h"

/* Where a mask matches next. */
struct found {
    const char *from, *to; /* from NULL: nowhere any more */
};

struct log_masks_finder {
    const struct log_masks *masks;
    struct regex_scratch *scratch;
    struct slice msg;
    struct found *next; /* of each mask */
    unsigned hits;
};

struct log_masks_finder *log_masks_finder_new(const struct log_masks *masks)
{
    struct log_masks_finder *f = xcalloc(1, sizeof *f);
    f->masks = masks;
    f->scratch = regex_scratch_new();
    f->next = xcalloc(masks->n, sizeof *f->next);
    return f;
}

void log_masks_finder_free(struct log_masks_finder *f)
{
    if (!f)
        return;
    regex_scratch_free(f->scratch);
    free(f->next);
    free(f);
}

/* The next match that is not empty, from a place in the message on. */
static struct found search(struct log_masks_finder *f, const struct regex *regex, size_t from)
{
    while (from < f->msg.n && regex_match(regex, f->scratch, f->msg, from) == REGEX_YES) {
        struct slice s = regex_capture(f->scratch, 0);
        if (s.n)
            return (struct found){s.p, s.p + s.n};
        from = (size_t)(s.p - f->msg.p) + 1;
    }
    return (struct found){NULL, NULL};
}

void log_masks_begin(struct log_masks_finder *f, struct slice msg)
{
    f->msg = slice_sub(msg, 0, LOG_MASKS_BYTES_MAX);
    f->hits = 0;
    for (unsigned i = 0; i < f->masks->n; i++)
        f->next[i] = search(f, f->masks->v[i].regex, 0);
}

bool log_masks_next(struct log_masks_finder *f, struct log_mask_hit *hit)
{
    const struct found *first = NULL;
    for (unsigned i = 0; i < f->masks->n; i++)
        if (f->next[i].from && (!first || f->next[i].from < first->from))
            first = &f->next[i];
    if (!first || f->hits++ >= LOG_MASKS_HITS_MAX)
        return false;
    *hit = (struct log_mask_hit){first->from, first->to, &f->masks->v[first - f->next]};
    for (unsigned i = 0; i < f->masks->n; i++)
        if (f->next[i].from && f->next[i].from < hit->to)
            f->next[i] = search(f, f->masks->v[i].regex, (size_t)(hit->to - f->msg.p));
    return true;
}

bool log_masks_is_name(struct slice name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!(name.p[i] >= 'a' && name.p[i] <= 'z') && (i == 0 || (!ascii_digit(name.p[i]) && name.p[i] != '_')))
            return false;
    return name.n > 0 && name.n <= LOG_MASKS_NAME_MAX;
}
