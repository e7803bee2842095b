/*
 * pump: texts that make a pattern work hard, made from the pattern itself.
 *
 * A backtracking matcher works without end where the same bytes can be shared out among repeats in many ways. So each
 * repeat, each branch of each group, and whatever stands between two repeats is written many times in a row, behind
 * what the pattern wants before it. For syntax it does not know it makes texts that do no harm. Pure.
 */
#ifndef TEXT_PUMP_H
#define TEXT_PUMP_H

#include "base/slice.h"

enum { PUMPS_MAX = 400 };

/* One text; `pumped` is what is written many times in it. True: no more are wanted. */
typedef bool pump_f(void *u, struct slice text, struct slice pumped);

/* Calls back with at most PUMPS_MAX texts of text_bytes bytes. */
void pump_each(struct slice pattern, size_t text_bytes, pump_f *each, void *u);

#endif
