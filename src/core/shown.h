/*
 * shown: what people may see of the captures and fields that a rule puts into its texts.
 *
 * A capture alone may not look like a secret ({pw} of password=(?<pw>\\S+)): it is hidden when the message, scrubbed,
 * no longer has it. A field is hidden by its name. Texts that are compared, and keys made of them, are filled without
 * it. Lives as long as the arena and the record.
 */
#ifndef CORE_SHOWN_H
#define CORE_SHOWN_H

#include "core/scrub.h"
#include "parsers/record.h"

struct shown {
    struct scrub *scrub;
    struct arena *arena;
    struct slice raw;
    struct slice message; /* scrubbed, when a capture has asked for it; SLICE_NONE: nothing was taken out */
    bool scrubbed;
};

/* The scrubber must know the clients of the record (event_name_clients). */
struct shown shown_of(struct scrub *s, const struct record *r, struct arena *a);
struct slice shown_capture(struct shown *shown, struct slice capture);
struct slice shown_field(const struct shown *shown, struct slice name, struct slice value);

#endif
