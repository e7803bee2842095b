/* The worker's inputs: how they start, where they go on, how they end. */
#include "app/worker_parts.h"

#include <stdlib.h>

#include "base/xalloc.h"

static struct input *last_of_type(const struct worker *w, const struct input_type *type)
{
    for (unsigned i = w->n_inputs; i-- > 0;)
        if (w->inputs[i]->type == type)
            return w->inputs[i];
    return NULL;
}

bool worker_start_inputs(struct worker *w, struct diag *d)
{
    bool ok = true;
    w->inputs = xcalloc(w->setup.n_inputs, sizeof *w->inputs);
    for (unsigned i = 0; i < w->setup.n_inputs; i++) {
        const struct input_options *opt = &w->setup.inputs[i];
        const struct input_type *type = input_type_of(opt->kind, opt->transport);
        if (!type) {
            err_add(d, ERR_ERROR, opt->place, "this build cannot read \"%s\"", opt->text);
            ok = false;
            continue;
        }
        struct input *in = type->start(w->base, opt, &w->sink, d), *earlier = last_of_type(w, type);
        if (in) {
            in->index = i;
            w->inputs[w->n_inputs++] = in;
        }
        if (in && earlier && type->after)
            type->after(in, earlier);
        ok &= in != NULL || w->setup.tolerant;
    }
    return ok;
}

void worker_stop_inputs(struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        w->inputs[i]->type->stop(w->inputs[i]);
    free(w->inputs);
    w->inputs = NULL;
    w->n_inputs = 0;
}

void worker_drain_inputs(struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        if (w->inputs[i]->type->drain)
            w->inputs[i]->type->drain(w->inputs[i]);
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
    if (w->caught_up || worker_now_us() - w->start_us > WORKER_CATCH_UP_S * INT64_C(1000000))
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
}

static bool names_an_input(const struct worker *w, struct slice input)
{
    for (unsigned i = 0; i < w->setup.n_inputs; i++)
        if (input_is(&w->setup.inputs[i], input))
            return true;
    return false;
}

/* An input gets its own rows, and those of inputs that are no longer configured. */
void worker_restore(struct worker *w, const struct position *known, unsigned n)
{
    struct position *rows = xcalloc(n, sizeof *rows);
    for (unsigned i = 0; i < w->n_inputs; i++) {
        struct input *in = w->inputs[i];
        unsigned count = 0;
        if (!in->type->restore)
            continue;
        for (unsigned k = 0; k < n; k++)
            if (input_is(&w->setup.inputs[in->index], known[k].input) || !names_an_input(w, known[k].input))
                rows[count++] = known[k];
        in->type->restore(in, rows, count);
    }
    free(rows);
}

struct worker_checkpoint *worker_look(struct worker *w)
{
    for (unsigned i = 0; i < w->n_inputs; i++) {
        if (w->inputs[i]->type->look)
            w->inputs[i]->type->look(w->inputs[i]);
    }
    return worker_take_checkpoint(w);
}
