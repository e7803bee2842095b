#include "core/pipeline.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/check_in.h"
#include "core/fold.h"
#include "core/correlation.h"
#include "core/new_issues.h"
#include "core/origin.h"
#include "core/record_codec.h"
#include "core/threshold.h"
#include "core/summary.h"
#include "core/top_values.h"
#include "core/pending.h"
#include "parsers/container.h"
#include "parsers/parser.h"

/* While nothing can be heard: how often to look whether that is over. */
static const int64_t STALLED_LOOK_US = 200000;

struct pipeline {
    struct pipeline_setup setup;
    const struct options *opt;
    struct judge judge;
    struct breadcrumbs *breadcrumbs;
    struct scrub *scrub;
    struct flood *flood;
    struct new_issues *new_issues;
    struct threshold *threshold;
    struct deadline *deadlines;
    struct record past; /* of the line that something is overdue since */
    struct sbuf encoded;
    bool waits; /* some rule does: else that costs no line anything */
    bool stalled;
    struct counts counts;
    struct pending_list pending;
    struct arena arena;  /* the life of one message */
    struct record record;
    struct sbuf payload;
    int64_t wall_us; /* the present as the caller sees it */
    int64_t now_us;  /* the clock that waiting and limits go by: wall_us, or the newest time a record had */
    uint64_t seq;    /* messages so far */
    uint64_t no_project; /* key of the project of most events */
};

static flood_row_f on_summary;
static deadline_f on_deadline;

enum { KEY_PROJECT = 1 }; /* seeds of stored_key, as old stores have them */

/* Of a text that a log may have written. */
static uint64_t stored_key(const struct pipeline *p, struct slice text, uint64_t old_seed)
{
    return p->setup.old_keys ? slice_hash(text, old_seed) : hash128_low(HASH128_START, text);
}

struct pipeline *pipeline_new(const struct pipeline_setup *setup)
{
    struct pipeline *p = xcalloc(1, sizeof *p);
    p->setup = *setup;
    p->opt = setup->options;
    judge_init(&p->judge, setup->rules);
    p->judge.secret = setup->secret;
    p->judge.old_keys = setup->old_keys;
    p->breadcrumbs = breadcrumbs_new(p->opt->crumbs.memory_bytes);
    p->scrub = scrub_new(p->opt);
    p->threshold = threshold_new();
    p->flood = flood_new(on_summary, p, &p->counts.v[COUNT_limit_evicted]);
    p->new_issues = new_issues_new();
    p->deadlines = deadline_new(setup->rules, setup->waits, on_deadline, p, &p->counts.v[COUNT_overdue_evicted]);
    p->waits = deadline_any(p->deadlines);
    sbuf_init(&p->payload, EVENT_BYTES_MAX);
    sbuf_init(&p->encoded, RECORD_CODEC_MAX);
    p->no_project = stored_key(p, SLICE_NONE, KEY_PROJECT);
    return p;
}

void pipeline_free(struct pipeline *p)
{
    while (p->pending.oldest) {
        struct pending *w = p->pending.oldest;
        pending_take(&p->pending, w);
        pending_free(w);
    }
    table_free(&p->pending.by_key);
    judge_done(&p->judge);
    breadcrumbs_free(p->breadcrumbs);
    scrub_free(p->scrub);
    flood_free(p->flood);
    new_issues_free(p->new_issues);
    threshold_free(p->threshold);
    deadline_free(p->deadlines);
    sbuf_free(&p->encoded);
    sbuf_free(&p->payload);
    arena_free(&p->arena);
    free(p);
}

struct counts *pipeline_counts(struct pipeline *p)
{
    return &p->counts;
}

struct judge *pipeline_judge(struct pipeline *p)
{
    return &p->judge;
}

static void make_id(const struct pipeline *p, char out[33], uint64_t key, uint64_t offset, uint64_t ordinal)
{
    (p->setup.old_keys ? event_make_old_id : event_make_id)(out, p->setup.store_id, key, offset, ordinal);
}

/* --- events out --- */

/* What event_write and its like have made of texts that each went through the scrubber. */
static struct scrubbed payload_of(const struct pipeline *p)
{
    return scrubbed_vouch(sbuf_slice(&p->payload));
}

static void hand_out(struct pipeline *p, const struct event_source *src, bool open)
{
    const struct verdict *v = src->verdict;
    sbuf_reset(&p->payload);
    if (!event_write(src, p->opt, p->scrub, &p->payload)) {
        if (!open)
            p->counts.v[COUNT_event_too_large]++;
        return;
    }
    struct event_out e = {.open = open,
                         .time_us = event_time(src->record, src->received_us),
                         .input = src->input,
                         .project = v->project,
                         .title = scrub_clean(p->scrub, v->texts->title, &p->arena),
                         .level = slice_str(level_name(v->level)),
                         .payload = payload_of(p),
                         .verdict = v};
    memcpy(e.event_id, src->event_id, sizeof e.event_id);
    p->setup.hooks.emit(p->setup.hooks.u, &e);
}

static void emit(struct pipeline *p, struct pending *w, bool open)
{
    w->src.crumbs = w->crumbs;
    w->src.n_crumbs = w->n_crumbs;
    hand_out(p, &w->src, open);
}

static bool has_room(const struct pipeline *p, const struct pending *w)
{
    return w->written_open || !p->setup.hooks.room || p->setup.hooks.room(p->setup.hooks.u, w->src.input);
}

static void drop(struct pipeline *p, const struct pending *w)
{
    const struct notice n = {.kind = NOTICE_NO_ROOM, .input = w->src.input, .project = w->verdict.project};
    p->counts.v[COUNT_input_overflow]++;
    if (p->setup.hooks.notice)
        p->setup.hooks.notice(p->setup.hooks.u, &n);
}

static void release(struct pipeline *p, struct pending *w)
{
    pending_take(&p->pending, w);
    if (has_room(p, w))
        emit(p, w, false);
    else
        drop(p, w);
    pending_free(w);
}

static void forget_row(void *u, const struct flood_row *row)
{
    (void)u;
    (void)row;
}

/* When it wants to be called next. */
static int64_t tick_deadlines(struct pipeline *p)
{
    if (!p->setup.record_clock)
        deadline_listen(p->deadlines, p->wall_us, p->stalled);
    else if (p->now_us)
        deadline_set_clock(p->deadlines, p->now_us);
    int64_t left_us = deadline_tick(p->deadlines, p->setup.record_clock ? UINT32_MAX : PIPELINE_DEADLINES_MOST);
    if (p->stalled && left_us < STALLED_LOOK_US)
        left_us = STALLED_LOOK_US;
    return left_us < INT64_MAX - p->now_us ? p->now_us + left_us : INT64_MAX;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t pipeline_tick(struct pipeline *p, int64_t now_us)
{
    p->wall_us = now_us;
    if (!p->setup.record_clock)
        p->now_us = now_us;
    while (p->pending.oldest && p->pending.oldest->due_us <= p->now_us)
        release(p, p->pending.oldest);
    int64_t due_us = flood_tick(p->flood, p->now_us);
    if (p->waits)
        due_us = earlier(due_us, tick_deadlines(p));
    if (!p->setup.hooks.flood_row) {
        flood_changed(p->flood, forget_row, NULL);
        new_issues_changed(p->new_issues, forget_row, NULL);
    }
    return p->pending.oldest ? earlier(p->pending.oldest->due_us, due_us) : due_us;
}

void pipeline_elapse(struct pipeline *p, int64_t us)
{
    assert(p->setup.record_clock);
    p->now_us = p->now_us ? p->now_us : 1; /* no record had a time */
    pipeline_tick(p, p->wall_us);
    p->now_us += us;
    pipeline_tick(p, p->wall_us);
}

void pipeline_flush(struct pipeline *p)
{
    while (p->pending.oldest)
        release(p, p->pending.oldest);
    flood_summarise(p->flood);
}

/* Adds to a changed row what its occurrences had, scrubbed, when that is worth writing again. */
static void tell_row(void *u, const struct flood_row *row)
{
    struct pipeline *p = u;
    struct flood_row told = *row;
    if (row->top_values && !row->closed && top_values_due(row->top_values)) {
        sbuf_reset(&p->payload);
        top_values_scrub(row->top_values, p->scrub);
        top_values_write(row->top_values, &p->payload);
        if (!p->payload.over)
            told.top_values_text = payload_of(p);
    }
    p->setup.hooks.flood_row(p->setup.hooks.u, &told);
}

void pipeline_checkpoint(struct pipeline *p)
{
    for (struct pending *w = p->pending.oldest; w; w = w->newer) {
        bool writes = !w->written_open && has_room(p, w);
        if (writes)
            emit(p, w, true);
        w->written_open |= writes;
    }
    if (p->setup.hooks.flood_row) {
        flood_changed(p->flood, tell_row, p);
        new_issues_changed(p->new_issues, tell_row, p);
    }
    if (p->setup.hooks.deadline_row)
        deadline_changed(p->deadlines, p->setup.hooks.deadline_row, p->setup.hooks.u);
}

size_t pipeline_pending_bytes(const struct pipeline *p)
{
    return p->pending.bytes;
}

unsigned pipeline_issues(const struct pipeline *p)
{
    return flood_size(p->flood);
}

/* What the rule's pattern caught, by number. */
static unsigned captures_of(const struct pipeline *p, const struct rule *rule, struct slice *captures)
{
    unsigned n = rule->match ? regex_count(rule->match) + 1 : 0;
    n = n < RECORD_CODEC_CAPTURES_MAX ? n : RECORD_CODEC_CAPTURES_MAX;
    for (unsigned i = 0; i < n; i++)
        captures[i] = captures_get(&p->judge.captures, i);
    return n;
}

/* A store made before may hold titles as the log had them. */
void pipeline_restore_flood(struct pipeline *p, const struct flood_row *row)
{
    if (row->period_us == FLOOD_ROW_NEW_ISSUES) {
        new_issues_restore(p->new_issues, row);
        return;
    }
    struct arena a = {0};
    struct flood_row clean = *row;
    struct flood_sample sample;
    if (row->sample) {
        sample = *row->sample;
        sample.title = scrub_clean(p->scrub, sample.title.text, &a);
        clean.sample = &sample;
    }
    flood_restore(p->flood, &clean);
    arena_free(&a);
}

void pipeline_restore_clock(struct pipeline *p, int64_t clock_us)
{
    deadline_restore_clock(p->deadlines, clock_us);
}

/* A store made before holds records as they came: scrubbed on the way in, with what the rule catches in them, and written again. */
static void scrub_row(struct pipeline *p, struct deadline_row *row, struct arena *a)
{
    const struct rule *rule = rule_set_find(p->setup.rules, row->rule);
    struct slice captures[RECORD_CODEC_CAPTURES_MAX];
    struct record_codec past;
    if (!rule || !row->record.text.n || !record_codec_read(row->record.text, a, &p->past, &past) || past.scrubbed)
        return;
    struct record_codec_extra extra = {.source = past.source};
    if (rule->match && regex_match(rule->match, p->judge.captures.match, p->past.message, 0) == REGEX_YES)
        extra.n_captures = captures_of(p, rule, captures);
    event_name_clients(&p->past, p->scrub);
    record_codec_write(&p->past, &extra, captures, p->scrub, &p->encoded);
    row->record = scrubbed_vouch(sbuf_slice(&p->encoded));
    row->rewritten = true;
}

void pipeline_restore_deadline(struct pipeline *p, const struct deadline_row *stored)
{
    struct arena a = {0};
    struct deadline_row row = *stored;
    scrub_row(p, &row, &a);
    deadline_restore(p->deadlines, &row);
    arena_free(&a);
}

int64_t pipeline_clock(const struct pipeline *p)
{
    return deadline_idle(p->deadlines) ? -1 : deadline_clock(p->deadlines);
}

void pipeline_stalled(struct pipeline *p, bool stalled)
{
    p->stalled = stalled;
}

/* --- flood control --- */

/* Who an occurrence is from, as far as shares go. */
struct origin {
    struct slice input, peer;
    uint64_t network; /* of a remote sender, else 0 */
    bool remote;
};

static void on_summary(void *u, const struct flood_row *row)
{
    struct pipeline *p = u;
    /* Records may be ahead of the clock (a year that was guessed), which a server would take for its sender's clock being wrong. */
    bool ahead = p->wall_us && row->last_us > p->wall_us;
    struct event_out e = {.time_us = ahead ? p->wall_us : row->last_us, .suppressed = row->suppressed};
    if (!row->sample) { /* the occurrence it would be made from was too large for an event itself */
        p->counts.v[COUNT_event_too_large]++;
        return;
    }
    struct event_summary numbers = {.suppressed = row->suppressed, .first_us = row->first_us, .last_us = row->last_us};
    struct sbuf top;
    sbuf_init(&top, EVENT_BYTES_MAX);
    if (row->top_values) {
        top_values_scrub(row->top_values, p->scrub);
        top_values_show(row->top_values, &top);
    }
    numbers.top = sbuf_slice(&top);
    make_id(p, e.event_id, row->key, (uint64_t)row->start_us, row->count);
    sbuf_reset(&p->payload);
    bool written = summary_write(row->sample->payload.text, e.event_id, e.time_us, &numbers, &p->payload);
    sbuf_free(&top);
    if (!written) {
        p->counts.v[COUNT_event_too_large]++;
        return;
    }
    e.project = row->sample->project;
    e.title = row->sample->title;
    e.level = row->sample->level;
    e.payload = payload_of(p);
    p->counts.v[COUNT_summarised] += row->suppressed;
    p->setup.hooks.emit(p->setup.hooks.u, &e);
}

static void texts(struct pipeline *p, const struct record *r, struct arena *a, struct verdict *v)
{
    event_name_clients(r, p->scrub);
    struct shown shown = shown_of(p->scrub, r, a);
    judge_show(&p->judge, &shown, r, a, v);
    const struct template_source from = judge_source(&p->judge, r, a);
    verdict_complete(v, &from);
    p->judge.shown = NULL;
    if (v->fold)
        fold_texts(v, a);
}

/* The event that a later summary is made from: the first occurrence that was held back, without breadcrumbs. */
static void keep_sample(struct pipeline *p, const struct event_source *held, uint64_t key)
{
    struct event_source src = *held;
    struct verdict v = *held->verdict;
    src.verdict = &v;
    src.summary = (struct event_summary){.suppressed = 1, .first_us = p->now_us, .last_us = p->now_us};
    texts(p, src.record, &p->arena, &v);
    make_id(p, src.event_id, key, 0, 0);
    sbuf_reset(&p->payload);
    if (!event_write(&src, p->opt, p->scrub, &p->payload))
        return;
    const struct flood_sample sample = {.project = v.project,
                                        .title = scrub_clean(p->scrub, v.texts->title, &p->arena),
                                        .level = slice_str(level_name(v.level)),
                                        .payload = payload_of(p)};
    flood_keep_sample(p->flood, key, &sample);
}

/* Of one that is folded: what it would have been. */
static struct slice kind_of(struct pipeline *p, const struct record *r, struct verdict v)
{
    const struct template_source from = judge_source(&p->judge, r, &p->arena);
    verdict_complete(&v, &from);
    return fold_kind(&v, p->scrub, &p->arena);
}

/* What the held back occurrence had. */
static void note_top_values(struct pipeline *p, const struct event_source *src)
{
    struct top_values *top_values = flood_top_values(p->flood);
    const struct record *r = src->record;
    struct verdict seen = *src->verdict;
    if (!top_values_begin(top_values))
        return;
    bool checks = top_values_checks(top_values);
    struct slice kind = seen.fold ? kind_of(p, r, seen) : SLICE_NONE, kind_shown = SLICE_NONE;
    struct shown shown;
    if (checks) {
        event_name_clients(r, p->scrub);
        shown = shown_of(p->scrub, r, &p->arena);
        judge_show(&p->judge, &shown, r, &p->arena, &seen);
        kind_shown = seen.fold ? kind_of(p, r, seen) : SLICE_NONE;
    }
    top_values_add(top_values, SLICE("kind"), kind, kind_shown);
    top_values_note(top_values, &p->judge, r, src->verdict, checks ? &seen : NULL, p->scrub);
    p->judge.shown = NULL;
}

static void notice(struct pipeline *p, enum notice_kind kind, const struct origin *o, struct slice project)
{
    const struct notice n = {.kind = kind, .input = o->input, .project = project, .peer = o->peer};
    if (p->setup.hooks.notice)
        p->setup.hooks.notice(p->setup.hooks.u, &n);
}

/* The name, if it is one of those that are configured: a line must not make up projects. */
static struct slice known_project(struct pipeline *p, struct slice name, const struct origin *o)
{
    unsigned i = 0;
    if (!name.n || !p->opt->projects)
        return name;
    while (i < p->opt->n_projects && !slice_eq(p->opt->projects[i], name))
        i++;
    if (i < p->opt->n_projects)
        return name;
    p->counts.v[COUNT_unknown_project]++;
    notice(p, NOTICE_PROJECT, o, name);
    return SLICE_NONE;
}

static struct flood_issue issue_of(const struct pipeline *p, const struct verdict *v, const struct origin *o)
{
    const struct rule *rule = v->fold ? NULL : v->rule;
    uint64_t project = v->project.n ? stored_key(p, v->project, KEY_PROJECT) : p->no_project, fingerprint = v->fingerprint_hash;
    bool old = p->setup.old_keys;
    return (struct flood_issue){.key = old ? hash_mix(fingerprint, project) : hash128_low((struct hash128){fingerprint, 1}, v->project),
                                .project = project,
                                .burst = rule && rule->burst ? rule->burst : p->opt->limits.burst,
                                .period_us = rule && rule->period_us ? rule->period_us : p->opt->limits.period_us,
                                .remote = o->remote && !v->fold};
}

/* Whether it may be an issue of its own: it is known, or one of the new ones that an hour may bring. */
static bool is_known(struct pipeline *p, const struct verdict *v, const struct origin *o, const struct flood_issue *issue)
{
    const struct new_issue new = {.project = issue->project, .peer = o->network, .constant = v->rule && v->rule->constant};
    if (!p->opt->limits.new_issues || flood_knows(p->flood, issue->key))
        return true;
    enum new_issues_answer answer = new_issues_take(p->new_issues, &new, p->opt->limits.new_issues, p->now_us);
    if (answer == NEW_ISSUES_FULL_FIRST)
        notice(p, NOTICE_NEW_ISSUES, o, v->project);
    return answer == NEW_ISSUES_ROOM;
}

/* `src` of the verdict without shape and breadcrumbs. */
static bool admit(struct pipeline *p, const struct event_source *src, struct verdict *v, const struct origin *o)
{
    v->project = known_project(p, v->project, o);
    struct flood_issue issue = issue_of(p, v, o);
    if (!is_known(p, v, o, &issue)) {
        fold_verdict(v, o->input, p->opt->limits.new_issues, p->setup.old_keys, &p->arena);
        issue = issue_of(p, v, o);
        p->counts.v[COUNT_folded]++;
    }
    const struct flood_budget budget = {p->opt->limits.per_minute, p->opt->limits.per_day};
    enum flood_answer answer = flood_admit(p->flood, &issue, &budget, p->now_us);
    if (answer == FLOOD_PASS)
        return true;
    note_top_values(p, src);
    if (answer == FLOOD_HOLD_FIRST)
        keep_sample(p, src, issue.key);
    return false;
}

/* --- one message --- */

static void give_line(void *u, struct pending *w)
{
    pending_give(w, u);
}


/*
 * What is remembered of an access line: the line, from which a breadcrumb is read again. In a form of its own it can only be read
 * with its log_format, so what breadcrumbs need of it is remembered as nginx writes it in JSON.
 */
static struct slice access_text(struct pipeline *p, const struct stream *s)
{
    static const char *const names[] = {"request", "request_method", "uri", "status", "request_id"};
    const struct record *r = &p->record;
    struct sbuf text;
    struct json j;
    if (!s->log_format.n || !r->n_fields)
        return r->raw;
    sbuf_init(&text, BREADCRUMBS_TEXT_MAX);
    json_start(&j, &text);
    json_map(&j);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct slice v = record_value(r, names[i]);
        json_key(&j, names[i]);
        json_str_max(&j, v, BREADCRUMBS_TEXT_MAX / 2);
    }
    json_map_end(&j);
    json_end(&j);
    struct slice kept = text.over ? r->raw : arena_dup(&p->arena, sbuf_slice(&text));
    sbuf_free(&text);
    return kept;
}

static void promote(struct pipeline *p, const struct message *m, const struct correlation *keys, struct verdict *v)
{
    const struct stream *s = m->stream;
    const struct record *r = &p->record;
    struct correlation k = *keys;
    if (r->format == FORMAT_NGINX_ERROR) /* it looks for the access line of its request also where that knows no connection */
        k.weak = correlation_weak_key(s, r, &p->setup.secret);
    const struct options *opt = p->opt;
    texts(p, r, &p->arena, v);
    struct pending *w = pending_new(r, v, opt->crumbs.before + opt->crumbs.after);
    int64_t time_us = event_time(r, p->wall_us);
    w->keys = k;
    w->touched = p->seq;
    w->src.received_us = p->wall_us;
    w->src.source = arena_dup(&w->arena, s->source);
    w->src.input = arena_dup(&w->arena, s->input);
    make_id(p, w->src.event_id, s->file_key ? s->file_key : p->setup.run_key,
                  s->file_key ? m->offset : p->seq, 0);
    unsigned seen;
    w->n_crumbs = breadcrumbs_collect(p->breadcrumbs, &k, time_us, time_us - opt->crumbs.max_age_us, opt->crumbs.before, &w->arena,
                                w->crumbs, &seen);
    w->src.crumbs_seen = seen;
    pending_take_access(w, time_us, &p->arena, p->wall_us);
    w->due_us = p->now_us + opt->crumbs.wait_us;
    pending_add(&p->pending, w);
    if (opt->crumbs.wait_us == 0)
        release(p, w);
    while (p->pending.n > PIPELINE_PENDING_MAX || p->pending.bytes > PIPELINE_PENDING_BYTES) {
        p->counts.v[COUNT_early_events]++;
        release(p, p->pending.oldest);
    }
}

/* --- lines that do not come --- */

/* event_make_id's last argument: events of one line, or of nothing, that are not that line itself. */
enum { ORDINAL_PAIR = 1, ORDINAL_ABSENCE, ORDINAL_CHECK_IN, ORDINAL_MONITOR };

/* Says how the line of an absence fares; the judge has the rule's match. */
static void tell_monitor(struct pipeline *p, const struct rule *rule, const struct record *r, struct arena *a, enum check_in_status status,
                         const char *id)
{
    const struct template_source from = judge_source(&p->judge, r, a);
    struct slice slug = check_in_slug(scrub_text(p->scrub, template_fill(&rule->absence.monitor, &from), a), a);
    struct event_out e = {.time_us = p->wall_us, .level = status == CHECK_IN_OK ? SLICE("info") : SLICE("error")};
    if (!rule->absence.monitor.set || !slug.n || !p->setup.hooks.check_in)
        return;
    const struct check_in c = {.id = id, .slug = slug, .status = status, .every_us = rule->absence.every_us};
    struct sbuf title;
    sbuf_init(&title, 256);
    sbuf_addf(&title, "check-in %.*s: %s", SLICE_ARG(slug), check_in_status_name(status));
    sbuf_reset(&p->payload);
    check_in_write(&c, p->opt, &p->payload);
    e.project = known_project(p, template_fill(&rule->event.project, &from), &(struct origin){0});
    make_id(p, e.event_id, stored_key(p, slug, ORDINAL_MONITOR), stored_key(p, e.project, ORDINAL_MONITOR), ORDINAL_MONITOR);
    e.title = scrub_clean(p->scrub, sbuf_slice(&title), a);
    e.payload = payload_of(p);
    p->counts.v[COUNT_check_ins]++;
    p->setup.hooks.check_in(p->setup.hooks.u, &e);
    sbuf_free(&title);
}

/* The record is a line of an absence, or the start of a pair. */
static void wait_for(struct pipeline *p, const struct message *m, const struct correlation *keys, const struct verdict *v)
{
    const struct stream *s = m->stream;
    const struct rule *rule = v->rule;
    const struct record *r = &p->record;
    struct slice captures[RECORD_CODEC_CAPTURES_MAX];
    event_name_clients(r, p->scrub);
    const struct record_codec_extra extra = {.source = s->source, .n_captures = captures_of(p, rule, captures)};
    record_codec_write(r, &extra, captures, p->scrub, &p->encoded);
    /* A start ends, and a value is heard of, in one domain only. Who sends the line of an absence without `by` does not matter. */
    bool alone = rule->pair.within_us || rule->absence.by.n;
    const struct deadline_row row = {.key = alone ? correlation_domain_key(s, v->key) : v->key,
                                    .time_us = event_time(r, p->wall_us),
                                    .file_key = s->file_key ? s->file_key : p->setup.run_key,
                                    .offset = s->file_key ? m->offset : p->seq,
                                    .record = scrubbed_vouch(sbuf_slice(&p->encoded))};
    if (rule->pair.within_us) {
        deadline_open(p->deadlines, rule, &row, keys);
    } else if (deadline_came(p->deadlines, rule, &row, keys)) {
        char id[33];
        make_id(p, id, row.file_key, row.offset, ORDINAL_CHECK_IN);
        tell_monitor(p, rule, r, &p->arena, CHECK_IN_OK, id);
    }
}

/* When it became overdue. Offline that may be long before the next record. */
static int64_t deadline_time(const struct pipeline *p, const struct rule *rule, const struct deadline_row *row)
{
    int64_t period_us = rule->absence.every_us ? rule->absence.every_us : rule->pair.within_us;
    bool known = p->setup.record_clock && row->since_us > 1; /* some record had a time */
    return known ? row->since_us + period_us : p->wall_us;
}

static void on_deadline(void *u, const struct deadline_row *row, const struct correlation *keys)
{
    struct pipeline *p = u;
    const struct rule *rule = rule_set_find(p->setup.rules, row->rule);
    if (!rule)
        return;
    struct arena a = {0}; /* many may be due in one call */
    struct record *r = &p->past;
    struct verdict v;
    struct event_source src = {.record = r, .verdict = &v, .received_us = deadline_time(p, rule, row)};
    src.deadlines = (struct event_deadline){.rule = rule, .since_us = row->time_us, .times = row->times};
    bool absence = rule->absence.every_us > 0;
    p->judge.sender = row->key; /* not who sent the last message */
    p->judge.now_us = p->now_us;
    struct record_codec past;
    bool known = record_codec_read(row->record.text, &a, r, &past);
    src.source = past.source;
    p->judge.captures.kept = past.captures;
    p->judge.captures.n_kept = past.n_captures;
    if (known && judge_past(&p->judge, rule, r, &a, &v)) {
        struct breadcrumb *crumbs = arena_alloc(&a, (p->opt->crumbs.before + 1) * sizeof *crumbs);
        struct outcome j = {.record = r, .verdict = &v, .fate = COUNT_overdue_suppressed, .raw = r->message};
        r->time_us = src.received_us; /* the event is of now */
        p->counts.v[COUNT_overdue]++;
        if (absence)
            make_id(p, src.event_id, row->key, (uint64_t)row->since_us, ORDINAL_ABSENCE);
        else
            make_id(p, src.event_id, row->file_key, row->offset, ORDINAL_PAIR);
        const struct origin from = {.input = src.source};
        if (admit(p, &src, &v, &from)) {
            j.fate = COUNT_overdue;
            texts(p, r, &a, &v);
            src.n_crumbs = breadcrumbs_collect(p->breadcrumbs, keys, src.received_us, src.received_us - p->opt->crumbs.max_age_us,
                                         p->opt->crumbs.before, &a, crumbs, &src.crumbs_seen);
            src.crumbs = crumbs;
            hand_out(p, &src, false);
        } else {
            p->counts.v[COUNT_overdue_suppressed]++;
        }
        if (p->setup.hooks.deadlines)
            p->setup.hooks.deadlines(p->setup.hooks.u, &j);
        if (row->monitored)
            tell_monitor(p, rule, r, &a, CHECK_IN_ERROR, src.event_id);
    }
    p->judge.captures.n_kept = 0;
    arena_free(&a);
}

/* What becomes of a record no rule decided. */
static void fall_back(struct pipeline *p, struct verdict *v)
{
    if (p->record.level < LEVEL_ERROR || p->opt->fallback == FALLBACK_CRUMB)
        return; /* it is a crumb already */
    if (p->opt->fallback == FALLBACK_EVENT)
        judge_fallback(&p->judge, &p->record, &p->arena, v);
    else
        v->action = ACTION_DROP;
}

static bool over_threshold(struct pipeline *p, const struct verdict *v)
{
    const struct rule_threshold *t = &v->rule->threshold;
    return !t->count || threshold_reaches(p->threshold, v->key, t->count, t->within_us, p->now_us);
}

static enum count dispose(struct pipeline *p, const struct message *m, struct verdict *v)
{
    struct stream *s = m->stream;
    struct record *r = &p->record;
    struct correlation k;
    correlation_of(s, r, &p->setup.secret, &k);
    if (r->partial) {
        *v = verdict_none(r);
    } else {
        p->judge.sender = s->ring; /* a sender's address, a file, a unit */
        p->judge.now_us = p->now_us;
        judge_record(&p->judge, r, &p->arena, v, NULL, NULL);
    }
    for (const struct rule_end *e = v->ends; e; e = e->next)
        deadline_end(p->deadlines, e->rule, correlation_domain_key(s, e->key));
    if (!v->rule)
        fall_back(p, v);
    else if (rule_waits(v->rule))
        wait_for(p, m, &k, v);
    else if (v->action == ACTION_EVENT && (v->skipped || !over_threshold(p, v)))
        v->action = ACTION_CRUMB;
    if (r->forged && r->torn && v->action == ACTION_EVENT)
        v->action = ACTION_CRUMB; /* a part of an entry is none */
    if (v->action == ACTION_DROP)
        return COUNT_drop;
    struct slice text = r->format == FORMAT_NGINX_ACCESS ? access_text(p, s) : r->message;
    int64_t time_us = event_time(r, p->wall_us);
    if (p->pending.n) {
        struct pending_line in = {.opt = p->opt, .number = p->seq, .record = r, .time_us = time_us, .text = text};
        pending_match(&p->pending, &k, give_line, &in);
    }
    p->counts.v[COUNT_regex_limit] = p->judge.limit_hits;
    enum count fate = v->action == ACTION_LOG ? COUNT_log : COUNT_crumb;
    if (v->action == ACTION_EVENT) {
        const struct event_source src = {.record = r, .verdict = v, .source = s->source, .received_us = p->wall_us};
        const struct origin from = {.input = s->input.n ? s->input : s->source, .peer = s->remote ? s->peer : s->sender, .network = s->network, .remote = s->remote};
        bool passes = admit(p, &src, v, &from);
        if (passes)
            promote(p, m, &k, v);
        fate = passes ? COUNT_event : COUNT_suppressed;
    }
    /* Last, so that no event finds its own line among the lines before it. */
    const struct breadcrumbs_line line = {
        .time_us = time_us, .format = r->format, .level = r->level, .partial = r->partial, .app = r->app, .text = text};
    breadcrumbs_push(p->breadcrumbs, &k, &line);
    return fate;
}

static struct parse_ctx parse_ctx_of(struct pipeline *p, struct stream *s)
{
    return (struct parse_ctx){.arena = &p->arena,
                              .zone = s->zone,
                              .now_us = p->wall_us,
                              .last_us = s->last_us,
                              .memo = &s->memo,
                              .reason = "not in this format",
                              .log_format = s->log_format};
}

static struct slice pid_text(struct arena *a, uint32_t pid)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%u", pid);
    return arena_dup(a, slice_of(text, (size_t)n));
}

/* What is known of the sender without asking it. */
static void set_origin(struct pipeline *p, const struct stream *s)
{
    struct record *r = &p->record;
    r->input = s->input;
    if (s->sender.n)
        r->peer = s->sender;
    if (!r->host.n || (s->remote && origin_is_nobody(r->host)))
        r->host = s->peer;
    r->container = s->container;
    if (!r->app.n && s->container)
        r->app = s->container->app;
    if (!r->procid.n && s->peer_pid)
        r->procid = pid_text(&p->arena, s->peer_pid);
}

/*
 * Most lines of a log are of no interest to any rule, as their origin and one scan of the whole text show: then the parser need not even
 * look for where the message ends. A breadcrumb made of such a line does that when it is needed.
 */
static void finish_if_of_interest(struct pipeline *p, struct stream *s)
{
    struct record *r = &p->record;
    bool event_out = r->level >= LEVEL_ERROR && p->opt->fallback == FALLBACK_EVENT;
    set_origin(p, s);
    if (!event_out && r->message.n <= BREADCRUMBS_TEXT_MAX && !judge_maybe(&p->judge, r))
        return;
    struct parse_ctx ctx = parse_ctx_of(p, s);
    parser_of(r->format)->finish(&ctx, r);
}

static bool parse(struct pipeline *p, struct stream *s, struct slice msg, const char **reason)
{
    enum format format = s->format;
    if (format == FORMAT_AUTO) {
        format = parser_detect(msg);
        if (parser_tells(msg, format))
            s->format = format; /* a stream keeps what its first telling line gave */
    }
    const struct parser *parser = parser_of(format);
    *reason = "a format this build cannot read";
    if (!parser)
        return false;
    struct parse_ctx ctx = parse_ctx_of(p, s);
    record_init(&p->record, format, msg);
    p->record.untrusted = !s->trusted;
    bool ok = parser->begin ? parser->begin(&ctx, &p->record) : parser->parse(&ctx, &p->record);
    if (ok && p->record.partial)
        finish_if_of_interest(p, s);
    *reason = ctx.reason;
    return ok;
}

/*
 * A container's log has a message for each line, so that an entry of nginx's with a client's line breaks comes as several: from the
 * one that is open to the one that has a tail, none is worth more than a warning. Of what a program behind FastCGI says, which is in
 * many lines by itself, only lines that look like nginx's are doubted.
 */
static void doubt(struct stream *s, struct record *r)
{
    enum { LINES_MAX = 64 };
    if (r->format == FORMAT_NGINX_ACCESS)
        return;
    bool program = slice_starts(r->message, SLICE("FastCGI sent in stderr: ")), nginx = r->format == FORMAT_NGINX_ERROR;
    bool ends = record_value(r, "client").n || slice_find(r->message, SLICE(", client: ")) >= 0;
    bool begins = r->torn;
    if (begins ? !program : s->doubted && (nginx || s->doubt_all)) {
        record_suspect(r);
        r->torn = true;
    }
    if (begins)
        s->doubt_all = !program;
    s->doubted = begins ? LINES_MAX : s->doubted && !ends ? s->doubted - 1 : 0;
}

/*
 * "password: x" is no message x of a logger called password: a secret's name stays in front of its value, where the scrubber sees it.
 */
static void rejoin_secret(struct pipeline *p, struct slice *name, struct slice msg)
{
    enum { GAP_MAX = 4 };
    struct slice *message = &p->record.message;
    size_t gap = (size_t)((uintptr_t)message->p - (uintptr_t)(name->p + name->n));
    bool inside = (uintptr_t)name->p >= (uintptr_t)msg.p && (uintptr_t)message->p + message->n <= (uintptr_t)msg.p + msg.n;
    if (!message->n || gap > GAP_MAX || !inside || !scrub_is_secret_name(p->scrub, *name))
        return;
    *message = slice_of(name->p, name->n + gap + message->n);
    *name = SLICE_NONE;
}

static bool is_blank(struct slice s)
{
    return (!s.n || *s.p <= ' ') && slice_trim(s).n == 0;
}

void pipeline_message(struct pipeline *p, const struct message *m, int64_t now_us)
{
    struct stream *s = m->stream;
    assert(s && m->lines >= 1);
    p->wall_us = now_us;
    if (!p->setup.record_clock)
        p->now_us = now_us;
    p->seq++;
    p->counts.v[COUNT_lines_in] += m->lines;
    p->counts.v[COUNT_joined] += m->lines - 1;
    if (m->truncated_bytes) {
        p->counts.v[COUNT_cut_messages]++;
        p->counts.v[COUNT_cut_bytes] += m->truncated_bytes;
    }
    struct verdict v;
    struct outcome j = {.raw = m->text, .fate = COUNT_blank, .stream = s};
    if (!is_blank(m->text)) {
        struct record *r = &p->record;
        j.fate = COUNT_refused;
        if (parse(p, s, m->text, &j.reason)) {
            if (r->logger.n)
                rejoin_secret(p, &r->logger, m->text);
            if (r->app.n)
                rejoin_secret(p, &r->app, m->text);
            r->lines = m->lines;
            r->truncated |= m->truncated_bytes > 0;
            if (s->container || s->format == FORMAT_DOCKER || s->format == FORMAT_CRI)
                doubt(s, r);
            set_origin(p, s);
            if (r->time_us != RECORD_NO_TIME)
                s->last_us = r->time_us;
            if (p->setup.record_clock && r->time_us != RECORD_NO_TIME && r->time_us > p->now_us)
                p->now_us = r->time_us;
            p->counts.v[COUNT_truncated_entries] += r->truncated && !m->truncated_bytes;
            if (p->setup.record_clock)
                pipeline_tick(p, now_us);
            j.fate = dispose(p, m, &v);
            j.record = r;
            j.verdict = &v;
        }
    }
    p->counts.v[j.fate]++;
    if (p->setup.hooks.outcome)
        p->setup.hooks.outcome(p->setup.hooks.u, &j);
    arena_reset(&p->arena);
}
