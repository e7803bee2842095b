/* try, for people. See try.h. */
#include "app/try.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/show.h"
#include "base/xalloc.h"
#include "text/stamp.h"

enum {
    WIDTH_LEAST = 60,
    WIDTH_MOST = 200,
    INDENT = 18, /* of an issue's title: its number, its level */
    RULE_COLUMN = 28,
    ISSUES_SHOWN = 50,
    SUSPECTS_SHOWN = 10,
    CRUMBS_SHOWN = 20,
    RULES_SHOWN = 20,
};

unsigned try_width(void)
{
    struct winsize w;
    const char *columns = getenv("COLUMNS");
    unsigned n = TRY_WIDTH;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col)
        n = w.ws_col;
    else if (columns && atoi(columns) > 0)
        n = (unsigned)atoi(columns);
    return n < WIDTH_LEAST ? WIDTH_LEAST : n > WIDTH_MOST ? WIDTH_MOST : n;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void show_total(const char *name, uint64_t n, uint64_t of, const char *what)
{
    printf("%-9s %9" PRIu64 "  %5.1f %%  %s\n", name, n, percent(n, of), what);
}

static void show_totals(const struct try_result *t)
{
    printf("%-9s %9" PRIu64 "  ", "messages", t->messages);
    show_time(stdout, t->first_us);
    printf(" to ");
    show_time(stdout, t->last_us);
    putchar('\n');
    show_total("matched", t->matched, t->messages, "decided by a rule");
    show_total("missed", t->missed, t->messages, "error or worse, and no rule knows them");
    show_total("ignored", t->ignored, t->messages, "below error, no rule: breadcrumbs");
    if (t->refused)
        show_total("refused", t->refused, t->messages, "not readable in their format");
}

/* --- issues --- */

void try_show_issue(const struct try_issue *i, uint64_t count, unsigned width)
{
    struct slice rule = try_rule_name(i);
    printf("%9" PRIu64 " %-7s ", count, i->level ? level_name(i->level) : "-");
    show_text(stdout, slice_str(i->title), width - INDENT);
    int used = printf("\n%*s%-*.*s ", INDENT, "", width > 110 ? RULE_COLUMN : 0, SLICE_ARG(rule)) - 1;
    unsigned rest = width > (unsigned)used + 20 ? width - (unsigned)used - 2 : 20;
    printf("| ");
    show_text(stdout, slice_str(i->first_line), rest);
    putchar('\n');
}

void try_show_more(unsigned shown, unsigned n)
{
    if (shown < n)
        printf("%*sand %u more; --json shows all\n", INDENT, "", n - shown);
}

static void show_issues(const struct try_result *t, unsigned width)
{
    unsigned n = t->issues.n, shown = n < ISSUES_SHOWN ? n : ISSUES_SHOWN;
    printf("\n%u issue%s, %" PRIu64 " occurrence%s%s\n", n, plural(n), t->occurrences, plural(t->occurrences),
           t->issues.lost ? ", and more issues than could be told apart" : "");
    if (n)
        printf("%9s %-7s %s\n", "COUNT", "LEVEL", "ISSUE, RULE | FIRST LINE");
    for (unsigned i = 0; i < shown; i++)
        try_show_issue(t->issues.list[i], t->issues.list[i]->count, width);
    try_show_more(shown, n);
}

static void show_suspects(const struct try_result *t, unsigned width)
{
    unsigned n = t->suspects.n, shown = n < SUSPECTS_SHOWN ? n : SUSPECTS_SHOWN;
    if (!n)
        return;
    printf("\nOf the ignored, %" PRIu64 " read%s like an error: perhaps worth a rule\n", t->suspicious,
           t->suspicious == 1 ? "s" : "");
    for (unsigned i = 0; i < shown; i++) {
        const struct try_issue *is = t->suspects.list[i];
        printf("%9" PRIu64 " %-7s ", is->count, is->level ? level_name(is->level) : "-");
        show_text(stdout, slice_str(is->title), width - INDENT);
        putchar('\n');
    }
    try_show_more(shown, n);
}

/* By format and rule: what somebody has decided, and nobody would miss. */
static void show_crumbs(const struct try_result *t, unsigned width)
{
    unsigned n = t->crumbs.n, shown = n < CRUMBS_SHOWN ? n : CRUMBS_SHOWN;
    if (!n)
        return;
    printf("\nOf level error or worse, %" PRIu64 " became breadcrumb%s and no event\n", t->unheard, plural(t->unheard));
    printf("%9s %-7s %s\n", "COUNT", "LEVEL", "FORMAT, RULE | FIRST LINE");
    for (unsigned i = 0; i < shown; i++)
        try_show_issue(t->crumbs.list[i], t->crumbs.list[i]->count, width);
    try_show_more(shown, n);
}

/* --- rules --- */

struct row {
    const struct rule *rule;
    const struct rule_stats *stats;
};

/* Those that hit, then those that cost most. */
static int try_show_by_use(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;
    if (a->stats->hits != b->stats->hits)
        return a->stats->hits < b->stats->hits ? 1 : -1;
    if (a->stats->ns != b->stats->ns)
        return a->stats->ns < b->stats->ns ? 1 : -1;
    return a->rule->index < b->rule->index ? -1 : 1;
}

static void show_slow(const struct row *rows, unsigned n)
{
    bool any = false;
    for (unsigned i = 0; i < n; i++) {
        const struct rule_stats *s = rows[i].stats;
        if (!try_is_slow(s))
            continue;
        if (!any)
            printf("slow rules:\n");
        any = true;
        printf("  %.*s: %.0f us a try", SLICE_ARG(rows[i].rule->id), try_rule_us(s));
        if (s->limit_hits)
            printf(", ran into the match limit %" PRIu64 " time%s%s", s->limit_hits, plural(s->limit_hits),
                   s->suspended_until_us ? " and was suspended" : "");
        putchar('\n');
    }
    if (n && !any)
        printf("slow rules: none\n");
}

static void show_rules(struct try_run *t)
{
    const struct rule_set *set = t->setup.rules;
    const struct rule_stats *stats = pipeline_judge(t->pipeline)->stats;
    struct row *rows = xcalloc(set->n, sizeof *rows);
    unsigned n = 0, hit = 0;
    uint64_t ns = 0;
    for (unsigned i = 0; i < set->n; i++) {
        const struct rule_stats *s = &stats[set->rules[i]->handle];
        hit += s->hits > 0;
        ns += s->ns;
        if (try_is_tried(s))
            rows[n++] = (struct row){set->rules[i], s};
    }
    qsort(rows, n, sizeof *rows, try_show_by_use);
    printf("\n%u rule%s, %u of them matched; %.2f us a message, %.2f of it in rules\n", set->n, plural(set->n), hit,
           t->result.messages ? (double)t->result.ns / (double)t->result.messages / 1000.0 : 0.0,
           t->result.messages ? (double)ns / (double)t->result.messages / 1000.0 : 0.0);
    if (n)
        printf("%9s %9s %8s %8s  %-6s %s\n", "MATCHED", "TRIED", "US/TRY", "NS/MSG", "ACTION", "RULE");
    unsigned shown = n < RULES_SHOWN ? n : RULES_SHOWN;
    for (unsigned i = 0; i < shown; i++) {
        const struct rule_stats *s = rows[i].stats;
        printf("%9" PRIu64 " %9" PRIu64 " %8.2f %8.1f  %-6s %.*s\n", s->hits, s->tried, try_rule_us(s),
               (double)s->ns / (double)t->result.messages, try_action_name(rows[i].rule->action),
               SLICE_ARG(rows[i].rule->id));
    }
    if (shown < n)
        printf("%9s and %u more that were tried; --json shows all\n", "", n - shown);
    show_slow(rows, n);
    free(rows);
}

/* --- flood control --- */

static void show_day(int64_t day)
{
    char text[32];
    stamp_print(day * INT64_C(86400000000), text);
    printf("%.10s", text);
}

static void show_flow(const struct try_run *t)
{
    const struct try_result *r = &t->result;
    struct try_rate rate = try_rate_of(r);
    unsigned per_day = t->setup.options->limits.per_day;
    if (!r->occurrences && !r->events)
        return;
    printf("\nFlood control: %" PRIu64 " occurrence%s, %" PRIu64 " event%s, of which %" PRIu64
           " sum up what was held back\n",
           r->occurrences, plural(r->occurrences), r->events, plural(r->events), r->summaries);
    if (!rate.most) {
        printf("  the lines carry no time: there is no rate to tell\n");
        return;
    }
    printf("  a day     %.0f on average over %.1f day%s; %" PRIu64 " on the fullest date, ", rate.a_day, rate.span_days,
           rate.span_days == 1 ? "" : "s", rate.most->events);
    show_day(rate.most->day);
    printf("\n            which is %.1f %% of limits.per_day, %u\n", percent(rate.most->events, per_day), per_day);
    printf("  a month   %.0f, if each day is like the average, which is\n            ",
           rate.a_day * (double)TRY_MONTH_DAYS);
    for (unsigned i = 0; i < TRY_PLANS; i++)
        printf("%.1f %% of %u%s", 100.0 * rate.a_day * (double)TRY_MONTH_DAYS / try_plans[i], try_plans[i],
               i + 1 < TRY_PLANS ? ", " : "\n");
}

void try_show_text(struct try_run *t)
{
    unsigned width = try_width();
    show_totals(&t->result);
    show_issues(&t->result, width);
    show_crumbs(&t->result, width);
    show_suspects(&t->result, width);
    show_rules(t);
    show_flow(t);
}
