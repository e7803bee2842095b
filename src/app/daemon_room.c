/* The daemon's store when it has no room: what makes some, what is lost meanwhile, and what the log says of it. */
#include "app/daemon_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"

/* So long checkpoints have to go in before it is said that they do: a store at its limit takes one now and then. */
static const int64_t QUIET_US = INT64_C(5000000);

/* --- what makes room --- */

/* Returns the bytes that repeats of an input have freed. */
static uint64_t evict(struct daemon *dm, unsigned input, uint64_t bytes)
{
    uint64_t rows = 0, freed = store_evict_repeats(dm->store, dm->shares.of[input].input, bytes, &rows);
    dm->room.evicted[input] += rows;
    return freed;
}

/* As far as repeats can. */
static void make_room_for(struct daemon *dm, struct shares *used, unsigned input)
{
    uint64_t bytes;
    int victim;
    while ((bytes = shares_shortage(used, input)) > 0 && (victim = shares_victim(used, input)) != SHARES_NOBODY) {
        uint64_t freed = evict(dm, (unsigned)victim, bytes);
        shares_give(used, (unsigned)victim, freed);
        used->of[victim].no_repeats = freed < bytes;
    }
}

void daemon_share_room(struct daemon *dm, struct shares *used)
{
    for (unsigned i = 0; dm->sender && i < used->n_projects; i++)
        used->projects[i].delivers = sender_delivers(dm->sender, i);
    shares_judge_projects(used);
    for (unsigned i = 0; dm->store_limit_bytes && i < used->n; i++)
        make_room_for(dm, used, i);
    shares_let_firsts_in(used);
    shares_remember(&dm->shares, used);
}

bool daemon_make_room(struct daemon *dm, const struct checkpoint *c)
{
    uint64_t bytes = 0, freed = 0;
    for (unsigned i = c->n_stored; i < c->n_events; i++)
        bytes += c->events[i].payload.text.n;
    for (unsigned i = 0; freed < bytes && i < dm->shares.n; i++)
        if (!dm->shares.of[i].waits)
            freed += evict(dm, i, bytes - freed);
    return freed > 0;
}

/* --- what is said --- */

static uint64_t dropped(const struct counts *c)
{
    return c->v[COUNT_store_overflow] + c->v[COUNT_input_overflow] + c->v[COUNT_project_overflow] +
           c->v[COUNT_checkpoint_overflow];
}

static unsigned waiting_inputs(const struct daemon *dm)
{
    unsigned n = 0;
    for (unsigned i = 0; i < dm->shares.n; i++)
        n += dm->shares.of[i].waits;
    return n;
}

void daemon_room_init(struct daemon *dm)
{
    dm->room.evicted = xcalloc(dm->n_inputs, sizeof *dm->room.evicted);
    dm->room.lost = xcalloc(dm->n_inputs, sizeof *dm->room.lost);
}

void daemon_room_done(struct daemon *dm)
{
    free(dm->room.evicted);
    free(dm->room.lost);
}

/* How many events of an input have been dropped so far, before the store had them or after. */
static uint64_t lost_of(const struct daemon *dm, unsigned input)
{
    return dm->inputs[input].overflow + dm->room.evicted[input];
}

void daemon_room_renew(struct daemon *dm)
{
    daemon_room_done(dm);
    daemon_room_init(dm);
    for (unsigned i = 0; i < dm->n_inputs; i++)
        dm->room.lost[i] = lost_of(dm, i);
}

void daemon_say_full(struct daemon *dm, enum store_result result)
{
    struct room *room = &dm->room;
    bool full = result == STORE_FULL;
    room->well_us = 0;
    if (room->full)
        return;
    room->full = true;
    room->since_us = clock_wall_us();
    room->dropped = dropped(&dm->counts);
    for (unsigned i = 0; i < dm->n_inputs; i++)
        room->lost[i] = lost_of(dm, i);
    unsigned wait = waiting_inputs(dm);
    log_error(
        full ? "the store is full: files and connections wait until there is room; datagrams are dropped and counted"
             : "the store cannot be written: files and connections wait until it can; datagrams are dropped and "
               "counted",
        log_c("store", dm->setup->settings->store), log_i("inputs_that_wait", wait),
        log_i("inputs_that_do_not", dm->n_inputs - wait),
        log_c("remedy", full ? "free disk space, raise store_limit, or see `crumbd queue ls`"
                             : "check the disk and the rights of the file"));
}

static void say_lost(const struct daemon *dm)
{
    for (unsigned i = 0; i < dm->n_inputs; i++) {
        const struct log_tag tags[] = {log_c("input", dm->input_list[i].text),
                                       log_i("events", (int64_t)(lost_of(dm, i) - dm->room.lost[i]))};
        if (tags[1].num)
            log_listed(LOG_WARN, "events were dropped while the store took none", tags, 2);
    }
}

void daemon_say_room(struct daemon *dm)
{
    struct room *room = &dm->room;
    int64_t now_us = clock_wall_us();
    if (!room->full)
        return;
    if (!room->well_us)
        room->well_us = now_us;
    if (now_us - room->well_us < QUIET_US)
        return;
    log_info("the store takes events again", log_i("after_s", (room->well_us - room->since_us) / 1000000),
             log_i("events_dropped", (int64_t)(dropped(&dm->counts) - room->dropped)));
    say_lost(dm);
    room->full = false;
}
