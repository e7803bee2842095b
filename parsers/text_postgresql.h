/*
 * text_postgresql: lines of PostgreSQL's log behind any log_line_prefix, in the languages of its translations. Pure.
 */
#ifndef PARSERS_TEXT_POSTGRESQL_H
#define PARSERS_TEXT_POSTGRESQL_H

#include "base/arena.h"
#include "parsers/record.h"

/* *s: what follows the time, if there is one. True: r has the level and the process, *s is the message. */
bool text_postgresql(struct slice *s, struct record *r);
/* What stands between the time and a message of level warning or worse: if it is a prefix of PostgreSQL's, the fields
   db.user and db.name say who asked for it, and where. */
void text_postgresql_who(struct slice prefix, struct record *r);
/* *s: what follows the time. True: it is a record of csvlog, *s is its message, and what else it says of an error are
   fields under the names that jsonlog has for them. A column may have line ends. */
bool text_postgresql_csv(struct arena *a, struct slice *s, struct record *r);

/* Whether a line begins as such a record does: with a time to the millisecond and its zone. */
bool text_postgresql_csv_begins(struct slice line);

#endif
