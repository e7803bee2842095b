#include "io/tail_position.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "io/in_tail.h"

enum { KEY_DIGITS = 16 };

bool tail_position_hex(struct slice s, uint64_t *out)
{
    uint64_t v = 0;
    if (s.n == 0 || s.n > 16)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int digit = ascii_hex_value(s.p[i]);
        if (digit < 0 || s.p[i] != ascii_lower(s.p[i]))
            return false;
        v = v << 4 | (uint64_t)digit;
    }
    *out = v;
    return true;
}

/* Reads `n` numbers, each with one space behind it. */
static bool read_numbers(struct slice *s, uint64_t *out, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!tail_position_hex(slice_split(s, ' '), &out[i]) || !s->p)
            return false;
    return true;
}

static bool read_begins(struct slice *s, struct line_reader_place *at)
{
    uint64_t n = 0;
    if (!read_numbers(s, &n, 1) || !n || n > LINE_READER_BEGINS_MAX || !read_numbers(s, at->begins, (unsigned)n))
        return false;
    at->n_begins = (unsigned)n;
    for (unsigned i = 0; i < n; i++)
        if (at->begins[i] >= (i + 1 < n ? at->begins[i + 1] : at->offset))
            return false;
    return true;
}

bool tail_position_read(const struct position *p, struct tail_position *out)
{
    struct slice rest = p->blob;
    uint64_t key, v[6];
    if (p->part.n != KEY_DIGITS || !tail_position_hex(p->part, &key) || p->blob.n > TAIL_POSITION_MAX)
        return false;
    struct slice kind = slice_split(&rest, ' ');
    bool begins = slice_is(kind, "file2");
    if (!(begins || slice_is(kind, "file1")) || !rest.p || !read_numbers(&rest, v, 6))
        return false;
    struct line_reader_place at = {.offset = p->offset, .held = {v[4], v[5]}};
    if (begins && !read_begins(&rest, &at))
        return false;
    if (v[2] > TAIL_HEAD_MAX || rest.n == 0 || memchr(rest.p, '\0', rest.n))
        return false;
    *out = (struct tail_position){.key = key,
                                  .id = {.dev = v[0], .ino = v[1], .head_bytes = (uint32_t)v[2], .head_hash = v[3]},
                                  .at = at,
                                  .path = rest};
    return true;
}

void tail_position_write(const struct tail_position *at, struct sbuf *out, struct position *p)
{
    size_t from = out->n;
    sbuf_addf(out, "%016" PRIx64 "file%d %" PRIx64 " %" PRIx64 " %x %" PRIx64 " %" PRIx64 " %" PRIx64 " ", at->key,
              at->at.n_begins ? 2 : 1, at->id.dev, at->id.ino, (unsigned)at->id.head_bytes, at->id.head_hash,
              at->at.held[0], at->at.held[1]);
    if (at->at.n_begins)
        sbuf_addf(out, "%x ", at->at.n_begins);
    for (unsigned i = 0; i < at->at.n_begins; i++)
        sbuf_addf(out, "%" PRIx64 " ", at->at.begins[i]);
    sbuf_adds(out, at->path);
    assert(!out->over); /* no path is that long */
    struct slice all = slice_from(sbuf_slice(out), from);
    p->part = slice_sub(all, 0, KEY_DIGITS);
    p->blob = slice_from(all, KEY_DIGITS);
    p->offset = at->at.offset;
}
