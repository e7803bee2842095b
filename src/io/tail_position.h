/*
 * tail_position: what the store keeps of a tailed file, as text that its upgrade in SQL can make and a person can read:
 *
 *   part  the file's key, 16 hex digits
 *   blob  file1 DEV INO HEAD_BYTES HEAD_HASH HELD HELD PATH     numbers in hex, one space each; the path is the rest;
                                                               of no head the hash is that of struct tail_id
 *         file2 DEV INO HEAD_BYTES HEAD_HASH HELD HELD N BEGIN… PATH     where messages begin at N places that waited
 *                                                               for lines (line_reader.h)
 *         file3 DEV INO HEAD_BYTES HEAD_HASH HELD HELD SIZE OVER N BEGIN… PATH     how long it was when it was looked
 at
 *                                                               last; 1 when it was rotated and nobody wrote to it
 *
 * Pure. What comes back may be anything: read takes what write makes and nothing else.
 */
#ifndef IO_TAIL_POSITION_H
#define IO_TAIL_POSITION_H

#include "base/sbuf.h"
#include "io/position.h"
#include "io/tail_file.h"

enum { TAIL_POSITION_MAX = 8192 };

struct tail_position {
    uint64_t key; /* random, made at first sight */
    struct tail_id id;
    struct line_reader_place at;
    bool sized; /* size and over are known: rows of older versions, and of files of the past, lack them */
    uint64_t size;
    bool over;
    struct slice path; /* where it was last seen */
};

/* False: it is not the row of a file. out->path points into p. */
bool tail_position_read(const struct position *p, struct tail_position *out);
/* 1 to 16 lower-case hex digits. */
bool tail_position_hex(struct slice s, uint64_t *out);
/* Adds part and blob to out, which *p points into then; p->input is left alone. */
void tail_position_write(const struct tail_position *at, struct sbuf *out, struct position *p);

#endif
