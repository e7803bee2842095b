/* join_next: records that go on in the next files of their log, which must be read again from there as well. */
#include "core/join_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static bool has_next(const struct held *h, uint64_t file_key)
{
    for (unsigned i = h->n_next; i > 0; i--)
        if (h->next[i - 1].file_key == file_key)
            return true;
    return false;
}

/* Where it goes on in other files than the one that it began in: these are read again from there, too. */
void held_note_file(struct join *j, struct held *h, const struct message *m)
{
    uint64_t key = m->stream->file_key;
    if (!h->head || !h->file_key || key == h->file_key || has_next(h, key))
        return;
    j->n_next += !h->n_next;
    h->next = xroom(h->next, h->n_next, sizeof *h->next);
    h->next[h->n_next++] = (struct held_next){key, m->offset};
}

void held_forget_next(struct join *j, struct held *h)
{
    j->n_next -= h->n_next > 0;
    h->n_next = 0;
    free(h->next);
    h->next = NULL;
}

bool held_was_in(const struct held *h, uint64_t file_key)
{
    return file_key != h->file_now && (file_key == h->file_key || has_next(h, file_key));
}

/* Adds one to these, ascending; of more than max the last goes. Returns how many there are then. */
static unsigned add_offset(uint64_t *offsets, unsigned n, unsigned max, uint64_t offset)
{
    unsigned at = n;
    while (at > 0 && offsets[at - 1] > offset)
        at--;
    bool known = at > 0 && offsets[at - 1] == offset;
    if (known || at == max)
        return n;
    n -= n == max;
    memmove(offsets + at + 1, offsets + at, (n - at) * sizeof *offsets);
    offsets[at] = offset;
    return n + 1;
}

unsigned held_next_offsets(const struct join *j, uint64_t file_key, uint64_t *offsets, unsigned n, unsigned max)
{
    const struct held *h;
    if (!j->n_next)
        return n;
    TAILQ_FOREACH (h, &j->by_age, by_age)
        for (unsigned i = 0; i < h->n_next; i++)
            if (h->next[i].file_key == file_key)
                n = add_offset(offsets, n, max, h->next[i].offset);
    return n;
}
