/*
 * notifications: what of the daemon is told to those whom `notify` names: what it is, who is told, and the requests.
 * All texts of a log, of the configuration and of this host pass the scrubber. Without `notify` it does nothing.
 * Belongs to the main thread.
 */
#ifndef APP_NOTIFICATIONS_H
#define APP_NOTIFICATIONS_H

#include "app/settings.h"
#include "core/notification.h"
#include "io/http_client.h"
#include "io/store.h"

struct notifications;

struct notifications *notifications_new(struct event_base *base);
/* What waits is given up. NULL is allowed. */
void notifications_free(struct notifications *n);
/* Goes by these settings, and holds them. Where `notify` says the same as before, what waits goes on waiting. */
void notifications_use(struct notifications *n, struct settings *s);
/* The events that a stored checkpoint made, of which issues are news. */
void notifications_events(struct notifications *n, const struct checkpoint *c);
/* An input, or the server of a project, is in trouble. */
void notifications_trouble(struct notifications *n, enum notification_kind kind, struct slice about);
/* Once a second: what the ledger of this run has in losses. They are told together, and then not for five minutes. */
void notifications_losses(struct notifications *n, const struct counts *counts, int64_t now_ms);
/* For the exit: as notifier_flush. False: none waits, and `done` is not called. */
bool notifications_flush(struct notifications *n, int64_t timeout_ms, void (*done)(void *u), void *u);
/* Gives up what waits, at the end. */
void notifications_give_up(struct notifications *n);
/* What it has counted in this run; what of it has not been told the store by notifications_stored, if there is any. */
void notifications_take_counted(const struct notifications *n, struct counts *out);
bool notifications_unstored(const struct notifications *n, struct counts *out);
void notifications_stored(struct notifications *n, const struct counts *out);

/* Sends one to an entry of `notify`, as `crumbd test` does; `done` is called before it returns. */
void notifications_test(const struct settings *s, unsigned entry, http_client_answer_f *done, void *u);
/* Where an entry's requests go, without what may be secret. Caller frees. */
char *notifications_shown(const struct settings_notify *o);

#endif
