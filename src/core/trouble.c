#include "core/trouble.h"

#include "base/version.h"
#include "core/scrub.h"
#include "text/json.h"

enum trouble_change trouble_look(struct trouble *t, bool is_so, int64_t after_us, int64_t now_us)
{
    if (!is_so) {
        bool was = t->on;
        t->is_so = t->on = false;
        return was ? TROUBLE_ENDS : TROUBLE_AS_BEFORE;
    }
    if (!t->is_so)
        t->since_us = now_us;
    t->is_so = true;
    if (t->on || now_us - t->since_us < after_us)
        return TROUBLE_AS_BEFORE;
    t->on = true;
    if (!t->had_event || now_us - t->event_us >= TROUBLE_EVENT_US) {
        t->wants_event = t->had_event = true;
        t->event_us = now_us;
    }
    return TROUBLE_BEGINS;
}

bool trouble_may_make_event(const struct trouble *t, struct trouble_budget *b, int64_t now_us)
{
    if (!b->n || now_us - b->begin_us >= TROUBLE_EVENT_US)
        *b = (struct trouble_budget){.begin_us = now_us};
    return t->wants_event && b->n < TROUBLE_EVENTS;
}

void trouble_event_made(struct trouble *t, struct trouble_budget *b)
{
    t->wants_event = false;
    b->n++;
}

/* --- the event --- */

static void put(struct json *j, const char *key, struct slice text)
{
    json_key(j, key);
    json_str(j, text);
}

static void put_if(struct json *j, const char *key, struct slice text)
{
    if (text.n)
        put(j, key, text);
}

static void put_grouping(struct json *j, const struct trouble_event *e, struct slice about)
{
    json_key(j, "fingerprint");
    json_array(j);
    json_str(j, SLICE("crumbd"));
    json_str(j, slice_str(e->kind));
    if (about.n)
        json_str(j, about);
    json_array_end(j);
    json_key(j, "tags");
    json_map(j);
    put(j, "crumbd.health", slice_str(e->kind));
    put_if(j, "crumbd.about", slice_sub(about, 0, 200));
    json_map_end(j);
}

struct scrubbed trouble_event_write(const struct trouble_event *e, const struct options *opt, struct scrub *scrub,
                                    struct sbuf *out)
{
    struct json j;
    struct arena a = {0};
    struct slice about = scrub_text(scrub, e->about, &a);
    json_start(&j, out);
    json_map(&j);
    put(&j, "event_id", slice_str(e->event_id));
    json_key(&j, "timestamp");
    json_time(&j, e->time_us);
    put(&j, "platform", SLICE("other"));
    put(&j, "level", SLICE("warning"));
    put(&j, "logger", SLICE("crumbd"));
    put_if(&j, "server_name", opt->server_name);
    put_if(&j, "environment", opt->environment);
    json_key(&j, "logentry");
    json_map(&j);
    put(&j, "formatted", scrub_text(scrub, slice_str(e->text), &a));
    json_map_end(&j);
    put_grouping(&j, e, about);
    json_key(&j, "sdk");
    json_map(&j);
    put(&j, "name", SLICE(CRUMBD_SDK_NAME));
    put(&j, "version", SLICE(CRUMBD_SDK_VERSION));
    json_map_end(&j);
    json_map_end(&j);
    json_end(&j);
    arena_done(&a);
    return scrubbed_vouch(sbuf_slice(out));
}
