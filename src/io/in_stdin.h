/*
 * in_stdin: lines from a descriptor that is open already: standard input, or the pipe of a command.
 *
 * One read of STDIN_READ bytes per turn of the loop, so that nothing blocks whatever mode the descriptor is
 * in. At its end, or when it cannot be read, what is left is handed on and it is drained. An entry that
 * waits for the head of the next one is handed on after STDIN_IDLE_MS of silence, pieces of a container's line
 * after LINE_READER_PIECE_IDLE times that.
 */
#ifndef IO_IN_STDIN_H
#define IO_IN_STDIN_H

#include "io/input.h"

enum { STDIN_READ = 64 << 10, STDIN_IDLE_MS = 300 };

/* Does what in_stdin.start does, for any descriptor, which stays the caller's and must stay open until stop. */
struct input *stdin_open(struct event_base *base, const struct input_options *opt, const struct input_sink *sink,
                         int fd, struct diag *d);

#endif
