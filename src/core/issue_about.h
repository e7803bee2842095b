/*
 * issue_about: what lists and searches say of an issue, taken from an event of it, and written so that it can be
 * searched: a payload of Sentry's, scrubbed, as the pipeline wrote it. Bounded texts in an arena. Pure.
 */
#ifndef CORE_ISSUE_ABOUT_H
#define CORE_ISSUE_ABOUT_H

#include "base/arena.h"

enum {
    ISSUE_TITLE_POINTS = 300, /* at most so many code points of each */
    ISSUE_TEXT_POINTS = 200,
    ISSUE_VALUE_POINTS = 400,
    ISSUE_TAGS_MAX = 40,
};

enum issue_text {
    ISSUE_TITLE,
    ISSUE_TYPE,  /* of the last exception, and */
    ISSUE_VALUE, /* what it says; without one, the message */
    ISSUE_LEVEL,
    ISSUE_RULE,
    ISSUE_PROJECT,
    ISSUE_APP,
    ISSUE_HOST,
    ISSUE_TRANSACTION,
    ISSUE_TAGS, /* "name\tvalue\n" of each, without other tabs and line ends */
    ISSUE_TEXTS
};

/* Empty: the event does not say. */
struct issue_about {
    struct slice text[ISSUE_TEXTS];
};

/* Fills in all but title and project; what was there is left where the payload says nothing. False: it is no JSON
   object; what was read until then is filled in. */
bool issue_about_read(struct slice payload, struct arena *a, struct issue_about *about);
/* The next tag of the list, which is shortened by it. False: there is none. */
bool issue_about_tag(struct slice *tags, struct slice *name, struct slice *value);

#endif
