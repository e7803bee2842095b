/*
 * rule_shadow: finds rules that hide others of their pack unawares.
 *
 * A rule that makes no event and stands before one that does may take lines that only the later one is about: its words
 * are among those that the later one's pattern leaves open. Such lines are in nobody's samples, so they are made: into
 * the sample of the later rule go the words of the earlier rule's pattern, one at each place. A line that both match is
 * a shadow, unless the earlier rule has a sample that the later one would match as well: then it is meant so.
 */
#ifndef CORE_RULE_SHADOW_H
#define CORE_RULE_SHADOW_H

#include "core/rule_set.h"

/* Adds a warning to d at the earlier rule's place for each pair, and returns how many there are. */
unsigned rule_shadow_check(const struct rule_set *set, struct diag *d);

#endif
