/*
 * scrub: takes secrets out of every string of an event before it is written anywhere.
 *
 * Defaults (scrub.defaults): values of keys that name a secret, bearer and basic credentials, JSON web tokens, cloud keys, private keys,
 * passwords in URLs, payment card numbers that pass the Luhn test. Own patterns come on top. One thread.
 */
#ifndef CORE_SCRUB_H
#define CORE_SCRUB_H

#include "base/arena.h"
#include "core/options.h"

struct scrub;

#define SCRUB_MARK "[Filtered]"

struct scrub *scrub_new(const struct options *opt);
void scrub_free(struct scrub *s);
/* The text without secrets: the same slice when there are none, else a text in the arena. */
struct slice scrub_text(struct scrub *s, struct slice text, struct arena *a);
/* A URL query: the values of parameters whose names say that they are secret are replaced, then as scrub_text. */
struct slice scrub_query(struct scrub *s, struct slice query, struct arena *a);
/* True when a header, parameter or field of this name must not be sent as it is. */
bool scrub_is_secret_name(struct slice name);

#endif
