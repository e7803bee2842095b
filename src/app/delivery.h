/*
 * delivery: how events leave, for who looks: of each project whether its server takes them, and what is in the store;
 * dead letters with what the server said; and what may be done about it. Main thread.
 */
#ifndef APP_DELIVERY_H
#define APP_DELIVERY_H

#include "io/sender.h"

/* {"projects":[{"project":…,"upstream":…,"state":"delivering|waiting|paused|off","since":…,"next":…,"answer":…,
   "answered":…,"waiting":N,"open":N,"dead":N},…]}, null for what there is not. off: nothing is configured for it, but
   the store has rows of it. Without any project it is the default one that is off. s NULL: the sender has ended. */
void delivery_write(const struct sender *s, struct store *store, struct sbuf *out);
/* The same as HTML, for who has no scripts: the whole in two words, and a sentence for each project. */
void delivery_page(const struct sender *s, struct store *store, int64_t now_us, struct sbuf *out);
/* {"dead":[{"id":…,"state":"dead",…},…],"next":"…"|null}: the newest `most` below an id, the newest first. False: the
   store cannot be read. */
bool delivery_dead(struct store *store, int64_t below, unsigned most, struct sbuf *out);
enum { DELIVERY_CHANGE_MAX = 1000 };

/* A dead letter, or an event that waits for another try, is sent again; id 0: dead letters, at most
   DELIVERY_CHANGE_MAX, since nothing else is done meanwhile. Projects that wait are tried at once. Returns how many,
   -1: it could not be done. */
int64_t delivery_retry(struct sender *s, struct store *store, int64_t id);
/* Dead letters are deleted. As delivery_retry. */
int64_t delivery_drop(struct store *store, int64_t id);

#endif
