/*
 * store_impl: what the store's files share, each using those above it in this list only, and store.c (opening,
 * checkpoints) all of them. Private to the store.
 */
#ifndef IO_STORE_IMPL_H
#define IO_STORE_IMPL_H

#include <sqlite3.h>

#include "base/table.h"
#include "core/scrub.h"
#include "io/store_fates.h"

enum {
    STORE_SCHEMA_VERSION = 14,
    DAEMON_BUSY_MS = 1000,             /* the main loop stands still meanwhile; a failed commit is tried again anyway */
    STORE_RESERVE_PAGES = 32,          /* see store_room.c */
    STORE_APPLICATION_ID = 0x63726d62, /* "crmb", in the database's header: it is ours and nobody else's */
};

enum query {
    Q_BEGIN,
    Q_COMMIT,
    Q_ROLLBACK,
    Q_PAGES,
    Q_FREE_PAGES,
    Q_SHRINK,
    Q_SHRINK_FULL,
    Q_PUT,
    Q_POSITION,
    Q_POSITION_FIRST,
    Q_POSITION_GONE,
    Q_COUNT,
    Q_COUNTS,
    Q_POSITIONS,
    Q_CLOSE_OPEN,
    Q_DUE,
    Q_NEXT_DUE,
    Q_PROJECTS,
    Q_ROWS_OF,
    Q_GET,
    Q_HEAD,
    Q_IDS,
    Q_NEWEST,
    Q_DEAD_LETTERS,
    Q_FIND,
    Q_SENT,
    Q_EXPIRED,
    Q_CAME_NOW,
    Q_RETRY,
    Q_DEAD,
    Q_TOTALS,
    Q_EVICT,
    Q_REPEATS,
    Q_OLDEST,
    Q_INPUTS,
    Q_REQUEUE,
    Q_DROP_DEAD,
    Q_DROP_READY,
    Q_FLOOD,
    Q_FLOOD_GONE,
    Q_FLOODS,
    Q_REPLACE,
    Q_DEADLINE,
    Q_DEADLINE_GONE,
    Q_DEADLINES,
    Q_CLOCK,
    Q_CLOCK_GET,
    Q_REPORT,
    Q_REPORTS,
    Q_REPORT_TOLD,
    Q_REPORT_GONE,
    Q_SHARES,
    Q_COUNTS_AND_ROWS,
    Q_REPLACED,
    Q_HURRY,
    Q_DROP_OPEN,
    Q_DROP_REPORT,
    Q_HELD,
    Q_HELD_GONE,
    Q_HELD_ALL,
    Q_GROUPING,
    Q_OPEN_BYTES,
    Q_NOTE,
    Q_NOTE_GONE,
    Q_NOTES,
    Q_NOTES_GONE,
    Q_WAKE,
    Q_WAKES,
    Q_AHEAD,
    Q_AHEAD_GONE,
    Q_AHEAD_GET,
    Q_RENEWED, /* a store was set aside: some of what its counts have as open may be lost */
    Q_RENEWED_GONE,
    Q_RENEWED_GET,
    Q_FATE,
    Q_FATE_FIRST,
    Q_FATE_GONE,
    Q_FATE_FORGET,
    Q_FATE_FORGOTTEN,
    Q_FATES,
    Q_FATES_BYTES,
    Q_FATE_BYTES,
    Q_FATES_NONE,
    Q_FATE_FILE,
    Q_FATE_FILE_GONE,
    Q_FATE_FILES,
    Q_FATE_FILES_NONE,
    Q_EVENT_ID,
    Q_DROP_DEAD_IDS,
    Q_DROP_OPEN_IDS,
    Q_DROP_OPEN_NOTE,
    Q_DROPPED,
    Q_DROPPED_ANY,
    Q_DROPPED_GONE,
    Q_DROPPED_NONE,
    Q_DROP_READY_IDS,
    Q_EVICT_IDS,
    Q_DEPARTED,
    Q_DEPARTED_LAST,
    Q_DEPARTED_MORE,
    Q_DEPARTED_FIRST,
    Q_DEPARTED_GONE,
    Q_DEPARTED_ALL,
    Q_DEPARTED_NONE,
    Q_ISSUES_BYTES,
    Q_ISSUES_NONE,
    Q_ISSUE_NUMBERS,
    Q_ISSUE_COUNT,
    Q_ISSUE_ABOUT,
    Q_ISSUE_BYTES,
    Q_ISSUE_WEIGH,
    Q_ISSUE_OLDEST,
    Q_ISSUE_GONE,
    Q_ISSUES,
    Q_ISSUE,
    Q_ISSUE_FIND,
    Q_KEPT,
    Q_KEPT_NEW,
    Q_KEPT_PRUNE,
    Q_KEPT_GONE,
    Q_KEPT_NONE,
    Q_KEPT_FORGET,
    Q_KEPT_OF,
    Q_KEPT_GET,
    Q_KEPT_OPEN,
    Q_OPEN_ISSUES,
    Q_N
};

/* The steps of the migration: step i leads from schema version i to i + 1. */
extern const char *const store_steps[STORE_SCHEMA_VERSION];
extern const char *const store_sql[Q_N];

/* A row given out by store_next, and what became of it. */
struct delivery {
    enum { DELIVERY_NONE, DELIVERY_SENT, DELIVERY_RETRY, DELIVERY_DEAD } kind;
    int64_t id, next_try_us;
    enum item_kind item;
    uint8_t event_id[16]; /* zeros: it is not known */
    char *project, *reason;
};

/* See store_copy.c. */
struct store_copy {
    int fd;                     /* -1: there is none */
    uint64_t base_bytes, bytes; /* that it began with; that it has */
    bool stale;                 /* it lacks something */
    int64_t tried_us;           /* when it was written anew, or that was tried */
    struct sbuf record;         /* what the open transaction changes */
};

/* What the rows of store_fates.c and store_departed.c take. */
struct store_fates {
    uint64_t limit_bytes; /* 0: nothing is kept */
    struct store_fates_bytes {
        uint64_t bytes, departed_bytes;
    } kept, now;                           /* now: with the open transaction */
    struct sbuf leaving[STORE_DEPARTED_N]; /* ids of events that leave with it */
};

/* What the rows of store_issues.c take. */
struct store_issues_kept {
    uint64_t limit_bytes; /* 0: nothing is kept */
    int64_t keep_us, looked_us;
    uint64_t kept_bytes, now_bytes; /* now: with the open transaction */
    bool full_said;                 /* that some go for a full disk, which it still is */
};

struct store {
    sqlite3 *db;
    bool tool;
    char *path;
    int lock_fd, file_fd;
    uint64_t limit_bytes, page_bytes;
    bool disk_full; /* true until a checkpoint goes in again */
    bool no_room;   /* the disk has no room for the pages of the open transaction */
    uint8_t id[16];
    bool old_keys;
    unsigned grouping;
    sqlite3_stmt *stmt[Q_N];
    struct table taken;        /* row id to struct delivery */
    struct delivery **pending; /* those of `taken` that have an outcome, in order */
    unsigned n_pending;
    int64_t said_us;  /* when the trouble that was said last was there last */
    const char *said; /* what was being done then; of a full disk: anything */
    bool keep_newest; /* see store_keep_newest */
    struct store_fates fates;
    struct store_issues_kept issues;
    struct counts counted; /* see store_counted */
    struct counts ahead;   /* of a checkpoint that is stored in part */
    struct store_copy copy;
    bool identified;        /* id, keys and grouping are known */
    bool unusable;          /* damaged, or gone: store_renew is wanted */
    unsigned renewals;      /* how often that was done */
    bool has_spare;         /* see store_hold_spare */
    int64_t spare_again_us; /* not before it is that tried */
    uint64_t part_most_bytes;
    uint64_t part_bytes;  /* of payloads that go in as one transaction */
    int64_t wakes;        /* that were known at the last look, see store_woken */
    int64_t unnamed_rows; /* rows that were unnamed when the store was opened */
    bool unnamed_left;    /* what an earlier run left is not counted yet, */
    bool open_left;       /* its open rows are not closed yet */
    bool some_dropped;    /* see store_look_for_dropped */
    struct sbuf zipped;
    struct scrub *scrub;
    int os_error;    /* errno of the last statement that failed, 0 unknown */
    char error[512]; /* text of the last failure */
};

/* ---- store_db.c ---- */
/* Statements take borrowed text: it must live until the statement has run. */
void store_bind_text(sqlite3_stmt *q, int i, struct slice v);
/* The number that a statement gives; false when it failed. */
bool store_number(struct store *s, enum query which, int64_t *out);
/* Returns a column of the current row, valid until the statement's next step or reset. */
struct slice store_column(sqlite3_stmt *q, int i);
/* The ledger of all runs; what stands without a name goes to *unnamed. False: it cannot be read. */
bool store_read_counts(struct store *s, enum query which, struct counts *out, int64_t *unnamed);
bool store_exec(struct store *s, const char *text);
/* Returns the number that a statement gives which is not prepared. */
bool store_pragma(sqlite3 *db, const char *text, int64_t *out);
/* Runs a statement to its end and resets it; false when it failed. */
bool store_run(struct store *s, enum query which);
bool store_add_count(struct store *s, enum count which, uint64_t v);
/* Returns the bytes of all pages, in use or free, the open transaction's included. */
uint64_t store_pages_bytes(struct store *s);
uint64_t store_free_pages(struct store *s);
/* Whether what did not go well is what the database holds, and not the host, now. */
bool store_is_nonsense(struct store *s);
/* Writes into d why the database cannot be opened; false. */
bool store_open_failed(struct store *s, struct diag *d, const char *doing);
/* Unix microseconds of the wall clock. */
int64_t store_now_us(void);

/* ---- store_departed.c ---- */
enum { STORE_FATE_BYTES = 48, STORE_DEPARTED_PART = 4 }; /* what a row takes beside its bytes; the share of `where` */
/* The event leaves the outbox with the open transaction. */
void store_depart_id(struct store *s, const uint8_t event_id[16], enum store_departed how);
/* The same of all whose event_id a statement gives, of which the values are bound. */
void store_depart(struct store *s, enum query rows, enum store_departed how);
/* Before its COMMIT. */
bool store_put_departed(struct store *s);
/* A transaction begins, with nothing of one that failed; or has been committed. */
static inline void store_fates_begin(struct store *s)
{
    s->fates.now = s->fates.kept;
    s->issues.now_bytes = s->issues.kept_bytes;
    for (unsigned how = 0; how < STORE_DEPARTED_N; how++)
        sbuf_reset(&s->fates.leaving[how]);
}
static inline void store_fates_end(struct store *s)
{
    s->fates.kept = s->fates.now;
    s->issues.kept_bytes = s->issues.now_bytes;
}

/* ---- store_copy.c ---- */
enum { COPY_IDENTITY = 'S', COPY_POSITION = 'P', COPY_POSITION_GONE = 'G', COPY_COUNT = 'C' };

struct copy_item {
    int kind;
    struct slice id; /* COPY_IDENTITY: 16 bytes, and the three numbers */
    uint64_t schema, old_keys, grouping;
    struct position position;
    struct slice name; /* COPY_COUNT: what is to be added to the count of that name */
    uint64_t number;
};

/* What the item points to is valid during the call only. False: enough. */
typedef bool copy_item_f(void *u, const struct copy_item *item);

void store_copy_init(struct store *s);
void store_copy_done(struct store *s);
/* The transaction that begins has changed nothing yet, (store_copy_record.c) */
void store_copy_begin(struct store *s);
/* a position, */
void store_copy_position(struct store *s, const struct position *p);
/* a count, */
void store_copy_count(struct store *s, const char *name, uint64_t v);
/* and is committed. */
void store_copy_commit(struct store *s);
/* Writes all of it anew. */
void store_copy_write(struct store *s);
/* Calls back for every item, up to the first record that is not whole, or until `each` returns false. */
bool store_copy_read(const struct store *s, copy_item_f *each, void *u);
/* Whether there is one, in whatever state: then there was a store here. */
bool store_copy_exists(const struct store *s);
/* The schema of the crumbd that wrote it; 0: it cannot be read. */
uint64_t store_copy_schema(const struct store *s);

/* ---- store_room.c ---- */
/* What a transaction does to the room of the disk: adds or changes rows, or only deletes some. */
enum store_effect { TAKES_ROOM, GIVES_ROOM };

/* Does the COMMIT of every transaction, by the rules of store_room.c. False: the transaction is still open, and
   store_failed ends it. */
bool store_end(struct store *s, enum store_effect effect);
/* Whether the database can have as many pages as it says: each is in the file, in the WAL or in the open transaction.
   A damaged one would take all of the disk. */
bool store_size_is_possible(struct store *s);
/* One statement as a transaction of its own, whose values are bound. False: nothing has changed. */
bool store_run_alone(struct store *s, enum query which, enum store_effect effect);
/* Gives the file the blocks of all its pages, the open transaction's included. False: the disk is full. */
bool store_take_room_of_pages(struct store *s);
void store_take_wal_room(struct store *s);
/* Sets that, and how large transactions may be for it. */
bool store_bound_wal(struct store *s);
/* Makes the spare file, if it is not there and the disk has room for it, */
void store_hold_spare(struct store *s);
/* and removes it for a transaction that gives room. False: there was none. */
bool store_let_spare_go(struct store *s);
void store_warn_of_small_disk(struct store *s);
void store_hold_reserve(struct store *s);
/* Copies the WAL into the database on a full disk, so that the next transaction begins the WAL anew. */
void store_restart_wal(struct store *s);

/* ---- store_fail.c ---- */
/* Logs and keeps in s->error what the last error means and what to do, and ends the transaction if there is one. */
enum store_result store_failed(struct store *s, const char *doing);

/* ---- store_evict.c ---- */
bool store_over_limit(struct store *s);
/* Makes room inside a transaction: dead letters, which nobody may ever ask for, must not keep the living out, so
   the oldest of them make room for what is above store_limit. *overflow: how many of the living did too. False: it
   failed. */
bool store_evict(struct store *s, int64_t *overflow);
/* Whether what is over store_limit, after that, are events that wait for their lines, and nobody fetches any. */
bool store_may_exceed(struct store *s);
/* Makes room on a full disk, for a transaction that takes some: deletes some dead letters, gives some free pages to the
   file system. False: there was nothing to be had. */
bool store_make_room(struct store *s);
/* Gives free pages beyond what the next burst will want back to the file system, a few in each call. */
void store_shrink(struct store *s);

/* ---- store_note.c ---- */
/* An earlier run's, whose events were closed by what opens the store. */
void store_begin_dropped(struct store *s);
/* At the begin of each transaction that puts events; what a tool drops later waits for its end. False: it failed. */
bool store_look_for_dropped(struct store *s);
/* Whether this is the closed form of an event whose open form was dropped by hand. */
bool store_was_dropped(struct store *s, const struct store_event *e);
/* With the last part of a checkpoint. */
bool store_forget_dropped(struct store *s, const struct checkpoint *c);

/* ---- store_left.c ---- */

/* Counts what an earlier run left without a name. Only while the store is opened, before its open rows are closed. */
void store_name_left(struct store *s);
/* Does what of that, and of store_close_open, was to be done and could not be; the latter only before new events. Else
   than STORE_OK: there can be no checkpoint before it. */
enum store_result store_see_to_left(struct store *s, bool with_events);

/* ---- store_renew.c ---- */
/* Whether the small tables hold together. */
bool store_is_sound(struct store *s);
/* Whether there is nothing where there was a store. */
bool store_was_emptied(const struct store *s);
/* Whether somebody has taken its files away while it is in use. */
bool store_is_gone(const struct store *s);
/* Whether a store that cannot be opened is unusable and was ours. */
bool store_may_be_renewed(const struct store *s);
/* Takes the old store back of a renewal that did not come to its end, before it is opened. */
void store_undo_renewal(const struct store *s);
/* Sets the files aside; from here on a new store is in their place. False, and said: all is as it was. */
bool store_renew(struct store *s, const char *why);

/* ---- store_copy_record.c: what its records are made of ---- */

enum { STORE_COPY_HEAD = 12 }; /* of a record: four bytes of its length, eight of its checksum */
/* Begins one in b; its head is filled in when it is written. */
void store_copy_record(struct sbuf *b);
void store_copy_put(struct sbuf *b, struct slice v);
void store_copy_put_number(struct sbuf *b, uint64_t v);
void store_copy_put_position(struct sbuf *b, const struct position *p);

/* ---- store_life.c ---- */

/* One that is not opened. */
struct store *store_new(const char *path, enum store_mode mode, uint64_t limit_bytes);
/* With its database closed and its lock given back; outcomes that are not written are forgotten. NULL is allowed. */
void store_free(struct store *s);
bool store_open_database(struct store *s, enum store_mode mode, struct diag *d);
void store_close_database(struct store *s);
/* Reads id, keys and grouping. */
bool store_read_id(struct store *s, struct diag *d);

/* ---- store_state.c ---- */

bool store_put_position(struct store *s, const struct position *p);
/* Of a file that the store does not know: that it is to be read from its beginning, so that it keeps the key which its
   events' ids are made of. */
bool store_put_first_position(struct store *s, const struct position *p);

/* ---- store_upgrade.c ---- */
/* Brings a store from schema `from` (0: it is empty) to this version's. */
bool store_upgrade(struct store *s, int64_t from, struct diag *d);

/* ---- store_state.c: parts of a checkpoint, inside its transaction ---- */
bool store_put_flood(struct store *s, const struct flood_row *row);
bool store_put_deadline(struct store *s, const struct deadline_row *row);
bool store_put_held(struct store *s, const struct join_row *row);
bool store_put_clock(struct store *s, int64_t clock_us);
bool store_put_report(struct store *s, const struct store_report *r);

/* ---- store_fates.c: parts of a checkpoint, inside its transaction ---- */
bool store_put_fates(struct store *s, const struct fates_chunk *c);
bool store_keep_fate_file(struct store *s, const struct position *p);
bool store_fates_within_limit(struct store *s);

/* ---- store_issues.c: a part of a checkpoint, inside its transaction; `put` grows by what goes for it ---- */
bool store_put_issues(struct store *s, const struct checkpoint *c, struct counts *put);
/* Instead of that, where the disk has no room for it: counts what the list of issues lacks from then on. */
bool store_skip_issues(struct store *s, const struct checkpoint *c, struct counts *put);
/* For a full disk: forgets some of those last seen longest ago, and counts them. Returns how many. */
unsigned store_issues_make_room(struct store *s);
/* Keeps so many of the events that wait for lines, which are about to be closed as they are. */
bool store_keep_open(struct store *s, int most);
/* The event of this id is kept no longer, if it was; 16 bytes. */
bool store_forget_kept(struct store *s, struct slice event_id);

/* ---- store_rows.c ---- */
/* The payload as it is stored: gzip where that pays. Valid until the next call. */
struct slice store_pack(struct store *s, struct slice payload);
bool store_unpack(struct slice stored, struct sbuf *out);
/* False: they are not the bytes of an event id. */
bool store_event_id_text(struct slice id, char hex[33]);
void store_deliveries_done(struct store *s);

#endif
