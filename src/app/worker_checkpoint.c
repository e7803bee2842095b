/* The worker's checkpoints: all that is to be stored since the last one, with positions and counts of the same moment.
 */
#include "app/worker_parts.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"

struct worker_checkpoint *worker_next(struct worker *w)
{
    if (!w->next)
        w->next = xcalloc(1, sizeof *w->next);
    return w->next;
}

void worker_checkpoint_free(struct worker_checkpoint *c)
{
    free(c->checkpoint.events);
    free(c->checkpoint.numbers);
    free(c->checkpoint.positions);
    free(c->checkpoint.limits);
    free(c->checkpoint.deadlines);
    free(c->checkpoint.held);
    free(c->checkpoint.fates);
    free(c->checkpoint.issues);
    free(c->checkpoint.reports);
    free(c->inputs);
    arena_done(&c->arena);
    free(c);
}

/* What was held back a summary tells the project's members; that and what was lost a client report tells its owner
   (sentry-protocol.md, 5.5). */
void worker_report(struct worker_checkpoint *c, struct slice project, enum item_kind kind, enum count why,
                   uint64_t quantity)
{
    struct slice reason = slice_str(count_rows[why].reason), category = slice_str(item_traits[kind].category);
    for (unsigned i = 0; i < c->checkpoint.n_reports; i++)
        if (slice_eq(c->checkpoint.reports[i].project, project) && slice_eq(c->checkpoint.reports[i].reason, reason) &&
            slice_eq(c->checkpoint.reports[i].category, category)) {
            c->checkpoint.reports[i].quantity += quantity;
            return;
        }
    c->checkpoint.reports = xroom(c->checkpoint.reports, c->checkpoint.n_reports, sizeof *c->checkpoint.reports);
    c->checkpoint.reports[c->checkpoint.n_reports++] = (struct store_report){
        .project = arena_dup(&c->arena, project), .reason = reason, .category = category, .quantity = quantity};
}

static void fill_in(struct worker_checkpoint *c, struct store_event *out, enum item_kind kind,
                    const struct event_out *e)
{
    *out = (struct store_event){.kind = kind,
                                .open = e->open,
                                .written_open = e->written_open,
                                .time_us = e->time_us,
                                .issue = e->issue,
                                .news = e->news,
                                .input = arena_dup(&c->arena, e->input),
                                .project = arena_dup(&c->arena, e->project),
                                .title = scrubbed_dup(&c->arena, e->title),
                                .level = arena_dup(&c->arena, e->level),
                                .payload = scrubbed_dup(&c->arena, e->payload)};
    memcpy(out->event_id, e->event_id, sizeof out->event_id);
}

static void new_event(struct worker_checkpoint *c, enum item_kind kind, const struct event_out *e)
{
    c->checkpoint.events = xroom(c->checkpoint.events, c->checkpoint.n_events, sizeof *c->checkpoint.events);
    fill_in(c, &c->checkpoint.events[c->checkpoint.n_events++], kind, e);
}

enum { ROW_BYTES = 512 }; /* as the store reckons */

/* The store has not taken the last one, and this one has grown to its bound. */
bool worker_is_behind(const struct worker *w)
{
    return w->under_way && w->next && w->next->arena.total_bytes > WORKER_UNSTORED_BYTES;
}

/* What no input sent and time has brought (summaries, what did not come, check-ins) cannot wait either. */
static bool overflows(struct worker *w, enum item_kind kind, const struct event_out *e)
{
    enum count cause = worker_is_behind(w) ? COUNT_checkpoint_overflow : worker_no_room_for_project(w, e->project);
    if (e->input.n || cause == COUNT_N)
        return false;
    const struct notice n = {.kind = NOTICE_LOST, .project = e->project, .cause = cause, .quantity = 1};
    w->counts.v[cause]++;
    worker_report(worker_next(w), e->project, kind, cause, 1);
    worker_note_lost(w, &n);
    if (cause == COUNT_project_overflow)
        return true;
    log_warn("summaries, events of absence and pair, and check-ins are dropped: the store takes nothing",
             log_s("project", e->project.n ? e->project : SLICE("default")),
             log_c("hint", "see the errors of the store before this line"));
    return true;
}

bool worker_add_event(void *u, const struct event_out *e)
{
    struct worker *w = u;
    struct worker_checkpoint *c = worker_next(u);
    if (e->suppressed)
        worker_report(c, e->project, ITEM_EVENT, COUNT_suppressed, e->suppressed);
    if (overflows(w, ITEM_EVENT, e))
        return false;
    new_event(c, ITEM_EVENT, e);
    if (!e->written_open)
        worker_note_pace(w);
    worker_use_room(w, e->input, e->project, e->payload.text.n + ROW_BYTES);
    return true;
}

void worker_add_check_in(void *u, const struct event_out *e)
{
    if (!overflows(u, ITEM_CHECK_IN, e))
        new_event(worker_next(u), ITEM_CHECK_IN, e);
}

/* Never dropped: what it counts was read, and is told nowhere else. It is small, and there are few. */
void worker_add_number(void *u, const struct event_out *e)
{
    struct worker_checkpoint *c = worker_next(u);
    c->checkpoint.numbers = xroom(c->checkpoint.numbers, c->checkpoint.n_numbers, sizeof *c->checkpoint.numbers);
    fill_in(c, &c->checkpoint.numbers[c->checkpoint.n_numbers++], ITEM_COUNT, e);
}

void worker_add_deadline(void *u, const struct deadline_row *row)
{
    struct worker_checkpoint *c = worker_next(u);
    c->checkpoint.deadlines =
        xroom(c->checkpoint.deadlines, c->checkpoint.n_deadlines, sizeof *c->checkpoint.deadlines);
    struct deadline_row *out = &c->checkpoint.deadlines[c->checkpoint.n_deadlines++];
    *out = *row;
    out->rule = arena_dup(&c->arena, row->rule);
    out->record = scrubbed_dup(&c->arena, row->record);
}

void worker_add_held(void *u, const struct join_row *row)
{
    struct worker_checkpoint *c = worker_next(u);
    c->checkpoint.held = xroom(c->checkpoint.held, c->checkpoint.n_held, sizeof *c->checkpoint.held);
    struct join_row *out = &c->checkpoint.held[c->checkpoint.n_held++];
    *out = *row;
    out->held = scrubbed_dup(&c->arena, row->held);
}

void worker_add_fates(void *u, const struct fates_chunk *chunk)
{
    struct worker_checkpoint *c = worker_next(u);
    c->checkpoint.fates = xroom(c->checkpoint.fates, c->checkpoint.n_fates, sizeof *c->checkpoint.fates);
    struct fates_chunk *out = &c->checkpoint.fates[c->checkpoint.n_fates++];
    *out = *chunk;
    out->bytes = arena_dup(&c->arena, chunk->bytes);
}

void worker_add_issue(void *u, const struct issue_count *count)
{
    struct checkpoint *c = &worker_next(u)->checkpoint;
    c->issues = xroom(c->issues, c->n_issues, sizeof *c->issues);
    c->issues[c->n_issues++] = *count;
}

void worker_add_flood(void *u, const struct flood_row *row)
{
    struct worker_checkpoint *c = worker_next(u);
    c->checkpoint.limits = xroom(c->checkpoint.limits, c->checkpoint.n_floods, sizeof *c->checkpoint.limits);
    struct flood_row *out = &c->checkpoint.limits[c->checkpoint.n_floods++];
    *out = *row;
    out->sample = NULL;
    out->top_values = NULL;
    if (row->top_values_text.text.p)
        out->top_values_text = scrubbed_dup(&c->arena, row->top_values_text);
    if (row->sample && row->sample_is_new) {
        struct flood_sample *sample = arena_alloc(&c->arena, sizeof *sample);
        *sample = (struct flood_sample){.project = arena_dup(&c->arena, row->sample->project),
                                        .title = scrubbed_dup(&c->arena, row->sample->title),
                                        .level = arena_dup(&c->arena, row->sample->level),
                                        .payload = scrubbed_dup(&c->arena, row->sample->payload)};
        out->sample = sample;
    }
}

static void checkpoint_add_position(void *u, const struct position *p)
{
    struct worker_checkpoint *c = u;
    c->checkpoint.positions =
        xroom(c->checkpoint.positions, c->checkpoint.n_positions, sizeof *c->checkpoint.positions);
    struct position *out = &c->checkpoint.positions[c->checkpoint.n_positions++];
    *out = *p;
    out->input = arena_dup(&c->arena, p->input);
    out->part = arena_dup(&c->arena, p->part);
    out->blob = arena_dup(&c->arena, p->blob);
}

void worker_add_positions(struct worker *w, struct input *in)
{
    if (in->type->positions)
        in->type->positions(in, checkpoint_add_position, worker_next(w));
}

void worker_add_all_positions(struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        worker_add_positions(w, w->inputs[i]);
}

/* Lines are told by checkpoints, so it is not asked at each of them when it came. */
static void note_last_lines(struct worker *w)
{
    int64_t now_us = clock_wall_us();
    for (unsigned i = 0; i < w->n_inputs; i++) {
        struct worker_slot *slot = &w->slots[w->inputs[i]->index];
        if (w->inputs[i]->lines != slot->noted_lines)
            slot->state.last_line_us = now_us;
        slot->noted_lines = w->inputs[i]->lines;
    }
}

static bool any_changed(const struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        if (w->inputs[i]->changed)
            return true;
    return w->slots_changed || w->shared_changed;
}

void worker_inputs(const struct worker *w, struct input_state *out)
{
    for (unsigned i = 0; i < w->setup.n_inputs; i++)
        out[i] = w->slots[i].state;
    for (unsigned i = 0; i < w->n_inputs; i++) {
        const struct input *in = w->inputs[i];
        struct input_state *state = &out[in->index];
        state->runs = true;
        state->port = in->port;
        state->unreadable = in->unreadable;
        state->files = in->files;
        state->behind_bytes = in->behind_bytes;
        state->partitions = in->partitions;
        state->lag = in->lag;
        state->trouble = in->trouble.us ? in->trouble : state->trouble;
        state->trouble.us -= in->trouble.us ? w->ahead_us : 0;
        state->kernel_drops += in->kernel_drops;
        state->lines += in->lines;
    }
}

static void add_states(struct worker *w, struct worker_checkpoint *c)
{
    if (w->stopping)
        return;
    c->inputs = xcalloc(w->setup.n_inputs, sizeof *c->inputs);
    worker_inputs(w, c->inputs);
}

static struct counts total_counts(const struct worker *w)
{
    struct counts total = w->counts;
    count_add(&total, pipeline_counts(w->pipeline));
    return total;
}

/* Also while the store takes nothing, so that what waits for it shows. */
static void publish_judged(struct worker *w)
{
    struct counts total = total_counts(w);
    const struct count_open none = {0};
    struct count_balance made[COUNT_BALANCES];
    count_balance(&total, &none, made);
    atomic_store_explicit(&w->judged_lines, made[0].in, memory_order_relaxed);
    atomic_store_explicit(&w->judged_events, made[1].in, memory_order_relaxed);
}

static bool add_counts(struct worker *w, struct worker_checkpoint *c)
{
    struct counts total = total_counts(w);
    bool any = false;
    for (unsigned i = 0; i < COUNT_N; i++) {
        c->checkpoint.counts.v[i] = total.v[i] - w->told.v[i];
        any |= c->checkpoint.counts.v[i] != 0;
    }
    w->told = total;
    c->open = pipeline_open(w->pipeline);
    return any;
}

/* With every other change, and now and then without one, so that a crash does not turn it back far. */
static bool add_clock(struct worker *w, struct worker_checkpoint *c)
{
    int64_t clock_us = deadline_event_clock(pipeline_deadlines(w->pipeline));
    bool rows = c->checkpoint.n_deadlines > 0,
         due = clock_us >= 0 && clock_us - w->clock_told_us >= WORKER_CLOCK_S * INT64_C(1000000);
    if (!rows && !due && !c->last)
        return false;
    c->checkpoint.clock_us = w->clock_told_us = clock_us;
    return clock_us >= 0;
}

/* The judge's numbers are the worker's own; what has changed of them goes along. */
static void add_rules(struct worker *w, struct worker_checkpoint *c)
{
    const struct judge *j = pipeline_judge(w->pipeline);
    unsigned n = 0;
    c->issues = flood_gate_issues(pipeline_flood_gate(w->pipeline));
    c->newest_too_old_us = w->newest_too_old_us;
    c->past_issues = (unsigned)w->past_issues.n;
    for (unsigned h = 0; h < j->n_handles; h++)
        n += j->stats[h].asked != w->asked[h];
    c->rules = arena_calloc(&c->arena, n, sizeof *c->rules);
    c->n_rules = 0;
    for (unsigned h = 0; h < j->n_handles; h++) {
        if (j->stats[h].asked != w->asked[h])
            c->rules[c->n_rules++] = (struct worker_rule){h, j->stats[h]};
        w->asked[h] = j->stats[h].asked;
    }
}

static bool has_rows(const struct checkpoint *c)
{
    return c->n_events || c->n_numbers || c->n_positions || c->n_floods || c->n_deadlines || c->n_held || c->n_fates ||
           c->n_issues || c->n_reports;
}

static void note_told(struct worker *w)
{
    for (unsigned i = 0; i < w->n_leaving; i++)
        w->leaving[i].told = true;
    for (unsigned i = 0; i < w->setup.n_inputs; i++)
        if (w->slots[i].use == SLOT_STOPPED)
            w->slots[i].use = SLOT_UNSTORED;
    for (unsigned i = 0; i < w->n_inputs; i++)
        w->inputs[i]->changed = false;
    w->slots_changed = w->shared_changed = false;
}

#define PUT_OFF_US INT64_C(250000)

/* An event for which members are asked is soon decided: till then the checkpoint waits, or it would have to be decided
   without them. */
static bool waits_for_members(struct worker *w)
{
    int64_t now_us = clock_steady_us();
    bool waits =
        !w->stopping && pipeline_undecided(w->pipeline) && (!w->undecided_us || now_us - w->undecided_us < PUT_OFF_US);
    w->undecided_us = !waits ? 0 : w->undecided_us ? w->undecided_us : now_us;
    return waits;
}

/* Everything up to this moment, in one piece; NULL when there is nothing new, or the last one has not been answered.
   The very last does not wait for that: where the store takes nothing, what is lost with it is known all the same. */
struct worker_checkpoint *worker_take_checkpoint(struct worker *w)
{
    publish_judged(w);
    if ((w->under_way && !w->stopping) || waits_for_members(w))
        return NULL;
    pipeline_checkpoint(w->pipeline);
    struct worker_checkpoint *c = worker_next(w);
    worker_add_all_positions(w);
    bool counted = add_counts(w, c), clocked = add_clock(w, c);
    if (!counted && !clocked && !has_rows(&c->checkpoint) && !c->last && !w->wants_answer && !any_changed(w))
        return NULL;
    note_last_lines(w);
    c->generation = w->generation;
    add_states(w, c);
    if (w->shared)
        c->shared = *shared_limits_state(w->shared);
    note_told(w);
    add_rules(w, c);
    w->next = NULL;
    worker_begin_use(w);
    w->under_way++;
    return c;
}

void worker_post_checkpoint(struct worker *w)
{
    struct worker_checkpoint *c = worker_take_checkpoint(w);
    if (c)
        mailbox_post(w->to, &c->mail);
}
