#include "app/try.h"

#include <inttypes.h>
#include <stdlib.h>

#include "app/show.h"
#include "base/xalloc.h"
#include "text/json.h"

enum { LINE_POINTS = 110, TITLE_POINTS = 90, ISSUES_SHOWN = 200 };

static int by_count(const void *pa, const void *pb)
{
    const struct try_issue *a = *(struct try_issue *const *)pa, *b = *(struct try_issue *const *)pb;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return a->first_us < b->first_us ? -1 : a->first_us > b->first_us;
}

static const char *const action_names[] = {"event", "crumb", "log", "drop"};

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

static void show_totals(const struct try_result *t)
{
    printf("messages %10" PRIu64 "   ", t->messages);
    show_time(stdout, t->first_us);
    printf(" to ");
    show_time(stdout, t->last_us);
    printf("\nmatched  %10" PRIu64 "   %5.1f %%  decided by a rule\n", t->matched, percent(t->matched, t->messages));
    printf("missed   %10" PRIu64 "   %5.1f %%  error or worse, and no rule knows them\n", t->missed, percent(t->missed, t->messages));
    printf("ignored  %10" PRIu64 "   %5.1f %%  below error, no rule: breadcrumbs\n", t->ignored, percent(t->ignored, t->messages));
    if (t->refused)
        printf("refused  %10" PRIu64 "   %5.1f %%  not readable in their format\n", t->refused, percent(t->refused, t->messages));
}

static int by_cost(const void *pa, const void *pb)
{
    const struct rule_stats *a = *(struct rule_stats *const *)pa, *b = *(struct rule_stats *const *)pb;
    if (a->ns != b->ns)
        return a->ns < b->ns ? 1 : -1;
    return a < b ? -1 : a > b;
}

static void show_rules(struct pipeline *p, const struct ruleset *rules, uint64_t messages)
{
    struct rule_stats *stats = pipeline_judge(p)->stats, **order = xcalloc(rules->n, sizeof *order);
    unsigned n = 0;
    for (unsigned i = 0; i < rules->n; i++)
        if (stats[i].tried)
            order[n++] = &stats[i];
    qsort(order, n, sizeof *order, by_cost);
    if (n)
        printf("\n%10s %10s %9s %10s  %-6s %s\n", "HITS", "TRIED", "US/TRY", "NS/LINE", "ACTION", "RULE");
    for (unsigned i = 0; i < n; i++) {
        const struct rule *r = rules->rules[order[i] - stats];
        printf("%10" PRIu64 " %10" PRIu64 " %9.2f %10.1f  %-6s %.*s%s\n", order[i]->hits, order[i]->tried,
               (double)order[i]->ns / (double)order[i]->tried / 1000.0, messages ? (double)order[i]->ns / (double)messages : 0.0,
               action_names[r->action], SLICE_ARG(r->id), order[i]->limit_hits ? "  (ran into the match limit)" : "");
    }
    free(order);
}

static void show_issues(const struct try_result *t)
{
    unsigned shown = t->n_issues < ISSUES_SHOWN ? t->n_issues : ISSUES_SHOWN;
    printf("\n%u issue%s%s\n", t->n_issues, t->n_issues == 1 ? "" : "s", t->issues_lost ? ", and more than could be counted" : "");
    for (unsigned i = 0; i < shown; i++) {
        const struct try_issue *is = t->issues[i];
        printf("%10" PRIu64 "  %-7s  ", is->count, level_name(is->level));
        show_text(stdout, slice_str(is->title), TITLE_POINTS);
        if (is->rule)
            printf("  [%.*s]", SLICE_ARG(is->rule->id));
        else
            printf("  [no rule]");
        printf("\n%10s  %-7s  ", "", "");
        show_text(stdout, slice_str(is->first_line), LINE_POINTS);
        putchar('\n');
    }
    if (shown < t->n_issues)
        printf("%10s  and %u more; --json shows all\n", "", t->n_issues - shown);
}

void try_show_text(const struct try_result *t, struct pipeline *p, const struct ruleset *rules)
{
    qsort(t->issues, t->n_issues, sizeof *t->issues, by_count);
    show_totals(t);
    show_rules(p, rules, t->messages);
    show_issues(t);
    int64_t span_us = t->last_us > t->first_us && t->first_us != RECORD_NO_TIME ? t->last_us - t->first_us : 0;
    printf("\n%" PRIu64 " occurrence%s, %" PRIu64 " event%s after flood control (%" PRIu64 " of them summaries)", t->occurrences,
           t->occurrences == 1 ? "" : "s", t->events, t->events == 1 ? "" : "s", t->summaries);
    if (span_us > 0)
        printf(", %.0f a day", (double)t->events * 86400e6 / (double)(span_us < INT64_C(86400000000) ? INT64_C(86400000000) : span_us));
    putchar('\n');
}

static void put_time(struct json *j, const char *key, int64_t us)
{
    if (us == RECORD_NO_TIME)
        return;
    json_key(j, key);
    json_time(j, us);
}

static void put_count(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_int(j, (int64_t)v);
}

static void put_rules(struct json *j, struct pipeline *p, const struct ruleset *rules)
{
    const struct rule_stats *stats = pipeline_judge(p)->stats;
    json_key(j, "rules");
    json_array(j);
    for (unsigned i = 0; i < rules->n; i++) {
        if (!stats[i].tried)
            continue;
        json_map(j);
        json_key(j, "id");
        json_str(j, rules->rules[i]->id);
        json_key(j, "action");
        json_str(j, slice_str(action_names[rules->rules[i]->action]));
        put_count(j, "hits", stats[i].hits);
        put_count(j, "tried", stats[i].tried);
        put_count(j, "ns", stats[i].ns);
        if (stats[i].limit_hits)
            put_count(j, "match_limit", stats[i].limit_hits);
        json_map_end(j);
    }
    json_array_end(j);
}

static void put_issues(struct json *j, const struct try_result *t)
{
    json_key(j, "issues");
    json_array(j);
    for (unsigned i = 0; i < t->n_issues; i++) {
        const struct try_issue *is = t->issues[i];
        json_map(j);
        json_key(j, "title");
        json_str(j, slice_str(is->title));
        json_key(j, "level");
        json_str(j, slice_str(level_name(is->level)));
        put_count(j, "count", is->count);
        if (is->rule) {
            json_key(j, "rule");
            json_str(j, is->rule->id);
        }
        put_time(j, "first", is->first_us);
        put_time(j, "last", is->last_us);
        json_key(j, "line");
        json_str(j, slice_str(is->first_line));
        json_map_end(j);
    }
    json_array_end(j);
}

void try_show_json(const struct try_result *t, struct pipeline *p, const struct ruleset *rules)
{
    struct sbuf out;
    struct json j;
    sbuf_init(&out, (size_t)1 << 30);
    qsort(t->issues, t->n_issues, sizeof *t->issues, by_count);
    json_start(&j, &out);
    json_map(&j);
    put_count(&j, "lines", pipeline_counts(p)->v[COUNT_lines_in]);
    put_count(&j, "messages", t->messages);
    put_count(&j, "matched", t->matched);
    put_count(&j, "missed", t->missed);
    put_count(&j, "ignored", t->ignored);
    put_count(&j, "refused", t->refused);
    put_count(&j, "occurrences", t->occurrences);
    put_count(&j, "events", t->events);
    put_count(&j, "summaries", t->summaries);
    put_time(&j, "first", t->first_us);
    put_time(&j, "last", t->last_us);
    put_rules(&j, p, rules);
    put_issues(&j, t);
    json_map_end(&j);
    json_end(&j);
    fwrite(out.p, 1, out.n, stdout);
    putchar('\n');
    sbuf_free(&out);
}
