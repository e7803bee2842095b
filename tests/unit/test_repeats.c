/* What a syslogd has shortened to a number counts as often as it came: the pipeline over lines of syslog. */
#include "tests/unit/unit.h"

#include "base/xalloc.h"
#include "core/pipeline.h"
#include "text/json.h"

static const char rules_text[] = "pack: shop\n"
                                 "rules:\n"
                                 "  - id: shop.often\n"
                                 "    match: '^bad password'\n"
                                 "    threshold: {count: 5, within: 10m}\n"
                                 "    event: {type: Knocks, fingerprint: [shop, knocks]}\n";

struct bench {
    struct rule_set rules;
    struct options options;
    struct pipeline *pipeline;
    struct stream near, far;
    int64_t now_us;
    uint64_t lines, events, suppressed;
    char fingerprint[64]; /* the first part, of the last event */
};

static bool on_event(void *u, const struct event_out *e)
{
    struct bench *b = u;
    struct arena a = {0};
    const struct json_node *n = json_get(json_tree(&a, e->payload.text), "fingerprint");
    b->suppressed += e->suppressed;
    b->events += !e->suppressed;
    snprintf(b->fingerprint, sizeof b->fingerprint, "%.*s", SLICE_ARG(n->child->text));
    arena_done(&a);
    return true;
}

static struct bench *bench_new(unsigned burst)
{
    static const uint8_t store_id[16] = "0123456789abcdef";
    struct diag d = {0};
    struct bench *b = xcalloc(1, sizeof *b);
    struct conf_file *f = conf_parse("test.yaml", slice_str(rules_text), &d);
    ck_assert(f && rule_set_load(&b->rules, f, &d) && !d.errors);
    rule_set_ready(&b->rules, true);
    b->options =
        (struct options){.crumbs = {.before = 5, .max_age_us = 600000000, .memory_bytes = 1 << 20},
                         .limits = {.burst = burst, .period_us = 3600000000, .per_minute = 300, .per_day = 100000}};
    b->now_us = INT64_C(1795428000000000); /* 2026-11-23 10:00 UTC */
    b->near = b->far = (struct stream){.format = FORMAT_SYSLOG, .ring = 1, .last_us = RECORD_NO_TIME};
    b->far.ring = 2;
    const struct pipeline_setup setup = {.options = &b->options,
                                         .rules = &b->rules,
                                         .store_id = store_id,
                                         .run_key = 9,
                                         .hooks = {.u = b, .emit = on_event}};
    b->pipeline = pipeline_new(&setup);
    return b;
}

static void feed(struct bench *b, struct stream *s, const char *line)
{
    char *own = xstrdup(line); /* gone at once, as a datagram is */
    b->lines++;
    pipeline_message(b->pipeline, &(struct message){.stream = s, .text = slice_str(own), .lines = 1}, b->now_us);
    free(own);
}

/* Events and summaries together are `occurrences`. */
static void bench_end(struct bench *b, uint64_t events, uint64_t occurrences)
{
    pipeline_flush(b->pipeline);
    const struct counts *c = pipeline_counts(b->pipeline);
    ck_assert_uint_eq(count_fates(c), b->lines);
    ck_assert_uint_eq(b->events, events);
    ck_assert_uint_eq(b->events + b->suppressed, occurrences);
    ck_assert_uint_eq(c->v[COUNT_suppressed] + c->v[COUNT_repeats_suppressed], c->v[COUNT_summarised]);
    pipeline_free(b->pipeline);
    rule_set_done(&b->rules);
    err_done(&(struct diag){0});
    free(b);
}

#define AT "<27>Nov 23 09:59:58 db "

START_TEST(a_run_is_unwrapped)
{
    struct bench *b = bench_new(10);
    feed(b, &b->near, AT "shop[7]: order 17 failed");
    feed(b, &b->near, AT "shop[7]: message repeated 4 times: [ order 17 failed]");
    feed(b, &b->near, AT "shop[7]: message repeated 2 times: [order 17 failed]");
    bench_end(b, 3, 7);
}
END_TEST

START_TEST(the_message_before_comes_again)
{
    static const char *const phrases[] = {AT "last message repeated 5 times",
                                          AT "syslogd: last message repeated 5 times",
                                          AT "--- last message repeated 5 times ---",
                                          AT "shop: Last message 'order 17 fai' repeated 5 times, suppressed by "
                                             "syslog-ng on db"};
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        struct bench *b = bench_new(10);
        feed(b, &b->near, AT "shop[7]: order 17 failed");
        feed(b, &b->near, phrases[i]);
        bench_end(b, 2, 6);
    }
}
END_TEST

/* Above the burst the number counts, too, and it does not let more pass. */
START_TEST(a_flood_is_exact)
{
    struct bench *b = bench_new(2);
    for (int i = 0; i < 20; i++) {
        feed(b, &b->near, AT "shop[7]: order 17 failed");
        feed(b, &b->near, AT "last message repeated 1000 times");
    }
    /* The first two of each burst, and at 2, 4, 8, … those that come alone just then: none. */
    bench_end(b, 2, 20 * 1001);
}
END_TEST

/* Of another host, of another sender, behind a message that is no error, or by a program that only says so. */
START_TEST(no_other_message_is_counted)
{
    static const char *const before[] = {AT "shop[7]: order 17 failed", "<30>Nov 23 09:59:58 db shop[7]: all is well"};
    struct bench *b = bench_new(10);
    feed(b, &b->near, before[0]);
    feed(b, &b->far, AT "last message repeated 5 times");
    feed(b, &b->near, "<30>Nov 23 09:59:58 web last message repeated 5 times");
    feed(b, &b->near, "<30>Nov 23 09:59:58 db shop[8]: last message repeated 5 times");
    feed(b, &b->near, before[0]);
    feed(b, &b->near, before[1]);
    feed(b, &b->near, "<30>Nov 23 09:59:58 db last message repeated 5 times");
    bench_end(b, 2, 2);
}
END_TEST

START_TEST(thresholds_count_it)
{
    struct bench *b = bench_new(10);
    feed(b, &b->near, AT "shop[7]: bad password of bob");
    feed(b, &b->near, AT "last message repeated 3 times");
    ck_assert_uint_eq(pipeline_counts(b->pipeline)->v[COUNT_event], 0);
    feed(b, &b->near, AT "shop[7]: message repeated 2 times: [ bad password of bob]");
    ck_assert_uint_eq(pipeline_counts(b->pipeline)->v[COUNT_event], 1);
    bench_end(b, 1, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("repeats");
    TCase *t = tcase_create("repeats");
    tcase_add_test(t, a_run_is_unwrapped);
    tcase_add_test(t, the_message_before_comes_again);
    tcase_add_test(t, a_flood_is_exact);
    tcase_add_test(t, no_other_message_is_counted);
    tcase_add_test(t, thresholds_count_it);
    suite_add_tcase(s, t);
    return unit_run(s);
}
