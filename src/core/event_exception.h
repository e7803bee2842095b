/*
 * event_exception: the exceptions and threads of an event: those of a stack trace, or the one that a rule names. Part
 * of event.c's work. Pure.
 */
#ifndef CORE_EVENT_EXCEPTION_H
#define CORE_EVENT_EXCEPTION_H

#include "core/event_writer.h"
#include "core/trace.h"

/*
 * Members `exception` and `threads` of the trace; with NULL, or one that has none, the exception that the rule's type
 * and the record's file and line give, if there is a type. Of an exception's frames at most EVENT_FRAMES_MAX are sent,
 * fewer where there are many exceptions: the oldest and the newest.
 */
void event_exception_put(struct event_writer *w, const struct trace *t);

enum { EVENT_FRAMES_MAX = 250 };

#endif
