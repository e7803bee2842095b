/*
 * check_in: what a Sentry monitor is told by a rule with `absence`: ok when the line came, error when it did not
 * (sentry-protocol.md, 2.7).
 *
 * Each carries the monitor's schedule, so that Sentry makes and mends the monitor by it, and itself notices when crumbd
 * is gone. Pure.
 */
#ifndef CORE_CHECK_IN_H
#define CORE_CHECK_IN_H

#include "base/arena.h"
#include "base/sbuf.h"
#include "core/options.h"

enum { CHECK_IN_SLUG_MAX = 50, CHECK_IN_BYTES_MAX = 4096 };

/* Sentry's schedules go by the minute, and so does what it takes of one monitor. */
#define CHECK_IN_EVERY_MIN_US (INT64_C(60) * 1000000)

enum check_in_status { CHECK_IN_OK, CHECK_IN_ERROR };

struct check_in {
    const char *id; /* 32 hex digits */
    struct slice slug;
    enum check_in_status status;
    int64_t every_us;
    struct slice project; /* for the crumbd behind this one (forwarded.h); empty: none, or the default one */
};

/* Whether Sentry takes the slug as it is, so that two names cannot become one. */
bool check_in_is_slug(struct slice s);
/* Makes a slug of any text: other bytes become '-', what is behind CHECK_IN_SLUG_MAX is cut off. The result is empty
   when no byte can be kept. */
struct slice check_in_slug(struct slice text, struct arena *a);
/* Returns the least time between two check-ins of a line that comes more often than that: a hundredth of `every`,
   between a minute and an hour. */
int64_t check_in_gap_us(int64_t every_us);
void check_in_write(const struct check_in *c, const struct options *opt, struct sbuf *out);
const char *check_in_status_name(enum check_in_status s);

#endif
