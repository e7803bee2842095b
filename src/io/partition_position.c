#include "io/partition_position.h"

#include <inttypes.h>

#include "io/tail_position.h"

void partition_position_write(const struct partition_position *at, struct sbuf *out)
{
    sbuf_addf(out, "kafka1 %" PRIx64 " %" PRIx64 " %x %" PRIx64 " %x", at->cluster, at->low, (unsigned)at->cut,
              (uint64_t)at->time_us, at->n_begins);
    for (unsigned i = 0; i < at->n_begins; i++)
        sbuf_addf(out, " %" PRIx64, at->begins[i]);
}

static bool read_number(struct slice *s, uint64_t *out)
{
    return s->p && tail_position_hex(slice_split(s, ' '), out);
}

static bool read_begins(struct slice *s, struct partition_position *at, uint64_t n)
{
    uint64_t last = at->low;
    if (n > PARTITION_BEGINS_MAX)
        return false;
    at->n_begins = (unsigned)n;
    for (unsigned i = 0; i < n; i++) {
        if (!read_number(s, &at->begins[i]) || at->begins[i] < last || at->begins[i] >= at->offset)
            return false;
        last = at->begins[i] + 1;
    }
    return true;
}

bool partition_position_read(struct slice text, uint64_t offset, struct partition_position *out)
{
    struct partition_position at = {.offset = offset};
    uint64_t cut, time_us, n;
    if (text.n > PARTITION_POSITION_TEXT_MAX || !slice_is(slice_split(&text, ' '), "kafka1") ||
        !read_number(&text, &at.cluster) || !read_number(&text, &at.low) || !read_number(&text, &cut) ||
        !read_number(&text, &time_us) || !read_number(&text, &n))
        return false;
    if (at.low > offset || cut > 1 || time_us > INT64_MAX || !read_begins(&text, &at, n) || text.p)
        return false;
    at.cut = cut;
    at.time_us = (int64_t)time_us;
    *out = at;
    return true;
}

static const struct partition_mark *mark_at(const struct partition_trail *t, unsigned i)
{
    return &t->mark[(t->first + i) % PARTITION_MARKS];
}

static bool is_too_far(const struct partition_trail *t, const struct partition_mark *m)
{
    return t->messages - m->messages > PARTITION_BACK_MESSAGES || t->bytes - m->bytes > PARTITION_BACK_BYTES;
}

static void forget_first(struct partition_trail *t)
{
    t->first = (t->first + 1) % PARTITION_MARKS;
    t->n--;
    t->forgot = true;
}

void partition_trail_add(struct partition_trail *t, uint64_t offset, int64_t time_us, size_t bytes)
{
    const struct partition_mark *last = t->n ? mark_at(t, t->n - 1) : NULL;
    bool due = !last || t->messages - last->messages >= PARTITION_MARK_MESSAGES ||
               t->bytes - last->bytes >= PARTITION_MARK_BYTES;
    if (due && t->n == PARTITION_MARKS)
        forget_first(t);
    if (due)
        t->mark[(t->first + t->n++) % PARTITION_MARKS] =
            (struct partition_mark){offset, time_us, t->messages, t->bytes};
    t->messages++;
    t->bytes += bytes;
    while (t->n && is_too_far(t, mark_at(t, 0)))
        forget_first(t);
}

/* Times of messages may go back, so all marks are asked. One mark before the first that is young enough: what stands
 * behind a mark may be young as well. */
uint64_t partition_trail_low(const struct partition_trail *t, int64_t since_us, uint64_t end, bool *cut)
{
    unsigned i = 0;
    while (i < t->n && mark_at(t, i)->time_us < since_us)
        i++;
    *cut = i == 0 && t->n && t->forgot;
    i -= i > 0;
    return t->n && mark_at(t, i)->offset < end ? mark_at(t, i)->offset : end;
}
