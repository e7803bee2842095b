#include "app/issue_json.h"

#include <stdio.h>

#include "core/issue_query.h"

void issue_json_key(struct json *j, const char *name, uint64_t key)
{
    char text[17];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)key);
    json_key(j, name);
    json_str(j, slice_str(text));
}

static void put_number(struct json *j, const char *name, uint64_t v)
{
    json_key(j, name);
    json_int(j, v < INT64_MAX ? (int64_t)v : INT64_MAX);
}

static void put_time(struct json *j, const char *name, int64_t us)
{
    json_key(j, name);
    json_time(j, us);
}

static void put_texts(struct json *j, const struct issue_about *about)
{
    static const char *const names[ISSUE_TEXTS] = {"title",   "type", "value", "level",       "rule",
                                                   "project", "app",  "host",  "transaction", NULL};
    for (unsigned i = 0; i < ISSUE_TEXTS; i++)
        if (names[i]) {
            json_key(j, names[i]);
            json_str(j, about->text[i]);
        }
}

static void put_history(struct json *j, const struct issue_history *h)
{
    static const char *const names[ISSUE_SCALES] = {"hour", "day", "month"};
    for (unsigned s = 0; s < ISSUE_SCALES; s++) {
        json_key(j, names[s]);
        json_array(j);
        for (unsigned i = 0; i < issue_slots[s]; i++)
            json_int(j, h->v[s][i] < INT64_MAX ? (int64_t)h->v[s][i] : INT64_MAX);
        json_array_end(j);
    }
}

void issue_json_members(struct json *j, const struct store_issue *issue, int64_t now_us)
{
    issue_json_key(j, "key", issue->key);
    put_texts(j, &issue->about);
    json_key(j, "state");
    json_str(j, slice_str(issue_state_names[issue_state_of(issue->first_us, issue->last_us, now_us)]));
    put_time(j, "first", issue->first_us);
    put_time(j, "last", issue->last_us);
    put_number(j, "count", issue->count);
    put_number(j, "suppressed", issue->suppressed);
    put_number(j, "events", issue->events);
    put_history(j, &issue->history);
}

void issue_json(struct json *j, const struct store_issue *issue, int64_t now_us)
{
    json_map(j);
    issue_json_members(j, issue, now_us);
    json_map_end(j);
}

void issue_json_tags(struct json *j, const struct issue_about *about)
{
    struct slice tags = about->text[ISSUE_TAGS], name, value;
    json_key(j, "tags");
    json_map(j);
    while (issue_about_tag(&tags, &name, &value)) {
        json_key_s(j, name);
        json_str(j, value);
    }
    json_map_end(j);
}
