/*
 * try: what `crumbd try` finds out about files, and how it is told. cmd_try.c reads and judges, try_show.c prints.
 */
#ifndef APP_TRY_H
#define APP_TRY_H

#include "base/table.h"
#include "core/pipeline.h"

/* An issue that the files would make. */
struct try_issue {
    uint64_t fingerprint_hash;
    char *title, *first_line;
    enum level level;
    const struct rule *rule; /* NULL: no rule knows it */
    uint64_t count;
    int64_t first_us, last_us; /* STAMP_NONE: its records have no time */
};

enum { TRY_ISSUES_MAX = 100000 };

struct try_result {
    uint64_t messages, matched, missed, ignored, refused;
    uint64_t occurrences, events, summaries; /* before and after flood control */
    int64_t first_us, last_us;
    struct try_issue **issues;
    unsigned n_issues;
    bool issues_lost;
    struct table by_fingerprint;
};

void try_show_text(const struct try_result *t, struct pipeline *p, const struct ruleset *rules);
void try_show_json(const struct try_result *t, struct pipeline *p, const struct ruleset *rules);

#endif
