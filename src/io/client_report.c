#include "io/client_report.h"

#include "core/envelope.h"
#include "text/json.h"

static void client_report_take(void *u, const struct store_report *row)
{
    struct client_report *r = u;
    if (r->n ==
        CLIENT_REPORT_ROWS_MAX) /* there are more kinds of loss than there are names for; the rest is told next time */
        return;
    r->rows[r->n++] = (struct store_report){.project = arena_dup(&r->arena, row->project),
                                            .reason = arena_dup(&r->arena, row->reason),
                                            .category = arena_dup(&r->arena, row->category),
                                            .quantity = row->quantity};
}

static void write_payload(const struct client_report *r, int64_t now_us, struct sbuf *out)
{
    struct json j;
    json_start(&j, out);
    json_map(&j);
    json_key(&j, "timestamp");
    json_time(&j, now_us);
    json_key(&j, "discarded_events");
    json_array(&j);
    for (unsigned i = 0; i < r->n; i++) {
        json_map(&j);
        json_key(&j, "reason");
        json_str(&j, r->rows[i].reason);
        json_key(&j, "category");
        json_str(&j, r->rows[i].category);
        json_key(&j, "quantity");
        json_int(&j, (int64_t)r->rows[i].quantity);
        json_map_end(&j);
    }
    json_array_end(&j);
    json_map_end(&j);
    json_end(&j);
}

bool client_report_make(struct client_report *r, struct store *store, struct slice project, int64_t now_us,
                        struct sbuf *out)
{
    struct sbuf payload;
    *r = (struct client_report){0};
    store_reports(store, project, client_report_take, r);
    if (!r->n) {
        client_report_done(r);
        return false;
    }
    sbuf_init(&payload, CLIENT_REPORT_BYTES_MAX);
    write_payload(r, now_us, &payload);
    bool ok = envelope_start(out, &(struct envelope){.sent_at_us = now_us});
    envelope_item(out, "client_report", sbuf_slice(&payload));
    ok = ok && !payload.over && !out->over;
    sbuf_done(&payload);
    if (!ok)
        client_report_done(r);
    return ok;
}

uint64_t client_report_accepted(struct client_report *r, struct store *store)
{
    uint64_t suppressed = 0;
    for (unsigned i = 0; i < r->n; i++) {
        store_report_told(store, &r->rows[i]);
        suppressed += slice_is(r->rows[i].reason, count_rows[COUNT_suppressed].reason) ? r->rows[i].quantity : 0;
    }
    return suppressed;
}

void client_report_done(struct client_report *r)
{
    arena_done(&r->arena);
    *r = (struct client_report){0};
}
