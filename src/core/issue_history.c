#include "core/issue_history.h"

#include <string.h>

enum { FORM = 1, VARINT_MAX = 10 };

const unsigned issue_slots[ISSUE_SCALES] = {60, 24, 30};
static const int64_t issue_slot_us[ISSUE_SCALES] = {INT64_C(60000000), INT64_C(3600000000), INT64_C(86400000000)};

/* A ring whose newest slot is of the future ends with `now`, which gets what was ahead of it. */
static void turn_back(uint64_t *v, unsigned n, uint64_t by)
{
    uint64_t ahead = 0;
    unsigned gone = by < n ? (unsigned)by : n;
    for (unsigned i = n - gone; i < n; i++)
        ahead += v[i];
    memmove(v + gone, v, (n - gone) * sizeof *v);
    memset(v, 0, gone * sizeof *v);
    v[n - 1] += ahead;
}

static void turn_on(uint64_t *v, unsigned n, uint64_t by)
{
    unsigned gone = by < n ? (unsigned)by : n;
    memmove(v, v + gone, (n - gone) * sizeof *v);
    memset(v + n - gone, 0, gone * sizeof *v);
}

static void turn_to(struct issue_history *h, enum issue_scale s, int64_t slot)
{
    if (slot > h->last[s])
        turn_on(h->v[s], issue_slots[s], (uint64_t)(slot - h->last[s]));
    else if (slot < h->last[s])
        turn_back(h->v[s], issue_slots[s], (uint64_t)(h->last[s] - slot));
    h->last[s] = slot;
}

void issue_history_turn(struct issue_history *h, int64_t now_us)
{
    for (unsigned s = 0; s < ISSUE_SCALES; s++)
        turn_to(h, s, now_us / issue_slot_us[s]);
}

void issue_history_join(struct issue_history *h, const struct issue_history *other)
{
    struct issue_history more = *other;
    for (unsigned s = 0; s < ISSUE_SCALES; s++) {
        int64_t last = h->last[s] > more.last[s] ? h->last[s] : more.last[s];
        turn_to(h, s, last);
        turn_to(&more, s, last);
        for (unsigned i = 0; i < issue_slots[s]; i++)
            h->v[s][i] += more.v[s][i];
    }
}

void issue_history_add(struct issue_history *h, int64_t at_us, uint64_t n, int64_t now_us)
{
    for (unsigned s = 0; s < ISSUE_SCALES; s++) {
        int64_t now = now_us / issue_slot_us[s], at = at_us / issue_slot_us[s];
        at = at < now ? at : now;
        if (h->last[s] > now || h->last[s] < at)
            turn_to(h, s, h->last[s] > now ? now : at);
        if (h->last[s] - at < (int64_t)issue_slots[s])
            h->v[s][issue_slots[s] - 1 - (unsigned)(h->last[s] - at)] += n;
    }
}

/* --- bytes: a form, and of each ring its newest slot and its numbers; behind a 0 stands how many more of them come ---
 */

static void put(struct sbuf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        sbuf_addc(out, (char)(v | 0x80));
    sbuf_addc(out, (char)v);
}

static bool get(struct slice *in, uint64_t *v)
{
    *v = 0;
    for (unsigned i = 0; i < VARINT_MAX && i < in->n; i++) {
        unsigned char c = (unsigned char)in->p[i];
        *v |= (uint64_t)(c & 0x7f) << 7 * i;
        if (c < 0x80) {
            slice_skip(in, i + 1);
            return true;
        }
    }
    return false;
}

static unsigned zeros(const uint64_t *v, unsigned n)
{
    unsigned i = 0;
    while (i < n && !v[i])
        i++;
    return i;
}

void issue_history_write(const struct issue_history *h, struct sbuf *out)
{
    sbuf_addc(out, FORM);
    for (unsigned s = 0; s < ISSUE_SCALES; s++) {
        put(out, (uint64_t)h->last[s]);
        for (unsigned i = 0; i < issue_slots[s]; i++) {
            put(out, h->v[s][i]);
            unsigned more = h->v[s][i] ? 0 : zeros(h->v[s] + i, issue_slots[s] - i) - 1;
            if (!h->v[s][i])
                put(out, more);
            i += more;
        }
    }
}

static bool get_ring(struct slice *in, struct issue_history *h, enum issue_scale s)
{
    uint64_t v, more = 0;
    if (!get(in, &v) || v > INT64_MAX)
        return false;
    h->last[s] = (int64_t)v;
    for (unsigned i = 0; i < issue_slots[s]; i++) {
        if (!get(in, &v) || (!v && (!get(in, &more) || more >= issue_slots[s] - i)))
            return false;
        h->v[s][i] = v;
        i += v ? 0 : (unsigned)more;
    }
    return true;
}

bool issue_history_read(struct slice bytes, struct issue_history *h)
{
    *h = (struct issue_history){0};
    bool ok = bytes.n && bytes.p[0] == FORM;
    slice_skip(&bytes, 1);
    for (unsigned s = 0; ok && s < ISSUE_SCALES; s++)
        ok = get_ring(&bytes, h, s);
    if (!ok || bytes.n)
        *h = (struct issue_history){0};
    return ok && !bytes.n;
}
