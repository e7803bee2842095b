/*
 * tail_file: one tailed file: which bytes it is made of, how far they have been read, and whether more may
 * come.
 *
 * A file is awake (it has a descriptor) or asleep (known, with nothing to read). Its key and its offsets
 * belong to its bytes: they stay when the bytes move to another inode as a copy does. Owns descriptor, buffer
 * and names. Worker thread only; used by the files of tail.h alone.
 */
#ifndef IO_TAIL_FILE_H
#define IO_TAIL_FILE_H

#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/arena.h"
#include "core/stream.h"
#include "io/tail_packed.h"
#include "parsers/line_reader.h"

/* What tells it from others: its first head_bytes bytes, and where the file system keeps it. */
struct tail_id {
    uint64_t dev, ino;
    uint64_t head_hash; /* of an empty file: of the time when it was made, 0 where that is not known */
    uint32_t head_bytes;
};

struct tail_file {
    TAILQ_ENTRY(tail_file) all, ready, waiting, turn;
    struct tail_id id;
    uint64_t key;
    char *path;       /* path of the file; symbolic links are resolved */
    char *found;      /* the name the pattern found it by, or NULL */
    char *taken_from; /* the name of the input whose row goes when its own is written; NULL: none */
    char *source;     /* the first such name: what people know it by */
    int fd;           /* -1: asleep */
    int wd;           /* inotify's number for it, or -1 */
    uint64_t size, read_at;
    struct tail_packed *packed; /* awake, and compressed: size is what is known of the text, at least */
    uint64_t disk_bytes;        /* compressed: how long it is on the disk; else 0 */
    bool exhausted;             /* compressed, and of that length it has been read to its end */
    struct timespec
        mtime; /* time of the last change, with size, when the head was last compared; zero: compare it again */
    struct timespec touched; /* time of the last change that was seen */
    struct line_reader lines;
    uint64_t waits; /* line_reader_waiting when deadline was set */
    struct record_home home;
    struct stream stream;
    struct arena about;       /* memory of stream.container */
    uint64_t seen;            /* the last scan in which the pattern led here */
    int64_t missing_since;    /* ms; the search for it has been in vain while names changed; 0: it is not missing */
    int64_t quiet_since;      /* ms */
    int64_t opened;           /* ms */
    int64_t deadline;         /* ms; when what waits in the buffer is complete */
    struct tail_file *before; /* of the same log, to be read to its end first; NULL: none */
    bool is_before;           /* it is that of another */
    bool begun;               /* it has been read, in this run */
    bool rotated;             /* no name of the pattern leads here any more: rotated, deleted, or a copy taken over */
    bool checked;             /* asleep, and its bytes are those the store knows */
    uint64_t left_size;       /* what size was when the run before ended */
    bool left_open;           /* more could come to it then */
    bool newest;              /* it had the name of the log at the last look, */
    unsigned hole_own;        /* and this number at the last one, where others lacked (tail_holes.c), */
    int64_t hole_since;       /* ms; since then; 0: none does */
    bool unreachable;         /* asleep, and its file system seems not to be mounted */
    bool parked;              /* asleep because there are more files than descriptors; size and mtime are of then */
    bool emptied;             /* something has been written to the empty file, and taken away again */
    bool half;                /* what it waits for is the end of its last line, which may never come */
    bool is_ready, is_pending, is_in_turn, changed, gone;
};

TAILQ_HEAD(tail_files, tail_file);

/* Makes a file that is asleep. key 0: it gets a random one. source: the name of its log. */
struct tail_file *tail_file_new(uint64_t key, const struct line_reader_place *from, const char *path,
                                const char *source, size_t max_message_bytes);
/* Forgets what is in the buffer, and reads on from this offset. */
void tail_file_go_to(struct tail_file *f, const struct line_reader_place *from);
void tail_file_free(struct tail_file *f);
/* Wakes the file: fd is its own from now on, and st is of fd. Learns its path and its head. */
void tail_file_wake(struct tail_file *f, int fd, const struct stat *st, const char *path);
void tail_file_sleep(struct tail_file *f);
/* Whether a file that is asleep, and was found to be fd, has more than was read of it. */
bool tail_file_has_more(const struct tail_file *f, int fd, const struct stat *st);
/* Returns how long the file has been, to the best of what is known. */
uint64_t tail_file_reach(const struct tail_file *f);

enum tail_look {
    TAIL_LOOK_SAME,      /* nothing new */
    TAIL_LOOK_MORE,      /* size is greater than read_at */
    TAIL_LOOK_TRUNCATED, /* what was read from it is no longer there */
    TAIL_LOOK_BAD,       /* errno says why */
};
/* Notes the time of the last change of a file whose head has just been compared; false from same_time: it has changed
   since, or may have. */
void tail_file_compared(struct tail_file *f, const struct stat *st);
bool tail_file_same_time(const struct tail_file *f, const struct stat *st);
/* Looks at size and head. thorough: also compares a head whose size and time have not changed. */
enum tail_look tail_file_look(struct tail_file *f, bool thorough);
/* Reads up to max bytes into the buffer. 0 at the end of the file, -1 and errno on failure. */
ssize_t tail_file_read(struct tail_file *f, size_t max);
/* Whether the file's name is still there. One that has been renamed has its new name in f->path, and *renamed is
   true. */
bool tail_file_linked(struct tail_file *f, bool *renamed);

/* Learns the head of a file that is `size` bytes long. */
void tail_head_learn(int fd, uint64_t size, struct tail_id *id);
/*
 * Whether bytes are the same. What cannot be read at this moment says nothing: who takes it for other bytes reads a
 * file a second time, or takes a rotated one for a new one. It is looked at again at the next scan.
 */
enum tail_match { TAIL_MATCH_SAME, TAIL_MATCH_OTHER, TAIL_MATCH_UNREADABLE };
/* Compares the first bytes of fd with those of id. */
enum tail_match tail_head_match(int fd, const struct tail_id *id);
/* The same of a file of which these are the first bytes. */
bool tail_head_is(struct slice first, const struct tail_id *id);
/* Compares what both files hold in [0, to), as far as the head and the last block of it show. */
enum tail_match tail_bytes_match(int a, int b, uint64_t to);
/* Finds the byte after the last LF before `size`; 0 when there is none. False: it could not be read. */
bool tail_after_last_lf(int fd, uint64_t size, uint64_t *after);
/* Returns the first byte that is not NUL: a writer that writes on at its old position after a truncation leaves a hole
   before it. */
uint64_t tail_after_hole(int fd, uint64_t size);

enum tail_writers { TAIL_WRITERS_NONE, TAIL_WRITERS_SOME, TAIL_WRITERS_UNKNOWN };
/* Says whether anyone has the file open for writing. */
enum tail_writers tail_writers(int fd);

#endif
