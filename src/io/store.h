/*
 * store: the one durable thing, SQLite in WAL mode: outbox, dead letters, file positions, ledger, meta.
 *
 * Belongs to the main thread. Everything the worker accepted since the last time arrives as one `struct checkpoint` and
 * becomes one transaction, so after any crash the positions, the events and the counts agree. A lock file beside the
 * database, holding the pid, keeps a second daemon out; readers (`crumbd queue`) need no lock.
 *
 * Titles and answers of Sentry pass a scrubber of the store's own on their way out and in: a store made by an older
 * version holds them as they came.
 *
 * What happened to a row that was sent is kept in memory until the next store_commit or store_flush writes it down,
 * many rows in one transaction. A crash in between only sends the row again, under the same event_id. In memory: at
 * most STORE_DELIVERIES_MAX such outcomes and one payload per row handed out.
 */
#ifndef IO_STORE_H
#define IO_STORE_H

#include "base/count.h"
#include "base/err.h"
#include "base/sbuf.h"
#include "core/fates.h"
#include "core/flood.h"
#include "core/issue_tally.h"
#include "core/join_row.h"
#include "core/options.h"
#include "core/deadline.h"
#include "io/item_kind.h"
#include "io/position.h"

struct store;

/* TOOL works beside a running daemon: no lock, makes nothing, migrates nothing, waits longer for the daemon's
 * transactions. */
enum store_mode { STORE_DAEMON, STORE_TOOL };

enum {
    STORE_NEXT_TRY_MOST_S = 300, /* no row has to wait longer for its next try */
    STORE_PAYLOAD_MAX = 1 << 20, /* Sentry's limit for an event */
    STORE_DELIVERIES_MAX = 4096, /* rows handed out or with outcomes not yet written; then store_next gives no more */
};

/* What is stored of one event. `event_id` is 32 lower-case hex digits and a NUL. */
struct store_event {
    enum item_kind kind;
    char event_id[33];
    bool open;            /* still waiting for its after-lines: not to be sent unless the process dies first */
    bool written_open;    /* an open form of it is in this checkpoint or in one before */
    int64_t time_us;      /* of the event */
    uint64_t issue;       /* its key (struct verdict), 0: none, or not known */
    enum issue_news news; /* not stored */
    struct slice project; /* name in sentry.projects; empty is the default one */
    struct slice input;   /* whose share of the store it uses (shares.h); empty: nobody's */
    struct slice level;
    struct scrubbed title;
    struct scrubbed payload; /* the event's JSON, at most STORE_PAYLOAD_MAX bytes */
};

/* Something that Sentry is to be told the number of (client report; sentry-protocol.md, 5.5). Quantities of the same
   project, reason and category add up. */
struct store_report {
    struct slice project, reason, category;
    uint64_t quantity;
};

/* A consistent checkpoint: everything since the last one. Owned by its maker until store_commit returns. */
struct checkpoint {
    struct store_event *events;
    unsigned n_events;
    struct store_event *numbers; /* of kind ITEM_COUNT: never there ahead of the rest, since they have other ids when
                                    their lines are counted again */
    unsigned n_numbers;
    struct position *positions; /* changed ones */
    unsigned n_positions;
    struct flood_row *limits; /* changed state of flood control; `sample` is there only where it is new */
    unsigned n_floods;
    struct deadline_row *deadlines; /* changed lines waited for */
    unsigned n_deadlines;
    int64_t clock_us;      /* clock of these; 0 or less: it is not told */
    struct join_row *held; /* changed records that wait for the lines of their stack trace */
    unsigned n_held;
    struct fates_chunk *fates; /* that have changed: what became of lines (store_fates.h) */
    unsigned n_fates;
    struct issue_count *issues; /* occurrences of issues; those of one stand one after the other */
    unsigned n_issues;
    struct store_report *reports;
    unsigned n_reports;
    unsigned n_stored;    /* of the events, the first of them, written by store_commit; 0 at first */
    unsigned renewals;    /* which store they are in, written by it as well */
    struct counts counts; /* deltas; without sent, retries and dead, which the store counts with the rows themselves */
};

/* Opens or makes the database at `path` and, for STORE_DAEMON, takes the lock and makes missing directories. NULL with
   an entry in d that says what to do. limit_bytes: the most that its files may take together, 0 for no limit. */
struct store *store_open(const char *path, enum store_mode mode, uint64_t limit_bytes, struct diag *d);
/* Sets the options by which the store scrubs texts of others, instead of the usual ones; they must live as long as the
   store. */
void store_scrub_by(struct store *s, const struct options *opt);
/* Returns the text of others as the store keeps it. */
struct scrubbed store_clean(struct store *s, struct slice text, struct arena *a);
/* Writes pending outcomes, gives the lock back. NULL is allowed. */
void store_close(struct store *s);
/* Returns 16 random bytes that were made with the database: they are part of every event id. */
const uint8_t *store_id(const struct store *s);
/* Whether a version before hash128 made the store: see struct pipeline_setup. */
bool store_has_old_keys(const struct store *s);
/* The number of the grouping that it goes on with (core/log_template.h). */
unsigned store_grouping(const struct store *s);
/* From here on another one. False, and said, when that cannot be written. */
bool store_use_grouping(struct store *s, unsigned grouping);

enum store_result { STORE_OK, STORE_FULL, STORE_FAILED };

/*
 * One transaction, where the events of the checkpoint do not have more than 4 MiB and the disk has room. Else its
 * events go in before the rest, as many at a time as there is room for: positions and counts are not there before all
 * of them are, so that after a crash in between the same events are made again, under their ids, and those that were
 * there ahead are counted (stored_ahead). STORE_FULL: disk full or store_limit reached; STORE_FAILED: any other
 * trouble, logged with its remedy. In both cases try the same checkpoint again later: all but the first n_stored events
 * is not there. A checkpoint without events is not held to store_limit, nor is one that finds the store less than half
 * full. An event whose id is there already as open is replaced (its final form); one that is there closed is left as it
 * is.
 */
enum store_result store_commit(struct store *s, struct checkpoint *c);
/* Says that nobody fetches the store's events (there is no DSN): at the limit some make room, instead of reading having
   to stop: repeats of the input that uses most, repeats of others, the oldest ones of the input that uses most. */
void store_keep_newest(struct store *s, bool keep);
/* Another bound from here on; 0: none. */
void store_bound(struct store *s, uint64_t limit_bytes);
/* Returns what the store counts by itself, as far as it has happened since it was opened: stored, stored_before,
   store_overflow, expired, check_ins_replaced and late_answers, each written in the transaction of what it counts; and
   of this run alone damaged, settled and unsettled. */
const struct counts *store_counted(const struct store *s);
/* Returns how many outcomes, but for retries, are not yet written: neither settled nor unsettled. */
uint64_t store_unwritten(const struct store *s);
/* How many rows to be sent are there beyond those that the ledger of all runs knows, less what it was when the store
   was opened. Not 0: rows have gone, or come, unnamed. False: the store cannot be read. */
bool store_unnamed_rows(struct store *s, int64_t *rows);
/* Writes pending outcomes alone, without a checkpoint. */
enum store_result store_flush(struct store *s);
/* Does the same at the end: what cannot be written is forgotten, and counted as unsettled. */
void store_flush_last(struct store *s);
/* Counts events, of those that store_commit has stored of a checkpoint whose rest is given up, which will be made
 * again. */
void store_count_ahead(struct store *s, uint64_t events);
/* Makes rows that a process which died has left open ready to send. Returns how many; what cannot be done is done
   before the next checkpoint with events. */
unsigned store_close_open(struct store *s);
/* Calls back for every position of every input. */
void store_positions(struct store *s, position_f *each, void *u);
/* Calls back for every row of flood control. */
void store_floods(struct store *s, flood_row_f *each, void *u);
/* Calls back for everything that is waited for, in the order of since_us. */
void store_deadlines(struct store *s, deadline_row_f *each, void *u);
int64_t store_clock(struct store *s);
/* Calls back for every record that was held when the last run ended without its end, in the order of last_us. */
void store_held(struct store *s, join_row_f *each, void *u);
/* Calls back for everything that the project has not been told yet. */
void store_reports(struct store *s, struct slice project, void (*each)(void *u, const struct store_report *r), void *u);
/* Says that so much of it has been told. */
void store_report_told(struct store *s, const struct store_report *r);
/* Fills in the totals over all runs. */
void store_counts(struct store *s, struct counts *out);

/* What the rows of an input and a project take, about as much as their pages; dead letters apart. */
struct store_share {
    struct slice input, project;
    bool dead;
    uint64_t bytes;
};

typedef void store_share_f(void *u, const struct store_share *share);

void store_shares(struct store *s, store_share_f *each, void *u);
/*
 * Deletes repeats of an input, the oldest first, until they have freed so many bytes: events of an issue of which the
 * store has an older one to be sent. Each is counted as store_overflow and put into a client report. Returns the bytes
 * that they freed, 0: there are no more; *rows grows by their number.
 */
uint64_t store_evict_repeats(struct store *s, struct slice input, uint64_t bytes, uint64_t *rows);
/* Returns how much of a store_limit is for pages: what is left by the WAL, the other files, and what is kept of issues,
 * at least half. */
uint64_t store_rows_limit(uint64_t limit_bytes);
/* Returns the bytes of pages in use that this bounds: all but those for what is kept of issues. */
uint64_t store_rows_used(struct store *s);
/* Returns the bytes of all pages in use. */
uint64_t store_used(struct store *s);

enum store_state { STORE_STATE_OPEN, STORE_STATE_READY, STORE_STATE_DEAD };

struct store_row {
    int64_t id;
    enum store_state state;
    int64_t created_us, next_try_us;
    unsigned attempts;
    uint64_t stored_bytes; /* of the payload, as kept (gzip where that pays) */
    const char *reason;    /* last answer, or NULL */
    bool damaged;          /* store_each only: nothing but the id could be read */
    struct store_event event;
};

/*
 * Takes the row of a project and kind that has been due longest. Due is also what was never tried, and what would be
 * due later than STORE_NEXT_TRY_MOST_S from now: the clock has been set back since. The row is not given out again
 * until store_sent, store_retry, store_dead or store_release. Caller frees with store_row_free. NULL: none. A row that
 * cannot be read becomes a dead letter and the next one is tried.
 */
struct store_row *store_next(struct store *s, struct slice project, enum item_kind kind, int64_t now_us);
/* When the next row of a project and kind that has not been taken is due, INT64_MAX if there is none. */
int64_t store_due(struct store *s, struct slice project, enum item_kind kind);
/* Calls back for every project that has rows to send, at most 64. */
void store_projects(struct store *s, void (*each)(void *u, struct slice project), void *u);
/* How many rows of a project are in a state. */
typedef void store_rows_f(void *u, struct slice project, enum store_state state, uint64_t rows);
/* Calls back for every project and state that has any, at most 256 times. */
void store_count_rows(struct store *s, store_rows_f *each, void *u);
/* Returns the row of this id. NULL: there is no such row, or it cannot be read; *damaged, if not NULL, tells which. */
struct store_row *store_get(struct store *s, int64_t id, bool *damaged);
/* Every row, oldest first, without payloads, until `each` returns false. Holds no transaction while calling back.
   False: the database could not be read to its end (store_error). */
bool store_each(struct store *s, bool (*each)(void *u, const struct store_row *r), void *u);
/* The newest `most` rows, the newest first, without payloads. `each` must not use the store. False: the database could
   not be read that far (store_error). */
bool store_newest(struct store *s, unsigned most, void (*each)(void *u, const struct store_row *r), void *u);
/* The same of dead letters alone, whose id is less than `below`; INT64_MAX: from the newest on. */
bool store_dead_letters(struct store *s, int64_t below, unsigned most, void (*each)(void *u, const struct store_row *r),
                        void *u);
/* Returns the row of an event id, 32 lower-case hex digits; 0: there is none. */
int64_t store_find(struct store *s, const char *event_id);
void store_row_free(struct store_row *r);

/* Say what became of a row that store_next gave out. Reasons are cut at 300 bytes. Each also counts: sent, retries,
   dead. */
void store_sent(struct store *s, int64_t id);
void store_retry(struct store *s, int64_t id, int64_t next_try_us, const char *reason);
void store_dead(struct store *s, int64_t id, const char *reason);
/* Gives a row back as if it had not been taken. */
void store_release(struct store *s, int64_t id);

/* Deletes rows of a project that were stored before a moment and not sent since, some in each call: counted as expired,
   and in its client report. What a clock has stored that was far ahead, or did not know the time, is as
   if stored now. Returns how many it deleted;
   *more: there are others. */
unsigned store_expire(struct store *s, struct slice project, int64_t before_us, bool *more);

/* When a project whose upstream does not take events is tried again, for those who ask beside a daemon. */
struct store_next_try {
    struct slice project, why;
    int64_t at_us;
};

/* at_us 0: nothing holds the project up any more. */
void store_tell_next_try(struct store *s, struct slice project, int64_t at_us, const char *why);
/* Forgets what an earlier run has told. */
void store_forget_next_tries(struct store *s);
/* Calls back for each that was told; without a daemon, or when their time is over, they say nothing. */
void store_next_tries(struct store *s, void (*each)(void *u, const struct store_next_try *n), void *u);
/* Asks the daemon beside to try now, whatever it waits for of its own; false when it could not be asked. */
bool store_wake(struct store *s);
/* Whether somebody has asked for that since the last call. */
bool store_woken(struct store *s);
/* The process that has the store as its daemon; 0: none, or not known which. True: there is one. */
bool store_has_daemon(const struct store *s, uint64_t *pid);

struct store_totals {
    uint64_t open, ready, dead; /* numbers of rows */
    uint64_t used_bytes;        /* bytes of pages in use */
};

void store_totals(struct store *s, struct store_totals *out);

/* For people. Makes dead or failing rows ready now; id 0: all. Returns how many, -1 when it could not be done. */
int64_t store_requeue(struct store *s, int64_t id);
/* Deletes a row; id 0: all dead ones, or all. Returns how many, -1 when it could not be done. */
int64_t store_drop(struct store *s, int64_t id, bool dead_only);
/* The same of dead letters alone, at most so many, for a daemon that has more to do. */
int64_t store_requeue_dead(struct store *s, unsigned most);
int64_t store_drop_dead(struct store *s, unsigned most);
/* Returns why the last call failed, for people; "" if none did. */
const char *store_error(const struct store *s);
/* Returns the version of SQLite. */
const char *store_version(void);

#endif
