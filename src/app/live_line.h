/*
 * live_line: a line and what became of it, as people may see it: as JSON.
 */
#ifndef APP_LIVE_LINE_H
#define APP_LIVE_LINE_H

#include "core/scrubbed.h"
#include "io/tap.h"

struct live_line {
    const struct tap_line *line;
    struct scrubbed texts[TAP_TEXTS]; /* the line's own, without secrets */
};

/* {"time":…,"input":…,"source":…,"format":…,"level":…,"host":…,"app":…,"message":…,"fate":…,"rule":…,"project":…,
   "issue":…}; what is not known is left out. */
void live_line_write(const struct live_line *l, struct sbuf *out);

#endif
