/*
 * event_source: what one event is made of. Plain values; the slices and pointers belong to the caller and live while
 * the event is written.
 */
#ifndef CORE_EVENT_SOURCE_H
#define CORE_EVENT_SOURCE_H

#include "core/breadcrumbs.h"
#include "core/forwarded.h"
#include "core/trace.h"
#include "core/verdict.h"

/* A summary instead of an occurrence (flood control). */
struct event_summary {
    uint64_t suppressed; /* 0: this is no summary */
    int64_t first_us, last_us;
    struct slice top; /* JSON of top_values_show, or nothing */
};

/* What an event says that is made because a line did not come. */
struct event_deadline {
    const struct rule *rule; /* NULL: the event is none of those */
    int64_t since_us;        /* when the line or the start came last; RECORD_NO_TIME: never */
    unsigned times;          /* pair: how often it started */
};

/* What the access line of its request says, as far as it is found (access_join.h). */
struct event_access {
    struct slice transaction_id; /* nginx $request_id */
    struct slice request, agent, referrer;
    unsigned status; /* 0: not known */
    bool by_client;  /* known by the client alone */
    bool by_path;    /* by the path that the error names */
};

/* Everything an event is made of. */
struct event_source {
    char event_id[33];
    const struct record *record;
    const struct trace *trace;       /* that the record holds; NULL: none */
    const struct verdict *verdict;   /* with its texts: the rule's templates filled in, or the fallback's */
    const struct breadcrumb *crumbs; /* in time order */
    unsigned n_crumbs;
    unsigned crumbs_seen; /* how many there were before the cap; _meta says so */
    struct event_access access;
    struct slice source; /* file or address it came from */
    struct slice input;  /* whose share of the store it uses; it lives as long as the input. Empty: nobody's */
    bool written_open;   /* the open form of this event has been emitted */
    int64_t received_us; /* time of the event when the record has none, or one in the future */
    struct event_summary summary;
    struct event_deadline deadlines;
    const struct forwarded_limits *forward; /* it has yet to pass the limiter of another crumbd; NULL: it has passed */
};

#endif
