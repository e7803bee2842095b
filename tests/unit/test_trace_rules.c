/* Rules over records that hold stack traces: what groups their events, and that each of several in one entry is judged
 * as its own. */
#include "tests/unit/event_at.h"
#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "core/entry_messages.h"
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

/* --- several messages in one entry --- */

#define WHILE                                                                                                          \
    "\" while reading upstream, client: 203.0.113.7, server: shop, request: \"GET / HTTP/1.1\", upstream: "            \
    "\"fastcgi://unix:/run/php.sock:\", host: \"shop\""
#define QUOTE "2026/11/23 10:00:00 [error] 7#7: *1 FastCGI sent in stderr: \""

static const char *const messages[] = {
    "PHP message: PHP Warning:  Undefined variable $x in /srv/a.php on line 3",
    "PHP message: PHP Notice:  Undefined index: q in /srv/f.php on line 7",
    "PHP message: PHP Fatal error:  Uncaught App\\Gone: item 4711 in /srv/Cart.php:88\nStack trace:\n"
    "#0 /srv/index.php(12): App\\Cart->add(4711)\n#1 {main}\n  thrown in /srv/Cart.php on line 88",
    "PHP message: the bank answered 503 for order 90512",
    "PHP message: PHP Warning:  Undefined variable $y in /srv/b.php on line 9\nPHP message: PHP Stack trace:\n"
    "PHP message: PHP   1. {main}() /srv/index.php:0\nPHP message: PHP   2. load() /srv/index.php:7",
    "PHP message: PHP Parse error:  syntax error, unexpected token \"}\" in /srv/c.php on line 40"};
enum { MESSAGES = sizeof messages / sizeof *messages };

static struct bench *of_nginx(void)
{
    struct bench *b = bench_of(NULL, false);
    b->stream.format = FORMAT_NGINX_ERROR;
    return b;
}

static void feed_entry(struct bench *b, const char *text)
{
    ck_assert_ptr_nonnull(text);
    char *entry = xasprintf(QUOTE "%s" WHILE, text);
    feed(b, entry);
    free(entry);
}

/* What differs between an event and the one of the same message alone; breadcrumbs and ids aside. */
static void ck_same(const struct json_node *a, const struct json_node *b, const char *message)
{
    static const char *const paths[] = {"level",
                                        "fingerprint/0",
                                        "fingerprint/1",
                                        "fingerprint/2",
                                        "exception/values/0/type",
                                        "exception/values/0/value",
                                        "exception/values/0/stacktrace/frames/0/function",
                                        "exception/values/0/stacktrace/frames/1/function",
                                        "logentry/formatted",
                                        "tags/rule",
                                        "tags/php_file",
                                        "request/url",
                                        "contexts/nginx/upstream",
                                        "platform"};
    for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) {
        const struct json_node *x = at(a, paths[i]), *y = at(b, paths[i]);
        ck_assert_msg(!x == !y && (!x || slice_eq(x->text, y->text)), "%s: %s differs", message, paths[i]);
    }
}

START_TEST(messages_of_one_entry_are_as_if_they_had_come_alone)
{
    static const char *const joints[] = {"\n", "; ", ""};
    for (unsigned j = 0; j < 3; j++) {
        struct bench *alone = of_nginx(), *together = of_nginx();
        struct sbuf all;
        sbuf_init(&all, 8192);
        for (unsigned i = 0; i < MESSAGES; i++) {
            const char *above = i ? messages[i - 1] : "", *last = strrchr(above, '\n');
            bool tells = strstr(last ? last : above, " on line "); /* its end, where nothing joins them */
            sbuf_adds(&all, slice_str(!i ? "" : j == 2 && !tells ? "\n" : joints[j]));
            sbuf_adds(&all, slice_str(messages[i]));
            feed_entry(alone, messages[i]);
        }
        feed_entry(together, sbuf_cstr(&all));
        ck_assert_uint_eq(alone->n, MESSAGES - 1); /* the notice is a breadcrumb */
        ck_assert_uint_eq(together->n, alone->n);
        for (unsigned i = 0; i < alone->n; i++)
            ck_same(alone->events[i], together->events[i], messages[i]);
        ck_assert_uint_eq(counted(together, COUNT_event), 1);
        ck_assert_uint_eq(counted(together, COUNT_extra_events), MESSAGES - 2);
        ck_assert_uint_eq(issues(together), issues(alone));
        sbuf_done(&all);
        bench_free(alone);
        bench_free(together);
    }
}
END_TEST

/* What goes on all the same stands before what ended it. */
START_TEST(a_message_is_a_breadcrumb_of_the_next_one)
{
    struct bench *b = of_nginx();
    feed_entry(b, "PHP message: PHP Notice:  Undefined index: q in /srv/f.php on line 7\n"
                  "PHP message: the bank answered 503 for order 90512");
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "tags/rule", "nginx.php-message");
    ck_assert_ptr_nonnull(strstr(part(b, 0, "breadcrumbs/values/0/message"), "Undefined index: q"));
    ck_assert_ptr_null(at(b->events[0], "breadcrumbs/values/1"));
    ck_assert_uint_eq(counted(b, COUNT_crumb), 1);
    ck_assert_uint_eq(counted(b, COUNT_extra_events), 1);
    bench_free(b);
}
END_TEST

/* Other programs have no mark: each trace is one, with what introduced it, and the closing quote is no part of it. */
START_TEST(traces_of_one_entry_are_messages_each)
{
    struct bench *b = of_nginx();
    feed_entry(b, "ERROR no stock\nTraceback (most recent call last):\n  File \"/srv/a.py\", line 3, in f\n    g()\n"
                  "ValueError: one\nERROR no bill\nTraceback (most recent call last):\n"
                  "  File \"/srv/b.py\", line 4, in h\n    k()\nKeyError: 'two'");
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[0], "exception/values/0/value", "one");
    ck_at(b->events[0], "logentry/formatted", "ERROR no stock");
    ck_at(b->events[1], "exception/values/0/value", "'two'");
    ck_at(b->events[1], "logentry/formatted", "ERROR no bill");
    bench_free(b);
}
END_TEST

/* Text of a message that looks like another: a mark in the middle of words begins none. */
START_TEST(a_mark_within_a_message_is_text)
{
    struct bench *b = of_nginx();
    feed_entry(b, "PHP message: relayed the text PHP message: PHP Fatal error:  Uncaught Error: x in /srv/a.php:3");
    ck_assert_uint_eq(b->n, 1);
    bench_free(b);
}
END_TEST

/* As many as nobody writes: sixteen messages at the most, and the ledger balances. */
START_TEST(an_entry_has_so_many_messages_at_most)
{
    struct bench *b = of_nginx();
    struct sbuf all;
    sbuf_init(&all, 1 << 16);
    for (unsigned i = 0; i < 100; i++)
        sbuf_addf(&all, "%sPHP message: fault %c happened", i ? "\n" : "", 'a' + (int)(i % 26));
    feed_entry(b, sbuf_cstr(&all));
    ck_assert_uint_eq(b->n, ENTRY_MESSAGES_MAX);
    ck_assert_uint_eq(counted(b, COUNT_extra_events), ENTRY_MESSAGES_MAX - 1);
    sbuf_done(&all);
    bench_free(b);
}
END_TEST

/* As many traces as nobody writes are held back, and counted. */
START_TEST(a_message_has_so_many_traces_at_most)
{
    struct bench *b = bench_of(grouping, false);
    struct sbuf all;
    sbuf_init(&all, 1 << 16);
    sbuf_addf(&all, HEAD "no rule knows it");
    for (unsigned i = 0; i < 30; i++)
        sbuf_addf(&all, "\njava.lang.Error: %c\n\tat com.acme.C%c.take(C.java:1)", 'a' + (int)i % 26,
                  'a' + (int)i % 26);
    feed(b, sbuf_cstr(&all));
    ck_assert_uint_eq(b->n, 16);
    ck_assert_uint_eq(counted(b, COUNT_extra_events), 29);
    ck_assert_uint_eq(counted(b, COUNT_extra_suppressed), 14);
    sbuf_done(&all);
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
    t = tcase_create("messages");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, messages_of_one_entry_are_as_if_they_had_come_alone);
    tcase_add_test(t, a_message_is_a_breadcrumb_of_the_next_one);
    tcase_add_test(t, traces_of_one_entry_are_messages_each);
    tcase_add_test(t, a_mark_within_a_message_is_text);
    tcase_add_test(t, an_entry_has_so_many_messages_at_most);
    tcase_add_test(t, a_message_has_so_many_traces_at_most);
    suite_add_tcase(s, t);
    return unit_run(s);
}
