/*
 * summary: the event that says how many occurrences of an issue were held back, made from a sample of the issue.
 */
#ifndef CORE_SUMMARY_H
#define CORE_SUMMARY_H

#include "core/event.h"

/* Copies the sample's payload with this id and time: with the numbers in contexts.crumbd, the tag crumbd.summary and
   one breadcrumb, which says how many, and without what is of one occurrence alone: request, user, transaction_id, and
   contexts other than crumbd, log and container. False when the payload is no JSON object or the result does not fit.
 */
bool summary_write(struct slice payload, const char *event_id, int64_t time_us, const struct event_summary *numbers,
                   struct sbuf *out);

#endif
