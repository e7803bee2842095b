/*
 * contains: whether a JSON value has all that a YAML node says of it, as samples say it of events and traces. Pure.
 */
#ifndef CORE_CONTAINS_H
#define CORE_CONTAINS_H

#include "text/conf.h"
#include "text/json.h"

struct mismatch {
    const struct conf_node *node; /* what is not so, */
    char text[400];               /* and what is instead */
};

/*
 * A map must have the members of `want`, with others beside them; a list the same elements and no other; scalars are
 * compared as text, so that 111 equals "111". `what` is what the whole is called. False: *m says why.
 */
bool contains(const struct conf_node *want, const struct json_node *got, const char *what, struct mismatch *m);

#endif
