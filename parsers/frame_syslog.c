/* frame_syslog: syslog over a stream: frames with a count in front (RFC 6587, 3.4.1) and lines, mixed as they come. */
#include "parsers/frame_piece.h"

/*
 * A number and a space, but no '<' behind it: a count only if a frame of exactly that length ends where
 * something else does or where the next frame begins. Some senders count messages that have no PRI; most such
 * lines are just text that begins with a number.
 */
static bool fits_exactly(const struct framer *c, struct slice body, uint64_t count, bool end, bool *known)
{
    enum { FIT_MAX = 8192 }; /* the bytes are searched again with every read */
    *known = true;
    if (count > c->max || count > FIT_MAX)
        return false;
    const char *lf = slice_chr(slice_sub(body, 0, count + 1), '\n');
    if (lf)
        return (uint64_t)(lf - body.p) == count;
    if (body.n > count)
        return body.p[count] == '\0' || body.p[count] == '<' || (body.p[count] >= '1' && body.p[count] <= '9');
    *known = end;
    return body.n == count;
}

enum { DIGITS_MAX = 10, SPACES_MAX = 64 };

/* A number and a space in front of a PRI, or of what has come of one. */
struct count {
    size_t digits;
    uint64_t value;
    bool known; /* no: more bytes would tell */
    bool pri;   /* it is that, to the last byte here */
};

static struct count count_at(struct slice s)
{
    struct count k = {.known = true};
    for (; k.digits < s.n && ascii_digit(s.p[k.digits]); k.digits++) {
        if (k.digits == DIGITS_MAX)
            return k;
        k.value = k.value * 10 + (uint64_t)(s.p[k.digits] - '0');
    }
    struct slice rest = slice_from(s, k.digits);
    bool fits =
        (rest.n < 1 || rest.p[0] == ' ') && (rest.n < 2 || rest.p[1] == '<') && (rest.n < 3 || ascii_digit(rest.p[2]));
    k.known = rest.n > 2 || !fits;
    k.pri = k.digits && fits;
    return k;
}

/*
 * What some senders put between frames. Spaces are that only before a PRI or a count: a line of a trace keeps
 * its indentation. False: more bytes are needed.
 */
static bool skip_between(struct framer *c, bool end)
{
    for (;;) {
        while (c->at < c->n && piece_padding(c->p[c->at]) && c->p[c->at] != ' ')
            piece_skip(c, 1);
        piece_begin(c);
        size_t n = 0;
        while (n < SPACES_MAX && c->at + n < c->n && c->p[c->at + n] == ' ')
            n++;
        if (n == 0)
            return true;
        struct slice rest = slice_of(c->p + c->at + n, c->n - c->at - n);
        struct count k = count_at(rest);
        if (!end && (rest.n == 0 || (k.digits && !k.known)))
            return false;
        if (rest.n && *rest.p != '<' && !piece_padding(*rest.p) && !k.pri)
            return true;
        piece_skip(c, n);
        piece_begin(c);
    }
}

/*
 * Tells what kind of frame begins here: each one anew, since a relay may mix both on one connection (RFC
 * 6587, 3.4). A line that begins with a date or an address is no count: up to ten digits, a space and a PRI
 * are asked for. Of a count that cannot be true, as rsyslog does, the number is left out and the frame is a
 * line. False: more bytes are needed.
 */
static bool tell_frame(struct framer *c, bool end)
{
    struct slice s = slice_of(c->p + c->at, c->n - c->at);
    struct count k = count_at(s);
    bool sane = k.value > 0 && k.value <= FRAME_COUNT_MAX, counted = k.pri && s.n > k.digits + 1, known = true;
    if (k.digits && !k.known && !end)
        return false;
    if (k.digits && sane && !counted && k.digits + 1 < s.n && s.p[k.digits] == ' ')
        counted = fits_exactly(c, slice_from(s, k.digits + 1), k.value, end, &known);
    if (!known)
        return false;
    c->frame = FRAME_IS_LINE;
    if (counted) {
        piece_skip(c, k.digits + 1);
        piece_begin(c);
        c->frame = sane ? FRAME_IS_COUNTED : FRAME_IS_LINE;
        c->count = k.value;
    }
    return true;
}

bool framer_next_syslog(struct framer *c, bool end, struct message *out)
{
    if (c->frame == FRAME_IS_UNKNOWN && piece_empty(c) && (!skip_between(c, end) || c->at == c->n))
        return false;
    if (c->at == c->n || (c->frame == FRAME_IS_UNKNOWN && !tell_frame(c, end)))
        return false;
    if (c->frame == FRAME_IS_COUNTED) {
        uint64_t left = c->count - c->piece.kept - c->piece.truncated;
        size_t n = c->n - c->at < left ? c->n - c->at : (size_t)left;
        piece_take(c, c->at + n);
        if (n < left)
            return false;
    } else {
        const char *hit = piece_find_either(c->p + c->at, c->p + c->n, '\n', '\0');
        piece_take(c, hit ? (size_t)(hit - c->p) : c->n);
        if (!hit)
            return false;
        piece_skip(c, 1);
    }
    piece_yield_trimmed(c, out);
    return true;
}
