/*
 * event_breadcrumbs: the lines around an event, as Sentry's breadcrumbs. Pure.
 */
#ifndef CORE_EVENT_BREADCRUMBS_H
#define CORE_EVENT_BREADCRUMBS_H

#include "core/event_writer.h"

/* Writes the member `breadcrumbs`, or nothing where there are none. */
void event_breadcrumbs_put(struct event_writer *w);

#endif
