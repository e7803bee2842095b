/*
 * java_text: stack frames that log4j2 (extendedStackTrace) and logback (stepArray) write as JSON objects, as
 * the text Java prints, so that one grammar reads both.
 */
#ifndef PARSERS_JAVA_TEXT_H
#define PARSERS_JAVA_TEXT_H

#include "base/arena.h"
#include "parsers/record.h"

/* The member names such arrays have. */
bool java_frames_name(struct slice name);
/* `frames` is a JSON array. The head is taken from the fields thrown.name or
   throwable.className and their messages. In the arena; {NULL, 0} without a type or a frame. Cut at 1 MiB. */
struct slice java_text(struct arena *a, const struct record *r, struct slice frames);

#endif
