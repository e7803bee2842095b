/*
 * trace_show: a trace as people read it: JSON with a line for each frame. For samples of grammars and crumbd explain.
 */
#ifndef CORE_TRACE_SHOW_H
#define CORE_TRACE_SHOW_H

#include "core/trace.h"
#include "text/json.h"

/*
 * One JSON object. Exceptions and frames in Sentry's order; a frame is `+ module.function (file:line:column)`, with a
 * minus where it is not in_app.
 */
void trace_show(const struct trace *t, struct json *out);
/* As an event's mechanism.source has it: `cause`, `suppressed[1]`. */
void trace_show_source(const struct trace_exception *e, struct sbuf *out);

#endif
