/*
 * taken_payload: the event of another crumbd, written anew where it cannot go as it came. Pure.
 */
#ifndef CORE_TAKEN_PAYLOAD_H
#define CORE_TAKEN_PAYLOAD_H

#include "core/event.h"

/* For a summary that is made of it later (core/summary.h): without breadcrumbs, and with numbers to be replaced. False:
   it is no object, or does not fit. */
bool taken_payload_sample(struct slice payload, struct sbuf *out);
/* It has no issue of its own (core/fold.h): with that one's fingerprint and text, and `kind` for the title that it had.
   False: as above. */
bool taken_payload_fold(struct slice payload, const struct verdict *v, struct slice kind, struct sbuf *out);

#endif
