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

/* The frame before has ended where its sender says. */
static void skip_one(struct framer *c)
{
    piece_skip(c, 1);
    c->counts.digits = 0;
    c->counts.behind = false;
}

/*
 * What some senders put between frames. Spaces are that only before a PRI or a count: a line of a trace keeps
 * its indentation. False: more bytes are needed.
 */
static bool skip_between(struct framer *c, bool end)
{
    for (;;) {
        while (c->at < c->n && piece_padding(c->p[c->at]) && c->p[c->at] != ' ')
            skip_one(c);
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
        skip_one(c);
        piece_skip(c, n - 1);
        piece_begin(c);
    }
}

/* ---- counts that are wrong ---- */

enum { COUNT_LEAST = 10, EXCESS_MAX = 8, HEADER_DIGITS = 8, HEADER_MAX = HEADER_DIGITS + 6 };

/* Digits at the end of a counted frame may be the first of the count behind it, or all, with their space. */
static void note_end(struct framer *c)
{
    struct slice s = piece_text(c);
    c->counts.behind = c->frame == FRAME_IS_COUNTED;
    c->counts.space = slice_ends(s, SLICE(" "));
    c->counts.digits = 0;
    c->counts.value = 0;
    c->counts.scale = 1;
    s.n -= c->counts.space;
    while (c->counts.digits < 3 && s.n && ascii_digit(s.p[s.n - 1]) && !c->piece.truncated) {
        c->counts.value += (uint64_t)(s.p[--s.n] - '0') * c->counts.scale;
        c->counts.scale *= 10;
        c->counts.digits++;
    }
}

static void learn_excess(struct framer *c, int64_t more)
{
    int64_t excess = c->counts.excess + more;
    c->counts.excess = excess > EXCESS_MAX || excess < -EXCESS_MAX ? 0 : excess;
    c->counts.wrong++;
}

/* The count that the digits behind the frame before and those at its end make together. */
static uint64_t whole_count(const struct framer *c, struct count k)
{
    uint64_t value = c->counts.value;
    for (size_t i = 0; i < k.digits; i++)
        value *= 10;
    return c->counts.behind && c->counts.digits && !c->counts.space && value + k.value <= FRAME_COUNT_MAX
               ? value + k.value
               : 0;
}

static uint64_t without_excess(const struct framer *c, uint64_t count)
{
    uint64_t less = (uint64_t)c->counts.excess; /* modulo 2^64, as what it is taken from */
    return c->counts.excess < (int64_t)count - COUNT_LEAST ? count - less : count;
}

/* The length of the frame that a count announces. Some senders count a byte that they do not send, or leave one out:
 * what has been learnt of that is reckoned in. */
static uint64_t frame_length(struct framer *c, struct count k)
{
    c->counts.whole = whole_count(c, k);
    if (k.value < COUNT_LEAST && c->counts.whole && k.pri) { /* no message is so short: its first digits are gone */
        learn_excess(c, c->counts.digits);
        k.value = c->counts.whole;
        c->counts.whole = 0;
    }
    return without_excess(c, k.value);
}

static bool is_pri(struct slice s)
{
    size_t digits = s.n ? slice_span(slice_from(s, 1), ascii_digit) : 0;
    return digits && digits <= 3 && digits + 1 < s.n && s.p[digits + 1] == '>';
}

/* "53 <11>" in s, behind its first byte, at a place from which on it is all there; or NULL. */
static const char *find_header(struct slice s)
{
    for (const char *at = s.p, *lt; (lt = memchr(at, '<', (size_t)(s.p + s.n - at))); at = lt + 1) {
        if (lt == s.p || lt[-1] != ' ' || !is_pri(slice_from(s, (size_t)(lt - s.p))))
            continue;
        const char *begin = lt - 1;
        while (begin > s.p && lt - 1 - begin < HEADER_DIGITS && ascii_digit(begin[-1]))
            begin--;
        if (begin > s.p && begin < lt - 1)
            return begin;
    }
    return NULL;
}

/* The debris ends at a header. A few bytes are the end of the message before; more are told as they are. */
static bool end_debris(struct framer *c, struct message *out)
{
    size_t n = c->piece.kept;
    uint64_t whole = c->counts.whole, length = c->count + n;
    bool some = n > EXCESS_MAX;
    c->counts.whole = 0;
    c->counts.digits = 0;
    c->counts.behind = true;
    if (!some)
        learn_excess(c, -(int64_t)n);
    else
        learn_excess(c, whole > length && whole - length <= EXCESS_MAX ? (int64_t)(whole - length) : 0);
    if (some)
        piece_yield_trimmed(c, out);
    else
        piece_begin(c);
    return some;
}

/* True: the piece is ready, or has been left out; *ready says which. */
static bool read_debris(struct framer *c, bool end, struct message *out, bool *ready)
{
    const char *line = piece_find_either(c->p + c->at, c->p + c->n, '\n', '\0');
    struct slice s = slice_of(c->p + c->at, (line ? (size_t)(line - c->p) : c->n) - c->at);
    const char *header = find_header(s);
    if (header) {
        piece_take(c, (size_t)(header - c->p));
        *ready = end_debris(c, out);
        return true;
    }
    if (!line && !end) { /* a header may have begun */
        piece_take(c, s.n > HEADER_MAX ? c->n - HEADER_MAX : c->at);
        return false;
    }
    piece_take(c, c->at + s.n);
    piece_skip(c, line ? 1 : 0);
    c->counts.behind = false;
    *ready = true;
    piece_yield_trimmed(c, out);
    return true;
}

/* ---- frames ---- */

/* Whether the number at the front of s is a count. False: more bytes are needed. */
static bool tell_count(const struct framer *c, struct slice s, struct count k, bool end, bool *counted)
{
    bool known = true, sane = k.value > 0 && k.value <= FRAME_COUNT_MAX;
    *counted = k.pri && s.n > k.digits + 1;
    if (k.digits && !k.known && !end)
        return false;
    if (!k.digits || *counted)
        return true;
    if (sane && k.digits + 1 < s.n && s.p[k.digits] == ' ')
        *counted = fits_exactly(c, slice_from(s, k.digits + 1), k.value, end, &known);
    return known;
}

/*
 * Tells what kind of frame begins here: each one anew, since a relay may mix both on one connection (RFC
 * 6587, 3.4). A line that begins with a date or an address is no count: up to ten digits, a space and a PRI
 * are asked for. Of a count that cannot be true, as rsyslog does, the number is left out and the frame is a
 * line. What is neither behind a counted frame shows that its count was wrong. False: more bytes are needed.
 */
static bool tell_frame(struct framer *c, bool end)
{
    struct slice s = slice_of(c->p + c->at, c->n - c->at);
    struct count k = count_at(s);
    bool sane = k.value > 0 && k.value <= FRAME_COUNT_MAX, counted;
    if (!tell_count(c, s, k, end, &counted))
        return false;
    c->frame = c->counts.behind && *s.p != '<' ? FRAME_IS_DEBRIS : FRAME_IS_LINE;
    if (!counted)
        return true;
    piece_skip(c, k.digits + 1);
    piece_begin(c);
    c->frame = sane ? FRAME_IS_COUNTED : FRAME_IS_LINE;
    c->count = sane && k.pri ? frame_length(c, k) : k.value;
    return true;
}

/* A count that was too large has taken the next one along: "<11>" is what is left of it, perhaps with its space. False:
 * more bytes are needed. */
static bool tell_swallowed(struct framer *c, bool end)
{
    struct slice s = slice_of(c->p + c->at, c->n - c->at);
    size_t space = !c->counts.space;
    if (!c->counts.behind || c->counts.value < COUNT_LEAST || (space ? *s.p != ' ' : *s.p != '<'))
        return true;
    if (s.n < space + 2 && !end)
        return false;
    if (s.n < space + 2 || s.p[space] != '<' || !ascii_digit(s.p[space + 1]))
        return true;
    learn_excess(c, c->counts.digits + !space);
    piece_skip(c, space);
    piece_begin(c);
    c->frame = FRAME_IS_COUNTED;
    c->count = without_excess(c, c->counts.value);
    c->counts.whole = 0;
    return true;
}

/* False: more bytes are needed. */
static bool begin_frame(struct framer *c, bool end)
{
    if (c->at == c->n || !tell_swallowed(c, end))
        return false;
    if (c->frame == FRAME_IS_UNKNOWN && piece_empty(c) && !skip_between(c, end))
        return false;
    return c->at < c->n && (c->frame != FRAME_IS_UNKNOWN || tell_frame(c, end));
}

static bool read_counted(struct framer *c)
{
    uint64_t left = c->count - c->piece.kept - c->piece.truncated;
    size_t n = c->n - c->at < left ? c->n - c->at : (size_t)left;
    piece_take(c, c->at + n);
    return n == left;
}

static bool read_line(struct framer *c)
{
    const char *hit = piece_find_either(c->p + c->at, c->p + c->n, '\n', '\0');
    piece_take(c, hit ? (size_t)(hit - c->p) : c->n);
    piece_skip(c, hit ? 1 : 0);
    return hit;
}

bool framer_next_syslog(struct framer *c, bool end, struct message *out)
{
    bool ready = false;
    do {
        if (c->at == c->n || (c->frame == FRAME_IS_UNKNOWN && !begin_frame(c, end)))
            return false;
        if (c->frame == FRAME_IS_DEBRIS) {
            if (!read_debris(c, end, out, &ready))
                return false;
            continue;
        }
        if (!(c->frame == FRAME_IS_COUNTED ? read_counted(c) : read_line(c)))
            return false;
        note_end(c);
        piece_yield_trimmed(c, out);
        ready = true;
    } while (!ready);
    return true;
}
