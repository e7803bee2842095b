/*
 * watch: crumbd's own health as others see it: an input that has gone silent, a store that fills, a server that takes
 * nothing. Looked at once a pulse, said once in the log, shown on the page and in the metrics, and, where health.events
 * says so, made an event of (core/trouble.h), which waits in the store like any other: that a server takes nothing, it
 * learns when it takes something again. Belongs to the main thread.
 */
#ifndef APP_WATCH_H
#define APP_WATCH_H

#include "core/trouble.h"

struct watch_input {
    uint64_t key; /* of its name: what is known of it outlives a reload */
    struct trouble trouble;
    uint64_t lines;   /* as they were last seen */
    int64_t heard_us; /* of clock_steady_us: when they last became more; 0: not in this run */
};

struct watch_project {
    uint64_t key;
    struct trouble trouble;
    struct slice name; /* empty: the default one */
};

struct watch {
    struct watch_input *inputs; /* in the order of those in force */
    unsigned n_inputs;
    struct watch_project *projects; /* in that of the sender */
    unsigned n_projects;
    struct trouble full;
    int64_t full_looked_us;
    uint64_t used_bytes;
    struct trouble_budget budget;
    uint64_t made; /* events */
};

#endif
