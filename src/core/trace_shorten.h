/*
 * trace_shorten: where a trace that is longer than it may be is cut. Some languages say first what was thrown, others
 * last: so it loses lines of its middle. Pure.
 */
#ifndef CORE_TRACE_SHORTEN_H
#define CORE_TRACE_SHORTEN_H

#include "base/slice.h"

/*
 * So many bytes from *from on are to go from a text of more than half as many lines, or bytes: what is left are whole
 * lines, half of `lines` or `bytes` at the front and a quarter at the end, where the first line is indented as the
 * first one that goes. 0: there is nothing between these.
 */
size_t trace_shorten(struct slice text, unsigned lines, size_t bytes, size_t *from);

#endif
