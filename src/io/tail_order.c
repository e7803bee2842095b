/*
 * tail_order: a log is read in the order in which it was written, over rotations as well, so that what begins at the
 * end of one file (a stack trace) goes on in the next.
 *
 * A file that is ready for the first time waits until the one before it has been read to its end, once: what is written
 * to that later, by who has not seen the rotation, holds up nothing.
 */
#include "io/tail.h"

#include <stdlib.h>

#include "base/xalloc.h"

static bool is_older(const struct tail_file *a, const struct tail_file *b)
{
    return a->touched.tv_sec != b->touched.tv_sec ? a->touched.tv_sec < b->touched.tv_sec
                                                  : a->touched.tv_nsec < b->touched.tv_nsec;
}

static bool comes_before(const struct tail_file *a, const struct tail_file *b)
{
    return a->stream.log == b->stream.log && (!b->rotated || is_older(a, b));
}

/* Times change. */
static bool waits_for(const struct tail_file *f, const struct tail_file *other)
{
    while (f && f != other)
        f = f->before;
    return f;
}

/* The last lines may have been written after it was looked at, and before it was renamed. */
static bool has_more(struct tail *t, struct tail_file *f)
{
    if (!f->is_ready && tail_file_look(f, false) == TAIL_LOOK_MORE)
        tail_ready(t, f);
    return f->is_ready;
}

static void put_behind(struct tail_file *next, struct tail_file **rotated, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct tail_file *f = rotated[i];
        if (f == next || !comes_before(f, next) || (next->before && !is_older(next->before, f)) || waits_for(f, next))
            continue;
        next->before = f;
        f->is_before = true;
    }
}

void tail_put_in_order(struct tail *t)
{
    struct tail_file *f, **rotated = NULL;
    unsigned n = 0;
    if (!t->n_rotated || !TAILQ_FIRST(&t->ready))
        return;
    TAILQ_FOREACH (f, &t->files, all) {
        if (!f->rotated || f->fd < 0 || !has_more(t, f))
            continue;
        rotated = xroom(rotated, n, sizeof *rotated);
        rotated[n++] = f;
    }
    TAILQ_FOREACH (f, &t->ready, ready)
        if (!f->begun)
            put_behind(f, rotated, n);
    free(rotated);
}
