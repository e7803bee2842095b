/* Another set of settings, rules and inputs for a worker that runs: what did not change goes on as it is. */
#include "app/worker_parts.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "io/listen.h"

/* How long inputs that are read no longer are drained, all of them together: the others wait. */
enum { CHANGE_DRAIN_MS = 200 };

/* Where reading goes on says the store, once it has the positions of the input before it (worker_start_input). */
static bool begins_at_once(const struct input_options *opt)
{
    return !input_type_of(opt->kind, opt->transport)->restore;
}

static void stop_opened(struct input **opened, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (opened[i])
            opened[i]->type->stop(opened[i]);
}

static bool is_kept(const struct worker_set *next, unsigned old)
{
    for (unsigned i = 0; i < next->n_inputs; i++)
        if (next->before[i] == (int)old)
            return true;
    return false;
}

/* Sockets of inputs that end may go over to others, with what is in them. */
static void lend_sockets(const struct worker *w, const struct worker_set *next)
{
    for (unsigned i = 0; i < w->setup.n_inputs; i++)
        if (input_listens(&w->setup.inputs[i]) && !is_kept(next, i))
            listen_lend(w->setup.inputs[i].text);
}

/* False: one cannot be opened, and none has been. */
static bool open_new(struct worker *w, const struct worker_set *next, struct input **opened, struct diag *d)
{
    for (unsigned i = 0; i < next->n_inputs; i++) {
        const struct input_options *opt = &next->inputs[i];
        if (next->before[i] >= 0 || !begins_at_once(opt))
            continue;
        opened[i] = input_type_of(opt->kind, opt->transport)->start(w->base, opt, &w->sink, d);
        if (!opened[i]) {
            stop_opened(opened, i);
            return false;
        }
        opened[i]->index = i;
    }
    return true;
}

/* From the last to the first, as they stand one behind the other. */
static void end_others(struct worker *w, const struct worker_set *next)
{
    int64_t end_ms = clock_mono_ms() + CHANGE_DRAIN_MS;
    for (unsigned at = w->n_inputs; at-- > 0;) {
        unsigned old = w->inputs[at]->index;
        /* What still lies in a socket that goes on is the new one's. */
        bool goes_on = w->inputs[at]->type->never_waits && listen_is_taken(w->setup.inputs[old].text);
        if (!is_kept(next, old))
            worker_end_input(w, at, goes_on ? 0 : end_ms);
    }
}

/* The slot of the set before whose numbers the input goes on with. -1: it is new. */
static int slot_before(const struct worker *w, const struct worker_set *next, unsigned i)
{
    if (next->before[i] >= 0)
        return next->before[i];
    for (unsigned k = 0; k < w->setup.n_inputs; k++)
        if (w->setup.inputs[k].kind == next->inputs[i].kind &&
            strcmp(w->setup.inputs[k].text, next->inputs[i].text) == 0)
            return (int)k;
    return -1;
}

static struct worker_slot slot_of(const struct worker *w, const struct worker_set *next, unsigned i)
{
    int old = slot_before(w, next, i);
    struct worker_slot slot = {.use = SLOT_EMPTY};
    if (next->before[i] >= 0)
        return w->slots[old];
    if (old >= 0)
        slot.state = w->slots[old].state;
    slot.state.no_room = false;
    slot.of = settings_ref(next->settings);
    return slot;
}

static void number_again(struct worker *w, const struct worker_set *next)
{
    for (unsigned k = 0; k < w->n_inputs; k++) {
        unsigned old = w->inputs[k]->index;
        for (unsigned i = 0; i < next->n_inputs; i++)
            if (next->before[i] == (int)old)
                w->inputs[k]->index = i;
    }
}

static void take_slots(struct worker *w, const struct worker_set *next)
{
    struct worker_slot *slots = xcalloc(next->n_inputs, sizeof *slots);
    uint64_t *added = xcalloc(next->n_inputs, sizeof *added);
    for (unsigned i = 0; i < next->n_inputs; i++) {
        int old = slot_before(w, next, i);
        slots[i] = slot_of(w, next, i);
        added[i] = old >= 0 ? w->added[old] : 0;
    }
    for (unsigned i = 0; i < w->setup.n_inputs; i++)
        if (!is_kept(next, i))
            settings_unref(w->slots[i].of);
    number_again(w, next);
    free(w->slots);
    free(w->added);
    w->slots = slots;
    w->added = added;
    w->setup.inputs = next->inputs;
    w->setup.n_inputs = next->n_inputs;
    w->inputs = xrealloc(w->inputs, next->n_inputs, sizeof *w->inputs);
}

/* What the checkpoint that is being filled has of each project. */
static void take_projects(struct worker *w, const struct shares *used)
{
    struct worker_project *projects = xcalloc(used->n_projects + 1, sizeof *projects);
    for (unsigned i = 0; i < used->n_projects; i++) {
        int old = shares_find_project(&w->room, used->projects[i].name);
        if (old >= 0)
            projects[i] = w->projects[old];
    }
    free(w->projects);
    w->projects = projects;
}

static void take_opened(struct worker *w, struct input **opened)
{
    for (unsigned i = 0; i < w->setup.n_inputs; i++)
        if (opened[i]) {
            w->slots[i].use = SLOT_RUNS;
            w->inputs[w->n_inputs++] = opened[i];
        }
}

static bool change(struct worker *w, const struct worker_set *next, struct diag *d)
{
    struct input **opened = xcalloc(next->n_inputs, sizeof *opened);
    lend_sockets(w, next);
    bool ok = open_new(w, next, opened, d);
    if (ok) {
        end_others(w, next);
        take_slots(w, next);
        take_opened(w, opened);
        take_projects(w, next->used);
        worker_take_room(w, next->used);
        worker_use_snapshot(w, snapshot_ref(next->snapshot));
        w->generation++;
        w->slots_changed = true;
    }
    listen_lend(NULL);
    free(opened);
    return ok;
}

bool worker_change(struct worker *w, const struct worker_set *next, struct input_state *states, struct diag *d)
{
    worker_park(w);
    bool ok = change(w, next, d);
    if (ok)
        worker_inputs(w, states);
    worker_go_on(w);
    return ok;
}
