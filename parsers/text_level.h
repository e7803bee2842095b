/*
 * text_level: whether a word in a line of text names its level, by how it is spelt and what is behind it: "ERROR x",
 * "error: x", "| Error |", "ERROR[7]: x", and not "Error handling", "no error: x". Pure.
 */
#ifndef PARSERS_TEXT_LEVEL_H
#define PARSERS_TEXT_LEVEL_H

#include "parsers/level.h"

enum text_spelling { SPELT_OTHER, SPELT_UPPER, SPELT_LOWER };

/* The level that the word at the front names. *taken: its length, or 0 when it is part of the message as well. */
enum level text_level_at(struct slice s, bool stamped, size_t *taken);
/* The same of more words in brackets, "[FATAL tini (7)]". */
enum level text_level_in_words(struct slice s);
/* The same of "*ERROR*", as Sling has it. */
enum level text_level_in_stars(struct slice s, size_t *taken);
/* The letters at the front. */
size_t text_level_word(struct slice s);
enum text_spelling text_level_spelling(struct slice word);

/* Takes the mark between time and message off, and the level behind it where that is sure: "Mon Nov 23 10:00:00 2026 :
 * Error: message" of FreeRADIUS. Between two colons no exception's type stands. */
enum level text_level_behind_time(struct slice *s);
/* "PHP Warning:  text": PHP's own severity, which stays in the message for the grammar of its traces. */
enum level text_level_php(struct slice s);

#endif
