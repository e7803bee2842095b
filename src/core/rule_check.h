/*
 * rule_check: runs the samples of rules, so that a pack proves itself.
 *
 * A sample's lines go through the whole pipeline with every loaded rule (fallback: crumb); the event they give must
 * contain what the sample says. Also proves the prefilter: a rule that matches a sample must be among its candidates.
 * And holds each pattern against texts that make it work hard (text/pump.h).
 */
#ifndef CORE_RULE_CHECK_H
#define CORE_RULE_CHECK_H

#include "core/pipeline.h"

struct rule_check {
    unsigned samples, failed;
};

/* Errors are added to d at the sample's place; a rule without a sample is one, at the rule's. */
struct rule_check rule_check_samples(const struct rule_set *set, struct diag *d);
/* Runs the lines of one sample through a pipeline with these hooks. True: the rule went on (`continue`) for one of
 * them. */
bool rule_check_run(const struct rule_set *set, const struct rule *rule, const struct rule_sample *s,
                    const struct pipeline_hooks *hooks);
/* A pattern that reaches the match limit on a text as long as patterns see is an error at its place. Returns how many
 * did. */
unsigned rule_check_patterns(const struct rule_set *set, struct diag *d);
typedef bool rule_wanted_f(void *u, const struct rule *r);
/* The same as a warning, for the rules that are wanted. */
unsigned rule_warn_patterns(const struct rule_set *set, rule_wanted_f *wanted, void *u, struct diag *d);

#endif
