/*
 * fold: what an occurrence says that has no issue of its own because too many new ones came (new_issues.h).
 *
 * All of an input and a project are one issue, fingerprint [crumbd, new-kinds, INPUT], to flood control an issue like
 * any other. Its events are the occurrences that passed, as samples, under the issue's own title; contexts.crumbd.kind
 * is the title an event would have had by itself, and what summaries tell the commonest of. Pure.
 */
#ifndef CORE_FOLD_H
#define CORE_FOLD_H

#include "core/verdict.h"
#include "core/scrub.h"

/* Gives the verdict the fingerprint of the one issue for all that are folded. `most`: limits.new_issues. old_keys: see
   struct pipeline_setup. */
void fold_verdict(struct verdict *v, struct slice input, unsigned most, bool old_keys, struct arena *a);
/* Gives the verdict the texts of that issue; after verdict_complete. */
void fold_texts(struct verdict *v, struct arena *a);
/* Returns the title that the event would have by itself, without secrets and short enough to be counted. The verdict
   has its texts. */
struct slice fold_kind(const struct verdict *v, struct scrub *s, struct arena *a);

#endif
