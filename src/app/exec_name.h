/*
 * exec_name: what a command is called: the script, and not the interpreter that runs it. Pure.
 */
#ifndef APP_EXEC_NAME_H
#define APP_EXEC_NAME_H

#include "base/sbuf.h"

/*
 * Of a NULL-ended list of words, as execvp takes it: without its folder; of `python3 -u /srv/report.py x` and of
 * `nice -n 5 sh /srv/report.sh` it is the report, of `python3 -m shop.report` and `sh -c 'cd /srv && ./report'` as
 * well. A word of argv, or in one.
 */
struct slice exec_name(char *const *argv);
/* The words behind the first one, as a shell would take them, as far as there is room. */
void exec_arguments(char *const *argv, struct sbuf *out);

#endif
