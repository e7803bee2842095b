/*
 * nginx_list: the values of nginx's $upstream_… that have one item for each server that was tried. Pure.
 *
 *   127.0.0.1:9000, unix:/run/shop.sock : [::1]:9001
 *
 * ", " stands between the servers of one upstream, " : " between the upstreams of internal redirects, and "-" for a
 * server of which there is no such value. So a list has the spaces and commas in it that stand between the values of a
 * log_format.
 */
#ifndef PARSERS_NGINX_LIST_H
#define PARSERS_NGINX_LIST_H

#include "base/slice.h"

/* Whether the variable, or the field it becomes, is such a list. */
bool nginx_list_is(struct slice name);
/*
 * Returns the length of the list at the front of s that `literal` follows (empty: a space, or nothing), 0 where there
 * is none. *tries is how many items the line's first list had, 0 before it: all lists of a line have as many, which
 * tells the end where the literal is the same as what stands between two items.
 */
size_t nginx_list_end(struct slice s, struct slice literal, unsigned *tries);

#endif
