/*
 * issue_show: issues on a terminal. Whatever is in a text of theirs, it stays text.
 */
#ifndef APP_ISSUE_SHOW_H
#define APP_ISSUE_SHOW_H

#include <stdio.h>

#include "io/store_issues.h"

/* A list for a terminal of so many columns, on which a line of it stays one: the title is cut, and the day goes where
   there is no room for both; 0: no terminal, all of it. */
void issue_show_head(FILE *out, unsigned columns);
/* now_us: as of its history. */
void issue_show_line(FILE *out, const struct store_issue *issue, int64_t now_us, bool coloured, unsigned columns);
/* All but its events. rule_place: FILE:LINE, NULL where it is not known. */
void issue_show(FILE *out, const struct store_issue *issue, const char *rule_place, int64_t now_us, bool coloured);

#endif
