/*
 * store: the one durable thing, SQLite in WAL mode: outbox, dead letters, file positions, ledger, meta.
 *
 * Belongs to the main thread. Everything the worker accepted since the last time arrives as one `struct cut` and becomes one
 * transaction, so after any crash the positions, the events and the counts agree. A lock file beside the database, holding the
 * pid, keeps a second daemon out; readers (`crumbd queue`) need no lock.
 */
#ifndef IO_STORE_H
#define IO_STORE_H

#include "base/count.h"
#include "base/err.h"
#include "base/sbuf.h"

struct store;

enum store_mode { STORE_DAEMON, STORE_TOOL };

/* What is stored of one event. `event_id` is 32 lower-case hex digits and a NUL. */
struct store_event {
    char event_id[33];
    bool open;              /* still waiting for its after-lines: not to be sent unless the process dies first */
    int64_t time_us;        /* of the event */
    struct slice project;   /* name in sentry.projects; empty is the default one */
    struct slice title, level;
    struct slice payload;   /* the event's JSON */
};

/* A tailed file as the store knows it. `head_hash` is over its first `head_bytes` bytes (at most 1024). */
struct store_file {
    uint64_t key;           /* random, made at first sight */
    uint64_t dev, ino;
    uint32_t head_bytes;
    uint64_t head_hash;
    uint64_t offset;        /* everything before it has been judged */
    struct slice path;      /* where it was last seen */
    struct slice input;     /* the pattern that found it */
    bool gone;              /* fully read and no longer there: forget it */
};

/* A consistent cut: everything since the last one. Owned by its maker until store_commit returns. */
struct cut {
    struct store_event *events;
    unsigned n_events;
    struct store_file *files; /* changed ones */
    unsigned n_files;
    struct counts counts;     /* deltas */
};

/* Opens or makes the database at `path` and, for STORE_DAEMON, takes the lock. NULL with an entry in d that says what to do. */
struct store *store_open(const char *path, enum store_mode mode, uint64_t limit_bytes, struct diag *d);
void store_close(struct store *s);
/* 16 random bytes made with the database: part of every event id. */
const uint8_t *store_id(const struct store *s);

enum store_result { STORE_OK, STORE_FULL, STORE_FAILED };

/*
 * One transaction. STORE_FULL: disk full or store_limit reached; nothing was written, try the same cut again later.
 * An event whose id is there already as open is replaced (its final form); one that is there closed is left as it is.
 */
enum store_result store_commit(struct store *s, const struct cut *c);
/* Rows left open by a process that died become ready to send. Returns how many. */
unsigned store_close_open(struct store *s);
/* Calls back for every known file. */
void store_files(struct store *s, void (*each)(void *u, const struct store_file *f), void *u);
/* Totals over all runs. */
void store_counts(struct store *s, struct counts *out);

enum store_state { STORE_STATE_OPEN, STORE_STATE_READY, STORE_STATE_DEAD };

struct store_row {
    int64_t id;
    enum store_state state;
    int64_t created_us, next_try_us;
    unsigned attempts;
    char *reason;           /* last answer, or NULL */
    struct store_event event;
};

/* The oldest ready row of a project whose next_try is due and whose id is greater than after_id; caller frees with store_row_free. NULL: none. */
struct store_row *store_next(struct store *s, struct slice project, int64_t now_us, int64_t after_id);
struct store_row *store_get(struct store *s, int64_t id);
/* Every row, oldest first, without payloads. */
void store_each(struct store *s, bool (*each)(void *u, const struct store_row *r), void *u);
void store_row_free(struct store_row *r);
void store_sent(struct store *s, int64_t id);
void store_retry(struct store *s, int64_t id, int64_t next_try_us, const char *reason);
void store_dead(struct store *s, int64_t id, const char *reason);
/* Dead or failing rows back to ready now; id 0: all. Returns how many. */
unsigned store_requeue(struct store *s, int64_t id);
unsigned store_drop(struct store *s, int64_t id);
const char *store_version(void);

#endif
