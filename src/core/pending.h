/*
 * pending: promoted records until the lines after them have come or their time is over.
 *
 * First in, first out: all wait equally long, so the oldest is always due first. Each is found by its connection,
 * request, weak or client key, or by its ring when it has none but the last of them, in constant time however many
 * wait. Owns deep copies. One thread.
 */
#ifndef CORE_PENDING_H
#define CORE_PENDING_H

#include <sys/queue.h>

#include "base/table.h"
#include "core/event.h"

enum { PENDING_KEYS = 5 };

struct pending_link {
    struct pending *w;
    struct pending_link *next, **back;
    uint64_t key;
};

struct pending {
    struct arena arena; /* everything below lives in it */
    struct event_source src;
    struct record *record;
    struct verdict verdict;
    struct event_texts texts;
    struct breadcrumb *crumbs;
    unsigned n_crumbs, cap_crumbs;
    unsigned after;                     /* lines that came after the event; */
    uint64_t log_key;                   /* of its stream: the file's, or of a log that is none (stream_file) */
    uint64_t file_key, offset, reached; /* where its own begins; where the last of them in the same file ends, or 0 */
    enum pending_access {
        PENDING_ACCESS_NONE,
        PENDING_ACCESS_BEFORE, /* src.access is of a line that was read before the event */
        PENDING_ACCESS_AFTER,
        PENDING_ACCESS_UNSURE, /* of two lines, each of which may be of its request: of none */
    } access;
    struct correlation keys;
    struct shared_asked *asked; /* while members are asked whether it passes (shared.h) */
    int64_t due_us;
    bool tried_open; /* the open form was tried, whatever came of it: a form that is too large may fit later, but is not
                        tried at each checkpoint */
    uint64_t touched; /* number of the last line given to it */
    size_t accounted; /* bytes of its arena that the list's bytes have */
    struct pending_link links[PENDING_KEYS];
    TAILQ_ENTRY(pending) by_age;
};

struct pending_list {
    TAILQ_HEAD(, pending) by_age; /* the oldest first */
    struct table by_key;          /* of struct pending_link, the first of its key */
    unsigned n;
    size_t bytes; /* of all arenas, lines that came after included */
};

void pending_list_init(struct pending_list *l);
/* Frees the events that wait as well. */
void pending_list_done(struct pending_list *l);
/* Returns the event that waits longest; NULL: nothing waits. */
static inline struct pending *pending_oldest(const struct pending_list *l)
{
    return TAILQ_FIRST(&l->by_age);
}

/* Copies record and verdict, which has its texts; the caller fills in the breadcrumbs and the rest of src. cap_crumbs:
   room for all breadcrumbs it may ever have. */
struct pending *pending_new(const struct record *r, const struct verdict *verdict, unsigned cap_crumbs);
void pending_add(struct pending_list *l, struct pending *w);
/* Takes the event out of the list; the caller frees it. */
void pending_take(struct pending_list *l, struct pending *w);
void pending_free(struct pending *w);
/* A line that came after an event. */
struct pending_line {
    const struct options *opt;
    uint64_t number; /* number of the line: an event that is found by several of its keys takes it once */
    const struct record *record;
    const struct breadcrumbs_line *line; /* what breadcrumbs remember of it */
    uint64_t end;                        /* of it in its file */
};

/* Gives the line to every event of the same domain that waits for a line with these keys: as a breadcrumb, if it was
   written within the time that is waited, and from an access line also id and status. */
void pending_give_line(struct pending_list *l, const struct correlation *k, const struct pending_line *in);

#endif
