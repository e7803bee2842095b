/*
 * partition_position: how far a partition of Kafka, or a stream of Redis, has been judged, as the store keeps it and as
 * it is committed there; and how far back another reader has to begin so as to know what this one knew.
 *
 * Before `offset` every message has its fate. From `low` on they are what breadcrumbs are made of, so that whoever goes
 * on there reads them once more, without judging. Pure.
 */
#ifndef IO_PARTITION_POSITION_H
#define IO_PARTITION_POSITION_H

#include "base/sbuf.h"

enum { PARTITION_BEGINS_MAX = 64, PARTITION_POSITION_TEXT_MAX = 2048 };

struct partition_position {
    uint64_t offset;
    uint64_t low;     /* at most offset */
    bool cut;         /* breadcrumbs reach further back than low */
    int64_t time_us;  /* of the message before offset; 0: there is none, or it is not known. One that has another is of
                         another topic, made under the same name */
    uint64_t cluster; /* hash of its id */
    uint64_t
        begins[PARTITION_BEGINS_MAX]; /* messages before offset that wait for lines after them (join.h), ascending */
    unsigned n_begins;
};

/* Appends the text: all but the offset. */
void partition_position_write(const struct partition_position *at, struct sbuf *out);
/* Reads the text that stands beside an offset. False: it is none, and *out is as it was. */
bool partition_position_read(struct slice text, uint64_t offset, struct partition_position *out);

/* How far back is read again: whichever is least. */
enum { PARTITION_BACK_MESSAGES = 10000, PARTITION_BACK_BYTES = 10 << 20 };
enum { PARTITION_MARK_MESSAGES = 128, PARTITION_MARK_BYTES = 128 << 10 };
enum {
    PARTITION_MARKS =
        PARTITION_BACK_MESSAGES / PARTITION_MARK_MESSAGES + PARTITION_BACK_BYTES / PARTITION_MARK_BYTES + 2
};

/* Where some of the messages of a partition stand, the last PARTITION_BACK_MESSAGES or PARTITION_BACK_BYTES of them.
 * All zero is an empty one. */
struct partition_trail {
    struct partition_mark {
        uint64_t offset;
        int64_t time_us;
        uint64_t messages, bytes; /* of all before it */
    } mark[PARTITION_MARKS];      /* a ring */
    unsigned first, n;
    uint64_t messages, bytes;
    bool forgot; /* an older mark */
};

/* A message of so many bytes has been read. */
void partition_trail_add(struct partition_trail *t, uint64_t offset, int64_t time_us, size_t bytes);
/* Returns where to begin so as to have all messages since a time, as far as the bounds allow; `end` when there are
 * none. *cut: there were more. */
uint64_t partition_trail_low(const struct partition_trail *t, int64_t since_us, uint64_t end, bool *cut);

#endif
