/*
 * show: text from logs on a terminal. Control bytes are shown as \xHH, so that no log line can drive the reader's
 * terminal.
 */
#ifndef APP_SHOW_H
#define APP_SHOW_H

#include <stdio.h>

#include "base/slice.h"

enum { SHOW_SMALL = 32 };

/* At most max_points code points, "..." when cut; line breaks are shown as spaces, marks that turn the direction of
   writing as bytes. */
void show_text(FILE *out, struct slice s, size_t max_points);
/* Text of several lines, each behind `indent` blanks and ended by a newline; otherwise like show_text. */
void show_block(FILE *out, struct slice s, unsigned indent, size_t max_points);
/* 2026-11-23 02:30:09 UTC, or - for STAMP_NONE. */
void show_time(FILE *out, int64_t us);
/* A span of time as 7s, 12m, 3h or 5d. Negative ones count as none. */
const char *show_span(int64_t us, char buf[SHOW_SMALL]);
/* Bytes as 812, 1.2k, 34k or 5.6m. */
const char *show_size(uint64_t bytes, char buf[SHOW_SMALL]);
/* A Sentry event payload for reading: message, exceptions with their frames, request, tags, breadcrumbs with their
   times. What is no JSON object is shown as text. */
void show_payload(FILE *out, struct slice payload);

#endif
