/* Rules over records that hold stack traces: what groups their events, and that each of several in one entry is judged
 * as its own. */
#include "tests/unit/event_at.h"
#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "core/join.h"
#include "core/pipeline.h"
#include "tests/shipped.h"
#include "tests/traces.h"
#include "text/json.h"

enum { EVENTS = 200 };

struct bench {
    struct rule_set rules;
    struct trace_set *traces;
    struct options options;
    struct pipeline *pipeline;
    struct stream stream;
    struct arena arena;
    struct json_node *events[EVENTS];
    unsigned n;
    uint64_t lines;
    int64_t now_us;
};

static bool on_event(void *u, const struct event_out *e)
{
    struct bench *b = u;
    if (e->open || e->suppressed)
        return true;
    ck_assert_uint_lt(b->n, EVENTS);
    b->events[b->n] = json_tree(&b->arena, e->payload.text);
    ck_assert_ptr_nonnull(b->events[b->n++]);
    return true;
}

static struct bench *bench_of(const char *rules, bool everywhere)
{
    static const uint8_t store_id[16] = "0123456789abcdef";
    struct bench *b = xcalloc(1, sizeof *b);
    if (rules)
        shipped_load_text(&b->rules, "test.yaml", slice_str(rules));
    else
        shipped_load(&b->rules);
    b->rules.traces = b->traces = traces_load(true);
    rule_set_ready(&b->rules, true);
    b->options = (struct options){
        .fallback = FALLBACK_EVENT,
        .group_everywhere = everywhere,
        .crumbs = {.before = 20, .max_age_us = 600000000, .memory_bytes = 1 << 20},
        .limits = {.burst = UINT32_MAX, .period_us = 3600000000, .per_minute = UINT32_MAX, .per_day = UINT32_MAX}};
    b->now_us = INT64_C(1795428000000000);
    b->stream = (struct stream){.format = FORMAT_TEXT,
                                .source = SLICE("app.log"),
                                .trusted = true,
                                .file_key = 1,
                                .ring = 1,
                                .join = &join_defaults,
                                .last_us = RECORD_NO_TIME};
    const struct pipeline_setup setup = {
        .options = &b->options, .rules = &b->rules, .store_id = store_id, .hooks = {.u = b, .emit = on_event}};
    b->pipeline = pipeline_new(&setup);
    return b;
}

static void ck_balance(const struct bench *b)
{
    ck_assert_uint_eq(count_fates(pipeline_counts(b->pipeline)) + pipeline_open(b->pipeline).lines, b->lines);
}

static uint64_t counted(const struct bench *b, enum count c)
{
    return pipeline_counts(b->pipeline)->v[c];
}

/* One message, which may have several lines. */
static void feed(struct bench *b, const char *text)
{
    char *own = xstrdup(text);
    const struct message m = {.stream = &b->stream, .text = slice_str(own), .lines = 1, .offset = b->lines};
    b->lines++;
    pipeline_message(b->pipeline, &m, b->now_us);
    free(own);
    pipeline_let_go(b->pipeline);
    ck_balance(b);
}

static void bench_free(struct bench *b)
{
    pipeline_flush(b->pipeline);
    ck_balance(b);
    pipeline_free(b->pipeline);
    rule_set_done(&b->rules);
    trace_set_free(b->traces);
    arena_done(&b->arena);
    free(b);
}

/* --- what groups them --- */

#define HEAD "2026-11-23 10:00:00,123 ERROR a.B - "
#define TAKE "java.lang.IllegalStateException: no stock for 17\n\tat com.acme.Stock.take(Stock.java:12)"
#define TAKE_AGAIN "java.lang.IllegalStateException: no stock for 4711\n\tat com.acme.Stock.take(Stock.java:12)"
#define TOTAL "java.lang.IllegalStateException: no stock for 17\n\tat com.acme.Bill.total(Bill.java:3)"

static const char grouping[] =
    "pack: shop\nrules:\n"
    "  - {id: own, match: 'order', event: {fingerprint: [shop, order]}}\n"
    "  - {id: both, match: 'pay', event: {fingerprint: [shop, '{{ default }}']}}\n"
    "  - {id: stack, match: 'cart', event: {type: Cart, fingerprint: [shop, cart], group: stack}}\n"
    "  - {id: text, match: 'tax', event: {type: Tax, fingerprint: ['{{ default }}', tax]}}\n";

static unsigned issues(const struct bench *b)
{
    return flood_gate_issues(pipeline_flood_gate(b->pipeline));
}

/* How many a fault, the same with another id and another fault are. */
static unsigned issues_of(const char *head, bool everywhere)
{
    static const char *const stacks[] = {TAKE, TAKE_AGAIN, TOTAL};
    struct bench *b = bench_of(grouping, everywhere);
    char text[400];
    for (unsigned i = 0; i < 3; i++) {
        snprintf(text, sizeof text, HEAD "%s\n%s", head, stacks[i]);
        feed(b, text);
    }
    unsigned n = issues(b);
    bench_free(b);
    return n;
}

START_TEST(a_fingerprint_of_ones_own_is_kept)
{
    ck_assert_uint_eq(issues_of("order failed", false), 1);
    ck_assert_uint_eq(issues_of("order failed", true), 1);
}
END_TEST

START_TEST(a_stack_groups_within_a_fingerprint_and_instead_of_one)
{
    for (unsigned everywhere = 0; everywhere < 2; everywhere++) {
        ck_assert_uint_eq(issues_of("pay failed", everywhere), 2);
        ck_assert_uint_eq(issues_of("cart failed", everywhere), 2);
        ck_assert_uint_eq(issues_of("no rule knows it", everywhere), 2);
    }
}
END_TEST

START_TEST(the_server_is_told_by_what_to_group)
{
    struct bench *b = bench_of(grouping, false);
    feed(b, HEAD "order failed\n" TAKE);
    feed(b, HEAD "pay failed\n" TAKE);
    feed(b, HEAD "cart failed\n" TAKE);
    feed(b, HEAD "cart failed");
    feed(b, HEAD "cart failed\njava.lang.OutOfMemoryError: Java heap space"); /* no frame tells where */
    ck_assert_uint_eq(b->n, 5);
    ck_at(b->events[0], "fingerprint/1", "order");
    ck_at(b->events[1], "fingerprint/0", "shop");
    ck_at(b->events[1], "fingerprint/1", "{{ default }}");
    ck_assert_ptr_null(at(b->events[2], "fingerprint"));
    ck_at(b->events[2], "exception/values/0/type", "IllegalStateException");
    ck_at(b->events[3], "fingerprint/1", "cart");
    ck_at(b->events[3], "exception/values/0/type", "Cart");
    ck_at(b->events[4], "fingerprint/1", "cart");
    ck_at(b->events[4], "exception/values/0/type", "OutOfMemoryError");
    bench_free(b);
}
END_TEST

static const char *part(const struct bench *b, unsigned event, const char *path)
{
    const struct json_node *n = at(b->events[event], path);
    ck_assert_msg(n != NULL, "no %s", path);
    return arena_cstr((struct arena *)(uintptr_t)&b->arena, n->text);
}

/* What ignores frames gets what stands for them in the place of the variable. */
START_TEST(everywhere_a_stack_is_a_part_of_the_fingerprint)
{
    struct bench *b = bench_of(grouping, true);
    static const char *const stacks[] = {TAKE, TAKE_AGAIN, TOTAL};
    char text[400];
    for (unsigned i = 0; i < 3; i++) {
        snprintf(text, sizeof text, HEAD "pay failed\n%s", stacks[i]);
        feed(b, text);
    }
    ck_assert_uint_eq(b->n, 3);
    ck_assert_ptr_null(strstr(part(b, 0, "fingerprint/1"), "{{"));
    ck_assert_str_eq(part(b, 0, "fingerprint/0"), "shop");
    ck_assert_str_eq(part(b, 0, "fingerprint/1"), part(b, 1, "fingerprint/1"));
    ck_assert_str_ne(part(b, 0, "fingerprint/1"), part(b, 2, "fingerprint/1"));
    bench_free(b);
}
END_TEST

/* Without a stack it is type and value, whose ids do not count. */
START_TEST(without_a_stack_the_default_is_the_text)
{
    struct bench *b = bench_of(grouping, false);
    feed(b, HEAD "tax of bill 17 is lost");
    feed(b, HEAD "tax of bill 4711 is lost");
    feed(b, HEAD "tax of bill 17 is late");
    ck_assert_uint_eq(issues(b), 2);
    ck_at(b->events[0], "fingerprint/0", "{{ default }}");
    bench_free(b);
}
END_TEST

/* Whoever can write a stack can make up others: none of them is a constant, for which room is kept. */
START_TEST(a_stack_is_no_constant)
{
    struct bench *b = bench_of(grouping, false);
    for (unsigned i = 0; i < b->rules.n; i++)
        ck_assert_msg(b->rules.rules[i]->constant ==
                          (slice_is(b->rules.rules[i]->id, "own") || slice_is(b->rules.rules[i]->id, "stack")),
                      "%.*s", SLICE_ARG(b->rules.rules[i]->id));
    b->options.limits.new_issues = 8; /* of which a quarter is kept for constants */
    char text[400];
    for (unsigned i = 0; i < 9; i++) {
        snprintf(text, sizeof text, HEAD "cart failed\njava.lang.Error: x\n\tat com.acme.C%c.take(Stock.java:12)",
                 'a' + i);
        feed(b, text);
    }
    ck_assert_uint_eq(counted(b, COUNT_folded), 3);
    feed(b, HEAD "cart failed");
    ck_assert_uint_eq(counted(b, COUNT_folded), 3);
    bench_free(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("trace_rules");
    TCase *t = tcase_create("grouping");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_fingerprint_of_ones_own_is_kept);
    tcase_add_test(t, a_stack_groups_within_a_fingerprint_and_instead_of_one);
    tcase_add_test(t, the_server_is_told_by_what_to_group);
    tcase_add_test(t, everywhere_a_stack_is_a_part_of_the_fingerprint);
    tcase_add_test(t, without_a_stack_the_default_is_the_text);
    tcase_add_test(t, a_stack_is_no_constant);
    suite_add_tcase(s, t);
    return unit_run(s);
}
