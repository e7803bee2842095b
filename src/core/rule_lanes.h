/*
 * rule_lanes: for each format the rules that its records can meet, with their prefilter, when a set of rules is made
 * ready. What most lanes know is compiled once, and each of them has its part of it.
 */
#ifndef CORE_RULE_LANES_H
#define CORE_RULE_LANES_H

#include "core/rule_set.h"

void rule_lanes_make(struct rule_set *set, bool prefilter);
void rule_lanes_done(struct rule_set *set);

#endif
