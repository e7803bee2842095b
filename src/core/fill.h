/*
 * fill: the members of an event that are read off the record: tags, request, user, contexts. Part of event.c's work, apart because
 * each format has its own names for things.
 */
#ifndef CORE_FILL_H
#define CORE_FILL_H

#include "core/event.h"
#include "text/json.h"

/* Everything that writes one event shares this. */
struct writer {
    struct json json;
    const struct event_source *src;
    const struct options *opt;
    struct scrub *scrub;
    struct arena *arena;
};

/* "key": text, scrubbed, cleaned, cut to max code points; nothing at all when the text is empty. */
void writer_text(struct writer *w, const char *key, struct slice text, size_t max_points);
/* The same for a value in an array. */
void writer_item(struct writer *w, struct slice text, size_t max_points);
/* The same of a text whose name is known. */
void writer_value(struct writer *w, struct slice name, struct slice text, size_t max_points);

/* Names of tags that Sentry keeps for itself: such a tag would be lost. */
bool fill_tag_is_reserved(struct slice key);

/* Whether a field may be shown, as a tag or elsewhere. */
bool fill_shows(struct scrub *scrub, struct slice name, struct slice value);

void fill_tags(struct writer *w);
void fill_request(struct writer *w);
void fill_user(struct writer *w);
void fill_contexts(struct writer *w);

#endif
