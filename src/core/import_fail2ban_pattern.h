/*
 * import_fail2ban_pattern: one pattern of fail2ban's in the language of rules: its tags become captures, Python's
 * escapes those of PCRE2. Names in it have been replaced before. Pure; at most IMPORT_PATTERN_BYTES come out, else
 * out.over.
 */
#ifndef CORE_IMPORT_FAIL2BAN_PATTERN_H
#define CORE_IMPORT_FAIL2BAN_PATTERN_H

#include "base/sbuf.h"

enum {
    FAIL2BAN_NAMES_MAX = 24,
    FAIL2BAN_GROUP_MAX = 24,
    FAIL2BAN_PREFIX = 1, /* a byte that stands for the prefix of a syslog line, and is left out */
};

struct fail2ban_pattern {
    struct sbuf out;
    char names[FAIL2BAN_NAMES_MAX][FAIL2BAN_GROUP_MAX];
    unsigned n_names, depth, opened;
    bool class, has_client, no_failure;
};

/* The caller frees out. */
void fail2ban_pattern_read(struct fail2ban_pattern *c, struct slice s);

#endif
