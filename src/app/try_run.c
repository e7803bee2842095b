#include "app/try.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "core/origin.h"
#include "core/rule_keys.h"
#include "io/clock.h"
#include "io/source_files.h"
#include "parsers/parser.h"

enum { LINE_MAX_BYTES = 1000 };

const unsigned try_plans[TRY_PLANS] = {5000, 50000, 100000};

/* --- issues --- */

static void note_time(int64_t time_us, int64_t *first_us, int64_t *last_us)
{
    if (time_us == RECORD_NO_TIME)
        return;
    if (*first_us == RECORD_NO_TIME || time_us < *first_us)
        *first_us = time_us;
    if (*last_us == RECORD_NO_TIME || time_us > *last_us)
        *last_us = time_us;
}

/* The first line of a message, as it may be shown. Caller frees. */
static char *line_of(struct try_run *t, const struct outcome *j)
{
    struct slice raw = j->raw, line = slice_sub(slice_split(&raw, '\n'), 0, LINE_MAX_BYTES);
    event_name_clients(j->record, t->scrub);
    char *text = slice_dup(scrub_text(t->scrub, line, &t->arena));
    arena_reset(&t->arena);
    return text;
}

/* Takes line, which is freed with it. */
static struct try_issue *issue_new(struct try_issues *s, uint64_t hash, struct slice title, char *line)
{
    if (s->n >= TRY_ISSUES_MAX) {
        s->lost = true;
        free(line);
        return NULL;
    }
    struct try_issue *i = xcalloc(1, sizeof *i);
    *i = (struct try_issue){.fingerprint_hash = hash,
                            .number = s->n,
                            .title = slice_dup(title),
                            .first_line = line,
                            .first_us = RECORD_NO_TIME,
                            .last_us = RECORD_NO_TIME};
    s->list = xroom(s->list, s->n, sizeof *s->list);
    s->list[s->n++] = i;
    table_put(&s->by_hash, hash, i);
    return i;
}

static void issue_count(struct try_issue *i, const struct record *r)
{
    i->count += r->times > 1 ? r->times : 1;
    note_time(r->time_us, &i->first_us, &i->last_us);
}

static struct try_issue *note_occurrence(struct try_run *t, const struct outcome *j)
{
    struct try_result *r = &t->result;
    struct try_issue *i = table_get(&r->issues.by_hash, j->verdict->fingerprint_hash);
    r->occurrences += j->record->times > 1 ? j->record->times : 1;
    if (!i) { /* the first of a new issue passes, so its title is there */
        char *line = line_of(t, j);
        struct slice title = j->verdict->texts ? scrub_text(t->scrub, j->verdict->texts->title, &t->arena) : SLICE_NONE;
        i = issue_new(&r->issues, j->verdict->fingerprint_hash, title, line);
        arena_reset(&t->arena);
        if (!i)
            return NULL;
        i->level = j->verdict->level;
        i->rule = j->verdict->rule;
    }
    issue_count(i, j->record);
    return i;
}

static int try_run_by_count(const void *pa, const void *pb)
{
    const struct try_issue *a = *(struct try_issue *const *)pa, *b = *(struct try_issue *const *)pb;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    if (a->first_us != b->first_us)
        return a->first_us < b->first_us ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static void issues_sort(struct try_issues *s)
{
    if (s->n)
        qsort(s->list, s->n, sizeof *s->list, try_run_by_count);
}

static void issues_done(struct try_issues *s)
{
    for (unsigned i = 0; i < s->n; i++) {
        free(s->list[i]->title);
        free(s->list[i]->first_line);
        free(s->list[i]);
    }
    free(s->list);
    table_done(&s->by_hash);
}

/* --- what reads like an error, and is none to anyone --- */

static void note_suspect(struct try_run *t, const struct outcome *j)
{
    const struct record *r = j->record;
    if (format_traits(r->format)->access || !suspicion_has(&t->suspicion, r->message))
        return;
    t->result.suspicious++;
    event_name_clients(r, t->scrub);
    struct slice origin = SLICE_NONE;
    if (origin_app(r).n || r->logger.n)
        origin = origin_type(r, r->level, &t->log_template, &t->arena);
    log_template_message(scrub_text(t->scrub, r->message, &t->arena), &t->log_template);
    struct slice text = sbuf_slice(&t->log_template.text), line = slice_split(&text, '\n');
    uint64_t hash = hash128(hash128(HASH128_START, origin), line).low;
    struct try_issue *i = table_get(&t->result.suspects.by_hash, hash);
    if (!i) {
        char *title = origin.n ? xasprintf("%.*s: %.*s", SLICE_ARG(origin), SLICE_ARG(line)) : slice_dup(line);
        i = issue_new(&t->result.suspects, hash, slice_str(title), line_of(t, j));
        free(title);
        if (i)
            i->level = r->level;
    }
    if (i)
        issue_count(i, r);
    arena_reset(&t->arena);
}

/* --- what is an error, and became no event --- */

/* By whom: the rule, or nobody where the fallback is crumb or a client may have forged it. */
static void note_crumb(struct try_run *t, const struct outcome *j)
{
    const struct rule *rule = j->verdict->rule;
    uint64_t hash = hash_mix(j->record->format, rule ? rule->index + 1 : 0);
    struct try_issue *i = table_get(&t->result.crumbs.by_hash, hash);
    t->result.unheard++;
    if (!i) {
        struct slice format = slice_str(format_name(j->record->format));
        i = issue_new(&t->result.crumbs, hash, format, line_of(t, j));
        if (i) {
            i->level = j->record->level;
            i->rule = rule;
        }
    }
    if (i)
        issue_count(i, j->record);
}

/* --- what the pipeline tells --- */

/* Counts an event in its day. Days come nearly in order, so the search begins at the end. */
static void note_day(struct try_result *r, int64_t time_us)
{
    const int64_t day_us = INT64_C(86400000000);
    int64_t day = time_us / day_us - (time_us % day_us < 0);
    unsigned i = r->n_days;
    while (i > 0 && r->days[i - 1].day > day)
        i--;
    if (i > 0 && r->days[i - 1].day == day) {
        r->days[i - 1].events++;
        return;
    }
    if (r->n_days >= TRY_DAYS_MAX)
        return;
    r->days = xroom(r->days, r->n_days, sizeof *r->days);
    memmove(r->days + i + 1, r->days + i, (r->n_days - i) * sizeof *r->days);
    r->days[i] = (struct try_day){day, 1};
    r->n_days++;
}

static bool try_run_on_event(void *u, const struct event_out *e)
{
    struct try_run *t = u;
    if (e->open)
        return true;
    t->result.summaries += e->suppressed > 0;
    t->result.events++;
    note_day(&t->result, e->time_us);
    if (t->setup.events) {
        fwrite(e->payload.text.p, 1, e->payload.text.n, stdout);
        fputc('\n', stdout);
    }
    return true;
}

static struct try_issue *note(struct try_run *t, const struct outcome *j)
{
    struct try_result *r = &t->result;
    if (!j->record) {
        r->refused += j->fate == COUNT_refused;
        r->ignored += j->fate == COUNT_blank;
        return NULL;
    }
    note_time(j->record->time_us, &r->first_us, &r->last_us);
    if (j->verdict->rule) {
        r->matched++;
    } else if (j->record->level >= LEVEL_ERROR) {
        r->missed++;
    } else {
        r->ignored++;
        if (t->suspicion.regex)
            note_suspect(t, j);
    }
    if (t->setup.suspects && j->fate == COUNT_crumb && j->record->level >= LEVEL_ERROR)
        note_crumb(t, j);
    return j->fate == COUNT_event || j->fate == COUNT_suppressed ? note_occurrence(t, j) : NULL;
}

static void try_run_on_outcome(void *u, const struct outcome *j)
{
    struct try_run *t = u;
    t->result.messages++;
    struct try_issue *i = note(t, j);
    if (t->outcome)
        t->outcome(t->u, j, i);
}

/* An event of what did not come, or of a message beside its own: that message has been counted as what it was. */
static void try_run_on_extra(void *u, const struct outcome *j)
{
    struct try_run *t = u;
    struct try_issue *i = note_occurrence(t, j);
    if (t->extra)
        t->extra(t->u, i);
}

/* --- a run --- */

void try_run_init(struct try_run *t, const struct try_setup *setup)
{
    static const uint8_t no_store[16];
    const struct options *opt = setup->options;
    *t = (struct try_run){.setup = *setup, .now_us = clock_wall_us()};
    if (setup->events)
        t->sources = source_files_new(opt->source_roots, opt->n_source_roots);
    const struct pipeline_setup s = {.options = opt,
                                     .rules = setup->rules,
                                     .store_id = no_store,
                                     .record_clock = true,
                                     .source = source_files_source(t->sources),
                                     .hooks = {.u = t,
                                               .emit = try_run_on_event,
                                               .outcome = try_run_on_outcome,
                                               .extra = try_run_on_extra,
                                               .deadlines = try_run_on_extra}};
    t->pipeline = pipeline_new(&s);
    if (setup->timed)
        pipeline_judge(t->pipeline)->clock_ns = clock_mono_ns;
    log_template_init(&t->log_template);
    log_template_use(&t->log_template, opt->grouping, &opt->masks);
    t->scrub = scrub_new(setup->options);
    if (setup->suspects)
        suspicion_init(&t->suspicion);
    t->result.first_us = t->result.last_us = RECORD_NO_TIME;
    t->result.ns = clock_mono_ns();
}

void try_run_end(struct try_run *t)
{
    pipeline_flush(t->pipeline);
    t->result.ns = clock_mono_ns() - t->result.ns;
    issues_sort(&t->result.issues);
    issues_sort(&t->result.suspects);
    issues_sort(&t->result.crumbs);
}

void try_run_done(struct try_run *t)
{
    if (t->pipeline)
        pipeline_free(t->pipeline);
    source_files_free(t->sources);
    issues_done(&t->result.issues);
    issues_done(&t->result.suspects);
    issues_done(&t->result.crumbs);
    free(t->result.days);
    log_template_done(&t->log_template);
    scrub_free(t->scrub);
    arena_done(&t->arena);
    suspicion_done(&t->suspicion);
    *t = (struct try_run){0};
}

/* --- what is asked of a result --- */

bool try_is_tried(const struct rule_stats *s)
{
    return s->tried || s->limit_hits;
}

double try_rule_us(const struct rule_stats *s)
{
    uint64_t n = s->tried > s->limit_hits ? s->tried : s->limit_hits;
    if (n < 2)
        return (double)s->ns / 1000.0;
    return (double)(s->ns - s->ns_worst) / (double)(n - 1) / 1000.0;
}

bool try_is_slow(const struct rule_stats *s)
{
    return s->limit_hits || (s->tried >= TRY_SLOW_TRIES && try_rule_us(s) >= (double)TRY_SLOW_US);
}

const char *try_action_name(enum action a)
{
    return rule_action_words[a];
}

struct slice try_rule_name(const struct try_issue *i)
{
    return i->rule ? i->rule->id : SLICE("no rule");
}

struct try_rate try_rate_of(const struct try_result *t)
{
    struct try_rate r = {0};
    if (t->first_us == RECORD_NO_TIME)
        return r;
    r.span_days = (double)(t->last_us - t->first_us) / 86400e6;
    r.span_days = r.span_days < 1 ? 1 : r.span_days;
    r.a_day = (double)t->events / r.span_days;
    for (unsigned i = 0; i < t->n_days; i++)
        if (!r.most || t->days[i].events > r.most->events)
            r.most = &t->days[i];
    return r;
}
