/*
 * forwarded: what the first of two steps tells the second (forward, format: envelope), one message each.
 *
 * Three lines, as Sentry's envelopes have them (core/envelope.h): a header, the header of one item, its payload.
 *
 *   {"event_id":"…","crumbd":{"v":1,"from":"…","issue":"…","time":…,"level":"…","title":"…"}}
 *   {"type":"event","length":N}
 *   N bytes, with or without an LF behind them
 *
 * type: event, an event as it would be posted, with contexts.crumbd.forward for the limiter that it has yet to pass;
 * crumbd.count, a number of occurrences of an issue of which no event comes; check_in, a word for a monitor. Nothing in
 * it is of the moment at which it is sent: what is sent again is equal in all bytes. from and issue are 16 hex digits:
 * whose event_id it is, and the issue's key, which is the message's key in Kafka as well. time is in microseconds.
 *
 * Who reads it takes any bytes: bounded are the lines (FORWARDED_HEADER_MAX), the payload (FORWARDED_PAYLOAD_MAX), its
 * depth (JSON_DEPTH_MAX) and every number. Pure.
 */
#ifndef CORE_FORWARDED_H
#define CORE_FORWARDED_H

#include "base/arena.h"
#include "base/sbuf.h"
#include "core/line_runs.h"
#include "parsers/level.h"

enum {
    FORWARDED_HEADER_MAX = 8192,
    FORWARDED_PAYLOAD_MAX = 1 << 20,
    FORWARDED_BYTES_MAX = FORWARDED_PAYLOAD_MAX + 2 * FORWARDED_HEADER_MAX,
    FORWARDED_TITLE_MAX = 1024, /* bytes */
    FORWARDED_PROJECT_MAX = 256
};
/* Of one count: more did not occur. */
#define FORWARDED_COUNT_MAX (INT64_C(1) << 50)

enum forwarded_kind { FORWARDED_EVENT, FORWARDED_COUNT, FORWARDED_CHECK_IN, FORWARDED_KINDS };

struct json;

/* What the limiter of the second step must know of an occurrence beside its issue. */
struct forwarded_limits {
    struct slice project; /* name in sentry.projects; empty is the default one */
    unsigned burst;       /* of its rule; 0: as the second step says */
    int64_t period_us;    /* the same */
    bool constant;        /* the fingerprint holds nothing of the line */
    bool remote;          /* the line came from another host */
    struct line_run line; /* of an event: the one that it is of, if others may read it as well (core/line_runs.h) */
};

struct forwarded {
    enum forwarded_kind kind;
    char event_id[33]; /* of the event, the count or the monitor */
    uint64_t from, issue;
    int64_t time_us;
    struct slice level, title;
    struct slice payload; /* as it came; JSON */
    /* What forwarded_read finds in the payload. */
    struct forwarded_limits limits;
    struct slice peer; /* tag of an event; empty: none */
    uint64_t n;        /* of a count, 1 at least */
    int64_t first_us, last_us;
    struct line_run *lines; /* of a count: those of the n that others may read as well */
    unsigned n_lines;
};

/* False, and out has what there was room for: it does not fit. */
bool forwarded_write(const struct forwarded *f, struct sbuf *out);
/* Writes the object of a count's payload: n, first_us, last_us, limits and lines. */
void forwarded_write_count(const struct forwarded *f, struct sbuf *out);
/* The member of that name, where there are any: `lines`. */
void forwarded_put_lines(struct json *j, const struct line_run *v, unsigned n);
/* Slices are of the text or the arena. False: *reason says why it is none; f is not to be used. */
bool forwarded_read(struct slice text, struct arena *a, struct forwarded *f, const char **reason);

#endif
