/* scrub_walk: what a walk takes out, and what it leaves. Part of scrub. */
#include "core/scrub_impl.h"

static void forget_words(struct scrub_walk *w)
{
    memset(w->recent, 0, sizeof w->recent);
    w->name.n = 0;
    w->name_end = 0;
}

void scrub_walk_take_in(struct scrub_walk *w, size_t from, size_t to, struct slice around)
{
    if (from < w->done)
        from = w->done;
    sbuf_adds(&w->s->out, slice_sub(w->t, w->done, from));
    sbuf_adds(&w->s->out, around);
    sbuf_adds(&w->s->out, SLICE(SCRUB_MARK));
    sbuf_adds(&w->s->out, around);
    w->i = w->done = to > from ? to : from;
    forget_words(w);
}

void scrub_walk_take(struct scrub_walk *w, size_t from, size_t to)
{
    scrub_walk_take_in(w, from, to, SLICE_NONE);
}
