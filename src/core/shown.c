#include "core/shown.h"

struct shown shown_of(struct scrub *s, const struct record *r, struct arena *a)
{
    return (struct shown){.scrub = s, .arena = a, .raw = r->message};
}

static void scrub_message(struct shown *shown)
{
    struct slice message = scrub_text(shown->scrub, shown->raw, shown->arena);
    shown->message = message.p == shown->raw.p ? SLICE_NONE : message;
    shown->scrubbed = true;
}

/* A capture that has a secret of its own and something beside it stands in the scrubbed message without the secret, and
   is scrubbed where it is written. */
struct slice shown_capture(struct shown *shown, struct slice capture)
{
    if (capture.n && !shown->scrubbed)
        scrub_message(shown);
    if (!shown->message.p || !capture.n || slice_find(shown->message, capture) >= 0)
        return capture;
    return slice_find(shown->message, scrub_text(shown->scrub, capture, shown->arena)) >= 0 ? capture
                                                                                            : SLICE(SCRUB_MARK);
}

struct slice shown_field(const struct shown *shown, struct slice name, struct slice value)
{
    return value.n && scrub_hides(shown->scrub, name, value) ? SLICE(SCRUB_MARK) : value;
}
