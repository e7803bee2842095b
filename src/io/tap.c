#include "io/tap.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"

enum {
    RESERVE = TAP_BYTES / 4, /* for lines that became an event or a repeat of one */
    ALIGN = 8,
    LINE_MAX = 2 * (64 + (TAP_TEXTS - 1) * TAP_TEXT_MAX + TAP_MESSAGE_MAX), /* with what is left free at the end */
};

/* A line in the ring, its texts behind it. */
struct head {
    uint32_t bytes; /* with the texts, in steps of ALIGN; 0: the next one is at the ring's beginning */
    uint16_t n[TAP_TEXTS];
    uint8_t format;
    int8_t level;
    uint16_t fate;
    uint64_t issue;
    int64_t time_us;
};

struct tap *tap_new(void)
{
    struct tap *t = aligned_alloc(_Alignof(struct tap), sizeof *t);
    assert(t);
    memset(t, 0, sizeof *t);
    t->bytes = xmalloc(TAP_BYTES); /* large enough that its pages are the kernel's until they are written */
    return t;
}

void tap_free(struct tap *t)
{
    if (!t)
        return;
    free(t->bytes);
    free(t);
}

static size_t cut_to(enum tap_text which, struct slice s)
{
    size_t most = which == TAP_MESSAGE ? TAP_MESSAGE_MAX : TAP_TEXT_MAX;
    return s.n < most ? s.n : most;
}

_Static_assert(sizeof(struct head) + ALIGN <= 64, "LINE_MAX");
_Static_assert(sizeof(struct head) >= TAP_LINE_MIN, "TAP_LINE_MIN");

static struct head head_of(const struct tap_line *l)
{
    struct head h = {.format = (uint8_t)l->format,
                     .level = (int8_t)l->level,
                     .fate = (uint16_t)l->fate,
                     .issue = l->issue,
                     .time_us = l->time_us};
    size_t n = sizeof h;
    for (unsigned i = 0; i < TAP_TEXTS; i++) {
        h.n[i] = (uint16_t)cut_to(i, l->texts[i]);
        n += h.n[i];
    }
    h.bytes = (uint32_t)((n + ALIGN - 1) / ALIGN * ALIGN);
    return h;
}

static void write_at(char *p, const struct head *h, const struct tap_line *l)
{
    memcpy(p, h, sizeof *h);
    p += sizeof *h;
    for (unsigned i = 0; i < TAP_TEXTS; i++) {
        if (h->n[i])
            memcpy(p, l->texts[i].p, h->n[i]);
        p += h->n[i];
    }
}

/* How many bytes before the ring's end are not used for a line of so many. */
static size_t gap_before(uint64_t at, size_t bytes)
{
    size_t rest = TAP_BYTES - at % TAP_BYTES;
    return rest < bytes ? rest : 0;
}

bool tap_has_room(struct tap *t, enum count fate)
{
    uint64_t at = atomic_load_explicit(&t->written, memory_order_relaxed);
    size_t most =
        fate == COUNT_event || fate == COUNT_suppressed ? TAP_BYTES - LINE_MAX : TAP_BYTES - LINE_MAX - RESERVE;
    if (at - t->read_once <= most)
        return true;
    t->read_once = atomic_load_explicit(&t->read, memory_order_acquire);
    if (at - t->read_once <= most)
        return true;
    uint64_t skipped = atomic_load_explicit(&t->skipped, memory_order_relaxed);
    atomic_store_explicit(&t->skipped, skipped + 1, memory_order_relaxed);
    return false;
}

void tap_put(struct tap *t, const struct tap_line *l)
{
    const struct head h = head_of(l);
    uint64_t at = atomic_load_explicit(&t->written, memory_order_relaxed);
    size_t gap = gap_before(at, h.bytes);
    assert(at - t->read_once + gap + h.bytes <= TAP_BYTES);
    if (gap)
        memset(t->bytes + at % TAP_BYTES, 0, sizeof h.bytes);
    at += gap;
    write_at(t->bytes + at % TAP_BYTES, &h, l);
    atomic_store_explicit(&t->written, at + h.bytes, memory_order_release);
}

void tap_open(struct tap *t, bool open)
{
    t->seen = atomic_load_explicit(&t->written, memory_order_acquire);
    atomic_store_explicit(&t->read, t->seen, memory_order_release);
    atomic_store_explicit(&t->open, open, memory_order_relaxed);
}

static void read_at(const char *p, const struct head *h, struct tap_line *out)
{
    out->format = h->format;
    out->level = h->level;
    out->fate = h->fate;
    out->issue = h->issue;
    out->time_us = h->time_us;
    p += sizeof *h;
    for (unsigned i = 0; i < TAP_TEXTS; i++) {
        out->texts[i] = slice_of(p, h->n[i]);
        p += h->n[i];
    }
}

bool tap_take(struct tap *t, struct tap_line *out)
{
    uint64_t at = t->seen, end = atomic_load_explicit(&t->written, memory_order_acquire);
    struct head h;
    if (at == end) {
        atomic_store_explicit(&t->read, at, memory_order_release);
        return false;
    }
    memcpy(&h.bytes, t->bytes + at % TAP_BYTES, sizeof h.bytes);
    if (!h.bytes)
        at += TAP_BYTES - at % TAP_BYTES;
    memcpy(&h, t->bytes + at % TAP_BYTES, sizeof h);
    read_at(t->bytes + at % TAP_BYTES, &h, out);
    t->seen = at + h.bytes;
    return true;
}

uint64_t tap_skipped(const struct tap *t)
{
    return atomic_load_explicit(&t->skipped, memory_order_relaxed);
}
