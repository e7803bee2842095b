/*
 * worker: the thread that reads and judges. Own event base, inputs, pipeline.
 *
 * At least every WORKER_CHECKPOINT_MS it puts everything since the last time - events, file positions, counts - into
 * one checkpoint and posts it to the main thread, which makes one transaction of it and answers. One checkpoint is
 * under way at a time, at the end the last one besides; while the store is slow or full the worker goes on until
 * WORKER_UNSTORED_BYTES are waiting, then pauses what can be paused, and drops and counts the events of what cannot, by
 * project and cause. The same is done to an input whose share of the store is used up (io/shares.h). Nothing else is
 * shared.
 */
#ifndef APP_WORKER_H
#define APP_WORKER_H

#include "app/turn.h"
#include "app/confine.h"
#include "app/positions.h"
#include "app/snapshot.h"
#include "core/pipeline.h"
#include "io/input.h"
#include "io/mailbox.h"
#include "io/shared_limits.h"
#include "io/shares.h"
#include "io/store.h"
#include "io/tap.h"

enum {
    WORKER_CHECKPOINT_MS = 200,
    WORKER_UNSTORED_BYTES = 8 << 20,
    WORKER_CHECKPOINT_BYTES = 1 << 20,
    WORKER_CLOCK_EVERY = 128
};
enum { WORKER_CLOCK_S = 60 }; /* how often the clock of what is waited for is stored when nothing else is */
enum {
    WORKER_CATCH_UP_S = 60
}; /* how long, at most, nothing counts as missing while inputs read what was written before the start */

/* A letter from the worker. The receiver answers with worker_answer when it is stored, then frees it with
 * worker_checkpoint_free. */
struct worker_checkpoint {
    struct mail mail;
    struct checkpoint checkpoint;
    struct arena arena;         /* the texts of the checkpoint */
    struct input_state *inputs; /* in the order of the configuration; NULL: they are closed */
    unsigned generation;        /* of the set of inputs that these are of: how often worker_change has changed it */
    struct count_open open;     /* at the moment of its counts */
    bool last;                  /* after the answer the worker ends: join it */
    unsigned issues;            /* that flood control keeps in mind */
    unsigned past_issues;       /* with `past`: of this run, as far as they are counted */
    int64_t newest_too_old_us;  /* time of the newest line that was too_old; RECORD_NO_TIME: there was none */
    struct worker_rule {
        unsigned handle;
        struct rule_stats stats;
    } * rules; /* those that were asked since the last checkpoint, with their numbers of this run; in the arena */
    unsigned n_rules;
    struct shared_limits_state shared;
};

struct worker_setup {
    const struct input_options *inputs;
    unsigned n_inputs;
    const uint8_t *store_id;
    bool old_keys;     /* see struct pipeline_setup, */
    unsigned grouping; /* also of it */
    struct hash_secret secret;
    uint64_t run_key;
    bool keep_issues;                   /* occurrences of issues go to the store */
    uint64_t fates_number;              /* of the next chunk (core/fates.h); 0: what became of lines is not kept */
    struct shares *used;                /* of the store; the worker frees it */
    bool drain;                         /* end when all inputs are at their end */
    bool tolerant;                      /* an input that cannot be opened is left out; d says which */
    const struct redis_address *shared; /* where members count together (limits.shared); NULL: nowhere */
    struct past past;                   /* with `on`, the records' own time is the clock, and no check-in is made */
    unsigned pace_per_s; /* so many events a second; inputs that can wait are paused meanwhile. 0: no pace */
    struct tap *tap;     /* what becomes of lines goes there while it is open; outlives the worker; NULL: nowhere */
};

struct worker;

/* Opens and binds the inputs, on the caller's thread. NULL, and entries in d, when one could not. */
struct worker *worker_new(const struct worker_setup *setup, struct diag *d);
/* Makes the pipeline. The worker holds the snapshot until it is joined. sandbox: of its threads, and those that
 * libraries of its inputs make; NULL: none. */
void worker_prepare(struct worker *w, struct snapshot *now, const struct sandbox *sandbox);
/* What the store knows of files, of flood control, of lines waited for and of records held, between worker_prepare and
 * worker_look. */
void worker_restore(struct worker *w, const struct positions *known);
void worker_restore_flood(struct worker *w, const struct flood_row *row);
/* Before the rows. */
void worker_restore_clock(struct worker *w, int64_t clock_us);
void worker_restore_deadline(struct worker *w, const struct deadline_row *row);
void worker_restore_held(struct worker *w, const struct join_row *row);
/*
 * Tails look for their files, before anyone is told that crumbd is ready: a line written after that moment must not
 * count as old. Nothing is read. What is new is the first checkpoint, to be stored and answered like any other; NULL:
 * nothing.
 */
struct worker_checkpoint *worker_look(struct worker *w);
/* Starts the thread, inside the sandbox. Checkpoints are posted to `to`. */
void worker_start(struct worker *w, struct mailbox *to);
/* What there is to show of each input, before worker_start; later the checkpoints bring it. */
void worker_inputs(const struct worker *w, struct input_state *out);
/* From the main thread: the checkpoint under way has been stored, or never will be, and this is what inputs use of the
 * store since; it is freed. */
void worker_answer(struct worker *w, struct shares *used, bool stored);
/* From the main thread: how often its loop has turned; it does so every WORKER_CHECKPOINT_MS, whatever there is to do.
 */
unsigned worker_turns(struct worker *w);
/* From the main thread: the turn that is under way; false: none is. */
bool worker_turn(struct worker *w, struct turn *out);
/* From the main thread: how many lines its inputs have framed and how many events it has made so far, at most
   WORKER_CHECKPOINT_MS ago. What no stored checkpoint has of them waits to be stored. */
void worker_judged(struct worker *w, struct count_open *out);
/* From the main thread: reading waits until the store has taken what there is. */
bool worker_paused(const struct worker *w);
/*
 * From the main thread: inputs of this name (worker_setup.inputs) are read no longer, or again, while the others go on;
 * an input that runs already goes on as well. A checkpoint says which run (input_state), and the one that says that an
 * input has ended has its last positions. It may be started again when that has been stored and answered, with what the
 * store knows then, which is taken over. One that cannot be opened is logged: inside the sandbox the worker makes no
 * sockets.
 */
void worker_start_input(struct worker *w, struct slice name, struct positions *known);
void worker_stop_input(struct worker *w, struct slice name);
/*
 * From the main thread: judge by this snapshot's settings and rules from the next message on, and go on with the same
 * inputs. It takes the place of the one before (snapshot_rules.before); the worker holds it. What is open goes on
 * (pipeline_use). Not after worker_stop.
 */
void worker_use(struct worker *w, struct snapshot *next);
/* What takes the place of settings, rules and inputs that are in force. */
struct worker_set {
    struct settings *settings; /* of the inputs */
    struct snapshot *snapshot;
    const struct input_options *inputs;
    unsigned n_inputs;
    const int *before;   /* of each input: the place that it had, if it is the same and goes on; -1: it begins */
    struct shares *used; /* of the store, by these inputs; taken over when it is done */
};
/*
 * From a thread that is neither the worker's nor the one that answers checkpoints, of which none is answered meanwhile:
 * the worker stands still while inputs that listen are opened, those that are not in the set are drained and end, and
 * the set is taken, references of its own included. An input whose reading goes on somewhere is not started: that is
 * for worker_start_input, when a checkpoint of the new generation has been stored. states: of n_inputs, what there is
 * to show of each. False, with an entry in d: one could not be opened, and all is as it was.
 */
bool worker_change(struct worker *w, const struct worker_set *next, struct input_state *states, struct diag *d);
/* From the main thread: finish. The last checkpoint has `last` set. */
void worker_stop(struct worker *w);
/* After the answer to the last checkpoint: waits for the thread and frees. Also frees a worker that was never started.
 */
void worker_join(struct worker *w);
void worker_checkpoint_free(struct worker_checkpoint *c);

#endif
