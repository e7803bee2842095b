/*
 * partial: lines of container log files that the runtime cut into pieces, joined before they are parsed.
 *
 * Docker's json-file driver cuts at 16 384 bytes and leaves out the LF; the CRI runtimes write P, and F on
 * the last piece. stdout and stderr are cut independently of each other, so there is one joiner with two
 * places for each file. A joined line has the form of the format, with the head of its first piece: what
 * comes out is what the parser of the format reads.
 *
 * Owns the bytes held. Bounded: a line longer than the cap keeps its first bytes, the rest is counted; and
 * pieces wait no longer than partial_span bytes of the file, whatever comes between them. Pure; one thread.
 */
#ifndef PARSERS_PARTIAL_H
#define PARSERS_PARTIAL_H

#include "base/arena.h"
#include "parsers/frame.h"
#include "parsers/record.h"

/* Of more places than SPANS_MAX in which its pieces stand it is forgotten where they are. */
enum { PARTIAL_DOCKER_BYTES = 16384, PARTIAL_STREAMS = 2, PARTIAL_SPANS_MAX = 1024 };

/* Whose lines: NONE is no log of a container's runtime. */
enum partial_kind { PARTIAL_NONE, PARTIAL_DOCKER, PARTIAL_CRI };

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

struct partial_held {
    struct sbuf text; /* head and text so far; the tail of a docker line behind it when it comes out */
    struct sbuf tail;
    size_t text_bytes;                     /* of what is held, the head not counted */
    unsigned lines;                        /* 0: nothing is held */
    uint64_t truncated_bytes, offset, end; /* end: of the pieces that follow each other, */
    struct frame_span *more;               /* and the others, at most PARTIAL_SPANS_MAX; malloc'd */
    unsigned n_more;
};

/* All members are private. */
struct partial_join {
    enum partial_kind kind;
    size_t max_bytes;
    struct partial_held held[PARTIAL_STREAMS]; /* stdout, stderr */
    struct arena arena;
};

/* kind: not NONE. max_bytes: cap of a joined text. */
void partial_init(struct partial_join *j, enum partial_kind kind, size_t max_bytes);
void partial_done(struct partial_join *j);

enum partial_step {
    PARTIAL_HELD,  /* it waits for what follows */
    PARTIAL_WHOLE, /* *out is a whole line: mostly this one itself, else the one that it ends */
    PARTIAL_FIRST, /* *out is what was held and is whole without this line, which is to be fed again */
};
/* One line of the file. *out is valid until the next call and as long as the line. */
enum partial_step partial_feed(struct partial_join *j, const struct message *line, struct message *out);
/* The line that has waited longest, after an idle while; at the end to be called until false. */
bool partial_flush(struct partial_join *j, struct message *out);
/* Of which stream a line is, 0 or 1 as in `held`; -1 when it is not of the format. */
int partial_stream(struct partial_join *j, struct slice line);
/* Changes whenever the line that has waited longest gets another piece or is another one; 0: none waits. */
uint64_t partial_mark(const struct partial_join *j);
/* Gives back memory when nothing is held. */
void partial_trim(struct partial_join *j);

/* So much of the file may lie between the first piece of a line and the last: all of a text at the cap, escaped. */
static inline uint64_t partial_span(size_t max_bytes)
{
    return 8 * (uint64_t)max_bytes + (1 << 20);
}

#endif
