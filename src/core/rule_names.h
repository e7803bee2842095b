/*
 * rule_names: the names by which a rule asks for parts of a record, held against the records of its samples.
 *
 * A name that is misspelt is empty in every event, or a condition that never holds, and nothing else would tell. Pure.
 */
#ifndef CORE_RULE_NAMES_H
#define CORE_RULE_NAMES_H

#include "core/rule_set.h"

struct rule_names;

/* Those of the conditions, and of the rule's templates; rule NULL: of the conditions alone. */
struct rule_names *rule_names_new(const struct rule_when *when, const struct rule *rule);
void rule_names_free(struct rule_names *n);
/* One of the records of the samples. */
void rule_names_see(struct rule_names *n, const struct record *r);
/* Warns, where they stand below `node`, of keys of `when` that no record had, and of names in templates that are no
   capture, no member, and were empty in all records. whose: "rule \"x\"". */
void rule_names_warn(const struct rule_names *n, const struct conf_node *node, const char *whose, struct diag *d);

#endif
