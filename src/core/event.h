/*
 * event: one promoted record as Sentry's event JSON. Pure; everything it says comes from its arguments.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/options.h"
#include "core/rule.h"
#include "core/scrub.h"
#include "core/trail.h"

enum { EVENT_BYTES_MAX = 1000000 }; /* what Relay, Bugsink and GlitchTip all take: 1 MiB less a margin */

/* Everything an event is made of. */
struct event_source {
    char event_id[33];
    const struct record *record;
    const struct shape *shape;       /* the rule's templates filled in, or the fallback's */
    const struct crumb *crumbs;      /* in time order */
    unsigned n_crumbs;
    unsigned crumbs_seen;            /* how many there were before the cap; _meta says so */
    struct slice transaction_id;     /* nginx $request_id, from the access line */
    unsigned response_status;        /* from the access line, 0 unknown */
    int64_t received_us;             /* time when the record has none */
};

/* Writes the JSON object, at most EVENT_BYTES_MAX bytes; leaves out breadcrumbs when it would be longer. False: it does not fit
   even so. */
bool event_write(const struct event_source *src, const struct options *opt, struct scrub *scrub, struct sbuf *out);

#endif
