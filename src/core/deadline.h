/*
 * deadline: rules that look ahead: lines that must come (absence) and starts that must have an end (pair), and what is
 * due when they do not.
 *
 * Time is that in which lines could come, `clock_us`: it stands still while crumbd is not running, is paused or has not
 * caught up, and goes on by at most DEADLINE_STEP_US at a time, so that neither a restart nor a suspended host nor a
 * clock that is set is taken for silence. It is kept in the store with the rows. Offline it is the newest time a record
 * had.
 *
 * All that one rule waits for is due in the order in which it came, so each rule has a list, oldest first. Bounded:
 * DEADLINE_RULE_MAX and DEADLINE_RULE_BYTES for each rule, DEADLINE_BYTES for all; what this rule has waited for
 * longest gives way, and is counted. An absence without `by` is one entry that never gives way. Pure. One thread.
 */
#ifndef CORE_DEADLINE_H
#define CORE_DEADLINE_H

#include "base/count.h"
#include "core/scrubbed.h"
#include "core/breadcrumbs.h"

enum { DEADLINE_RULE_MAX = 10000, DEADLINE_RULE_BYTES = 4 << 20, DEADLINE_BYTES = 16 << 20 };
/* Monitors of one rule from one start to the next: Sentry makes, and bills, each, and their names may come from a log.
 */
enum { DEADLINE_MONITORS_MAX = 100 };

#define DEADLINE_STEP_US INT64_C(10000000)

struct deadline;
struct rule;
struct rule_set;

/* One thing that is waited for, as it is stored with every checkpoint. */
struct deadline_row {
    uint64_t key;              /* of the rule and its `by` values */
    struct slice rule;         /* its id */
    int64_t since_us;          /* clock_us when the line last came, or the start */
    int64_t time_us;           /* the same as Unix time, for people; RECORD_NO_TIME: it has never come */
    unsigned times;            /* how often the start came meanwhile */
    bool silent;               /* absence: the event has been made */
    bool closed;               /* forget it */
    bool rewritten;            /* not as the store has it: to be written again; not stored */
    bool monitored;            /* one of its rule's DEADLINE_MONITORS_MAX; not stored */
    uint64_t file_key, offset; /* of the line: its event's id is made of them */
    struct scrubbed record;    /* as record_codec.h makes it; empty where nothing came */
};

typedef void deadline_row_f(void *u, const struct deadline_row *row);
/* Is called when a line did not come. `keys` are those of the line that came last. row.rule may name a rule that has
   gone. */
typedef void deadline_f(void *u, const struct deadline_row *row, const struct correlation *keys);

/* Makes the deadlines of a set of rules. only: the one rule to wait for, NULL for all. counts: where overdue_evicted
   and overdue_lost are counted. A line that was never seen is waited for from now on. */
struct deadline *deadline_new(const struct rule_set *rules, const struct rule *only, deadline_f *due, void *u,
                              struct counts *counts);
void deadline_free(struct deadline *o);

/*
 * From here on it waits as these rules say, which take the place of those it had. What a rule of the same id waits for
 * goes on, also when that has another period now; what waits for a rule that has gone, or waits for something else than
 * it did, is forgotten, and counted.
 */
void deadline_use(struct deadline *o, const struct rule_set *rules);

/* Notes that the line of an absence came. True when the monitor is to be told. Of the row it reads key, time_us,
   file_key, offset and record. */
bool deadline_came(struct deadline *o, const struct rule *rule, const struct deadline_row *row,
                   const struct correlation *keys);
/* Notes that a start came; a start that is open already keeps its time. */
void deadline_open(struct deadline *o, const struct rule *rule, const struct deadline_row *row,
                   const struct correlation *keys);
void deadline_end(struct deadline *o, const struct rule *rule, uint64_t key);

/* Tells the time of the wall clock. stalled: no line could come since the last call. */
void deadline_listen(struct deadline *o, int64_t wall_us, bool stalled);
/* Sets the clock to the newest time of a record, where records are the clock. */
void deadline_set_clock(struct deadline *o, int64_t clock_us);
int64_t deadline_clock(const struct deadline *o);
/* Calls back for at most `most` entries that are due. Returns in how many microseconds of the clock the next one is
   due, INT64_MAX: none. */
int64_t deadline_tick(struct deadline *o, unsigned most);
/* Whether some rule can wait, be it for something now or not. */
bool deadline_any(const struct deadline *o);
/* Whether nothing is waited for now. */
bool deadline_idle(const struct deadline *o);

/* Put back what the store has, before the first message: the clock first, then the rows in the order of since_us. */
void deadline_restore_clock(struct deadline *o, int64_t clock_us);
void deadline_restore(struct deadline *o, const struct deadline_row *row);
/* Calls back for every row that changed since the last call. */
void deadline_changed(struct deadline *o, deadline_row_f *each, void *u);

#endif
