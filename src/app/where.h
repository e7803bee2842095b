/*
 * where: what became of a line of a file, or of an event, as the store has it (io/store_fates.h). For `crumbd where`,
 * beside a running daemon or without one. All answers are of one moment. One thread.
 */
#ifndef APP_WHERE_H
#define APP_WHERE_H

#include "io/store_fates.h"
#include "parsers/line_reader.h"

/* A file of which something is known. */
struct where_file {
    uint64_t key;
    bool live;                   /* it is read on */
    struct line_reader_place at; /* up to where it was read, and what waits of it */
    uint64_t forgotten;          /* before this nothing is known any more; 0: all is */
    const char *path;            /* where it was seen last */
};

struct where;

/* NULL: the store cannot be read, or nothing was ever kept in it; store_error says why. It uses the store. */
struct where *where_new(struct store *s);
void where_free(struct where *w);

/* --- where_file.c --- */

/* A file that is open for the questions about it. */
struct where_open {
    char *path; /* as it was given */
    int fd;     /* -1: it cannot be read */
    int error;  /* then: why */
    uint64_t size;
    bool packed;                   /* by gzip: its lines can be counted, and nothing else is read of them */
    bool by_lines;                 /* its lines end with a line feed of one byte */
    const struct where_file *file; /* NULL: none that is known */
};

/* Opens it and finds out which file of the store it is: by its inode and its first bytes, else, as a copy is, by these
 * alone; where it cannot be read, by its name. */
void where_open(struct where *w, const char *path, struct where_open *out);
void where_close(struct where_open *o);
/* Where the n-th line begins, the first being 1. False: there are fewer. */
bool where_line_begins(const struct where_open *o, uint64_t n, uint64_t *offset);
/* Shrinks the range to the line in it that has the byte at offset, as far as the file can be read. */
void where_line_of(const struct where_open *o, uint64_t offset, struct fate_range *range);
/* The beginning of what stands there, in the arena. */
struct slice where_text(const struct where_open *o, const struct fate_range *range, struct arena *a);

/* --- where.c --- */

enum { WHERE_REMARKS_MAX = 32, WHERE_EVENTS_MAX = 32 };

enum where_kind {
    WHERE_KNOWN,     /* its range says it */
    WHERE_HELD,      /* it waits for the lines after it */
    WHERE_UNREAD,    /* it has not been read */
    WHERE_BEFORE,    /* reading began behind it, or nothing was kept yet when it was read */
    WHERE_FORGOTTEN, /* not known any more */
    WHERE_NO_LINE,   /* it is part of none: NULs, a mark in front of a line */
};

struct where_event {
    const struct where_file *file;
    uint64_t offset, issue;
    unsigned number; /* the ordinal of its id */
};

struct where_answer {
    enum where_kind kind;
    struct fate_range range;
    struct fate_range remarks[WHERE_REMARKS_MAX]; /* about the line that the range begins with */
    unsigned n_remarks;
    struct where_event events[WHERE_EVENTS_MAX]; /* of which it is a breadcrumb; the first ones */
    unsigned n_events;
};

/* What became of the byte at this place of the file. False: the store cannot be read. */
bool where_ask(struct where *w, const struct where_file *file, uint64_t offset, struct where_answer *out);
/* Calls back for every range and remark that is known of a file, in the order in which they were decided. */
bool where_each(struct where *w, const struct where_file *file, void (*each)(void *u, const struct fate_range *r),
                void *u);
const struct where_file *where_file_of(const struct where *w, uint64_t key);
void where_event_id(const struct where *w, const struct where_event *e, char out[33]);
/* Which line became this event. False: that is not known. */
bool where_find_event(struct where *w, const char *event_id, struct where_event *out);
/* How the event left the outbox, and when; NULL: it has not, or that is known no longer. */
const struct store_departure *where_departed(struct where *w, const char *event_id);
/* The lines that were joined to the one at offset, and how many bytes they have. */
struct where_joined {
    uint64_t from, to, bytes;
};
struct where_joined where_joined(struct where *w, const struct where_file *file, uint64_t offset);

#endif
