/*
 * worker_parts: what the files of the worker share, and nobody else sees. They stand one above the other:
 * worker_room, worker_checkpoint, worker_flow, worker_tap and worker_inputs, worker, worker_change.
 */
#ifndef APP_WORKER_PARTS_H
#define APP_WORKER_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "app/worker.h"
#include "base/table.h"
#include "io/clock.h"

/* What the worker keeps of an input of the configuration, whether it runs or not. */
struct worker_slot {
    struct settings *of;      /* held: what its input was started with; NULL: the first ones, which stay */
    struct input_state state; /* port, unreadable and kernel_drops as far as no run that is under way has them */
    /* STOPPED: its last positions are in the checkpoint that is being filled, UNSTORED: in one that is under way. */
    uint64_t noted_lines; /* of its run, when last_line_us was set */
    /* Since it has no room (state.no_room): when that began, when it last was so, how much had been dropped before. */
    int64_t no_room_ms, short_ms;
    int64_t none_since_ms; /* nothing has been left without a break; 0: something is */
    uint64_t overflow_before;
    enum { SLOT_EMPTY, SLOT_RUNS, SLOT_STOPPED, SLOT_UNSTORED } use;
};

struct worker {
    struct event_base *base;
    struct input **inputs;
    unsigned n_inputs;
    struct worker_leaving {
        struct input *in;
        bool told; /* its last rows are in a checkpoint that was posted */
    } * leaving;   /* those that were told to leave and wait for their stop */
    unsigned n_leaving;
    struct worker_slot *slots; /* of worker_setup.inputs */
    bool slots_changed;        /* since the last checkpoint */
    struct input_sink sink;
    struct counts counts; /* what inputs count */
    struct counts told;   /* what checkpoints have carried */
    struct worker_setup setup;
    struct pipeline *pipeline;
    struct source_files *sources; /* of the pipeline's traces */
    struct snapshot *snapshot;    /* held */
    struct shares room;           /* as the last answer had it, with what was promoted since */
    uint64_t *added;              /* to the checkpoint that is being filled, by each input */
    bool stuck;                   /* at the end: the store has taken nothing for long */
    bool short_of_room;           /* some input is */
    bool wants_answer; /* also to a checkpoint in which there is nothing: some room may be there since the last */
    struct worker_project {
        uint64_t added; /* bytes, to the checkpoint that is being filled */
        uint64_t lost;  /* events, since its server takes none and they fill what it may have; 0: they do not */
        int64_t since_ms;
    } * projects;              /* in the order of room.projects */
    int64_t pace_due_us;       /* of the monotonic clock: when the pace allows the next event */
    int64_t newest_too_old_us; /* as in its checkpoints */
    struct table past_issues;  /* fingerprints, at most PAST_ISSUES_MAX; the values mean nothing */
    uint64_t *asked;           /* of each rule by its handle, as the last checkpoint carried it */
    unsigned n_asked;
    struct mailbox *in, *to;
    const struct sandbox *sandbox;
    struct event *checkpoint_timer, *tick;
    int64_t tick_us; /* when the tick is set for, INT64_MAX: not at all */
    bool tick_was_late;
    struct shared_limits *shared;   /* NULL: each limits by itself */
    bool shared_changed;            /* since the last checkpoint */
    int64_t undecided_us;           /* a checkpoint is put off since then; 0: none is */
    struct worker_checkpoint *next; /* being filled */
    unsigned generation;            /* of the set of inputs: how often it was changed */
    pthread_mutex_t park_lock;
    pthread_cond_t park_change;
    bool parked;           /* its thread stands still, and another may work on all of this */
    int64_t clock_told_us; /* pipeline_clock of the last checkpoint */
    int64_t start_us;      /* of clock_steady_us */
    int64_t ahead_us;      /* of the wall clock is that clock, as this turn began */
    unsigned under_way;    /* checkpoints that have not been answered: one, and at the end the last one besides */
    bool caught_up, stopping, running;
    atomic_bool paused; /* set by its thread */
    pthread_t thread;
    atomic_uint turns;                                /* counted by its thread */
    atomic_uint_fast64_t judged_lines, judged_events; /* set by its thread */
    struct turn_watch watch;
    struct input *turn_input; /* whose turn it is; NULL: none's */
};

/* --- worker_room: what may still be stored --- */

/* Counts by input and project what was lost for want of room, and says when that begins. */
void worker_note_lost(struct worker *w, const struct notice *n);
/* Says when an input has no room any more, or, for a while, has some again. */
void worker_tell_room(struct worker *w, unsigned input);
/* Why an event of this project is dropped; COUNT_N: it is not. */
enum count worker_no_room_for_project(const struct worker *w, struct slice project);
/* Whether events of some project are dropped. */
bool worker_loses_projects(const struct worker *w);
/* Sets what of the sink answers inputs (worker_sink.c). */
void worker_answer_inputs(struct worker *w);
/* So much of it is in the checkpoint that is being filled. */
void worker_use_room(struct worker *w, struct slice input, struct slice project, uint64_t bytes);
/* Another one is being filled from now on. */
void worker_begin_use(struct worker *w);
/* What is used of the store, as an answer says; it is freed. */
void worker_take_room(struct worker *w, struct shares *used);
/* Events are made faster than at the pace that was asked for. */
bool worker_is_ahead(const struct worker *w);
/* One more has been made. */
void worker_note_pace(struct worker *w);

/* --- worker_checkpoint: what is to be stored --- */

/* The one that is being filled. */
struct worker_checkpoint *worker_next(struct worker *w);
/* The hooks of the pipeline, which fill it. u: the worker. */
bool worker_add_event(void *u, const struct event_out *e);
void worker_add_number(void *u, const struct event_out *e);
void worker_add_check_in(void *u, const struct event_out *e);
void worker_add_deadline(void *u, const struct deadline_row *row);
void worker_add_flood(void *u, const struct flood_row *row);
void worker_add_held(void *u, const struct join_row *row);
void worker_add_fates(void *u, const struct fates_chunk *c);
void worker_add_issue(void *u, const struct issue_count *count);
/* So much was lost, and why: its owner is told. */
void worker_report(struct worker_checkpoint *c, struct slice project, enum item_kind kind, enum count why,
                   uint64_t quantity);
void worker_add_positions(struct worker *w, struct input *in);
void worker_add_all_positions(struct worker *w);
/* The store has not taken the last one, and this one has grown to its bound. */
bool worker_is_behind(const struct worker *w);
/* Everything up to this moment, in one piece; NULL when there is nothing new, or the last one has not been answered. */
struct worker_checkpoint *worker_take_checkpoint(struct worker *w);
void worker_post_checkpoint(struct worker *w);

/* --- worker_flow: who may go on reading --- */

bool worker_has_room(const struct worker *w, const struct input *in);
/* Posts what has grown large, pauses inputs and lets them go on. */
void worker_check_pressure(struct worker *w);
/* A hook of the pipeline: asked for an event that is ready to be stored. */
enum count worker_room_for_event(void *u, const struct room_asked *asked);

/* --- worker_tap: what who watches is told --- */

/* To be asked while the tap is open. */
void worker_tap_line(struct worker *w, const struct outcome *j);

/* --- worker_inputs: their life --- */

bool worker_start_inputs(struct worker *w, struct diag *d);
void worker_stop_inputs(struct worker *w);
void worker_drain_inputs(struct worker *w);
bool worker_is_drained(const struct worker *w);
/* What was written before the start has been read, or that takes too long. */
bool worker_has_caught_up(const struct worker *w);
void worker_tell_stored(struct worker *w);
/* Stops those whose last rows have been answered; all of them, when nothing is under way any more. */
void worker_end_leaving(struct worker *w, bool stored);
/* While the others run, those of this name. */
void worker_start_named(struct worker *w, struct slice name, const struct positions *known);
void worker_stop_named(struct worker *w, struct slice name);
/* The one at this place of `inputs`. drain_end_ms: until then, of clock_mono_ms, it is drained; 0: it is not. */
void worker_end_input(struct worker *w, unsigned at, int64_t drain_end_ms);

/* --- worker: for worker_change --- */

/* Waits until the worker's thread stands still, between two turns. From another thread; not after worker_stop. */
void worker_park(struct worker *w);
void worker_go_on(struct worker *w);
/* Judges by this snapshot from here on; the reference is taken over. */
void worker_use_snapshot(struct worker *w, struct snapshot *next);

#endif
