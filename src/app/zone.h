/*
 * zone: a `struct zone` (text/stamp.h) for an IANA name, a fixed offset or this host's local time.
 *
 * The file of a name is read once (text/tzif.h), under TZDIR or /usr/share/zoneinfo; local time is what TZ says, else
 * /etc/localtime. It opens files, so it belongs to set-up: main thread, before others run. The process's TZ is left
 * alone.
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
