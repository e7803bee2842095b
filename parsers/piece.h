/*
 * piece: lines of container log files that the runtime cut into pieces, joined before they are parsed.
 *
 * Docker's json-file driver cuts at 16 384 bytes and leaves out the LF; the CRI runtimes write P, and F on
 * the last piece. stdout and stderr are cut independently of each other, so there is one joiner with two
 * places for each file. A joined line has the form of the format, with the head of its first piece: what
 * comes out is what the parser of the format reads.
 *
 * Owns the bytes held. Bounded: a line longer than the cap keeps its first bytes, the rest is counted. Pure;
 * one thread.
 */
#ifndef PARSERS_PIECE_H
#define PARSERS_PIECE_H

#include "base/arena.h"
#include "parsers/record.h"

enum { PIECE_DOCKER_BYTES = 16384, PIECE_STREAMS = 2 };

struct docker_line {
    struct slice text; /* without its final LF or CR LF */
    struct slice stream;
    int64_t time_us;
    bool partial;
};

/* False: not a line of the json-file driver. attrs are added to r as fields, unless r is NULL. */
bool docker_read(struct arena *a, struct slice raw, struct record *r, struct docker_line *out);

struct cri_line {
    struct slice head; /* up to and with the space before the text */
    struct slice text;
    struct slice stream;
    int64_t time_us;
    bool partial;
};

bool cri_read(struct slice raw, struct cri_line *out);

struct piece_held {
    struct sbuf text; /* head and text so far; the tail of a docker line behind it when it comes out */
    struct sbuf tail;
    unsigned lines; /* 0: nothing is held */
    uint64_t cut_bytes, offset;
};

/* All members are private. */
struct piece_join {
    enum format format;
    size_t max_bytes;
    struct piece_held held[PIECE_STREAMS]; /* stdout, stderr */
    struct arena arena;
};

/* One message, as the cutter of the file would have given it. */
struct piece_out {
    struct slice text;
    unsigned lines;     /* pieces it was made of */
    uint64_t cut_bytes; /* left out at the cap */
    uint64_t offset;    /* of its first piece */
};

/* format: FORMAT_DOCKER or FORMAT_CRI. max_bytes: cap of a joined line. */
void piece_init(struct piece_join *j, enum format format, size_t max_bytes);
void piece_free(struct piece_join *j);
/*
 * One line of the file. True: *out is a whole line, valid until the next call and as long as `line`; mostly
 * it is the line itself. A line that is not of the format comes out as it is; pieces that are held go on
 * waiting.
 */
bool piece_feed(struct piece_join *j, struct slice line, uint64_t cut_bytes, uint64_t offset,
                struct piece_out *out);
/* What waits for more, after an idle while or at the end: to be called until false. */
bool piece_flush(struct piece_join *j, struct piece_out *out);
bool piece_holds(const struct piece_join *j);
/* Offset of the earliest piece held: where reading has to begin again after a crash. `now` when none is. */
uint64_t piece_done(const struct piece_join *j, uint64_t now);

#endif
