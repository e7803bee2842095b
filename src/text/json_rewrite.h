/*
 * json_rewrite: a JSON object written again, some of its members left out, replaced or added.
 */
#ifndef TEXT_JSON_REWRITE_H
#define TEXT_JSON_REWRITE_H

#include "text/json.h"

/*
 * Where a map stands: the caller numbers the maps that it knows, from JSON_ROOT, and says JSON_DEEPER of every other
 * one. Maps inside arrays are always deeper; in them nothing changes.
 */
enum { JSON_LEFT_OUT = -2, JSON_DEEPER = -1, JSON_ROOT = 0 };

struct json_rewriter {
    /*
     * Asked of each member of a map that is not deeper: the place of its value, where that is a map, or JSON_LEFT_OUT;
     * then it may have written another one in its place.
     */
    int (*member)(void *u, int place, const struct json_node *member, struct json *json);
    /* At the end of each such map: writes what it shall have besides. */
    void (*end)(void *u, int place, struct json *json);
    void *u;
};

/* False when the text is not one JSON object, or `out` is too small. Depth is capped at JSON_DEPTH_MAX; what is not
 * touched keeps its order and spelling. */
bool json_rewrite(struct slice text, const struct json_rewriter *r, struct sbuf *out);

#endif
