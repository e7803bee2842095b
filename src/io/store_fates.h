/*
 * store_fates: what the store knows of lines that were read: the chunks of core/fates.h, by which file each is, and
 * which events have left the outbox.
 *
 * Written with the checkpoint whose positions they belong to. Bounded by `where`: the chunks begun longest ago go
 * first, and of events that have left a quarter of the room is kept. Rows are about what their pages take.
 */
#ifndef IO_STORE_FATES_H
#define IO_STORE_FATES_H

#include "core/fates.h"
#include "io/store.h"

enum { STORE_FATES_SHARE = 16 }; /* at most this part of store_limit */

/* From now on so much is kept; 0: nothing, and what is there goes. Returns the number of the next chunk; 0: nothing is
 * kept. */
uint64_t store_keep_fates(struct store *s, uint64_t limit_bytes);

/* For those who ask: what the following calls say is of one moment, until store_close. */
bool store_hold_moment(struct store *s);
/* Calls back for every chunk of a file, or with 0 of all, in the order in which they were begun; of `all` false without
 * the bytes. False: the store cannot be read. */
bool store_fates(struct store *s, uint64_t file, bool all, fates_chunk_f *each, void *u);
/* The bytes of one chunk, in the arena; empty: it is not there. */
struct slice store_fates_bytes(struct store *s, uint64_t number, struct arena *a);
/* What was known of the file before this place is known no longer; 0: all is. */
uint64_t store_fates_forgotten(struct store *s, uint64_t file);
/* Calls back for files that are read no longer, of whose lines something is known; input is empty. */
void store_fate_files(struct store *s, position_f *each, void *u);

/* How an event left the outbox; stored. */
enum store_departed {
    STORE_DEPARTED_SENT = 1,
    STORE_DEPARTED_DROPPED = 2,  /* by hand */
    STORE_DEPARTED_OVERFLOW = 3, /* it made room for others */
    STORE_DEPARTED_EXPIRED = 4,  /* it waited too long */
    STORE_DEPARTED_N
};
struct store_departure {
    uint8_t event_id[16];
    enum store_departed how;
    int64_t at_us;
};
/* Calls back for every event of which it is known, the last ones first. */
void store_departures(struct store *s, void (*each)(void *u, const struct store_departure *d), void *u);
/* The bytes of an event id of 32 lower-case hex digits. */
void store_event_id_bytes(const char *hex, uint8_t id[16]);

#endif
