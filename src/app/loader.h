/*
 * loader: a thread for what takes long and is not of the moment: reading settings again, compiling rules, opening
 * sockets. Compiled patterns are code, so it is the one thread that may map memory which is executable; it has the
 * fence of the thread that makes it. One job at a time.
 */
#ifndef APP_LOADER_H
#define APP_LOADER_H

#include <event2/event.h>

#include "io/sandbox.h"

struct loader;

typedef void loader_f(void *u);

/* Before the main thread's filter is in force. sandbox NULL: none. NULL: there can be no thread. */
struct loader *loader_new(struct event_base *base, const struct sandbox *sandbox);
/* Has the thread call `job`, and after it `done` be called on the base's thread. Not before the job before is done. */
void loader_give(struct loader *l, loader_f *job, loader_f *done, void *u);
/* Waits for a job that is under way; its `done` is called. NULL is allowed. */
void loader_free(struct loader *l);

#endif
