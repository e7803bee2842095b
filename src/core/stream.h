/*
 * stream: one source of messages in order: a tailed file, a connection, a socket's sender, standard input.
 *
 * Owned by the input that made it; the pipeline reads the identity and keeps the running state in it. No lock: one
 * worker.
 */
#ifndef CORE_STREAM_H
#define CORE_STREAM_H

#include "parsers/parser.h"

/* How lines of one stack trace are joined (join.h). */
struct join_options {
    bool on;
    int64_t wait_us; /* after the last line */
    unsigned lines;  /* of one record, */
    size_t bytes;    /* and of its text */
};

struct stream {
    /* Set by the input. */
    enum format format;             /* FORMAT_AUTO: each message is of the one that it looks like */
    const struct zone *zone;        /* for stamps without a zone */
    struct slice log_format;        /* nginx-access: text of the log_format directive, or empty */
    struct slice source;            /* path or address, for people */
    struct slice input;             /* the input's name: tag `input` */
    const struct record_home *home; /* NULL: nothing is known */
    struct slice peer;              /* sender's address, host of records that name none; empty for files */
    struct slice sender;            /* tag `peer`: the address, or uid, pid and unit; empty for files */
    uint32_t peer_pid;     /* sender's process on a unix socket, procid of records that name none; 0: not known */
    uint64_t domain;       /* lines of two domains never meet; 0 is `local` */
    bool remote;           /* the sender is another host */
    uint64_t network;      /* hash of its network address, by which shares go; 0: it is this host */
    bool trusted;          /* its fields may set reserved names */
    uint64_t file_key;     /* the store's key of a tailed file; 0: messages cannot be read again */
    const uint8_t *log_id; /* 16 bytes, of a log that others read as well: ids of its events are made with them instead
                              of the store's, so that whoever reads a message makes the same event. NULL: the store's */
    bool by_position;      /* it goes on behind the lines that were held then: the store has them */
    uint64_t run_key;      /* of a line that an earlier run has read: part of its events' ids; 0: this run's */
    uint64_t log; /* the same for all files of a log that is rotated, where it is known: what waits for lines at
                     the end of one goes on in the next. 0: it ends with the file */
    const struct container *container; /* whose log it is, or NULL */
    uint64_t ring;                     /* breadcrumb ring of records that name no finer one */
    const struct join_options *join;   /* the input's; NULL: nothing is joined */
    /* Kept by the pipeline. */
    struct parser_seen seen; /* last: of the last message, also where the format is known */
    struct stamp_memo memo;
    unsigned doubted; /* so many messages more may be lines of an entry of nginx's that began in one before */
    bool doubt_all;   /* of them also those that look like anything else */
    int64_t last_us;  /* time of the last record that had one, or RECORD_NO_TIME */
    enum {
        STREAM_CALLED_UNKNOWN,
        STREAM_CALLED_BY_FORMAT,
        STREAM_CALLED_BY_FILE
    } called; /* access lines: whether the format's category names the program (program.h) */
};

/* Returns the key of the file whose lines it has. 0: it is none, or a log of whatever many programs write. */
static inline uint64_t stream_file(const struct stream *s)
{
    return s->log_id ? 0 : s->file_key;
}

/* Returns where lines are one behind the other, in one file or several. */
static inline uint64_t stream_log(const struct stream *s)
{
    return s->log && !s->container ? s->log : s->ring;
}

#endif
