/*
 * pattern_text: a text that a pattern matches, made from the pattern itself, for samples that nobody has written down.
 *
 * A pattern with assertions or references may not match what is made: whoever wants a text tries some of them. Of the
 * texts by number the first is the shortest; the others take other branches, bytes and counts, deterministically. Pure.
 */
#ifndef TEXT_PATTERN_TEXT_H
#define TEXT_PATTERN_TEXT_H

#include "base/sbuf.h"

/* Appends the text of this number. False: it grew beyond out's maximum, or the pattern is nested too deep. */
bool pattern_text(struct slice pattern, unsigned number, struct sbuf *out);

#endif
