/*
 * lines: what a file or a pipe is made of. Bytes go in as with cut.h, messages come out: lines, entries of several
 * lines, and whole lines of container log files, joined of their pieces (piece.h).
 *
 * With FORMAT_AUTO the first telling line shows the format, and with it which lines belong together. Owns its buffers,
 * bounded as those of cut.h and piece.h. Pure; one thread.
 */
#ifndef PARSERS_LINES_H
#define PARSERS_LINES_H

#include "parsers/cut.h"
#include "parsers/piece.h"

/* How many times longer than for other things it is waited for the next piece: conmon writes pieces as the program
 * writes, which may be seconds apart. */
enum { LINES_PIECE_IDLE = 10 };

/*
 * Where reading has to begin again after a crash. Everything before `offset` has been handed out, except the lines of
 * a stream from `held` - 1 on: those are the pieces of a line that was not whole yet. 0: the stream has none.
 */
struct lines_place {
    uint64_t offset;
    uint64_t held[PIECE_STREAMS];
};

/* Members are private, but for `cut`: bytes are fed into it. */
struct lines {
    struct cutter cut;
    struct piece_join join;
    struct cut_message line;   /* with has_line: taken from the cutter, and still to be fed to the joiner */
    bool has_line, joins;
    enum format framed;        /* the format by which lines are put together now */
    unsigned untold;           /* lines from which no format could be told */
    unsigned untold_max;       /* after so many it is text; 0: never */
    struct lines_place resume; /* lines before resume.offset are read for the second time */
};

/* max_bytes as for cut_init. */
void lines_init(struct lines *l, enum cut_mode mode, size_t max_bytes, const struct lines_place *from);
void lines_free(struct lines *l);
/* The first byte to be fed. */
uint64_t lines_first(const struct lines_place *from);
struct lines_place lines_place(const struct lines *l);

/* The next message; *format is settled on the way. False: feed more. *out is valid until the next call that changes
 * anything. */
bool lines_next(struct lines *l, enum format *format, struct cut_message *out);
/* What waits, as cut_flush; of pieces CUT_IDLE gives the line that has waited longest. */
bool lines_flush(struct lines *l, enum cut_flush how, struct cut_message *out);
/* 0: lines_flush(CUT_IDLE) can yield nothing. Else a number that changes whenever what it would yield has grown. */
uint64_t lines_waiting(const struct lines *l);
/* True when lines are joined of pieces. */
static inline bool lines_joins(const struct lines *l)
{
    return l->joins;
}
/* Gives back memory that is not needed now. */
void lines_trim(struct lines *l);

#endif
