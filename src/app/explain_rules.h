/*
 * explain_rules: which rules have something to do with a record, for `crumbd explain`: those that decided or went on,
 * and before them the near misses, which somebody who writes a rule is looking for.
 */
#ifndef APP_EXPLAIN_RULES_H
#define APP_EXPLAIN_RULES_H

#include "core/judge.h"

/* As judge_record, of an exhaustive judge, and prints what came of each rule. */
void explain_rules(struct judge *j, const struct record *r, struct arena *a, struct verdict *v);
/* After how many matches the event comes, where one is not enough. */
void explain_how_many(const struct judge *j, const struct rule *rule, const struct record *r, struct arena *a);

#endif
