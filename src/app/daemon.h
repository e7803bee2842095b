/*
 * daemon: the main thread of `crumbd run`: signals, store, sender, the letters of the worker.
 *
 *   worker --checkpoint--> store_commit --answer--> worker
 *                        |
 *                     outbox --sender--> Sentry
 */
#ifndef APP_DAEMON_H
#define APP_DAEMON_H

#include <sys/types.h>

#include "app/settings.h"
#include "core/pipeline_setup.h"

/* What is going on, for who started it. */
struct daemon_view {
    const struct counts *counts;      /* of this run; what is in them is stored */
    const struct input_state *inputs; /* as in daemon_setup */
    uint64_t waiting, dead;           /* rows of the store */
    unsigned issues;                  /* with `past`, of this run */
    int64_t newest_too_old_us;        /* as of struct worker_checkpoint */
    bool over;                        /* nothing more will happen */
};

struct daemon_setup {
    const char *config;                 /* a path as the command line has it; NULL: wherever it is */
    struct settings *settings;          /* the rules that they name are loaded after the inputs are bound */
    const struct input_options *inputs; /* instead of the settings' */
    unsigned n_inputs;
    bool drain;     /* end with status 0 when the inputs are at their end */
    pid_t child;    /* not 0: signals are passed on to it, and its end is that of the inputs */
    bool own_store; /* when the store is in use, take one beside it that belongs to this process */
    bool send_all;  /* with drain: the end waits until nothing is left to be sent */
    struct past past;
    unsigned pace_per_s;   /* see struct worker_setup */
    const char *groups_as; /* a store that need not be there: unless the configuration says it, its grouping holds */
    /* Called about once a second, and once when all is over. False: end now. NULL: nobody looks. */
    bool (*look)(void *u, const struct daemon_view *v);
    void *u;
};

/* Runs until SIGTERM, SIGINT or the end of the inputs. Returns the exit status; errors of starting are in d. */
int daemon_run(const struct daemon_setup *setup, struct diag *d);

#endif
