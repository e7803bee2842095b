/*
 * old_log: one file of in_backfill: which log it is, how far it has been read, and how its lines are understood.
 *
 * A log is told by its first bytes and by the last ones that were read of it, whatever its name and whether it is
 * compressed. Owns its descriptor, buffers and texts. Worker thread only, but for the start; used by in_backfill alone.
 */
#ifndef IO_OLD_LOG_H
#define IO_OLD_LOG_H

#include "base/arena.h"
#include "io/in_backfill.h"
#include "io/in_tail.h"
#include "io/old_file.h"
#include "io/tail_position.h"
#include "parsers/line_reader.h"

enum {
    OLD_LOG_READ_BYTES = 64 << 10,   /* at once */
    OLD_LOG_FIRST_BYTES = 256 << 10, /* in which its first time is looked for */
    OLD_LOG_CHECK_BYTES = 1024,      /* that must be the same where reading goes on */
};

/* The last bytes of the log that were read, which tell it from another one with the same head. */
struct old_log_check {
    uint64_t at; /* place behind them; 0: nothing was read */
    uint64_t hash;
};

struct old_log {
    struct backfill_file *to;
    struct old_file file;
    char *path; /* symbolic links are resolved */
    char head[TAIL_HEAD_MAX];
    uint32_t head_bytes;
    int64_t first_us; /* time of its first record that has one, else of the file */
    bool goes_on;     /* its first line names no time: it may go on with what the file before it ends with */
    uint64_t rotated; /* the same for the files of a rotated set */
    enum {
        OLD_LOG_WAITS,    /* for its time, or for room */
        OLD_LOG_COMPARES, /* whether it is the one that the store knows */
        OLD_LOG_READS,
        OLD_LOG_ENDS, /* what is in the buffer is handed on */
        OLD_LOG_ENDED
    } state;
    uint64_t key;
    struct line_reader_place place; /* where reading begins; OLD_LOG_ENDED: ended */
    struct line_reader lines;       /* READS, ENDS */
    struct stream stream;
    struct record_home home;
    struct arena about; /* memory of stream.container */
    struct old_log_check check;
    char last[OLD_LOG_CHECK_BYTES]; /* of the bytes read */
    size_t n_last;
    uint64_t old_key; /* whose row goes; 0: none */
    bool matched;     /* to a row of the store, */
    bool by_name;     /* which has its name */
    bool changed;
};

/* What the store has of a log. */
struct old_log_known {
    struct tail_position at;
    struct old_log_check check;
    int64_t last_us;
    bool done;
};

/* Opens it, finds its first time and how its lines are understood. False: *why says it; the caller frees it. Until the
   struct has its final place, stream.home is not set. */
bool old_log_open(struct old_log *l, struct backfill_file *to, int64_t now_us, char **why);
void old_log_done(struct old_log *l);
/* Two given files hold the same: a name and a link to it, or a copy that was compressed. */
bool old_log_is_copy(const struct old_log *a, const struct old_log *b);

/* A row of the store. False: it is none of a log. */
bool old_log_read_row(const struct position *p, struct old_log_known *out);
/* Adds part and blob to the buffers, which *p points into then. done: all that it holds has been judged. */
void old_log_write_row(const struct old_log *l, const struct line_reader_place *at, bool done, struct sbuf *part,
                       struct sbuf *blob, struct position *p);
/* Whether the log begins like the one that the store knows, and is as long as what was read of that. */
bool old_log_begins_like(const struct old_log *l, const struct old_log_known *k);
/* It is the one that the store knows, and is read on from there; or, `again`, once more from its beginning. */
void old_log_take(struct old_log *l, const struct old_log_known *k, bool again);

/* Begins to read it, or to compare what the store knows. before: the file of its rotated set that ends where it begins;
   NULL: there is none, or another one is between them. */
void old_log_begin(struct old_log *l, const struct old_log *before);
/* Goes on comparing. False: it cannot be read, as old_file_read says. In the end its state is another one. */
bool old_log_compare(struct old_log *l);
/* Reads into the buffer; as old_file_read. */
ssize_t old_log_read(struct old_log *l);
/* It has a buffer, and a place of now. */
static inline bool old_log_is_read(const struct old_log *l)
{
    return l->state == OLD_LOG_READS || l->state == OLD_LOG_ENDS;
}
/* Nothing more is read of it. */
void old_log_end(struct old_log *l, enum backfill_fate fate);

#endif
