#include "core/repeats.h"

#include <stdlib.h>

#include "core/decode.h"

/* Of a unix socket each process is a sender of its own. */
static uint64_t key_of(const struct repeats *t, const struct stream *s, const struct record *r)
{
    uint64_t key = hash64(&t->secret, hash_mix(s->ring, s->peer_pid), r->host);
    return key ? key : 1;
}

void repeats_done(struct repeats *t)
{
    for (unsigned i = 0; i < REPEATS_SLOTS; i++)
        free(t->slots[i].text);
}

static void clear(struct repeats *t, struct repeats_slot *slot)
{
    t->n -= slot->key != 0;
    free(slot->text);
    *slot = (struct repeats_slot){0};
}

/* Worth an event, or counted for one. */
static bool counts(const struct message *m, const struct record *r, const struct verdict *v)
{
    bool alone = r->lines == 1 && !r->trace && m->text.n <= REPEATS_TEXT_MAX;
    return alone && (v->action == ACTION_EVENT || (v->rule && v->rule->threshold.count));
}

void repeats_note(struct repeats *t, const struct message *m, const struct record *r, const struct verdict *v)
{
    bool keep = counts(m, r, v);
    if (!keep && !t->n)
        return; /* most messages */
    uint64_t key = key_of(t, m->stream, r);
    struct repeats_slot *slot = &t->slots[key % REPEATS_SLOTS];
    if (keep ? slot->key == key && slice_eq(slice_of(slot->text, slot->n), m->text) : slot->key != key)
        return;
    clear(t, slot);
    if (!keep)
        return;
    *slot = (struct repeats_slot){.key = key, .text = slice_dup(m->text), .n = m->text.n};
    t->n++;
}

void repeats_decode(const struct repeats *t, struct pipeline_parts *p, struct message *m, struct record *r)
{
    uint64_t key = key_of(t, m->stream, r);
    const struct repeats_slot *slot = &t->slots[key % REPEATS_SLOTS];
    unsigned times = r->times;
    int64_t time_us = r->time_us;
    const char *reason;
    if (slot->key != key) { /* of whatever it speaks, it is none of that */
        r->times = 0;
        r->level = r->level < LEVEL_INFO ? r->level : LEVEL_INFO;
        return;
    }
    struct slice own = m->text;
    m->text = arena_dup(&p->arena, slice_of(slot->text, slot->n));
    if (!decode(p, m, r, &reason)) { /* the stream has become one of another format */
        m->text = own;
        decode(p, m, r, &reason);
        return;
    }
    r->time_us = m->stream->last_us = time_us;
    r->carried_us = RECORD_NO_TIME;
    r->times = times;
}
