/*
 * repeats: the message before, of each host that a sender speaks for, where it was worth an event: a syslogd that
 * shortens a run says only that it has come so often again.
 *
 * A table of fixed size in which a newer message takes the place of any; a sender can at most make it forget. A message
 * that is of no interest takes nothing and makes the one before it forgotten, so that no other is counted in its place.
 * Pure. One thread.
 */
#ifndef CORE_REPEATS_H
#define CORE_REPEATS_H

#include "core/pipeline_parts.h"

enum { REPEATS_SLOTS = 256, REPEATS_TEXT_MAX = 8 << 10 };

struct repeats {
    struct hash_secret secret;
    unsigned n; /* slots that are taken */
    struct repeats_slot {
        uint64_t key; /* 0: free */
        char *text;   /* malloc'd */
        size_t n;
    } slots[REPEATS_SLOTS];
};

void repeats_done(struct repeats *t);
/* The message, which is r with this verdict, is the last one of its host now. */
void repeats_note(struct repeats *t, const struct message *m, const struct record *r, const struct verdict *v);
/* m is r, which says that the message before has come again: both become that message, as if it had come so often now.
 * Where it is not known r is a remark. */
void repeats_decode(const struct repeats *t, struct pipeline_parts *p, struct message *m, struct record *r);

#endif
