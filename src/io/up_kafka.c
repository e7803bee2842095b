#include "io/up_kafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "core/forwarded.h"
#include "io/clock.h"
#include "io/upstream_type.h"

enum { KEY_CHARS = 16, BATCH = 50 };

static const enum forwarded_kind kinds[ITEM_KINDS] = {
    [ITEM_EVENT] = FORWARDED_EVENT, [ITEM_CHECK_IN] = FORWARDED_CHECK_IN, [ITEM_COUNT] = FORWARDED_COUNT};

/* What tells of crumbd itself, and what was stored before events were forwarded, may know no issue: its title is one.
 */
static uint64_t issue_of(const struct store_event *e)
{
    if (e->kind == ITEM_CHECK_IN)
        return hash128_low(HASH128_START, slice_str(e->event_id));
    return e->issue ? e->issue : hash128_low(HASH128_START, e->title.text);
}

/* Nothing in it is of this try. Texts are of the arena. */
static bool make_item(struct arena *a, const uint8_t *store_id, const struct store_event *e, struct kafka_item *out)
{
    struct forwarded f = {.kind = kinds[e->kind],
                          .from = hash128_low(HASH128_START, slice_of((const char *)store_id, 16)),
                          .issue = issue_of(e),
                          .time_us = e->time_us > 0 ? e->time_us : 0,
                          .level = e->level,
                          .title = e->title.text,
                          .payload = e->payload.text};
    char key[KEY_CHARS + 1];
    struct sbuf text;
    memcpy(f.event_id, e->event_id, sizeof f.event_id);
    sbuf_init(&text, FORWARDED_BYTES_MAX);
    bool ok = forwarded_write(&f, &text);
    snprintf(key, sizeof key, "%016" PRIx64, f.issue);
    if (ok)
        *out = (struct kafka_item){arena_dup(a, slice_str(key)), arena_dup(a, sbuf_slice(&text))};
    sbuf_done(&text);
    return ok;
}

bool up_kafka_send(struct kafka_producer *p, const uint8_t *store_id, struct store_row *const *rows, unsigned n,
                   http_client_answer_f *done, void *u)
{
    struct arena a = {0};
    struct kafka_item items[ITEM_BATCH_MAX];
    bool ok = true;
    for (unsigned i = 0; ok && i < n; i++)
        ok = make_item(&a, store_id, &rows[i]->event, &items[i]);
    if (ok)
        kafka_producer_send(p, items, n, done, u);
    arena_done(&a);
    return ok;
}

bool up_kafka_once(const struct kafka_options *opt, const char *event_id, struct slice payload,
                   http_client_answer_f *done, void *u)
{
    static const uint8_t nobody[16];
    struct arena a = {0};
    struct kafka_item item;
    struct store_event e = {
        .time_us = clock_wall_us(), .level = SLICE("info"), .title = {SLICE("crumbd test")}, .payload = {payload}};
    memcpy(e.event_id, event_id, sizeof e.event_id);
    bool ok = make_item(&a, nobody, &e, &item);
    if (ok)
        kafka_producer_once(opt, &item, done, u);
    arena_done(&a);
    return ok;
}

/* What it has no word for in HTTP keeps its place, whatever a broker says. */
static enum reply_verdict kafka_judge(const struct reply_answer *a, struct reply_limits *limits)
{
    (void)limits;
    return a->status == 200 ? REPLY_SENT : a->status == 413 ? REPLY_DEAD : REPLY_BUSY;
}

const struct upstream_type up_kafka = {
    .schemes = {"kafka"},
    .takes = 1u << ITEM_EVENT | 1u << ITEM_CHECK_IN | 1u << ITEM_COUNT,
    .batch = BATCH,
    .judge = kafka_judge,
};
