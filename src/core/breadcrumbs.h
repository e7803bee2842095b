/*
 * breadcrumbs: the recent lines of every stream, from which the breadcrumbs of an event are taken.
 *
 * A ring for each coarse stream (worker process, container, unit, file); an entry holds a line's time, level and text
 * and up to three 64-bit keys (connection, request, weak request). Lines are kept in bytes, not pieces: rings grow by
 * doubling to RING_MAX and all together stay under the memory cap, the ring used longest ago giving way first. Pushing
 * a line copies it once and allocates nothing in the steady state. One thread.
 */
#ifndef CORE_BREADCRUMBS_H
#define CORE_BREADCRUMBS_H

#include "base/arena.h"
#include "parsers/record.h"

struct breadcrumbs;

enum {
    BREADCRUMBS_TEXT_MAX = 1024,
    BREADCRUMBS_APP_MAX = 64,
    BREADCRUMBS_RING_MAX_BYTES = 256 * 1024,
    /* More candidates are not told: so many lines are in any ring that is full, and how many more is a matter of how
       they lie in it, which is another one for each that reads the same lines. */
    BREADCRUMBS_SEEN_MAX = 200
};

/* How a line can be found again. A key of 0 is absent. Lines of two domains never meet, whatever their keys. */
struct correlation {
    uint64_t domain;  /* the stream's */
    uint64_t ring;    /* coarse stream */
    uint64_t conn;    /* nginx host, pid and connection */
    uint64_t request; /* request or trace id */
    uint64_t weak;    /* client and request line: only within WEAK_WINDOW, and not of two connections */
    uint64_t client;  /* client alone: of a request that failed, for the error that waits (pending.h) */
};

/* Clocks of different writers, and stamps without a fraction, may be apart by so much. */
#define BREADCRUMBS_CLOCKS_US INT64_C(2000000)
#define BREADCRUMBS_WEAK_WINDOW_US BREADCRUMBS_CLOCKS_US

struct breadcrumb {
    int64_t time_us;
    int64_t shown_us; /* the time it is shown with: breadcrumbs_order */
    uint64_t seq;     /* order of arrival */
    enum format format;
    enum level level;
    bool connection, request; /* shares the record's; request also weakly, by client and request line */
    bool weak;                /* by these only */
    bool partial;             /* text as record.partial leaves it: its format's finish tells the message */
    bool by_file;             /* app is the name of a file: program.h makes a program's of it */
    uint32_t file;            /* low half of its file's key; 0: of none, and */
    uint64_t offset;
    struct slice app, text;
};

struct breadcrumbs *breadcrumbs_new(size_t memory_bytes);
/* Another bound from here on; what is above a smaller one goes with the next lines. */
void breadcrumbs_bound(struct breadcrumbs *t, size_t memory_bytes);
void breadcrumbs_free(struct breadcrumbs *t);
/* A line to remember; `app` is cut at 64 bytes, `text` at BREADCRUMBS_TEXT_MAX. */
struct breadcrumbs_line {
    int64_t time_us;
    enum format format;
    enum level level;
    bool partial, by_file;
    uint32_t file; /* as in struct breadcrumb */
    uint32_t log;  /* low half of the key of what it was read from, file or not; 0: unknown (breadcrumbs_forget) */
    uint64_t offset;
    uint64_t came; /* in the order in which lines came: one that was held is pushed later than those behind it */
    struct slice app, text;
};
void breadcrumbs_push(struct breadcrumbs *t, const struct correlation *k, const struct breadcrumbs_line *line);
/* Such a line will be pushed soon: the wait for memory passes meanwhile, which is a tenth of what an access line costs.
 */
void breadcrumbs_expect(const struct breadcrumbs *t, const struct correlation *k);
/* Forgets the lines of a log, in whatever ring they are. As long as a walk through all that is remembered. */
void breadcrumbs_forget(struct breadcrumbs *t, uint32_t log);
/* Which lines are asked for. */
struct breadcrumbs_want {
    const struct correlation *keys;
    int64_t time_us; /* of the record: none from after it (a log whose times jump, or clocks that differ), */
    int64_t oldest_us;
    uint64_t behind; /* `came` of the first line that may have come after it: it was held. 0: none has */
    unsigned after;  /* of those, beside max */
    unsigned max;    /* lines in all, */
    unsigned others; /* of them of other connections and requests, where the record has one */
    bool of_request; /* the record is a proxy's line about a request: so are others, which have no key */
};
/* Whether a text, such as HAProxy's and Envoy's access lines, has a request line in it. */
bool breadcrumbs_is_request(struct slice text);
/*
 * The lines that belong to a record, oldest first: first those that share its connection or request id (in any ring) or
 * weakly its request line, then the newest others of its ring. Texts are copied into the arena. *seen is how many
 * candidates there were, BREADCRUMBS_SEEN_MAX or max at most. Behind them stand the first of those that came after it,
 * *after in number: those of its own connection or request, or, where it has none, of its ring.
 */
unsigned breadcrumbs_collect(struct breadcrumbs *t, const struct breadcrumbs_want *want, struct arena *a,
                             struct breadcrumb *out, unsigned *seen, unsigned *after);
static inline bool breadcrumb_is_related(const struct breadcrumb *c)
{
    return c->connection || c->request;
}
/*
 * In the order of their times. Some logs have whole seconds: within one, a line without a fraction stands in front of
 * the first line with one that came behind it. The access line of the record's own request stands behind the other
 * lines of it, since a server writes it when the request has ended.
 */
void breadcrumbs_order(struct breadcrumb *v, unsigned n);
size_t breadcrumbs_bytes(const struct breadcrumbs *t);

#endif
