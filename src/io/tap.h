/*
 * tap: what became of each line, from the thread that judges to the one that shows it, while somebody watches.
 *
 * A ring of TAP_BYTES between one writer and one reader, without a lock: the writer never waits. For what there is no
 * room it is counted as skipped, and nothing else is done; the last quarter is kept for events and what flood control
 * held back, so that a busy log does not hide them. While it is closed, a line costs the writer one look at a flag
 * (tap_is_open), and the ring no memory. Texts are cut at TAP_TEXT_MAX, the message at TAP_MESSAGE_MAX bytes; they are
 * as the log has them, not scrubbed.
 */
#ifndef IO_TAP_H
#define IO_TAP_H

#include <stdatomic.h>

#include "base/count.h"
#include "parsers/record.h"

/* TAP_LINE_MIN: bytes that each line takes at least. */
enum { TAP_BYTES = 128 << 10, TAP_LINE_MIN = 40, TAP_TEXT_MAX = 255, TAP_MESSAGE_MAX = 2048 };

enum tap_text { TAP_INPUT, TAP_SOURCE, TAP_HOST, TAP_APP, TAP_PROJECT, TAP_RULE, TAP_MESSAGE, TAP_TEXTS };

struct tap_line {
    int64_t time_us;
    uint64_t issue; /* its key; 0: it belongs to none */
    enum format format;
    enum level level;
    enum count fate;
    struct slice texts[TAP_TEXTS];
};

struct tap {
    atomic_bool open;
    char *bytes;
    uint64_t seen;                             /* the reader's: how far the line is that it was given last */
    _Alignas(64) atomic_uint_fast64_t read;    /* all before it is free; written by the reader */
    _Alignas(64) atomic_uint_fast64_t written; /* by the writer, like: */
    atomic_uint_fast64_t skipped;
    uint64_t read_once; /* `read` as the writer saw it last: looked at again when there seems to be no room */
};

struct tap *tap_new(void);
/* After the writer has ended. NULL is allowed. */
void tap_free(struct tap *t);

/* For the writer. NULL: nobody ever watches. */
static inline bool tap_is_open(const struct tap *t)
{
    return t && atomic_load_explicit(&t->open, memory_order_relaxed);
}
/* Whether there is room for a line of this fate, however long; if not it is skipped. */
bool tap_has_room(struct tap *t, enum count fate);
/* After that. */
void tap_put(struct tap *t, const struct tap_line *l);

/* For the reader. What was put before it was opened is not given. */
void tap_open(struct tap *t, bool open);
/* The oldest line, whose texts are valid until the next call that says that there is none (false). */
bool tap_take(struct tap *t, struct tap_line *out);
/* How many lines had no room so far. */
uint64_t tap_skipped(const struct tap *t);

#endif
