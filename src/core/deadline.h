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
/* It did not come. `keys` are those of the line that came last. row.rule names a rule that may have gone. */
typedef void deadline_f(void *u, const struct deadline_row *row, const struct correlation *keys);

/* only: the one rule to wait for, NULL for all. counts: of these overdue_evicted and overdue_lost. What waits for a
   line never seen begins now. */
struct deadline *deadline_new(const struct rule_set *rules, const struct rule *only, deadline_f *due, void *u,
                              struct counts *counts);
void deadline_free(struct deadline *o);

/*
 * From here on it waits as these rules say, which take the place of those it had. What a rule of the same id waits for
 * goes on, also when that has another period now; what waits for a rule that has gone, or waits for something else than
 * it did, is forgotten, and counted.
 */
void deadline_use(struct deadline *o, const struct rule_set *rules);

/* A line of an absence came. True when the monitor is to be told. Of the row: key, time_us, file_key, offset, record.
 */
bool deadline_came(struct deadline *o, const struct rule *rule, const struct deadline_row *row,
                   const struct correlation *keys);
/* A start came; one that is open already keeps its time. */
void deadline_open(struct deadline *o, const struct rule *rule, const struct deadline_row *row,
                   const struct correlation *keys);
void deadline_end(struct deadline *o, const struct rule *rule, uint64_t key);

/* The wall clock stands so; stalled: no line could come since the last call. */
void deadline_listen(struct deadline *o, int64_t wall_us, bool stalled);
/* Offline: the newest time of a record. */
void deadline_set_clock(struct deadline *o, int64_t clock_us);
int64_t deadline_clock(const struct deadline *o);
/* Calls back for at most `most` that are due. Returns in how many microseconds of the clock the next one is, INT64_MAX:
 * none. */
int64_t deadline_tick(struct deadline *o, unsigned most);
/* Some rule waits, whether for something or not. */
bool deadline_any(const struct deadline *o);
/* Nothing is waited for now. */
bool deadline_idle(const struct deadline *o);

/* For the store: the clock first, then rows in the order of since_us, before anything comes. */
void deadline_restore_clock(struct deadline *o, int64_t clock_us);
void deadline_restore(struct deadline *o, const struct deadline_row *row);
/* Calls back for every row that changed since the last call. */
void deadline_changed(struct deadline *o, deadline_row_f *each, void *u);

#endif
