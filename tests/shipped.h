/* shipped: the rules that crumbd ships, loaded from the sources: for tests that need all of them. */
#ifndef TESTS_SHIPPED_H
#define TESTS_SHIPPED_H

#include "core/rule_set.h"
#include "tests/data_files.h"

static inline bool shipped_load_file(void *set, struct conf_file *file, struct diag *d)
{
    return rule_set_load(set, file, d);
}

static inline void shipped_load_text(struct rule_set *set, const char *name, struct slice text)
{
    data_text(name, text, shipped_load_file, set);
}

/* Adds them to the set; rule_set_ready is the caller's. */
static inline void shipped_load(struct rule_set *set)
{
    data_files("rules/*.yaml", shipped_load_file, set);
}

#endif
