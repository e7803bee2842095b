/*
 * event: one promoted record as Sentry's event JSON. Pure; everything it says comes from its arguments.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/event_source.h"
#include "core/options.h"
#include "core/scrub.h"

enum { EVENT_BYTES_MAX = 1000000 }; /* what Relay, Bugsink and GlitchTip all take: 1 MiB less a margin */

/* Releases and environments whose names Sentry takes; with any other name it drops the whole attribute. */
enum { EVENT_RELEASE_MAX = 200, EVENT_ENVIRONMENT_MAX = 64 };
bool event_is_release(struct slice s);
bool event_is_environment(struct slice s);
/* Writes the JSON object, at most EVENT_BYTES_MAX bytes; without the breadcrumbs when it would be longer. False: it
   does not fit even so. */
bool event_write(const struct event_source *src, const struct options *opt, struct scrub *scrub, struct sbuf *out);
/* Tells the scrubber the addresses of whoever asked or logged in: it takes them out wherever they stand
   (scrub.send_ip), until the next event. */
void event_name_clients(const struct record *r, struct scrub *scrub);
/* Returns the time of an event: the record's, or received_us when that is missing or more than a minute ahead. */
int64_t event_time(const struct record *r, int64_t received_us);
/* Makes an id of 32 hex digits, shaped as a version 4 UUID. The same arguments give the same id, so that a line which
   is read again after a crash gives the same event. store_id is 16 bytes. */
void event_make_id(char out[33], const uint8_t *store_id, uint64_t file_key, uint64_t offset, uint64_t ordinal);
/* Makes the id as older versions did, for the stores that they made. */
void event_make_old_id(char out[33], const uint8_t *store_id, uint64_t file_key, uint64_t offset, uint64_t ordinal);

#endif
