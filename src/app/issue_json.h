/*
 * issue_json: an issue as /api/issues, the live stream and --json show it.
 */
#ifndef APP_ISSUE_JSON_H
#define APP_ISSUE_JSON_H

#include "io/store_issues.h"
#include "text/json.h"

/* The issue as a value. now_us: what its state goes by; the history is as it was read. */
void issue_json(struct json *j, const struct store_issue *issue, int64_t now_us);
/* Its members alone, in an object that the caller has begun and ends. */
void issue_json_members(struct json *j, const struct store_issue *issue, int64_t now_us);
/* The member "tags". */
void issue_json_tags(struct json *j, const struct issue_about *about);
/* 16 hex digits. */
void issue_json_key(struct json *j, const char *name, uint64_t key);

#endif
