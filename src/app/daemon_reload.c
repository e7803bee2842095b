#include "app/daemon_parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "app/confine.h"
#include "app/notify.h"
#include "app/settings_follow.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "io/in_tail.h"

/* One reload, from the signal to the set that is taken or refused. */
struct attempt {
    struct daemon *dm;
    struct diag d;
    struct settings *settings;
    struct snapshot *snapshot;
    struct worker_set set;
    int *before;
    struct input_state *states;
    bool taken;
};

static void attempt_free(struct attempt *a)
{
    err_done(&a->d);
    snapshot_unref(a->snapshot);
    settings_unref(a->settings);
    free(a->before);
    free(a->states);
    free(a);
}

static void reload_begin(struct daemon *dm);

/* --- on the loader's thread --- */

/* What the sandbox does not let read, or bind, would fail when the set before is gone. */
static bool may_be_opened(const struct attempt *a, struct diag *d)
{
    unsigned errors = d->errors;
    for (unsigned i = 0; i < a->set.n_inputs; i++) {
        const struct input_options *in = &a->set.inputs[i];
        const char *why =
            a->before[i] < 0 ? confine_why_not(a->dm->sandbox, in, a->dm->input_list, a->dm->n_inputs) : NULL;
        if (!input_type_of(in->kind, in->transport))
            err_add(d, ERR_ERROR, in->place, "this build cannot read \"%s\"", in->text);
        else if (why)
            err_add(d, ERR_ERROR, in->place, "%s: %s, so a restart is needed", in->text, why);
        else if (a->before[i] < 0 && input_traits[in->kind].follows_files && !in->awaited)
            tail_check(in, d);
    }
    return d->errors == errors;
}

static void reload_load(void *u)
{
    struct attempt *a = u;
    const struct snapshot *now = a->dm->snapshot; /* stays while this runs */
    const struct snapshot_rules rules = {.warn = true,
                                         .without_sources = true,
                                         .trace_samples = true,
                                         .samples = true,
                                         .code_later = true,
                                         .before = now};
    a->settings = settings_load(a->dm->setup->config, &a->d);
    if (!a->settings || a->d.errors)
        return;
    a->set = (struct worker_set){.settings = a->settings,
                                 .inputs = a->settings->inputs,
                                 .n_inputs = a->settings->n_inputs + a->settings->n_awaited};
    a->before = xcalloc(a->set.n_inputs, sizeof *a->before);
    settings_match_inputs(now->settings, a->settings, a->before);
    if (settings_may_follow(now->settings, a->settings, &a->d) && may_be_opened(a, &a->d) &&
        confine_may_read(a->dm->sandbox, a->settings, &a->d))
        a->set.snapshot = a->snapshot = snapshot_load(a->settings, &rules, &a->d);
}

static void reload_take(void *u)
{
    struct attempt *a = u;
    a->set.before = a->before;
    a->taken = worker_change(a->dm->worker, &a->set, a->states, &a->d);
}

/* --- how it ends --- */

static const struct err *first_error(const struct diag *d)
{
    for (unsigned i = 0; i < d->n; i++)
        if (d->v[i].kind == ERR_ERROR)
            return &d->v[i];
    return NULL;
}

static void note_why(struct reload *r, const struct diag *d)
{
    const struct err *e = first_error(d);
    if (!e)
        snprintf(r->why, sizeof r->why, "it could not be read");
    else if (!e->file)
        snprintf(r->why, sizeof r->why, "%s", e->text);
    else if (!e->line)
        snprintf(r->why, sizeof r->why, "%s: %s", e->file, e->text);
    else
        snprintf(r->why, sizeof r->why, "%s:%u:%u: %s", e->file, e->line, e->col, e->text);
}

/* The next one, or what was asked for meanwhile. */
static void reload_end(struct daemon *dm)
{
    struct reload *r = &dm->reload;
    bool again = r->again;
    r->busy = r->again = false;
    notify_send("READY=1");
#ifdef __GLIBC__
    malloc_trim(0); /* what compiling took and gave back */
#endif
    if (again && !dm->stopping)
        reload_begin(dm);
}

static void refuse(struct daemon *dm, const struct attempt *a)
{
    struct reload *r = &dm->reload;
    r->refused++;
    r->refused_us = clock_wall_us();
    note_why(r, &a->d);
    log_error("the reload is refused, and what was in force stays so", log_c("why", r->why),
              log_i("errors", a->d.errors), log_c("see", "crumbd check"));
    reload_end(dm);
}

static void say_taken(const struct daemon *dm, const struct attempt *a)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < a->set.n_inputs; i++)
        kept += a->before[i] >= 0;
    log_info("settings and rules are reloaded", log_c("config", a->settings->path ? a->settings->path : "none"),
             log_i("rules", a->snapshot->rules->n), log_i("inputs", a->set.n_inputs), log_i("inputs_kept", kept),
             log_i("warnings", a->d.warnings), log_i("ms", clock_mono_ms() - dm->reload.began_ms));
}

/* --- taking it --- */

static void use_upstream(struct daemon *dm, const struct attempt *a)
{
    struct upstream next;
    if (settings_same_upstream(dm->upstream_of, a->settings) || !upstream_init(&next, a->settings, &(struct diag){0}))
        return;
    sender_free(dm->sender); /* what is on its way is sent again, under the same ids */
    upstream_done(&dm->upstream);
    dm->upstream = next;
    settings_unref(dm->upstream_of);
    dm->upstream_of = settings_ref(a->settings);
    daemon_open_sender(dm);
}

static void note_to_begin(struct daemon *dm, const struct attempt *a)
{
    struct reload *r = &dm->reload;
    free(r->to_begin);
    r->to_begin = xcalloc(a->set.n_inputs, sizeof *r->to_begin);
    for (unsigned i = 0; i < a->set.n_inputs; i++)
        r->to_begin[i] = a->before[i] < 0 && !a->states[i].runs;
}

/* The worker has it: now the others. */
static void adopt(struct daemon *dm, struct attempt *a)
{
    struct snapshot *before = dm->snapshot;
    dm->snapshot = a->snapshot;
    dm->input_list = a->set.inputs;
    dm->n_inputs = a->set.n_inputs;
    free(dm->inputs);
    dm->inputs = a->states;
    note_to_begin(dm, a);
    a->snapshot = NULL;
    a->states = NULL;
    daemon_make_room_for_rules(dm);
    daemon_use_store(dm, a->settings);
    daemon_room_renew(dm);
    use_upstream(dm, a);
    daemon_watch_renew(dm);
    notifications_use(dm->notifications, a->settings);
    daemon_grouping(dm, a->settings);
    snapshot_unref(before);
    dm->reload.generation++;
    dm->reload.taken++;
    dm->reload.taken_us = clock_wall_us();
}

static void daemon_on_taken(void *u)
{
    struct attempt *a = u;
    struct daemon *dm = a->dm;
    dm->reload.applying = false;
    if (a->taken) {
        say_taken(dm, a);
        adopt(dm, a);
    } else {
        shares_done(a->set.used);
        free(a->set.used);
        refuse(dm, a);
    }
    attempt_free(a);
    dm->reload.go_on(dm);
}

static void daemon_on_loaded(void *u)
{
    struct attempt *a = u;
    struct daemon *dm = a->dm;
    if (dm->stopping) {
        attempt_free(a);
    } else if (!a->snapshot || a->d.errors) {
        refuse(dm, a);
        attempt_free(a);
    } else {
        a->states = xcalloc(a->set.n_inputs, sizeof *a->states);
        a->set.used = daemon_measure_for(dm, a->settings);
        dm->reload.applying = true;
        loader_give(dm->reload.loader, reload_take, daemon_on_taken, a);
    }
}

/* --- asking for it --- */

static void reload_begin(struct daemon *dm)
{
    struct attempt *a = xcalloc(1, sizeof *a);
    char state[64];
    a->dm = dm;
    dm->reload.busy = true;
    dm->reload.began_ms = clock_mono_ms();
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono_us());
    notify_send(state);
    loader_give(dm->reload.loader, reload_load, daemon_on_loaded, a);
}

void daemon_reload(struct daemon *dm)
{
    if (dm->stopping)
        return;
    if (!dm->reload.loader)
        log_warn("SIGHUP is ignored: a run that reads standard input or old files alone ends with them");
    else if (dm->reload.busy || dm->reload.coded)
        dm->reload.again = true;
    else
        reload_begin(dm);
}

/* --- code of patterns that are matched often --- */

static void reload_make_code(void *u)
{
    const struct daemon *dm = u;
    snapshot_make_code(dm->reload.coded);
}

static void daemon_on_coded(void *u)
{
    struct daemon *dm = u;
    struct reload *r = &dm->reload;
    bool again = r->again;
    snapshot_unref(r->coded);
    r->coded = NULL;
    r->again = false;
    if (again && !dm->stopping)
        reload_begin(dm);
}

void daemon_make_code(struct daemon *dm)
{
    struct reload *r = &dm->reload;
    if (!r->loader || r->busy || r->coded || dm->stopping || !snapshot_wants_code(dm->snapshot))
        return;
    r->coded = snapshot_ref(dm->snapshot);
    loader_give(r->loader, reload_make_code, daemon_on_coded, dm);
}

void daemon_make_code_end(struct daemon *dm)
{
    if (dm->reload.coded)
        snapshot_unref(dm->reload.coded);
    dm->reload.coded = NULL;
}

/* --- the inputs that go on where the store says --- */

static void begin_input(struct daemon *dm, unsigned i)
{
    const struct input_options *in = &dm->input_list[i];
    struct positions known = {0};
    char *name = xasprintf("%s%s", input_traits[in->kind].position_prefix ? input_traits[in->kind].position_prefix : "",
                           in->text);
    store_positions(dm->store, positions_add, &known);
    worker_start_input(dm->worker, slice_str(name), &known);
    free(name);
}

void daemon_reload_stored(struct daemon *dm, unsigned generation)
{
    struct reload *r = &dm->reload;
    if (!r->to_begin || generation != r->generation)
        return;
    for (unsigned i = 0; i < dm->n_inputs && !dm->stopping; i++)
        if (r->to_begin[i])
            begin_input(dm, i);
    free(r->to_begin);
    r->to_begin = NULL;
    reload_end(dm);
}
