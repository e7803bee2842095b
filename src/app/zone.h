/*
 * zone: a `struct zone` (text/stamp.h) for an IANA name, a fixed offset or this host's local time.
 *
 * libc knows the zones; it is asked week by week from 1970 to 2060, and each change of offset is found to the
 * second. That takes about a millisecond and sets TZ for a moment, so it belongs to set-up: main thread,
 * before others run.
 */
#ifndef APP_ZONE_H
#define APP_ZONE_H

#include "base/err.h"
#include "text/stamp.h"

/* name: "local", "Europe/Berlin", "UTC", "+02:00". NULL and an error at `at` that names the nearest one. The
 * caller frees. */
struct zone *zone_load(struct slice name, struct diag *d, struct err_place at);
void zone_free(struct zone *z);

#endif
