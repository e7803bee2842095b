#include "io/redis_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

enum { SEQUENCE_BITS = 20, TIME_BITS = 42, COUNT_FIRST = 200 };

struct redis_stream *redis_stream_new(const char *name, const char *group)
{
    struct redis_stream *s = xcalloc(1, sizeof *s);
    s->name = xstrdup(name);
    /* In braces: one slot of a Redis whose keys are shared out. */
    s->lease = xasprintf("crumbd:{%s}:%s:lease", name, group);
    s->fence = xasprintf("crumbd:{%s}:%s:fence", name, group);
    s->place = xasprintf("crumbd:{%s}:%s:place", name, group);
    s->count = COUNT_FIRST;
    s->base = -1;
    return s;
}

void redis_stream_free(struct redis_stream *s)
{
    if (s->part)
        partition_free(s->part);
    free(s->unacked);
    free(s->name);
    free(s->lease);
    free(s->fence);
    free(s->place);
    free(s);
}

void redis_stream_let_go(struct redis_stream *s)
{
    s->phase = REDIS_OTHERS;
    s->late += s->asked;
    s->asked = s->reading = s->told = s->stored = s->left = false;
    s->n_unacked = s->acked_to = 0;
}

bool redis_stream_answered(struct redis_stream *s)
{
    if (s->late) {
        s->late--;
        return false;
    }
    s->asked = false;
    return true;
}

bool redis_stream_may_read(const struct redis_stream *s, int64_t now_ms)
{
    return !s->reading && s->n_unacked < REDIS_UNACKED_MAX && now_ms < s->until_ms - REDIS_LEASE_MARGIN_MS;
}

bool redis_stream_offset(struct slice id, uint64_t *offset)
{
    struct slice rest = id, ms = slice_split(&rest, '-');
    uint64_t time, sequence;
    if (!slice_u64(ms, &time) || !slice_u64(rest, &sequence) || time >> TIME_BITS || sequence >> SEQUENCE_BITS)
        return false;
    *offset = time << SEQUENCE_BITS | sequence;
    return true;
}

void redis_stream_id(uint64_t offset, char out[REDIS_ID_MAX])
{
    snprintf(out, REDIS_ID_MAX, "%" PRIu64 "-%" PRIu64, offset >> SEQUENCE_BITS,
             offset & ((UINT64_C(1) << SEQUENCE_BITS) - 1));
}

void redis_stream_took(struct redis_stream *s, uint64_t offset)
{
    if (s->n_unacked && s->unacked[s->n_unacked - 1] >= offset)
        return; /* handed out twice */
    s->unacked = xroom(s->unacked, s->n_unacked, sizeof *s->unacked);
    s->unacked[s->n_unacked++] = offset;
}

/* It waits for the lines after it. */
static bool is_open(const struct partition_position *row, uint64_t offset)
{
    for (unsigned i = 0; i < row->n_begins; i++)
        if (row->begins[i] == offset)
            return true;
    return false;
}

bool redis_stream_next_ack(struct redis_stream *s, uint64_t *offset)
{
    const struct partition_position *row = &s->part->row;
    if (s->acked_to == s->n_unacked || s->unacked[s->acked_to] >= row->offset || is_open(row, s->unacked[s->acked_to]))
        return false;
    *offset = s->unacked[s->acked_to++];
    return true;
}

bool redis_stream_is_owed(const struct redis_stream *s)
{
    return s->n_unacked && s->unacked[0] < s->part->place.offset;
}

void redis_stream_acked(struct redis_stream *s)
{
    s->n_unacked -= s->acked_to;
    if (s->n_unacked)
        memmove(s->unacked, s->unacked + s->acked_to, s->n_unacked * sizeof *s->unacked);
    s->acked_to = 0;
}

uint64_t redis_stream_caught_up(struct redis_stream *s, int64_t added)
{
    int64_t gone = added - (int64_t)s->judged;
    uint64_t lost = s->base >= 0 && gone > s->base ? (uint64_t)(gone - s->base) : 0;
    s->base = gone > 0 ? gone : 0;
    return lost;
}

void redis_known_add(struct redis_known *k, struct slice name, const struct partition_position *place)
{
    k->v = xroom(k->v, k->n, sizeof *k->v);
    k->v[k->n++] = (struct redis_known_row){.name = slice_dup(name), .place = *place};
}

const struct partition_position *redis_known_find(const struct redis_known *k, const char *name)
{
    for (unsigned i = 0; i < k->n; i++)
        if (strcmp(k->v[i].name, name) == 0)
            return &k->v[i].place;
    return NULL;
}

void redis_known_done(struct redis_known *k)
{
    for (unsigned i = 0; i < k->n; i++)
        free(k->v[i].name);
    free(k->v);
}
