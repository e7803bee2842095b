/*
 * error_text: what a logger has taken apart, an exception with its class, its text, its frames and its causes, as the
 * text that a runtime would have printed. So one grammar reads both.
 */
#ifndef PARSERS_ERROR_TEXT_H
#define PARSERS_ERROR_TEXT_H

#include "base/arena.h"
#include "base/slice.h"

/*
 * The object that a logger writes for an exception: Java's (log4j2, logback, JBoss), Monolog's, Ruby's, .NET's,
 * Python's and Node.js', with causes as nested objects, of which 32 are read. Empty when no frames are in it. Lives in
 * the arena.
 */
struct slice error_text(struct arena *a, struct slice json);
/* A stack that begins with its frames, with class and text before or behind as its language has them. As it is, where
 * it begins with a heading of its own or where no class is known. */
struct slice error_text_headed(struct arena *a, struct slice type, struct slice value, struct slice stack);
/* A stack that was written into one line, on lines again. */
struct slice error_text_unfolded(struct arena *a, struct slice stack);

#endif
