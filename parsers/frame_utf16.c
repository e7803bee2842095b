/* frame_utf16: lines of a file in UTF-16. They stay as they are, so that offsets are those of the file; line_reader.c
 * decodes them. */
#include "parsers/frame_piece.h"

/* The LF that ends the line, as the index of its two bytes; c->n: there is none yet. */
static size_t line_end(const struct framer *c)
{
    bool big = c->mode == FRAME_UTF16BE;
    const char *at = c->p + c->at + big, *end = c->p + c->n, *lf;
    for (; at < end && (lf = memchr(at, '\n', (size_t)(end - at))); at = lf + 1) {
        size_t unit = (size_t)(lf - c->p) - big;
        if ((c->at_offset + (unit - c->at)) % 2 == 0 && unit + 1 < c->n && c->p[big ? unit : unit + 1] == '\0')
            return unit;
    }
    return c->n;
}

bool framer_next_utf16(struct framer *c, struct message *out)
{
    /* The byte order mark; or it was begun behind the LF, in the middle of its unit. */
    bool mark = c->at_offset == 0 && c->n - c->at >= 2 && (unsigned char)c->p[c->at] >= 0xfe;
    size_t lead = mark ? 2 : c->at_offset % 2;
    if (lead && piece_empty(c) && c->n - c->at >= lead) {
        piece_skip(c, lead);
        piece_begin(c);
    }
    size_t half = (c->at_offset + (c->n - c->at)) % 2, to = line_end(c);
    if (to == c->n) { /* half a code unit waits for its other half */
        if (c->n - c->at > half)
            piece_take(c, c->n - half);
        return false;
    }
    piece_take(c, to);
    piece_skip(c, 2);
    piece_yield(c, out);
    return true;
}
