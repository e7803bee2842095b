/*
 * text_console: the heads of .NET's console logger, "fail: Shop.Pay[0]": level, category, number of the event. The
 * message stands in the lines behind it, each behind six blanks, or in the same line. Pure.
 */
#ifndef PARSERS_TEXT_CONSOLE_H
#define PARSERS_TEXT_CONSOLE_H

#include "parsers/record.h"

/* Takes it off; level, logger and indent are the record's, if there is one. False: there is none. */
bool text_console(struct slice *s, struct record *r);

#endif
