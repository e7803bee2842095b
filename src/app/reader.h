/*
 * reader: whole files (or standard input) as messages, for the commands that work after the fact. Streams in bounded
 * memory, gzip too. May block.
 */
#ifndef APP_READER_H
#define APP_READER_H

#include "app/progress.h"
#include "base/err.h"
#include "parsers/frame.h"
#include "parsers/record.h"

/* Return false to stop reading. The message is the callee's to complete. */
typedef bool reader_f(void *u, struct message *m);

/*
 * path "-" is standard input. Lines are put together as those of the format are. False and an entry in d when the file
 * cannot be read.
 */
bool reader_run(const char *path, enum format format, reader_f *each, void *u, struct diag *d);
/* The same, and the bytes that are read, before they are unpacked, are told to p. */
bool reader_run_shown(const char *path, enum format format, reader_f *each, void *u, struct progress *p,
                      struct diag *d);
/* What the first line of the file looks like; AUTO: it cannot be read, or not twice. */
enum format reader_first_format(const char *path);

#endif
