/*
 * past: lines of long ago whose events are sent. One that names no time is of the time of the line before it in its
 * stream: its event has that time, and whether it is left out goes by it. Pure.
 */
#ifndef CORE_PAST_H
#define CORE_PAST_H

#include "base/count.h"
#include "core/stream.h"
#include "parsers/frame.h"

struct past {
    bool on;                     /* false: lines are of now */
    int64_t oldest_us;           /* lines before it are too_old, */
    int64_t since_us, before_us; /* and others that are not from since_us on and before before_us are unasked */
};

/* The fate of a line that is left out, once its stream knows its time; COUNT_N: it is not. One that is read again has
   had its fate. */
enum count past_left_out(const struct past *p, const struct message *m);
/* When the line was received: when it was written, as far as that is known and not in the future. */
int64_t past_received(const struct past *p, const struct message *m, int64_t now_us);

#endif
