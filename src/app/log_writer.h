/*
 * log_writer: the daemon's own log on its way to stderr, which nobody may be reading: a full pipe, a stopped journal, a
 * terminal that holds.
 *
 * Who logs puts the line into a ring of LOG_WRITER_BYTES and goes on; a thread of its own writes, and may stand still
 * there for ever. A line for which the ring has no room is dropped and counted, and when it goes on one line says how
 * many were. Before the thread runs, and after its end, what stderr takes at once is written by who logs. One for the
 * process.
 */
#ifndef APP_LOG_WRITER_H
#define APP_LOG_WRITER_H

#include <stdint.h>

#include "base/err.h"
#include "io/sandbox.h"

enum {
    LOG_WRITER_BYTES = 64 << 10,
    LOG_WRITER_END_MS = 500, /* how long, at the end, stderr has to take what is left */
};

/* From here on the log goes this way. */
void log_writer_open(void);
/* Starts the thread, inside the fence of the one who calls; sandbox NULL: none. */
void log_writer_start(const struct sandbox *sandbox);
/* What is wrong, for people, as err_print writes it; the same way as the log. */
void log_writer_diag(const struct diag *d);
/* How many lines were dropped so far. Any thread. */
uint64_t log_writer_dropped(void);
/* Waits for a while until all is written and ends the thread, or leaves one behind that stands still. What is logged
 * after that is written if stderr takes it at once. */
void log_writer_end(void);

#endif
