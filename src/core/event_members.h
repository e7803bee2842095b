/*
 * event_members: the members of an event that are read off the record: tags, request, user, contexts. Part of event.c's work, apart because
 * each format has its own names for things.
 */
#ifndef CORE_EVENT_MEMBERS_H
#define CORE_EVENT_MEMBERS_H

#include "core/event.h"
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

/* Names of tags that Sentry keeps for itself: such a tag would be lost. */
bool event_members_tag_is_reserved(struct slice key);

/* Whether a field may be shown, as a tag or elsewhere. */
bool event_members_shows(struct scrub *scrub, struct slice name, struct slice value);

void event_members_tags(struct event_writer *w);
void event_members_request(struct event_writer *w);
void event_members_user(struct event_writer *w);
void event_members_contexts(struct event_writer *w);

#endif
