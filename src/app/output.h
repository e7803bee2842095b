/*
 * output: standard output of all commands.
 *
 * Commands print with stdio and need not look at what comes back; the program's end asks here how it went. One thread.
 */
#ifndef APP_OUTPUT_H
#define APP_OUTPUT_H

/* Before anything is opened or printed. A standard stream that is closed becomes /dev/null, so that nothing else gets
 * its number. */
void output_open(void);
/*
 * Writes out what is left. Returns `status`; when standard output could not be written, says why and returns
 * EXIT_CANNOT_RUN. That its reader went away is no trouble: it has seen enough.
 */
int output_close(int status);

#endif
