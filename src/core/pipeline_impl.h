/*
 * pipeline_impl: what the files of the pipeline share, and nobody else sees: pipeline takes a message and lets time
 * pass, pipeline_verdict has a record judged, pipeline_promote makes events.
 */
#ifndef CORE_PIPELINE_IMPL_H
#define CORE_PIPELINE_IMPL_H

#include "core/correlation.h"
#include "core/forward_thin.h"
#include "core/join.h"
#include "core/pipeline.h"
#include "core/pipeline_trace.h"
#include "core/repeats.h"
#include "core/taken_ids.h"
#include "core/taken_lines.h"
#include "core/threshold.h"

struct pipeline {
    struct pipeline_parts parts;
    struct flood_gate gate;
    struct deadline_events deadlines;
    struct breadcrumbs *breadcrumbs;
    struct failed_requests *failed;
    struct threshold *threshold;
    struct pending_list pending;
    struct repeats repeats;
    struct pipeline_trace trace;
    struct join *join;
    struct forward_thin thin;
    unsigned n_later;   /* events that wait for their turn in it */
    uint64_t n_numbers; /* made in this run */
    struct taken_ids taken;
    struct taken_lines taken_lines;
    struct record decoded; /* the message that is worked on, as a record; */
    struct record *record; /* that, or one that was held */
    unsigned extra;        /* events of that message beside its own */
    uint64_t behind;       /* of that one: what parts.seq was behind it, or later; 0: it was not held */
    uint64_t reach;        /* of its own event: pipeline_fates_reach */
    uint64_t open_lines;   /* without a fate yet; beside those that are held */
};

/* --- pipeline_verdict.c --- */

/* Of the record that is worked on: fills in what its rule, or the fallback, makes of it. */
void pipeline_decide(struct pipeline *p, const struct message *m, const struct correlation *keys, struct verdict *v);

/* --- pipeline_taken.c --- */

/* A message of another crumbd: fills in what becomes of it. False: it is read again without being judged. */
bool pipeline_take_up(struct pipeline *p, const struct message *m, struct outcome *o, struct verdict *v);

/* --- pipeline_forward.c --- */

/* Whether the occurrence, which the crumbd behind this one limits, goes there whole: behind what pipeline_tell_number
   has for *of, if there is one. LATER: *of is to be given its event. */
enum thin_answer pipeline_thin(struct pipeline *p, const struct message *m, const struct verdict *v,
                               struct thin_issue **of);
/* The number goes. Returns the event that has waited for it; NULL: none has. */
struct pending *pipeline_tell_number(struct pipeline *p, struct thin_issue *of);
void pipeline_forward_done(struct pipeline *p);

/* --- pipeline_promote.c --- */

/* All numbers of the crumbd behind this one go, and what waits for that goes on as other events do. */
void pipeline_tell_numbers(struct pipeline *p);

/* The record becomes an event, or is held back by flood control: returns its fate. nth: of the traces that its text
   holds. */
enum count pipeline_promote(struct pipeline *p, const struct message *m, const struct correlation *keys,
                            struct verdict *v, unsigned nth);
/* An event of the message beside its own. A bounded number of them; those above it are held back. */
enum count pipeline_promote_extra(struct pipeline *p, const struct message *m, const struct correlation *keys,
                                  struct verdict *v, unsigned nth);
/* The other traces of its text: what the rule decided, or none, holds for each, which has an issue of its own. */
void pipeline_promote_rest(struct pipeline *p, const struct message *m, const struct correlation *keys,
                           const struct verdict *v);
/* Gives a line to the events that wait for lines. */
void pipeline_give_line(struct pipeline *p, const struct message *m, const struct correlation *keys,
                        const struct breadcrumbs_line *line);
/* It waits no longer: it goes out, or is dropped and counted. Also when members have not said yet whether it passes. */
void pipeline_release(struct pipeline *p, struct pending *w);
/* Hands an event out with the lines that it has. open: it goes on waiting. False: it does not fit. */
bool pipeline_emit(struct pipeline *p, struct pending *w, bool open);
/* COUNT_N: there is room for it; else why it is dropped. */
enum count pipeline_no_room(const struct pipeline *p, const struct pending *w);
/* Members have said whether it passes, or have not said it in time. */
void pipeline_on_decided(void *u, struct pending *w, const struct flood_issue *issue, bool pass);

#endif
