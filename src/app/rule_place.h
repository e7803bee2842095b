/*
 * rule_place: in which file and line a rule stands, for who asks about what it has decided earlier.
 *
 * Of the rule files that the configuration names now only those are parsed in which the id stands: no rule is compiled.
 */
#ifndef APP_RULE_PLACE_H
#define APP_RULE_PLACE_H

#include "base/slice.h"

/* FILE:LINE, which the caller frees; NULL when the configuration or its rules cannot be read, or none is called so. */
char *rule_place(const char *config, struct slice id);

#endif
