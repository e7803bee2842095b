/*
 * trouble: when something that is wrong with crumbd itself is worth a word. One for each thing that may be wrong.
 *
 * It begins when it has been so for a while and ends when it is so no longer; each is told once. An event is made of at
 * most one beginning in TROUBLE_EVENT_US, and of all together of no more than TROUBLE_EVENTS in that time, so that
 * crumbd's own events are never what fills its store. Pure; times are of one clock that only goes on.
 */
#ifndef CORE_TROUBLE_H
#define CORE_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sbuf.h"
#include "core/options.h"
#include "core/scrubbed.h"

struct scrub;

#define TROUBLE_EVENT_US INT64_C(3600000000)
enum { TROUBLE_EVENTS = 10 };

enum trouble_change { TROUBLE_AS_BEFORE, TROUBLE_BEGINS, TROUBLE_ENDS };

/* A zeroed one is well. */
struct trouble {
    bool is_so, on;
    bool wants_event; /* that it began, until trouble_event_made */
    int64_t since_us; /* since when it is so, or was when it ended */
    int64_t event_us; /* when the last event was wanted */
    bool had_event;
};

/* So many events in this hour. A zeroed one has none. */
struct trouble_budget {
    int64_t begin_us;
    unsigned n;
};

/* Says whether it is so now. after_us: so long it must have been. */
enum trouble_change trouble_look(struct trouble *t, bool is_so, int64_t after_us, int64_t now_us);
/* Whether an event may be made of it now. It stays wanted until trouble_event_made. */
bool trouble_may_make_event(const struct trouble *t, struct trouble_budget *b, int64_t now_us);
void trouble_event_made(struct trouble *t, struct trouble_budget *b);

/* An event about it. kind is a word of ours, `about` the input or project, text what a person reads first. */
struct trouble_event {
    const char *event_id, *kind, *text;
    struct slice about;
    int64_t time_us; /* of the wall clock */
};

/* Writes the payload into `out`; every text of the configuration passes the scrubber. */
struct scrubbed trouble_event_write(const struct trouble_event *e, const struct options *opt, struct scrub *scrub,
                                    struct sbuf *out);

#endif
