/*
 * rule_text: a rule as it stands in its file, for people: with its comments and samples, which are not kept in memory.
 *
 * Reads the file when asked, at most RULE_FILE_MAX bytes of it, and only a regular one, so that it does not block. What
 * is found is shown only while it has the rule's id: the file may have changed since.
 */
#ifndef APP_RULE_TEXT_H
#define APP_RULE_TEXT_H

#include "core/rule_set.h"

enum { RULE_FILE_MAX = 4 << 20, RULE_TEXT_SHOWN = 16 << 10 };

/* Adds it, without the blanks in front of each line. False: it is not there any more, or cannot be read. */
bool rule_text(const struct rule *r, struct sbuf *out);

#endif
