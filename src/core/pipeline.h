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

#include "base/count.h"
#include "core/event.h"
#include "core/flood.h"
#include "core/deadline.h"
#include "core/judge.h"
#include "core/stream.h"
#include "parsers/frame.h"

struct pipeline;

/* An event on its way out. Slices are valid during the call. */
struct event_out {
    char event_id[33];
    bool open; /* a first form of an event that still waits; the closed form follows under the same id */
    int64_t time_us;
    struct slice input; /* empty: it is no input's, such as a summary */
    struct slice project, level;
    struct scrubbed title, payload;
    const struct verdict *verdict; /* NULL for a summary; of one that waited it names its rule by texts->rule alone */
    uint64_t suppressed;           /* not 0: a summary of so many occurrences that were held back */
};

/* What happened to a message, for commands that show it. */
struct outcome {
    const struct record *record; /* NULL when the parser refused it */
    const struct verdict *verdict; /* its shape is there when the record is an event */
    enum count fate;
    struct slice raw;
    const char *reason; /* of the refusal */
    const struct stream *stream; /* where the message came from; NULL when none came */
};

/* What whoever runs crumbd should know of. NEW_ISSUES: limits.new_issues is used up for this hour. PROJECT: a rule named one that is
   not configured. NO_ROOM: an event was dropped, because hooks.room said no. */
enum notice_kind { NOTICE_NEW_ISSUES, NOTICE_PROJECT, NOTICE_NO_ROOM };

struct notice {
    enum notice_kind kind;
    struct slice input, project, peer; /* peer: as in the tag; empty for a file */
};

struct pipeline_hooks {
    void *u;
    void (*notice)(void *u, const struct notice *n); /* may be NULL */
    /* Whether an event of this input may be emitted; if not, it is dropped and counted. It is asked once for an event, also where that
       has two forms. NULL: always. */
    bool (*room)(void *u, struct slice input);
    void (*emit)(void *u, const struct event_out *e);
    void (*outcome)(void *u, const struct outcome *j); /* may be NULL */
    flood_row_f *flood_row; /* state of flood control that changed, at every cut; NULL: it is not kept */
    deadline_row_f *deadline_row; /* the same of what is waited for */
    /* Something did not come: the record that came last, the issue, and COUNT_overdue or COUNT_overdue_suppressed as its fate. May
       be NULL. */
    void (*deadlines)(void *u, const struct outcome *j);
    /* A word for a Sentry monitor; event_id is the monitor's, so that a newer word takes the place of one that has not left. May be
       NULL. */
    void (*check_in)(void *u, const struct event_out *e);
};

struct pipeline_setup {
    const struct options *options;
    const struct rule_set *rules;
    const uint8_t *store_id;  /* 16 bytes */
    bool old_keys;            /* the store was made before hash128 and goes on with its keys: known issues stay known, no line is sent twice */
    struct hash_secret secret; /* random; of keys that are not stored */
    uint64_t run_key;         /* random; part of the ids of messages that cannot be read again */
    bool record_clock;        /* the present is the newest time a record had: for files read after the fact */
    const struct rule *waits; /* the only rule that waits for lines; NULL: all that do */
    struct pipeline_hooks hooks;
};

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
