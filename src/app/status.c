#include "app/status.h"

#include <inttypes.h>

#include "app/prom_text.h"
#include "base/version.h"

enum { LIVE_INPUTS_MAX = 256 }; /* the stream tells of no more: /api/inputs has all */

const char *status_state(const struct store_row *r)
{
    static const char *const names[] = {
        [STORE_STATE_OPEN] = "open", [STORE_STATE_READY] = "ready", [STORE_STATE_DEAD] = "dead"};
    return r->damaged ? "damaged" : names[r->state];
}

/* --- metrics (Prometheus, exposition formats, text 0.0.4) --- */

static void put_health_metrics(const struct status *s, struct sbuf *out)
{
    const struct watch *w = s->watch;
    prom_text_gauge(out, "outbox_fills", w->full.on,
                    "1 from two thirds of the room for events on until less than a half is used");
    prom_text_head(out, "upstream_refuses", "", "gauge",
                   "1 while the server of a project takes no events for over a minute");
    for (unsigned i = 0; i < w->n_projects; i++) {
        sbuf_adds(out, SLICE("crumbd_upstream_refuses{project=\""));
        prom_text_label(out, w->projects[i].name);
        sbuf_addf(out, "\"} %d\n", w->projects[i].trouble.on);
    }
}

static void put_reload_metrics(const struct status *s, struct sbuf *out)
{
    const struct reload *r = s->reload;
    prom_text_gauge(out, "config_last_reload_successful", r->taken_us >= r->refused_us,
                    "0 when the last reload was refused, which the status page and the log explain; else 1");
    prom_text_head(out, "config_last_reload_success_timestamp_seconds", "", "gauge",
                   "Unix time at which the configuration in force was taken");
    sbuf_adds(out, SLICE("crumbd_config_last_reload_success_timestamp_seconds "));
    prom_text_seconds(out, r->taken_us ? r->taken_us : s->start_us);
    prom_text_head(out, "reloads", "_total", "counter", "reloads that were asked for, by what became of them");
    sbuf_addf(out, "crumbd_reloads_total{result=\"taken\"} %" PRIu64 "\n", r->taken);
    sbuf_addf(out, "crumbd_reloads_total{result=\"refused\"} %" PRIu64 "\n", r->refused);
}

void status_metrics(const struct status *s, struct sbuf *out)
{
    for (unsigned i = 0; i < COUNT_N; i++) {
        prom_text_head(out, count_rows[i].name, "_total", "counter", count_rows[i].help);
        sbuf_addf(out, "crumbd_%s_total %" PRIu64 "\n", count_rows[i].name, s->counts->v[i]);
    }
    prom_text_head(out, "all_runs", "_total", "counter",
                   "each of the counts above over all runs of this store, killed ones too, as far as it was stored");
    for (unsigned i = 0; i < COUNT_N; i++)
        sbuf_addf(out, "crumbd_all_runs_total{count=\"%s\"} %" PRIu64 "\n", count_rows[i].name, s->all_runs.v[i]);
    status_input_metrics(s, out);
    prom_text_head(out, "outbox_rows", "", "gauge",
                   "events in the store: open wait for the lines after them, ready wait to be sent, dead were refused");
    sbuf_addf(out, "crumbd_outbox_rows{state=\"open\"} %" PRIu64 "\n", s->outbox.open);
    sbuf_addf(out, "crumbd_outbox_rows{state=\"ready\"} %" PRIu64 "\n", s->outbox.ready);
    sbuf_addf(out, "crumbd_outbox_rows{state=\"dead\"} %" PRIu64 "\n", s->outbox.dead);
    prom_text_gauge(out, "outbox_bytes", s->outbox.used_bytes, "bytes of the store in use, which store_limit bounds");
    prom_text_gauge(out, "outbox_limit_bytes", s->store_limit_bytes, "store_limit");
    put_health_metrics(s, out);
    prom_text_gauge(out, "ready", !s->not_ready,
                    "1 while events are accepted, 0 when the store is full or failing, or at the end");
    prom_text_gauge(out, "healthy", !s->not_healthy, "1 while the thread that reads turns");
    put_reload_metrics(s, out);
    prom_text_gauge(out, "rules", s->rules->n, "rules loaded");
    prom_text_gauge(out, "issues", s->issues, "issues that flood control keeps in mind");
    if (s->shared->on)
        prom_text_gauge(out, "shared_limits_up", s->shared->up,
                        "1 while Redis counts for all members (limits.shared); 0 while each limits by itself");
    status_rule_metrics(s, out);
    prom_text_head(out, "start_time_seconds", "", "gauge", "Unix time of the start");
    sbuf_adds(out, SLICE("crumbd_start_time_seconds "));
    prom_text_seconds(out, s->start_us);
    prom_text_head(out, "build_info", "", "gauge", "always 1; the version is a label");
    sbuf_addf(out, "crumbd_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
}

/* --- JSON --- */

bool status_balances(const struct status *s)
{
    return count_balances(s->counts, &s->open) && s->rows_known && s->unnamed_rows == 0 && !status_waits(s);
}

bool status_waits(const struct status *s)
{
    return s->waiting.lines || s->waiting.events;
}

static void put_number(struct json *j, const char *key, int64_t v)
{
    json_key(j, key);
    json_int(j, v);
}

static void put_balances(struct json *j, const struct status *s)
{
    struct count_balance b[COUNT_BALANCES];
    count_balance(s->counts, &s->open, b);
    json_key(j, "balances");
    json_array(j);
    for (unsigned i = 0; i < COUNT_BALANCES; i++) {
        json_map(j);
        json_key(j, "of");
        json_str(j, slice_str(b[i].of));
        put_number(j, "in", (int64_t)b[i].in);
        put_number(j, "out", (int64_t)b[i].out);
        put_number(j, "open", (int64_t)b[i].open);
        json_map_end(j);
    }
    json_array_end(j);
    json_key(j, "waiting_to_be_stored");
    json_map(j);
    put_number(j, "lines", (int64_t)s->waiting.lines);
    put_number(j, "events", (int64_t)s->waiting.events);
    json_map_end(j);
    json_key(j, "unnamed_rows");
    if (s->rows_known)
        json_int(j, s->unnamed_rows);
    else
        json_raw(j, SLICE("null"));
}

static void put_counts(struct json *j, const char *key, const struct counts *c)
{
    json_key(j, key);
    json_map(j);
    for (unsigned i = 0; i < COUNT_N; i++)
        put_number(j, count_rows[i].name, (int64_t)c->v[i]);
    json_map_end(j);
}

void status_ledger(const struct status *s, struct sbuf *out)
{
    struct json j;
    json_start(&j, out);
    json_map(&j);
    json_key(&j, "balanced");
    json_bool(&j, status_balances(s));
    json_key(&j, "start");
    json_time(&j, s->start_us);
    json_key(&j, "now");
    json_time(&j, s->now_us);
    put_balances(&j, s);
    put_counts(&j, "counts", s->counts);
    put_counts(&j, "all_runs", &s->all_runs);
    json_map_end(&j);
    json_end(&j);
    sbuf_addc(out, '\n');
}

void status_live_ledger(const struct status *s, struct sbuf *out)
{
    struct json j;
    json_start(&j, out);
    json_map(&j);
    put_counts(&j, "counts", s->counts);
    json_key(&j, "inputs");
    json_array(&j);
    for (unsigned i = 0; i < s->n_inputs && i < LIVE_INPUTS_MAX; i++) {
        json_map(&j);
        json_key(&j, "input");
        json_str(&j, slice_str(s->inputs[i].text));
        put_number(&j, "lines", (int64_t)s->states[i].lines);
        put_number(&j, "behind", (int64_t)s->states[i].behind_bytes);
        json_map_end(&j);
    }
    json_array_end(&j);
    json_map_end(&j);
    json_end(&j);
}

static void put_member(struct json *j, const char *key, struct slice v)
{
    json_key(j, key);
    json_str(j, v);
}

void status_event(struct json *j, const struct store_row *r)
{
    json_map(j);
    json_key(j, "id");
    json_int(j, r->id);
    put_member(j, "state", slice_str(status_state(r)));
    if (!r->damaged) {
        put_member(j, "event_id", slice_str(r->event.event_id));
        put_member(j, "level", r->event.level);
        put_member(j, "title", r->event.title.text);
        put_member(j, "project", r->event.project);
        json_key(j, "time");
        json_time(j, r->event.time_us);
        json_key(j, "attempts");
        json_int(j, r->attempts);
        if (r->reason)
            put_member(j, "reason", slice_str(r->reason));
    }
    json_map_end(j);
}

static void put_sides(struct json *j, unsigned sides)
{
    static const struct {
        unsigned side;
        const char *name;
    } names[] = {{COUNT_MADE, "made"},        {COUNT_BECAME, "became"},     {COUNT_CAME, "came"},
                 {COUNT_WENT, "went"},        {COUNT_ANSWERED, "answered"}, {COUNT_SETTLED, "settled"},
                 {COUNT_UNFRAMED, "unframed"}};
    json_key(j, "sides");
    json_array(j);
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (sides & names[i].side)
            json_str(j, slice_str(names[i].name));
    json_array_end(j);
}

void status_counters(struct sbuf *out)
{
    static const char *const kinds[] = {[COUNT_FATE] = "fate", [COUNT_LOSS] = "loss", [COUNT_FACT] = "fact"};
    struct json j;
    json_start(&j, out);
    json_array(&j);
    for (unsigned i = 0; i < COUNT_N; i++) {
        json_map(&j);
        put_member(&j, "name", slice_str(count_rows[i].name));
        put_member(&j, "kind", slice_str(kinds[count_rows[i].kind]));
        put_sides(&j, count_rows[i].sides);
        put_member(&j, "help", slice_str(count_rows[i].help));
        json_map_end(&j);
    }
    json_array_end(&j);
    json_end(&j);
    sbuf_addc(out, '\n');
}
