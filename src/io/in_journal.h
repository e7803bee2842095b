/*
 * in_journal: the systemd journal, all of it or one unit, through libsystemd. Each entry is handed on as one
 * JSON object, shaped like a line of `journalctl -o json`; parsers/journald reads it.
 *
 * The position is the cursor of the last entry handed on. It is kept in the store under "journal:" and the unit
 * as "cursor1" and the cursor. At the first run that is the last entry there is, of any
 * unit: reading begins with what is written from then on. A cursor whose entry is gone (vacuumed) leads to the entry
 * after it. Our own entries are skipped, or a complaint about one would lead to the next for ever.
 *
 * One that is awaited (zero configuration) is opened when it is there, and read from when crumbd began.
 *
 * Bounds: JOURNAL_TURN entries a turn of the loop; the message up to max_message; other fields longer than
 * JOURNAL_FIELD_MAX are left out. Under back-pressure nothing is read, and nothing lost unless the journal is
 * vacuumed meanwhile. Worker thread only.
 */
#ifndef IO_IN_JOURNAL_H
#define IO_IN_JOURNAL_H

#include "io/input.h"

enum { JOURNAL_TURN = 256, JOURNAL_FIELD_MAX = 16 << 10 };

/* Does what in_journal.start does, for the journal files of one folder. NULL: those of this host. */
struct input *journal_open(struct event_base *base, const struct input_options *opt, const struct input_sink *sink,
                           const char *folder, struct diag *d);

/* Of one that is awaited: looks for it at these times, and takes this for its beginning. For tests. */
void journal_tune(struct input *in, int64_t await_ms, int64_t since_us);

#endif
