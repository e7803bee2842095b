/*
 * issue_show: issues on a terminal. Whatever is in a text of theirs, it stays text.
 */
#ifndef APP_ISSUE_SHOW_H
#define APP_ISSUE_SHOW_H

#include <stdio.h>

#include "io/store_issues.h"

void issue_show_head(FILE *out);
/* A line of a list. now_us: as of its history. */
void issue_show_line(FILE *out, const struct store_issue *issue, int64_t now_us, bool coloured);
/* All but its events. rule_place: FILE:LINE, NULL where it is not known. */
void issue_show(FILE *out, const struct store_issue *issue, const char *rule_place, int64_t now_us, bool coloured);

#endif
