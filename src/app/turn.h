/*
 * turn: what the worker's thread does right now, where the main thread can see it.
 *
 * A turn is one call of the worker's loop for one input: a batch of datagrams, what a connection has sent, one request,
 * a block of a file. It begins where the input says so (input_turn) and ends with the next one, or when the loop has
 * called all that was due. Written by the worker's thread, read by any; a lock guards it.
 */
#ifndef APP_TURN_H
#define APP_TURN_H

#include <pthread.h>

#include "base/log.h"
#include "io/input.h"

enum {
    TURN_BUDGET_US = 1000000, /* of wall time; a longer turn is named in the log and counted */
    TURN_WHO_MAX = 128,
    TURN_NO_INPUT = -1, /* crumbd's own timers */
};

struct turn {
    int input;              /* its place in the configuration, or TURN_NO_INPUT */
    int64_t began_us;       /* of a clock that only rises; tells one turn from another */
    int64_t took_us;        /* so far */
    char who[TURN_WHO_MAX]; /* address of the sender, or path of the file; empty: several, or unknown */
};

struct turn_watch {
    pthread_mutex_t lock;
    struct turn turn;
    bool open;
};

void turn_watch_init(struct turn_watch *w);
void turn_watch_done(struct turn_watch *w);
/* Who counts slow turns ends the one before first. */
void turn_begin(struct turn_watch *w, int input, struct slice who);
/* False when none was open. */
bool turn_end(struct turn_watch *w, struct turn *out);
/* The turn that is under way, without ending it. False: the thread waits for something to do. */
bool turn_look(struct turn_watch *w, struct turn *out);
/* One line of the log that names it. */
void turn_log(enum log_level level, const char *msg, const struct turn *t, const struct input_options *inputs);

#endif
