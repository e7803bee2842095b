/*
 * rules: loads the rule files of a configuration or of a command line.
 */
#ifndef APP_RULES_H
#define APP_RULES_H

#include "app/settings.h"
#include "core/rule_set.h"

/* Adds each file's rules, in order; rule_set_ready is the caller's, here and below. False: errors are in d, and set is
 * to be freed all the same. */
bool rules_load_files(struct rule_set *set, char *const *files, unsigned n, struct diag *d);
/* Those that the settings name. Here and above: a file with `language` is a grammar of traces and goes to set->traces.
 */
bool rules_load(struct rule_set *set, const struct settings *s, struct diag *d);
/* The grammars of traces that are shipped, for languages that set->traces has none of. Their samples are more than half
 * of them, and only who runs them needs them. False: errors are in d. */
bool rules_load_traces(const struct rule_set *set, bool samples, struct diag *d);
/*
 * A pattern that `crumbd check` refuses for its work is a warning: for rules that are not shipped, whose patterns are
 * proven when crumbd is built, and as far as half a second reaches. Before rule_set_forget_files.
 */
void rules_warn(const struct rule_set *set, struct diag *d);
/*
 * Those that words of a command line name. Each is a file, a folder (its *.yaml), a pattern, `shipped`, or several of
 * them with commas between. A name that gives no file is an error.
 */
bool rules_load_named(struct rule_set *set, char *const *names, unsigned n, struct diag *d);

#endif
