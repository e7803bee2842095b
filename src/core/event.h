/*
 * event: one promoted record as Sentry's event JSON. Pure; everything it says comes from its arguments.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/options.h"
#include "core/verdict.h"
#include "core/scrub.h"
#include "core/breadcrumbs.h"

enum { EVENT_BYTES_MAX = 1000000 }; /* what Relay, Bugsink and GlitchTip all take: 1 MiB less a margin */

/* A summary instead of an occurrence (flood control). */
struct event_summary {
    uint64_t suppressed; /* 0: this is no summary */
    int64_t first_us, last_us;
    struct slice top; /* JSON of top_values_show, or nothing */
};

/* An event because something did not come. */
struct event_deadline {
    const struct rule *rule; /* NULL: this is none */
    int64_t since_us;        /* when the line came last, or the start; RECORD_NO_TIME: never */
    unsigned times;          /* pair: how often it started */
};

/* Everything an event is made of. */
struct event_source {
    char event_id[33];
    const struct record *record;
    const struct verdict *verdict; /* with its shape: the rule's templates filled in, or the fallback's */
    const struct breadcrumb *crumbs;  /* in time order */
    unsigned n_crumbs;
    unsigned crumbs_seen;        /* how many there were before the cap; _meta says so */
    struct slice transaction_id; /* nginx $request_id, from the access line */
    unsigned response_status;    /* from the access line, 0 unknown */
    struct slice source;         /* file or address it came from */
    struct slice input;          /* whose share of the store it uses; it lives as long as the input. Empty: nobody's */
    int64_t received_us;         /* time when the record has none, or one in the future */
    struct event_summary summary;
    struct event_deadline deadlines;
};

/* Names that Sentry takes; with any other it drops the whole attribute. */
enum { EVENT_RELEASE_MAX = 200, EVENT_ENVIRONMENT_MAX = 64 };
bool event_is_release(struct slice s);
bool event_is_environment(struct slice s);
/* Writes the JSON object, at most EVENT_BYTES_MAX bytes; without the breadcrumbs when it would be longer. False: it does not fit
   even so. */
bool event_write(const struct event_source *src, const struct options *opt, struct scrub *scrub, struct sbuf *out);
/* Tells the scrubber who asked or logged in: that address goes wherever it stands (scrub.send_ip), until the next event. */
void event_name_clients(const struct record *r, struct scrub *scrub);
/* The time an event carries: the record's, or received_us when that is missing or more than a minute ahead. */
int64_t event_time(const struct record *r, int64_t received_us);
/*
 * 32 hex digits shaped as a version 4 UUID, the same for the same arguments: a line that is read again after a crash gives the
 * same event. store_id is 16 bytes.
 */
void event_make_id(char out[33], const uint8_t *store_id, uint64_t file_key, uint64_t offset, uint64_t ordinal);
/* As versions made it whose stores are still in use. */
void event_make_old_id(char out[33], const uint8_t *store_id, uint64_t file_key, uint64_t offset, uint64_t ordinal);

#endif
