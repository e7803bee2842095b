/* What watch.h says, with the daemon. */
#include "app/daemon_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/scrub.h"

/* A server may be restarted. */
#define REFUSES_AFTER_US INT64_C(60000000)
#define FULL_EVERY_US INT64_C(2000000)

enum { TEXT_MAX = 400 };

void daemon_watch_done(struct daemon *dm)
{
    free(dm->watch.inputs);
    free(dm->watch.projects);
}

static struct watch_input input_before(const struct watch *w, uint64_t key, uint64_t lines)
{
    for (unsigned i = 0; i < w->n_inputs; i++)
        if (w->inputs[i].key == key)
            return w->inputs[i];
    return (struct watch_input){.key = key, .lines = lines};
}

static struct watch_project project_before(const struct watch *w, uint64_t key)
{
    for (unsigned i = 0; i < w->n_projects; i++)
        if (w->projects[i].key == key)
            return w->projects[i];
    return (struct watch_project){.key = key};
}

void daemon_watch_renew(struct daemon *dm)
{
    struct watch next = dm->watch;
    next.n_inputs = dm->n_inputs;
    next.inputs = xcalloc(next.n_inputs, sizeof *next.inputs);
    for (unsigned i = 0; i < next.n_inputs; i++)
        next.inputs[i] =
            input_before(&dm->watch, slice_hash(slice_str(dm->input_list[i].text), 0), dm->inputs[i].lines);
    next.n_projects = dm->upstream.n;
    next.projects = xcalloc(next.n_projects, sizeof *next.projects);
    for (unsigned i = 0; i < next.n_projects; i++) {
        struct slice name = dm->upstream.projects[i].name;
        next.projects[i] = project_before(&dm->watch, slice_hash(name, 0));
        next.projects[i].name = name;
    }
    daemon_watch_done(dm);
    dm->watch = next;
}

/* --- events --- */

/* False: the store has not taken it; it is tried again. */
static bool store_own(struct daemon *dm, const struct trouble_event *e)
{
    const struct options *opt = &dm->snapshot->settings->options;
    struct scrub *scrub = scrub_new(opt);
    struct arena a = {0};
    struct sbuf payload;
    sbuf_init(&payload, EVENT_BYTES_MAX);
    struct store_event own = {.kind = ITEM_EVENT,
                              .time_us = e->time_us,
                              .level = SLICE("warning"),
                              .project = dm->upstream.n ? dm->upstream.projects[0].name : SLICE(""),
                              .title = scrub_clean(scrub, slice_str(e->text), &a),
                              .payload = trouble_event_write(e, opt, scrub, &payload)};
    memcpy(own.event_id, e->event_id, sizeof own.event_id);
    struct checkpoint c = {.events = &own, .n_events = 1, .counts.v[COUNT_own_events] = 1};
    bool stored = store_commit(dm->store, &c) == STORE_OK;
    if (stored)
        dm->counts.v[COUNT_own_events]++;
    sbuf_done(&payload);
    scrub_free(scrub);
    arena_done(&a);
    return stored;
}

/* The store does not have to take what would make it fuller, so it is asked only while it takes what the worker has. */
static void make_event(struct daemon *dm, struct trouble *t, const char *kind, struct slice about, const char *text)
{
    struct watch *w = &dm->watch;
    char id[33];
    if (!dm->snapshot->settings->health.events || dm->stored != STORE_OK || dm->n_unstored ||
        !trouble_may_make_event(t, &w->budget, clock_steady_us()))
        return;
    event_make_id(id, store_id(dm->store), (uint64_t)dm->start_us, w->made, 0);
    const struct trouble_event e = {
        .event_id = id, .kind = kind, .about = about, .text = text, .time_us = clock_wall_us()};
    if (!store_own(dm, &e))
        return;
    w->made++;
    trouble_event_made(t, &w->budget);
    sender_kick(dm->sender);
}

/* --- what is looked at --- */

static void watch_input(struct daemon *dm, unsigned i, int64_t now_us)
{
    struct watch_input *w = &dm->watch.inputs[i];
    int64_t silent_us = dm->snapshot->settings->health.silent_us;
    const char *name = dm->input_list[i].text;
    char text[TEXT_MAX];
    if (dm->inputs[i].lines != w->lines)
        w->heard_us = now_us;
    w->lines = dm->inputs[i].lines;
    bool silent = silent_us && dm->inputs[i].runs && w->heard_us && now_us - w->heard_us >= silent_us;
    enum trouble_change change = trouble_look(&w->trouble, silent, 0, now_us);
    if (change == TROUBLE_BEGINS)
        log_warn("an input has gone silent", log_c("input", name), log_i("silent_s", (now_us - w->heard_us) / 1000000),
                 log_c("hint", "see whether its senders write, or set health.silent for what may be silent longer"));
    if (change == TROUBLE_BEGINS)
        notifications_trouble(dm->notifications, NOTIFICATION_SOURCE_SILENT, slice_str(name));
    else if (change == TROUBLE_ENDS)
        log_info("a silent input is heard again", log_c("input", name));
    snprintf(text, sizeof text, "crumbd: the input %.200s has gone silent", name);
    make_event(dm, &w->trouble, "silent", slice_str(name), text);
}

/* From two thirds on it fills, which senders alone can reach; below a half it does no more. */
static void watch_store(struct daemon *dm, int64_t now_us)
{
    struct watch *w = &dm->watch;
    uint64_t limit_bytes = dm->store_limit_bytes;
    if (!limit_bytes || now_us - w->full_looked_us < FULL_EVERY_US)
        return;
    w->full_looked_us = now_us;
    w->used_bytes = store_rows_used(dm->store);
    bool fills = w->used_bytes >= (w->full.on ? limit_bytes / 2 : limit_bytes / 3 * 2);
    const struct log_tag tags[] = {log_i("used_bytes", (int64_t)w->used_bytes),
                                   log_i("room_bytes", (int64_t)limit_bytes),
                                   log_c("hint", "see why events do not leave with `crumbd queue ls`")};
    enum trouble_change change = trouble_look(&w->full, fills, 0, now_us);
    if (change == TROUBLE_BEGINS)
        log_write(LOG_WARN, "the store fills: more than two thirds of its room for events are used", tags, 3);
    else if (change == TROUBLE_ENDS)
        log_write(LOG_INFO, "the store has emptied to less than a half of its room for events", tags, 2);
    make_event(dm, &w->full, "store", SLICE(""), "crumbd: the store fills, since events do not leave fast enough");
}

/* That it begins and ends is in the sender's words. */
static void watch_project(struct daemon *dm, unsigned i, int64_t now_us)
{
    struct watch_project *p = &dm->watch.projects[i];
    char text[TEXT_MAX];
    if (trouble_look(&p->trouble, !sender_delivers(dm->sender, i), REFUSES_AFTER_US, now_us) == TROUBLE_BEGINS)
        notifications_trouble(dm->notifications, NOTIFICATION_UPSTREAM_DOWN, p->name.n ? p->name : SLICE("default"));
    snprintf(text, sizeof text, "crumbd: the server of the project %.*s took no events",
             SLICE_ARG(p->name.n ? slice_sub(p->name, 0, 100) : SLICE("default")));
    make_event(dm, &p->trouble, "upstream", p->name, text);
}

void daemon_watch(struct daemon *dm)
{
    int64_t now_us = clock_steady_us();
    if (dm->stopping || dm->setup->drain)
        return;
    for (unsigned i = 0; i < dm->watch.n_inputs; i++)
        watch_input(dm, i, now_us);
    watch_store(dm, now_us);
    for (unsigned i = 0; i < dm->watch.n_projects; i++)
        watch_project(dm, i, now_us);
    daemon_take_counted(dm);
    notifications_losses(dm->notifications, &dm->counts, clock_mono_ms());
}
