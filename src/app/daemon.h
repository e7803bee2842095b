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

struct daemon_setup {
    struct settings *settings;          /* the rules that they name are loaded after the inputs are bound */
    const struct input_options *inputs; /* instead of the settings' */
    unsigned n_inputs;
    bool drain;     /* end with status 0 when the inputs are at their end */
    pid_t child;    /* not 0: signals are passed on to it, and its end is that of the inputs */
    bool own_store; /* when the store is in use, take one beside it that belongs to this process */
};

/* Runs until SIGTERM, SIGINT or the end of the inputs. Returns the exit status; errors of starting are in d. */
int daemon_run(const struct daemon_setup *setup, struct diag *d);

#endif
