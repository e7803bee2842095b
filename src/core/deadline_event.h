/*
 * deadline_event: the events of what did not come (absence, pair), and the words for Sentry's monitors.
 *
 * deadline keeps what is waited for; here its rows are made of records, scrubbed, with what the rule caught in them,
 * and an event is made of a row when its time is over. Bounds are those of deadline.h. One thread.
 */
#ifndef CORE_DEADLINE_EVENT_H
#define CORE_DEADLINE_EVENT_H

#include "core/flood_gate.h"

enum { DEADLINE_EVENTS_MOST = 64 }; /* most events of one call, so that the caller can hand them on before the next */

struct deadline_events {
    struct pipeline_parts *parts;
    struct flood_gate *gate;
    struct breadcrumbs *breadcrumbs;
    struct deadline *deadlines;
    struct record past; /* the record of the line since which something is overdue */
    struct sbuf encoded;
    bool any; /* whether some rule waits; if not, a line costs nothing here */
    bool stalled;
};

/* Begins d, which must not be moved afterwards. */
void deadline_event_init(struct deadline_events *d, struct pipeline_parts *parts, struct flood_gate *gate,
                         struct breadcrumbs *breadcrumbs);
void deadline_event_done(struct deadline_events *d);
/* These rules take the place of those before (deadline_use). */
void deadline_event_use(struct deadline_events *d, const struct rule_set *rules);

/* Notes that the record is the line of an absence, or the start of a pair: its rule waits (rule_waits). */
void deadline_event_wait(struct deadline_events *d, const struct message *m, const struct record *r,
                         const struct correlation *keys, const struct verdict *v);
/* Notes that the record is the end of these pairs. */
void deadline_event_end(struct deadline_events *d, const struct stream *s, const struct rule_end *ends);
/* Makes at most DEADLINE_EVENTS_MOST events, all where records are the clock. Returns when it wants to be called next,
 * INT64_MAX: never. */
int64_t deadline_event_tick(struct deadline_events *d);
/* Says that inputs do not read, or are behind: meanwhile no line is missed because it does not come. */
void deadline_event_stall(struct deadline_events *d, bool stalled);

/* Put back what the store has, before the first message: the clock first, then the rows in the order of since_us. */
void deadline_event_restore_clock(struct deadline_events *d, int64_t clock_us);
void deadline_event_restore(struct deadline_events *d, const struct deadline_row *row);
/* Returns the clock to be kept with a checkpoint; -1: nothing is waited for. */
int64_t deadline_event_clock(const struct deadline_events *d);
/* Hands the rows that changed to hooks.deadline_row, if there is one. */
void deadline_event_tell(struct deadline_events *d);

#endif
