/* The worker's inputs: how they start, where they go on, how they end. */
#include "app/worker_parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/clock.h"

enum { WORKER_DRAIN_MS = 2000 }; /* what the kernel holds at the end, of all inputs together */

static struct input *last_of_type(const struct worker *w, const struct input_type *type)
{
    for (unsigned i = w->n_inputs; i-- > 0;)
        if (w->inputs[i]->type == type)
            return w->inputs[i];
    return NULL;
}

static void note_not_started(struct worker *w, unsigned i, const struct diag *d)
{
    struct input_trouble *t = &w->slots[i].state.trouble;
    t->us = clock_wall_us();
    snprintf(t->text, sizeof t->text, "%s", d->n ? d->v[d->n - 1].text : "it cannot be started");
    w->slots_changed = true;
}

static struct input *start_at(struct worker *w, unsigned i, struct diag *d)
{
    const struct input_options *opt = &w->setup.inputs[i];
    const struct input_type *type = input_type_of(opt->kind, opt->transport);
    struct input *earlier = last_of_type(w, type), *in = type->start(w->base, opt, &w->sink, d);
    if (!in) {
        note_not_started(w, i, d);
        return NULL;
    }
    w->slots[i].noted_lines = 0;
    in->index = i;
    w->inputs[w->n_inputs++] = in; /* in the order in which they began, which is that of the chain `after` makes */
    w->slots[i].use = SLOT_RUNS;
    if (earlier && type->after)
        type->after(in, earlier);
    return in;
}

bool worker_start_inputs(struct worker *w, struct diag *d)
{
    bool ok = true;
    w->inputs = xcalloc(w->setup.n_inputs, sizeof *w->inputs);
    w->slots = xcalloc(w->setup.n_inputs, sizeof *w->slots);
    for (unsigned i = 0; i < w->setup.n_inputs; i++) {
        const struct input_options *opt = &w->setup.inputs[i];
        if (!input_type_of(opt->kind, opt->transport)) {
            err_add(d, ERR_ERROR, opt->place, "this build cannot read \"%s\"", opt->text);
            ok = false;
            continue;
        }
        ok &= start_at(w, i, d) != NULL || w->setup.tolerant;
    }
    return ok;
}

/* Its last rows have been put; some wait for them to be stored. */
static void stop_input(struct worker *w, struct input *in)
{
    if (!in->type->leave) {
        in->type->stop(in);
        return;
    }
    in->type->leave(in);
    w->leaving = xroom(w->leaving, w->n_leaving, sizeof *w->leaving);
    w->leaving[w->n_leaving++] = (struct worker_leaving){.in = in};
}

void worker_end_leaving(struct worker *w, bool stored)
{
    unsigned left = 0;
    for (unsigned i = 0; i < w->n_leaving; i++) {
        struct input *in = w->leaving[i].in;
        if (w->under_way || (stored && !w->leaving[i].told)) {
            w->leaving[left++] = w->leaving[i];
            continue;
        }
        if (stored && in->type->stored)
            in->type->stored(in);
        in->type->stop(in);
    }
    w->n_leaving = left;
}

void worker_stop_inputs(struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        stop_input(w, w->inputs[i]);
    free(w->inputs);
    w->inputs = NULL;
    w->n_inputs = 0;
}

static void drain(struct worker *w, struct input *in, int64_t end_ms)
{
    uint64_t before = w->counts.v[COUNT_unread];
    if (in->type->drain)
        in->type->drain(in, end_ms);
    if (w->counts.v[COUNT_unread] > before)
        log_warn("messages that had come are lost: the time to read them at the end was over",
                 log_c("input", w->setup.inputs[in->index].text),
                 log_i("messages", (int64_t)(w->counts.v[COUNT_unread] - before)));
}

/* Each has its part of the time, and what those before it did not need: the end itself is waited for for a while only
 * (daemon.c). */
void worker_drain_inputs(struct worker *w)
{
    int64_t begin_ms = clock_mono_ms();
    for (unsigned i = 0; i < w->n_inputs; i++)
        drain(w, w->inputs[i], begin_ms + WORKER_DRAIN_MS * (i + 1) / w->n_inputs);
}

bool worker_is_drained(const struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        if (!w->inputs[i]->type->drained(w->inputs[i]))
            return false;
    return true;
}

/* What was written before the start may hold the very line that is waited for. */
bool worker_has_caught_up(const struct worker *w)
{
    if (w->caught_up || clock_steady_us() - w->start_us > WORKER_CATCH_UP_S * INT64_C(1000000))
        return true;
    for (unsigned i = 0; i < w->n_inputs; i++) {
        struct input *in = w->inputs[i];
        if (in->type->behind && in->type->behind(in))
            return false;
    }
    return true;
}

void worker_tell_stored(struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        if (w->inputs[i]->type->stored)
            w->inputs[i]->type->stored(w->inputs[i]);
    for (unsigned i = 0; i < w->setup.n_inputs; i++)
        if (w->slots[i].use == SLOT_UNSTORED)
            w->slots[i].use = SLOT_EMPTY;
}

static bool names_an_input(const struct worker *w, struct slice input)
{
    for (unsigned i = 0; i < w->setup.n_inputs; i++)
        if (input_is(&w->setup.inputs[i], input))
            return true;
    return false;
}

/* An input gets its own rows, and those of inputs that are no longer configured. */
static void restore(struct worker *w, struct input *in, const struct position *known, unsigned n)
{
    if (!in->type->restore)
        return;
    struct position *rows = xcalloc(n, sizeof *rows);
    unsigned count = 0;
    for (unsigned k = 0; k < n; k++)
        if (input_is(&w->setup.inputs[in->index], known[k].input) || !names_an_input(w, known[k].input))
            rows[count++] = known[k];
    in->type->restore(in, rows, count);
    free(rows);
}

void worker_restore(struct worker *w, const struct positions *known)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        restore(w, w->inputs[i], known->v, known->n);
}

struct worker_checkpoint *worker_look(struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++) {
        if (w->inputs[i]->type->look)
            w->inputs[i]->type->look(w->inputs[i]);
    }
    return worker_take_checkpoint(w);
}

/* --- one of them, while the others run --- */

static void begin_one(struct worker *w, unsigned i, const struct positions *known)
{
    struct diag d = {0};
    struct input *in = start_at(w, i, &d);
    if (in) {
        restore(w, in, known->v, known->n);
        if (in->type->look)
            in->type->look(in);
        w->slots_changed = true;
        w->caught_up = false; /* what was written meanwhile may hold a line that is waited for */
        w->start_us = clock_steady_us();
        log_info("an input is read", log_c("input", w->setup.inputs[i].text));
    } else {
        log_error("an input cannot be started", log_c("input", w->setup.inputs[i].text),
                  log_c("why", d.n ? d.v[0].text : "unknown"));
    }
    err_done(&d);
}

void worker_start_named(struct worker *w, struct slice name, const struct positions *known)
{
    for (unsigned i = 0; i < w->setup.n_inputs; i++) {
        if (!input_is(&w->setup.inputs[i], name) || w->slots[i].use == SLOT_RUNS)
            continue;
        assert(w->slots[i].use == SLOT_EMPTY);
        begin_one(w, i, known);
    }
}

/* Its last positions are put where the events of its last messages are, so that both are stored or neither. */
void worker_end_input(struct worker *w, unsigned at, int64_t drain_end_ms)
{
    struct input *in = w->inputs[at];
    struct worker_slot *slot = &w->slots[in->index];
    if (drain_end_ms)
        drain(w, in, drain_end_ms);
    pipeline_let_go(w->pipeline);
    worker_add_positions(w, in);
    slot->use = SLOT_STOPPED;
    slot->state.kernel_drops += in->kernel_drops;
    slot->state.no_room = false;
    uint64_t lines = in->lines - w->counts.v[COUNT_lines_in]; /* with those that the stop hands on */
    stop_input(w, in);
    slot->state.lines += lines + w->counts.v[COUNT_lines_in];
    w->n_inputs--;
    for (; at < w->n_inputs; at++)
        w->inputs[at] = w->inputs[at + 1];
    w->slots_changed = true;
    log_info("an input is no longer read", log_c("input", w->setup.inputs[slot - w->slots].text));
}

void worker_stop_named(struct worker *w, struct slice name)
{
    for (unsigned at = w->n_inputs; at-- > 0;)
        if (input_is(&w->setup.inputs[w->inputs[at]->index], name))
            worker_end_input(w, at, clock_mono_ms() + WORKER_DRAIN_MS);
}
