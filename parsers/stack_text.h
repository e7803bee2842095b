/*
 * stack_text: stacks that loggers write as JSON arrays, as the text that a runtime would have printed: lines
 * as they are; structlog's exceptions as Python's traceback; zerolog's frames as Go's stack.
 */
#ifndef PARSERS_STACK_TEXT_H
#define PARSERS_STACK_TEXT_H

#include "base/arena.h"
#include "base/slice.h"

/* Empty when the array is none of these. */
struct slice stack_text(struct arena *a, struct slice json);

#endif
