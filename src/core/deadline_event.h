/*
 * deadline_event: the events of what did not come (absence, pair), and the words for Sentry's monitors.
 *
 * deadline keeps what is waited for; here its rows are made of records, scrubbed, with what the rule caught in them,
 * and an event is made of a row when its time is over. Bounds are those of deadline.h. One thread.
 */
#ifndef CORE_DEADLINE_EVENT_H
#define CORE_DEADLINE_EVENT_H

#include "core/flood_gate.h"

enum { DEADLINE_EVENTS_MOST = 64 }; /* made in one call, so that the caller can take them away */

struct deadline_events {
    struct pipeline_parts *parts;
    struct flood_gate *gate;
    struct breadcrumbs *breadcrumbs;
    struct deadline *deadlines;
    struct record past; /* of the line that something is overdue since */
    struct sbuf encoded;
    bool any; /* some rule waits: else that costs no line anything */
    bool stalled;
};

/* It is not to be moved afterwards. */
void deadline_event_init(struct deadline_events *d, struct pipeline_parts *parts, struct flood_gate *gate,
                         struct breadcrumbs *breadcrumbs);
void deadline_event_done(struct deadline_events *d);
/* These rules take the place of those before (deadline_use). */
void deadline_event_use(struct deadline_events *d, const struct rule_set *rules);

/* The record is a line of an absence, or the start of a pair: its rule waits (rule_waits). */
void deadline_event_wait(struct deadline_events *d, const struct message *m, const struct record *r,
                         const struct correlation *keys, const struct verdict *v);
/* The record is the end of these pairs. */
void deadline_event_end(struct deadline_events *d, const struct stream *s, const struct rule_end *ends);
/* Makes at most DEADLINE_EVENTS_MOST events, all where records are the clock. Returns when it wants to be called next,
 * INT64_MAX: never. */
int64_t deadline_event_tick(struct deadline_events *d);
/* Inputs do not read, or are behind: meanwhile nothing that does not come is missed. */
void deadline_event_stall(struct deadline_events *d, bool stalled);

/* As the store remembers it, before the first message: first the clock, then the rows in the order of since_us. */
void deadline_event_restore_clock(struct deadline_events *d, int64_t clock_us);
void deadline_event_restore(struct deadline_events *d, const struct deadline_row *row);
/* The clock to be kept with a checkpoint; -1: nothing is waited for. */
int64_t deadline_event_clock(const struct deadline_events *d);
/* Hands the rows that changed to hooks.deadline_row, if there is one. */
void deadline_event_tell(struct deadline_events *d);

#endif
