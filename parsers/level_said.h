/*
 * level_said: what a text says of its level in a place of its own: a pair (level="error", severity=…, lvl=…), the
 * header of an event (CEF, LEEF), the topics of RouterOS in front. Pure; time is linear.
 */
#ifndef PARSERS_LEVEL_SAID_H
#define PARSERS_LEVEL_SAID_H

#include "parsers/level.h"

/* By the first pair whose name is level, lvl or severity in any case, behind a blank, a comma, a bar, a semicolon or
 * nothing, in a text whose first word is a pair; or by the severity of an event. NONE: nothing says it. */
enum level level_said(struct slice text);
/* "system,error,critical " in front, which has a level among its names; *taken: its length without the blank. */
enum level level_said_topics(struct slice text, size_t *taken);
/* "CEF:0|", "LEEF:1.0|" in front; *product: the third column. */
bool level_said_event(struct slice text, struct slice *product);
/* The next column of such a header, off the front; a bar behind a backslash is part of its column. */
struct slice level_said_column(struct slice *s);

#endif
