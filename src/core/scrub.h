/*
 * scrub: takes secrets, mail addresses and clients' addresses out of every text that goes to disk, page, log or Sentry.
 *
 * One pass over the text finds names of secrets (scrub_names.def) and takes their values out in whatever notation they
 * stand, tokens that are known by their form (scrub_tokens.def), cards, accounts, key blocks, logins in URLs and
 * command lines. Own patterns come on top. Work is linear in the text; scrubbing a scrubbed text changes nothing; what
 * was UTF-8 or JSON stays so. One thread.
 */
#ifndef CORE_SCRUB_H
#define CORE_SCRUB_H

#include "base/arena.h"
#include "base/err.h"
#include "core/options.h"
#include "core/scrubbed.h"

struct scrub;

#define SCRUB_MARK "[Filtered]"

struct scrub *scrub_new(const struct options *opt);
/* From here on by these options. */
void scrub_use(struct scrub *s, const struct options *opt);
void scrub_free(struct scrub *s);
/* The text without secrets: the same slice when there are none, else a text in the arena. */
struct slice scrub_text(struct scrub *s, struct slice text, struct arena *a);
/* The same, as what the store takes. */
struct scrubbed scrub_clean(struct scrub *s, struct slice text, struct arena *a);
/* The value of a field, header or parameter of this name. */
struct slice scrub_value(struct scrub *s, struct slice name, struct slice value, struct arena *a);
/* All of such a value goes because of its name. */
bool scrub_hides(struct scrub *s, struct slice name, struct slice value);
/* A URL's query, or form fields. */
struct slice scrub_query(struct scrub *s, struct slice query, struct arena *a);
/* True when a header, parameter or field of this name must not be sent as it is. */
bool scrub_is_secret_name(struct scrub *s, struct slice name);
/* True when the field is a client's address by its name and its value, and must not be sent. */
bool scrub_is_client(struct scrub *s, struct slice name, struct slice value);
/* The client of the event in work: its address is taken out wherever it stands. SLICE_NONE: a new event begins. */
void scrub_client(struct scrub *s, struct slice address);
/* Runs the samples of scrub_samples.def, each a text and what must become of it. False, with entries in d: one failed.
 */
bool scrub_check(struct diag *d);

#endif
