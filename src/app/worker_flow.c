/* The worker's flow: who may go on reading, and what of what cannot wait is dropped. */
#include "app/worker_parts.h"

#include <stdlib.h>

#include "base/log.h"

/* What waits for the lines after it will be stored as well. Whose it is does not matter: it is little, and soon gone.
 */
bool worker_has_room(const struct worker *w, const struct input *in)
{
    size_t promised = in->type->never_waits ? 0 : pipeline_pending(w->pipeline)->bytes;
    return shares_left(&w->room, in->index) > promised;
}

static void say_room(const struct input *in, bool no_room, const char *input)
{
    if (no_room)
        log_warn("an input has used up its share of the store", log_c("input", input),
                 log_c("meanwhile", in->type->never_waits ? "its events are dropped and counted" : "it is not read"),
                 log_c("hint", "see why events do not leave with `crumbd queue ls`, or raise store_limit"));
    else
        log_info("the store has room again for an input", log_c("input", input));
}

/* Said when nothing is left, and taken back when there is more than the next event brings. */
static void tell_room(struct worker *w, struct input *in)
{
    uint64_t left = shares_left(&w->room, in->index);
    bool *no_room = &w->slots[in->index].state.no_room,
         changes = *no_room ? left > w->room.of[in->index].kept_bytes / 4 : left == 0;
    if (!changes)
        return;
    *no_room = !*no_room;
    say_room(in, *no_room, w->setup.inputs[in->index].text);
}

static void pause_input(struct worker *w, struct input *in)
{
    bool full = !worker_has_room(w, in), paused = w->paused || full;
    tell_room(w, in);
    w->short_of_room |= full || w->slots[in->index].state.no_room;
    if (paused != in->paused)
        in->type->pause(in, paused);
    in->paused = paused;
}

void worker_check_pressure(struct worker *w)
{
    if (w->stopping) /* what inputs hand on as they stop is in the last checkpoint, and some of them are gone */
        return;
    if (w->next && w->next->arena.total_bytes > WORKER_CHECKPOINT_BYTES)
        worker_post_checkpoint(w);
    w->paused = worker_is_behind(w);
    pipeline_stall(w->pipeline, w->paused);
    w->short_of_room = false;
    for (unsigned i = 0; i < w->n_inputs; i++)
        pause_input(w, w->inputs[i]);
}

/* Asked for an event that is ready to be stored. What can wait has been read already, and is not read further. */
enum count worker_room_for_event(void *u, const struct room_asked *asked)
{
    const struct worker *w = u;
    int i = shares_find(&w->room, asked->input);
    if (i < 0 || !input_type_of(w->setup.inputs[i].kind, w->setup.inputs[i].transport)->never_waits)
        return COUNT_N;
    return shares_left(&w->room, (unsigned)i) > 0 && !worker_is_behind(w) ? COUNT_N : COUNT_input_overflow;
}

void worker_count_overflow(struct worker *w, struct slice input)
{
    int index = shares_find(&w->room, input);
    if (index >= 0)
        w->slots[index].state.overflow++;
}

/* The answer knows nothing of what the next checkpoint already holds. */
void worker_take_room(struct worker *w, struct shares *used)
{
    shares_done(&w->room);
    w->room = *used;
    free(used);
    for (unsigned i = 0; i < w->setup.n_inputs; i++)
        shares_take(&w->room, (int)i, w->added[i]);
}
