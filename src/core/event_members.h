/*
 * event_members: the members of an event that are read off the record: tags, user, contexts. Part of event.c's
 * work, apart because each format has its own names for things.
 */
#ifndef CORE_EVENT_MEMBERS_H
#define CORE_EVENT_MEMBERS_H

#include "core/event_writer.h"

/* Names of tags that Sentry keeps for itself: such a tag would be lost. */
bool event_members_tag_is_reserved(struct slice key);

/* Whether a field may be shown, as a tag or elsewhere. */
bool event_members_shows(struct scrub *scrub, struct slice name, struct slice value);

void event_members_tags(struct event_writer *w);
void event_members_user(struct event_writer *w);
void event_members_contexts(struct event_writer *w);

#endif
