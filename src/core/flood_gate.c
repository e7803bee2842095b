#include "core/flood_gate.h"

#include "core/fold.h"
#include "core/issue_key.h"
#include "core/new_issues.h"
#include "core/summary.h"
#include "core/taken_payload.h"
#include "core/top_values.h"

enum { KEY_PROJECT = 1 }; /* seed of pipeline_parts_stored_key, as old stores have it */

static void flood_gate_forget_row(void *u, const struct flood_row *row)
{
    (void)u;
    (void)row;
}

/* Hands out a changed row, with the values that its occurrences had, scrubbed, when these are worth writing again. */
static void flood_gate_tell_row(void *u, const struct flood_row *row)
{
    struct flood_gate *g = u;
    struct flood_row told = *row;
    if (row->top_values && !row->closed && top_values_due(row->top_values)) {
        sbuf_reset(&g->parts->payload);
        top_values_scrub(row->top_values, g->parts->scrub);
        top_values_write(row->top_values, &g->parts->payload);
        if (!g->parts->payload.over)
            told.top_values_text = pipeline_parts_payload(g->parts);
    }
    g->parts->setup.hooks.flood_row(g->parts->setup.hooks.u, &told);
}

static flood_row_f flood_gate_on_summary;

void flood_gate_init(struct flood_gate *g, struct pipeline_parts *parts, shared_decided_f *decided, void *u)
{
    *g = (struct flood_gate){.parts = parts, .new_issues = new_issues_new()};
    g->no_project = pipeline_parts_stored_key(parts, SLICE_NONE, KEY_PROJECT);
    issue_tally_init(&g->tally, &parts->counts.v[COUNT_issues_uncounted]);
    g->flood = flood_new(flood_gate_on_summary, g, &parts->counts.v[COUNT_limit_evicted]);
    g->shared = (struct shared){.ask = parts->setup.hooks.ask,
                                .ask_u = parts->setup.hooks.u,
                                .decided = decided,
                                .decided_u = u,
                                .flood = g->flood,
                                .new_issues = g->new_issues,
                                .counts = &parts->counts};
    shared_init(&g->shared);
}

void flood_gate_done(struct flood_gate *g)
{
    shared_done(&g->shared);
    flood_free(g->flood);
    new_issues_free(g->new_issues);
    issue_tally_done(&g->tally);
}

unsigned flood_gate_issues(const struct flood_gate *g)
{
    return flood_size(g->flood);
}

void flood_gate_tell(struct flood_gate *g)
{
    flood_row_f *each = g->parts->setup.hooks.flood_row ? flood_gate_tell_row : flood_gate_forget_row;
    flood_changed(g->flood, each, g);
    new_issues_changed(g->new_issues, each, g);
    if (g->parts->setup.hooks.issue)
        issue_tally_tell(&g->tally, g->parts->setup.hooks.issue, g->parts->setup.hooks.u);
}

/* A store that an older version made may hold titles as the log had them. */
void flood_gate_restore(struct flood_gate *g, const struct flood_row *row)
{
    if (row->period_us == FLOOD_ROW_NEW_ISSUES) {
        new_issues_restore(g->new_issues, row);
        return;
    }
    struct arena a = {0};
    struct flood_row clean = *row;
    struct flood_sample sample;
    if (row->sample) {
        sample = *row->sample;
        sample.title = scrub_clean(g->parts->scrub, sample.title.text, &a);
        clean.sample = &sample;
    }
    flood_restore(g->flood, &clean);
    arena_done(&a);
}

/* Counts a summary that was too large: the number of occurrences that it would have told is reported all the same. */
static void summary_too_large(struct flood_gate *g, uint64_t suppressed, struct slice project)
{
    g->parts->counts.v[COUNT_event_too_large]++;
    pipeline_parts_lost(g->parts, COUNT_event_too_large, 1, SLICE_NONE, project);
    pipeline_parts_lost(g->parts, COUNT_suppressed, suppressed, SLICE_NONE, project);
}

static void flood_gate_on_summary(void *u, const struct flood_row *row)
{
    struct flood_gate *g = u;
    /* The times of records may be ahead of the clock (a year that was guessed); a server would take that for a wrong
       clock of its sender. */
    int64_t first_us = row->first_us - g->parts->ahead_us, last_us = row->last_us - g->parts->ahead_us;
    bool ahead = g->parts->wall_us && last_us > g->parts->wall_us;
    struct event_out e = {.time_us = ahead ? g->parts->wall_us : last_us,
                          .issue = g->parts->setup.old_keys ? 0 : row->key,
                          .suppressed = row->suppressed};
    g->parts->counts.v[COUNT_summaries]++;
    if (!row->sample) { /* the occurrence that a sample would have been made from was itself too large for an event */
        summary_too_large(g, row->suppressed, SLICE_NONE);
        return;
    }
    struct event_summary numbers = {.suppressed = row->suppressed, .first_us = first_us, .last_us = last_us};
    struct sbuf top;
    sbuf_init(&top, EVENT_BYTES_MAX);
    if (row->top_values) {
        top_values_scrub(row->top_values, g->parts->scrub);
        top_values_show(row->top_values, &top);
    }
    numbers.top = sbuf_slice(&top);
    pipeline_parts_make_id(g->parts, e.event_id, row->key, (uint64_t)row->start_us, row->count);
    sbuf_reset(&g->parts->payload);
    bool written = summary_write(row->sample->payload.text, e.event_id, e.time_us, &numbers, &g->parts->payload);
    sbuf_done(&top);
    if (!written) {
        summary_too_large(g, row->suppressed, row->sample->project);
        return;
    }
    e.project = row->sample->project;
    e.title = row->sample->title;
    e.level = row->sample->level;
    e.payload = pipeline_parts_payload(g->parts);
    if (g->parts->setup.hooks.emit(g->parts->setup.hooks.u, &e))
        g->parts->counts.v[COUNT_summarised] += row->suppressed;
}

/* Keeps the event that a later summary is made from: the first occurrence that was held back, without breadcrumbs.
   src: with texts. */
static void keep_sample_of(struct flood_gate *g, const struct event_source *held, uint64_t key)
{
    struct event_source src = *held;
    const struct verdict *v = src.verdict;
    src.crumbs = NULL;
    src.n_crumbs = src.crumbs_seen = 0;
    src.summary = (struct event_summary){.suppressed = 1, .first_us = g->parts->now_us, .last_us = g->parts->now_us};
    pipeline_parts_make_id(g->parts, src.event_id, key, 0, 0);
    sbuf_reset(&g->parts->payload);
    if (!event_write(&src, g->parts->opt, g->parts->scrub, &g->parts->payload))
        return;
    const struct flood_sample sample = {.project = v->project,
                                        .title = scrub_clean(g->parts->scrub, v->texts->title, &g->parts->arena),
                                        .level = slice_str(level_name(v->level)),
                                        .payload = pipeline_parts_payload(g->parts)};
    flood_keep_sample(g->flood, key, &sample);
}

static void keep_sample(struct flood_gate *g, const struct event_source *held, uint64_t key)
{
    struct event_source src = *held;
    struct verdict v = *held->verdict;
    src.verdict = &v;
    src.trace = v.fold ? NULL : src.trace; /* it is of many kinds then */
    pipeline_parts_texts(g->parts, src.record, &g->parts->arena, &v);
    keep_sample_of(g, &src, key);
}

/* Returns the title that an occurrence which is folded would have had by itself. */
static struct slice kind_of(struct flood_gate *g, const struct record *r, struct verdict v)
{
    const struct template_source from = judge_source(&g->parts->judge, r, &g->parts->arena);
    verdict_complete(&v, &from);
    return fold_kind(&v, g->parts->scrub, &g->parts->arena);
}

/* Notes the values of the occurrence that was held back. */
static void note_top_values(struct flood_gate *g, const struct event_source *src)
{
    struct top_values *top_values = flood_top_values(g->flood);
    const struct record *r = src->record;
    struct verdict seen = *src->verdict;
    if (!top_values_begin(top_values))
        return;
    bool checks = top_values_checks(top_values);
    struct slice kind = seen.fold ? kind_of(g, r, seen) : SLICE_NONE, kind_shown = SLICE_NONE;
    struct shown shown;
    if (checks) {
        event_name_clients(r, g->parts->scrub);
        shown = shown_of(g->parts->scrub, r, &g->parts->arena);
        judge_show(&g->parts->judge, &shown, r, &g->parts->arena, &seen);
        kind_shown = seen.fold ? kind_of(g, r, seen) : SLICE_NONE;
    }
    top_values_add(top_values, SLICE("kind"), kind, kind_shown);
    top_values_note(top_values, &g->parts->judge, r, src->verdict, checks ? &seen : NULL, g->parts->scrub);
    g->parts->judge.shown = NULL;
}

static struct flood_issue issue_of(const struct flood_gate *g, const struct verdict *v, const struct provenance *from)
{
    const struct rule *rule = v->fold ? NULL : v->rule;
    uint64_t project = v->project.n ? pipeline_parts_stored_key(g->parts, v->project, KEY_PROJECT) : g->no_project,
             fingerprint = v->fingerprint_hash;
    bool old = g->parts->setup.old_keys;
    /* A store that was made before hash128 has flood control go by keys of its own. */
    uint64_t name = issue_key(v->project, old ? v->issue_hash : fingerprint);
    return (struct flood_issue){.key = old ? hash_mix(fingerprint, project) : name,
                                .project = project,
                                .burst = rule && rule->burst ? rule->burst : g->parts->opt->limits.burst,
                                .period_us =
                                    rule && rule->period_us ? rule->period_us : g->parts->opt->limits.period_us,
                                .remote = from->remote && !v->fold,
                                .name = name,
                                .log = from->log};
}

/* Whether the occurrence may be an issue of its own: it is known, or it is one of the new ones that an hour may
   bring, and *event says so. */
static bool is_known(struct flood_gate *g, const struct verdict *v, const struct provenance *from, bool constant,
                     struct shared_event *event)
{
    const struct new_issue new = {.project = event->issue.project, .peer = from->network, .constant = constant};
    if (!g->parts->opt->limits.new_issues || flood_knows(g->flood, event->issue.key))
        return true;
    enum new_issues_answer answer =
        new_issues_take(g->new_issues, &new, g->parts->opt->limits.new_issues, g->parts->now_us);
    if (answer == NEW_ISSUES_FULL_FIRST)
        pipeline_parts_notice(g->parts, NOTICE_NEW_ISSUES, from, v->project);
    event->is_new = answer == NEW_ISSUES_ROOM;
    event->new = new;
    return event->is_new;
}

/* The occurrence was held back, and may be the one that tells of all that are. */
static void note_held(struct flood_gate *g, const struct event_source *src, const struct flood_issue *issue,
                      enum flood_answer answer)
{
    note_top_values(g, src);
    if (answer == FLOOD_HOLD_FIRST)
        keep_sample(g, src, issue->key);
}

/* The limiter of this process lets it pass; whether members do. */
static bool members_let_pass(struct flood_gate *g, const struct verdict *v, struct shared_event *event,
                             struct shared_asked **asked)
{
    if (!g->shared.ask)
        return true;
    if (!asked)
        return shared_event_now(&g->shared, event->issue.key) == SHARED_PASS;
    event->project = hash128_low(HASH128_START, v->project);
    event->per_minute = g->parts->opt->limits.per_minute;
    event->per_day = g->parts->opt->limits.per_day;
    return shared_event(&g->shared, event, g->parts->now_us, asked) != SHARED_HOLD;
}

void flood_gate_withhold(struct flood_gate *g, const struct event_source *src, const struct flood_issue *issue)
{
    if (flood_take_back(g->flood, issue, g->parts->now_us) == FLOOD_HOLD_FIRST)
        keep_sample_of(g, src, issue->key);
    if (g->parts->setup.hooks.issue) /* it is among the occurrences already */
        issue_tally_add(&g->tally, issue->name, event_time(src->record, src->received_us), 0, 1);
}

/* The crumbd behind this one decides. */
static bool leave_to_another(struct flood_gate *g, const struct event_source *src, struct verdict *v,
                             const struct flood_issue *issue)
{
    uint64_t n = src->record->times > 1 ? src->record->times : 1;
    v->issue = issue->name;
    v->news = ISSUE_KNOWN;
    v->first = false;
    if (g->parts->setup.hooks.issue)
        issue_tally_add(&g->tally, v->issue, event_time(src->record, src->received_us), n, n - 1);
    return true;
}

bool flood_gate_admit(struct flood_gate *g, const struct event_source *src, struct verdict *v,
                      const struct provenance *from, struct shared_asked **asked)
{
    v->project = pipeline_parts_known_project(g->parts, v->project, from);
    struct shared_event event = {.issue = issue_of(g, v, from)};
    if (g->parts->forwards)
        return leave_to_another(g, src, v, &event.issue);
    if (!is_known(g, v, from, v->rule && v->rule->constant && v->n_fingerprint, &event)) {
        fold_verdict(v, from->input, g->parts->opt->limits.new_issues, g->parts->setup.old_keys, &g->parts->arena);
        event.issue = issue_of(g, v, from);
        g->parts->counts.v[COUNT_folded]++;
    }
    const struct flood_issue *issue = &event.issue;
    const struct flood_budget budget = {g->parts->opt->limits.per_minute, g->parts->opt->limits.per_day};
    enum flood_answer answer = flood_admit(g->flood, issue, &budget, g->parts->now_us);
    bool pass = answer == FLOOD_PASS;
    v->issue = issue->name;
    v->news = flood_news(g->flood);
    v->first = pass && flood_is_first(g->flood, issue->key);
    uint64_t more = src->record->times > 1 ? src->record->times - 1 : 0;
    g->parts->counts.v[COUNT_repeats_suppressed] += more;
    if (more) { /* of a run one event is enough: the others are told by their number */
        enum flood_answer held = flood_hold(g->flood, issue->key, more, g->parts->now_us);
        answer = pass ? held : answer;
    }
    if (pass && !members_let_pass(g, v, &event, asked)) {
        enum flood_answer held = flood_take_back(g->flood, issue, g->parts->now_us);
        answer = more ? answer : held;
        pass = false;
    }
    if (!pass || more)
        note_held(g, src, issue, answer);
    if (g->parts->setup.hooks.issue)
        issue_tally_add(&g->tally, v->issue, event_time(src->record, src->received_us), 1 + more, more + !pass);
    return pass;
}

/* ---- what another crumbd has made ---- */

static struct flood_issue taken_issue(const struct flood_gate *g, const struct forwarded *f, const struct verdict *v)
{
    const struct forwarded_limits *l = &f->limits;
    uint64_t project = v->project.n ? pipeline_parts_stored_key(g->parts, v->project, KEY_PROJECT) : g->no_project;
    return (struct flood_issue){.key = f->issue,
                                .project = project,
                                .burst = l->burst ? l->burst : g->parts->opt->limits.burst,
                                .period_us = l->period_us ? l->period_us : g->parts->opt->limits.period_us,
                                .remote = l->remote,
                                .name = f->issue};
}

/* Its own payload is the sample. */
static void keep_taken_sample(struct flood_gate *g, const struct forwarded *f, const struct verdict *v, uint64_t key)
{
    struct sbuf *payload = &g->parts->payload;
    sbuf_reset(payload);
    bool written = taken_payload_sample(f->payload, payload);
    const struct flood_sample sample = {.project = v->project,
                                        .title = scrub_clean(g->parts->scrub, v->texts->title, &g->parts->arena),
                                        .level = slice_str(level_name(v->level)),
                                        .payload = pipeline_parts_payload(g->parts)};
    if (written)
        flood_keep_sample(g->flood, key, &sample);
}

void flood_gate_recall(struct flood_gate *g, const struct forwarded *f)
{
    const struct verdict v = {.project = f->limits.project};
    const struct flood_issue issue = taken_issue(g, f, &v);
    flood_recall(g->flood, &issue, f->kind == FORWARDED_COUNT ? f->n : 1, g->parts->now_us);
}

bool flood_gate_take(struct flood_gate *g, const struct forwarded *f, struct verdict *v, const struct provenance *from)
{
    struct flood_budget budget = {g->parts->opt->limits.per_minute, g->parts->opt->limits.per_day};
    bool counts = f->kind == FORWARDED_COUNT, pass = false;
    uint64_t n = counts ? f->n : 1;
    v->project = pipeline_parts_known_project(g->parts, f->limits.project, from);
    struct shared_event event = {.issue = taken_issue(g, f, v)};
    if (!is_known(g, v, from, f->limits.constant, &event)) {
        fold_verdict(v, from->input, g->parts->opt->limits.new_issues, g->parts->setup.old_keys, &g->parts->arena);
        fold_texts(v, &g->parts->arena);
        event.issue = issue_of(g, v, from);
        g->parts->counts.v[COUNT_folded] += n;
    }
    v->issue = event.issue.name;
    if (counts) {
        flood_tell(g->flood, &event.issue, n, g->parts->now_us);
    } else {
        pass = flood_admit(g->flood, &event.issue, &budget, g->parts->now_us) == FLOOD_PASS;
        v->news = flood_news(g->flood);
        v->first = pass && flood_is_first(g->flood, event.issue.key);
    }
    if (pass && !members_let_pass(g, v, &event, NULL)) {
        flood_take_back(g->flood, &event.issue, g->parts->now_us);
        pass = false;
    }
    if (!counts && flood_lacks_sample(g->flood, event.issue.key))
        keep_taken_sample(g, f, v, event.issue.key);
    if (g->parts->setup.hooks.issue)
        issue_tally_add(&g->tally, v->issue, f->time_us, n, pass ? 0 : n);
    return pass;
}
