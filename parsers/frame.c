#include "parsers/frame.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "parsers/frame_piece.h"

void framer_init(struct framer *c, enum frame_mode mode, size_t max_bytes, uint64_t offset)
{
    *c = (struct framer){
        .mode = mode, .max = max_bytes ? max_bytes : FRAME_MESSAGE_MAX, .at_offset = offset, .nul = UINT64_MAX};
    c->piece.offset = offset;
}

void framer_set_head(struct framer *c, frame_head_f *head, const struct frame_rule *rule, size_t max_bytes)
{
    assert(c->mode == FRAME_LINES);
    c->head = head;
    c->rule = rule;
    c->goes_on = NULL;
    c->join_max = max_bytes ? max_bytes : FRAME_JOIN_MAX;
}

void framer_set_quoting(struct framer *c, frame_head_f *quoting)
{
    c->quoting = quoting;
}

void framer_set_mixed(struct framer *c, frame_head_f *head, const struct frame_rule *rule, frame_goes_on_f *goes_on)
{
    framer_set_head(c, head, rule, 0);
    c->goes_on = goes_on;
}

void framer_done(struct framer *c)
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
    for (unsigned i = 0; i < FRAME_LOOKERS; i++)
        c->ahead.looks[i].by = NULL;
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

/* Looks for the first NUL from this byte on. Nearly always there is none, which costs next to nothing in one go. */
static void find_nul(struct framer *c, size_t from)
{
    const char *nul = from < c->n ? memchr(c->p + from, '\0', c->n - from) : NULL;
    c->nul = nul ? c->at_offset + (uint64_t)(nul - (c->p + c->at)) : UINT64_MAX;
}

void framer_fill(struct framer *c, size_t n)
{
    assert(n <= c->cap - c->n);
    c->n += n;
    if (c->nul == UINT64_MAX && c->mode == FRAME_LINES)
        find_nul(c, c->n - n);
    c->ahead.begin = c->p;
    c->ahead.end = c->p + c->n;
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
        framer_done(c);
    else if (c->n < c->cap) {
        c->p = xrealloc(c->p, c->n, 1);
        c->cap = c->n;
    }
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
    *out = (struct message){.text = text,
                            .lines = c->entry.lines,
                            .truncated_bytes = c->entry.truncated,
                            .offset = c->entry.offset,
                            .nul_bytes = c->nul_bytes,
                            .headed = c->goes_on && !c->entry.alone && !c->entry.quoted,
                            .ahead = &c->ahead};
    c->nul_bytes = 0;
    c->entry.open = c->entry.quoted = false;
}

static void open_entry(struct framer *c)
{
    c->entry.open = true;
    c->entry.alone = false;
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
 * What did not tell with the bytes ahead is asked again with another whole line, or with half as many bytes more: a
 * stream that comes in small pieces would otherwise be walked over with each of them.
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

/* The open entry, of which nothing was left out. A byte order mark may stand between it and the piece. */
static inline struct slice entry_text(const struct framer *c)
{
    return slice_of(c->p + c->entry.from, c->entry.kept);
}

/* It begins another entry, which needs no question. Asked for every line. */
static inline bool is_plain(const struct framer *c)
{
    return c->told_to.seen >= c->entry.offset + c->rule->reach && c->rule->plain(entry_text(c));
}

/*
 * Where several programs write, any line may begin something. Behind the first line of an entry the rule is asked about
 * it whatever it looks like: it knows where the entry ends, if that can be known. Further behind it only about heads,
 * so that many short lines are not each asked about with all of the entry.
 */
static __attribute__((noinline)) bool tell_mixed(struct framer *c, bool head, bool *begins)
{
    struct slice line = without_cr(piece_text(c));
    bool whole = !c->entry.truncated && !c->piece.truncated;
    bool asks = whole && c->piece.offset >= c->told_to.heads && (head || c->entry.lines == 1);
    *begins = c->piece.offset >= c->told_to.inside;
    c->piece.head = head;
    if (!*begins)
        return true;
    if (asks && !is_plain(c) && !ask(c, begins))
        return false;
    *begins = *begins && (head || !whole || !c->goes_on(entry_text(c), line));
    return true;
}

/* The same of any line behind an open entry. Where bytes were left out there is nothing to ask about. */
static inline __attribute__((always_inline)) bool tell_line(struct framer *c, bool *begins)
{
    if (c->goes_on) {
        bool head = c->head(without_cr(piece_text(c))), whole = !c->entry.truncated && !c->piece.truncated;
        uint64_t asked = c->told_to.heads > c->told_to.inside ? c->told_to.heads : c->told_to.inside;
        *begins = c->piece.head = head;
        return (head && whole && c->piece.offset >= asked && is_plain(c)) || tell_mixed(c, head, begins);
    }
    *begins = !c->head || (c->piece.offset >= c->told_to.inside && c->head(without_cr(piece_text(c))));
    if (!*begins || !c->rule || c->entry.truncated || c->piece.truncated || c->piece.offset < c->told_to.heads)
        return true;
    return is_plain(c) || ask(c, begins);
}

/* Two that stand for one inside change nothing. */
static bool has_odd_quotes(struct slice s)
{
    bool odd = false;
    for (const char *p; (p = slice_chr(s, '"')); slice_skip(&s, (size_t)(p - s.p) + 1))
        odd = !odd;
    return odd;
}

static inline bool begins_quoted(const struct framer *c)
{
    return c->quoting && c->quoting(piece_text(c)) && has_odd_quotes(piece_text(c));
}

/* True: with this line it is whole. */
static bool extend_quoted(struct framer *c)
{
    bool whole = has_odd_quotes(piece_text(c));
    extend_entry(c);
    return whole;
}

/* A whole line is in the piece. True when that made a message ready. */
static bool line_done(struct framer *c, bool begins, struct message *out)
{
    bool quoted = (!c->entry.open || begins) && begins_quoted(c);
    if (!c->entry.open && !quoted && (!c->head || (c->goes_on && !c->head(without_cr(piece_text(c)))))) {
        struct slice text = c->piece.truncated ? piece_text(c) : without_cr(piece_text(c));
        piece_yield(c, out);
        out->text = text;
        return true;
    }
    bool ready = false;
    if (c->entry.open && !begins) {
        bool whole = c->entry.quoted && extend_quoted(c);
        if (!c->entry.quoted)
            extend_entry(c);
        /* Something that is no log of this format would otherwise be one entry without end. */
        if (whole || c->entry.truncated >= FRAME_SWALLOW_MAX) {
            yield_entry(c, out);
            ready = true;
        }
    } else {
        ready = c->entry.open;
        if (ready)
            yield_entry(c, out);
        open_entry(c);
        c->entry.quoted = quoted;
        c->entry.alone = ready && !quoted && (!c->head || (c->goes_on && !c->piece.head));
    }
    piece_begin(c);
    return ready;
}

/* The byte order mark in front of a line is none of it. */
static inline void drop_mark(struct framer *c)
{
    struct slice s = piece_text(c);
    if (!s.n || *s.p != '\xef' || !slice_starts(s, SLICE("\xef\xbb\xbf")))
        return;
    c->piece.from += 3;
    c->piece.kept -= 3;
    c->piece.offset += 3;
}

/* What stands before `at` is a whole line. False: more bytes would tell what it is. */
static inline __attribute__((always_inline)) bool end_line(struct framer *c, size_t skip, struct message *out,
                                                           bool *ready)
{
    bool begins = true;
    drop_mark(c);
    if (c->entry.quoted)
        begins = c->quoting(piece_text(c));
    else if (c->entry.open && !tell_line(c, &begins))
        return false;
    piece_skip(c, skip);
    *ready = line_done(c, begins, out);
    return true;
}

/* Asked of a line until it is so, or the line ends there. */
static bool keeps_nuls(struct framer *c)
{
    if (!c->piece.keeps_nuls && c->rule && c->rule->keeps_nuls)
        c->piece.keeps_nuls = c->rule->keeps_nuls(piece_text(c));
    return c->piece.keeps_nuls;
}

enum nuls { NULS_TEXT, NULS_SKIPPED, NULS_LINE, NULS_ENTRY, NULS_MORE };

/* What becomes of NULs, up to which the piece reaches. */
static enum nuls take_nuls(struct framer *c)
{
    size_t from = c->at + (size_t)(c->nul - c->at_offset), to = from;
    while (to < c->n && c->p[to] == '\0')
        to++;
    piece_take(c, from);
    if (piece_empty(c)) {
        if (c->entry.open)
            return NULS_ENTRY;
        piece_skip(c, to - from);
        piece_begin(c);
        c->nul_bytes += to - from;
        find_nul(c, to);
        return NULS_SKIPPED;
    }
    if (to - from >= FRAME_HOLE && !keeps_nuls(c))
        return NULS_LINE;
    if (to == c->n && !c->last)
        return NULS_MORE;
    piece_take(c, to); /* a few: they are text, whatever they mean */
    find_nul(c, to);
    return NULS_TEXT;
}

/* The NULs before `to`. True: there is something to be told, or more bytes are needed; *ready says which. */
static __attribute__((noinline)) bool pass_nuls(struct framer *c, size_t to, struct message *out, bool *ready)
{
    while (c->nul < c->at_offset + (to - c->at)) {
        switch (take_nuls(c)) {
        case NULS_TEXT:
        case NULS_SKIPPED:
            break;
        case NULS_LINE:
            if (!end_line(c, 0, out, ready) || *ready)
                return true;
            break;
        case NULS_ENTRY:
            yield_entry(c, out);
            *ready = true;
            return true;
        case NULS_MORE:
            return true;
        }
    }
    return false;
}

static bool next_line(struct framer *c, struct message *out)
{
    bool ready = false;
    if (c->entry.open && c->entry.alone) {
        yield_entry(c, out);
        return true;
    }
    while (c->at < c->n) {
        const char *lf = memchr(c->p + c->at, '\n', c->n - c->at);
        size_t to = lf ? (size_t)(lf - c->p) : c->n;
        if (c->nul < c->at_offset + (to - c->at) && pass_nuls(c, to, out, &ready))
            return ready;
        piece_take(c, to);
        if (!lf || !end_line(c, 1, out, &ready))
            return false;
        if (ready)
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
        drop_mark(c);
        if (c->entry.quoted)
            begins = c->quoting(piece_text(c));
        else if (c->entry.open)
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

/* ---- NUL ---- */

static bool next_nul(struct framer *c, struct message *out)
{
    while (c->at < c->n) {
        const char *nul = memchr(c->p + c->at, '\0', c->n - c->at);
        piece_take(c, nul ? (size_t)(nul - c->p) : c->n);
        if (!nul)
            return false;
        piece_skip(c, 1);
        if (!piece_empty(c)) {
            piece_yield(c, out);
            return true;
        }
        piece_begin(c);
    }
    return false;
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
        return framer_next_gelf(c, out);
    case FRAME_SYSLOG:
        return framer_next_syslog(c, false, out);
    case FRAME_UTF16LE:
    case FRAME_UTF16BE:
        return framer_next_utf16(c, out);
    }
    return false;
}

static bool flush_end(struct framer *c, struct message *out)
{
    /* A number at the very end of a stream can only now be told from a count. */
    if (c->mode == FRAME_SYSLOG && framer_next_syslog(c, true, out))
        return true;
    if (c->mode >= FRAME_UTF16LE) /* half a code unit, too */
        piece_take(c, c->n);
    if (piece_empty(c) && c->frame != FRAME_IS_COUNTED)
        return false;
    if (c->frame == FRAME_IS_COUNTED)
        c->piece.truncated = c->count - c->piece.kept;
    piece_yield_trimmed(c, out);
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
    framer_json_run(c, c->at);
    if (c->json.state != FRAME_JSON_WHOLE)
        return false;
    piece_yield_trimmed(c, out);
    return true;
}

bool framer_waiting(const struct framer *c)
{
    return c->mode == FRAME_LINES ? c->entry.open : c->mode == FRAME_GELF && !piece_empty(c);
}
