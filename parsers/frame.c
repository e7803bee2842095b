#include "parsers/frame.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"

void framer_init(struct framer *c, enum frame_mode mode, size_t max_bytes, uint64_t offset)
{
    *c = (struct framer){.mode = mode, .max = max_bytes ? max_bytes : FRAME_MESSAGE_MAX, .at_offset = offset};
    c->piece.offset = offset;
}

void framer_set_head(struct framer *c, frame_head_f *head, const struct cut_rule *rule, size_t max_bytes)
{
    assert(c->mode == FRAME_LINES);
    c->head = head;
    c->rule = rule;
    c->join_max = max_bytes ? max_bytes : FRAME_JOIN_MAX;
}

void framer_free(struct framer *c)
{
    free(c->p);
    c->p = NULL;
    c->n = c->cap = 0;
}

/* ---- the buffer ---- */

/* Moves p[from, to) down to `dst` and returns the end of where it is now. */
static size_t move_down(struct framer *c, size_t dst, size_t from, size_t to)
{
    assert(dst <= from && from <= to && to <= c->n);
    if (dst != from && to > from)
        memmove(c->p + dst, c->p + from, to - from);
    return dst + (to - from);
}

/* Closes the gaps that messages taken and bytes swallowed have left. */
static void compact(struct framer *c)
{
    size_t end = 0;
    if (c->entry.open) {
        /* An entry that is still whole reaches up to the piece, its last line end included. */
        size_t to = c->entry.truncated ? c->entry.from + c->entry.kept : c->piece.from;
        end = move_down(c, 0, c->entry.from, to);
        c->entry.from = 0;
    }
    size_t piece_end = c->piece.from + c->piece.kept;
    size_t json_kept = c->json.at <= piece_end ? c->json.at - c->piece.from : c->piece.kept;
    size_t from = end;
    end = move_down(c, end, c->piece.from, piece_end);
    c->piece.from = from;
    size_t at = end;
    end = move_down(c, end, c->at, c->n);
    c->at = at;
    c->n = end;
    c->json.at = from + json_kept;
}

char *framer_room(struct framer *c, size_t want)
{
    if (c->cap - c->n < want) {
        compact(c);
        if (c->cap - c->n < want) {
            size_t cap = c->n + want;
            cap = c->cap && cap < c->cap + c->cap / 2 ? c->cap + c->cap / 2 : cap;
            c->p = xrealloc(c->p, cap, 1);
            c->cap = cap;
        }
    }
    return c->p ? c->p + c->n : (c->p = xmalloc(1));
}

void framer_fill(struct framer *c, size_t n)
{
    assert(n <= c->cap - c->n);
    c->n += n;
}

void framer_feed(struct framer *c, struct slice bytes)
{
    if (!bytes.n)
        return;
    memcpy(framer_room(c, bytes.n), bytes.p, bytes.n);
    framer_fill(c, bytes.n);
}

void framer_trim(struct framer *c)
{
    compact(c);
    if (c->n == 0)
        framer_free(c);
    else if (c->n < c->cap) {
        c->p = xrealloc(c->p, c->n, 1);
        c->cap = c->n;
    }
}

/* ---- the piece ---- */

static bool piece_empty(const struct framer *c)
{
    return c->piece.kept == 0 && c->piece.truncated == 0;
}

static void json_run(struct framer *c, size_t to);

/* The bytes up to `to` belong to the piece. Invariant: while the piece is below its cap, no gap lies before
 * `at`. */
static void take(struct framer *c, size_t to)
{
    size_t n = to - c->at, room = c->max - c->piece.kept;
    if (c->mode == FRAME_GELF && n > room)
        json_run(c, to);
    c->piece.kept += n < room ? n : room;
    c->piece.truncated += n < room ? 0 : n - room;
    c->at = to;
    c->at_offset += n;
}

/* The next n bytes belong to nothing: a delimiter, or padding between frames. */
static void skip(struct framer *c, size_t n)
{
    c->at += n;
    c->at_offset += n;
}

static void begin_piece(struct framer *c)
{
    c->piece.from = c->at;
    c->piece.kept = 0;
    c->piece.truncated = 0;
    c->piece.offset = c->at_offset;
    c->json.at = c->at;
    c->json.depth = 0;
    c->json.state = FRAME_JSON_START;
    c->json.in_string = c->json.escaped = false;
    c->frame = FRAME_IS_UNKNOWN;
}

static struct slice piece_text(const struct framer *c)
{
    return slice_of(c->p + c->piece.from, c->piece.kept);
}

/* What some senders put between frames. */
static bool padding(char b)
{
    return b == '\n' || b == '\r' || b == '\0' || b == ' ';
}

static void skip_padding(struct framer *c)
{
    if (!piece_empty(c))
        return;
    while (c->at < c->n && padding(c->p[c->at]))
        skip(c, 1);
    begin_piece(c);
}

/* Gives the piece out as a message of its own and begins the next one at `at`. */
static void yield_piece(struct framer *c, struct message *out)
{
    *out = (struct message){piece_text(c), 1, c->piece.truncated, c->piece.offset, NULL};
    begin_piece(c);
}

/* Without the padding that came before its end; a counted frame is what its sender counted. */
static void yield_trimmed(struct framer *c, struct message *out)
{
    bool exact = c->mode == FRAME_NUL || c->frame == FRAME_IS_COUNTED;
    yield_piece(c, out);
    if (!out->truncated_bytes && !exact)
        while (out->text.n && padding(out->text.p[out->text.n - 1]))
            out->text.n--;
}

/* The first a or b in [from, to), or NULL. In blocks, so that one of them being rare does not make it
 * quadratic. */
static const char *find_either(const char *from, const char *to, char a, char b)
{
    enum { BLOCK = 512 };
    while (from < to) {
        size_t n = (size_t)(to - from) < BLOCK ? (size_t)(to - from) : BLOCK;
        const char *hit = memchr(from, a, n);
        const char *other = memchr(from, b, hit ? (size_t)(hit - from) : n);
        if (other)
            return other;
        if (hit)
            return hit;
        from += n;
    }
    return NULL;
}

/* ---- lines and entries ---- */

static struct slice without_cr(struct slice s)
{
    return s.n && s.p[s.n - 1] == '\r' ? slice_sub(s, 0, s.n - 1) : s;
}

static void yield_entry(struct framer *c, struct message *out)
{
    struct slice text = slice_of(c->p + c->entry.from, c->entry.kept);
    if (!c->entry.truncated)
        text = without_cr(text);
    *out = (struct message){text, c->entry.lines, c->entry.truncated, c->entry.offset, NULL};
    c->entry.open = false;
}

static void open_entry(struct framer *c)
{
    c->entry.open = true;
    c->entry.from = c->piece.from;
    c->entry.kept = c->piece.kept;
    c->entry.limit = c->piece.kept > c->join_max ? c->piece.kept : c->join_max;
    c->entry.truncated = c->piece.truncated;
    c->entry.offset = c->piece.offset;
    c->entry.lines = 1;
}

static void extend_entry(struct framer *c)
{
    c->entry.lines++;
    if (c->entry.truncated) {
        c->entry.truncated += 1 + c->piece.kept + c->piece.truncated;
        return;
    }
    size_t kept = c->piece.from + c->piece.kept - c->entry.from;
    c->entry.kept = kept < c->entry.limit ? kept : c->entry.limit;
    c->entry.truncated = kept - c->entry.kept + c->piece.truncated;
}

/*
 * What did not tell with the bytes ahead is asked again with another whole line, or with half as many bytes more: a stream that comes
 * in small pieces would otherwise be walked over with each of them.
 */
static bool is_worth_asking(const struct framer *c)
{
    uint64_t from = c->piece.offset;
    if (c->last || c->told_to.end <= from)
        return true;
    size_t seen = (size_t)(c->told_to.end - from);
    struct slice ahead = slice_of(c->p + c->piece.from, c->n - c->piece.from);
    return ahead.n - seen >= seen / 2 || slice_chr(slice_from(ahead, seen), '\n');
}

/* Whether the line in the piece, which looks like a head, begins another entry. False: more bytes would tell. */
static bool ask(struct framer *c, bool *begins)
{
    uint64_t from = c->piece.offset;
    if (c->told_to.line != from) {
        c->told_to.line = c->told_to.end = from;
        c->told_to.walk = (struct frame_walk){0};
    }
    if (!is_worth_asking(c))
        return false;
    struct frame_doubt d = {
        .entry = slice_of(c->p + c->entry.from, c->piece.from - 1 - c->entry.from),
        .ahead = slice_of(c->p + c->piece.from, c->n - c->piece.from),
        .last = c->last,
        .seen = c->told_to.seen > from ? (size_t)(c->told_to.seen - from) : 0,
        .walk = c->told_to.walk,
    };
    struct frame_told t = c->rule->told(&d);
    c->told_to.seen = from + d.seen;
    *begins = t.what == FRAME_HEAD;
    if (*begins)
        c->told_to.heads = from + t.n;
    else if (t.what == FRAME_INSIDE)
        c->told_to.inside = from + t.n;
    c->told_to.walk = d.walk;
    c->told_to.end = t.what == FRAME_UNTOLD ? from + d.ahead.n : from;
    return t.what != FRAME_UNTOLD;
}

/* It begins another entry, which needs no question. Asked for every line. */
static inline bool is_plain(const struct framer *c)
{
    return c->told_to.seen >= c->entry.offset + c->rule->reach &&
           c->rule->plain(slice_of(c->p + c->entry.from, c->piece.from - 1 - c->entry.from));
}

/* The same of any line behind an open entry. Where bytes were left out there is nothing to ask about. */
static inline __attribute__((always_inline)) bool tell_line(struct framer *c, bool *begins)
{
    *begins = !c->head || (c->piece.offset >= c->told_to.inside && c->head(without_cr(piece_text(c))));
    if (!*begins || !c->rule || c->entry.truncated || c->piece.truncated || c->piece.offset < c->told_to.heads)
        return true;
    return is_plain(c) || ask(c, begins);
}

/* A whole line is in the piece. True when that made a message ready. */
static bool line_done(struct framer *c, bool begins, struct message *out)
{
    if (!c->head && !c->entry.open) {
        struct slice text = c->piece.truncated ? piece_text(c) : without_cr(piece_text(c));
        yield_piece(c, out);
        out->text = text;
        return true;
    }
    bool ready = false;
    if (c->entry.open && !begins) {
        extend_entry(c);
        /* Something that is no log of this format would otherwise be one entry without end. */
        if (c->entry.truncated >= FRAME_SWALLOW_MAX) {
            yield_entry(c, out);
            ready = true;
        }
    } else {
        if (c->entry.open) {
            yield_entry(c, out);
            ready = true;
        }
        open_entry(c);
    }
    begin_piece(c);
    return ready;
}

static bool next_line(struct framer *c, struct message *out)
{
    while (c->at < c->n) {
        const char *lf = memchr(c->p + c->at, '\n', c->n - c->at);
        take(c, lf ? (size_t)(lf - c->p) : c->n);
        bool begins = true;
        if (!lf || (c->entry.open && !tell_line(c, &begins)))
            return false;
        skip(c, 1);
        if (line_done(c, begins, out))
            return true;
    }
    return false;
}

/* What is complete in itself, and with FRAME_END the line without LF as well. */
static bool flush_line(struct framer *c, enum framer_flush how, struct message *out)
{
    c->last = true;
    bool ready = next_line(c, out), begins = true;
    if (!ready && how == FRAME_END && !piece_empty(c)) {
        if (c->entry.open)
            tell_line(c, &begins);
        ready = line_done(c, begins, out);
    }
    c->last = false;
    if (!ready && c->entry.open) {
        yield_entry(c, out);
        ready = true;
    }
    return ready;
}

/* ---- GELF ---- */

/* Follows the piece as JSON up to `to`: enough to know when its outermost object has closed, nothing more. */
static void json_run(struct framer *c, size_t to)
{
    for (; c->json.at < to; c->json.at++) {
        char b = c->p[c->json.at];
        if (c->json.state == FRAME_JSON_NONE) {
            c->json.at = to;
            return;
        }
        if (c->json.state == FRAME_JSON_START) {
            c->json.state = b == '{' ? FRAME_JSON_INSIDE : FRAME_JSON_NONE;
            c->json.depth = 1;
        } else if (c->json.state == FRAME_JSON_WHOLE) {
            if (!ascii_space(b))
                c->json.state = FRAME_JSON_NONE;
        } else if (c->json.in_string) {
            if (c->json.escaped)
                c->json.escaped = false;
            else if (b == '\\')
                c->json.escaped = true;
            else if (b == '"')
                c->json.in_string = false;
        } else if (b == '"') {
            c->json.in_string = true;
        } else if (b == '{' || b == '[') {
            c->json.depth++;
        } else if ((b == '}' || b == ']') && --c->json.depth == 0) {
            c->json.state = FRAME_JSON_WHOLE;
        }
    }
}

static bool next_gelf(struct framer *c, struct message *out)
{
    skip_padding(c);
    while (c->at < c->n) {
        const char *hit = find_either(c->p + c->at, c->p + c->n, '\n', '\0');
        size_t to = hit ? (size_t)(hit - c->p) : c->n;
        take(c, to);
        if (!hit)
            return false;
        /* Only an LF asks what the bytes before it are, so a client that ends its frames with NUL does not
         * pay for it. */
        if (*hit == '\n') {
            json_run(c, to);
            if (c->json.state != FRAME_JSON_WHOLE) {
                take(c, to + 1);
                continue;
            }
        }
        skip(c, 1);
        yield_trimmed(c, out);
        return true;
    }
    return false;
}

static bool next_nul(struct framer *c, struct message *out)
{
    while (c->at < c->n) {
        const char *nul = memchr(c->p + c->at, '\0', c->n - c->at);
        take(c, nul ? (size_t)(nul - c->p) : c->n);
        if (!nul)
            return false;
        skip(c, 1);
        if (!piece_empty(c)) {
            yield_piece(c, out);
            return true;
        }
        begin_piece(c);
    }
    return false;
}

/* ---- syslog ---- */

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
        return body.p[count] == '\0' || body.p[count] == '<' ||
               (body.p[count] >= '1' && body.p[count] <= '9');
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
    bool fits = (rest.n < 1 || rest.p[0] == ' ') && (rest.n < 2 || rest.p[1] == '<') &&
                (rest.n < 3 || ascii_digit(rest.p[2]));
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
        while (c->at < c->n && padding(c->p[c->at]) && c->p[c->at] != ' ')
            skip(c, 1);
        begin_piece(c);
        size_t n = 0;
        while (n < SPACES_MAX && c->at + n < c->n && c->p[c->at + n] == ' ')
            n++;
        if (n == 0)
            return true;
        struct slice rest = slice_of(c->p + c->at + n, c->n - c->at - n);
        struct count k = count_at(rest);
        if (!end && (rest.n == 0 || (k.digits && !k.known)))
            return false;
        if (rest.n && *rest.p != '<' && !padding(*rest.p) && !k.pri)
            return true;
        skip(c, n);
        begin_piece(c);
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
        skip(c, k.digits + 1);
        begin_piece(c);
        c->frame = sane ? FRAME_IS_COUNTED : FRAME_IS_LINE;
        c->count = k.value;
    }
    return true;
}

static bool next_syslog(struct framer *c, bool end, struct message *out)
{
    if (c->frame == FRAME_IS_UNKNOWN && piece_empty(c) && (!skip_between(c, end) || c->at == c->n))
        return false;
    if (c->at == c->n || (c->frame == FRAME_IS_UNKNOWN && !tell_frame(c, end)))
        return false;
    if (c->frame == FRAME_IS_COUNTED) {
        uint64_t left = c->count - c->piece.kept - c->piece.truncated;
        size_t n = c->n - c->at < left ? c->n - c->at : (size_t)left;
        take(c, c->at + n);
        if (n < left)
            return false;
    } else {
        const char *hit = find_either(c->p + c->at, c->p + c->n, '\n', '\0');
        take(c, hit ? (size_t)(hit - c->p) : c->n);
        if (!hit)
            return false;
        skip(c, 1);
    }
    yield_trimmed(c, out);
    return true;
}

/* ---- out ---- */

bool framer_next(struct framer *c, struct message *out)
{
    switch (c->mode) {
    case FRAME_LINES:
        return next_line(c, out);
    case FRAME_NUL:
        return next_nul(c, out);
    case FRAME_GELF:
        return next_gelf(c, out);
    case FRAME_SYSLOG:
        return next_syslog(c, false, out);
    }
    return false;
}

static bool flush_end(struct framer *c, struct message *out)
{
    /* A number at the very end of a stream can only now be told from a count. */
    if (c->mode == FRAME_SYSLOG && next_syslog(c, true, out))
        return true;
    if (piece_empty(c) && c->frame != FRAME_IS_COUNTED)
        return false;
    if (c->frame == FRAME_IS_COUNTED)
        c->piece.truncated = c->count - c->piece.kept;
    yield_trimmed(c, out);
    return true;
}

bool framer_flush(struct framer *c, enum framer_flush how, struct message *out)
{
    if (c->mode == FRAME_LINES)
        return flush_line(c, how, out);
    if (how == FRAME_END)
        return flush_end(c, out);
    if (!framer_waiting(c))
        return false;
    json_run(c, c->at);
    if (c->json.state != FRAME_JSON_WHOLE)
        return false;
    yield_trimmed(c, out);
    return true;
}

bool framer_waiting(const struct framer *c)
{
    return c->mode == FRAME_LINES ? c->entry.open : c->mode == FRAME_GELF && !piece_empty(c);
}

bool framer_peek(const struct framer *c, struct slice *line)
{
    if (c->mode != FRAME_LINES || c->entry.open || !piece_empty(c) || c->at == c->n)
        return false;
    struct slice rest = slice_of(c->p + c->at, c->n - c->at);
    const char *lf = slice_chr(rest, '\n');
    if (!lf)
        return false;
    *line = without_cr(slice_sub(rest, 0, (size_t)(lf - rest.p) < c->max ? (size_t)(lf - rest.p) : c->max));
    return true;
}

uint64_t framer_done(const struct framer *c)
{
    return c->entry.open ? c->entry.offset : c->piece.offset;
}
