/*
 * live_filter: what a reader of the live stream asks for: a QUERY as of issues (core/issue_query.h), and of lines alone
 * format:, fate:, input: and source:, which say nothing of issues.
 */
#ifndef APP_LIVE_FILTER_H
#define APP_LIVE_FILTER_H

#include "app/live_line.h"
#include "core/issue_query.h"
#include "io/store_issues.h"

struct live_filter;

/* NULL: `why` says what is wrong with it. */
struct live_filter *live_filter_new(struct slice query, int64_t now_us, char why[ISSUE_QUERY_WHY]);
/* NULL is allowed. */
void live_filter_free(struct live_filter *f);
bool live_filter_holds_line(struct live_filter *f, const struct live_line *l);
bool live_filter_holds_issue(struct live_filter *f, const struct store_issue *issue, int64_t now_us);

#endif
