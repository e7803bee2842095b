/* The worker's flow: who may go on reading, and what of what cannot wait is dropped. */
#include "app/worker_parts.h"

/* What waits for the lines after it will be stored as well. Whose it is does not matter: it is little, and soon gone.
 */
bool worker_has_room(const struct worker *w, const struct input *in)
{
    size_t promised = in->type->never_waits ? 0 : pipeline_pending(w->pipeline)->bytes;
    return shares_left(&w->room, in->index) > promised;
}

static void pause_input(struct worker *w, struct input *in)
{
    bool full = !worker_has_room(w, in), paused = w->paused || full || worker_is_ahead(w);
    worker_tell_room(w, in->index);
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
    w->wants_answer = w->short_of_room || worker_loses_projects(w);
}

/* Asked for an event that is ready to be stored. What can wait has been read already, and is not read further. What has
 * not come before is stored also where there is no room, as long as repeats can make some. */
enum count worker_room_for_event(void *u, const struct room_asked *asked)
{
    const struct worker *w = u;
    enum count cause = worker_no_room_for_project(w, asked->project);
    int i = shares_find(&w->room, asked->input);
    if (cause != COUNT_N || i < 0 || w->room.of[i].waits)
        return cause;
    bool room = shares_left(&w->room, (unsigned)i) > 0 || (asked->first && w->room.first_bytes);
    return room && !worker_is_behind(w) ? COUNT_N : COUNT_input_overflow;
}
