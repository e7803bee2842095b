/*
 * mailbox: how two threads talk. A list under a mutex and an eventfd; the receiver swaps the whole list out and handles
 * it outside the lock, and is woken once however many letters came.
 *
 * Letters are handled in the order they were posted. A letter belongs to its receiver from the moment it is posted.
 */
#ifndef IO_MAILBOX_H
#define IO_MAILBOX_H

#include <event2/event.h>

struct mail {
    struct mail *next;
};

struct mailbox;

/* `receive` is called on the base's thread for every letter. */
struct mailbox *mailbox_new(struct event_base *base, void (*receive)(void *u, struct mail *m), void *u);
/* Posts a letter; from any thread. */
void mailbox_post(struct mailbox *b, struct mail *m);
/* Letters still in it are handed to `receive` first. After the posting thread has ended. */
void mailbox_free(struct mailbox *b);

#endif
