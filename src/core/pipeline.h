/*
 * pipeline: one message in, its fate decided; now and then an event out.
 *
 *   message -> parse -> judge_record -> event | crumb | log | drop
 *                                       |
 *                         trail (lines before) + waiting (lines after, the access line) -> event JSON -> emit
 *
 * Pure: the present is an argument, events leave through a callback. Every message ends in exactly one fate of the ledger before
 * pipeline_message returns, also when its event still waits for the lines after it. What waits is capped in number and bytes
 * and let go early when the cap is reached. One thread.
 */
#ifndef CORE_PIPELINE_H
#define CORE_PIPELINE_H

#include "core/pipeline_setup.h"
#include "parsers/frame.h"

struct pipeline;

enum { PIPELINE_DEADLINES_MOST = 64 }; /* made in one call, so that the caller can take them away */
enum { PIPELINE_PENDING_MAX = 512, PIPELINE_PENDING_BYTES = 8 << 20 };

struct pipeline *pipeline_new(const struct pipeline_setup *setup);
void pipeline_free(struct pipeline *p);
void pipeline_message(struct pipeline *p, const struct message *m, int64_t now_us);
/* Lets go what has waited long enough. Returns when it wants to be called next, INT64_MAX if nothing waits. */
int64_t pipeline_tick(struct pipeline *p, int64_t now_us);
/* Lets everything go, summaries included: at the end of input and at exit. */
void pipeline_flush(struct pipeline *p);
/* For the consistent cut: emits an open form of every waiting event that has none yet, and the changed rows of flood control. */
void pipeline_checkpoint(struct pipeline *p);
/* Flood control as the store remembers it, before the first message. */
void pipeline_restore_flood(struct pipeline *p, const struct flood_row *row);
/* The same of what is waited for: first the clock, then the rows in the order of since_us. */
void pipeline_restore_clock(struct pipeline *p, int64_t clock_us);
void pipeline_restore_deadline(struct pipeline *p, const struct deadline_row *row);
/* The clock to be kept with the cut; -1: nothing is waited for. */
int64_t pipeline_clock(const struct pipeline *p);
/* Inputs do not read, or are behind: meanwhile nothing that does not come is missed. */
void pipeline_stalled(struct pipeline *p, bool stalled);
/* With record_clock: so much time passes without a message. */
void pipeline_elapse(struct pipeline *p, int64_t us);
/* What the events that wait for lines hold. */
size_t pipeline_pending_bytes(const struct pipeline *p);
/* How many issues flood control keeps in mind. */
unsigned pipeline_issues(const struct pipeline *p);
struct counts *pipeline_counts(struct pipeline *p);
struct judge *pipeline_judge(struct pipeline *p);

#endif
