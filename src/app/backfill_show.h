/*
 * backfill_show: what `crumbd backfill` tells on the way, on a terminal, and at its end; and how long it has patience
 * with a server that takes nothing.
 */
#ifndef APP_BACKFILL_SHOW_H
#define APP_BACKFILL_SHOW_H

#include "app/daemon.h"
#include "app/progress.h"
#include "io/in_backfill.h"

enum { BACKFILL_PATIENCE_S = 3600 }; /* without one line read or event sent */

struct backfill_show {
    const struct backfill *backfill;
    const char *store;
    struct progress progress;
    /* As the last look found it: */
    struct counts counts;
    uint64_t waiting, dead, total_bytes;
    unsigned issues;
    int64_t newest_too_old_us, moved_ms;
    bool gave_up;
};

/* For daemon_setup. u: the struct. */
bool backfill_show_look(void *u, const struct daemon_view *v);
/* Prints the summary. Returns the exit status. */
int backfill_show_end(const struct backfill_show *s);

#endif
