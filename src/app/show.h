/*
 * show: text from logs on a terminal. Control bytes are shown as \xHH, so that no log line can drive the reader's terminal.
 */
#ifndef APP_SHOW_H
#define APP_SHOW_H

#include <stdio.h>

#include "base/slice.h"

/* At most max_points code points, "..." when cut; line breaks are shown as spaces. */
void show_text(FILE *out, struct slice s, size_t max_points);
/* 2026-11-23 02:30:09 UTC, or - for STAMP_NONE. */
void show_time(FILE *out, int64_t us);

#endif
