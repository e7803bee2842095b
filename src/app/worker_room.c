/* The worker's room: what inputs and projects may still store, what is lost for want of it, and what the log says. */
#include "app/worker_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* So long there has to be room before that is said: at its bound a store has some now and then. */
enum { QUIET_MS = 5000 };
/* So long an input that can wait has to, without a break, before that is said: repeats make room bit by bit. */
enum { WAITS_MS = 1000 };

/* --- inputs --- */

static void begin_no_room(struct worker *w, unsigned i)
{
    struct worker_slot *slot = &w->slots[i];
    const char *name = w->setup.inputs[i].text;
    slot->state.no_room = true;
    slot->no_room_ms = slot->short_ms;
    slot->overflow_before = slot->state.overflow;
    if (shares_left(&w->room, i))
        log_warn("events are dropped: the store has no room for what cannot wait", log_c("input", name),
                 log_c("hint", "see the errors of the store before this line; TCP waits"));
    else
        log_warn("an input has used up its share of the store", log_c("input", name),
                 log_c("meanwhile", w->room.of[i].waits ? "it is not read" : "its events are dropped and counted"),
                 log_c("hint", "see why events do not leave with `crumbd queue ls`, or raise store_limit"));
}

static void end_no_room(struct worker *w, unsigned i)
{
    struct worker_slot *slot = &w->slots[i];
    slot->state.no_room = false;
    log_info("the store has room again for an input", log_c("input", w->setup.inputs[i].text),
             log_i("after_s", (slot->short_ms - slot->no_room_ms) / 1000),
             log_i("events_dropped", (int64_t)(slot->state.overflow - slot->overflow_before)));
}

static void note_short(struct worker *w, unsigned i)
{
    struct worker_slot *slot = &w->slots[i];
    slot->short_ms = clock_mono_ms();
    if (!slot->state.no_room)
        begin_no_room(w, i);
}

static bool has_waited(const struct worker *w, unsigned i, int64_t now_ms)
{
    return !w->room.of[i].waits || now_ms - w->slots[i].none_since_ms >= WAITS_MS;
}

void worker_tell_room(struct worker *w, unsigned i)
{
    struct worker_slot *slot = &w->slots[i];
    uint64_t left = shares_left(&w->room, i);
    if (left && !slot->state.no_room && !slot->none_since_ms)
        return;
    int64_t now_ms = clock_mono_ms();
    slot->none_since_ms = left ? 0 : slot->none_since_ms ? slot->none_since_ms : now_ms;
    if (!left && (slot->state.no_room || has_waited(w, i, now_ms)))
        note_short(w, i);
    if (slot->state.no_room && left > w->room.of[i].kept_bytes / 4 && now_ms - slot->short_ms >= QUIET_MS)
        end_no_room(w, i);
}

/* --- projects --- */

static struct slice shown(const struct worker *w, unsigned project)
{
    struct slice name = w->room.projects[project].name;
    return name.n ? name : SLICE("default");
}

enum count worker_no_room_for_project(const struct worker *w, struct slice project)
{
    int i = shares_find_project(&w->room, project);
    return i >= 0 && !w->room.projects[i].left_bytes ? COUNT_project_overflow : COUNT_N;
}

static void note_project_lost(struct worker *w, unsigned i)
{
    struct worker_project *p = &w->projects[i];
    if (p->lost++)
        return;
    p->since_ms = clock_mono_ms();
    log_warn("events of a project are dropped: its server takes none, and they fill half of store_limit",
             log_s("project", shown(w, i)),
             log_c("hint", "see why they do not leave with `crumbd queue ls`, or raise store_limit"));
}

/* Taken back when its server takes events again, or those that wait have become much less. */
static void tell_project(struct worker *w, unsigned i)
{
    struct worker_project *p = &w->projects[i];
    if (!p->lost || w->room.projects[i].left_bytes < w->room.limit_bytes / 16)
        return;
    log_info("events of a project are kept again", log_s("project", shown(w, i)),
             log_i("after_s", (clock_mono_ms() - p->since_ms) / 1000), log_i("events_dropped", (int64_t)p->lost));
    p->lost = 0;
}

bool worker_loses_projects(const struct worker *w)
{
    for (unsigned i = 0; i < w->room.n_projects; i++)
        if (w->projects[i].lost)
            return true;
    return false;
}

/* --- both --- */

void worker_note_lost(struct worker *w, const struct notice *n)
{
    int input = shares_find(&w->room, n->input), project = shares_find_project(&w->room, n->project);
    bool of_project = n->cause == COUNT_project_overflow;
    if (n->cause == COUNT_input_overflow && input >= 0)
        note_short(w, (unsigned)input);
    if (of_project && project >= 0)
        note_project_lost(w, (unsigned)project);
    if (input >= 0 && (of_project || n->cause == COUNT_input_overflow))
        w->slots[input].state.overflow++;
}

void worker_use_room(struct worker *w, struct slice input, struct slice project, uint64_t bytes)
{
    int i = shares_find(&w->room, input), k = shares_find_project(&w->room, project);
    if (i >= 0 && !w->room.of[i].waits && !shares_left(&w->room, (unsigned)i))
        w->room.first_bytes -= bytes < w->room.first_bytes ? bytes : w->room.first_bytes;
    shares_take(&w->room, i, bytes);
    shares_take_project(&w->room, k, bytes);
    if (i >= 0)
        w->added[i] += bytes;
    if (k >= 0)
        w->projects[k].added += bytes;
}

void worker_begin_use(struct worker *w)
{
    memset(w->added, 0, w->setup.n_inputs * sizeof *w->added);
    for (unsigned i = 0; i < w->room.n_projects; i++)
        w->projects[i].added = 0;
}

/* The answer knows nothing of what the next checkpoint already holds. */
void worker_take_room(struct worker *w, struct shares *used)
{
    shares_done(&w->room);
    w->room = *used;
    free(used);
    for (unsigned i = 0; i < w->room.n_projects; i++) {
        tell_project(w, i);
        shares_take_project(&w->room, (int)i, w->projects[i].added);
    }
    for (unsigned i = 0; i < w->setup.n_inputs; i++)
        shares_take(&w->room, (int)i, w->added[i]);
}

/* --- a pace that was asked for --- */

/* The due time is that of a bucket: what was not used of the last checkpoint's time may be made up for. */
bool worker_is_ahead(const struct worker *w)
{
    return w->setup.pace_per_s && w->pace_due_us > clock_mono_us();
}

void worker_note_pace(struct worker *w)
{
    int64_t now_us = clock_mono_us(), earliest_us = now_us - WORKER_CHECKPOINT_MS * 1000;
    if (!w->setup.pace_per_s)
        return;
    if (w->pace_due_us < earliest_us)
        w->pace_due_us = earliest_us;
    w->pace_due_us += 1000000 / w->setup.pace_per_s;
}
