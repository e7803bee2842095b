/*
 * nginx_json: an object of nginx's log_format that is no JSON, since a value without quotes is none. Pure.
 *
 * People write `"urt":$upstream_response_time`. It is nothing, or -, where no upstream was asked, and 0.100, 0.200
 * where two were.
 */
#ifndef PARSERS_NGINX_JSON_H
#define PARSERS_NGINX_JSON_H

#include "base/arena.h"
#include "base/slice.h"

/* Returns the line with quotes round each value that is no JSON, in the arena; one that was broken in another way still
   is. */
struct slice nginx_json_mend(struct slice line, struct arena *a);

#endif
