/*
 * daemon_parts: what the files of the daemon share, and nobody else sees. daemon stands above daemon_reload,
 * daemon_http, daemon_live and daemon_store, that above daemon_room.
 */
#ifndef APP_DAEMON_PARTS_H
#define APP_DAEMON_PARTS_H

#include "app/daemon.h"
#include "app/daemon_reload.h"
#include "app/health.h"
#include "app/live.h"
#include "app/notifications.h"
#include "app/upstream.h"
#include "app/watch.h"
#include "app/worker.h"
#include "io/clock.h"
#include "io/http.h"
#include "io/privileges.h"

/* What is known of a store without room. */
struct room {
    bool full;         /* a checkpoint was refused, and that is not yet long over */
    int64_t since_us;  /* it began */
    int64_t well_us;   /* since then checkpoints go in again; 0: they do not */
    uint64_t dropped;  /* events, before it began */
    uint64_t *lost;    /* of each input, before it began */
    uint64_t *evicted; /* of each input, in this run: events that the store had taken and that made room */
};

struct daemon {
    const struct daemon_setup *setup;
    struct event_base *base;
    struct sandbox *sandbox; /* NULL: off */
    struct privileges who;   /* crumbd becomes, once its ports are bound */
    struct store *store;
    struct upstream upstream;
    struct settings *upstream_of; /* held: of these */
    struct sender *sender;
    struct worker *worker;
    struct mailbox *mailbox;
    const struct input_options *input_list; /* in force: of the settings in force, or of the set-up */
    unsigned n_inputs;
    struct reload reload;
    struct input_state *inputs;    /* as the last checkpoint brought it */
    struct counts counts;          /* of this run: what checkpoints brought, and what the sender adds */
    struct count_open open;        /* as the last checkpoint brought it */
    struct snapshot *snapshot;     /* held */
    struct rule_stats *rule_stats; /* by the handle of a rule, as the last checkpoint brought them */
    unsigned n_rule_stats;
    uint64_t log_dropped; /* lines of the own log, as far as the store knows of them */
    unsigned issues;
    struct shared_limits_state shared;
    struct worker_checkpoint *unstored[2]; /* the oldest first: one, and the last one of the worker besides */
    unsigned n_unstored;
    struct shares shares;       /* of the store, nothing of them used */
    uint64_t store_limit_bytes; /* that inputs share; 0: none, also where the oldest events make room */
    char *store_path;
    bool store_is_own;
    struct event *commit_retry, *exit_timer, *pulse, *signals[5];
    unsigned n_signals;
    struct http *http, *probes; /* NULL: off, or the port could not be had */
    struct tap *tap;            /* of the worker */
    struct live *live;
    int64_t start_us;
    enum store_result stored; /* the last checkpoint */
    struct health health;
    struct watch watch;
    struct notifications *notifications;
    bool watchdog; /* of the service manager waits for this process */
    bool trimmed;  /* what the threads took to begin has been given back */
    struct room room;
    int64_t newest_too_old_us; /* this and past_issues as the last checkpoint brought them */
    unsigned past_issues;
    bool stopping, sending_rest;
    bool told_to_stop;  /* by a signal, and not because all was read */
    bool waits_for_all; /* all has been sent that could be, and the rest is waited for */
    bool giving_up;     /* only the worker's last numbers are waited for */
};

/* --- daemon_http: the status page and the probes --- */

/* What nobody configured must not fight over a port: `crumbd -` and `crumbd exec` run in any number. */
void daemon_open_http(struct daemon *dm);

/* --- daemon_live: what who watches is told --- */

void daemon_open_live(struct daemon *dm);
/* What was stored of a checkpoint. */
void daemon_tell_live(struct daemon *dm, const struct checkpoint *c);
/* The facts for all that is served (status.h). turn: room for what it may point to. */
struct status daemon_status(struct daemon *dm, struct turn *turn);

/* --- daemon_room: the store when it has no room --- */

void daemon_room_init(struct daemon *dm);
void daemon_room_done(struct daemon *dm);
/* The inputs are others: what is lost of each is counted from here on. */
void daemon_room_renew(struct daemon *dm);
/* Divides what a measurement has found among inputs and projects: repeats make room where it is short. */
void daemon_share_room(struct daemon *dm, struct shares *used);
/* Has repeats make room for a checkpoint that was refused. False: there were none. */
bool daemon_make_room(struct daemon *dm, const struct checkpoint *c);
/* Says, once, that a checkpoint was refused. */
void daemon_say_full(struct daemon *dm, enum store_result result);
/* Says, once that is certain, that checkpoints go in again, and what was lost meanwhile. At each that does, and now and
   then. */
void daemon_say_room(struct daemon *dm);

/* --- daemon_unstored: what it has not taken at the end --- */

/* Whether the worker has told its last numbers. */
bool daemon_has_last(const struct daemon *dm);
/* What the worker has judged since the last checkpoint that was stored is in the ledger, of this run and of all, and
   what is lost of it has a name. */
void daemon_give_up_unstored(struct daemon *dm);

/* --- daemon_watch: its own health, watch.h --- */

/* Inputs and projects are others. */
void daemon_watch_renew(struct daemon *dm);
void daemon_watch(struct daemon *dm);
void daemon_watch_done(struct daemon *dm);

/* --- daemon_reload --- */

/* Begins a reload, or has another one follow the one that is under way. */
void daemon_reload(struct daemon *dm);
/* Now and then: has the loader make code of the patterns that have become worth it. */
void daemon_make_code(struct daemon *dm);
/* There is no loader any more. */
void daemon_make_code_end(struct daemon *dm);
/* A checkpoint of this generation is stored. */
void daemon_reload_stored(struct daemon *dm, unsigned generation);

/* --- daemon_store: the store, and what it knows at the start --- */

/* What the store counts by itself, up to now. */
void daemon_take_counted(struct daemon *dm);
void daemon_open_sender(struct daemon *dm);
/* A set of rules that took the place of another has at least as many handles. */
void daemon_make_room_for_rules(struct daemon *dm);
/* Takes up what was left beside it. What is piped into crumbd, and a wrapped command, run also beside a daemon that has
   the store: with one of their own. */
struct store *daemon_open_store(struct daemon *dm, struct diag *d);
/* Closes it; it goes when nothing is left in it. */
void daemon_leave_own_store(struct daemon *dm);
/* The number of the grouping that the pipeline goes by: the configuration's, which becomes the store's, else the
 * store's. Of a store beside the one that another process has, that one's. */
unsigned daemon_grouping(struct daemon *dm, const struct settings *s);
/* Has the store go by these settings: its bound, what it scrubs by, and the shares of the inputs in force. */
void daemon_use_store(struct daemon *dm, const struct settings *s);
/* What inputs use of the store now. What pages take beyond the rows is nobody's. Caller frees. */
struct shares *daemon_measure(struct daemon *dm);
/* The same for the inputs of settings that are to be in force. */
struct shares *daemon_measure_for(struct daemon *dm, const struct settings *s);
/* What the worker has judged and the store has not taken. */
struct count_open daemon_waiting(const struct daemon *dm);
/* Positions, flood control, deadlines and what was held to the worker, which has been prepared. */
void daemon_restore(struct daemon *dm);

#endif
