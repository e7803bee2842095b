/*
 * pipeline: one message in, its fate decided; now and then an event out.
 *
 *   message -> decode -> join -> judge_record -> event | crumb | log | drop
 *                                          |
 *                  breadcrumbs (lines before) + pending (lines after, the access line) -> event_write -> emit
 *
 * Pure: the present is an argument, events leave through a callback. Every message ends in exactly one fate of the
 * ledger: before pipeline_message returns, also when its event still waits for the lines after it, unless it is held
 * for the lines of a stack trace (join.h), whose fate comes with its release. What waits is capped in number and bytes
 * and let go early when the cap is reached. One thread.
 */
#ifndef CORE_PIPELINE_H
#define CORE_PIPELINE_H

#include "core/deadline_event.h"
#include "core/flood_gate.h"
#include "core/pending.h"
#include "core/pipeline_setup.h"
#include "parsers/frame.h"

struct pipeline;

enum { PIPELINE_PENDING_MAX = 512, PIPELINE_PENDING_BYTES = 8 << 20 };

struct pipeline *pipeline_new(const struct pipeline_setup *setup);
void pipeline_free(struct pipeline *p);
/*
 * From here on messages are judged by these options and this set, which takes the place of the one before
 * (rule_set.before). What is open goes on: events that wait for lines as they were decided, deadlines and thresholds as
 * their rules say now, statistics by the rule's id, breadcrumbs and the state of flood control as they are. The options
 * and the set before are not used any more.
 */
void pipeline_use(struct pipeline *p, const struct options *opt, const struct rule_set *rules);
void pipeline_message(struct pipeline *p, const struct message *m, int64_t now_us);
/*
 * The wall clock, which `now_us` is of, has been set: what waits, limits and periods go by a clock that only goes on,
 * which is so far ahead of it. Times of events are the wall clock's. What pipeline_tick returns is of the clock that
 * goes on. At the start both are the same.
 */
void pipeline_clock_is_set(struct pipeline *p, int64_t ahead_us);
/* Lets go what has waited long enough; what came by then has been looked for. Returns when it wants to be called next,
 * INT64_MAX if nothing waits. */
int64_t pipeline_tick(struct pipeline *p, int64_t now_us);
/* The same between messages that have come at once, as after a while in which nothing was read: what is held for more
 * lines stays, since they may be among the next. */
int64_t pipeline_tick_between(struct pipeline *p, int64_t now_us);
/* Lets go the records that are held for more lines: the places where reading goes on are behind them then. */
void pipeline_let_go(struct pipeline *p);
/* Nothing more comes of this file, or somebody else reads it on: lets go the records of it that are held, and its
 * events that wait for the lines after them. */
void pipeline_leave(struct pipeline *p, uint64_t file_key);
/* Breadcrumbs forget the lines of this log: from here on they are read once more. */
void pipeline_forget(struct pipeline *p, uint64_t file_key);
/* Lets everything go, summaries included: at the end of input and at exit. */
void pipeline_flush(struct pipeline *p);
/* Emits an open form of every waiting event that has none yet, and hands out the changed rows of flood control, of
 * deadlines and of what is held. */
void pipeline_checkpoint(struct pipeline *p);
/* Puts back what was held when an earlier run ended without its end, before the first message. Returns how many lines
 * without a fate come back; 0: the row cannot be read. */
unsigned pipeline_restore_held(struct pipeline *p, const struct join_row *row, int64_t now_us);
/* With record_clock: so much time passes without a message. */
void pipeline_elapse(struct pipeline *p, int64_t us);

/* Its parts, for whoever restores them, watches them or asks them. They live as long as it does. */
struct flood_gate *pipeline_flood_gate(struct pipeline *p);
struct deadline_events *pipeline_deadlines(struct pipeline *p);
const struct pending_list *pipeline_pending(const struct pipeline *p);
struct counts *pipeline_counts(struct pipeline *p);
/* Its part of the ledger that is under way. */
struct count_open pipeline_open(const struct pipeline *p);
struct judge *pipeline_judge(struct pipeline *p);
/* As join_unread. */
void pipeline_unread(struct pipeline *p, uint64_t file_key, bool unread);
/* As join_stall. */
void pipeline_stall(struct pipeline *p, bool stalled);
/* What members have answered (hooks.ask), and whether they can be asked: not from within a hook. */
void pipeline_shared_answer(struct pipeline *p, const struct shared_answer *answer, int64_t now_us);
void pipeline_shared_up(struct pipeline *p, bool up);
/* Whether an event waits for what they say: a checkpoint now would decide it without them. */
bool pipeline_undecided(const struct pipeline *p);
/* Where messages of a file begin that are held (join_held). */
unsigned pipeline_held(const struct pipeline *p, uint64_t file_key, uint64_t *offsets, unsigned max);

#endif
