/*
 * scrubbed: a text from which the scrubber has taken the secrets. The store, the page and Sentry take no other, so that
 * raw text does not compile there.
 *
 * Only three places make one: scrub_clean, whoever writes JSON of texts that each passed it, and the store for what it
 * gives back; tests/layers holds that.
 */
#ifndef CORE_SCRUBBED_H
#define CORE_SCRUBBED_H

#include "base/arena.h"

struct scrubbed {
    struct slice text;
};

/* The caller vouches that all texts in it have been scrubbed, or are the program's own. */
static inline struct scrubbed scrubbed_vouch(struct slice text)
{
    return (struct scrubbed){text};
}

static inline struct scrubbed scrubbed_dup(struct arena *a, struct scrubbed s)
{
    return (struct scrubbed){arena_dup(a, s.text)};
}

#endif
