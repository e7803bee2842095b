/* rule_keys: the table of every key of a rule file; the schema and the manual are made from it. */
#ifndef CORE_RULE_KEYS_H
#define CORE_RULE_KEYS_H

#include "text/keys.h"

extern const struct key_table rule_pack_table;

#endif
