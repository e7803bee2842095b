/*
 * offline: what the commands that read whole logs have in common: which files, of which format, by which rules; each
 * file as a stream; and how far they are, on a terminal.
 */
#ifndef APP_OFFLINE_H
#define APP_OFFLINE_H

#include "app/command.h"
#include "app/progress.h"
#include "app/reader.h"
#include "core/stream.h"

/* Of a command line. */
struct offline {
    const char *config, *log_format;
    enum format format;
    char **rules, **files;
    unsigned n_rules, n_files;
};

/* Reads the command line: words are files; -c, --rules, --format and --log-format are taken, other options go to
   `other`. Returns the exit status. */
int offline_read(struct offline *o, struct command_reader *in, void (*other)(void *u, struct command_reader *in),
                 void *u);
/* That there are files, and that --log-format has a meaning. Returns the exit status. */
int offline_check(struct offline *o, const char *command);
void offline_done(struct offline *o);

/* Who reads. */
struct offline_reader {
    reader_f *each;
    void (*begin)(void *u, const struct stream *s); /* a file; the stream is copied where it is kept */
    bool (*end)(void *u);                           /* of it. False: no more is wanted */
    const struct join_options *(*join)(void *u, const char *path);
    void *u;
};

/* Reads all files, one after the other, and shows how far it is. Errors go to d. */
void offline_run(const struct offline *o, const struct offline_reader *r, struct diag *d);

#endif
