/*
 * daemon_reload: SIGHUP. Settings, rules and grammars are read again and their samples run by a thread of their own,
 * beside the reading; only when all is right the worker stands still for a moment and takes them. Else the set before
 * stays in force, and why is in the log, on the page and in the metrics.
 *
 *   SIGHUP -> load (loader) -> take (loader, the worker parked) -> adopted -> inputs with positions begin
 *
 * Main thread.
 */
#ifndef APP_DAEMON_RELOAD_H
#define APP_DAEMON_RELOAD_H

#include "app/loader.h"
#include "app/worker.h"

enum { RELOAD_WHY_MAX = 400 };

struct reload {
    struct loader *loader;  /* NULL: this run reloads nothing */
    bool busy;              /* from the signal until all inputs have begun */
    bool again;             /* asked for meanwhile */
    struct snapshot *coded; /* held: the loader makes code of its patterns; NULL: it does not */
    loader_f *go_on;        /* with the daemon: checkpoints are answered again, what came meanwhile is taken up */
    bool applying;          /* the loader works on the worker: no checkpoint is answered */
    unsigned generation;    /* of the set of inputs in force */
    bool *to_begin; /* of each input: it begins when a checkpoint of this generation is stored; NULL: none does */
    int64_t began_ms;
    /* What is shown. */
    int64_t taken_us, refused_us; /* when; 0: never. The later one is the last */
    uint64_t taken, refused;      /* how often */
    char why[RELOAD_WHY_MAX];     /* it was refused */
};

#endif
