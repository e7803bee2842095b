/*
 * line_reader: what a file or a pipe is made of. Bytes go in as with frame.h, messages come out: lines, entries of
 * several lines, and whole lines of container log files, joined of their pieces (partial.h).
 *
 * With FORMAT_AUTO each line is whatever it looks like, and an entry of nginx's goes on only with lines that are nobody
 * else's. That it is the log of a container's runtime, whose pieces are joined, is told by its first telling line.
 * Owns its buffers, bounded as those of frame.h and partial.h. Pure; one thread.
 */
#ifndef PARSERS_LINE_READER_H
#define PARSERS_LINE_READER_H

#include "parsers/frame.h"
#include "parsers/partial.h"

/* How many times longer than for other things it is waited for the next piece: conmon writes pieces as the program
 * writes, which may be seconds apart. */
enum { LINE_READER_PIECE_IDLE = 10 };

enum { LINE_READER_BEGINS_MAX = 64 };

/*
 * Where reading has to begin again after a crash. Everything before `offset` has been handed out, except the lines of
 * a stream from `held` - 1 on: those are the pieces of a line that was not whole yet. 0: the stream has none. At
 * `begins` began messages that were waiting for lines after them (join.h): from the first of them on all messages come
 * again, and say so (struct message).
 */
struct line_reader_place {
    uint64_t offset;
    uint64_t held[PARTIAL_STREAMS];
    uint64_t begins[LINE_READER_BEGINS_MAX]; /* ascending, each less than offset */
    unsigned n_begins;
};

/* Members are private, but for `framer`: bytes are fed into it. */
struct line_reader {
    struct framer framer;
    struct partial_join join;
    struct message line; /* with has_line: taken from the framer, and still to be fed to the joiner */
    bool has_line, joins;
    bool told;                       /* FORMAT_AUTO: a line has said whether it is a runtime's */
    bool fresh;                      /* nothing has been read: the first bytes tell whether it is in UTF-16 */
    struct sbuf decoded;             /* the message, where it is */
    enum format framed;              /* the format by which lines are put together now; FORMAT_N: none yet */
    unsigned untold;                 /* lines that have not said it */
    unsigned untold_max;             /* after so many it is none; 0: never */
    struct line_reader_place resume; /* lines before resume.offset are read for the second time */
};

/* max_bytes as for framer_init. */
void line_reader_init(struct line_reader *l, enum frame_mode mode, size_t max_bytes,
                      const struct line_reader_place *from);
void line_reader_done(struct line_reader *l);
/* The mode for a file by its first bytes, at least LINE_READER_MODE_BYTES where there are so many: a byte order mark
 * tells UTF-16, and so do characters of ASCII of which every other byte is NUL. */
enum { LINE_READER_MODE_BYTES = 16 };
enum frame_mode line_reader_mode(struct slice first);
/* The first byte to be fed. */
uint64_t line_reader_first(const struct line_reader_place *from);
struct line_reader_place line_reader_place(const struct line_reader *l);

/* The next message of a stream of this format. False: feed more. *out is valid until the next call that changes
 * anything. */
bool line_reader_next(struct line_reader *l, enum format format, struct message *out);
/* What waits, as framer_flush; of pieces FRAME_IDLE gives the line that has waited longest. */
bool line_reader_flush(struct line_reader *l, enum framer_flush how, struct message *out);
/* 0: line_reader_flush(FRAME_IDLE) can yield nothing. Else a number that changes whenever what it would yield has
 * grown. */
uint64_t line_reader_waiting(const struct line_reader *l);
/* 0: no line without its end waits. Else a number that changes whenever it has grown; line_reader_flush(FRAME_END)
 * gives it. Of pieces it is none: what is not whole there cannot be read. */
uint64_t line_reader_half(const struct line_reader *l);
/* True when lines are joined of pieces. */
static inline bool line_reader_joins(const struct line_reader *l)
{
    return l->joins;
}
/* Gives back memory that is not needed now. */
void line_reader_trim(struct line_reader *l);

#endif
