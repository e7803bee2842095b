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
    if (!read_numbers(s, &n, 1) || n > LINE_READER_BEGINS_MAX || !read_numbers(s, at->begins, (unsigned)n))
        return false;
    at->n_begins = (unsigned)n;
    for (unsigned i = 0; i < n; i++)
        if (at->begins[i] >= (i + 1 < n ? at->begins[i + 1] : at->offset))
            return false;
    return true;
}

enum form { FORM_NONE, FORM_PLAIN, FORM_BEGINS, FORM_SIZED };

static enum form read_form(struct slice *rest)
{
    struct slice kind = slice_split(rest, ' ');
    if (!rest->p || kind.n != 5 || memcmp(kind.p, "file", 4) != 0 || kind.p[4] < '1' || kind.p[4] > '3')
        return FORM_NONE;
    return (enum form)(kind.p[4] - '0');
}

static bool read_size(struct slice *s, struct tail_position *out)
{
    uint64_t v[2];
    if (!read_numbers(s, v, 2) || v[1] > 1)
        return false;
    out->sized = true;
    out->size = v[0];
    out->over = v[1];
    return true;
}

bool tail_position_read(const struct position *p, struct tail_position *out)
{
    struct slice rest = p->blob;
    uint64_t key, v[6];
    if (p->part.n != KEY_DIGITS || !tail_position_hex(p->part, &key) || p->blob.n > TAIL_POSITION_MAX)
        return false;
    struct tail_position to = {.at.offset = p->offset};
    enum form form = read_form(&rest);
    if (!form || !read_numbers(&rest, v, 6) || (form == FORM_SIZED && !read_size(&rest, &to)) ||
        (form != FORM_PLAIN && !read_begins(&rest, &to.at)) || (form == FORM_BEGINS && !to.at.n_begins))
        return false;
    if (v[2] > TAIL_HEAD_MAX || rest.n == 0 || memchr(rest.p, '\0', rest.n))
        return false;
    to.key = key;
    to.id = (struct tail_id){.dev = v[0], .ino = v[1], .head_bytes = (uint32_t)v[2], .head_hash = v[3]};
    memcpy(to.at.held, (uint64_t[]){v[4], v[5]}, sizeof to.at.held);
    to.path = rest;
    *out = to;
    return true;
}

void tail_position_write(const struct tail_position *at, struct sbuf *out, struct position *p)
{
    size_t from = out->n;
    sbuf_addf(out, "%016" PRIx64 "file%d %" PRIx64 " %" PRIx64 " %x %" PRIx64 " %" PRIx64 " %" PRIx64 " ", at->key,
              at->sized         ? FORM_SIZED
              : at->at.n_begins ? FORM_BEGINS
                                : FORM_PLAIN,
              at->id.dev, at->id.ino, (unsigned)at->id.head_bytes, at->id.head_hash, at->at.held[0], at->at.held[1]);
    if (at->sized)
        sbuf_addf(out, "%" PRIx64 " %x ", at->size, (unsigned)at->over);
    if (at->sized || at->at.n_begins)
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
