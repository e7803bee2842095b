/* What the daemon serves over HTTP: facts gathered for the status page (routes.h), and whether it is ready. */
#include "app/daemon_parts.h"

#include "app/routes.h"
#include "base/log.h"

/* One input alone leaves the others their share. */
static bool all_without_room(const struct daemon *dm)
{
    unsigned running = 0, full = 0;
    for (unsigned i = 0; i < dm->n_inputs; i++) {
        running += dm->inputs[i].runs;
        full += dm->inputs[i].runs && dm->inputs[i].no_room;
    }
    return running > 0 && full == running;
}

static const char *why_not_ready(const struct daemon *dm)
{
    bool full = dm->stored == STORE_FULL || all_without_room(dm);
    return dm->stopping ? "crumbd is stopping"
           : full       ? "the store is full: reading waits until there is room"
           : dm->stored == STORE_FAILED
               ? "the store cannot be written: reading waits until it can; crumbd's log says why"
               : health_why_not_reading(&dm->health);
}

struct status daemon_status(struct daemon *dm, struct turn *turn)
{
    const struct settings *s = dm->snapshot->settings;
    daemon_take_counted(dm);
    bool worker_is_busy = dm->worker && !dm->reload.applying && worker_turn(dm->worker, turn);
    return (struct status){.now_us = clock_wall_us(),
                           .start_us = dm->start_us,
                           .ahead_us = clock_steady_us() - clock_wall_us(),
                           .config = s->path,
                           .store_path = dm->store_path,
                           .dsn_from = s->dsn ? s->dsn_from : NULL,
                           .rules = dm->snapshot->rules,
                           .rule_stats = dm->rule_stats,
                           .issues = dm->issues,
                           .shared = &dm->shared,
                           .inputs = dm->input_list,
                           .n_inputs = dm->n_inputs,
                           .states = dm->inputs,
                           .evicted = dm->room.evicted,
                           .not_ready = why_not_ready(dm),
                           .not_healthy = health_why_sick(&dm->health),
                           .turn = worker_is_busy ? turn : NULL,
                           .counts = &dm->counts,
                           .open = dm->open,
                           .waiting = daemon_waiting(dm),
                           .store_limit_bytes = s->store_limit_bytes,
                           .reload = &dm->reload,
                           .watch = &dm->watch,
                           .live = dm->live,
                           .sender = dm->sender};
}

static void daemon_http_on_http(void *u, const struct http_request *req, struct http_answer *a)
{
    struct daemon *dm = u;
    struct turn turn;
    struct status status = daemon_status(dm, &turn);
    routes_answer(&status, dm->store, req, a);
}

static struct http *open_one(struct daemon *dm, const struct settings_http *at, bool probes_only, const char *missing)
{
    const struct settings *s = dm->setup->settings;
    const struct http_setup setup = {.host = at->host,
                                     .port = at->port,
                                     .names = s->http_names,
                                     .n_names = s->n_http_names,
                                     .token = s->http_token,
                                     .probes_only = probes_only,
                                     .answer = daemon_http_on_http,
                                     .u = dm};
    struct diag d = {0};
    struct http *h = at->host ? http_new(dm->base, &setup, &d) : NULL;
    /* A wrapped command often reads the configuration of the daemon beside it, which has the port. */
    if (at->host && !h)
        log_at(dm->setup->own_store ? LOG_INFO : LOG_WARN, missing, log_c("why", d.n ? d.v[0].text : "unknown"));
    err_done(&d);
    return h;
}

/* What nobody configured must not fight over a port: `crumbd -` and `crumbd exec` run in any number. */
void daemon_open_http(struct daemon *dm)
{
    const struct settings *s = dm->setup->settings;
    if (!s->path && dm->setup->drain)
        return;
    dm->http = open_one(dm, &s->http, false, "there is no status page");
    dm->probes = open_one(dm, &s->probes, true, "there are no probes");
    if (dm->http && !http_is_local(dm->http) && !s->http_token)
        log_warn("the status page stays closed: its address is not loopback and there is no http_token_file; only "
                 "health and metrics are "
                 "served",
                 log_c("http", http_text(dm->http)), log_c("remedy", "name a file with a token in http_token_file"));
}
