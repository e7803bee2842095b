/*
 * pipeline_setup: what the pipeline is given, and what it hands out through its hooks.
 */
#ifndef CORE_PIPELINE_SETUP_H
#define CORE_PIPELINE_SETUP_H

#include "base/count.h"
#include "core/deadline.h"
#include "core/event.h"
#include "core/fates.h"
#include "core/flood.h"
#include "core/issue_tally.h"
#include "core/join_row.h"
#include "core/judge.h"
#include "core/past.h"
#include "core/shared.h"
#include "core/stream.h"
#include "core/trace_source.h"

/* An event on its way out. Slices are valid during the call. */
struct event_out {
    char event_id[33];
    bool open;         /* a first form of an event that still waits; the closed form follows under the same id */
    bool written_open; /* this is the closed form of such an event */
    int64_t time_us;
    struct slice input; /* empty: it is no input's, such as a summary */
    struct slice project, level;
    uint64_t issue; /* its key (struct verdict); 0: it has none, or it is not known */
    enum issue_news news;
    struct scrubbed title, payload;
    const struct verdict *verdict; /* NULL for a summary; of one that waited it names its rule by texts->rule alone */
    uint64_t suppressed;           /* not 0: a summary of so many occurrences that were held back */
};

/* What happened to a message, for commands that show it. */
struct outcome {
    const struct record *record;   /* NULL when the parser refused it */
    const struct verdict *verdict; /* its texts are there when the record is an event */
    enum count fate;
    struct slice raw;
    const char *reason;          /* of the refusal */
    const struct stream *stream; /* where the message came from; NULL when none came */
    uint64_t offset;             /* and where in it, as its input said; of several lines that are one, the first */
};

/* What whoever runs crumbd should know of. NEW_ISSUES: limits.new_issues is used up for this hour. PROJECT: a rule
   named one that is not configured. LOST: `quantity` events are not made, for the cause, which has been counted; no
   event tells of them. */
enum notice_kind { NOTICE_NEW_ISSUES, NOTICE_PROJECT, NOTICE_LOST };

struct notice {
    enum notice_kind kind;
    struct slice input, project, peer; /* peer: as in the tag; empty for a file */
    enum count cause;
    uint64_t quantity;
};

/* An event that is ready to be stored. */
struct room_asked {
    struct slice input, project;
    bool first; /* of its issue, in the period of flood control */
};

struct pipeline_hooks {
    void *u;
    void (*notice)(void *u, const struct notice *n); /* may be NULL */
    /* Returns COUNT_N: it may be emitted; or the cause for which it is dropped, and which is counted. It is not asked
       again for the closed form of an event whose open form was emitted. NULL: always. */
    enum count (*room)(void *u, const struct room_asked *asked);
    /* False: it was not taken, and is counted and reported by whoever refused it. */
    bool (*emit)(void *u, const struct event_out *e);
    void (*outcome)(void *u, const struct outcome *j); /* may be NULL */
    /* An event of a message beside its own, COUNT_event or COUNT_suppressed. May be NULL. */
    void (*extra)(void *u, const struct outcome *j);
    flood_row_f *flood_row;       /* state of flood control that changed, at every checkpoint; NULL: it is not kept */
    issue_count_f *issue;         /* how often issues occurred, at every checkpoint; NULL: it is not counted */
    deadline_row_f *deadline_row; /* the same of what is waited for */
    fates_chunk_f *fates;         /* what became of the lines of files, at every checkpoint; NULL: it is not kept */
    join_row_f *held_row;         /* of what is held for the lines of a stack trace; closed as it is released */
    /* Something did not come: the record that came last, the issue, and COUNT_overdue or COUNT_overdue_suppressed as
       its fate. May be NULL. */
    void (*deadlines)(void *u, const struct outcome *j);
    shared_ask_f *ask; /* asks members (limits.shared); NULL: there are none */
    /* A number of occurrences of an issue, for the crumbd behind this one (forward); NULL: there is none, whatever the
       options say. */
    void (*number)(void *u, const struct event_out *e);
    /* A word for a Sentry monitor; event_id is the monitor's, so that a newer word takes the place of one that has not
       left. May be NULL. */
    void (*check_in)(void *u, const struct event_out *e);
};

struct pipeline_setup {
    const struct options *options;
    const struct rule_set *rules;
    const uint8_t *store_id; /* 16 bytes */
    bool old_keys; /* the store was made before hash128 and goes on with its keys: known issues stay known, no line is
                      sent twice */
    unsigned grouping;          /* of the store; what the options say counts before it. 0: the newest */
    struct hash_secret secret;  /* random; of keys that are not stored */
    uint64_t fates_number;      /* of the first chunk of hooks.fates */
    uint64_t run_key;           /* random; part of the ids of messages that cannot be read again */
    bool record_clock;          /* the present is the newest time a record had: for files read after the fact */
    bool judged_only;           /* the verdict is all that is asked for: no events, breadcrumbs and limits; each message
                                   that is not dropped has the fate of a crumb */
    struct past past;           /* with record_clock, where events are sent */
    const struct rule *waits;   /* the only rule that waits for lines; NULL: all that do */
    struct trace_source source; /* of frames; without a function there are no source lines */
    struct pipeline_hooks hooks;
};

#endif
