/* status_rules: the part of status.h that is about single rules. */
#include <inttypes.h>
#include <stdlib.h>

#include "app/html_text.h"
#include "app/prom_text.h"
#include "app/status.h"
#include "base/xalloc.h"

/* Rests for some sender now. */
static bool is_suspended(const struct status *s, const struct rule_stats *st)
{
    return s->now_us < st->suspended_until_us;
}

static const struct rule_stats *stats_of(const struct status *s, unsigned i)
{
    return &s->rule_stats[s->rules->rules[i]->handle];
}

static bool is_tried(const struct status *s, unsigned i)
{
    const struct rule_stats *st = stats_of(s, i);
    return st->tried || st->limit_hits;
}

/* --- metrics --- */

enum number { NUMBER_HITS, NUMBER_TRIED, NUMBER_SECONDS, NUMBER_LIMIT, NUMBER_SUSPENDED, NUMBER_N };

static void put_number(const struct status *s, struct sbuf *out, const struct rule_stats *st, enum number which)
{
    const uint64_t whole[] = {st->hits, st->tried, st->ns / 1000000000, st->limit_hits, is_suspended(s, st)};
    sbuf_addf(out, "%" PRIu64, whole[which]);
    if (which == NUMBER_SECONDS)
        sbuf_addf(out, ".%06" PRIu64, st->ns / 1000 % 1000000);
}

void status_rule_metrics(const struct status *s, struct sbuf *out)
{
    static const struct {
        const char *name, *end, *help;
    } families[NUMBER_N] = {
        [NUMBER_TRIED] = {"rule_tried", "_total",
                          "records that met the conditions of a rule and were held against its patterns"},
        [NUMBER_HITS] = {"rule_hits", "_total", "records that a rule matched"},
        [NUMBER_SECONDS] = {"rule_seconds", "_total",
                            "processor time of a rule's conditions and patterns, estimated from one try in 128; the "
                            "prefilter all rules share is not in it"},
        [NUMBER_LIMIT] = {"rule_match_limit", "_total", "matches of a rule given up at the match limit"},
        [NUMBER_SUSPENDED] = {"rule_suspended", "",
                              "1 while a rule is not tried with what some sender sends, since it ran into the match "
                              "limit too often there"},
    };
    unsigned tried = 0, suspended = 0;
    for (unsigned i = 0; i < s->rules->n; i++) {
        tried += is_tried(s, i);
        suspended += is_suspended(s, stats_of(s, i));
    }
    prom_text_gauge(out, "rules_tried", tried,
                    "rules that were tried; the first 1000 of them have numbers of their own");
    prom_text_gauge(
        out, "rules_suspended", suspended,
        "rules that are not tried with what some sender sends, since they ran into the match limit too often there");
    for (unsigned f = 0; tried && f < NUMBER_N; f++) {
        unsigned told = 0;
        prom_text_head(out, families[f].name, families[f].end, families[f].end[0] ? "counter" : "gauge",
                       families[f].help);
        for (unsigned i = 0; i < s->rules->n && told < STATUS_RULES_MAX; i++) {
            if (!is_tried(s, i))
                continue;
            told++;
            sbuf_addf(out, "crumbd_%s%s{rule=\"", families[f].name, families[f].end);
            prom_text_label(out, s->rules->rules[i]->id);
            sbuf_adds(out, SLICE("\"} "));
            put_number(s, out, stats_of(s, i), f);
            sbuf_addc(out, '\n');
        }
    }
}

/* --- JSON --- */

static void put_count(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_int(j, (int64_t)v);
}

/* Its members, in an object that is open. */
static void put_rule(const struct status *s, struct json *j, const struct rule *r)
{
    const struct rule_stats *st = &s->rule_stats[r->handle];
    json_key(j, "id");
    json_str(j, r->id);
    put_count(j, "tried", st->tried);
    put_count(j, "hits", st->hits);
    json_key(j, "seconds");
    json_time(j, (int64_t)(st->ns / 1000));
    json_key(j, "last");
    if (st->last_us)
        json_time(j, st->last_us - s->ahead_us);
    else
        json_raw(j, SLICE("null"));
    put_count(j, "match_limit", st->limit_hits);
    json_key(j, "suspended");
    json_bool(j, is_suspended(s, st));
    json_key(j, "file");
    json_str(j, slice_str(r->place.file));
    put_count(j, "line", r->place.line);
}

void status_rules(const struct status *s, bool all, struct sbuf *out)
{
    struct json j;
    unsigned told = 0;
    json_start(&j, out);
    json_array(&j);
    for (unsigned i = 0; i < s->rules->n && told < STATUS_RULES_MAX; i++)
        if (all || is_tried(s, i)) {
            json_map(&j);
            put_rule(s, &j, s->rules->rules[i]);
            json_map_end(&j);
            told++;
        }
    json_array_end(&j);
    json_end(&j);
    sbuf_addc(out, '\n');
}

void status_rule(const struct status *s, const struct rule *r, struct slice text, struct sbuf *out)
{
    struct json j;
    json_start(&j, out);
    json_map(&j);
    put_rule(s, &j, r);
    json_key(&j, "text");
    if (text.p)
        json_str(&j, text);
    else
        json_raw(&j, SLICE("null"));
    json_map_end(&j);
    json_end(&j);
    sbuf_addc(out, '\n');
}

/* --- HTML --- */

struct ranked {
    const struct rule *rule;
    const struct rule_stats *stats;
};

static int status_rules_by_hits(const void *pa, const void *pb)
{
    const struct ranked *a = pa, *b = pb;
    if (a->stats->suspended_until_us != b->stats->suspended_until_us)
        return a->stats->suspended_until_us > b->stats->suspended_until_us ? -1 : 1;
    if (a->stats->hits != b->stats->hits)
        return a->stats->hits < b->stats->hits ? 1 : -1;
    return a->rule->index < b->rule->index ? -1 : a->rule->index > b->rule->index; /* file order */
}

void status_rules_page(const struct status *s, unsigned most, struct sbuf *out)
{
    struct ranked *order = xcalloc(s->rules->n, sizeof *order);
    unsigned n = 0;
    for (unsigned i = 0; i < s->rules->n; i++)
        if (is_tried(s, i))
            order[n++] = (struct ranked){s->rules->rules[i], stats_of(s, i)};
    qsort(order, n, sizeof *order, status_rules_by_hits);
    sbuf_adds(out, SLICE("<h2>Rules of this run</h2>\n"));
    if (n)
        sbuf_adds(
            out,
            SLICE("<div class=\"scroll\"><table><tr><th>rule</th><th class=\"n\">hits</th><th class=\"n\">tried</th>"
                  "<th class=\"n\">seconds</th><th class=\"n\">match limit</th></tr>\n"));
    for (unsigned i = 0; i < n && i < most; i++) {
        const struct rule_stats *st = order[i].stats;
        sbuf_adds(out, SLICE("<tr><td class=\"t\">"));
        html_text(out, order[i].rule->id, 128);
        if (is_suspended(s, st))
            sbuf_adds(out, SLICE(" <span class=\"badge bad\">suspended</span>"));
        for (unsigned which = 0; which < NUMBER_SUSPENDED; which++) {
            sbuf_adds(out, SLICE("</td><td class=\"n\">"));
            put_number(s, out, st, which);
        }
        sbuf_adds(out, SLICE("</td></tr>\n"));
    }
    sbuf_adds(out, n ? SLICE("</table></div>\n") : SLICE("<p class=\"dim\">none was tried yet</p>\n"));
    if (n > most)
        sbuf_addf(out, "<p class=\"dim\">and %u more: <a href=\"/rules\">all</a></p>\n", n - most);
    free(order);
}
