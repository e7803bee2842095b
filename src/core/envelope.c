#include "core/envelope.h"

#include "base/version.h"
#include "text/json.h"
#include "text/stamp.h"

static void pair(struct json *j, const char *key, struct slice value)
{
    json_key(j, key);
    json_str(j, value);
}

static void write_header(struct json *j, const struct envelope *e)
{
    char sent_at[32];
    stamp_print(e->sent_at_us, sent_at);
    json_map(j);
    if (e->event_id)
        pair(j, "event_id", slice_str(e->event_id));
    pair(j, "sent_at", slice_str(sent_at));
    json_key(j, "sdk");
    json_map(j);
    pair(j, "name", SLICE(CRUMBD_SDK_NAME));
    pair(j, "version", SLICE(CRUMBD_SDK_VERSION));
    json_map_end(j);
    if (e->trace_id.n && e->public_key.n) {
        json_key(j, "trace");
        json_map(j);
        pair(j, "trace_id", e->trace_id);
        pair(j, "public_key", e->public_key);
        json_map_end(j);
    }
    json_map_end(j);
}

bool envelope_start(struct sbuf *out, const struct envelope *e)
{
    struct sbuf line;
    sbuf_init(&line, ENVELOPE_HEADER_MAX);
    struct json j;
    json_start(&j, &line);
    write_header(&j, e);
    json_end(&j);
    sbuf_addc(&line, '\n');
    bool ok = !line.over;
    if (ok)
        sbuf_adds(out, sbuf_slice(&line));
    sbuf_done(&line);
    return ok && !out->over;
}

void envelope_item(struct sbuf *out, const char *type, struct slice payload)
{
    sbuf_addf(out, "{\"type\":\"%s\",\"length\":%zu}\n", type, payload.n);
    sbuf_adds(out, payload);
    sbuf_addc(out, '\n');
}
