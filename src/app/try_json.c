/* try, for programs. See try.h; crumbd(8) lists the members. */
#include "app/try.h"

#include <inttypes.h>
#include <stdio.h>

#include "text/stamp.h"

static void put_time(struct json *j, const char *key, int64_t us)
{
    if (us == RECORD_NO_TIME)
        return;
    json_key(j, key);
    json_time(j, us);
}

void try_put_count(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_int(j, (int64_t)v);
}

static void put_number(struct json *j, const char *key, double v)
{
    char text[64]; /* of two integers, so that LC_NUMERIC has no say */
    uint64_t hundredths = (uint64_t)(v * 100.0 + 0.5);
    int n = snprintf(text, sizeof text, "%" PRIu64 ".%02" PRIu64, hundredths / 100, hundredths % 100);
    json_key(j, key);
    json_raw(j, slice_of(text, (size_t)n));
}

static void put_str(struct json *j, const char *key, struct slice v)
{
    json_key(j, key);
    json_str(j, v);
}

static void put_rules(struct json *j, struct try_run *t)
{
    const struct rule_stats *stats = pipeline_judge(t->pipeline)->stats;
    const struct rule_set *set = t->setup.rules;
    json_key(j, "rules");
    json_array(j);
    for (unsigned i = 0; i < set->n; i++) {
        const struct rule_stats *s = &stats[set->rules[i]->handle];
        if (!try_is_tried(s))
            continue;
        json_map(j);
        put_str(j, "id", set->rules[i]->id);
        put_str(j, "action", slice_str(try_action_name(set->rules[i]->action)));
        try_put_count(j, "hits", s->hits);
        try_put_count(j, "tried", s->tried);
        try_put_count(j, "ns", s->ns);
        if (s->limit_hits)
            try_put_count(j, "match_limit", s->limit_hits);
        json_key(j, "slow");
        json_bool(j, try_is_slow(s));
        json_map_end(j);
    }
    json_array_end(j);
}

void try_put_issue(struct json *j, const struct try_issue *i)
{
    put_str(j, "title", slice_str(i->title));
    if (i->level)
        put_str(j, "level", slice_str(level_name(i->level)));
    if (i->rule)
        put_str(j, "rule", i->rule->id);
    put_time(j, "first", i->first_us);
    put_time(j, "last", i->last_us);
    put_str(j, "line", slice_str(i->first_line));
}

static void put_issues(struct json *j, const char *key, const struct try_issues *s)
{
    json_key(j, key);
    json_array(j);
    for (unsigned i = 0; i < s->n; i++) {
        json_map(j);
        try_put_count(j, "count", s->list[i]->count);
        try_put_issue(j, s->list[i]);
        json_map_end(j);
    }
    json_array_end(j);
}

static void put_days(struct json *j, const struct try_result *r)
{
    json_key(j, "days");
    json_array(j);
    for (unsigned i = 0; i < r->n_days; i++) {
        char text[32];
        stamp_print(r->days[i].day * INT64_C(86400000000), text);
        json_map(j);
        put_str(j, "day", slice_of(text, 10));
        try_put_count(j, "events", r->days[i].events);
        json_map_end(j);
    }
    json_array_end(j);
}

static void put_quota(struct json *j, const char *period, uint64_t quota, double events)
{
    json_map(j);
    put_str(j, "period", slice_str(period));
    try_put_count(j, "quota", quota);
    put_number(j, "events", events);
    put_number(j, "percent", quota ? 100.0 * events / (double)quota : 0);
    json_map_end(j);
}

static void put_rate(struct json *j, const struct try_run *t)
{
    struct try_rate rate = try_rate_of(&t->result);
    put_days(j, &t->result);
    if (rate.span_days <= 0)
        return;
    put_number(j, "span_days", rate.span_days);
    put_number(j, "events_a_day", rate.a_day);
    json_key(j, "quotas");
    json_array(j);
    put_quota(j, "day", t->setup.options->limits.per_day, rate.most ? (double)rate.most->events : 0);
    for (unsigned i = 0; i < TRY_PLANS; i++)
        put_quota(j, "month", try_plans[i], rate.a_day * (double)TRY_MONTH_DAYS);
    json_array_end(j);
}

void try_show_json(struct try_run *t)
{
    const struct try_result *r = &t->result;
    struct sbuf out;
    struct json j;
    sbuf_init(&out, (size_t)1 << 30);
    json_start(&j, &out);
    json_map(&j);
    try_put_count(&j, "lines", count_fates(pipeline_counts(t->pipeline)));
    try_put_count(&j, "messages", r->messages);
    try_put_count(&j, "matched", r->matched);
    try_put_count(&j, "missed", r->missed);
    try_put_count(&j, "ignored", r->ignored);
    try_put_count(&j, "suspicious", r->suspicious);
    try_put_count(&j, "unheard", r->unheard);
    try_put_count(&j, "refused", r->refused);
    try_put_count(&j, "occurrences", r->occurrences);
    try_put_count(&j, "events", r->events);
    try_put_count(&j, "summaries", r->summaries);
    try_put_count(&j, "ns", r->ns);
    put_time(&j, "first", r->first_us);
    put_time(&j, "last", r->last_us);
    put_rate(&j, t);
    put_rules(&j, t);
    put_issues(&j, "issues", &r->issues);
    put_issues(&j, "suspects", &r->suspects);
    put_issues(&j, "crumbs", &r->crumbs);
    json_map_end(&j);
    json_end(&j);
    fwrite(out.p, 1, out.n, stdout);
    putchar('\n');
    sbuf_done(&out);
}
