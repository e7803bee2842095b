/*
 * A log that several crumbds read in turn: whoever reads a message makes the same event of it, byte for byte; what was
 * judged before makes breadcrumbs and nothing else; and what is open of a log can be finished by itself.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/join.h"
#include "core/pipeline.h"
#include "tests/traces.h"

enum { EVENTS = 64 };
#define THEN INT64_C(1795428000000000)

static struct rule_set rules;
static struct options options;
static struct join_options join;

/* A crumbd: what it has made. */
struct reader {
    struct pipeline *pipeline;
    struct stream stream;
    struct made {
        char id[33];
        char *payload;
    } made[EVENTS];
    unsigned n;
    int64_t now_us;
    uint64_t lines;
};

static const uint8_t log_id[16] = "the cluster's id";

static bool on_event(void *u, const struct event_out *e)
{
    struct reader *r = u;
    if (e->open)
        return true;
    ck_assert_uint_lt(r->n, EVENTS);
    memcpy(r->made[r->n].id, e->event_id, sizeof e->event_id);
    r->made[r->n++].payload = slice_dup(e->payload.text);
    return true;
}

static void reader_init(struct reader *r, const char *store_id, uint64_t run_key, int64_t now_us)
{
    const struct pipeline_setup setup = {.options = &options,
                                         .rules = &rules,
                                         .store_id = (const uint8_t *)store_id,
                                         .secret = {run_key, 1},
                                         .run_key = run_key,
                                         .hooks = {.u = r, .emit = on_event}};
    *r = (struct reader){.now_us = now_us};
    r->pipeline = pipeline_new(&setup);
    r->stream = (struct stream){.format = FORMAT_AUTO,
                                .source = SLICE("logs"),
                                .input = SLICE("kafka:g:logs"),
                                .domain = 9,
                                .remote = true,
                                .file_key = 7,
                                .log_id = log_id,
                                .ring = 7,
                                .join = &join,
                                .last_us = RECORD_NO_TIME};
}

static void reader_done(struct reader *r)
{
    const struct count_open open = pipeline_open(r->pipeline);
    ck_assert_uint_eq(count_fates(pipeline_counts(r->pipeline)) + open.lines, r->lines);
    pipeline_free(r->pipeline);
    for (unsigned i = 0; i < r->n; i++)
        free(r->made[i].payload);
}

static void give(struct reader *r, uint64_t offset, const char *text, int how)
{
    struct message m = {.stream = &r->stream,
                        .text = slice_str(text),
                        .lines = 1,
                        .offset = offset,
                        .end = offset + 1,
                        .received_us = THEN + (int64_t)offset * 1000,
                        .read = how};
    r->lines++;
    pipeline_message(r->pipeline, &m, r->now_us);
}

static void set_up(void)
{
    struct diag d = {0};
    struct conf_file *f =
        conf_parse("test.yaml", SLICE("pack: app\nrules:\n  - {id: app.x, match: 'no such text'}\n"), &d);
    ck_assert(f && rule_set_load(&rules, f, &d));
    rules.traces = traces_load(true);
    rule_set_ready(&rules, true);
    err_done(&d);
    options = (struct options){
        .environment = SLICE("production"),
        .server_name = SLICE("this-host"),
        .fallback = FALLBACK_EVENT,
        .scrub = {.defaults = true, .emails = true},
        .crumbs = {.before = 20, .after = 5, .wait_us = 500000, .max_age_us = 600000000, .memory_bytes = 1 << 20},
        .limits = {.burst = UINT32_MAX, .period_us = 3600000000, .per_minute = UINT32_MAX, .per_day = UINT32_MAX}};
    join = join_defaults;
}

/* One reads all of it, the other goes on behind the second message, an hour later, in another process. */
START_TEST(whoever_reads_it)
{
    static const char *const lines[] = {"INFO opened", "INFO looked", "ERROR broken at 7", "INFO closed", "ERROR lost"};
    struct reader *a = xcalloc(1, sizeof *a), *b = xcalloc(1, sizeof *b);
    reader_init(a, "0123456789abcdef", 1, THEN + 10000000);
    reader_init(b, "fedcba9876543210", 2, THEN + 3600000000);
    for (unsigned i = 0; i < 5; i++) {
        give(a, i, lines[i], MESSAGE_NEW);
        give(b, i, lines[i], i < 2 ? MESSAGE_AGAIN : MESSAGE_NEW);
    }
    pipeline_flush(a->pipeline);
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(a->n, 2);
    ck_assert_uint_eq(b->n, 2);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_str_eq(a->made[i].id, b->made[i].id);
        ck_assert_str_eq(a->made[i].payload, b->made[i].payload);
        ck_assert_ptr_null(strstr(a->made[i].payload, "this-host"));
    }
    ck_assert_ptr_nonnull(strstr(b->made[0].payload, "opened"));
    ck_assert_ptr_nonnull(strstr(b->made[0].payload, "\"timestamp\":1795428000.002"));
    ck_assert_uint_eq(pipeline_counts(b->pipeline)->v[COUNT_read_twice], 2);
    reader_done(a);
    reader_done(b);
    free(a);
    free(b);
}
END_TEST

/* Another offset, another time of it, another log: other events. */
START_TEST(what_is_another)
{
    struct reader *r = xcalloc(1, sizeof *r);
    reader_init(r, "0123456789abcdef", 1, THEN);
    give(r, 3, "ERROR broken", MESSAGE_NEW);
    give(r, 4, "ERROR broken", MESSAGE_NEW);
    r->stream.file_key = 8;
    give(r, 3, "ERROR broken", MESSAGE_NEW);
    struct message late = {.stream = &r->stream,
                           .text = SLICE("ERROR broken"),
                           .lines = 1,
                           .offset = 3,
                           .end = 4,
                           .received_us = THEN + 77000000};
    r->lines++;
    pipeline_message(r->pipeline, &late, r->now_us);
    pipeline_flush(r->pipeline);
    ck_assert_uint_eq(r->n, 4);
    for (unsigned i = 0; i < 4; i++)
        for (unsigned k = 0; k < i; k++)
            ck_assert_str_ne(r->made[i].id, r->made[k].id);
    reader_done(r);
    free(r);
}
END_TEST

/* Of two logs with a trace that may go on and an event that waits for lines, one is finished. */
START_TEST(finish_one)
{
    struct reader *r = xcalloc(1, sizeof *r);
    reader_init(r, "0123456789abcdef", 1, THEN);
    static const char trace[] =
        "ERROR java.lang.IllegalStateException: of log %d\n\tat com.acme.Till.open(Till.java:7)";
    for (unsigned log = 7; log <= 8; log++) {
        char text[128];
        snprintf(text, sizeof text, trace, log);
        r->stream.file_key = r->stream.ring = log;
        r->stream.join = NULL; /* it is no head of a trace */
        give(r, 1, "ERROR plain", MESSAGE_NEW);
        r->stream.join = &join;
        give(r, 2, text, MESSAGE_NEW);
    }
    ck_assert_uint_eq(r->n, 0);
    ck_assert_uint_eq(pipeline_held(r->pipeline, 7, (uint64_t[4]){0}, 4), 1);
    pipeline_leave(r->pipeline, 7);
    ck_assert_uint_eq(r->n, 2);
    ck_assert_ptr_nonnull(strstr(r->made[1].payload, "of log 7"));
    ck_assert_uint_eq(pipeline_held(r->pipeline, 7, (uint64_t[4]){0}, 4), 0);
    ck_assert_uint_eq(pipeline_held(r->pipeline, 8, (uint64_t[4]){0}, 4), 1);
    ck_assert_uint_eq(pipeline_open(r->pipeline).events, 1);
    pipeline_flush(r->pipeline);
    ck_assert_uint_eq(r->n, 4);
    reader_done(r);
    free(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("shared_log");
    TCase *t = tcase_create("shared_log");
    tcase_add_checked_fixture(t, set_up, NULL);
    tcase_add_test(t, whoever_reads_it);
    tcase_add_test(t, what_is_another);
    tcase_add_test(t, finish_one);
    suite_add_tcase(s, t);
    return unit_run(s);
}
