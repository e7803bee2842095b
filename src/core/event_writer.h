/*
 * event_writer: the JSON of one event while it is written. Every text of a record goes through the scrubber here. Pure.
 */
#ifndef CORE_EVENT_WRITER_H
#define CORE_EVENT_WRITER_H

#include "core/event_source.h"
#include "core/options.h"
#include "core/scrub.h"
#include "text/json.h"

/* Everything that writes one event shares this. */
struct event_writer {
    struct json json;
    const struct event_source *src;
    const struct options *opt;
    struct scrub *scrub;
    struct arena *arena;
};

/* "key": text, scrubbed, cleaned, cut to max code points; nothing at all when the text is empty. */
void event_writer_text(struct event_writer *w, const char *key, struct slice text, size_t max_points);
/* The same for a value in an array. */
void event_writer_item(struct event_writer *w, struct slice text, size_t max_points);
/* The same of a text whose name is known. */
void event_writer_value(struct event_writer *w, struct slice name, struct slice text, size_t max_points);

#endif
