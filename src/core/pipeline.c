#include "core/pipeline.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/check_in.h"
#include "core/correlation.h"
#include "core/flood_gate.h"
#include "core/origin.h"
#include "core/record_codec.h"
#include "core/threshold.h"
#include "core/pending.h"
#include "parsers/container.h"
#include "parsers/parser.h"

/* While nothing can be heard: how often to look whether that is over. */
static const int64_t STALLED_LOOK_US = 200000;

struct pipeline {
    struct pipeline_parts parts;
    struct flood_gate gate;
    struct breadcrumbs *breadcrumbs;
    struct threshold *threshold;
    struct deadline *deadlines;
    struct record past; /* of the line that something is overdue since */
    struct sbuf encoded;
    bool waits; /* some rule does: else that costs no line anything */
    bool stalled;
    struct pending_list pending;
    struct record record;
    uint64_t seq; /* messages so far */
};

static deadline_f on_deadline;

struct pipeline *pipeline_new(const struct pipeline_setup *setup)
{
    struct pipeline *p = xcalloc(1, sizeof *p);
    p->parts.setup = *setup;
    p->parts.opt = setup->options;
    judge_init(&p->parts.judge, setup->rules);
    p->parts.judge.secret = setup->secret;
    p->parts.judge.old_keys = setup->old_keys;
    p->breadcrumbs = breadcrumbs_new(p->parts.opt->crumbs.memory_bytes);
    p->parts.scrub = scrub_new(p->parts.opt);
    p->threshold = threshold_new();
    flood_gate_init(&p->gate, &p->parts);
    p->deadlines = deadline_new(setup->rules, setup->waits, on_deadline, p, &p->parts.counts.v[COUNT_overdue_evicted]);
    p->waits = deadline_any(p->deadlines);
    sbuf_init(&p->parts.payload, EVENT_BYTES_MAX);
    sbuf_init(&p->encoded, RECORD_CODEC_MAX);
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
    judge_done(&p->parts.judge);
    breadcrumbs_free(p->breadcrumbs);
    scrub_free(p->parts.scrub);
    flood_gate_done(&p->gate);
    threshold_free(p->threshold);
    deadline_free(p->deadlines);
    sbuf_free(&p->encoded);
    sbuf_free(&p->parts.payload);
    arena_free(&p->parts.arena);
    free(p);
}

struct counts *pipeline_counts(struct pipeline *p)
{
    return &p->parts.counts;
}

struct judge *pipeline_judge(struct pipeline *p)
{
    return &p->parts.judge;
}

/* --- events out --- */

static void hand_out(struct pipeline *p, const struct event_source *src, bool open)
{
    const struct verdict *v = src->verdict;
    sbuf_reset(&p->parts.payload);
    if (!event_write(src, p->parts.opt, p->parts.scrub, &p->parts.payload)) {
        if (!open)
            p->parts.counts.v[COUNT_event_too_large]++;
        return;
    }
    struct event_out e = {.open = open,
                         .time_us = event_time(src->record, src->received_us),
                         .input = src->input,
                         .project = v->project,
                         .title = scrub_clean(p->parts.scrub, v->texts->title, &p->parts.arena),
                         .level = slice_str(level_name(v->level)),
                         .payload = parts_payload(&p->parts),
                         .verdict = v};
    memcpy(e.event_id, src->event_id, sizeof e.event_id);
    p->parts.setup.hooks.emit(p->parts.setup.hooks.u, &e);
}

static void emit(struct pipeline *p, struct pending *w, bool open)
{
    w->src.crumbs = w->crumbs;
    w->src.n_crumbs = w->n_crumbs;
    hand_out(p, &w->src, open);
}

static bool has_room(const struct pipeline *p, const struct pending *w)
{
    return w->written_open || !p->parts.setup.hooks.room || p->parts.setup.hooks.room(p->parts.setup.hooks.u, w->src.input);
}

static void drop(struct pipeline *p, const struct pending *w)
{
    const struct notice n = {.kind = NOTICE_NO_ROOM, .input = w->src.input, .project = w->verdict.project};
    p->parts.counts.v[COUNT_input_overflow]++;
    if (p->parts.setup.hooks.notice)
        p->parts.setup.hooks.notice(p->parts.setup.hooks.u, &n);
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

/* When it wants to be called next. */
static int64_t tick_deadlines(struct pipeline *p)
{
    if (!p->parts.setup.record_clock)
        deadline_listen(p->deadlines, p->parts.wall_us, p->stalled);
    else if (p->parts.now_us)
        deadline_set_clock(p->deadlines, p->parts.now_us);
    int64_t left_us = deadline_tick(p->deadlines, p->parts.setup.record_clock ? UINT32_MAX : PIPELINE_DEADLINES_MOST);
    if (p->stalled && left_us < STALLED_LOOK_US)
        left_us = STALLED_LOOK_US;
    return left_us < INT64_MAX - p->parts.now_us ? p->parts.now_us + left_us : INT64_MAX;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t pipeline_tick(struct pipeline *p, int64_t now_us)
{
    p->parts.wall_us = now_us;
    if (!p->parts.setup.record_clock)
        p->parts.now_us = now_us;
    while (p->pending.oldest && p->pending.oldest->due_us <= p->parts.now_us)
        release(p, p->pending.oldest);
    int64_t due_us = flood_tick(p->gate.flood, p->parts.now_us);
    if (p->waits)
        due_us = earlier(due_us, tick_deadlines(p));
    if (!p->parts.setup.hooks.flood_row)
        flood_gate_tell(&p->gate);
    return p->pending.oldest ? earlier(p->pending.oldest->due_us, due_us) : due_us;
}

void pipeline_elapse(struct pipeline *p, int64_t us)
{
    assert(p->parts.setup.record_clock);
    p->parts.now_us = p->parts.now_us ? p->parts.now_us : 1; /* no record had a time */
    pipeline_tick(p, p->parts.wall_us);
    p->parts.now_us += us;
    pipeline_tick(p, p->parts.wall_us);
}

void pipeline_flush(struct pipeline *p)
{
    while (p->pending.oldest)
        release(p, p->pending.oldest);
    flood_summarise(p->gate.flood);
}

void pipeline_checkpoint(struct pipeline *p)
{
    for (struct pending *w = p->pending.oldest; w; w = w->newer) {
        bool writes = !w->written_open && has_room(p, w);
        if (writes)
            emit(p, w, true);
        w->written_open |= writes;
    }
    flood_gate_tell(&p->gate);
    if (p->parts.setup.hooks.deadline_row)
        deadline_changed(p->deadlines, p->parts.setup.hooks.deadline_row, p->parts.setup.hooks.u);
}

size_t pipeline_pending_bytes(const struct pipeline *p)
{
    return p->pending.bytes;
}

unsigned pipeline_issues(const struct pipeline *p)
{
    return flood_size(p->gate.flood);
}

/* What the rule's pattern caught, by number. */
static unsigned captures_of(const struct pipeline *p, const struct rule *rule, struct slice *captures)
{
    unsigned n = rule->match ? regex_count(rule->match) + 1 : 0;
    n = n < RECORD_CODEC_CAPTURES_MAX ? n : RECORD_CODEC_CAPTURES_MAX;
    for (unsigned i = 0; i < n; i++)
        captures[i] = captures_get(&p->parts.judge.captures, i);
    return n;
}

void pipeline_restore_flood(struct pipeline *p, const struct flood_row *row)
{
    flood_gate_restore(&p->gate, row);
}

void pipeline_restore_clock(struct pipeline *p, int64_t clock_us)
{
    deadline_restore_clock(p->deadlines, clock_us);
}

/* A store made before holds records as they came: scrubbed on the way in, with what the rule catches in them, and written again. */
static void scrub_row(struct pipeline *p, struct deadline_row *row, struct arena *a)
{
    const struct rule *rule = rule_set_find(p->parts.setup.rules, row->rule);
    struct slice captures[RECORD_CODEC_CAPTURES_MAX];
    struct record_codec past;
    if (!rule || !row->record.text.n || !record_codec_read(row->record.text, a, &p->past, &past) || past.scrubbed)
        return;
    struct record_codec_extra extra = {.source = past.source};
    if (rule->match && regex_match(rule->match, p->parts.judge.captures.match, p->past.message, 0) == REGEX_YES)
        extra.n_captures = captures_of(p, rule, captures);
    event_name_clients(&p->past, p->parts.scrub);
    record_codec_write(&p->past, &extra, captures, p->parts.scrub, &p->encoded);
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

/* --- one message --- */

static void give_line(void *u, struct pending *w)
{
    pending_give(w, u);
}

/* The oldest go early. */
static void keep_pending_within_caps(struct pipeline *p)
{
    while (p->pending.n > PIPELINE_PENDING_MAX || p->pending.bytes > PIPELINE_PENDING_BYTES) {
        p->parts.counts.v[COUNT_early_events]++;
        release(p, p->pending.oldest);
    }
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
    struct slice kept = text.over ? r->raw : arena_dup(&p->parts.arena, sbuf_slice(&text));
    sbuf_free(&text);
    return kept;
}

static void promote(struct pipeline *p, const struct message *m, const struct correlation *keys, struct verdict *v)
{
    const struct stream *s = m->stream;
    const struct record *r = &p->record;
    struct correlation k = *keys;
    if (r->format == FORMAT_NGINX_ERROR) /* it looks for the access line of its request also where that knows no connection */
        k.weak = correlation_weak_key(s, r, &p->parts.setup.secret);
    const struct options *opt = p->parts.opt;
    parts_texts(&p->parts, r, &p->parts.arena, v);
    struct pending *w = pending_new(r, v, opt->crumbs.before + opt->crumbs.after);
    int64_t time_us = event_time(r, p->parts.wall_us);
    w->keys = k;
    w->touched = p->seq;
    w->src.received_us = p->parts.wall_us;
    w->src.source = arena_dup(&w->arena, s->source);
    w->src.input = arena_dup(&w->arena, s->input);
    parts_make_id(&p->parts, w->src.event_id, s->file_key ? s->file_key : p->parts.setup.run_key,
                  s->file_key ? m->offset : p->seq, 0);
    unsigned seen;
    w->n_crumbs = breadcrumbs_collect(p->breadcrumbs, &k, time_us, time_us - opt->crumbs.max_age_us, opt->crumbs.before, &w->arena,
                                w->crumbs, &seen);
    w->src.crumbs_seen = seen;
    pending_take_access(w, time_us, &p->parts.arena, p->parts.wall_us);
    w->due_us = p->parts.now_us + opt->crumbs.wait_us;
    pending_add(&p->pending, w);
    if (opt->crumbs.wait_us == 0)
        release(p, w);
    keep_pending_within_caps(p);
}

/* --- lines that do not come --- */

/* event_make_id's last argument: events of one line, or of nothing, that are not that line itself. */
enum { ORDINAL_PAIR = 1, ORDINAL_ABSENCE, ORDINAL_CHECK_IN, ORDINAL_MONITOR };

/* Says how the line of an absence fares; the judge has the rule's match. */
static void tell_monitor(struct pipeline *p, const struct rule *rule, const struct record *r, struct arena *a, enum check_in_status status,
                         const char *id)
{
    const struct template_source from = judge_source(&p->parts.judge, r, a);
    struct slice slug = check_in_slug(scrub_text(p->parts.scrub, template_fill(&rule->absence.monitor, &from), a), a);
    struct event_out e = {.time_us = p->parts.wall_us, .level = status == CHECK_IN_OK ? SLICE("info") : SLICE("error")};
    if (!rule->absence.monitor.set || !slug.n || !p->parts.setup.hooks.check_in)
        return;
    const struct check_in c = {.id = id, .slug = slug, .status = status, .every_us = rule->absence.every_us};
    struct sbuf title;
    sbuf_init(&title, 256);
    sbuf_addf(&title, "check-in %.*s: %s", SLICE_ARG(slug), check_in_status_name(status));
    sbuf_reset(&p->parts.payload);
    check_in_write(&c, p->parts.opt, &p->parts.payload);
    e.project = parts_known_project(&p->parts, template_fill(&rule->event.project, &from), &(struct origin){0});
    parts_make_id(&p->parts, e.event_id, parts_stored_key(&p->parts, slug, ORDINAL_MONITOR),
                  parts_stored_key(&p->parts, e.project, ORDINAL_MONITOR), ORDINAL_MONITOR);
    e.title = scrub_clean(p->parts.scrub, sbuf_slice(&title), a);
    e.payload = parts_payload(&p->parts);
    p->parts.counts.v[COUNT_check_ins]++;
    p->parts.setup.hooks.check_in(p->parts.setup.hooks.u, &e);
    sbuf_free(&title);
}

/* The record is a line of an absence, or the start of a pair. */
static void wait_for(struct pipeline *p, const struct message *m, const struct correlation *keys, const struct verdict *v)
{
    const struct stream *s = m->stream;
    const struct rule *rule = v->rule;
    const struct record *r = &p->record;
    struct slice captures[RECORD_CODEC_CAPTURES_MAX];
    event_name_clients(r, p->parts.scrub);
    const struct record_codec_extra extra = {.source = s->source, .n_captures = captures_of(p, rule, captures)};
    record_codec_write(r, &extra, captures, p->parts.scrub, &p->encoded);
    /* A start ends, and a value is heard of, in one domain only. Who sends the line of an absence without `by` does not matter. */
    bool alone = rule->pair.within_us || rule->absence.by.n;
    const struct deadline_row row = {.key = alone ? correlation_domain_key(s, v->key) : v->key,
                                    .time_us = event_time(r, p->parts.wall_us),
                                    .file_key = s->file_key ? s->file_key : p->parts.setup.run_key,
                                    .offset = s->file_key ? m->offset : p->seq,
                                    .record = scrubbed_vouch(sbuf_slice(&p->encoded))};
    if (rule->pair.within_us) {
        deadline_open(p->deadlines, rule, &row, keys);
    } else if (deadline_came(p->deadlines, rule, &row, keys)) {
        char id[33];
        parts_make_id(&p->parts, id, row.file_key, row.offset, ORDINAL_CHECK_IN);
        tell_monitor(p, rule, r, &p->parts.arena, CHECK_IN_OK, id);
    }
}

/* When it became overdue. Offline that may be long before the next record. */
static int64_t deadline_time(const struct pipeline *p, const struct rule *rule, const struct deadline_row *row)
{
    int64_t period_us = rule->absence.every_us ? rule->absence.every_us : rule->pair.within_us;
    bool known = p->parts.setup.record_clock && row->since_us > 1; /* some record had a time */
    return known ? row->since_us + period_us : p->parts.wall_us;
}

static void on_deadline(void *u, const struct deadline_row *row, const struct correlation *keys)
{
    struct pipeline *p = u;
    const struct rule *rule = rule_set_find(p->parts.setup.rules, row->rule);
    if (!rule)
        return;
    struct arena a = {0}; /* many may be due in one call */
    struct record *r = &p->past;
    struct verdict v;
    struct event_source src = {.record = r, .verdict = &v, .received_us = deadline_time(p, rule, row)};
    src.deadlines = (struct event_deadline){.rule = rule, .since_us = row->time_us, .times = row->times};
    bool absence = rule->absence.every_us > 0;
    p->parts.judge.sender = row->key; /* not who sent the last message */
    p->parts.judge.now_us = p->parts.now_us;
    struct record_codec past;
    bool known = record_codec_read(row->record.text, &a, r, &past);
    src.source = past.source;
    p->parts.judge.captures.kept = past.captures;
    p->parts.judge.captures.n_kept = past.n_captures;
    if (known && judge_past(&p->parts.judge, rule, r, &a, &v)) {
        struct breadcrumb *crumbs = arena_alloc(&a, (p->parts.opt->crumbs.before + 1) * sizeof *crumbs);
        struct outcome j = {.record = r, .verdict = &v, .fate = COUNT_overdue_suppressed, .raw = r->message};
        r->time_us = src.received_us; /* the event is of now */
        p->parts.counts.v[COUNT_overdue]++;
        if (absence)
            parts_make_id(&p->parts, src.event_id, row->key, (uint64_t)row->since_us, ORDINAL_ABSENCE);
        else
            parts_make_id(&p->parts, src.event_id, row->file_key, row->offset, ORDINAL_PAIR);
        const struct origin from = {.input = src.source};
        if (flood_gate_admit(&p->gate, &src, &v, &from)) {
            j.fate = COUNT_overdue;
            parts_texts(&p->parts, r, &a, &v);
            src.n_crumbs = breadcrumbs_collect(p->breadcrumbs, keys, src.received_us, src.received_us - p->parts.opt->crumbs.max_age_us,
                                         p->parts.opt->crumbs.before, &a, crumbs, &src.crumbs_seen);
            src.crumbs = crumbs;
            hand_out(p, &src, false);
        } else {
            p->parts.counts.v[COUNT_overdue_suppressed]++;
        }
        if (p->parts.setup.hooks.deadlines)
            p->parts.setup.hooks.deadlines(p->parts.setup.hooks.u, &j);
        if (row->monitored)
            tell_monitor(p, rule, r, &a, CHECK_IN_ERROR, src.event_id);
    }
    p->parts.judge.captures.n_kept = 0;
    arena_free(&a);
}

/* What becomes of a record no rule decided. */
static void fall_back(struct pipeline *p, struct verdict *v)
{
    if (p->record.level < LEVEL_ERROR || p->parts.opt->fallback == FALLBACK_CRUMB)
        return; /* it is a crumb already */
    if (p->parts.opt->fallback == FALLBACK_EVENT)
        judge_fallback(&p->parts.judge, &p->record, &p->parts.arena, v);
    else
        v->action = ACTION_DROP;
}

static bool over_threshold(struct pipeline *p, const struct verdict *v)
{
    const struct rule_threshold *t = &v->rule->threshold;
    return !t->count || threshold_reaches(p->threshold, v->key, t->count, t->within_us, p->parts.now_us);
}

static enum count dispose(struct pipeline *p, const struct message *m, struct verdict *v)
{
    struct stream *s = m->stream;
    struct record *r = &p->record;
    struct correlation k;
    correlation_of(s, r, &p->parts.setup.secret, &k);
    if (r->partial) {
        *v = verdict_none(r);
    } else {
        p->parts.judge.sender = s->ring; /* a sender's address, a file, a unit */
        p->parts.judge.now_us = p->parts.now_us;
        judge_record(&p->parts.judge, r, &p->parts.arena, v, NULL, NULL);
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
    int64_t time_us = event_time(r, p->parts.wall_us);
    if (p->pending.n) {
        struct pending_line in = {.list = &p->pending, .opt = p->parts.opt, .number = p->seq, .record = r, .time_us = time_us, .text = text};
        pending_match(&p->pending, &k, give_line, &in);
        keep_pending_within_caps(p);
    }
    p->parts.counts.v[COUNT_regex_limit] = p->parts.judge.limit_hits;
    enum count fate = v->action == ACTION_LOG ? COUNT_log : COUNT_crumb;
    if (v->action == ACTION_EVENT) {
        const struct event_source src = {.record = r, .verdict = v, .source = s->source, .received_us = p->parts.wall_us};
        const struct origin from = {.input = s->input.n ? s->input : s->source, .peer = s->remote ? s->peer : s->sender, .network = s->network, .remote = s->remote};
        bool passes = flood_gate_admit(&p->gate, &src, v, &from);
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
    return (struct parse_ctx){.arena = &p->parts.arena,
                              .zone = s->zone,
                              .now_us = p->parts.wall_us,
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
        r->procid = pid_text(&p->parts.arena, s->peer_pid);
}

/*
 * Most lines of a log are of no interest to any rule, as their origin and one scan of the whole text show: then the parser need not even
 * look for where the message ends. A breadcrumb made of such a line does that when it is needed.
 */
static void finish_if_of_interest(struct pipeline *p, struct stream *s)
{
    struct record *r = &p->record;
    bool event_out = r->level >= LEVEL_ERROR && p->parts.opt->fallback == FALLBACK_EVENT;
    set_origin(p, s);
    if (!event_out && r->message.n <= BREADCRUMBS_TEXT_MAX && !judge_maybe(&p->parts.judge, r))
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
    if (!message->n || gap > GAP_MAX || !inside || !scrub_is_secret_name(p->parts.scrub, *name))
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
    p->parts.wall_us = now_us;
    if (!p->parts.setup.record_clock)
        p->parts.now_us = now_us;
    p->seq++;
    p->parts.counts.v[COUNT_lines_in] += m->lines;
    p->parts.counts.v[COUNT_joined] += m->lines - 1;
    if (m->truncated_bytes) {
        p->parts.counts.v[COUNT_cut_messages]++;
        p->parts.counts.v[COUNT_cut_bytes] += m->truncated_bytes;
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
            if (p->parts.setup.record_clock && r->time_us != RECORD_NO_TIME && r->time_us > p->parts.now_us)
                p->parts.now_us = r->time_us;
            p->parts.counts.v[COUNT_truncated_entries] += r->truncated && !m->truncated_bytes;
            if (p->parts.setup.record_clock)
                pipeline_tick(p, now_us);
            j.fate = dispose(p, m, &v);
            j.record = r;
            j.verdict = &v;
        }
    }
    p->parts.counts.v[j.fate]++;
    if (p->parts.setup.hooks.outcome)
        p->parts.setup.hooks.outcome(p->parts.setup.hooks.u, &j);
    arena_reset(&p->parts.arena);
}
