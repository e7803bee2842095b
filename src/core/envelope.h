/*
 * envelope: what is posted to Sentry: a header line, then items of a header line and a payload (Sentry's developer
 * documentation, "Envelopes").
 *
 * Written straight into an sbuf: the header first, then as many items as wanted, each whole with its final LF, so that
 * there is no end to be written. Every receiver takes this form; blank lines they do not.
 */
#ifndef CORE_ENVELOPE_H
#define CORE_ENVELOPE_H

#include "base/sbuf.h"

enum {
    ENVELOPE_HEADER_MAX = 8192, /* Bugsink's limit for a header line */
    ENVELOPE_FRAME_MAX = 10240, /* room for everything but the payloads, of one item or two */
    ENVELOPE_ITEM_MAX = 128,    /* room for an item's header line and its final LF */
};

struct envelope {
    const char *event_id; /* 32 hex digits; NULL when there is neither event nor attachment inside */
    int64_t sent_at_us;   /* time of this very transmission: receivers take clock drift from it */
    /* The trace header: both are there, or neither. public_key is that of the DSN. */
    struct slice trace_id, public_key;
};

/* Writes the header line. False, and nothing is added: it would be longer than ENVELOPE_HEADER_MAX, or out has no
   room. */
bool envelope_start(struct sbuf *out, const struct envelope *e);
/* Writes one item. An event comes first: GlitchTip stops at the first type it does not know. */
void envelope_item(struct sbuf *out, const char *type, struct slice payload);

#endif
