/*
 * client_report: client reports, by which Sentry learns how many events it was not sent and why
 * (sentry-protocol.md, 5.5).
 *
 * What is to be told waits in the store; one report at a time takes all of a project's numbers along, and only an
 * answer that accepts it takes them off. A report has no id, so one that was accepted without an answer is told twice.
 * Main thread.
 */
#ifndef IO_CLIENT_REPORT_H
#define IO_CLIENT_REPORT_H

#include "base/arena.h"
#include "io/store.h"

enum { CLIENT_REPORT_EVERY_MS = 60 * 1000, CLIENT_REPORT_BYTES_MAX = 4096, CLIENT_REPORT_ROWS_MAX = 24 };

struct client_report {
    struct store_report rows[CLIENT_REPORT_ROWS_MAX];
    unsigned n;
    struct arena arena; /* the rows' texts */
};

/* Takes what the project has not been told yet and writes the envelope, plain. False, and r is empty: there is nothing.
 */
bool client_report_make(struct client_report *r, struct store *store, struct slice project, int64_t now_us,
                        struct sbuf *out);
/* Says that Sentry has accepted the report. Returns how many suppressed occurrences it told of. */
uint64_t client_report_accepted(struct client_report *r, struct store *store);
void client_report_done(struct client_report *r);

#endif
