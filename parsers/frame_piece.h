/*
 * frame_piece: the piece that a framer is reading, a line or a frame, which is not whole yet. What frame.c shares with
 * frame_gelf.c and frame_syslog.c; not for other files. Pure.
 */
#ifndef PARSERS_FRAME_PIECE_H
#define PARSERS_FRAME_PIECE_H

#include <string.h>

#include "parsers/frame.h"

/* Follows the piece as JSON up to `to`: enough to know when its outermost object has closed, nothing more. */
void framer_json_run(struct framer *c, size_t to);
/* framer_next of FRAME_GELF and of FRAME_SYSLOG; end: nothing more is waited for. */
bool framer_next_gelf(struct framer *c, struct message *out);
bool framer_next_syslog(struct framer *c, bool end, struct message *out);
bool framer_next_utf16(struct framer *c, struct message *out);

static inline bool piece_empty(const struct framer *c)
{
    return c->piece.kept == 0 && c->piece.truncated == 0;
}

/* The bytes up to `to` belong to the piece. Invariant: while the piece is below its cap, no gap lies before
 * `at`. */
static inline void piece_take(struct framer *c, size_t to)
{
    size_t n = to - c->at, room = c->max - c->piece.kept;
    if (c->mode == FRAME_GELF && n > room)
        framer_json_run(c, to);
    c->piece.kept += n < room ? n : room;
    c->piece.truncated += n < room ? 0 : n - room;
    c->at = to;
    c->at_offset += n;
}

/* The next n bytes belong to nothing: a delimiter, or padding between frames. */
static inline void piece_skip(struct framer *c, size_t n)
{
    c->at += n;
    c->at_offset += n;
}

static inline void piece_begin(struct framer *c)
{
    c->piece.from = c->at;
    c->piece.kept = 0;
    c->piece.truncated = 0;
    c->piece.offset = c->at_offset;
    c->piece.keeps_nuls = false;
    c->json.at = c->at;
    c->json.depth = 0;
    c->json.state = FRAME_JSON_START;
    c->json.in_string = c->json.escaped = false;
    c->frame = FRAME_IS_UNKNOWN;
}

static inline struct slice piece_text(const struct framer *c)
{
    return slice_of(c->p + c->piece.from, c->piece.kept);
}

/* What some senders put between frames. */
static inline bool piece_padding(char b)
{
    return b == '\n' || b == '\r' || b == '\0' || b == ' ';
}

static inline void piece_skip_padding(struct framer *c)
{
    if (!piece_empty(c))
        return;
    while (c->at < c->n && piece_padding(c->p[c->at]))
        piece_skip(c, 1);
    piece_begin(c);
}

/* Gives the piece out as a message of its own and begins the next one at `at`. */
static inline void piece_yield(struct framer *c, struct message *out)
{
    *out = (struct message){.text = piece_text(c),
                            .lines = 1,
                            .truncated_bytes = c->piece.truncated,
                            .offset = c->piece.offset,
                            .nul_bytes = c->nul_bytes,
                            .ahead = &c->ahead};
    c->nul_bytes = 0;
    piece_begin(c);
}

/* Without the padding that came before its end; a counted frame is what its sender counted. */
static inline void piece_yield_trimmed(struct framer *c, struct message *out)
{
    bool exact = c->mode == FRAME_NUL || c->mode >= FRAME_UTF16LE || c->frame == FRAME_IS_COUNTED;
    piece_yield(c, out);
    if (!out->truncated_bytes && !exact)
        while (out->text.n && piece_padding(out->text.p[out->text.n - 1]))
            out->text.n--;
}

/* The first a or b in [from, to), or NULL. In blocks, so that one of them being rare does not make it
 * quadratic. */
static inline const char *piece_find_either(const char *from, const char *to, char a, char b)
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

#endif
