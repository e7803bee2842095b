#include "core/deadline_event.h"

#include "core/check_in.h"
#include "core/correlation.h"
#include "core/record_codec.h"

/* How often to look whether inputs that stalled read again. */
static const int64_t STALLED_LOOK_US = 200000;

/* event_make_id's last argument: events of one line, or of nothing, that are not that line itself. */
enum { ORDINAL_PAIR = 1, ORDINAL_ABSENCE, ORDINAL_CHECK_IN, ORDINAL_MONITOR };

static deadline_f deadline_event_on_deadline;

void deadline_event_init(struct deadline_events *d, struct pipeline_parts *parts, struct flood_gate *gate,
                         struct breadcrumbs *breadcrumbs)
{
    const struct pipeline_setup *setup = &parts->setup;
    *d = (struct deadline_events){.parts = parts, .gate = gate, .breadcrumbs = breadcrumbs};
    d->deadlines = deadline_new(setup->rules, setup->waits, deadline_event_on_deadline, d, &parts->counts);
    d->any = deadline_any(d->deadlines);
    sbuf_init(&d->encoded, RECORD_CODEC_MAX);
}

void deadline_event_use(struct deadline_events *d, const struct rule_set *rules)
{
    deadline_use(d->deadlines, rules);
    d->any = deadline_any(d->deadlines);
}

void deadline_event_done(struct deadline_events *d)
{
    deadline_free(d->deadlines);
    sbuf_done(&d->encoded);
}

/* --- records become rows --- */

/* Fills in what the rule's pattern caught, by the number of the group, and returns how many groups there are. */
static unsigned captures_of(const struct deadline_events *d, const struct rule *rule, struct slice *captures)
{
    unsigned n = rule->match ? regex_count(rule->match) + 1 : 0;
    n = n < RECORD_CODEC_CAPTURES_MAX ? n : RECORD_CODEC_CAPTURES_MAX;
    for (unsigned i = 0; i < n; i++)
        captures[i] = captures_get(&d->parts->judge.captures, i);
    return n;
}

static struct scrubbed encode(struct deadline_events *d, const struct record *r, const struct record_codec_extra *extra,
                              const struct slice *captures)
{
    event_name_clients(r, d->parts->scrub);
    record_codec_write(r, extra, captures, d->parts->scrub, &d->encoded);
    return scrubbed_vouch(sbuf_slice(&d->encoded));
}

static struct slice monitor_slug(struct deadline_events *d, const struct rule *rule, const struct template_source *from)
{
    struct slice named = template_fill(&rule->absence.monitor, from);
    return check_in_slug(scrub_text(d->parts->scrub, named, from->arena), from->arena);
}

/* Says how the line of an absence fares; the judge has the rule's match. */
static void tell_monitor(struct deadline_events *d, const struct rule *rule, const struct record *r, struct arena *a,
                         enum check_in_status status, const char *id)
{
    struct pipeline_parts *parts = d->parts;
    const struct template_source from = judge_source(&parts->judge, r, a);
    struct slice slug = monitor_slug(d, rule, &from);
    if (!rule->absence.monitor.set || !slug.n || !parts->setup.hooks.check_in)
        return;
    struct check_in c = {.id = id, .slug = slug, .status = status, .every_us = rule->absence.every_us};
    struct event_out e = {.time_us = parts->wall_us, .level = status == CHECK_IN_OK ? SLICE("info") : SLICE("error")};
    struct sbuf title;
    sbuf_init(&title, 256);
    sbuf_addf(&title, "check-in %.*s: %s", SLICE_ARG(slug), check_in_status_name(status));
    sbuf_reset(&parts->payload);
    struct slice project =
        pipeline_parts_known_project(parts, template_fill(&rule->event.project, &from), &(struct provenance){0});
    c.project = parts->forwards ? project : SLICE_NONE;
    check_in_write(&c, parts->opt, &parts->payload);
    e.project = pipeline_parts_row_project(parts, project);
    pipeline_parts_make_id(parts, e.event_id, pipeline_parts_stored_key(parts, slug, ORDINAL_MONITOR),
                           pipeline_parts_stored_key(parts, project, ORDINAL_MONITOR), ORDINAL_MONITOR);
    e.title = scrub_clean(parts->scrub, sbuf_slice(&title), a);
    e.payload = pipeline_parts_payload(parts);
    parts->counts.v[COUNT_check_ins]++;
    parts->setup.hooks.check_in(parts->setup.hooks.u, &e);
    sbuf_done(&title);
}

void deadline_event_wait(struct deadline_events *d, const struct message *m, const struct record *r,
                         const struct correlation *keys, const struct verdict *v)
{
    const struct rule *rule = v->rule;
    struct pipeline_parts *parts = d->parts;
    struct slice captures[RECORD_CODEC_CAPTURES_MAX];
    const struct record_codec_extra extra = {.source = m->stream->source, .n_captures = captures_of(d, rule, captures)};
    /* A start ends, and a value is waited for, within one domain only. For the line of an absence without `by` it does
       not matter who sends it. */
    bool alone = rule->pair.within_us || rule->absence.by.n;
    const struct deadline_row row = {.key = alone ? correlation_domain_key(m->stream, v->key) : v->key,
                                     .time_us = event_time(r, parts->wall_us),
                                     .file_key = pipeline_parts_message_key(parts, m),
                                     .offset = m->offset,
                                     .record = encode(d, r, &extra, captures)};
    if (rule->pair.within_us) {
        deadline_open(d->deadlines, rule, &row, keys);
    } else if (deadline_came(d->deadlines, rule, &row, keys)) {
        char id[33];
        pipeline_parts_make_id(parts, id, row.file_key, row.offset, ORDINAL_CHECK_IN);
        tell_monitor(d, rule, r, &parts->arena, CHECK_IN_OK, id);
    }
}

void deadline_event_end(struct deadline_events *d, const struct stream *s, const struct rule_end *ends)
{
    for (const struct rule_end *e = ends; e; e = e->next)
        deadline_end(d->deadlines, e->rule, correlation_domain_key(s, e->key));
}

/* --- rows become events --- */

/* Returns when the row became overdue. Where records are the clock, that may be long before the next record. */
static int64_t deadline_time(const struct deadline_events *d, const struct rule *rule, const struct deadline_row *row)
{
    int64_t period_us = rule->absence.every_us ? rule->absence.every_us : rule->pair.within_us;
    bool known = d->parts->setup.record_clock && row->since_us > 1; /* some record had a time */
    return known ? row->since_us + period_us : d->parts->wall_us;
}

/* Makes the event, with the breadcrumbs of the line that came last. False: flood control held it back. */
static bool make_event(struct deadline_events *d, struct event_source *src, struct verdict *v,
                       const struct correlation *keys, struct arena *a)
{
    struct pipeline_parts *parts = d->parts;
    const struct provenance from = {.input = src->source};
    if (!flood_gate_admit(d->gate, src, v, &from, NULL))
        return false;
    unsigned most = parts->opt->crumbs.before, after;
    struct breadcrumb *crumbs = arena_alloc(a, (most + 1) * sizeof *crumbs);
    pipeline_parts_texts(parts, src->record, a, v);
    const struct breadcrumbs_want want = {.keys = keys,
                                          .time_us = src->received_us,
                                          .oldest_us = src->received_us - parts->opt->crumbs.max_age_us,
                                          .max = most,
                                          .others = parts->opt->crumbs.others};
    src->n_crumbs = breadcrumbs_collect(d->breadcrumbs, &want, a, crumbs, &src->crumbs_seen, &after);
    src->crumbs = crumbs;
    const struct forwarded_limits limits = pipeline_parts_limits(v, false);
    src->forward = parts->forwards ? &limits : NULL;
    pipeline_parts_emit_event(parts, src, false);
    src->forward = NULL;
    return true;
}

static void tell_listener(const struct pipeline_hooks *hooks, const struct outcome *o)
{
    if (hooks->deadlines)
        hooks->deadlines(hooks->u, o);
}

/* Decides about a row that is overdue: d->past is the record of its line, and the judge has what the rule once caught
   in it. */
static void overdue(struct deadline_events *d, const struct rule *rule, const struct deadline_row *row,
                    struct event_source *src, const struct correlation *keys, struct arena *a)
{
    struct pipeline_parts *parts = d->parts;
    struct record *r = &d->past;
    struct verdict v;
    if (!judge_past(&parts->judge, rule, r, a, &v)) { /* the rule has another pattern than when the line came */
        parts->counts.v[COUNT_overdue_lost]++;
        return;
    }
    struct outcome o = {.record = r, .verdict = &v, .fate = COUNT_overdue, .raw = r->message};
    src->verdict = &v;
    r->time_us = src->received_us; /* the event has the time of now */
    parts->counts.v[COUNT_overdue]++;
    if (rule->absence.every_us > 0)
        pipeline_parts_make_id(parts, src->event_id, row->key, (uint64_t)row->since_us, ORDINAL_ABSENCE);
    else
        pipeline_parts_make_id(parts, src->event_id, row->file_key, row->offset, ORDINAL_PAIR);
    if (!make_event(d, src, &v, keys, a)) {
        parts->counts.v[COUNT_overdue_suppressed]++;
        o.fate = COUNT_overdue_suppressed;
    }
    tell_listener(&parts->setup.hooks, &o);
    if (row->monitored)
        tell_monitor(d, rule, r, a, CHECK_IN_ERROR, src->event_id);
}

static void deadline_event_on_deadline(void *u, const struct deadline_row *row, const struct correlation *keys)
{
    struct deadline_events *d = u;
    struct judge *judge = &d->parts->judge;
    const struct rule *rule = rule_set_find(d->parts->setup.rules, row->rule);
    struct record_codec past;
    struct arena a = {0}; /* many may be due in one call */
    if (!rule) {
        d->parts->counts.v[COUNT_overdue_lost]++;
        return;
    }
    judge->sender = row->key; /* the sender is the row's, and not that of the last message */
    judge->now_us = d->parts->now_us;
    if (record_codec_read(row->record.text, &a, &d->past, &past)) {
        struct event_source src = {
            .record = &d->past, .source = past.source, .received_us = deadline_time(d, rule, row)};
        src.deadlines = (struct event_deadline){.rule = rule, .since_us = row->time_us, .times = row->times};
        judge->captures.kept = past.captures;
        judge->captures.n_kept = past.n_captures;
        overdue(d, rule, row, &src, keys, &a);
        judge->captures.n_kept = 0;
    } else { /* the row is damaged in the store, or written by a version that is not known */
        d->parts->counts.v[COUNT_overdue_lost]++;
    }
    arena_done(&a);
}

int64_t deadline_event_tick(struct deadline_events *d)
{
    const struct pipeline_parts *parts = d->parts;
    bool record_clock = parts->setup.record_clock;
    if (!d->any)
        return INT64_MAX;
    if (!record_clock)
        deadline_listen(d->deadlines, parts->wall_us, d->stalled);
    else if (parts->now_us)
        deadline_set_clock(d->deadlines, parts->now_us);
    int64_t left_us = deadline_tick(d->deadlines, record_clock ? UINT32_MAX : DEADLINE_EVENTS_MOST);
    if (d->stalled && left_us < STALLED_LOOK_US)
        left_us = STALLED_LOOK_US;
    return left_us < INT64_MAX - parts->now_us ? parts->now_us + left_us : INT64_MAX;
}

void deadline_event_stall(struct deadline_events *d, bool stalled)
{
    d->stalled = stalled;
}

/* --- the store --- */

/* Scrubs a row that an older version stored as the log had it, with what the rule catches in it, and marks it to be
   written again. */
static void scrub_row(struct deadline_events *d, struct deadline_row *row, struct arena *a)
{
    const struct rule *rule = rule_set_find(d->parts->setup.rules, row->rule);
    struct slice captures[RECORD_CODEC_CAPTURES_MAX];
    struct record_codec past;
    if (!rule || !row->record.text.n || !record_codec_read(row->record.text, a, &d->past, &past) || past.scrubbed)
        return;
    struct record_codec_extra extra = {.source = past.source};
    if (rule->match && regex_match(rule->match, d->parts->judge.captures.match, d->past.message, 0) == REGEX_YES)
        extra.n_captures = captures_of(d, rule, captures);
    row->record = encode(d, &d->past, &extra, captures);
    row->rewritten = true;
}

void deadline_event_restore_clock(struct deadline_events *d, int64_t clock_us)
{
    deadline_restore_clock(d->deadlines, clock_us);
}

void deadline_event_restore(struct deadline_events *d, const struct deadline_row *stored)
{
    struct arena a = {0};
    struct deadline_row row = *stored;
    scrub_row(d, &row, &a);
    deadline_restore(d->deadlines, &row);
    arena_done(&a);
}

int64_t deadline_event_clock(const struct deadline_events *d)
{
    return deadline_idle(d->deadlines) ? -1 : deadline_clock(d->deadlines);
}

void deadline_event_tell(struct deadline_events *d)
{
    const struct pipeline_hooks *hooks = &d->parts->setup.hooks;
    if (hooks->deadline_row)
        deadline_changed(d->deadlines, hooks->deadline_row, hooks->u);
}
