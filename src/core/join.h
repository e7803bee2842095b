/*
 * join: lines of a stack trace that came as records of their own become one record.
 *
 * What was taken off its carrier (syslog, GELF, JSON, Docker, journald) is asked for before rules judge. A record that
 * begins a trace (trace.h), or may introduce one - its level is warning or worse, or its text ends in a colon - is
 * held: a copy of it waits for the lines that follow in its stream, at most join.wait after the last of them and
 * JOIN_AGE_MAX_US in all. Lines are of one stream when file, connection, container, host, program and process agree; in
 * it each thread that lines name is a speaker of its own, and a line that names none is of whoever spoke last.
 *
 * What is held is released in one piece, with all its lines, to whoever disposes of records; provisional lines (of
 * which nothing tells that they belong to it) come back as records of their own. Bounds: lines and bytes of a record by
 * the input's options, and then lines of its middle go; JOIN_HELD_MAX records and JOIN_BYTES_MAX bytes in all, and then
 * the oldest is released early, that of the domain that has more than half, if one has. Each is counted. Of a trace
 * that was released the rest of the lines is swallowed, of JOIN_SPENT_MAX at a time, which takes a KiB each: as long as
 * they come in time all that goes on with it, and for five seconds more what can be nothing but a line of a trace.
 * Owns its copies. Pure; one thread.
 *
 * A crash takes nothing of it: of a file what is held is read again, of anything else the store has it as rows; and of
 * what is swallowed once a line has been, the store has enough to go on.
 */
#ifndef CORE_JOIN_H
#define CORE_JOIN_H

#include <sys/queue.h>

#include "base/count.h"
#include "base/hash.h"
#include "core/join_row.h"
#include "core/scrub.h"
#include "core/stream.h"
#include "core/trace.h"

enum { JOIN_HELD_MAX = 16384, JOIN_BYTES_MAX = 37 << 20, JOIN_SPENT_MAX = 16384, JOIN_ROWS_BYTES_MAX = 2 << 20 };
#define JOIN_AGE_MAX_US INT64_C(5000000)
#define JOIN_UNREAD_MAX_US INT64_C(60000000)
#define JOIN_RESTORED_WAIT_US INT64_C(2000000) /* its sender has to find its way back */

/* What join says of an input when nothing else is said. */
extern const struct join_options join_defaults;

/* A record without a fate yet. Its message is all of its joined text. Valid during the call that hands it out. */
struct join_line {
    struct record *record;
    struct message message; /* the first of it; its text is what that line was, or the beginning of that */
    int64_t received_us;    /* by the wall clock */
    uint64_t behind;        /* lines that came after it have this number or a higher one */
    bool blank;             /* an empty line: there is nothing in the record but where it came from */
    bool alien;             /* not of its stream's format: it may go on with what is held, and begins nothing */
    bool trace;             /* set by join: there is one in it for sure, as far as its lines have told */
};

/* The grammars, and this thread's memory to match by them. */
struct trace_engine {
    const struct trace_set *set;
    struct trace_scratch *scratch;
};

struct join_setup {
    struct counts *counts;
    struct hash_secret secret; /* the same in each run that has the same store */
    uint64_t run_key;          /* part of the ids of events of lines that cannot be read again */
    struct scrub *scrub;
    bool record_clock; /* time is that of the records, whose stamps may have no fraction: waits a little longer */
    void *u;
    /* Whether a trace may begin in the line: false is for sure. NULL: join looks by itself. */
    bool (*may_open)(void *u, const struct join_line *line);
    /* Called from within feed, tick, use and flush, in the order in which the records came. */
    void (*release)(void *u, const struct join_line *line);
    /* The line is one of the record that begins in this file at this offset. NULL: nobody cares. */
    void (*joined)(void *u, const struct message *m, uint64_t file_key, uint64_t offset);
    join_row_f *row; /* NULL: nothing is kept */
};

struct join;

/* The engine may change while nothing is held. */
struct join *join_new(const struct join_setup *setup, const struct trace_engine *engine);
/* Forgets what is held. */
void join_free(struct join *j);

/* False: it is no part of a trace; the caller disposes of it at once. True: it is held, or joined to what is held. */
bool join_feed(struct join *j, struct join_line *line, int64_t now_us);
/* Whether anything is held, or swallowed, that a line of the stream may be part of; NULL: of any. A blank line needs to
 * be fed then. */
bool join_waits_for(const struct join *j, const struct stream *s);
/* Releases what has waited long enough. Returns when the next will have, INT64_MAX: nothing waits. */
int64_t join_tick(struct join *j, int64_t now_us);
/* More of this file has come and waits for its turn to be read, or no longer: meanwhile what is held of it is not due,
 * for at most JOIN_UNREAD_MAX_US. */
void join_unread(struct join *j, uint64_t file_key, bool unread);
/* Reading pauses, for nothing of what is made can be stored; or it goes on. The same holds for all that is held. */
void join_stall(struct join *j, bool stalled);
/* Returns when the next will have, as join_tick, and releases nothing. */
int64_t join_due(const struct join *j);
/* Releases what is held of this file. */
void join_leave(struct join *j, uint64_t file_key);
/* Releases everything: at the end of input, at exit. */
void join_flush(struct join *j);
/*
 * Before a checkpoint: tells the rows that have changed of what is held and cannot be read again. Those of them that
 * are over JOIN_ROWS_BYTES_MAX are not kept, and counted; where reading goes on behind them (stream.by_position) they
 * are released.
 */
void join_checkpoint(struct join *j);
/* Puts back what the store has, before the first line: it waits for the lines that still come of its stream, at least
 * JOIN_RESTORED_WAIT_US. Returns how many lines have no fate yet; 0: it cannot be read. */
unsigned join_restore(struct join *j, const struct join_row *row, int64_t now_us);

/* Lines fed that have no fate yet, also not `joined`. */
uint64_t join_open(const struct join *j);
/* Where records of this file begin that are held, or lines of one that began in the file before it, ascending, at most
 * so many; how many comes back. After a crash they are read again from there; of the lines between, which come again as
 * well, only those that continue one are taken (MESSAGE_AGAIN). */
unsigned join_held(const struct join *j, uint64_t file_key, uint64_t *offsets, unsigned max);

/* --- join_key.c --- */

struct join_key {
    uint64_t stream;
    uint64_t speaker; /* the thread, or the process in what it says itself; 0: the line names none */
};

enum { JOIN_SLOT_BITS = 10, JOIN_SLOTS = 1 << JOIN_SLOT_BITS };

/* Returns a number from 1 to JOIN_SLOTS for who speaks, the same for the same; 0 where key.speaker is. It is cheap, and
 * a sender can choose names with the same one. */
unsigned join_speaker_slot(const struct record *r);
struct join_key join_key_of(const struct hash_secret *secret, const struct stream *s, const struct record *r);

#endif
