/*
 * Framing: any bytes, any split into reads, any mode. The messages must not depend on the split, offsets must
 * rise, every byte of a message must be the byte at its offset, and memory must stay within the caps.
 *
 * Input: byte 0 the mode, whether lines join and whether as those of nginx's error log, whether they quote, or UTF-16,
 * byte 1 the seed of the second split, then the stream.
 */
#include <assert.h>
#include <stdlib.h>

#include "parsers/frame.h"
#include "parsers/parser.h"

int fuzz_target(const uint8_t *data, size_t size);

enum { MESSAGE_MAX = 40, JOIN_MAX = 60, READ_MAX = 64, MESSAGES_MAX = 16384, NGINX = 8, UTF16 = 16, QUOTING = 32 };

struct seen {
    uint64_t text_hash, truncated_bytes, offset;
    unsigned lines;
};

static bool head(struct slice line)
{
    return line.n && ascii_digit(line.p[0]);
}

static struct seen note(struct slice stream, const struct message *m, bool nginx)
{
    assert(m->lines > 0);
    assert(m->offset + m->text.n <= stream.n);
    assert(nginx || m->text.n <= (m->lines > 1 ? JOIN_MAX : MESSAGE_MAX));
    assert(slice_eq(m->text, slice_sub(stream, m->offset, m->offset + m->text.n)));
    return (struct seen){slice_hash(m->text, 1), m->truncated_bytes, m->offset, m->lines};
}

/* Feeds the stream in reads whose lengths come from seed. */
static unsigned run(struct slice stream, unsigned flags, uint64_t seed, struct seen *out)
{
    struct framer c;
    struct message m;
    unsigned n = 0;
    const struct parser *p = parser_of(FORMAT_NGINX_ERROR);
    enum frame_mode mode = flags & UTF16 ? FRAME_UTF16LE + (flags & 1) : flags & 3;
    bool nginx = mode == FRAME_LINES && flags & NGINX;
    framer_init(&c, mode, nginx ? 0 : MESSAGE_MAX, 0);
    if (nginx)
        framer_set_head(&c, p->head, p->rule, 0);
    else if (c.mode == FRAME_LINES && flags & 4)
        framer_set_head(&c, head, NULL, JOIN_MAX);
    else if (c.mode == FRAME_LINES && flags & QUOTING)
        framer_set_head(&c, NULL, NULL, JOIN_MAX);
    if (c.mode == FRAME_LINES && flags & QUOTING)
        framer_set_quoting(&c, head);
    for (size_t at = 0; at < stream.n;) {
        seed = hash_mix(seed, at);
        size_t len = c.mode == FRAME_SYSLOG && seed & 0x100 ? 1 : 1 + seed % READ_MAX;
        struct slice bytes = slice_sub(stream, at, at + len);
        framer_feed(&c, bytes);
        at += bytes.n;
        while (framer_next(&c, &m)) {
            assert(n < MESSAGES_MAX);
            out[n++] = note(stream, &m, nginx);
            assert(framer_resume_offset(&c) > m.offset && framer_resume_offset(&c) <= at);
        }
        if (seed & 0x200)
            framer_trim(&c);
        assert(nginx || c.cap <= 2 * (MESSAGE_MAX + JOIN_MAX + READ_MAX));
    }
    while (framer_flush(&c, FRAME_END, &m))
        out[n++] = note(stream, &m, nginx);
    assert(!framer_flush(&c, FRAME_END, &m) && framer_resume_offset(&c) == stream.n);
    for (unsigned i = 1; i < n; i++)
        assert(out[i - 1].offset < out[i].offset);
    framer_done(&c);
    return n;
}

int fuzz_target(const uint8_t *data, size_t size)
{
    static struct seen a[MESSAGES_MAX], b[MESSAGES_MAX];
    if (size < 2 || size > MESSAGES_MAX)
        return 0;
    struct slice stream = slice_of((const char *)data + 2, size - 2);
    unsigned n = run(stream, data[0], 0, a);
    assert(n == run(stream, data[0], data[1] + 1u, b));
    for (unsigned i = 0; i < n; i++)
        assert(a[i].text_hash == b[i].text_hash && a[i].truncated_bytes == b[i].truncated_bytes &&
               a[i].offset == b[i].offset && a[i].lines == b[i].lines);
    return 0;
}
